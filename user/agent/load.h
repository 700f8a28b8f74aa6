/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the agent's configuration file: at the start, on SIGHUP and for the evaluation. */
#ifndef TMIP_AGENT_LOAD_H
#define TMIP_AGENT_LOAD_H

#include "core/agent_config.h"

#define LOAD_DEFAULT_PATH "/etc/tmip/tmipd.rc"

/* `attach` as in agent_config_end. 0, or -EINVAL or -errno after every mistake was reported; *out is then unchanged. */
int load_config(const char *path, const char *attach, struct agent_config *out, config_report *report, void *arg);
void load_report_log(const char *text, void *arg);    /* a config_report that logs errors */
void load_report_stderr(const char *text, void *arg); /* a config_report for the command line */

#endif
