/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tmipd.rc says: the directives of the agent (tmipd.rc(5)), their defaults and the checks across them. Pure.
 * Begin, feed lines (config_line or config_file_feed), end; the struct is meaningful only if the end returned 0.
 */
#ifndef TMIP_CORE_AGENT_CONFIG_H
#define TMIP_CORE_AGENT_CONFIG_H

#include "config.h"
#include "station.h"

#define AGENT_MSS_AUTO (-1)
#define AGENT_MSS_OFF 0

/* addr_pool IF FIRST LAST. A zero address stands for `*`: the first or last usable one of the interface's subnet. */
struct agent_pool {
	char interface[CONFIG_IF_LEN];
	struct tmip_addr first, last;
};

struct agent_config {
	char network_name[NAME_LEN];
	char cn_name[NAME_LEN];
	char mlr_host[256];        /* name or address of the register */
	unsigned mlr_port;
	char cn_if[CONFIG_IF_LEN]; /* backbone */
	struct tmip_addr tunnel_addr; /* zero: the first IPv4 address of cn_if */
	unsigned port;             /* where this CN listens for MLRP of the others */

	char mobile_if[CN_CELLS_MAX][CONFIG_IF_LEN];
	unsigned mobile_if_count;
	struct agent_pool pools[CN_CELLS_MAX];
	unsigned pool_count;
	struct tmip_addr dns[CELL_DNS_MAX];
	unsigned dns_count;
	char domain_name[256];     /* DHCP option 15; empty: not sent */
	unsigned lease_time;       /* seconds */
	bool static_stations;      /* accept stations that bring an address of their own */

	bool foreground;
	bool log;
	unsigned debug;            /* enum log_level */
	char log_file[CONFIG_PATH_LEN];    /* empty: none */
	char status_file[CONFIG_PATH_LEN]; /* empty: none */
	char bpf_dir[CONFIG_PATH_LEN];
	char run_dir[CONFIG_PATH_LEN];
	char state_dir[CONFIG_PATH_LEN];
	char control_socket[CONFIG_PATH_LEN]; /* default filled in by agent_config_end */
	char user[33];             /* empty: stay who we are */

	unsigned stations_max, peers_max, seen_max;
	unsigned event_burst;      /* new-station events per second over all MACs */
	unsigned event_interval;   /* ms between two equal events of one MAC */
	unsigned dhcp_burst;       /* DHCP messages per second of one MAC */
	unsigned tunnel_ttl;
	int mss;                   /* AGENT_MSS_AUTO, AGENT_MSS_OFF or bytes */
	bool fastpath;             /* packets for absent stations may bypass this CN's netfilter */
	unsigned handover_timeout; /* ms */
};

extern const struct config_directive agent_config_directives[];

void agent_config_begin(struct config_reader *reader, struct agent_config *config, const char *file,
			config_report *report, void *arg);
/* `attach`: an interface named on the command line, which then need not be a mobile_if of the file; NULL: none, and the
 * file must name a cell. Fills in what is derived. 0 or -EINVAL (all mistakes were reported). */
int agent_config_end(struct config_reader *reader, struct agent_config *config, const char *attach);

/* Only this cell is to be served at the start (`attach`). */
void agent_config_only(struct agent_config *config, const char *interface);
const struct agent_pool *agent_config_pool(const struct agent_config *config, const char *interface); /* NULL: none */

/* Paths that belong to the network: 0 or -ENAMETOOLONG. */
int agent_config_pins(const struct agent_config *config, char out[CONFIG_PATH_LEN]);     /* bpf_dir/network */
int agent_config_pid_file(const struct agent_config *config, char out[CONFIG_PATH_LEN]); /* run_dir/network.pid */
int agent_config_state(const struct agent_config *config, const char *what, char out[CONFIG_PATH_LEN]); /* state_dir/network.WHAT */

/* Text of what differs between two configurations and takes effect only at a new start, "" if nothing; cut to size. */
const char *agent_config_restart_needed(const struct agent_config *old, const struct agent_config *new_config, char *out, size_t size);

#endif
