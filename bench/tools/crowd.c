/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A crowd: many stations at once, without a device for each. A leg (an interface) in the cell of each CN is all it has;
 * a station is a MAC, an address and the number of the leg that it uses. All send and receive whole frames.
 *
 * First they join, in the cell their address belongs to: the first ones by DHCP, the others with an address of their own,
 * and for every tenth of these a rival with another MAC claims the same address in another cell in the same moment.
 * Whoever is answered after some time is the station from then on. Then they roam at random for a while, at a steady
 * rate: plain moves; ping-pong (there and back within milliseconds); a second sender with the station's address and
 * another MAC; the same MAC in two cells at once. In the end each station sends from the cell where it truly is until
 * it is answered there. Prints a JSON object and writes where each station is, then goes on answering ARP until it is
 * told to end.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "crowd_frames.h"
#include "crowd_options.h"
#include "tool.h"

#define LEGS_MAX 32
#define RETURNS_MAX 256
#define JOIN_RATE 300         /* frames a second while they join, and in the end */
#define REPEAT_NS (SECOND / 2) /* of a frame that was not answered */
#define PHASE_NS (60 * SECOND) /* the longest that joining, and the end, may take */
#define RIVAL_FRAMES 8         /* of two claimants, before an answer tells who has the address */
#define XID 0x54000000u

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct station {
	uint8_t mac[ETH_ALEN], rival[ETH_ALEN];
	uint32_t address; /* network order; 0: no lease yet */
	int home, leg, rival_leg; /* rival_leg -1: it has none (any more) */
	uint16_t seq, asked;      /* the last echo request, and the first one that an answer must name to count */
	uint64_t due;             /* when an unanswered frame is sent again */
	bool requested, answered;
	struct in_addr offered, server;
};

/* A station that goes (back) to a leg soon. */
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
	uint64_t moves, ping_pongs, thefts, clones, chatter, sent, answers, strays, stolen, late, skipped;
};

static unsigned below(unsigned bound)
{
	return (unsigned)(drand48() * bound);
}

/* ---- frames */

static void transmit(struct crowd *crowd, int leg, const void *frame, size_t len)
{
	if (send(crowd->legs[leg].socket, frame, len, MSG_DONTWAIT) < 0 && errno != ENOBUFS && errno != EAGAIN)
		fail(crowd->legs[leg].name);
	crowd->sent++;
}

/* A station knows the MAC of the gateway that it had at home, and goes on using it. */
static void send_echo(struct crowd *crowd, struct station *station, const uint8_t *mac, int leg)
{
	struct echo_frame frame;

	fill_echo(&frame, mac, crowd->legs[station->home].mac, station->address, crowd->options.server.s_addr,
		  (uint16_t)(station - crowd->stations), ++station->seq);
	transmit(crowd, leg, &frame, sizeof(frame));
}

static void send_arp(struct crowd *crowd, const struct station *station, int leg, uint16_t operation, const uint8_t *to_mac,
		     uint32_t to_address)
{
	struct arp_frame frame;

	fill_arp(&frame, operation, station->mac, station->address, to_mac, to_address);
	transmit(crowd, leg, &frame, sizeof(frame));
}

/* What a station does when it is somewhere: mostly it sends on, sometimes it asks for its gateway. */
static void speak(struct crowd *crowd, struct station *station)
{
	if (below(4))
		send_echo(crowd, station, station->mac, station->leg);
	else
		send_arp(crowd, station, station->leg, ARPOP_REQUEST, NULL, crowd->legs[station->home].gateway.s_addr);
}

/* DHCPDISCOVER, or DHCPREQUEST for what was offered (RFC 2131, 4.3.2: SELECTING). */
static void send_dhcp(struct crowd *crowd, struct station *station)
{
	struct dhcp_frame frame;

	fill_dhcp(&frame, station->mac, XID | (uint32_t)(station - crowd->stations), station->requested ? &station->offered : NULL,
		  &station->server);
	transmit(crowd, station->home, &frame, sizeof(frame));
}

/* ---- answers */

static void take_dhcp(struct crowd *crowd, const struct dhcp_frame *frame, size_t len)
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

/* The rival has the address: from now on it is the station. */
static void change_places(struct station *station)
{
	uint8_t mac[ETH_ALEN];
	int leg = station->leg;

	memcpy(mac, station->mac, ETH_ALEN);
	memcpy(station->mac, station->rival, ETH_ALEN);
	memcpy(station->rival, mac, ETH_ALEN);
	station->leg = station->rival_leg;
	station->rival_leg = leg;
}

static void take_echo(struct crowd *crowd, int leg, const struct echo_frame *frame, size_t len)
{
	unsigned index = ntohs(frame->icmp.un.echo.id);
	struct station *station;
	int16_t ahead;

	if (len < offsetof(struct echo_frame, data) || frame->icmp.type != ICMP_ECHOREPLY || index >= crowd->options.stations)
		return;
	station = &crowd->stations[index];
	ahead = (int16_t)(ntohs(frame->icmp.un.echo.sequence) - station->asked);
	if (frame->ip.daddr != station->address)
		return;
	if (station->rival_leg >= 0) {
		/* Before the register has decided the home CN lets its own cell's claimant through. */
		if (ahead < RIVAL_FRAMES || memcmp(frame->ethernet.ether_dhost, frame->sender, ETH_ALEN))
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

static void take_arp(struct crowd *crowd, int leg, const struct arp_frame *frame, size_t len)
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

static void drain(struct crowd *crowd, int leg)
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
		if (frame.echo.ethernet.ether_type == htons(ETHERTYPE_ARP))
			take_arp(crowd, leg, &frame.arp, (size_t)len);
		else if (frame.echo.ethernet.ether_type != htons(ETHERTYPE_IP) || frame.echo.ip.ihl != 5)
			continue;
		else if (frame.echo.ip.protocol == IPPROTO_UDP)
			take_dhcp(crowd, &frame.dhcp, (size_t)len);
		else if (frame.echo.ip.protocol == IPPROTO_ICMP)
			take_echo(crowd, leg, &frame.echo, (size_t)len);
	}
}

/* Takes what comes until that time. */
static void listen_until(struct crowd *crowd, uint64_t end)
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

/* ---- joining, and the end: everybody asks until it is answered */

static void ask(struct crowd *crowd, struct station *station)
{
	if (!station->address) {
		send_dhcp(crowd, station);
		return;
	}
	if (station->rival_leg < 0 || below(2)) {
		send_echo(crowd, station, station->mac, station->leg);
		if (station->rival_leg >= 0)
			send_echo(crowd, station, station->rival, station->rival_leg);
	} else {
		send_echo(crowd, station, station->rival, station->rival_leg);
		send_echo(crowd, station, station->mac, station->leg);
	}
}

/* How many were not answered in time. */
static unsigned ask_all(struct crowd *crowd)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + PHASE_NS;
	unsigned left;

	for (unsigned i = 0; i < crowd->options.stations; i++) {
		crowd->stations[i].answered = false;
		crowd->stations[i].asked = crowd->stations[i].seq + 1;
		crowd->stations[i].due = 0;
	}
	do {
		left = 0;
		for (unsigned i = 0; i < crowd->options.stations && !stopped; i++) {
			struct station *station = &crowd->stations[i];

			left += !station->answered;
			if (station->answered || station->due > now_ns(CLOCK_MONOTONIC))
				continue;
			ask(crowd, station);
			station->due = now_ns(CLOCK_MONOTONIC) + REPEAT_NS;
			listen_until(crowd, now_ns(CLOCK_MONOTONIC) + SECOND / JOIN_RATE);
		}
		listen_until(crowd, now_ns(CLOCK_MONOTONIC) + SECOND / 100);
	} while (left && now_ns(CLOCK_MONOTONIC) < end && !stopped);
	for (unsigned i = 0; i < crowd->options.stations; i++) {
		crowd->stations[i].rival_leg = -1;
		crowd->stations[i].asked = crowd->stations[i].seq + 1; /* answers to claimants may still be on their way */
	}
	return left;
}

/* ---- roaming */

static void move(struct crowd *crowd, struct station *station, int leg)
{
	station->leg = leg;
	crowd->moves++;
	speak(crowd, station);
}

static void come_back(struct crowd *crowd, unsigned index, int leg, uint64_t due)
{
	crowd->backs[crowd->back_count++] = (struct back){due, index, leg};
}

static bool is_about_to_move(const struct crowd *crowd, unsigned index)
{
	for (unsigned i = 0; i < crowd->back_count; i++)
		if (crowd->backs[i].station == index)
			return true;
	return false;
}

static void do_backs(struct crowd *crowd, uint64_t now)
{
	for (unsigned i = 0; i < crowd->back_count;) {
		struct back back = crowd->backs[i];

		if (back.due > now) {
			i++;
			continue;
		}
		crowd->backs[i] = crowd->backs[--crowd->back_count];
		move(crowd, &crowd->stations[back.station], back.leg);
	}
}

/* One turn of a random station; how many moves it makes, now and soon. A thief is no move. */
static unsigned turn(struct crowd *crowd, uint64_t now)
{
	unsigned index = below(crowd->options.stations);
	struct station *station = &crowd->stations[index];
	int former = station->leg, leg = (former + 1 + (int)below((unsigned)crowd->leg_count - 1)) % crowd->leg_count;
	uint8_t thief[ETH_ALEN] = {0x02, 0xbb, 0, 0, (uint8_t)(index >> 8), (uint8_t)index};
	double dice = drand48();

	if (is_about_to_move(crowd, index) || crowd->back_count == RETURNS_MAX) {
		crowd->skipped++;
		return 0;
	}
	if (dice < crowd->options.conflicts / 2) {
		send_echo(crowd, station, thief, leg);
		crowd->thefts++;
		return 0;
	}
	move(crowd, station, leg);
	if (dice < crowd->options.conflicts) { /* in two cells at once: it never left */
		move(crowd, station, former);
		crowd->clones++;
		return 2;
	}
	if (dice < crowd->options.conflicts + crowd->options.ping_pong) {
		come_back(crowd, index, former, now + SECOND / 1000 + below(4000000));
		crowd->ping_pongs++;
		return 2;
	}
	return 1;
}

static uint64_t next_due(const struct crowd *crowd, uint64_t due)
{
	for (unsigned i = 0; i < crowd->back_count; i++)
		due = crowd->backs[i].due < due ? crowd->backs[i].due : due;
	return due;
}

static void roam(struct crowd *crowd)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), due = now, end = now + (uint64_t)(crowd->options.seconds * 1e9);
	uint64_t period = (uint64_t)(1e9 / crowd->options.rate);

	while (!stopped && ((now = now_ns(CLOCK_MONOTONIC)) < end || crowd->back_count)) {
		do_backs(crowd, now);
		if (now >= due && now < end) {
			struct station *idle = &crowd->stations[below(crowd->options.stations)];
			unsigned made = turn(crowd, now);

			crowd->late += now > due + 10 * period;
			due += period * made;
			if (!made)
				continue;
			speak(crowd, idle); /* somebody who stays where it is */
			crowd->chatter++;
		}
		listen_until(crowd, next_due(crowd, due < end ? due : end));
	}
}

/* ---- start and end */

static void open_leg(struct leg *leg)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex(leg->name)};
	int one = 1, bytes = 4 << 20;

	leg->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (leg->socket < 0 || !at.sll_ifindex || setsockopt(leg->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(leg->socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(leg->socket, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail(leg->name);
}

/* Those with a lease first; the others have the addresses from `first` on in the cells in turn. */
static void make_stations(struct crowd *crowd)
{
	const struct options *options = &crowd->options;

	crowd->stations = calloc(options->stations, sizeof(*crowd->stations));
	if (!crowd->stations)
		fail("memory");
	for (unsigned i = 0; i < options->stations; i++) {
		struct station *station = &crowd->stations[i];
		unsigned own = i - options->leased;

		*station = (struct station){.mac = {0x02, 0xaa, 0, 0, (uint8_t)(i >> 8), (uint8_t)i},
					    .rival = {0x02, 0xab, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}, .rival_leg = -1};
		station->leg = station->home = (int)(i % (unsigned)crowd->leg_count);
		if (i < options->leased)
			continue;
		station->home = station->leg = (int)(own % (unsigned)crowd->leg_count);
		station->address = htonl(ntohl(crowd->legs[station->home].gateway.s_addr) + options->first + own / (unsigned)crowd->leg_count);
		if (own % 10 == 9)
			station->rival_leg = (station->home + 1) % crowd->leg_count;
	}
}

static void report(const struct crowd *crowd, unsigned not_joined, unsigned not_answered)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{"moves", crowd->moves}, {"ping_pongs", crowd->ping_pongs}, {"thefts", crowd->thefts}, {"clones", crowd->clones},
		{"chatter", crowd->chatter}, {"sent", crowd->sent}, {"answers", crowd->answers}, {"strays", crowd->strays},
		{"stolen", crowd->stolen}, {"late", crowd->late}, {"skipped", crowd->skipped}, {"not_joined", not_joined},
		{"not_answered", not_answered},
	};
	FILE *out = fopen(crowd->options.file, "w");

	if (!out)
		fail(crowd->options.file);
	for (unsigned i = 0; i < crowd->options.stations; i++) {
		const struct station *station = &crowd->stations[i];
		const uint8_t *mac = station->mac;

		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x %s %s %s\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
			inet_ntoa((struct in_addr){station->address}), crowd->legs[station->leg].name, station->answered ? "answered" : "silence");
	}
	if (fclose(out))
		fail(crowd->options.file);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		printf("%s\"%s\": %" PRIu64, i ? ", " : "{", counters[i].name, counters[i].value);
	printf("}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct crowd crowd = {0};
	int wrong = read_options(&crowd.options, argc, argv);
	unsigned not_joined, not_answered;

	if (wrong)
		return wrong - 1;
	if (argc - optind < 2 || argc - optind > LEGS_MAX)
		return usage(stderr);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (; optind < argc; optind++, crowd.leg_count++) {
		if (!read_leg(&crowd.legs[crowd.leg_count], argv[optind]))
			return usage(stderr);
		open_leg(&crowd.legs[crowd.leg_count]);
	}
	srand48((long)crowd.options.seed);
	make_stations(&crowd);
	not_joined = ask_all(&crowd);
	if (!not_joined)
		roam(&crowd);
	not_answered = ask_all(&crowd);
	report(&crowd, not_joined, not_answered);
	while (!stopped)
		listen_until(&crowd, now_ns(CLOCK_MONOTONIC) + SECOND);
	free(crowd.stations);
	return 0;
}
