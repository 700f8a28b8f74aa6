/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of roamer.c: its options. The legs follow them. */
#ifndef ROAMER_OPTIONS_H
#define ROAMER_OPTIONS_H

#include <arpa/inet.h>
#include <getopt.h>
#include <net/ethernet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	uint8_t mac[ETH_ALEN];
	struct in_addr address, gateway;
	struct sockaddr_in server;
	double rate, least_ms, most_ms, overlap_ms;
	unsigned moves;
	bool at_once;
	int priority;
	const char *file;
};

static inline int usage(FILE *out)
{
	fputs("usage: roamer -m MAC -a ADDRESS -g GATEWAY -s SERVER:PORT [OPTIONS] "
	      "HOME_LEG LEG ...\n"
	      "  -n COUNT     number of changes of legs (50)\n"
	      "  -i MIN-MAX   milliseconds from one change to the next (150-250)\n"
	      "  -f           change when a packet is due, so that the new cell hears it at once\n"
	      "  -o MS        go on hearing the former leg for so long (0)\n"
	      "  -r HZ        packets a second (1000)\n"
	      "  -w FILE      write a line for each packet received:\n"
	      "               sequence number, time sent, time received (ns)\n"
	      "  -p PRIORITY  run with SCHED_FIFO\n", out);
	return out == stderr ? 2 : 0;
}

static inline bool read_mac(uint8_t *mac, const char *text)
{
	int used = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &used) == 6 &&
	       !text[used];
}

static inline bool read_interval(struct options *options, const char *text)
{
	return sscanf(text, "%lf-%lf", &options->least_ms, &options->most_ms) == 2;
}

static inline bool read_server(struct sockaddr_in *server, char *text)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	server->sin_port = htons((uint16_t)atoi(colon + 1));
	return inet_pton(AF_INET, text, &server->sin_addr) == 1;
}

/* Returns 0, or the exit status plus one. */
static inline int read_options(struct options *options, int argc, char **argv)
{
	bool good = true;
	int c;

	*options = (struct options){.rate = 1000, .moves = 50, .least_ms = 150, .most_ms = 250};
	while ((c = getopt(argc, argv, "m:a:g:s:n:i:fo:r:w:p:h")) != -1) {
		switch (c) {
		case 'm': good &= read_mac(options->mac, optarg); break;
		case 'a': good &= inet_pton(AF_INET, optarg, &options->address) == 1; break;
		case 'g': good &= inet_pton(AF_INET, optarg, &options->gateway) == 1; break;
		case 's': good &= read_server(&options->server, optarg); break;
		case 'n': options->moves = (unsigned)atoi(optarg); break;
		case 'i': good &= read_interval(options, optarg); break;
		case 'f': options->at_once = true; break;
		case 'o': options->overlap_ms = atof(optarg); break;
		case 'r': options->rate = atof(optarg); break;
		case 'w': options->file = optarg; break;
		case 'p': options->priority = atoi(optarg); break;
		case 'h': return 1 + usage(stdout);
		default: return 1 + usage(stderr);
		}
	}
	good &= options->address.s_addr && options->gateway.s_addr && options->server.sin_port;
	good &= options->rate > 0 && options->moves < 1000000;
	return good && options->least_ms <= options->most_ms ? 0 : 1 + usage(stderr);
}

#endif
