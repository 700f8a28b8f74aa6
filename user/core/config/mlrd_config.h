/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of mlrd: the directives of mlrd.rc(5). Pure. */
#ifndef TMIP_CORE_CONFIG_MLRD_CONFIG_H
#define TMIP_CORE_CONFIG_MLRD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "agent_config.h"
#include "core/base/station.h"

#define MLRD_PEERS_MAX 8 /* directives `grant`, and directives `cc_mlr` */

/* The values of mlrd.rc(5), under the names of their directives where no comment says otherwise. */
struct mlrd_config {
	char network_name[NAME_LEN];
	unsigned port;                /* TCP */
	struct tmip_addr listen;      /* zero: all addresses of the machine */
	bool log, foreground;
	unsigned debug;               /* enum log_level */
	char log_file[CONFIG_PATH_LEN], status_file[CONFIG_PATH_LEN]; /* empty: none */
	char run_dir[CONFIG_PATH_LEN], state_dir[CONFIG_PATH_LEN];
	char control_socket[CONFIG_PATH_LEN]; /* empty: see mlrd_config_socket */
	unsigned grant_count, copy_count;
	char grant[MLRD_PEERS_MAX][256]; /* hosts that may change this register's database */
	char copy[MLRD_PEERS_MAX][256];  /* cc_mlr: registers that get a carbon copy, HOST:PORT */
	unsigned offer_time, decline_time, lease_grace; /* seconds */
	unsigned flap_moves;          /* more moves in flap_window damp a station; 0: none do */
	unsigned flap_window, flap_hold; /* seconds */
	unsigned stations_max, cns_max;
	unsigned mac_addresses, mac_declines, cell_claims;
	struct registry_host *hosts;  /* the configuration owns it; mlrd_config_free frees it */
	size_t host_count;
};

/* Fills *config with the defaults. */
void mlrd_config_init(struct mlrd_config *config);
/* Frees the hosts, not *config. */
void mlrd_config_free(struct mlrd_config *config);
/*
 * Parses the text of the file into *config. Returns the number of errors and writes one line for
 * each into `errors`. An error leaves *config unchanged. Success overwrites *config without freeing
 * its hosts. `file` names the file in the errors.
 */
int mlrd_config_read(struct mlrd_config *config, const char *file, const char *text, size_t len,
		     char errors[CONFIG_ERRORS]);
/* Writes the path of the control socket: control_socket, or run_dir/network_name.mlrd.sock. */
void mlrd_config_socket(const struct mlrd_config *config, char out[CONFIG_PATH_LEN]);

#endif
