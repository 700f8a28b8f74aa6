/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that stations send, one by one: action, whole frame, reason, copy, event. */
#include <time.h>

#include "world.h"

#define NAMED(title, frame, ...) WORLD_CASE(title, CELL_IN, "cell0", frame, __VA_ARGS__)
#define IN(frame, ...) NAMED(#frame, frame, __VA_ARGS__)
#define IN1(frame, ...) WORLD_CASE(#frame, CELL_IN, "cell1", frame, __VA_ARGS__)
#define PAST(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_past)
#define GROUP(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_group)
#define DIRECT(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_direct)
#define NARROW(frame, ...) IN(frame, __VA_ARGS__, .prepare = world_narrow)
#define TRUSTED .mark = MARK_TRUSTED
#define SEEN(addr) .event = TMIP_EVENT_SEEN, .event_addr = (addr)
#define ASKED(addr) .event = TMIP_EVENT_ASKED, .event_addr = (addr)
#define WANTED(addr) .event = TMIP_EVENT_WANTED, .event_addr = (addr)
#define CONFLICT(addr) .event = TMIP_EVENT_CONFLICT, .event_addr = (addr)

/* `multicast home`, but no station of cell0 is elsewhere, and no guest of CN2 is here. */
static void nobody_elsewhere(void)
{
	struct tmip_group_key own = {.parent = world_addr(W_TUNNEL),
				     .ifindex = world_ifindex("cell0")};
	struct tmip_group_key other = {.parent = world_addr(W_CN2)};
	int map = bpf_map__fd(world_bpf->maps.tmip_group);

	world_group();
	assert_int_equal(bpf_map_delete_elem(map, &own), 0);
	assert_int_equal(bpf_map_delete_elem(map, &other), 0);
}

static void no_mss(void)
{
	struct tmip_config config = world_config();

	config.mss = 0;
	world_set_config(&config);
}

static void flag_elsewhere(uint8_t flags)
{
	struct tmip_station station = world_station(W_ELSEWHERE);
	struct tmip_addr key = world_addr(W_ELSEWHERE);

	station.flags = flags;
	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

/* The station has left its cell and is in no other: nobody uses the address now. */
static void elsewhere_is_silent(void)
{
	flag_elsewhere(TMIP_STATION_F_SILENT);
}

/* It has left a moment ago, and may be on its way. */
static void elsewhere_is_held(void)
{
	flag_elsewhere(TMIP_STATION_F_SILENT | TMIP_STATION_F_HELD);
}

/* The visitor's MAC has another address, which is elsewhere. */
static void visitor_has_another(void)
{
	world_put_station(W_VISITOR2, W_VISITOR_MAC, TMIP_STATION_ELSEWHERE, NULL, NULL, W_CN2,
			  W_CN3);
}

/* cell0 has another router, which was heard so many units of TMIP_HEARD_SHIFT ago. */
static void put_router(uint32_t ago)
{
	struct tmip_host_key key = {.mac = world_mac(W_NEIGHBOUR_MAC),
				    .ifindex = world_ifindex("cell0")};
	struct timespec now;
	uint32_t heard;

	clock_gettime(CLOCK_MONOTONIC, &now);
	heard = (uint32_t)(((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) >>
			   TMIP_HEARD_SHIFT) - ago;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_host), &key, &heard,
					     BPF_ANY), 0);
}

static void router(void)
{
	put_router(100);
}

static void router_long_gone(void)
{
	put_router(310);
}

/* The station has left the cell, where it was heard. */
static void away_was_heard(void)
{
	struct tmip_host_key key = {.mac = world_mac(W_AWAY_MAC),
				    .ifindex = world_ifindex("cell0")};
	uint32_t heard = 0xffffffff;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_host), &key, &heard,
					     BPF_ANY), 0);
}

static const struct bpf_case cases[] = {
	/* DHCP */
	IN(dhcp_discover, DROP, DHCP_TAKEN, SEEN(NULL)),
	IN(dhcp_renew, DROP, DHCP_TAKEN, SEEN(NULL)),
	IN(dhcp_of_server, NEXT, HOME),
	IN(dhcp_directed, DROP, DHCP_TAKEN, SEEN(NULL)),
	IN(dhcp_to_other, NEXT, HOME),
	IN(dhcp_to_other_abroad, REDIRECT, ENCAP_PARENT),
	IN(dhcp_to_other_early, NEXT, NOT_OURS, SEEN(NULL)),
	IN(dhcp_relayed, NEXT, HOME),
	IN(dhcp_reply_to_relay, NEXT, HOME),
	IN(dhcp_port_only, NEXT, HOME),
	/* link-local addresses */
	IN(link_local_from_home, DROP, LINK_LOCAL),
	IN(link_local_to_us, NEXT, NOT_OURS, SEEN(NULL)),
	IN(link_local_abroad, REDIRECT, ENCAP_PARENT),
	/* another router of the cell */
	IN(router_home, NEXT, NOT_OURS, .prepare = router),
	IN(router_home_to_home, NEXT, NOT_OURS, .prepare = router),
	IN(router_home_to_away, NEXT, NOT_OURS, .prepare = router),
	IN(router_visitor, NEXT, NOT_OURS, .prepare = router),
	IN(router_long_ago, NEXT, HOME, .prepare = router_long_gone),
	IN(neighbour_away, REDIRECT, ENCAP_VISITED, .prepare = away_was_heard),
	IN(router_foreign_source, NEXT, NOT_OURS),
	IN(router_unregistered_source, NEXT, NOT_OURS),
	IN(router_away_source, NEXT, NOT_OURS),
	/* from stations at home */
	IN(home_to_server, NEXT, HOME),
	IN(home_to_home, NEXT, NOT_OURS),
	IN(home_old_gateway, NEXT, HOME),
	IN(home_to_home_old_gateway, REDIRECT, NEXT_DOOR, TRUSTED),
	IN(home_to_away, REDIRECT, ENCAP_VISITED),
	IN(home_to_next_door, REDIRECT, NEXT_DOOR, TRUSTED),
	IN1(next_door_to_server, REDIRECT, NEXT_DOOR, TRUSTED),
	IN1(next_door_to_home, REDIRECT, NEXT_DOOR, TRUSTED),
	/* the same past netfilter (`fastpath home`) */
	PAST(past_out, REDIRECT, FORWARDED),
	PAST(past_out_mss, REDIRECT, FORWARDED),
	PAST(past_out_fragment, REDIRECT, FORWARDED),
	PAST(past_out_settled, REDIRECT, FORWARDED),
	PAST(past_out_ttl1, NEXT, HOME),
	PAST(past_out_options, NEXT, HOME),
	PAST(past_out_too_big, NEXT, HOME),
	PAST(past_out_no_route, NEXT, HOME),
	PAST(past_out_to_us, NEXT, HOME),
	PAST(past_out_to_tunnel_end, NEXT, HOME),
	PAST(past_out_neighbour_unknown, NEXT, HOME),
	PAST(home_to_away, REDIRECT, ENCAP_VISITED),
	PAST(home_to_home, NEXT, NOT_OURS),
	/* from guests */
	IN(visitor_to_server, REDIRECT, ENCAP_PARENT),
	IN(elsewhere_to_server, REDIRECT, ENCAP_PARENT, SEEN(W_ELSEWHERE)),
	IN(visitor_old_gateway, REDIRECT, ENCAP_PARENT),
	IN(visitor_to_visitor, NEXT, NOT_OURS),
	IN(visitor_dscp_ecn, REDIRECT, ENCAP_PARENT),
	IN(visitor_ip_options, REDIRECT, ENCAP_PARENT),
	IN(visitor_first_fragment, REDIRECT, ENCAP_PARENT),
	IN(visitor_last_fragment, REDIRECT, ENCAP_PARENT),
	IN(visitor_fragment_like_dhcp, REDIRECT, ENCAP_PARENT),
	IN(visitor_multicast, NEXT, GROUP),
	IN(visitor_broadcast, NEXT, GROUP),
	IN(visitor_no_route, DROP, NO_ROUTE),
	IN(visitor_wrong_mac, DROP, WRONG_MAC, CONFLICT(W_VISITOR)),
	IN(blocked, DROP, BLOCKED),
	NAMED("home_to_home_old_gateway, cell is down", home_to_home_old_gateway, DROP, CELL_DOWN,
	      .prepare = world_cell_down),
	NAMED("visitor_to_server, cell is gone", visitor_to_server, DROP, NO_CELL,
	      .prepare = world_no_cell),
	/* route optimisation: straight to the other station */
	DIRECT(direct_visitor_to_home, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_visitor_to_next_door, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_visitor_to_away, REDIRECT, ENCAP_DIRECT),
	DIRECT(direct_visitor_to_elsewhere, REDIRECT, ENCAP_DIRECT),
	DIRECT(direct_visitor_to_settled, REDIRECT, ENCAP_DIRECT),
	DIRECT(direct_visitor5_to_settled, REDIRECT, ENCAP_DIRECT),
	DIRECT(direct_visitor_to_visitor, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_visitor_to_neighbour, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_home_to_visitor, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_home_to_elsewhere, REDIRECT, ENCAP_DIRECT),
	IN1(direct_next_door_to_settled, REDIRECT, ENCAP_DIRECT, .prepare = world_direct),
	DIRECT(direct_ttl2, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_neighbour_ttl1, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_just_fits, REDIRECT, ENCAP_DIRECT),
	DIRECT(direct_mss, REDIRECT, NEXT_DOOR, TRUSTED),
	DIRECT(direct_too_big, REDIRECT, ICMP_TOO_BIG),
	/* packets that go over the parents all the same */
	DIRECT(direct_ttl1, REDIRECT, ENCAP_PARENT),
	DIRECT(direct_home_ttl1, NEXT, HOME),
	DIRECT(direct_options, REDIRECT, ENCAP_PARENT),
	DIRECT(direct_no_route, REDIRECT, ENCAP_PARENT),
	DIRECT(direct_to_blocked, REDIRECT, ENCAP_PARENT),
	DIRECT(direct_home_to_settled, NEXT, HOME),
	DIRECT(direct_home_to_cut, NEXT, HOME),
	DIRECT(visitor_to_server, REDIRECT, ENCAP_PARENT),
	DIRECT(home_to_server, NEXT, HOME),
	IN(indirect_visitor_to_home, REDIRECT, ENCAP_PARENT),
	IN(indirect_home_to_visitor, NEXT, HOME),
	IN(indirect_home_to_elsewhere, NEXT, HOME),
	/* broadcast and multicast */
	GROUP(group_mdns, REDIRECT, GROUP_HOME),
	GROUP(group_ssdp, REDIRECT, GROUP_HOME),
	GROUP(group_broadcast, REDIRECT, GROUP_HOME),
	GROUP(group_directed, REDIRECT, GROUP_HOME),
	GROUP(group_of_others, NEXT, GROUP),
	GROUP(group_igmp, NEXT, GROUP),
	GROUP(group_at_home_mdns, NEXT, GROUP_COPIED, .copy = &group_at_home_mdns),
	GROUP(group_at_home_ssdp, NEXT, GROUP_COPIED, .copy = &group_at_home_ssdp),
	GROUP(group_at_home_broadcast, NEXT, GROUP_COPIED, .copy = &group_at_home_broadcast),
	GROUP(group_at_home_directed, NEXT, GROUP_COPIED, .copy = &group_at_home_directed),
	GROUP(group_at_home_first_piece, NEXT, GROUP_COPIED, .copy = &group_at_home_first_piece),
	GROUP(group_at_home_last_piece, NEXT, GROUP_COPIED, .copy = &group_at_home_last_piece),
	GROUP(group_at_home_of_others, NEXT, GROUP),
	GROUP(group_at_home_stream, NEXT, GROUP),
	GROUP(group_at_home_vrrp, NEXT, GROUP),
	GROUP(group_at_home_dhcp, NEXT, GROUP),
	IN(group_at_home_mdns, NEXT, GROUP),
	NAMED("group_at_home_mdns, nobody is elsewhere", group_at_home_mdns, NEXT, GROUP,
	      .prepare = nobody_elsewhere),
	NAMED("group_at_home_mdns, no agent", group_at_home_mdns, NEXT, GROUP_NOT_COPIED,
	      .prepare = world_group_no_agent),
	IN1(group_next_door, REDIRECT, GROUP_HOME, TRUSTED, .copy = &group_next_door_copy,
	    .prepare = world_group),
	NAMED("group_mdns, no guests known", visitor_multicast, NEXT, GROUP,
	      .prepare = nobody_elsewhere),
	/* from addresses that are not registered */
	IN(stranger_home, NEXT, UNREGISTERED_HOME, SEEN(W_STRANGER)),
	IN(stranger_of_cn2, DROP, UNREGISTERED, SEEN(W_STRANGER2)),
	IN(stranger_foreign, DROP, FOREIGN_SOURCE),
	IN(stranger_link_local, DROP, LINK_LOCAL, SEEN(NULL)),
	IN(stranger_unspecified, NEXT, NOT_OURS, SEEN(NULL)),
	IN(stranger_ipv6, NEXT, NOT_OURS, SEEN(NULL)),
	IN(visitor_vlan, NEXT, NOT_OURS, SEEN(NULL)),
	/* maximum segment size */
	IN(mss_visitor, REDIRECT, ENCAP_PARENT),
	IN(mss_home, NEXT, HOME),
	IN(mss_odd_offset, NEXT, HOME),
	IN(mss_late, NEXT, HOME),
	IN(mss_small, NEXT, HOME),
	IN(mss_no_option, NEXT, HOME),
	IN(mss_not_syn, NEXT, HOME),
	IN(mss_zero_length, NEXT, HOME),
	IN(mss_md5_behind, NEXT, HOME),
	IN(mss_md5_before, NEXT, HOME),
	IN(mss_md5_after_nops, NEXT, HOME),
	IN(mss_ao_behind, NEXT, HOME),
	IN(mss_ao_before, NEXT, HOME),
	IN(mss_ao_after_nops, NEXT, HOME),
	IN(mss_after_nops, NEXT, HOME),
	IN(mss_twice, NEXT, HOME),
	IN(mss_before_broken, NEXT, HOME),
	IN(mss_behind_end, NEXT, HOME),
	IN(mss_md5_behind_end, NEXT, HOME),
	NAMED("mss_unclamped", mss_unclamped, NEXT, HOME, .prepare = no_mss),
	/* the largest packet that fits into the tunnel, and larger ones */
	IN(visitor_just_fits, REDIRECT, ENCAP_PARENT),
	IN(visitor_too_big, REDIRECT, ICMP_TOO_BIG),
	NAMED("visitor_too_big_without_df, no agent", visitor_too_big_without_df, REDIRECT,
	      ICMP_TOO_BIG, .prepare = world_no_agent),
	IN(size_tunnel_without_df, REDIRECT, TO_FRAGMENT),
	IN(size_tunnel_later_fragment, REDIRECT, TO_FRAGMENT),
	NAMED("size_tunnel_later_fragment, no agent", size_tunnel_later_fragment, DROP, TOO_BIG,
	      .prepare = world_no_agent),
	IN(size_next_door, REDIRECT, ICMP_CELL),
	IN(size_next_door_without_df, REDIRECT, TO_FRAGMENT),
	NAMED("size_next_door, no agent", size_next_door_no_agent, REDIRECT, ICMP_CELL,
	      .prepare = world_no_agent),
	GROUP(size_group, REDIRECT, TO_FRAGMENT),
	GROUP(size_group_df, DROP, TOO_BIG),
	IN(visitor_too_big_echo, REDIRECT, ICMP_TOO_BIG),
	IN(visitor_too_big_icmp_error, DROP, TOO_BIG),
	IN(visitor_too_big_later_fragment, DROP, TOO_BIG),
	/* the same where the path is narrower than the route */
	NARROW(narrow_visitor_fits, REDIRECT, ENCAP_PARENT),
	NARROW(narrow_visitor, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_home_fits, REDIRECT, ENCAP_VISITED),
	NARROW(narrow_home, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_direct_fits, REDIRECT, ENCAP_DIRECT),
	NARROW(narrow_direct, REDIRECT, ICMP_TOO_BIG),
	NARROW(narrow_no_neighbour, REDIRECT, ICMP_TOO_BIG),
	IN(narrow_home_fits, REDIRECT, ENCAP_VISITED),
	/* ARP */
	IN(arp_guest_gateway, REDIRECT, ARP_ANSWERED),
	IN(arp_guest_gateway_unicast, REDIRECT, ARP_ANSWERED),
	IN(arp_guest_unknown_neighbour, NEXT, NOT_OURS, WANTED("10.2.0.77")),
	IN(arp_guest_unknown_elsewhere, NEXT, NOT_OURS),
	IN1(arp_next_door_unknown_neighbour, NEXT, NOT_OURS, WANTED("10.1.0.200")),
	IN(arp_guest_elsewhere_neighbour, REDIRECT, ARP_ANSWERED),
	IN(arp_guest_beside, NEXT, NOT_OURS),
	IN(arp_elsewhere_gateway, REDIRECT, ARP_ANSWERED, SEEN(W_ELSEWHERE)),
	IN1(arp_next_door_gateway, REDIRECT, ARP_ANSWERED),
	IN(arp_home_for_away, REDIRECT, ARP_ANSWERED),
	IN(arp_home_for_next_door, REDIRECT, ARP_ANSWERED),
	IN(arp_home_for_home, NEXT, NOT_OURS),
	IN(arp_home_for_gateway, NEXT, NOT_OURS),
	IN(arp_home_for_unknown, NEXT, NOT_OURS),
	IN(arp_gratuitous, NEXT, NOT_OURS),
	IN(arp_probe_for_away, REDIRECT, ARP_ANSWERED, SEEN(NULL)),
	IN(arp_probe_own, NEXT, NOT_OURS, SEEN(NULL)),
	IN(arp_probe_for_elsewhere, REDIRECT, ARP_ANSWERED, SEEN(NULL)),
	IN(arp_probe_for_silent, NEXT, NOT_OURS, SEEN(NULL), .prepare = elsewhere_is_silent),
	NAMED("arp_probe_for_held", arp_probe_for_elsewhere, REDIRECT, ARP_ANSWERED, SEEN(NULL),
	      .prepare = elsewhere_is_held),
	IN(arp_probe_for_home, NEXT, NOT_OURS, SEEN(NULL)),
	IN(arp_probe_for_gateway, REDIRECT, ARP_ANSWERED, SEEN(NULL)),
	IN(arp_probe_for_own_gateway, NEXT, NOT_OURS, SEEN(NULL)),
	IN(arp_probe_for_blocked, NEXT, NOT_OURS, SEEN(NULL)),
	NAMED("arp_probe_for_own_other", arp_probe_for_beside, NEXT, NOT_OURS, SEEN(NULL),
	      .prepare = visitor_has_another),
	NAMED("arp_guest_own_other", arp_guest_beside, NEXT, NOT_OURS,
	      .prepare = visitor_has_another),
	IN(arp_blocked, NEXT, NOT_OURS),
	IN(arp_wrong_mac, DROP, WRONG_MAC, CONFLICT(W_VISITOR)),
	IN(arp_wrong_mac_asks, DROP, WRONG_MAC, ASKED(W_VISITOR)),
	IN(arp_stranger, NEXT, NOT_OURS, SEEN(W_STRANGER)),
	IN(arp_stranger_asks, NEXT, NOT_OURS, ASKED(W_STRANGER)),
	IN(arp_stranger_of_cn2, NEXT, NOT_OURS, ASKED(W_STRANGER2)),
	IN(arp_reply_of_guest, NEXT, NOT_OURS),
	IN(arp_other_hardware, DROP, MALFORMED),
	/* headers that contradict themselves */
	IN(bad_ihl, DROP, MALFORMED),
	IN(bad_version, DROP, MALFORMED),
	IN(bad_total_long, DROP, MALFORMED),
	IN(bad_total_short, DROP, MALFORMED),
};

int main(void)
{
	return WORLD_RUN_TABLE("frames that stations send", cases);
}
