/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF data path for user space: load or adopt, attach, write map entries, read rings and
 * counters. Only this folder uses libbpf. It makes no decisions: the agent decides about each map
 * entry. Functions return 0 or -errno where no comment says otherwise. On failure a function with
 * `why` writes a text for people into it: the cause, and what to do.
 */
#ifndef TMIP_IO_DATAPATH_DATAPATH_H
#define TMIP_IO_DATAPATH_DATAPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/event.h>
#include <tmip/maps.h>
#include <tmip/reason.h>

#define DATAPATH_WHY 256 /* bytes of `why`, with the NUL */

struct datapath;

struct datapath_options {
	/*
	 * The folder of the pins, such as /sys/fs/bpf/tmip/<network_name>. datapath_open makes it
	 * and its parents with mode 0700.
	 */
	const char *dir;
	unsigned stations_max; /* entries of tmip_station */
	unsigned peers_max;    /* entries of tmip_peer */
	unsigned seen_max;     /* entries of the LRU maps tmip_seen and tmip_drop */
	void (*event)(const struct tmip_event *event, void *arg);
	void (*punt)(const struct tmip_punt *punt, void *arg);
	void *arg;
};

/*
 * Loads the programs, and makes or adopts the pinned maps. Sets *adopted if it adopted maps of a
 * former agent. -EEXIST: a pinned map has another layout or size; `why` names it.
 */
int datapath_open(struct datapath **out, const struct datapath_options *options, bool *adopted,
		  char why[DATAPATH_WHY]);
/*
 * Would datapath_open() succeed, as far as maps and programs are concerned? Loads them without
 * pinning or attaching anything; events and punts are not called. 0, or -errno with `why`.
 */
int datapath_try(const struct datapath_options *options, char why[DATAPATH_WHY]);
/* Leaves all pins and attached programs: forwarding goes on. NULL is allowed. */
void datapath_close(struct datapath *dp);
/* Detaches all programs, removes all pins and the folder, and frees dp. NULL is allowed. */
void datapath_destroy(struct datapath *dp);
/* Detaches the programs from all interfaces and removes the folder `dir`. Loads nothing. */
int datapath_remove(const char *dir);

enum datapath_role { DATAPATH_CELL, DATAPATH_STAND_IN, DATAPATH_BACKBONE };

/*
 * Attaches the programs of the role to the interface: as TCX links pinned in the folder, or as
 * clsact filters on kernels before 6.6. A link or filter of a former agent gets the new program in
 * place, so that no packet is lost.
 */
int datapath_attach(struct datapath *dp, unsigned ifindex, enum datapath_role role,
		    char why[DATAPATH_WHY]);
/*
 * Attaches the XDP program of the backbone in native mode, in place of a former agent's, as above.
 * -EOPNOTSUPP: the driver has no native XDP.
 */
int datapath_attach_xdp(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY]);
/* Detaches the XDP program, also that of a former agent. */
void datapath_detach_xdp(struct datapath *dp, unsigned ifindex);
/*
 * Attaches the program of the agent's device for held packets. It goes with the device, or with dp.
 */
int datapath_attach_hold(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY]);
/* Detaches all programs from the interface. */
int datapath_detach(struct datapath *dp, unsigned ifindex);
/*
 * Finds the interfaces that have programs by the pins in `dir`. Writes at most `max` of them, and
 * returns how many there are.
 */
int datapath_attached(const char *dir, unsigned *ifindexes, enum datapath_role *roles, int max);
/* "tcx" or "clsact". */
const char *datapath_hook(const struct datapath *dp);

/* Sets `layout` and `slots` itself. */
int datapath_put_config(struct datapath *dp, const struct tmip_config *config);
int datapath_get_config(const struct datapath *dp, struct tmip_config *config);

/* When the agent was last alive, in ns of CLOCK_MONOTONIC; 1: it decides nothing, or has ended. */
int datapath_put_alive(struct datapath *dp, uint64_t time_ns);

/* A delete returns 0 also if the entry is not there. */

/*
 * Keeps `heard` as the programs wrote it if the station is in a cell of this CN and not silent,
 * else sets it to 0.
 */
int datapath_put_station(struct datapath *dp, const struct tmip_addr *addr,
			 const struct tmip_station *station);
/* When a frame of the station was last heard: CLOCK_MONOTONIC, up to a second late; 0: unknown. */
uint64_t datapath_heard_ms(const struct datapath *dp, const struct tmip_addr *addr);
/*
 * The next frame of the station changes what datapath_heard_ms returns, even in the second in which
 * it was heard last. Until then that time is up to two seconds too old.
 */
void datapath_rearm_heard(struct datapath *dp, const struct tmip_addr *addr);
int datapath_delete_station(struct datapath *dp, const struct tmip_addr *addr);
/* The MACs of a host that has several; NULL: it has one. */
int datapath_put_macs(struct datapath *dp, const struct tmip_addr *addr,
		      const struct tmip_macs *macs);
int datapath_read_macs(const struct datapath *dp, const struct tmip_addr *addr,
		       struct tmip_macs *out); /* -ENOENT: it has one */
int datapath_put_peer(struct datapath *dp, const struct tmip_addr *tunnel,
		      const struct tmip_peer *peer);
int datapath_delete_peer(struct datapath *dp, const struct tmip_addr *tunnel);
int datapath_put_cell(struct datapath *dp, unsigned ifindex, const struct tmip_cell *cell);
int datapath_delete_cell(struct datapath *dp, unsigned ifindex);
/* Sets the entry's counters to 0. */
int datapath_put_group(struct datapath *dp, const struct tmip_group_key *home);
int datapath_delete_group(struct datapath *dp, const struct tmip_group_key *home);
int datapath_put_subnet(struct datapath *dp, const struct tmip_subnet_key *key,
			const struct tmip_subnet *subnet);
int datapath_delete_subnet(struct datapath *dp, const struct tmip_subnet_key *key);

/* Call `visit` for each entry. A visit may delete its entry; it returns nonzero to end the walk. */
int datapath_each_station(struct datapath *dp,
			  int (*visit)(const struct tmip_addr *, const struct tmip_station *,
				       void *),
			  void *arg);
int datapath_each_peer(struct datapath *dp,
		       int (*visit)(const struct tmip_addr *, const struct tmip_peer *, void *),
		       void *arg);
int datapath_each_cell(struct datapath *dp,
		       int (*visit)(unsigned ifindex, const struct tmip_cell *, void *), void *arg);
int datapath_each_subnet(struct datapath *dp,
			 int (*visit)(const struct tmip_subnet_key *, const struct tmip_subnet *,
				      void *),
			 void *arg);
int datapath_each_group(struct datapath *dp,
			int (*visit)(const struct tmip_group_key *, const struct tmip_group *,
				     void *),
			void *arg);

int datapath_read_peer(const struct datapath *dp, const struct tmip_addr *tunnel,
		       struct tmip_peer *out); /* -ENOENT: there is none */

/* Counters, summed over the CPUs. */
int datapath_read_stats(const struct datapath *dp, struct tmip_stat out[TMIP_REASON_COUNT]);
int datapath_read_peer_stat(const struct datapath *dp, const struct tmip_addr *tunnel,
			    struct tmip_peer_stat *out);
/* -ENOENT: the programs have dropped no packet of the station. */
int datapath_read_drops(const struct datapath *dp, const struct tmip_addr *station,
			struct tmip_drop *out);
/* The next frame of this MAC raises an event again, if it has not raised too many. */
int datapath_forget_seen(struct datapath *dp, const struct tmip_mac *mac);

/* The descriptor, which is readable while events or punted packets wait. */
int datapath_events_fd(const struct datapath *dp);
/* Calls `event` and `punt` for all that wait. Returns their number, or -errno. */
int datapath_poll(struct datapath *dp);

/* The list of reasons in include/tmip/reason.h. An unknown number is "?", verdict PASS. */
const char *datapath_reason_name(unsigned reason);
const char *datapath_reason_text(unsigned reason);
enum tmip_verdict datapath_reason_verdict(unsigned reason);

#endif
