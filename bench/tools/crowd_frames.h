/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames that crowd.c sends and reads: echo requests (RFC 792), ARP (RFC 826), the messages of
 * a DHCP client (RFC 2131). The fill functions make whole frames with right checksums, except the
 * UDP checksum, which they leave out (RFC 768).
 */
#ifndef CROWD_FRAMES_H
#define CROWD_FRAMES_H

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct echo_frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct icmphdr icmp;
	uint8_t sender[ETH_ALEN], data[18];
} __attribute__((packed));

struct arp_frame {
	struct ether_header ethernet;
	struct ether_arp arp;
} __attribute__((packed));

struct dhcp_frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16], sname[64], file[128];
	uint32_t cookie;
	uint8_t options[60];
} __attribute__((packed));

static const uint8_t BROADCAST[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* RFC 1071. len must be even; the bytes need no alignment. */
static inline uint16_t checksum(const void *bytes, size_t len)
{
	uint32_t sum = 0;
	uint16_t word;

	for (size_t at = 0; at < len; at += sizeof(word)) {
		memcpy(&word, (const uint8_t *)bytes + at, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static inline void set_ethernet(struct ether_header *ethernet, const uint8_t *from,
				const uint8_t *to, uint16_t type)
{
	memcpy(ethernet->ether_shost, from, ETH_ALEN);
	memcpy(ethernet->ether_dhost, to, ETH_ALEN);
	ethernet->ether_type = htons(type);
}

/* The data of the echo request names the MAC of its sender. */
static inline void fill_echo(struct echo_frame *frame, const uint8_t *mac, const uint8_t *gateway,
			     uint32_t from, uint32_t to, uint16_t id, uint16_t seq)
{
	*frame = (struct echo_frame){
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP,
		       .tot_len = htons(sizeof(*frame) - sizeof(frame->ethernet)),
		       .saddr = from, .daddr = to},
		.icmp = {.type = ICMP_ECHO, .un.echo = {htons(id), htons(seq)}},
	};
	set_ethernet(&frame->ethernet, mac, gateway, ETHERTYPE_IP);
	memcpy(frame->sender, mac, ETH_ALEN);
	frame->ip.check = checksum(&frame->ip, sizeof(frame->ip));
	frame->icmp.checksum = checksum(&frame->icmp,
					sizeof(*frame) - offsetof(struct echo_frame, icmp));
}

/* to_mac NULL: a broadcast. */
static inline void fill_arp(struct arp_frame *frame, uint16_t operation, const uint8_t *mac,
			    uint32_t from, const uint8_t *to_mac, uint32_t to)
{
	*frame = (struct arp_frame){
		.arp.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETHERTYPE_IP),
			       .ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(operation)},
	};
	set_ethernet(&frame->ethernet, mac, to_mac ? to_mac : BROADCAST, ETHERTYPE_ARP);
	memcpy(frame->arp.arp_sha, mac, ETH_ALEN);
	memcpy(frame->arp.arp_spa, &from, 4);
	memcpy(frame->arp.arp_tpa, &to, 4);
	if (to_mac)
		memcpy(frame->arp.arp_tha, to_mac, ETH_ALEN);
}

static inline uint8_t *put_option(uint8_t *at, uint8_t code, uint8_t len, const void *value)
{
	*at++ = code;
	*at++ = len;
	memcpy(at, value, len);
	return at + len;
}

/* DHCPDISCOVER, or DHCPREQUEST for the offered address (4.3.2: SELECTING). */
static inline void fill_dhcp(struct dhcp_frame *frame, const uint8_t *mac, uint32_t xid,
			     const struct in_addr *offered, const struct in_addr *server)
{
	uint8_t type = offered ? 3 : 1, *at;

	*frame = (struct dhcp_frame){
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		       .tot_len = htons(sizeof(*frame) - sizeof(frame->ethernet)),
		       .daddr = INADDR_BROADCAST},
		.udp = {.source = htons(68), .dest = htons(67),
			.len = htons(sizeof(*frame) - offsetof(struct dhcp_frame, udp))},
		.op = 1, .htype = ARPHRD_ETHER, .hlen = ETH_ALEN,
		.xid = htonl(xid), .cookie = htonl(0x63825363),
	};
	at = put_option(frame->options, 53, 1, &type);
	if (offered) {
		at = put_option(at, 50, 4, offered);
		at = put_option(at, 54, 4, server);
	}
	*at = 255;
	set_ethernet(&frame->ethernet, mac, BROADCAST, ETHERTYPE_IP);
	memcpy(frame->chaddr, mac, ETH_ALEN);
	frame->ip.check = checksum(&frame->ip, sizeof(frame->ip));
}

static inline const uint8_t *find_option(const uint8_t *bytes, size_t len, uint8_t code,
					 uint8_t want)
{
	size_t at = 0;

	while (at + 2 <= len && bytes[at] != 255) {
		if (bytes[at] == code && bytes[at + 1] == want && at + 2u + want <= len)
			return bytes + at + 2;
		at += bytes[at] ? 2u + bytes[at + 1] : 1u;
	}
	return NULL;
}

#endif
