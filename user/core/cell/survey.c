/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a survey. See survey.h. */
#include "survey.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/checksum.h"

/* Ethernet (IEEE 802.3) */
#define ETH_SOURCE 6
#define ETH_TYPE 12
#define ETH_LEN 14
#define TYPE_IPV4 0x0800
#define TYPE_ARP 0x0806

/* ARP for IPv4 over Ethernet (RFC 826); offsets in the frame */
#define ARP_OPERATION 20
#define ARP_SENDER_MAC 22
#define ARP_SENDER 28
#define ARP_TARGET 38

/* IPv4 and UDP (RFC 791, RFC 768) */
#define IP_MIN 20
#define UDP_LEN 8
#define PROTO_UDP 17
#define CLIENT_PORT 68
#define SERVER_PORT 67

/* DHCP (RFC 2131, 2; RFC 2132); offsets in the message */
#define BOOTREQUEST 1
#define BOOTREPLY 2
#define DHCP_XID 4
#define DHCP_FLAGS 10
#define DHCP_CHADDR 28
#define DHCP_MAGIC 236
#define DHCP_OPTIONS 240
#define MAGIC 0x63825363
#define OPTION_PAD 0
#define OPTION_END 255
#define OPTION_SERVER 54

static const uint8_t ARP_HEAD[] = {0, 1, 0x08, 0, 6, 4}; /* Ethernet, IPv4, lengths */

static unsigned get16(const uint8_t *from)
{
	return (unsigned)bytes_get(from, 2);
}

static uint32_t get32(const uint8_t *from)
{
	return (uint32_t)bytes_get(from, 4);
}

static void put16(uint8_t *to, unsigned value)
{
	bytes_put(to, value, 2);
}

/* ---- asking */

static void put_ethernet(const struct survey *survey, uint8_t *frame, unsigned type)
{
	memset(frame, 0xff, ETH_SOURCE);
	memcpy(frame + ETH_SOURCE, &survey->mac, 6);
	put16(frame + ETH_TYPE, type);
}

void survey_encode_probe(const struct survey *survey, uint8_t frame[SURVEY_PROBE_LEN])
{
	memset(frame, 0, SURVEY_PROBE_LEN);
	put_ethernet(survey, frame, TYPE_ARP);
	memcpy(frame + ETH_LEN, ARP_HEAD, sizeof(ARP_HEAD));
	put16(frame + ARP_OPERATION, 1);
	memcpy(frame + ARP_SENDER_MAC, &survey->mac, 6);
	memcpy(frame + ARP_TARGET, survey->gateway.v4, 4);
}

/* From 0.0.0.0 to everybody. A checksum of 0 says that there is none (RFC 768). */
static void put_ip_udp(uint8_t *ip, unsigned len)
{
	uint8_t *udp = ip + IP_MIN;

	ip[0] = 0x45;
	put16(ip + 2, len);
	ip[8] = 64;
	ip[9] = PROTO_UDP;
	memset(ip + 16, 0xff, 4);
	put16(ip + 10, checksum_compute(ip, IP_MIN, 0));
	put16(udp, CLIENT_PORT);
	put16(udp + 2, SERVER_PORT);
	put16(udp + 4, len - IP_MIN);
}

void survey_encode_discover(const struct survey *survey, uint8_t frame[SURVEY_DISCOVER_LEN])
{
	/* DHCPDISCOVER; wanted: netmask, router, lease time, server identifier */
	static const uint8_t options[] = {53, 1, 1, 55, 4, 1, 3, 51, 54, OPTION_END};
	uint8_t *message = frame + ETH_LEN + IP_MIN + UDP_LEN;

	memset(frame, 0, SURVEY_DISCOVER_LEN);
	put_ethernet(survey, frame, TYPE_IPV4);
	put_ip_udp(frame + ETH_LEN, SURVEY_DISCOVER_LEN - ETH_LEN);
	message[0] = BOOTREQUEST;
	message[1] = 1; /* Ethernet */
	message[2] = 6;
	bytes_put(message + DHCP_XID, survey->transaction, 4);
	put16(message + DHCP_FLAGS, 0x8000); /* broadcast */
	memcpy(message + DHCP_CHADDR, &survey->mac, 6);
	bytes_put(message + DHCP_MAGIC, MAGIC, 4);
	memcpy(message + DHCP_OPTIONS, options, sizeof(options));
}

/* ---- answers */

static struct survey_answer decode_arp(const struct survey *survey, const uint8_t *frame,
				       size_t len)
{
	struct survey_answer answer = {.type = SURVEY_NOTHING};

	if (len < SURVEY_PROBE_LEN || memcmp(frame + ETH_LEN, ARP_HEAD, sizeof(ARP_HEAD)) != 0 ||
	    memcmp(frame + ARP_SENDER, survey->gateway.v4, 4) != 0)
		return answer;
	memcpy(&answer.mac, frame + ARP_SENDER_MAC, 6);
	if (!mac_equal(&answer.mac, &survey->mac))
		answer.type = SURVEY_HOLDER;
	return answer;
}

/* The server identifier among the options; zero: there is none. */
static struct tmip_addr find_server(const uint8_t *options, size_t len)
{
	struct tmip_addr none = {0};

	for (size_t at = 0; at < len && options[at] != OPTION_END;) {
		if (options[at] == OPTION_PAD) {
			at++;
			continue;
		}
		if (at + 2 > len || at + 2 + options[at + 1] > len)
			break;
		if (options[at] == OPTION_SERVER && options[at + 1] == 4)
			return addr_from_ipv4(get32(options + at + 2));
		at += 2u + options[at + 1];
	}
	return none;
}

static struct survey_answer decode_dhcp(const struct survey *survey, const struct tmip_mac *from,
					const uint8_t *message, size_t len)
{
	struct survey_answer answer = {.type = SURVEY_NOTHING, .mac = *from};

	if (len < DHCP_OPTIONS || message[0] != BOOTREPLY ||
	    get32(message + DHCP_XID) != survey->transaction ||
	    memcmp(message + DHCP_CHADDR, &survey->mac, 6) != 0 ||
	    get32(message + DHCP_MAGIC) != MAGIC)
		return answer;
	answer.type = SURVEY_SERVER;
	answer.server = find_server(message + DHCP_OPTIONS, len - DHCP_OPTIONS);
	return answer;
}

static struct survey_answer decode_ip(const struct survey *survey, const uint8_t *frame, size_t len)
{
	struct survey_answer answer = {.type = SURVEY_NOTHING};
	const uint8_t *ip = frame + ETH_LEN;
	struct tmip_mac from;
	size_t header;

	if (len < ETH_LEN + IP_MIN + UDP_LEN || ip[0] >> 4 != 4)
		return answer;
	header = (size_t)(ip[0] & 15) * 4;
	if (header < IP_MIN || len < ETH_LEN + header + UDP_LEN || ip[9] != PROTO_UDP ||
	    get16(ip + 6) & 0x3fff || get16(ip + header + 2) != CLIENT_PORT)
		return answer;
	memcpy(&from, frame + ETH_SOURCE, 6);
	return decode_dhcp(survey, &from, ip + header + UDP_LEN,
			   len - ETH_LEN - header - UDP_LEN);
}

struct survey_answer survey_decode(const struct survey *survey, const uint8_t *frame, size_t len)
{
	struct survey_answer nothing = {.type = SURVEY_NOTHING};
	unsigned type = len >= ETH_LEN ? get16(frame + ETH_TYPE) : 0;

	if (!type || memcmp(frame + ETH_SOURCE, &survey->mac, 6) == 0)
		return nothing;
	if (type == TYPE_ARP)
		return decode_arp(survey, frame, len);
	return type == TYPE_IPV4 ? decode_ip(survey, frame, len) : nothing;
}
