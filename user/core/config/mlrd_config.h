/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of mlrd: the directives of mlrd.rc(5). Pure. */
#ifndef TMIP_CORE_CONFIG_MLRD_CONFIG_H
#define TMIP_CORE_CONFIG_MLRD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "agent_config.h"
#include "core/registry/registry.h"

#define MLRD_PEERS_MAX 8

struct mlrd_config {
	char network_name[NAME_LEN];
	unsigned port;
	struct tmip_addr listen;      /* zero: all addresses */
	bool log, foreground;
	unsigned debug;
	char log_file[CONFIG_PATH_LEN], status_file[CONFIG_PATH_LEN];
	char run_dir[CONFIG_PATH_LEN], state_dir[CONFIG_PATH_LEN];
	char control_socket[CONFIG_PATH_LEN]; /* empty: run_dir/network_name.mlrd.sock */
	unsigned grant_count, copy_count;
	char grant[MLRD_PEERS_MAX][256];   /* who may change this register's database */
	char copy[MLRD_PEERS_MAX][256];    /* registers that get a carbon copy: host:port */
	unsigned offer_time, decline_time, lease_grace; /* seconds */
	unsigned flap_moves, flap_window, flap_hold; /* a number, seconds */
	unsigned stations_max, cns_max;
	struct registry_host *hosts;
	size_t host_count;
};

void mlrd_config_init(struct mlrd_config *config); /* defaults */
void mlrd_config_free(struct mlrd_config *config); /* what it points to */
/* The number of errors, which are in `errors`, one a line. On an error *config is unchanged, else it is filled anew. */
int mlrd_config_read(struct mlrd_config *config, const char *file, const char *text, size_t len, char errors[CONFIG_ERRORS]);
void mlrd_config_socket(const struct mlrd_config *config, char out[CONFIG_PATH_LEN]);

#endif
