/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps, as the programs see them; defined once, in maps.bpf.c. Keys and values are those of include/tmip/maps.h.
 * The sizes given here are those of the tests; the loader sets them from the configuration.
 */
#ifndef TMIP_BPF_MAPS_H
#define TMIP_BPF_MAPS_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include <tmip/event.h>
#include <tmip/maps.h>
#include <tmip/reason.h>

struct map_station {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* a million entries must not cost memory before they are used */
	__uint(max_entries, 1024);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_station);
};

struct map_slot {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* the agent writes whole words */
	__uint(max_entries, TMIP_SLOTS(1024));
	__type(key, __u32);
	__type(value, struct tmip_slot);
};

struct map_peer {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_peer);
};

struct map_peer_stat {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_peer_stat);
};

struct map_cell {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct tmip_cell);
};

struct map_subnet {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct tmip_subnet_key);
	__type(value, struct tmip_subnet);
};

struct map_group {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct tmip_group_key);
	__type(value, struct tmip_group);
};

struct map_config {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tmip_config);
};

struct map_seen {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tmip_mac);
	__type(value, struct tmip_seen);
};

struct map_drop {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_drop);
};

struct map_stat {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TMIP_REASON_COUNT);
	__type(key, __u32);
	__type(value, struct tmip_stat);
};

struct map_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024); /* bytes; events: some 5000, DHCP frames: some 150 */
};

extern struct map_station tmip_station SEC(".maps");
extern struct map_slot tmip_slot SEC(".maps");
extern struct map_peer tmip_peer SEC(".maps");
extern struct map_peer_stat tmip_peer_stat SEC(".maps");
extern struct map_cell tmip_cell SEC(".maps");
extern struct map_subnet tmip_subnet SEC(".maps");
extern struct map_group tmip_group SEC(".maps");
extern struct map_config tmip_config SEC(".maps");
extern struct map_seen tmip_seen SEC(".maps");
extern struct map_drop tmip_drop SEC(".maps");
extern struct map_stat tmip_stat SEC(".maps");
extern struct map_ring tmip_events SEC(".maps");
extern struct map_ring tmip_punts SEC(".maps");

#endif
