/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket of tunnel probes without the kernel: the test sees what was sent, and puts news in. It
 * takes the place of io/datapath/probe_socket.h. The descriptor is real, and readable while news
 * wait.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_PROBE_SOCKET_H
#define TMIP_TESTS_AGENT_FAKE_PROBE_SOCKET_H

#include "io/datapath/probe_socket.h"

#define FAKE_PROBES 4096

struct fake_probes {
	int open_error, send_error; /* negative: the calls return it */
	unsigned interface_mtu;     /* larger probes are refused with -EMSGSIZE; 0: none */
	unsigned path_mtu;          /* smaller ones come back at once; 0: none does */
	unsigned opened, closed;    /* times */
	struct tmip_addr local;     /* of the newest one */
	unsigned count;             /* of probes sent, */
	unsigned sizes[FAKE_PROBES]; /* and their sizes */
	unsigned asked;             /* probes about stations; each gets the next number */
	uint8_t kind;               /* of the last one, */
	struct tmip_addr remote, station;
};

extern struct fake_probes fake_probes;

void fake_probes_reset(void);
void fake_probes_put(const struct probe_news *news);

#endif
