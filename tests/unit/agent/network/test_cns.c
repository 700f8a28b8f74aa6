/* SPDX-License-Identifier: BSD-2-Clause */
/* The CNs of the network: what the maps have of each, and what stays when one goes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_datapath.h"
#include "../fake_log.h"
#include "../fake_probe_socket.h"
#include "../fake_timer.h"
#include "agent/interface/cell_table.h"
#include "agent/network/cns.h"
#include "agent/network/path_mtu.h"
#include "agent/network/peers.h"
#include "../small_network.h"

#define SELF 5
#define IFINDEX 42

static struct world {
	struct roam *roam;
	struct cell_table cells;
	struct path_mtus *paths;
	struct cns *cns;
} world, *w = &world;

/* ---- in place of peers.c, of which only peers_put() is called */

int peers_create(struct peers **out, const struct peers_setup *setup)
{
	(void)out;
	(void)setup;
	return -ENOSYS;
}

void peers_destroy(struct peers *peers)
{
	(void)peers;
}

void peers_send(struct peers *peers, uint32_t cn, const struct mlrp_message *message)
{
	(void)peers;
	(void)cn;
	(void)message;
}

bool peers_connected(const struct peers *peers, uint32_t cn)
{
	(void)peers;
	(void)cn;
	return false;
}

void peers_put(struct peers *peers, const struct cn_info *info, bool moved)
{
	assert_ptr_equal(peers, w);
	calls_note("peer %u%s%s", info->id, info->gone ? " gone" : "", moved ? " moved" : "");
}

/* ---- the world */

static void on_changed(void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("changed");
}

/* As the agent does. */
static void on_path(uint32_t cn, void *arg)
{
	assert_ptr_equal(arg, w);
	cns_put_peer_entry(w->cns, cn);
}

static void put(uint32_t id)
{
	struct cn_info info = net_cn(id);

	cns_put(w->cns, &info);
}

static void put_gone(uint32_t id)
{
	struct cn_info info = net_cn(id);

	info.gone = true;
	cns_put(w->cns, &info);
}

static struct tmip_subnet_key key_of(uint32_t id)
{
	return (struct tmip_subnet_key){.prefix_len = 96 + 24, .addr = net_address(id, 0)};
}

static const struct tmip_subnet *subnet_of(uint32_t id)
{
	struct tmip_subnet_key key = key_of(id);

	return fake_datapath_subnet(&key);
}

static const struct tmip_peer *peer_of(uint32_t id)
{
	struct tmip_addr tunnel = net_tunnel(id);

	return fake_datapath_peer(&tunnel);
}

static void assert_subnet(uint32_t id, uint32_t parent, unsigned ifindex)
{
	const struct tmip_subnet *found = subnet_of(id);
	struct tmip_addr tunnel = net_tunnel(parent), gateway = net_address(id, 1);

	assert_non_null(found);
	assert_memory_equal(&found->parent, &tunnel, sizeof(tunnel));
	assert_int_equal(found->prefix_len, 24);
	assert_memory_equal(&found->gateway, &gateway, sizeof(gateway));
	assert_int_equal(found->ifindex, ifindex);
}

static void assert_peer(uint32_t id, const char *name)
{
	const struct tmip_peer *found = peer_of(id);

	assert_non_null(found);
	assert_int_equal(found->cn_id, id);
	assert_string_equal(found->name, name);
}

static int set_up(void **state)
{
	struct cn_info self = net_cn(SELF);

	(void)state;
	memset(w, 0, sizeof(*w));
	fake_datapath_reset();
	w->roam = net_roam(SELF);
	roam_put_cell(w->roam, IFINDEX, "wlan0", &self.cells[0].subnet);
	w->cells.count = 1;
	w->cells.list[0].interface.ifindex = IFINDEX;
	w->cells.list[0].info = self.cells[0];

	fake_probes_reset();
	const struct path_mtu_setup with = {
		.base = time_begin(), .dp = &fake_datapath, .top = 1500, .paths_max = 64,
		.calls = {.changed = on_path, .least = on_changed, .arg = w},
	};

	assert_int_equal(path_mtus_create(&w->paths, &with), 0);
	const struct cns_setup setup = {.roam = w->roam, .dp = &fake_datapath, .paths = w->paths,
					.peers = (struct peers *)w, .cells = &w->cells,
					.changed = on_changed, .arg = w};

	assert_int_equal(cns_create(&w->cns, &setup), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cns_destroy(w->cns);
	cns_destroy(NULL);
	path_mtus_destroy(w->paths);
	time_end();
	roam_destroy(w->roam);
	return 0;
}

/* ---- a CN comes */

static void test_a_new_cn_is_in_the_maps_and_is_connected_to(void **state)
{
	(void)state;
	put(8);
	assert_subnet(8, 8, 0);
	assert_peer(8, "cn8");
	assert_int_equal(peer_of(8)->tunnel, TMIP_TUNNEL_IDLE);
	assert_true(CALLS_IN_ORDER("datapath_put_subnet 10.10.8.0/24",
				   "datapath_put_peer 192.168.0.8", "changed", "peer 8"));
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "CN cn8 is number 8 of the network"), 1);
	put(8); /* nothing new */
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "is number"), 1);
}

static void test_this_cn_has_its_subnets_and_no_peer(void **state)
{
	(void)state;
	put(SELF);
	assert_subnet(SELF, SELF, IFINDEX);
	assert_null(peer_of(SELF));
	assert_int_equal(calls_count("peer"), 0);
}

static void test_own_subnets_are_at_home_before_there_is_a_number(void **state)
{
	struct cn_info self = net_cn(SELF);

	(void)state;
	roam_set_self(w->roam, 0);
	self.id = 0;
	cns_put_own_subnets(w->cns, &self);
	assert_subnet(SELF, SELF, IFINDEX);
	assert_int_equal(fake_datapath.peers.count, 0);
}

static void test_a_cell_that_is_not_served_has_no_interface(void **state)
{
	(void)state;
	w->cells.list[0].interface.ifindex = 0;
	put(SELF);
	assert_subnet(SELF, SELF, 0);
}

static void test_all_subnets_of_a_cn_are_put(void **state)
{
	struct cn_info info = net_cn(8);

	(void)state;
	info.cells[1] = net_cn(9).cells[0];
	info.cell_count = 2;
	cns_put(w->cns, &info);
	assert_subnet(8, 8, 0);
	assert_subnet(9, 8, 0);
}

static void test_the_tunnel_of_the_machine_is_in_the_entry(void **state)
{
	struct mlrp_message moved = {.type = MLRP_MOVED, .transaction = 1,
				     .has = MLRP_HAS(MLRP_F_STATION) | MLRP_HAS(MLRP_F_TUNNELS),
				     .tunnel_count = 1, .tunnels = {TMIP_TUNNEL_4IN4}};

	(void)state;
	put(SELF);
	put(8);
	moved.station = (struct station_record){
		.addr = net_address(SELF, 9), .mac = {{2, 0, 0, 0, 0, 9}}, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = SELF, .current = SELF, .version = {1, 1},
	};
	roam_record(w->roam, &moved.station, 0, 1000);
	moved.station.current = 8;
	roam_cn_message(w->roam, 8, &moved, 1000);
	calls_forget();
	cns_put_peer_entry(w->cns, 8);
	assert_int_equal(peer_of(8)->stations, 1);
	assert_int_equal(peer_of(8)->tunnel, TMIP_TUNNEL_4IN4);
	assert_true(CALLS_IN_ORDER("datapath_put_peer 192.168.0.8", "changed"));
}

static void test_there_is_no_entry_of_itself_or_of_a_stranger(void **state)
{
	(void)state;
	put(SELF);
	calls_forget();
	cns_put_peer_entry(w->cns, SELF);
	cns_put_peer_entry(w->cns, 77);
	assert_string_equal(calls_made(), "");
}

static void test_an_entry_that_the_map_refuses_is_logged(void **state)
{
	(void)state;
	fake_datapath.put_error = -ENOSPC;
	put(8);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "map tmip_peer: cn8"), 1);
}

static void test_a_cn_beyond_the_limit_is_logged_and_not_served(void **state)
{
	(void)state;
	for (uint32_t id = 10; id < 10 + NET_CNS_MAX; id++)
		put(id);
	calls_forget();
	put(99);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "CN cn99: the table of CNs is full"), 1);
	assert_null(peer_of(99));
	assert_null(subnet_of(99));
	assert_int_equal(calls_count("peer"), 0);
}

/* ---- a CN changes */

static void test_a_cn_that_moves_takes_its_entry_along(void **state)
{
	struct cn_info info = net_cn(8);

	(void)state;
	put(8);
	calls_forget();
	info.tunnel = net_tunnel(88);
	cns_put(w->cns, &info);
	assert_null(peer_of(8));
	assert_non_null(fake_datapath_peer(&info.tunnel));
	assert_subnet(8, 88, 0);
	assert_true(calls_include("peer 8 moved"));
}

static void test_another_port_is_a_move_too(void **state)
{
	struct cn_info info = net_cn(8);

	(void)state;
	put(8);
	calls_forget();
	info.port = 7000;
	cns_put(w->cns, &info);
	assert_true(calls_include("peer 8 moved"));
	assert_peer(8, "cn8");
}

static void test_a_subnet_that_it_gives_up_is_deleted(void **state)
{
	struct cn_info info = net_cn(8);

	(void)state;
	put(8);
	info.cells[0] = net_cn(9).cells[0];
	cns_put(w->cns, &info);
	assert_null(subnet_of(8));
	assert_subnet(9, 8, 0);
	assert_true(calls_include("peer 8"));
}

static void test_a_subnet_that_another_cn_has_taken_stays(void **state)
{
	struct cn_info giver = net_cn(8), taker = net_cn(9);

	(void)state;
	put(8);
	taker.cells[1] = giver.cells[0];
	taker.cell_count = 2;
	cns_put(w->cns, &taker);
	giver.cell_count = 0;
	cns_put(w->cns, &giver);
	assert_subnet(8, 9, 0);
}

/* The register refuses a cell of this CN, whose subnet is another's: that one has it again. */
static void test_a_cell_that_was_refused_is_taken_back(void **state)
{
	struct cn_info accepted = net_cn(SELF), wanted = net_cn(SELF);

	(void)state;
	put(8);
	wanted.cells[1] = net_cn(8).cells[0];
	wanted.cells[2] = net_cn(9).cells[0];
	wanted.cell_count = 3;
	cns_put(w->cns, &wanted);
	assert_subnet(8, SELF, 0);
	cns_take_back(w->cns, &accepted);
	assert_subnet(8, 8, 0);
	assert_null(subnet_of(9));
	assert_subnet(SELF, SELF, IFINDEX);
}

/* ---- a CN goes */

static void test_of_a_cn_that_is_gone_nothing_is_left(void **state)
{
	(void)state;
	put(8);
	put(9);
	calls_forget();
	put_gone(8);
	assert_null(peer_of(8));
	assert_null(subnet_of(8));
	assert_null(replica_find_cn(roam_replica(w->roam), 8));
	assert_true(calls_include("peer 8 gone"));
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "CN cn8 was forgotten by the register"), 1);
	assert_peer(9, "cn9");
	assert_subnet(9, 9, 0);
}

static void test_a_stranger_that_is_gone_changes_nothing(void **state)
{
	(void)state;
	put_gone(77);
	assert_int_equal(fake_datapath.peers.count, 0);
	assert_int_equal(fake_datapath.subnets.count, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, ""), 0);
}

/* ---- the register names all anew */

static void test_those_that_the_register_did_not_name_are_dropped(void **state)
{
	(void)state;
	put(SELF);
	put(7);
	put(8);
	put(9);
	cns_expect(w->cns);
	put(8);
	cns_drop_unnamed(w->cns);
	assert_null(peer_of(7));
	assert_null(subnet_of(7));
	assert_null(peer_of(9));
	assert_peer(8, "cn8");
	assert_subnet(8, 8, 0);
	assert_subnet(SELF, SELF, IFINDEX); /* the register does not name this CN to itself */
}

static void test_when_all_are_named_nothing_is_touched(void **state)
{
	(void)state;
	put(8);
	cns_expect(w->cns);
	put(8);
	calls_forget();
	cns_drop_unnamed(w->cns);
	assert_string_equal(calls_made(), "");
}

/* A register that has lost its store: cn8 comes back as number 11, with its tunnel and cells. */
static void test_a_cn_with_a_new_number_keeps_tunnel_and_subnets(void **state)
{
	struct cn_info anew = net_cn(8);

	(void)state;
	put(8);
	cns_expect(w->cns);
	anew.id = 11;
	cns_put(w->cns, &anew);
	assert_int_equal(peer_of(8)->cn_id, 11);
	cns_drop_unnamed(w->cns);
	assert_int_equal(peer_of(8)->cn_id, 11);
	assert_subnet(8, 8, 0);
	assert_true(calls_include("peer 11"));
	assert_true(calls_include("peer 8 gone"));
}

/* The same, and another CN has got the former number. */
static void test_two_cns_that_swap_their_numbers_keep_theirs(void **state)
{
	struct cn_info first = net_cn(8), second = net_cn(9);

	(void)state;
	put(8);
	put(9);
	cns_expect(w->cns);
	first.id = 9;
	second.id = 8;
	cns_put(w->cns, &first);
	cns_put(w->cns, &second);
	cns_drop_unnamed(w->cns);
	assert_int_equal(peer_of(8)->cn_id, 9);
	assert_string_equal(peer_of(8)->name, "cn8");
	assert_int_equal(peer_of(9)->cn_id, 8);
	assert_subnet(8, 8, 0);
	assert_subnet(9, 9, 0);
}

static void test_this_cn_with_a_new_number_keeps_its_subnets(void **state)
{
	struct cn_info anew = net_cn(SELF);

	(void)state;
	put(SELF);
	put(8);
	roam_set_self(w->roam, 12);
	anew.id = 12;
	cns_put(w->cns, &anew);
	cns_expect(w->cns);
	put(8);
	cns_drop_unnamed(w->cns);
	assert_subnet(SELF, SELF, IFINDEX);
	assert_null(replica_find_cn(roam_replica(w->roam), SELF));
	assert_null(peer_of(SELF));
}

/* ---- what a former agent left */

static void test_entries_that_the_register_does_not_know_are_swept(void **state)
{
	struct tmip_addr stale = net_tunnel(70), own = net_tunnel(SELF);
	struct tmip_subnet_key left = key_of(70), longer = key_of(8);
	struct tmip_peer peer = {.cn_id = 70};
	struct tmip_subnet subnet = {.prefix_len = 24};

	(void)state;
	put(SELF);
	put(8);
	datapath_put_peer(&fake_datapath, &stale, &peer);
	datapath_put_peer(&fake_datapath, &own, &peer); /* this CN is nobody's peer */
	datapath_put_subnet(&fake_datapath, &left, &subnet);
	longer.prefix_len = 96 + 25; /* the cell had another prefix once */
	datapath_put_subnet(&fake_datapath, &longer, &subnet);
	cns_sweep(w->cns);
	assert_int_equal(fake_datapath.peers.count, 1);
	assert_peer(8, "cn8");
	assert_int_equal(fake_datapath.subnets.count, 2);
	assert_subnet(8, 8, 0);
	assert_subnet(SELF, SELF, IFINDEX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_new_cn_is_in_the_maps_and_is_connected_to),
		CASE(test_this_cn_has_its_subnets_and_no_peer),
		CASE(test_own_subnets_are_at_home_before_there_is_a_number),
		CASE(test_a_cell_that_is_not_served_has_no_interface),
		CASE(test_all_subnets_of_a_cn_are_put),
		CASE(test_the_tunnel_of_the_machine_is_in_the_entry),
		CASE(test_there_is_no_entry_of_itself_or_of_a_stranger),
		CASE(test_an_entry_that_the_map_refuses_is_logged),
		CASE(test_a_cn_beyond_the_limit_is_logged_and_not_served),
		CASE(test_a_cn_that_moves_takes_its_entry_along),
		CASE(test_another_port_is_a_move_too),
		CASE(test_a_subnet_that_it_gives_up_is_deleted),
		CASE(test_a_subnet_that_another_cn_has_taken_stays),
		CASE(test_a_cell_that_was_refused_is_taken_back),
		CASE(test_of_a_cn_that_is_gone_nothing_is_left),
		CASE(test_a_stranger_that_is_gone_changes_nothing),
		CASE(test_those_that_the_register_did_not_name_are_dropped),
		CASE(test_when_all_are_named_nothing_is_touched),
		CASE(test_a_cn_with_a_new_number_keeps_tunnel_and_subnets),
		CASE(test_two_cns_that_swap_their_numbers_keep_theirs),
		CASE(test_this_cn_with_a_new_number_keeps_its_subnets),
		CASE(test_entries_that_the_register_does_not_know_are_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
