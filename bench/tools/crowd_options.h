/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of crowd.c: its options, and the legs that follow them. */
#ifndef CROWD_OPTIONS_H
#define CROWD_OPTIONS_H

#include <arpa/inet.h>
#include <getopt.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define STATIONS_MAX 65535u

struct leg {
	char name[IFNAMSIZ];
	int socket;
	struct in_addr gateway; /* of the cell */
	uint8_t mac[ETH_ALEN];  /* of the gateway */
};

struct options {
	unsigned stations, leased, seed;
	double seconds, rate, ping_pong, conflicts;
	struct in_addr server;
	unsigned first; /* from the gateway of a cell to the first static address */
	const char *file;
};

static inline int usage(FILE *out)
{
	fputs("usage: crowd -s SERVER -w FILE [OPTIONS] LEG=GATEWAY=MAC LEG=GATEWAY=MAC ...\n"
	      "  -s SERVER   address of a host that answers echo requests\n"
	      "  -w FILE     write a line for each station at the end:\n"
	      "              MAC, address, leg, whether it got an answer there\n"
	      "  -n COUNT    number of stations (100)\n"
	      "  -l COUNT    number of stations with a lease by DHCP (half);\n"
	      "              the others have a static address\n"
	      "  -a NUMBER   distance of the first static address from the gateway's (129)\n"
	      "  -t SECONDS  time of roaming (10)\n"
	      "  -r RATE     moves a second (200)\n"
	      "  -p SHARE    share of turns that are ping-pong (0.2)\n"
	      "  -c SHARE    share of turns that are conflicts (0.1)\n"
	      "  -x SEED     seed of the random numbers (1)\n", out);
	return out == stderr ? 2 : 0;
}

static inline bool read_leg(struct leg *leg, const char *text)
{
	char address[16];
	uint8_t *mac = leg->mac;
	int used = 0;

	return sscanf(text, "%15[^=]=%15[^=]=%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", leg->name,
		      address, &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &used) == 8 &&
	       !text[used] && inet_pton(AF_INET, address, &leg->gateway) == 1;
}

/* Returns 0, or the exit status plus one. */
static inline int read_options(struct options *options, int argc, char **argv)
{
	bool good = true, leased = false;
	int c;

	*options = (struct options){
		.stations = 100, .seconds = 10, .rate = 200, .ping_pong = 0.2, .conflicts = 0.1,
		.first = 129, .seed = 1,
	};
	while ((c = getopt(argc, argv, "s:w:n:l:a:t:r:p:c:x:h")) != -1) {
		switch (c) {
		case 's': good &= inet_pton(AF_INET, optarg, &options->server) == 1; break;
		case 'w': options->file = optarg; break;
		case 'n': options->stations = (unsigned)atoi(optarg); break;
		case 'l': options->leased = (unsigned)atoi(optarg); leased = true; break;
		case 'a': options->first = (unsigned)atoi(optarg); break;
		case 't': options->seconds = atof(optarg); break;
		case 'r': options->rate = atof(optarg); break;
		case 'p': options->ping_pong = atof(optarg); break;
		case 'c': options->conflicts = atof(optarg); break;
		case 'x': options->seed = (unsigned)atoi(optarg); break;
		case 'h': return 1 + usage(stdout);
		default: return 1 + usage(stderr);
		}
	}
	if (!leased)
		options->leased = options->stations / 2;
	good &= options->server.s_addr && options->file && options->rate > 0 && options->stations &&
		options->stations <= STATIONS_MAX;
	return good && options->leased <= options->stations ? 0 : 1 + usage(stderr);
}

#endif
