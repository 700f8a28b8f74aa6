/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole Ethernet frames out of an interface. See frame.h. */
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
 * We only send. A tap for all protocols would be shown every frame of the cell, and those that leave are cloned for it,
 * even if its filter takes nothing. So it is one for an EtherType that is used for experiments only (IEEE 802).
 */
#define SILENT_PROTOCOL ETH_P_802_EX1

static int receive_nothing(pcap_t *pcap)
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
	if (status < 0 || receive_nothing(port->pcap) < 0) {
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

/* An ARP request whose sender, by what it says, is `mac` with `addr`. */
static int send_request(struct frame_port *port, const struct tmip_mac *to,
			const struct tmip_mac *from, const struct tmip_addr *addr,
			const struct tmip_mac *mac, const struct tmip_addr *target)
{
	uint8_t frame[42] = {[12] = 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1}; /* Ethernet type ARP; RFC 826: request */

	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, addr->v4, 4);
	memcpy(frame + 38, target->v4, 4);
	return frame_send(port, frame, sizeof(frame));
}

int frame_announce(struct frame_port *port, const struct tmip_mac *from,
		   const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	static const struct tmip_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	return send_request(port, &everybody, from, addr, mac, addr);
}

int frame_ask(struct frame_port *port, const struct tmip_addr *addr, const struct tmip_mac *mac,
	      const struct tmip_addr *from, const struct tmip_mac *from_mac)
{
	return send_request(port, mac, from_mac, from, from_mac, addr);
}
