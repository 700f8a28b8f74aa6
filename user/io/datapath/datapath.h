/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF data path as user space handles it: load or adopt, attach, fill maps, read rings and counters. The only
 * file pair that knows libbpf. No decisions: the agent says what each map entry is. Functions return 0 or -errno;
 * those with `why` also give readable text (what failed, and what to do) on failure.
 */
#ifndef TMIP_IO_DATAPATH_DATAPATH_H
#define TMIP_IO_DATAPATH_DATAPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/event.h>
#include <tmip/maps.h>
#include <tmip/reason.h>

#define DATAPATH_WHY 256

struct datapath;

struct datapath_options {
	const char *dir;       /* pins live here, e.g. /sys/fs/bpf/tmip/<network_name>; created with its parents, mode 0700 */
	unsigned stations_max; /* entries of tmip_station */
	unsigned peers_max;
	unsigned seen_max;     /* entries of the LRU tmip_seen, tmip_drop */
	void (*event)(const struct tmip_event *event, void *arg);
	void (*punt)(const struct tmip_punt *punt, void *arg);
	void *arg;
};

/* Loads the programs, creates or adopts the pinned maps. `adopted`: maps of a former agent were there and fit (layout
 * and sizes); maps that do not fit are an error (-EEXIST) whose text names them. */
int datapath_open(struct datapath **out, const struct datapath_options *options, bool *adopted,
		  char why[DATAPATH_WHY]);
/* Leaves everything pinned and attached: forwarding goes on. NULL is allowed. */
void datapath_close(struct datapath *dp);
/* Detaches all, removes all pins and the folder. Frees dp. */
void datapath_destroy(struct datapath *dp);
/* Removes the programs from all interfaces and the pins below `dir` without loading anything. */
int datapath_remove(const char *dir);

enum datapath_role { DATAPATH_CELL, DATAPATH_BACKBONE };

/* Puts the programs on the interface (TCX links pinned in dir, or clsact filters on kernels before 6.6); replaces the
 * program of a former agent's link in place, so that no packet is lost. */
int datapath_attach(struct datapath *dp, unsigned ifindex, enum datapath_role role,
		    char why[DATAPATH_WHY]);
/* The XDP program of the backbone, native or not at all (-EOPNOTSUPP: its driver has none). In place of a former agent's, as above. */
int datapath_attach_xdp(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY]);
void datapath_detach_xdp(struct datapath *dp, unsigned ifindex); /* also what a former agent left there */
/* The program for the agent's own device of held packets. It is gone with the device, or with dp. */
int datapath_attach_hold(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY]);
int datapath_detach(struct datapath *dp, unsigned ifindex);
/* Interfaces with programs, as the pins in `dir` have them: fills at most `max`, returns how many there are. */
int datapath_attached(const char *dir, unsigned *ifindexes, enum datapath_role *roles, int max);
const char *datapath_hook(const struct datapath *dp); /* "tcx" or "clsact" */

int datapath_put_config(struct datapath *dp, const struct tmip_config *config); /* layout and slots are filled in */
int datapath_get_config(const struct datapath *dp, struct tmip_config *config);

/* The `heard` of an entry in a cell of this CN stays what the programs made it; that of one that is silent begins anew. */
int datapath_put_station(struct datapath *dp, const struct tmip_addr *addr,
			 const struct tmip_station *station);
uint64_t datapath_heard_ms(const struct datapath *dp, const struct tmip_addr *addr); /* CLOCK_MONOTONIC, a second late at most; 0: not known */
int datapath_delete_station(struct datapath *dp, const struct tmip_addr *addr); /* 0 also if it was not there */
int datapath_put_peer(struct datapath *dp, const struct tmip_addr *tunnel,
		      const struct tmip_peer *peer);
int datapath_delete_peer(struct datapath *dp, const struct tmip_addr *tunnel);
int datapath_put_cell(struct datapath *dp, unsigned ifindex, const struct tmip_cell *cell);
int datapath_delete_cell(struct datapath *dp, unsigned ifindex);
int datapath_put_group(struct datapath *dp, const struct tmip_group_key *home); /* its counters begin anew */
int datapath_delete_group(struct datapath *dp, const struct tmip_group_key *home);
int datapath_put_subnet(struct datapath *dp, const struct tmip_subnet_key *key,
			const struct tmip_subnet *subnet);
int datapath_delete_subnet(struct datapath *dp, const struct tmip_subnet_key *key);

/* Walks. A callback that returns nonzero ends the walk; entries may be deleted during it. */
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

/* Counters, summed over the CPUs. */
int datapath_read_stats(const struct datapath *dp, struct tmip_stat out[TMIP_REASON_COUNT]);
int datapath_read_peer_stat(const struct datapath *dp, const struct tmip_addr *tunnel,
			    struct tmip_peer_stat *out);
int datapath_read_drops(const struct datapath *dp, const struct tmip_addr *station, struct tmip_drop *out); /* -ENOENT: none */
int datapath_forget_seen(struct datapath *dp, const struct tmip_mac *mac); /* its next frame raises an event again */

/* Poll this for reading, then call datapath_poll, which calls event and punt for all that waits. The number handled. */
int datapath_events_fd(const struct datapath *dp);
int datapath_poll(struct datapath *dp);

const char *datapath_reason_name(unsigned reason);
const char *datapath_reason_text(unsigned reason);
enum tmip_verdict datapath_reason_verdict(unsigned reason);

#endif
