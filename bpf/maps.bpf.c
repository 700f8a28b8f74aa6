/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Defines each map, once for all programs. maps.h declares their types and sizes. */
#include "maps.h"

struct map_station tmip_station SEC(".maps");
struct map_macs tmip_macs SEC(".maps");
struct map_slot tmip_slot SEC(".maps");
struct map_peer tmip_peer SEC(".maps");
struct map_peer_stat tmip_peer_stat SEC(".maps");
struct map_cell tmip_cell SEC(".maps");
struct map_way tmip_way SEC(".maps");
struct map_subnet tmip_subnet SEC(".maps");
struct map_group tmip_group SEC(".maps");
struct map_config tmip_config SEC(".maps");
struct map_alive tmip_alive SEC(".maps");
struct map_seen tmip_seen SEC(".maps");
struct map_host tmip_host SEC(".maps");
struct map_drop tmip_drop SEC(".maps");
struct map_stat tmip_stat SEC(".maps");
struct map_ring tmip_events SEC(".maps");
struct map_ring tmip_punts SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";
