/* SPDX-License-Identifier: BSD-2-Clause */
/* The read-only data that bare.c gives its program. */
#ifndef TMIP_BENCH_BARE_H
#define TMIP_BENCH_BARE_H

#define BARE_WAYS 2

struct bare_way {
	unsigned int to;        /* IPv4 destination, network byte order */
	unsigned int ifindex;
	unsigned char macs[12]; /* destination and source */
};

#endif
