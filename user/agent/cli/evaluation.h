/* SPDX-License-Identifier: BSD-2-Clause */
/* The report of an evaluation, and its parts: evaluate_host.c looks at this machine, evaluate_net.c at the network around it. */
#ifndef TMIP_AGENT_EVALUATION_H
#define TMIP_AGENT_EVALUATION_H

#include <jansson.h>
#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

struct evaluation {
	struct agent_config config;
	struct netlink_interface backbone;            /* ifindex 0: not usable */
	struct tmip_addr tunnel;                      /* zero: not known */
	struct netlink_interface cells[CN_CELLS_MAX]; /* of config.mobile_if; ifindex 0: not usable */
	bool json, colour;
	bool failed;
	json_t *checks;
};

/* The verdict on one thing: printed at once, or kept for the JSON. `advice` (NULL: none) is shown if it failed. */
__attribute__((format(printf, 6, 7)))
void evaluation_add(struct evaluation *evaluation, const char *check, const char *subject, bool ok, const char *advice,
		    const char *format, ...);

void evaluate_host(struct evaluation *evaluation); /* kernel, rights, interfaces, pools, settings, port */
void evaluate_net(struct evaluation *evaluation);  /* register, CNs, tunnels, MTU */

#endif
