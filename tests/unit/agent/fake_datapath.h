/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data path without BPF: maps in memory, and what is attached where. It takes the place of
 * io/datapath/datapath.h. &fake_datapath is the one there is.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_DATAPATH_H
#define TMIP_TESTS_AGENT_FAKE_DATAPATH_H

#include "core/base/addr.h"
#include "io/datapath/datapath.h"

#define FAKE_ENTRIES 1024 /* of a map, and of attached interfaces */

struct fake_map {
	size_t key_size, value_size; /* 0: not used yet */
	unsigned count;
	_Alignas(8) uint8_t keys[FAKE_ENTRIES][24];
	_Alignas(8) uint8_t values[FAKE_ENTRIES][96];
};

struct datapath {
	/* What these return; 0: they succeed. */
	int open_error, attach_error, xdp_error, hold_error, remove_error;
	const enum datapath_role *only_role; /* attach_error is of this role; NULL: of all */
	int put_error, delete_error; /* of all maps */
	int config_error, stats_error;
	bool adopted;                /* datapath_open() says so */

	struct datapath_options options; /* as datapath_open() was given */
	struct {
		unsigned ifindex;
		enum datapath_role role;
	} attached[FAKE_ENTRIES];        /* also what a former agent left: datapath_attached() */
	unsigned attached_count;
	unsigned xdp, hold;              /* ifindex; 0: on none */
	struct tmip_config config;
	struct fake_map stations, peers, cells, subnets, groups;
	struct fake_map heard;           /* struct tmip_addr -> uint64_t: datapath_heard_ms() */
	struct fake_map drops;           /* struct tmip_addr -> struct tmip_drop */
	struct fake_map peer_stats;      /* struct tmip_addr -> struct tmip_peer_stat */
	struct tmip_stat stats[TMIP_REASON_COUNT];
	unsigned forgotten;              /* calls of datapath_forget_seen() */
};

extern struct datapath fake_datapath;

void fake_datapath_reset(void); /* nothing attached, empty maps, no errors */
void fake_datapath_hears(const struct tmip_addr *addr, uint64_t ms);
bool fake_datapath_is_attached(unsigned ifindex, enum datapath_role role);

/* Sets an entry of the test's own. */
void fake_map_put(struct fake_map *map, const void *key, size_t key_size, const void *value,
		  size_t value_size);

/* The entry; NULL: there is none. */
const struct tmip_station *fake_datapath_station(const struct tmip_addr *addr);
const struct tmip_peer *fake_datapath_peer(const struct tmip_addr *tunnel);
const struct tmip_cell *fake_datapath_cell(unsigned ifindex);
const struct tmip_subnet *fake_datapath_subnet(const struct tmip_subnet_key *key);
const struct tmip_group *fake_datapath_group(const struct tmip_group_key *home);

#endif
