/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of tmip-agent: the directives of tmipd.rc(5). Pure. */
#ifndef TMIP_CORE_CONFIG_AGENT_CONFIG_H
#define TMIP_CORE_CONFIG_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/station.h"

#define CONFIG_IF_LEN 16    /* IFNAMSIZ */
#define CONFIG_PATH_LEN 256
#define CONFIG_SOCKET_LEN 108 /* sun_path */
#define CONFIG_HOSTAPD_MAX 32
#define CONFIG_ERRORS 4096

struct config_pool {
	char interface[CONFIG_IF_LEN];
	struct tmip_addr first, last; /* zero: `*`, the first or last of the interface's subnet */
};

/* The control socket of the hostapd that makes this interface, a cell or a port of one, an access point. */
struct config_hostapd {
	char interface[CONFIG_IF_LEN];
	char socket[CONFIG_SOCKET_LEN];
};

struct agent_config {
	char mlr_host[256];
	unsigned mlr_port;
	char cn_name[NAME_LEN];
	char network_name[NAME_LEN];
	char cn_if[CONFIG_IF_LEN];
	struct tmip_addr tunnel_addr; /* zero: the first address of cn_if */
	unsigned cell_count;
	char mobile_if[CN_CELLS_MAX][CONFIG_IF_LEN];
	unsigned pool_count;
	struct config_pool pools[CN_CELLS_MAX];
	unsigned dns_count;
	struct tmip_addr dns[CELL_DNS_MAX];
	char domain_name[256];
	unsigned lease_time;          /* seconds */
	unsigned port;                /* MLRP from other CNs */
	char log_file[CONFIG_PATH_LEN], status_file[CONFIG_PATH_LEN];
	char bpf_dir[CONFIG_PATH_LEN], run_dir[CONFIG_PATH_LEN], state_dir[CONFIG_PATH_LEN];
	char control_socket[CONFIG_PATH_LEN]; /* empty: run_dir/network_name.sock */
	bool log, foreground, route_optimisation, fast_handover, static_stations, realtime;
	unsigned fastpath;            /* AGENT_FASTPATH_... */
	unsigned xdp;                 /* AGENT_XDP_... */
	unsigned multicast_home;       /* broadcast and multicast go between home subnets and their stations elsewhere */
	unsigned multicast_burst, multicast_copies; /* per second */
	unsigned debug;
	unsigned stations_max, peers_max, seen_max;
	unsigned event_burst, event_interval; /* per second; ms */
	unsigned dhcp_burst;
	unsigned tunnel_ttl;
	unsigned mss;                 /* 0: off; AGENT_MSS_AUTO: from the backbone's MTU */
	unsigned handover_timeout;    /* ms */
	unsigned probe_idle;          /* seconds; 0: silent stations are not looked for */
	unsigned probe_count, probe_rate; /* per second */
	unsigned buffer_bytes, buffer_total; /* of memory, for one station and for all; 0: packets are not held */
	unsigned buffer_time;         /* ms */
	unsigned hostapd_count;
	struct config_hostapd hostapd[CONFIG_HOSTAPD_MAX];
	unsigned by_association;       /* a station is who hostapd says, not its MAC or client identifier */
	unsigned away_block;          /* addresses of each cell for the time when the register is away */
};

#define AGENT_MSS_AUTO 65535
/* Which packets need not pass the kernel's netfilter: none, those for absent stations, all of stations. */
enum { AGENT_FASTPATH_OFF, AGENT_FASTPATH_AWAY, AGENT_FASTPATH_HOME };

/* XDP on the backbone: not at all, where it does good, wherever the driver has it. */
enum { AGENT_XDP_OFF, AGENT_XDP_AUTO, AGENT_XDP_ON };

void agent_config_init(struct agent_config *config); /* defaults */
/* The number of errors, which are in `errors`, one a line. On an error *config is unchanged. */
int agent_config_read(struct agent_config *config, const char *file, const char *text, size_t len, char errors[CONFIG_ERRORS]);
void agent_config_pins(const struct agent_config *config, char out[CONFIG_PATH_LEN + NAME_LEN]); /* folder of maps and links */
void agent_config_socket(const struct agent_config *config, char out[CONFIG_PATH_LEN]);

#endif
