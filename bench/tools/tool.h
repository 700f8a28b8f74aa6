/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared part of the measuring programs: the end after an error, clocks, the kernel's time of a
 * message, and signals that stop a program.
 */
#ifndef TMIP_BENCH_TOOL_H
#define TMIP_BENCH_TOOL_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SECOND 1000000000ull

static inline void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/*
 * The time when the kernel received the message (SO_TIMESTAMPNS, CLOCK_REALTIME); without a stamp,
 * the present time.
 */
static inline uint64_t time_of(struct msghdr *message)
{
	struct timespec stamp;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		return (uint64_t)stamp.tv_sec * SECOND + (uint64_t)stamp.tv_nsec;
	}
	return now_ns(CLOCK_REALTIME);
}

/* on_signal sets it. */
static volatile sig_atomic_t stopped __attribute__((unused));

static inline void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

#endif
