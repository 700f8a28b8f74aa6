/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A station that roams in no time, to measure the network's share of a handover. It has a leg (an
 * interface) in each of several cells, one MAC and one IP address, and uses one leg at a time. It
 * sends the uplink of a UDP stream itself, as whole frames, and receives the downlink. Between two
 * packets, at random times, it changes legs. It does not announce itself: the next packet of the
 * stream is the first that the new cell sees. Like a host that has noticed nothing, it keeps
 * sending to the MAC of its gateway at home, on the first leg.
 *
 * The packets are those of its partner, `stream receive -b`. The program prints a JSON object for
 * each change of legs, and one at the end. The file of -w gets a line for each packet of the
 * downlink that arrives over the leg in use.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "roamer_options.h"
#include "tool.h"

#define MAGIC 0x746d7370u
#define LEGS_MAX 8
#define PAYLOAD 64
#define LOCAL_PORT 7777
#define START_NS (5 * SECOND)  /* for the gateway's MAC and the first packet of the downlink */
#define SETTLE_NS (SECOND / 2) /* from the first packet of the downlink to the first change */

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct packet {
	uint32_t magic, seq;
	uint64_t sent_ns; /* CLOCK_REALTIME */
};

struct uplink_frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct udphdr udp;
	struct packet packet;
	uint8_t rest[PAYLOAD - sizeof(struct packet)];
} __attribute__((packed));

struct arp_frame {
	struct ether_header ethernet;
	struct ether_arp arp;
} __attribute__((packed));

struct move {
	int from, to;
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t sent_ns; /* of the first packet after the move */
};

struct roamer {
	struct options options;
	const char *names[LEGS_MAX];
	int legs[LEGS_MAX], leg_count, active;
	int former;          /* the former leg, or -1 */
	uint64_t former_end; /* until then the station hears the former leg, too */
	int tick, change;    /* timers: the next packet, the next change */
	uint8_t gateway_mac[ETH_ALEN];
	bool has_gateway, started;
	bool leaving;        /* the station changes legs with the next packet */
	uint32_t seq;
	uint64_t sent, late, received, stray;
	struct move *moves;
	unsigned move_count;
	FILE *out;
};

static void set_timer(int timer, uint64_t first_ns, uint64_t every_ns)
{
	struct itimerspec spec = {
		.it_interval = {(time_t)(every_ns / SECOND), (long)(every_ns % SECOND)},
		.it_value = {(time_t)(first_ns / SECOND), (long)(first_ns % SECOND)},
	};

	if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		fail("timer");
}

/* ---- frames to the cell */

static void transmit(struct roamer *roamer, const void *frame, size_t len)
{
	if (send(roamer->legs[roamer->active], frame, len, MSG_DONTWAIT) < 0 && errno != ENOBUFS &&
	    errno != EAGAIN)
		fail(roamer->names[roamer->active]);
}

/* ip: 20 bytes, which need no alignment. */
static uint16_t ip_checksum(const void *ip)
{
	uint16_t words[sizeof(struct iphdr) / 2];
	uint32_t sum = 0;

	memcpy(words, ip, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static void send_packet(struct roamer *roamer)
{
	const struct options *options = &roamer->options;
	struct uplink_frame frame = {
		.ethernet = {.ether_type = htons(ETHERTYPE_IP)},
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		       .tot_len = htons(sizeof(frame) - sizeof(frame.ethernet)),
		       .frag_off = htons(IP_DF), .saddr = options->address.s_addr,
		       .daddr = options->server.sin_addr.s_addr},
		.udp = {.source = htons(LOCAL_PORT), .dest = options->server.sin_port,
			.len = htons(sizeof(struct udphdr) + PAYLOAD)},
		.packet = {.magic = htobe32(MAGIC), .seq = htobe32(roamer->seq++),
			   .sent_ns = htobe64(now_ns(CLOCK_REALTIME))},
	};

	memcpy(frame.ethernet.ether_shost, options->mac, ETH_ALEN);
	memcpy(frame.ethernet.ether_dhost, roamer->gateway_mac, ETH_ALEN);
	frame.ip.check = ip_checksum(&frame.ip);
	transmit(roamer, &frame, sizeof(frame));
	roamer->sent++;
	if (roamer->move_count && !roamer->moves[roamer->move_count - 1].sent_ns)
		roamer->moves[roamer->move_count - 1].sent_ns = be64toh(frame.packet.sent_ns);
}

static void send_arp(struct roamer *roamer, uint16_t operation, const uint8_t *to_mac,
		     const void *to_address)
{
	static const uint8_t broadcast[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct arp_frame frame = {
		.ethernet = {.ether_type = htons(ETHERTYPE_ARP)},
		.arp.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETHERTYPE_IP),
			       .ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(operation)},
	};

	memcpy(frame.ethernet.ether_shost, roamer->options.mac, ETH_ALEN);
	memcpy(frame.ethernet.ether_dhost, to_mac ? to_mac : broadcast, ETH_ALEN);
	memcpy(frame.arp.arp_sha, roamer->options.mac, ETH_ALEN);
	memcpy(frame.arp.arp_spa, &roamer->options.address, 4);
	memcpy(frame.arp.arp_tpa, to_address, 4);
	if (to_mac)
		memcpy(frame.arp.arp_tha, to_mac, ETH_ALEN);
	transmit(roamer, &frame, sizeof(frame));
}

/* ---- frames from the cell */

static void handle_arp(struct roamer *roamer, const struct arp_frame *frame, size_t len)
{
	uint16_t operation = ntohs(frame->arp.ea_hdr.ar_op);

	if (len < sizeof(*frame))
		return;
	if (operation == ARPOP_REQUEST && !memcmp(frame->arp.arp_tpa, &roamer->options.address, 4))
		send_arp(roamer, ARPOP_REPLY, frame->arp.arp_sha, frame->arp.arp_spa);
	if (roamer->has_gateway || operation != ARPOP_REPLY ||
	    memcmp(frame->arp.arp_spa, &roamer->options.gateway, 4))
		return;
	memcpy(roamer->gateway_mac, frame->arp.arp_sha, ETH_ALEN);
	roamer->has_gateway = true;
}

static void handle_packet(struct roamer *roamer, const struct uplink_frame *frame, size_t len,
			  uint64_t time_ns)
{
	if (len < sizeof(*frame) || frame->ip.ihl != 5 || frame->ip.protocol != IPPROTO_UDP ||
	    frame->udp.dest != htons(LOCAL_PORT) || be32toh(frame->packet.magic) != MAGIC ||
	    memcmp(frame->ethernet.ether_dhost, roamer->options.mac, ETH_ALEN))
		return;
	roamer->received++;
	if (roamer->out)
		fprintf(roamer->out, "%u %" PRIu64 " %" PRIu64 "\n", be32toh(frame->packet.seq),
			be64toh(frame->packet.sent_ns), time_ns);
}

static bool hears_former(const struct roamer *roamer, int leg)
{
	return leg == roamer->former && now_ns(CLOCK_MONOTONIC) < roamer->former_end;
}

/*
 * Handles the frames on a leg. On the leg in use they are packets and ARP; on the former leg, for a
 * while, only packets; frames on other legs are strays.
 */
static void drain(struct roamer *roamer, int leg)
{
	union {
		struct ether_header ethernet;
		struct arp_frame arp;
		struct uplink_frame packet;
		uint8_t bytes[2048];
	} frame;
	uint8_t control[128];
	struct iovec iov = {&frame, sizeof(frame)};
	ssize_t len;

	for (;;) {
		struct msghdr message = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};

		len = recvmsg(roamer->legs[leg], &message, MSG_DONTWAIT);
		if (len < 0)
			return;
		if (leg != roamer->active && !hears_former(roamer, leg))
			roamer->stray++;
		else if (leg == roamer->active && len >= (ssize_t)sizeof(frame.ethernet) &&
			 frame.ethernet.ether_type == htons(ETHERTYPE_ARP))
			handle_arp(roamer, &frame.arp, (size_t)len);
		else
			handle_packet(roamer, &frame.packet, (size_t)len, time_of(&message));
	}
}

/* ---- roaming */

/* 0, 1, 2, 0, 2, 1, 0 ...: with three legs the station goes from each to each. */
static int next_leg(const struct roamer *roamer)
{
	int count = roamer->leg_count;
	int step = roamer->move_count / (unsigned)count % 2 ? count - 1 : 1;

	return (roamer->active + step) % count;
}

static void arm_change(struct roamer *roamer)
{
	const struct options *options = &roamer->options;
	double wait_ms = options->least_ms + drand48() * (options->most_ms - options->least_ms);

	set_timer(roamer->change, now_ns(CLOCK_MONOTONIC) + (uint64_t)(wait_ms * 1e6), 0);
}

static void change_legs(struct roamer *roamer)
{
	struct move *move = &roamer->moves[roamer->move_count];
	int to = next_leg(roamer);

	drain(roamer, roamer->active); /* packets from before the change still count */
	*move = (struct move){.from = roamer->active, .to = to, .time_ns = now_ns(CLOCK_REALTIME)};
	roamer->former = roamer->active;
	roamer->former_end = now_ns(CLOCK_MONOTONIC) + (uint64_t)(roamer->options.overlap_ms * 1e6);
	roamer->active = to;
	roamer->leaving = false;
	roamer->move_count++;
	arm_change(roamer); /* also after the last change, so that the traffic after it counts */
}

/* True if the timer has run out. */
static bool expired(int timer, uint64_t *times)
{
	return read(timer, times, sizeof(*times)) == sizeof(*times);
}

/* Returns 0 when all changes are done, or -1 when the time is over. */
static int roam(struct roamer *roamer, uint64_t end_ns)
{
	struct pollfd fds[2 + LEGS_MAX] = {
		{.fd = roamer->tick, .events = POLLIN}, {.fd = roamer->change, .events = POLLIN},
	};
	uint64_t times, changes;
	bool ticked;

	for (int leg = 0; leg < roamer->leg_count; leg++)
		fds[2 + leg] = (struct pollfd){.fd = roamer->legs[leg], .events = POLLIN};
	while (now_ns(CLOCK_MONOTONIC) < end_ns) {
		if (poll(fds, 2 + (nfds_t)roamer->leg_count, 100) < 0 && errno != EINTR)
			fail("poll");
		for (int leg = 0; leg < roamer->leg_count; leg++)
			drain(roamer, leg);
		if (roamer->received && !roamer->started) {
			roamer->started = true;
			set_timer(roamer->change, now_ns(CLOCK_MONOTONIC) + SETTLE_NS, 0);
		}
		if (expired(roamer->change, &changes)) {
			if (roamer->move_count == roamer->options.moves)
				return 0;
			roamer->leaving = true;
		}
		ticked = expired(roamer->tick, &times);
		if (roamer->leaving && (ticked || !roamer->options.at_once))
			change_legs(roamer);
		if (ticked) {
			roamer->late += times - 1;
			while (times--)
				send_packet(roamer);
		}
	}
	return -1;
}

static void find_gateway(struct roamer *roamer)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + START_NS;
	struct pollfd fd = {.fd = roamer->legs[0], .events = POLLIN};

	while (!roamer->has_gateway && now_ns(CLOCK_MONOTONIC) < end) {
		send_arp(roamer, ARPOP_REQUEST, NULL, &roamer->options.gateway);
		if (poll(&fd, 1, 100) > 0)
			drain(roamer, 0);
	}
	errno = ETIMEDOUT;
	if (!roamer->has_gateway)
		fail("no ARP answer of the gateway");
}

/* ---- start and end */

static int open_leg(const char *name)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int one = 1, bytes = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !at.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail(name);
	return fd;
}

static void prepare(struct roamer *roamer)
{
	const struct options *options = &roamer->options;
	struct sched_param priority = {.sched_priority = options->priority};

	roamer->tick = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	roamer->change = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	roamer->moves = calloc(options->moves + 1, sizeof(*roamer->moves));
	if (roamer->tick < 0 || roamer->change < 0 || !roamer->moves)
		fail("timer");
	for (int leg = 0; leg < roamer->leg_count; leg++)
		roamer->legs[leg] = open_leg(roamer->names[leg]);
	if (options->file && !(roamer->out = fopen(options->file, "w")))
		fail(options->file);
	if (options->priority && (sched_setscheduler(0, SCHED_FIFO, &priority) < 0 ||
				  mlockall(MCL_CURRENT | MCL_FUTURE) < 0))
		fail("priority");
	srand48((long)now_ns(CLOCK_MONOTONIC));
}

/* The number of frames for which the sockets had no room: the network did not lose these. */
static unsigned overflow(const struct roamer *roamer)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	unsigned sum = 0;

	for (int leg = 0; leg < roamer->leg_count; leg++)
		if (!getsockopt(roamer->legs[leg], SOL_PACKET, PACKET_STATISTICS, &stats, &len))
			sum += stats.tp_drops;
	return sum;
}

static void report(const struct roamer *roamer)
{
	for (unsigned i = 0; i < roamer->move_count; i++) {
		const struct move *move = &roamer->moves[i];

		printf("{\"from\": \"%s\", \"to\": \"%s\", \"time_ns\": %" PRIu64
		       ", \"sent_ns\": %" PRIu64 "}\n",
		       roamer->names[move->from], roamer->names[move->to], move->time_ns,
		       move->sent_ns);
	}
	printf("{\"moves\": %u, \"sent\": %" PRIu64 ", \"late\": %" PRIu64
	       ", \"received\": %" PRIu64 ", \"stray\": %" PRIu64 ", \"overflow\": %u}\n",
	       roamer->move_count, roamer->sent, roamer->late, roamer->received, roamer->stray,
	       overflow(roamer));
}

int main(int argc, char **argv)
{
	struct roamer roamer = {.former = -1};
	int wrong = read_options(&roamer.options, argc, argv), failed;
	uint64_t period, now, longest, longest_change;

	if (wrong)
		return wrong - 1;
	roamer.leg_count = argc - optind;
	if (roamer.leg_count < 2 || roamer.leg_count > LEGS_MAX)
		return usage(stderr);
	for (int leg = 0; leg < roamer.leg_count; leg++)
		roamer.names[leg] = argv[optind + leg];
	prepare(&roamer);
	find_gateway(&roamer);
	now = now_ns(CLOCK_MONOTONIC);
	period = (uint64_t)(1e9 / roamer.options.rate);
	longest_change = (uint64_t)(roamer.options.most_ms * 1e6);
	longest = 2 * START_NS + longest_change * (roamer.options.moves + 1);
	set_timer(roamer.tick, now + period, period);
	failed = roam(&roamer, now + longest);
	report(&roamer);
	if (failed)
		fprintf(stderr, "roamer: not all changes were made in time; "
			"%" PRIu64 " packets received\n", roamer.received);
	free(roamer.moves);
	return (roamer.out && fclose(roamer.out)) || failed ? 1 : 0;
}
