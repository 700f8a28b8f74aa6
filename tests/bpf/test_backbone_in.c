/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets from the backbone through the tc program, one by one: plain packets for absent stations,
 * tunnel packets, probes.
 */
#include "world.h"

#define NAMED(title, frame, ...) WORLD_CASE(title, BACKBONE_IN, "bb", frame, __VA_ARGS__)
#define IN(frame, ...) NAMED(#frame, frame, __VA_ARGS__)
#define PAST(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_past)
#define GROUP(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_group)
#define DIRECT(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_direct)
#define NARROW(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_narrow)
#define TRUSTED .mark = MARK_TRUSTED
#define STALE(addr, by) .event = TMIP_EVENT_STALE, .event_addr = (addr), .event_peer = (by)

/* Without `fastpath`: the kernel routes packets for absent stations. */
static void slow_path(void)
{
	struct tmip_config config = world_config();

	config.flags = 0;
	world_set_config(&config);
}

static void group_cell_down(void)
{
	world_group();
	world_cell_down();
}

static void past_cell_down(void)
{
	world_past();
	world_cell_down();
}

static const struct bpf_case cases[] = {
	/* plain packets */
	IN(bb_away, REDIRECT, ENCAP_VISITED),
	IN(bb_away_ttl2, REDIRECT, ENCAP_VISITED),
	IN(bb_away_ttl255, REDIRECT, ENCAP_VISITED),
	IN(bb_away_checksum_feff, REDIRECT, ENCAP_VISITED),
	IN(bb_away_checksum_ff00, REDIRECT, ENCAP_VISITED),
	IN(bb_away_checksum_fffe, REDIRECT, ENCAP_VISITED),
	IN(bb_away_checksum_0001, REDIRECT, ENCAP_VISITED),
	IN(bb_away_ttl1, NEXT, NOT_OURS),
	IN(bb_away_too_big, NEXT, NOT_OURS),
	IN(bb_away_other_mac, NEXT, NOT_OURS),
	IN(bb_away_options, REDIRECT, ENCAP_VISITED),
	IN(bb_away_segment, REDIRECT, ENCAP_VISITED),
	IN(bb_away_short, REDIRECT, ENCAP_VISITED),
	IN(bb_away_last_fragment, REDIRECT, ENCAP_VISITED),
	IN(bb_away_flags_missing, REDIRECT, ENCAP_VISITED),
	IN(bb_away_no_route, NEXT, NOT_OURS),
	IN(bb_away_no_neighbour, REDIRECT, ENCAP_VISITED),
	IN(bb_mss_away, REDIRECT, ENCAP_VISITED),
	IN(bb_home, NEXT, NOT_OURS),
	IN(bb_next_door, NEXT, NOT_OURS),
	IN(bb_ipv6, NEXT, NOT_OURS),
	IN(bb_arp, NEXT, NOT_OURS),
	IN(bb_vlan, NEXT, NOT_OURS),
	IN(bb_tunnel_of_others, NEXT, NOT_OURS),
	NAMED("bb_away, without the short cut", bb_away_slow, NEXT, NOT_OURS, .prepare = slow_path),
	/* past netfilter (`fastpath home`) */
	PAST(past_in, REDIRECT, FORWARDED, TRUSTED),
	PAST(past_in_mss, REDIRECT, FORWARDED, TRUSTED),
	PAST(past_in_ttl1, NEXT, NOT_OURS),
	PAST(past_in_neighbour_unknown, REDIRECT, FORWARDED, TRUSTED),
	PAST(past_in_too_big, NEXT, NOT_OURS),
	PAST(past_tunnel, REDIRECT, FORWARDED),
	PAST(past_tunnel_congested, REDIRECT, FORWARDED),
	PAST(past_tunnel_ttl1, REDIRECT, DECAP_KERNEL, TRUSTED),
	PAST(tunnel_from_away_to_gateway, REDIRECT, DECAP_KERNEL, TRUSTED),
	PAST(tunnel_to_visitor, REDIRECT, DECAP_STATION, TRUSTED),
	NAMED("past_in, cell is down", past_in, DROP, CELL_DOWN, .prepare = past_cell_down),
	IN(past_in_ttl1, NEXT, NOT_OURS),
	/* broadcast and multicast to the home subnet */
	GROUP(group_home_mdns, REDIRECT, GROUP_HOME, TRUSTED, .copy = &group_home_mdns_copy),
	GROUP(group_home_ssdp, REDIRECT, GROUP_HOME, TRUSTED, .copy = &group_home_ssdp_copy),
	GROUP(group_home_broadcast, REDIRECT, GROUP_HOME, TRUSTED,
	      .copy = &group_home_broadcast_copy),
	GROUP(group_home_directed, REDIRECT, GROUP_HOME, TRUSTED,
	      .copy = &group_home_directed_copy),
	GROUP(group_home_stream, REDIRECT, GROUP_HOME, TRUSTED),
	GROUP(group_like_a_station, REDIRECT, RELAY),
	GROUP(group_home_not_from_there, DROP, TUNNEL_SOURCE),
	/* the same to guests of a home subnet: the agent sends it */
	GROUP(group_down_mdns, DROP, GROUP_TAKEN, .copy = &group_down_mdns_copy),
	GROUP(group_down_ssdp, DROP, GROUP_TAKEN, .copy = &group_down_ssdp_copy),
	GROUP(group_down_broadcast, DROP, GROUP_TAKEN, .copy = &group_down_broadcast_copy),
	GROUP(group_down_directed, DROP, GROUP_TAKEN, .copy = &group_down_directed_copy),
	GROUP(group_down_of_gateway, DROP, GROUP_TAKEN, .copy = &group_down_of_gateway_copy),
	GROUP(group_down_of_guest, DROP, GROUP_TAKEN, .copy = &group_down_of_guest_copy),
	GROUP(group_down_not_of_parent, DROP, TUNNEL_SOURCE),
	GROUP(group_down_of_us, DROP, TUNNEL_SOURCE),
	GROUP(group_down_no_guest, DROP, GROUP_NO_GUEST),
	GROUP(group_down_stream, DROP, NOT_HERE),
	GROUP(group_down_igmp, DROP, TUNNEL_SOURCE),
	IN(group_down_mdns, DROP, TUNNEL_SOURCE),
	IN(group_down_of_gateway, DROP, NOT_HERE),
	NAMED("group_down_mdns, no agent", group_down_mdns, DROP, GROUP_NO_GUEST,
	      .prepare = world_group_no_agent),
	/* out of the tunnel to a station */
	IN(tunnel_to_visitor, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_from_home_to_visitor, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_from_away_to_visitor, REDIRECT, DECAP_KERNEL, TRUSTED),
	IN(tunnel_to_home, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_to_visitor_options, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_first_fragment, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_last_fragment, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_mss, REDIRECT, DECAP_STATION, TRUSTED),
	NAMED("tunnel_to_visitor, cell is gone", tunnel_to_visitor, DROP, NO_CELL,
	      .prepare = world_no_cell),
	NAMED("tunnel_to_visitor, cell is down", tunnel_to_visitor, DROP, CELL_DOWN,
	      .prepare = world_cell_down),
	NAMED("group_home_mdns, cell is down", group_home_mdns, DROP, CELL_DOWN,
	      .copy = &group_home_mdns_copy, .prepare = group_cell_down),
	/* too big for the cell, or for the next tunnel */
	IN(size_cell_fits, REDIRECT, DECAP_STATION, TRUSTED),
	IN(size_cell, REDIRECT, ICMP_CELL),
	IN(size_cell_without_df, REDIRECT, TO_FRAGMENT),
	NAMED("size_cell, no agent", size_cell_no_agent, REDIRECT, ICMP_CELL,
	      .prepare = world_no_agent),
	IN(size_cell_icmp_error, DROP, CELL_TOO_BIG),
	IN(size_cell_later_fragment, DROP, CELL_TOO_BIG),
	IN(size_cell_segments, REDIRECT, ICMP_CELL, .gso_size = 1449),
	IN(size_relay, REDIRECT, ICMP_TOO_BIG),
	IN(size_relay_without_df, REDIRECT, TO_FRAGMENT),
	NAMED("size_relay, no agent", size_relay_no_agent, REDIRECT, ICMP_TOO_BIG,
	      .prepare = world_no_agent),
	IN(size_relay_segments_fit, REDIRECT, RELAY, .gso_size = 1428),
	IN(size_relay_segments, REDIRECT, ICMP_TOO_BIG, .gso_size = 1429),
	GROUP(size_group_home_df, DROP, CELL_TOO_BIG),
	/* to the kernel, as if the station had never left */
	IN(tunnel_mss_to_kernel, REDIRECT, DECAP_KERNEL, TRUSTED),
	IN(tunnel_from_away, REDIRECT, DECAP_KERNEL, TRUSTED),
	IN(tunnel_from_away_to_gateway, REDIRECT, DECAP_KERNEL, TRUSTED),
	IN(tunnel_from_home, REDIRECT, DECAP_KERNEL, TRUSTED),
	/* from an absent station to its neighbours at home */
	IN(tunnel_from_away_to_home, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_from_away_to_next_door, REDIRECT, DECAP_STATION, TRUSTED),
	IN(tunnel_from_away_to_away_same_cell, REDIRECT, RELAY),
	IN(tunnel_from_away_to_away_elsewhere, REDIRECT, RELAY),
	IN(tunnel_from_away_to_away_no_neighbour, REDIRECT, RELAY),
	IN(tunnel_from_away_to_away_no_route, DROP, NO_ROUTE),
	/* route optimisation: packets that did not come over the parent */
	DIRECT(tunnel_direct_to_visitor, REDIRECT, DECAP_STATION, TRUSTED),
	DIRECT(tunnel_from_home_to_visitor, REDIRECT, DECAP_STATION, TRUSTED),
	DIRECT(tunnel_from_away_to_home, REDIRECT, DECAP_STATION, TRUSTED),
	DIRECT(tunnel_direct_to_elsewhere, REDIRECT, RELAY),
	DIRECT(tunnel_direct_to_settled, REDIRECT, RELAY),
	DIRECT(tunnel_direct_to_sender, REDIRECT, DECAP_KERNEL, TRUSTED),
	DIRECT(tunnel_direct_ttl1, REDIRECT, DECAP_KERNEL, TRUSTED),
	DIRECT(tunnel_from_away, REDIRECT, DECAP_KERNEL, TRUSTED),
	DIRECT(tunnel_from_away_to_gateway, REDIRECT, DECAP_KERNEL, TRUSTED),
	DIRECT(tunnel_from_away_to_away_same_cell, REDIRECT, RELAY),
	/* the station has moved on */
	IN(tunnel_relay_next, REDIRECT, RELAY, STALE(W_ELSEWHERE, W_CN2)),
	IN(tunnel_relay_back, DROP, NOT_HERE),
	IN(tunnel_relay_hops, DROP, HOPS),
	/* the path to another CN is narrower than the route */
	NARROW(narrow_away_fits, REDIRECT, ENCAP_VISITED),
	NARROW(narrow_away, NEXT, NOT_OURS),
	NARROW(narrow_relay_fits, REDIRECT, RELAY),
	NARROW(narrow_relay, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_relay_without_df, REDIRECT, TO_FRAGMENT),
	NARROW(narrow_relay_options, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_relay_echo, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_relay_later_fragment, REDIRECT, TO_FRAGMENT),
	NARROW(narrow_relay_icmp_error, DROP, TOO_BIG),
	NARROW(narrow_stale_fits, REDIRECT, RELAY, STALE(W_ELSEWHERE, W_CN2)),
	NARROW(narrow_stale, REDIRECT, ICMP_TOO_BIG),
	/* dropped */
	IN(tunnel_from_blocked, DROP, BLOCKED),
	IN(tunnel_to_blocked, DROP, BLOCKED),
	/* tunnels of others */
	IN(tunnel_unknown_peer, NEXT, UNKNOWN_PEER),
	IN(tunnel_of_others, NEXT, FOREIGN_TUNNEL),
	IN(tunnel_of_others_inner_not_ip, NEXT, UNKNOWN_PEER),
	IN(tunnel_of_others_into_network, DROP, NOT_HERE),
	/* dropped */
	IN(tunnel_link_local, DROP, LINK_LOCAL),
	IN(tunnel_link_local_source, DROP, TUNNEL_SOURCE),
	IN(tunnel_multicast_source, DROP, TUNNEL_SOURCE),
	IN(tunnel_not_here, DROP, NOT_HERE),
	IN(tunnel_wrong_source, DROP, TUNNEL_SOURCE),
	IN(tunnel_fragment, NEXT, OUTER_FRAGMENT),
	IN(tunnel_later_fragment, NEXT, OUTER_FRAGMENT),
	IN(tunnel_outer_options, DROP, MALFORMED),
	IN(tunnel_inner_not_ip, DROP, MALFORMED),
	IN(tunnel_inner_ihl, DROP, MALFORMED),
	IN(tunnel_inner_too_long, DROP, MALFORMED),
	/* RFC 6040: each inner ECN field in each outer one */
	IN(ecn_not_in_not, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_not_in_ect1, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_not_in_ect0, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_not_in_ce, DROP, CONGESTION),
	IN(ecn_ect0_in_not, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect0_in_ect1, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect0_in_ect0, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect0_in_ce, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect1_in_not, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect1_in_ect1, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect1_in_ect0, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ect1_in_ce, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ce_in_not, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ce_in_ect1, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ce_in_ect0, REDIRECT, DECAP_STATION, TRUSTED),
	IN(ecn_ce_in_ce, REDIRECT, DECAP_STATION, TRUSTED),
	/* probes */
	IN(probe_request, REDIRECT, PROBE),
	IN(probe_reply, NEXT, PROBE_REPLY),
	IN(probe_of_anyone, REDIRECT, PROBE),
};

int main(void)
{
	return WORLD_RUN_TABLE("packets of the backbone", cases);
}
