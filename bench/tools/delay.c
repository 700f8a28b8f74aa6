/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delay lines, for kernels without netem: the program passes whole frames between the two
 * interfaces of a pair, each a fixed time after it arrived, in order. There may be up to PAIRS_MAX
 * pairs. The queue of each direction is bounded: the program drops and counts frames that find it
 * full. The hosts at the ends must compute checksums and cut segments themselves (ethtool -K ... tx
 * off gso off), as frames pass unchanged. SIGTERM or SIGINT ends the program, which then prints a
 * JSON object.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define PAIRS_MAX 32
#define FRAME_MAX 2048

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct frame {
	uint64_t due_ns; /* CLOCK_REALTIME, which is the clock of the kernel's stamps */
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

/* One direction of a pair: frames come in at `from` and leave at `to`. */
struct way {
	int from, to;
	struct frame *queue;
	unsigned first, count;
};

static uint64_t delay_ns, passed, dropped, too_long, latest_ns;
static unsigned room = 4096;

static struct frame *free_frame(const struct way *way)
{
	return way->count < room ? &way->queue[(way->first + way->count) % room] : NULL;
}

/* Puts all frames that have arrived into the queue. */
static void enqueue(struct way *way)
{
	static uint8_t spare[FRAME_MAX];
	uint8_t control[128];

	for (;;) {
		struct frame *frame = free_frame(way);
		struct iovec iov = {frame ? frame->bytes : spare, FRAME_MAX};
		struct msghdr message = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		ssize_t len = recvmsg(way->from, &message, MSG_DONTWAIT | MSG_TRUNC);

		if (len < 0)
			return;
		if (len > FRAME_MAX) {
			too_long++;
		} else if (!frame) {
			dropped++;
		} else {
			frame->len = (size_t)len;
			frame->due_ns = time_of(&message) + delay_ns;
			way->count++;
		}
	}
}

/* Sends the frames that are due. Returns the time of the next one, or 0. */
static uint64_t send_due(struct way *way, uint64_t now)
{
	while (way->count) {
		struct frame *frame = &way->queue[way->first];

		if (frame->due_ns > now)
			return frame->due_ns;
		if (send(way->to, frame->bytes, frame->len, MSG_DONTWAIT) < 0)
			dropped++;
		else
			passed++;
		latest_ns = now - frame->due_ns > latest_ns ? now - frame->due_ns : latest_ns;
		way->first = (way->first + 1) % room;
		way->count--;
	}
	return 0;
}

static void loop(struct way *ways, unsigned count)
{
	struct pollfd fds[2 * PAIRS_MAX];

	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = ways[i].from, .events = POLLIN};
	while (!stopped) {
		uint64_t now = now_ns(CLOCK_REALTIME), next = now + SECOND / 10, due;
		struct timespec wait;

		for (unsigned i = 0; i < count; i++) {
			due = send_due(&ways[i], now);
			next = due && due < next ? due : next;
		}
		now = now_ns(CLOCK_REALTIME);
		wait = (struct timespec){0, next > now ? (long)(next - now) : 0};
		if (ppoll(fds, count, &wait, NULL) < 0 && errno != EINTR)
			fail("poll");
		for (unsigned i = 0; i < count; i++)
			if (fds[i].revents)
				enqueue(&ways[i]);
	}
}

static int open_end(const char *name)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex(name)};
	int one = 1, bytes = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !at.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fail(name);
	return fd;
}

static bool open_pair(struct way *ways, char *pair)
{
	char *colon = strchr(pair, ':');

	if (!colon)
		return false;
	*colon = '\0';
	ways[0].from = ways[1].to = open_end(pair);
	ways[0].to = ways[1].from = open_end(colon + 1);
	for (int i = 0; i < 2; i++) {
		/* Pages that no frame has used take no memory. */
		ways[i].queue = calloc(room, sizeof(*ways[i].queue));
		if (!ways[i].queue)
			fail("memory");
	}
	return true;
}

static int usage(FILE *out)
{
	fputs("usage: delay -d MS [OPTIONS] INTERFACE:INTERFACE ...\n"
	      "  -d MS        delay of each frame\n"
	      "  -q FRAMES    size of the queue of each direction (4096)\n"
	      "  -p PRIORITY  run with SCHED_FIFO\n", out);
	return out == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sched_param priority = {0};
	struct way ways[2 * PAIRS_MAX] = {0};
	unsigned count = 0;
	int c;

	while ((c = getopt(argc, argv, "d:q:p:h")) != -1) {
		switch (c) {
		case 'd': delay_ns = (uint64_t)(atof(optarg) * 1e6); break;
		case 'q': room = (unsigned)atoi(optarg); break;
		case 'p': priority.sched_priority = atoi(optarg); break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	if (!delay_ns || !room || optind == argc || argc - optind > PAIRS_MAX)
		return usage(stderr);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (; optind < argc; optind++, count += 2)
		if (!open_pair(&ways[count], argv[optind]))
			return usage(stderr);
	if (priority.sched_priority &&
	    (sched_setscheduler(0, SCHED_FIFO, &priority) < 0 || mlockall(MCL_CURRENT) < 0))
		fail("priority");
	loop(ways, count);
	printf("{\"passed\": %" PRIu64 ", \"dropped\": %" PRIu64 ", \"too_long\": %" PRIu64
	       ", \"latest_ms\": %.3f}\n", passed, dropped, too_long, (double)latest_ns / 1e6);
	for (unsigned i = 0; i < count; i++)
		free(ways[i].queue);
	return 0;
}
