/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet socket for a survey of a cell. See cell_socket.h. */
#include "cell_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DHCP_CLIENT 68
#define DHCP_SERVER 67
#define READS 64 /* frames of this host that a call passes over */

/* ARP, and unfragmented UDP over IPv4 to DHCP clients. */
static int set_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_ARP, 8, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IP, 0, 8),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_UDP, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6),
		BPF_JUMP(BPF_JMP | BPF_JSET, 0x3fff, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HLEN),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HLEN + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ, DHCP_CLIENT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		       -errno : 0;
}

/* It hears nothing before it is bound, and then only the cell. */
static int prepare(int fd, unsigned ifindex)
{
	struct sockaddr_ll cell = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = (int)ifindex};
	int on = 1, error = set_filter(fd);

	if (error)
		return error;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&cell, sizeof(cell)) < 0 ? -errno : 0;
}

int cell_socket_open(unsigned ifindex)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -errno;
	error = prepare(fd, ifindex);
	if (!error)
		return fd;
	close(fd);
	return error;
}

int cell_socket_send(int fd, const uint8_t *frame, size_t len)
{
	return send(fd, frame, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

size_t cell_socket_read(int fd, uint8_t *frame, size_t size)
{
	for (int i = 0; i < READS; i++) {
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, frame, size, MSG_DONTWAIT, (struct sockaddr *)&from,
				       &from_len);

		if (len <= 0)
			return 0;
		if (from.sll_pkttype != PACKET_OUTGOING)
			return (size_t)len;
	}
	return 0;
}

bool cell_socket_is_served(const struct tmip_addr *gateway)
{
	FILE *file = fopen("/proc/net/udp", "re");
	char line[256];
	unsigned addr, port;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*u: %8x:%4x", &addr, &port) == 2 && port == DHCP_SERVER &&
			(!addr || addr == UINT32_MAX || addr == htonl(addr_to_ipv4(gateway)));
	if (file)
		fclose(file);
	return found;
}
