/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An evaluation in progress: what it has found out about this CN, and the report so far. evaluate.c
 * reads the configuration and prints the report. evaluate_host.c checks this machine, with
 * evaluate_cells.c and evaluate_paths.c; evaluate_net.c checks the network around it, and
 * evaluate_survey.c who else is in the cells.
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
	struct tmip_addr tunnel;           /* this end of the tunnels; zero: unknown or unusable */
	/* In the order of config.mobile_if; ifindex 0: the interface cannot be a cell. */
	struct netlink_interface cells[CN_CELLS_MAX];
	json_t *agent;       /* `status` of the agent of this network that runs here; NULL: none */
	struct cn_info *cns; /* the other CNs, as the register names them */
	unsigned cn_count;
	bool json, colour;
	bool failed;         /* at least one check failed */
	json_t *checks; /* all so far, as --json prints them */
};

/*
 * Add one check of the subject to the report: printed at once, or kept for the JSON. `advice` says
 * what to do about a failure; NULL: nothing to advise. A warning is a check that passes: what it
 * says may be meant so, or be a fault.
 */
__attribute__((format(printf, 4, 5)))
void evaluation_pass(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *format, ...);
__attribute__((format(printf, 4, 5)))
void evaluation_warn(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *format, ...);
__attribute__((format(printf, 5, 6)))
void evaluation_fail(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *advice, const char *format, ...);

void evaluate_host(struct evaluation *evaluation);  /* kernel, backbone, port, settings */
void evaluate_cells(struct evaluation *evaluation); /* interfaces and pools */
void evaluate_rules(struct evaluation *evaluation); /* of netfilter */
void evaluate_paths(struct evaluation *evaluation); /* files, folders, sockets, hostapds */
void evaluate_net(struct evaluation *evaluation);   /* register, CNs, tunnels, MTU */

/*
 * Asks in all cells at once who else is there. NULL: there is no cell to ask in. The end waits for
 * answers, and reports them.
 */
struct evaluation_survey *evaluate_survey_begin(struct evaluation *evaluation);
void evaluate_survey_end(struct evaluation *evaluation, struct evaluation_survey *survey);

#endif
