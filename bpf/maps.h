/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Declares the maps for the programs; maps.bpf.c defines them. Keys and values are those of
 * include/tmip/maps.h. The tests use the sizes given here; the agent's loader sets other sizes from
 * the configuration.
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
	/* Unused entries, of which there may be a million, must cost no memory. */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_station);
};

struct map_macs {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_macs);
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
	__uint(max_entries, 64); /* 16 cells, their stand-ins, and what a former agent had */
	__type(key, __u32);
	__type(value, struct tmip_cell);
};

struct map_way {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TMIP_CELLS_MAX);
	__type(key, __u32);
	__type(value, struct tmip_way);
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

struct map_alive {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tmip_alive);
};

struct map_seen {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tmip_mac);
	__type(value, struct tmip_seen);
};

struct map_host {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tmip_host_key);
	__type(value, __u32);
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
	__uint(max_entries, 256 * 1024); /* bytes: about 5000 events, or 150 DHCP frames */
};

extern struct map_station tmip_station SEC(".maps");
extern struct map_macs tmip_macs SEC(".maps");
extern struct map_slot tmip_slot SEC(".maps");
extern struct map_peer tmip_peer SEC(".maps");
extern struct map_peer_stat tmip_peer_stat SEC(".maps");
extern struct map_cell tmip_cell SEC(".maps");
extern struct map_way tmip_way SEC(".maps");
extern struct map_subnet tmip_subnet SEC(".maps");
extern struct map_group tmip_group SEC(".maps");
extern struct map_config tmip_config SEC(".maps");
extern struct map_alive tmip_alive SEC(".maps");
extern struct map_seen tmip_seen SEC(".maps");
extern struct map_host tmip_host SEC(".maps");
extern struct map_drop tmip_drop SEC(".maps");
extern struct map_stat tmip_stat SEC(".maps");
extern struct map_ring tmip_events SEC(".maps");
extern struct map_ring tmip_punts SEC(".maps");

#endif
