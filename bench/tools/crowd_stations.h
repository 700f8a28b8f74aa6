/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stations of crowd.c: their state, the frames that they send, and their reactions to the
 * frames that arrive on the legs.
 */
#ifndef CROWD_STATIONS_H
#define CROWD_STATIONS_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "crowd_frames.h"
#include "crowd_options.h"
#include "tool.h"

#define LEGS_MAX 32
#define RETURNS_MAX 256
#define RIVAL_FRAMES 8 /* of two claimants, before an answer shows which of them has the address */
#define XID 0x54000000u

struct station {
	uint8_t mac[ETH_ALEN], rival[ETH_ALEN];
	uint32_t address; /* network order; 0: no lease yet */
	int home, leg, rival_leg; /* rival_leg -1: no rival */
	uint16_t seq;   /* of the last echo request */
	uint16_t asked; /* answers to older echo requests do not count */
	uint64_t due;   /* when the station repeats a frame without an answer */
	bool requested, answered;
	struct in_addr offered, server;
};

/* A station that goes back to a leg soon. */
struct back {
	uint64_t due;
	unsigned station;
	int leg;
};

struct crowd {
	struct options options;
	struct leg legs[LEGS_MAX];
	int leg_count;
	struct station *stations;
	struct back backs[RETURNS_MAX];
	unsigned back_count;
	uint64_t moves, ping_pongs, thefts, clones, chatter, skipped, late;
	uint64_t sent, answers, strays, stolen;
};

static inline unsigned below(unsigned bound)
{
	return (unsigned)(drand48() * bound);
}

/* ---- frames */

static inline void transmit(struct crowd *crowd, int leg, const void *frame, size_t len)
{
	if (send(crowd->legs[leg].socket, frame, len, MSG_DONTWAIT) < 0 && errno != ENOBUFS &&
	    errno != EAGAIN)
		fail(crowd->legs[leg].name);
	crowd->sent++;
}

/* A station keeps using the MAC of its gateway at home. */
static inline void send_echo(struct crowd *crowd, struct station *station, const uint8_t *mac,
			     int leg)
{
	struct echo_frame frame;

	fill_echo(&frame, mac, crowd->legs[station->home].mac, station->address,
		  crowd->options.server.s_addr, (uint16_t)(station - crowd->stations),
		  ++station->seq);
	transmit(crowd, leg, &frame, sizeof(frame));
}

static inline void send_arp(struct crowd *crowd, const struct station *station, int leg,
			    uint16_t operation, const uint8_t *to_mac, uint32_t to_address)
{
	struct arp_frame frame;

	fill_arp(&frame, operation, station->mac, station->address, to_mac, to_address);
	transmit(crowd, leg, &frame, sizeof(frame));
}

/* A station mostly sends an echo request, and sometimes asks for the MAC of its gateway. */
static inline void speak(struct crowd *crowd, struct station *station)
{
	if (below(4))
		send_echo(crowd, station, station->mac, station->leg);
	else
		send_arp(crowd, station, station->leg, ARPOP_REQUEST, NULL,
			 crowd->legs[station->home].gateway.s_addr);
}

/* Sends DHCPDISCOVER, or DHCPREQUEST for the offered address (RFC 2131, 4.3.2: SELECTING). */
static inline void send_dhcp(struct crowd *crowd, struct station *station)
{
	struct dhcp_frame frame;

	fill_dhcp(&frame, station->mac, XID | (uint32_t)(station - crowd->stations),
		  station->requested ? &station->offered : NULL, &station->server);
	transmit(crowd, station->home, &frame, sizeof(frame));
}

/* ---- answers */

static inline void handle_dhcp(struct crowd *crowd, const struct dhcp_frame *frame, size_t len)
{
	size_t fixed = offsetof(struct dhcp_frame, options);
	uint32_t index = ntohl(frame->xid) ^ XID;
	const uint8_t *type, *server;
	struct station *station;

	if (len < fixed || frame->udp.dest != htons(68) || index >= crowd->options.leased)
		return;
	station = &crowd->stations[index];
	type = find_option(frame->options, len - fixed, 53, 1);
	server = find_option(frame->options, len - fixed, 54, 4);
	if (!type || !server || station->address || memcmp(frame->chaddr, station->mac, ETH_ALEN))
		return;
	if (*type == 2 && !station->requested) {
		memcpy(&station->offered, &frame->yiaddr, 4);
		memcpy(&station->server, server, 4);
		station->requested = true;
		send_dhcp(crowd, station);
	} else if (*type == 5) {
		memcpy(&station->address, &frame->yiaddr, 4);
		station->due = 0;
	} else if (*type == 6) {
		station->requested = false;
	}
}

/* The rival has the address, so it becomes the station. */
static inline void change_places(struct station *station)
{
	uint8_t mac[ETH_ALEN];
	int leg = station->leg;

	memcpy(mac, station->mac, ETH_ALEN);
	memcpy(station->mac, station->rival, ETH_ALEN);
	memcpy(station->rival, mac, ETH_ALEN);
	station->leg = station->rival_leg;
	station->rival_leg = leg;
}

static inline void handle_echo(struct crowd *crowd, int leg, const struct echo_frame *frame,
			       size_t len)
{
	unsigned index = ntohs(frame->icmp.un.echo.id);
	struct station *station;
	int16_t ahead;

	if (len < offsetof(struct echo_frame, data) || frame->icmp.type != ICMP_ECHOREPLY ||
	    index >= crowd->options.stations)
		return;
	station = &crowd->stations[index];
	ahead = (int16_t)(ntohs(frame->icmp.un.echo.sequence) - station->asked);
	if (frame->ip.daddr != station->address)
		return;
	if (station->rival_leg >= 0) {
		/* Until the register decides, the home CN serves the claimant in its own cell. */
		if (ahead < RIVAL_FRAMES ||
		    memcmp(frame->ethernet.ether_dhost, frame->sender, ETH_ALEN))
			return;
		if (!station->answered && !memcmp(frame->sender, station->rival, ETH_ALEN))
			change_places(station);
	}
	if (memcmp(frame->ethernet.ether_dhost, station->mac, ETH_ALEN)) {
		crowd->stolen += ahead >= 0;
		return;
	}
	crowd->answers++;
	crowd->strays += leg != station->leg;
	if (leg == station->leg && ahead >= 0)
		station->answered = true;
}

static inline void handle_arp(struct crowd *crowd, int leg, const struct arp_frame *frame,
			      size_t len)
{
	uint32_t wanted;

	if (len < sizeof(*frame) || frame->arp.ea_hdr.ar_op != htons(ARPOP_REQUEST))
		return;
	memcpy(&wanted, frame->arp.arp_tpa, 4);
	if (!wanted || !memcmp(frame->arp.arp_tpa, frame->arp.arp_spa, 4))
		return;
	for (unsigned i = 0; i < crowd->options.stations; i++) {
		const struct station *station = &crowd->stations[i];

		if (station->address != wanted || station->leg != leg)
			continue;
		memcpy(&wanted, frame->arp.arp_spa, 4);
		send_arp(crowd, station, leg, ARPOP_REPLY, frame->arp.arp_sha, wanted);
		return;
	}
}

static inline void drain(struct crowd *crowd, int leg)
{
	union {
		struct echo_frame echo;
		struct arp_frame arp;
		struct dhcp_frame dhcp;
		uint8_t bytes[2048];
	} frame;
	ssize_t len;

	while ((len = recv(crowd->legs[leg].socket, &frame, sizeof(frame), MSG_DONTWAIT)) > 0) {
		if (len < (ssize_t)offsetof(struct echo_frame, icmp))
			continue;
		if (frame.echo.ethernet.ether_type == htons(ETHERTYPE_ARP)) {
			handle_arp(crowd, leg, &frame.arp, (size_t)len);
			continue;
		}
		if (frame.echo.ethernet.ether_type != htons(ETHERTYPE_IP) || frame.echo.ip.ihl != 5)
			continue;
		if (frame.echo.ip.protocol == IPPROTO_UDP)
			handle_dhcp(crowd, &frame.dhcp, (size_t)len);
		else if (frame.echo.ip.protocol == IPPROTO_ICMP)
			handle_echo(crowd, leg, &frame.echo, (size_t)len);
	}
}

/* Handles the frames that arrive until that time. */
static inline void listen_until(struct crowd *crowd, uint64_t end)
{
	struct pollfd fds[LEGS_MAX];
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	for (int leg = 0; leg < crowd->leg_count; leg++)
		fds[leg] = (struct pollfd){.fd = crowd->legs[leg].socket, .events = POLLIN};
	do {
		uint64_t left = end > now ? end - now : 0;
		struct timespec wait = {(time_t)(left / SECOND), (long)(left % SECOND)};

		if (ppoll(fds, (nfds_t)crowd->leg_count, &wait, NULL) < 0 && errno != EINTR)
			fail("poll");
		for (int leg = 0; leg < crowd->leg_count; leg++)
			if (fds[leg].revents)
				drain(crowd, leg);
		now = now_ns(CLOCK_MONOTONIC);
	} while (now < end && !stopped);
}

#endif
