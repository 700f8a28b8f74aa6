/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of tmip-agent: a table of subcommands and their options. Called as tmipd, the
 * program takes the options of 2003. Exit status: 0; 1 after a failure; 2 for a wrong command line.
 */
#ifndef TMIP_AGENT_CLI_CLI_H
#define TMIP_AGENT_CLI_CLI_H

int cli_main(int argc, char **argv);  /* tmip-agent */
int cli_tmipd(int argc, char **argv); /* tmipd */

#endif
