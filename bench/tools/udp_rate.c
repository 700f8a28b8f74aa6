/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The number of small UDP packets a second that a path delivers. `udp_rate send ADDRESS PORT` sends
 * as fast as the kernel takes the packets. `udp_rate receive PORT` counts the packets that arrive,
 * beginning a while after the first one. Each prints a JSON object: the receiver prints the rate,
 * the sender prints the time of its CPU for a packet, over veth all the way to the receiver's
 * socket. Both end by themselves, the receiver with status 1 if no packet arrives in time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define BATCH 64
#define BUFFER (4 << 20)
#define WAIT_SECONDS 5

struct options {
	double seconds, settle;
	size_t size;
};

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	uint8_t bytes[BATCH][2048];
};

static double seconds_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double now(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

static struct batch *make_batch(size_t size)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		fail("memory");
	for (int i = 0; i < BATCH; i++) {
		batch->iov[i] = (struct iovec){batch->bytes[i], size};
		batch->messages[i].msg_hdr.msg_iov = &batch->iov[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return batch;
}

static void send_all(int fd, const struct options *options, struct sockaddr_in *to)
{
	struct batch *batch = make_batch(options->size);
	double end = now() + options->seconds, cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	uint64_t packets = 0;

	if (connect(fd, (struct sockaddr *)to, sizeof(*to)) < 0)
		fail("connect");
	while (now() < end) {
		int sent = sendmmsg(fd, batch->messages, BATCH, 0);

		if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
			fail("send");
		packets += sent > 0 ? (unsigned)sent : 0;
	}
	cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	printf("{\"packets\": %" PRIu64 ", \"cpu_ns\": %.0f}\n", packets,
	       packets ? cpu * 1e9 / (double)packets : 0.0);
	free(batch);
}

/* Counts packets until `end`. It spins, as a wake-up would be the sender's work. */
static uint64_t count_until(int fd, struct batch *batch, double end)
{
	uint64_t packets = 0;

	while (now() < end) {
		int got = recvmmsg(fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);

		if (got > 0)
			packets += (unsigned)got;
		else if (got < 0 && errno != EAGAIN)
			fail("receive");
	}
	return packets;
}

static void receive_all(int fd, const struct options *options, const struct sockaddr_in *at)
{
	struct batch *batch = make_batch(sizeof(batch->bytes[0]));
	struct timeval patience = {.tv_sec = WAIT_SECONDS};
	int size = BUFFER;
	double start;
	uint64_t packets;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		fail("socket option");
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0)
		fail("bind");
	if (recvmmsg(fd, batch->messages, 1, MSG_WAITFORONE, NULL) < 0)
		fail("nothing received");
	count_until(fd, batch, now() + options->settle);
	start = now();
	packets = count_until(fd, batch, start + options->seconds);
	printf("{\"packets\": %" PRIu64 ", \"pps\": %.0f}\n", packets,
	       (double)packets / (now() - start));
	free(batch);
}

static int usage(FILE *out)
{
	fputs("usage: udp_rate [OPTIONS] send ADDRESS PORT\n"
	      "       udp_rate [OPTIONS] receive PORT\n"
	      "  -d SECONDS  time of sending, or of counting (1)\n"
	      "  -i SECONDS  time of receiving before the count begins (0.2)\n"
	      "  -s BYTES    size of the UDP payload (18: the smallest Ethernet frame)\n", out);
	return out == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct options options = {.seconds = 1, .settle = 0.2, .size = 18};
	struct sockaddr_in address = {.sin_family = AF_INET};
	bool sends;
	int c, fd;

	while ((c = getopt(argc, argv, "d:i:s:h")) != -1) {
		switch (c) {
		case 'd': options.seconds = atof(optarg); break;
		case 'i': options.settle = atof(optarg); break;
		case 's': options.size = (size_t)atoi(optarg); break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	sends = argc - optind == 3 && strcmp(argv[optind], "send") == 0;
	if (!sends && (argc - optind != 2 || strcmp(argv[optind], "receive") != 0))
		return usage(stderr);
	if (options.size < 1 || options.size > 1472)
		return usage(stderr);
	address.sin_port = htons((uint16_t)atoi(argv[argc - 1]));
	if (sends && inet_pton(AF_INET, argv[optind + 1], &address.sin_addr) != 1)
		return usage(stderr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	if (sends)
		send_all(fd, &options, &address);
	else
		receive_all(fd, &options, &address);
	return 0;
}
