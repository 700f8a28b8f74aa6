/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An evaluation in progress: what it has found out about this CN, and the report so far. evaluate.c
 * reads the configuration and prints the report, evaluate_host.c checks this machine, and
 * evaluate_net.c checks the network around it.
 */
#ifndef TMIP_AGENT_CLI_EVALUATION_H
#define TMIP_AGENT_CLI_EVALUATION_H

#include <jansson.h>
#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

struct evaluation {
	struct agent_config config;
	struct netlink_interface backbone; /* ifindex 0: it cannot be used */
	json_t *agent;                     /* the status of the running one; NULL: none runs */
	struct tmip_addr tunnel;           /* this end of the tunnels; zero: unknown or unusable */
	/* In the order of config.mobile_if; ifindex 0: the interface cannot be a cell. */
	struct netlink_interface cells[CN_CELLS_MAX];
	bool json, colour;
	bool failed;    /* at least one check failed */
	json_t *checks; /* all so far, as --json prints them */
};

/*
 * Add one check of the subject to the report: printed at once, or kept for the JSON. `advice` says
 * what to do about a failure; NULL: nothing to advise.
 */
__attribute__((format(printf, 4, 5)))
void evaluation_pass(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *format, ...);
__attribute__((format(printf, 5, 6)))
void evaluation_fail(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *advice, const char *format, ...);

void evaluate_host(struct evaluation *evaluation); /* kernel, interfaces, pools, settings, port */
void evaluate_net(struct evaluation *evaluation);  /* register, CNs, tunnels, MTU */

#endif
