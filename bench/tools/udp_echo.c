/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round trips of a UDP request and its answer. `udp_echo serve PORT` answers until a signal ends
 * it. `udp_echo ask ADDRESS PORT` asks one question after the other, and prints the times of the
 * round trips as a JSON object. Both spin while they wait. With -w they wait in the kernel, and the
 * times contain the wake-ups of two processes, too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define LOST_NS (SECOND / 5)
#define LOST_MAX 20

struct question {
	uint32_t number;
	uint8_t rest[60];
};

static void serve(int fd, int flags)
{
	struct sockaddr_in from;
	uint8_t bytes[2048];

	for (;;) {
		struct sockaddr *peer = (struct sockaddr *)&from;
		socklen_t len = sizeof(from);
		ssize_t got = recvfrom(fd, bytes, sizeof(bytes), flags, peer, &len);

		if (got >= 0)
			sendto(fd, bytes, (size_t)got, 0, peer, len);
	}
}

/* Returns the nanoseconds of the round trip, or 0 if no answer comes. */
static uint64_t ask_once(int fd, int flags, uint32_t number)
{
	struct question question = {.number = number}, answer = {.number = ~number};
	uint64_t start = now_ns(CLOCK_MONOTONIC), end = start;

	if (send(fd, &question, sizeof(question), 0) < 0 && errno != ECONNREFUSED)
		fail("send");
	while (end - start < LOST_NS) {
		ssize_t got = recv(fd, &answer, sizeof(answer), flags);

		end = now_ns(CLOCK_MONOTONIC);
		if (got == sizeof(answer) && answer.number == number)
			return end - start;
	}
	return 0;
}

static int order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void ask(int fd, int flags, uint32_t count, double seconds)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * SECOND);
	uint64_t *times = calloc(count, sizeof(*times));
	uint32_t answered = 0, lost = 0, warm_up = count / 10;

	if (!times)
		fail("memory");
	for (uint32_t i = 0; i < count + warm_up && now_ns(CLOCK_MONOTONIC) < end; i++) {
		uint64_t time = ask_once(fd, flags, i);

		if (!time && ++lost > LOST_MAX)
			fail("no answers");
		if (time && i >= warm_up)
			times[answered++] = time;
	}
	if (!answered)
		fail("no answers");
	qsort(times, answered, sizeof(*times), order);
	printf("{\"answers\": %u, \"lost\": %u, \"median_us\": %.3f, \"p99_us\": %.3f}\n", answered,
	       lost, (double)times[answered / 2] / 1e3,
	       (double)times[(uint64_t)answered * 99 / 100] / 1e3);
	free(times);
}

static int usage(FILE *out)
{
	fputs("usage: udp_echo [OPTIONS] serve PORT\n"
	      "       udp_echo [OPTIONS] ask ADDRESS PORT\n"
	      "  -n COUNT    number of questions (5000)\n"
	      "  -d SECONDS  ask no longer than that (1)\n"
	      "  -w          wait in the kernel instead of spinning\n", out);
	return out == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct timeval patience = {.tv_usec = LOST_NS / 1000};
	struct sockaddr_in address = {.sin_family = AF_INET};
	int c, fd, flags = MSG_DONTWAIT;
	double seconds = 1;
	uint32_t count = 5000;
	bool asks;

	while ((c = getopt(argc, argv, "n:d:wh")) != -1) {
		switch (c) {
		case 'n': count = (uint32_t)atoi(optarg); break;
		case 'd': seconds = atof(optarg); break;
		case 'w': flags = 0; break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	asks = argc - optind == 3 && strcmp(argv[optind], "ask") == 0;
	if (!asks && (argc - optind != 2 || strcmp(argv[optind], "serve") != 0))
		return usage(stderr);
	address.sin_port = htons((uint16_t)atoi(argv[argc - 1]));
	if (count < 1 || count > 100000000 ||
	    (asks && inet_pton(AF_INET, argv[optind + 1], &address.sin_addr) != 1))
		return usage(stderr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		fail("socket");
	if ((asks ? connect : bind)(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(asks ? "connect" : "bind");
	if (asks)
		ask(fd, flags, count, seconds);
	else
		serve(fd, flags);
	return 0;
}
