/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A crowd: many stations at once, without a device for each. The crowd has one leg (an interface)
 * in the cell of each CN; a station is a MAC, an address and the number of the leg that it uses.
 * All stations send and receive whole frames.
 *
 * First the stations join, each in the cell of its address: the first ones by DHCP, the others with
 * a static address. For every tenth static address a rival with another MAC claims the same address
 * in another cell at the same moment; the claimant that gets answers after some time is the station
 * from then on. Then the stations roam at random for a while, at a steady rate: plain moves;
 * ping-pong (there and back within milliseconds); a second sender with the station's address and
 * another MAC; the same MAC in two cells at once. In the end each station sends from its true cell
 * until it gets an answer there. The program prints a JSON object and writes the leg of each
 * station to a file. Then it answers ARP until a signal ends it.
 */
#include <inttypes.h>
#include <linux/if_packet.h>
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
#include "crowd_stations.h"
#include "tool.h"

#define JOIN_RATE 300          /* frames a second while the stations join, and in the end */
#define REPEAT_NS (SECOND / 2) /* until a station repeats a frame without an answer */
#define PHASE_NS (60 * SECOND) /* the longest time for joining, and for the end */

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* ---- joining, and the end: each station asks until it gets an answer */

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

/* Returns the number of stations that get no answer in time. */
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
		/* Answers to claimants may still be on their way. */
		crowd->stations[i].asked = crowd->stations[i].seq + 1;
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

static int other_leg(const struct crowd *crowd, int leg)
{
	return (leg + 1 + (int)below((unsigned)crowd->leg_count - 1)) % crowd->leg_count;
}

/*
 * A random station has its turn. Returns how many moves it makes, now and soon. A thief is no move.
 */
static unsigned turn(struct crowd *crowd, uint64_t now)
{
	unsigned index = below(crowd->options.stations);
	struct station *station = &crowd->stations[index];
	int former = station->leg, leg = other_leg(crowd, former);
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
	if (dice < crowd->options.conflicts) { /* in two cells at once: the station never left */
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
	uint64_t now = now_ns(CLOCK_MONOTONIC), due = now;
	uint64_t end = now + (uint64_t)(crowd->options.seconds * 1e9);
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
			speak(crowd, idle); /* a station that stays in its cell */
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
	if (leg->socket < 0 || !at.sll_ifindex ||
	    setsockopt(leg->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(leg->socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(leg->socket, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail(leg->name);
}

/*
 * Makes the stations with a lease, and then those with a static address: the addresses from `first`
 * on, in each cell in turn.
 */
static void make_stations(struct crowd *crowd)
{
	const struct options *options = &crowd->options;

	crowd->stations = calloc(options->stations, sizeof(*crowd->stations));
	if (!crowd->stations)
		fail("memory");
	for (unsigned i = 0; i < options->stations; i++) {
		struct station *station = &crowd->stations[i];
		unsigned own = i - options->leased;

		*station = (struct station){
			.mac = {0x02, 0xaa, 0, 0, (uint8_t)(i >> 8), (uint8_t)i},
			.rival = {0x02, 0xab, 0, 0, (uint8_t)(i >> 8), (uint8_t)i},
			.rival_leg = -1,
		};
		station->leg = station->home = (int)(i % (unsigned)crowd->leg_count);
		if (i < options->leased)
			continue;
		station->home = station->leg = (int)(own % (unsigned)crowd->leg_count);
		station->address = htonl(ntohl(crowd->legs[station->home].gateway.s_addr) +
					 options->first + own / (unsigned)crowd->leg_count);
		if (own % 10 == 9)
			station->rival_leg = (station->home + 1) % crowd->leg_count;
	}
}

static void write_places(const struct crowd *crowd)
{
	FILE *out = fopen(crowd->options.file, "w");

	if (!out)
		fail(crowd->options.file);
	for (unsigned i = 0; i < crowd->options.stations; i++) {
		const struct station *station = &crowd->stations[i];
		const uint8_t *mac = station->mac;

		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x %s %s %s\n", mac[0], mac[1], mac[2],
			mac[3], mac[4], mac[5], inet_ntoa((struct in_addr){station->address}),
			crowd->legs[station->leg].name, station->answered ? "answered" : "silence");
	}
	if (fclose(out))
		fail(crowd->options.file);
}

static void report(const struct crowd *crowd, unsigned not_joined, unsigned not_answered)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{"moves", crowd->moves}, {"ping_pongs", crowd->ping_pongs},
		{"thefts", crowd->thefts}, {"clones", crowd->clones},
		{"chatter", crowd->chatter}, {"sent", crowd->sent},
		{"answers", crowd->answers}, {"strays", crowd->strays},
		{"stolen", crowd->stolen}, {"late", crowd->late},
		{"skipped", crowd->skipped}, {"not_joined", not_joined},
		{"not_answered", not_answered},
	};

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
	write_places(&crowd);
	report(&crowd, not_joined, not_answered);
	while (!stopped)
		listen_until(&crowd, now_ns(CLOCK_MONOTONIC) + SECOND);
	free(crowd.stations);
	return 0;
}
