/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnel probes over a raw socket. See tunnel_probe.h. The kernel writes the outer header, this
 * file the inner one.
 */
#include "tunnel_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tmip/event.h>

#include "core/base/checksum.h"
#include "io/process/clock.h"

#define SIZE_MAX_BYTES 65535 /* of an IPv4 packet */
#define OUTER_LEN 20         /* bytes of the outer header */

struct mark {
	uint8_t kind;    /* TMIP_PROBE_REQUEST or TMIP_PROBE_REPLY */
	uint8_t pad[3];
	uint32_t number; /* of the probe */
	uint64_t secret; /* random, one for each struct tunnel_probe */
};

struct inner {
	struct iphdr ip;
	struct udphdr udp;
	struct mark mark;
} __attribute__((packed));

struct tunnel_probe {
	int fd;
	struct in_addr local, remote;
	uint64_t secret;
	uint32_t number;
	uint8_t packet[SIZE_MAX_BYTES];
};

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, IPPROTO_IP, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int tunnel_probe_open(struct tunnel_probe **out, const struct tmip_addr *local,
		      const struct tmip_addr *remote)
{
	struct tunnel_probe *probe = calloc(1, sizeof(*probe));
	struct sockaddr_in here = {.sin_family = AF_INET}, there = {.sin_family = AF_INET};
	int error = -ENOMEM;

	if (!probe)
		return -ENOMEM;
	probe->local = here.sin_addr = (struct in_addr){htonl(addr_to_ipv4(local))};
	probe->remote = there.sin_addr = (struct in_addr){htonl(addr_to_ipv4(remote))};
	probe->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IPIP);
	if (probe->fd < 0 ||
	    getrandom(&probe->secret, sizeof(probe->secret), 0) != sizeof(probe->secret) ||
	    bind(probe->fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    connect(probe->fd, (struct sockaddr *)&there, sizeof(there)) < 0) {
		error = -errno;
		goto failed;
	}
	error = set_option(probe->fd, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	if (!error)
		error = set_option(probe->fd, IP_RECVERR, 1);
	if (error)
		goto failed;
	*out = probe;
	return 0;
failed:
	tunnel_probe_close(probe);
	return error;
}

void tunnel_probe_close(struct tunnel_probe *probe)
{
	if (!probe)
		return;
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe);
}

static void fill(struct tunnel_probe *probe, unsigned len)
{
	struct inner *inner = (struct inner *)probe->packet;
	uint16_t sum;

	memset(probe->packet, 0, len);
	inner->ip = (struct iphdr){.version = 4, .ihl = 5, .tot_len = htons((uint16_t)len),
				   .frag_off = htons(IP_DF), .ttl = 64, .protocol = IPPROTO_UDP,
				   .saddr = probe->local.s_addr, .daddr = probe->remote.s_addr};
	sum = htons(checksum_compute(&inner->ip, sizeof(inner->ip), 0));
	inner->ip.check = sum;
	inner->udp.source = inner->udp.dest = htons(TMIP_PROBE_PORT);
	inner->udp.len = htons((uint16_t)(len - sizeof(inner->ip)));
	inner->mark = (struct mark){.kind = TMIP_PROBE_REQUEST, .number = ++probe->number,
				    .secret = probe->secret};
}

static bool is_reply(const struct tunnel_probe *probe, const uint8_t *data, ssize_t len,
		     unsigned size)
{
	struct inner inner;
	size_t outer = len > 0 ? (size_t)(data[0] & 15) * 4 : 0;

	if (len < 0 || (size_t)len < outer + sizeof(inner) || (unsigned)len != size)
		return false;
	memcpy(&inner, data + outer, sizeof(inner));
	return inner.mark.kind == TMIP_PROBE_REPLY && inner.mark.secret == probe->secret &&
	       inner.mark.number == probe->number && inner.ip.saddr == probe->remote.s_addr &&
	       inner.udp.dest == htons(TMIP_PROBE_PORT);
}

/* Reads an ICMP error from the error queue and returns it as -errno; 0: there is none. */
static int read_error(struct tunnel_probe *probe)
{
	uint8_t control[512], data[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct sock_extended_err error;

	if (recvmsg(probe->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
	     part = CMSG_NXTHDR(&message, part)) {
		if (part->cmsg_level != SOL_IP || part->cmsg_type != IP_RECVERR)
			continue;
		memcpy(&error, CMSG_DATA(part), sizeof(error));
		if (error.ee_origin == SO_EE_ORIGIN_ICMP && error.ee_type == ICMP_DEST_UNREACH &&
		    error.ee_code == ICMP_PROT_UNREACH)
			return -EPROTONOSUPPORT;
		return -(int)error.ee_errno;
	}
	return 0;
}

/* Waits for the answer to the probe sent last. */
static int await(struct tunnel_probe *probe, unsigned size, uint64_t sent_us, int timeout_ms,
		 unsigned *round_trip_us)
{
	struct pollfd wait = {.fd = probe->fd, .events = POLLIN};
	uint64_t timeout_us = (uint64_t)timeout_ms * 1000, passed_us;
	int error;
	ssize_t len;

	while ((passed_us = clock_us() - sent_us) < timeout_us) {
		int left_ms = (int)((timeout_us - passed_us) / 1000) + 1;

		if (poll(&wait, 1, left_ms) < 0 && errno != EINTR)
			return -errno;
		if (wait.revents & POLLERR) {
			error = read_error(probe);
			if (error)
				return error;
		}
		len = recv(probe->fd, probe->packet, sizeof(probe->packet), MSG_DONTWAIT);
		if (is_reply(probe, probe->packet, len, size)) {
			*round_trip_us = (unsigned)(clock_us() - sent_us);
			return 0;
		}
		if (len < 0 && errno != EAGAIN && errno != EINTR && errno != EPROTO &&
		    errno != ENOPROTOOPT)
			return -errno;
	}
	return -ETIMEDOUT;
}

int tunnel_probe_send(struct tunnel_probe *probe, unsigned size, int tries, int timeout_ms,
	       unsigned *round_trip_us)
{
	unsigned len = size - OUTER_LEN;
	int error = -EINVAL;
	uint64_t sent_us;

	if (size < TUNNEL_PROBE_SIZE_MIN || size > SIZE_MAX_BYTES)
		return -EINVAL;
	while (tries-- > 0) {
		while (read_error(probe))
			; /* an error of an earlier probe */
		fill(probe, len);
		sent_us = clock_us();
		if (send(probe->fd, probe->packet, len, 0) < 0)
			error = -errno;
		else
			error = await(probe, size, sent_us, timeout_ms, round_trip_us);
		if (error != -ETIMEDOUT)
			break;
	}
	return error;
}

unsigned tunnel_probe_largest(struct tunnel_probe *probe, unsigned high, int timeout_ms)
{
	unsigned low = TUNNEL_PROBE_SIZE_MIN, round_trip;

	if (high < low || tunnel_probe_send(probe, low, 2, timeout_ms, &round_trip))
		return 0;
	while (low < high) {
		unsigned middle = low + (high - low + 1) / 2;

		if (tunnel_probe_send(probe, middle, 2, timeout_ms, &round_trip) == 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}
