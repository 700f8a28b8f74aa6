/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet frames that leave through an interface. See frame.h. */
#include "frame.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct frame_port {
	pcap_t *pcap;
};

/*
 * The port only sends. The kernel shows a socket for all protocols every frame of the cell, and
 * clones the leaving ones for it, even if its filter drops all. So the socket is for an EtherType
 * that is only used for experiments (IEEE 802).
 */
#define SILENT_PROTOCOL ETH_P_802_EX1

#define ARP_REQUEST 1
#define ARP_REPLY 2

static int drop_received(pcap_t *pcap)
{
	struct bpf_insn drop = {.code = BPF_RET | BPF_K, .k = 0};
	struct bpf_program program = {.bf_len = 1, .bf_insns = &drop};

	return pcap_setfilter(pcap, &program);
}

struct frame_port *frame_open(const char *interface, char why[FRAME_WHY])
{
	struct frame_port *port = calloc(1, sizeof(*port));
	char text[PCAP_ERRBUF_SIZE] = "no memory";
	int on = 1, status = PCAP_ERROR;

	if (port)
		port->pcap = pcap_create(interface, text);
	if (port && port->pcap) {
		pcap_set_snaplen(port->pcap, 64);
		pcap_set_buffer_size(port->pcap, 65536);
		pcap_set_protocol_linux(port->pcap, SILENT_PROTOCOL);
		status = pcap_activate(port->pcap);
		snprintf(text, sizeof(text), "%s", status < 0 ? pcap_statustostr(status) : "");
	}
	if (status < 0 || drop_received(port->pcap) < 0) {
		snprintf(why, FRAME_WHY, "cannot open %s for raw frames: %.180s", interface, text);
		frame_close(port);
		return NULL;
	}
	setsockopt(pcap_fileno(port->pcap), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return port;
}

void frame_close(struct frame_port *port)
{
	if (!port)
		return;
	if (port->pcap)
		pcap_close(port->pcap);
	free(port);
}

int frame_send(struct frame_port *port, const uint8_t *frame, size_t len)
{
	errno = EIO;
	return pcap_inject(port->pcap, frame, len) == (int)len ? 0 : -errno;
}

struct arp_fields {
	uint8_t operation;
	struct tmip_mac sender_mac, target_mac;
	const struct tmip_addr *sender, *target;
};

static int send_arp(struct frame_port *port, const struct tmip_mac *to, const struct tmip_mac *from,
		    const struct arp_fields *arp)
{
	/* EtherType ARP; RFC 826: Ethernet, IPv4, lengths 6 and 4, operation. */
	uint8_t frame[42] = {[12] = 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, arp->operation};

	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 22, &arp->sender_mac, 6);
	memcpy(frame + 28, arp->sender->v4, 4);
	memcpy(frame + 32, &arp->target_mac, 6);
	memcpy(frame + 38, arp->target->v4, 4);
	return frame_send(port, frame, sizeof(frame));
}

int frame_announce(struct frame_port *port, const struct tmip_mac *from,
		   const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	static const struct tmip_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	const struct arp_fields arp = {.operation = ARP_REQUEST, .sender_mac = *mac,
				       .sender = addr, .target = addr};

	return send_arp(port, &everybody, from, &arp);
}

int frame_defend(struct frame_port *port, const struct tmip_mac *to, const struct tmip_mac *from,
		 const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	const struct arp_fields arp = {.operation = ARP_REPLY, .sender_mac = *mac, .sender = addr,
				       .target_mac = *to, .target = addr};

	return send_arp(port, to, from, &arp);
}

int frame_answer(struct frame_port *port, const struct tmip_mac *to,
		 const struct tmip_addr *to_addr, const struct tmip_mac *from,
		 const struct tmip_addr *addr)
{
	const struct arp_fields arp = {.operation = ARP_REPLY, .sender_mac = *from, .sender = addr,
				       .target_mac = *to, .target = to_addr};

	return send_arp(port, to, from, &arp);
}

int frame_probe(struct frame_port *port, const struct tmip_addr *addr, const struct tmip_mac *mac,
		const struct tmip_addr *from, const struct tmip_mac *from_mac)
{
	const struct arp_fields arp = {.operation = ARP_REQUEST, .sender_mac = *from_mac,
				       .sender = from, .target = addr};

	return send_arp(port, mac, from_mac, &arp);
}
