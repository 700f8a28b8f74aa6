/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of tmip-agent: the directives of tmipd.rc(5). Pure. */
#ifndef TMIP_CORE_CONFIG_AGENT_CONFIG_H
#define TMIP_CORE_CONFIG_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/station.h"

#define CONFIG_IF_LEN 16      /* bytes of an interface's name, with the NUL: IFNAMSIZ */
#define CONFIG_PATH_LEN 256   /* bytes of a path, with the NUL */
#define CONFIG_SOCKET_LEN 108 /* bytes of the path of a Unix socket, with the NUL: sun_path */
#define CONFIG_HOSTAPD_MAX 32 /* directives `hostapd` */
#define CONFIG_HOSTAPD_OWN (CONFIG_PATH_LEN + NAME_LEN + 64)
#define CONFIG_ERRORS 4096    /* bytes of the text of all errors of a file, with the NUL */

/* addr_pool: the dynamic addresses of a cell. */
struct config_pool {
	char interface[CONFIG_IF_LEN]; /* must stay first: see is_listed in agent_config.c */
	/* Zero stands for `*`: the first or the last usable address of the interface's subnet. */
	struct tmip_addr first, last;
};

/* hostapd: the control socket of the hostapd that makes an interface an access point. */
struct config_hostapd {
	/* A cell, or a port of the bridge that is a cell. Must stay first, as above. */
	char interface[CONFIG_IF_LEN];
	char socket[CONFIG_SOCKET_LEN];
};

/*
 * The values of tmipd.rc(5), under the names of their directives where no comment says otherwise.
 */
struct agent_config {
	char mlr_host[256];           /* mlr: the host part */
	unsigned mlr_port;            /* mlr: the TCP port of the register */
	char cn_name[NAME_LEN];
	char network_name[NAME_LEN];
	char cn_if[CONFIG_IF_LEN];    /* the backbone's interface */
	struct tmip_addr tunnel_addr; /* zero: the first IPv4 address of cn_if */
	unsigned cell_count;          /* entries of mobile_if */
	char mobile_if[CN_CELLS_MAX][CONFIG_IF_LEN];
	unsigned pool_count;
	struct config_pool pools[CN_CELLS_MAX]; /* addr_pool */
	unsigned dns_count;
	struct tmip_addr dns[CELL_DNS_MAX];     /* dns_server */
	char domain_name[256];        /* empty: none */
	unsigned lease_time;          /* seconds */
	unsigned port;                /* TCP, for MLRP from other CNs */
	char log_file[CONFIG_PATH_LEN], status_file[CONFIG_PATH_LEN]; /* empty: none */
	char bpf_dir[CONFIG_PATH_LEN], run_dir[CONFIG_PATH_LEN], state_dir[CONFIG_PATH_LEN];
	char control_socket[CONFIG_PATH_LEN]; /* empty: see agent_config_socket */
	bool log, foreground, route_optimisation, fast_handover, static_stations, realtime;
	unsigned fastpath;            /* AGENT_FASTPATH_... */
	unsigned xdp;                 /* AGENT_XDP_... */
	unsigned multicast_home;      /* multicast: 1: home, 0: local */
	unsigned multicast_burst;     /* packets per second */
	unsigned multicast_copies;    /* per second */
	unsigned debug;               /* enum log_level */
	unsigned stations_max, peers_max, seen_max; /* entries of the maps */
	unsigned event_burst;         /* new stations per second */
	unsigned event_interval;      /* ms between two equal reports of a MAC */
	unsigned dhcp_burst;          /* messages per second from one MAC */
	unsigned tunnel_ttl;          /* hop limit of the outer header */
	unsigned mss;                 /* bytes; 0: off; AGENT_MSS_AUTO: from the backbone's MTU */
	unsigned handover_timeout;    /* ms */
	unsigned probe_idle;          /* seconds; 0: the agent probes no station */
	unsigned probe_count;         /* probes without an answer that make a station silent */
	unsigned probe_rate;          /* probes per second, over all stations */
	unsigned buffer_bytes;        /* of memory, for one station; 0: no packets are held */
	unsigned buffer_total;        /* bytes of memory, for all stations together */
	unsigned buffer_time;         /* ms */
	unsigned hostapd_count;
	struct config_hostapd hostapd[CONFIG_HOSTAPD_MAX];
	/*
	 * station_identity: 1: hostapd's word of the association identifies a station; 0: the
	 * client identifier or the MAC does.
	 */
	unsigned by_association;
	unsigned away_block;          /* addresses of each pool in this CN's block */
};

#define AGENT_MSS_AUTO 65535

/*
 * Which packets bypass the kernel's netfilter: none, those of away stations, those of all stations.
 */
enum { AGENT_FASTPATH_OFF, AGENT_FASTPATH_AWAY, AGENT_FASTPATH_HOME };

/* XDP on the backbone: never, where the hardware's driver has it, or wherever a driver has it. */
enum { AGENT_XDP_OFF, AGENT_XDP_AUTO, AGENT_XDP_ON };

/* Fills *config with the defaults. */
void agent_config_init(struct agent_config *config);
/*
 * Parses the text of the file into *config. Returns the number of errors and writes one line for
 * each into `errors`. An error leaves *config unchanged. `file` names the file in the errors.
 */
int agent_config_read(struct agent_config *config, const char *file, const char *text, size_t len,
		      char errors[CONFIG_ERRORS]);
/* Does mobile_if name that interface? */
bool agent_config_has_cell(const struct agent_config *config, const char *interface);
/* Writes the path of the folder in which the agent pins its maps and links. */
void agent_config_pin_dir(const struct agent_config *config, char out[CONFIG_PATH_LEN + NAME_LEN]);
/* Writes the path of the control socket: control_socket, or run_dir/network_name.sock. */
void agent_config_socket(const struct agent_config *config, char out[CONFIG_PATH_LEN]);

/*
 * Writes the path of the agent's own socket for the talk with a hostapd. It cannot be used if it
 * has CONFIG_SOCKET_LEN bytes or more.
 */
void agent_config_hostapd_socket(const struct agent_config *config,
				 const struct config_hostapd *hostapd,
				 char out[CONFIG_HOSTAPD_OWN]);

#endif
