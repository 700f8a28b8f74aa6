/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTU of the paths to the other CNs: which paths are probed, when, and what the agent hears. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "agent/network/path_mtu.h"
#include "../fake_datapath.h"
#include "../fake_log.h"
#include "../fake_probe_socket.h"
#include "../fake_timer.h"
#include "../small_network.h"

#define TOP 1500
#define PATHS 8
#define WHILE_MS 20000 /* a search is over by then */

static struct path_mtus *paths;
static unsigned changes, leasts;
static uint32_t changed_cn;

static void on_changed(uint32_t cn, void *arg)
{
	assert_ptr_equal(arg, &changes);
	changes++;
	changed_cn = cn;
}

static void on_least(void *arg)
{
	assert_ptr_equal(arg, &changes);
	leasts++;
}

static struct path_mtu_setup setup(void)
{
	return (struct path_mtu_setup){
		.base = time_begin(), .dp = &fake_datapath, .tunnel = net_tunnel(1), .top = TOP,
		.paths_max = PATHS,
		.calls = {.changed = on_changed, .least = on_least, .arg = &changes},
	};
}

static int create(void **state)
{
	struct path_mtu_setup with = setup();

	(void)state;
	changes = leasts = 0;
	fake_datapath_reset();
	fake_probes_reset();
	fake_log_forget();
	fake_probes.path_mtu = TOP;
	return path_mtus_create(&paths, &with);
}

static int destroy(void **state)
{
	(void)state;
	path_mtus_destroy(paths);
	assert_int_equal(time_armed(), 0);
	assert_int_equal(fake_probes.closed, fake_probes.opened);
	time_end();
	return 0;
}

static void put(uint32_t cn, unsigned stations)
{
	struct tmip_addr tunnel = net_tunnel(cn);

	path_mtu_put(paths, cn, &tunnel, stations, 0);
}

static void put_sent(uint32_t cn, uint64_t packets)
{
	struct tmip_addr tunnel = net_tunnel(cn);
	struct tmip_peer_stat stat = {.tx_packets = packets};

	fake_map_put(&fake_datapath.peer_stats, &tunnel, sizeof(tunnel), &stat, sizeof(stat));
}

static void a_path_that_no_one_needs_is_not_probed(void **state)
{
	(void)state;
	put(2, 0);
	time_passes(WHILE_MS);
	assert_int_equal(fake_probes.count, 0);
	assert_int_equal(path_mtu_of(paths, 2), 0);
	assert_int_equal(path_mtu_source(paths, 2), PMTU_ROUTE);
	assert_int_equal(path_mtu_source(paths, 9), PMTU_ROUTE); /* no such CN */
}

static void a_path_is_probed_at_once_when_a_station_needs_it(void **state)
{
	(void)state;
	put(2, 1);
	time_passes(0);
	assert_true(fake_probes.count > 0);
	assert_int_equal(fake_probes.sizes[0], TOP);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), TOP); /* proved */
	assert_int_equal(changes, 1);
	assert_int_equal(leasts, 0);
}

static void the_agent_hears_of_a_narrow_path(void **state)
{
	(void)state;
	fake_probes.path_mtu = 1400;
	put(2, 1);
	put(3, 0);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	assert_int_equal(path_mtu_source(paths, 2), PMTU_PROBE);
	assert_int_equal(path_mtu_of(paths, 3), 0);
	assert_int_equal(path_mtu_least(paths), 1400);
	assert_true(changes > 0);
	assert_int_equal(changed_cn, 2);
	assert_true(leasts > 0);
	/* One line for the result, however many steps led there. */
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "takes packets of"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "of 1400 bytes, as probes show"), 1);
}

static void packets_on_a_path_make_it_one_in_use(void **state)
{
	(void)state;
	put(2, 0);
	time_passes(5000);
	assert_int_equal(fake_probes.count, 0);
	put_sent(2, 7);
	time_passes(3000);
	assert_true(fake_probes.count > 0);
	/* It stays in use for a while after the last packet, and no longer. */
	time_passes(60000);
	fake_probes.count = 0;
	time_passes(60000);
	assert_int_equal(fake_probes.count, 0);
}

static void a_path_that_shrinks_is_found(void **state)
{
	(void)state;
	put(2, 1);
	time_passes(WHILE_MS);
	fake_probes.path_mtu = 1300;
	time_passes(10000);
	assert_int_equal(path_mtu_of(paths, 2), 1300);
}

static void a_router_is_believed_about_a_probe_only(void **state)
{
	struct probe_news news = {.type = PROBE_TOO_BIG, .remote = net_tunnel(2), .size = TOP,
				  .mtu = 1400, .proved = true};

	(void)state;
	fake_probes.path_mtu = 1400;
	put(2, 1);
	time_passes(0);
	fake_probes_put(&news);
	time_passes(3000);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	assert_int_equal(path_mtu_source(paths, 2), PMTU_ICMP);
	/* Not proved: a reason to look, no more. */
	news.proved = false;
	news.mtu = 600;
	fake_probes_put(&news);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	/* About a CN that there is not. */
	news.remote = net_tunnel(77);
	fake_probes_put(&news);
	time_passes(0);
}

static void an_interface_that_refuses_counts_as_a_router(void **state)
{
	(void)state;
	fake_probes.interface_mtu = fake_probes.path_mtu = 1200;
	put(2, 1);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1200);
}

static void what_a_former_agent_knew_stands_until_probes_say_more(void **state)
{
	struct tmip_addr tunnel = net_tunnel(2);

	(void)state;
	fake_probes.path_mtu = 0; /* nothing comes back yet */
	path_mtu_put(paths, 2, &tunnel, 1, 1350);
	time_passes(0);
	assert_int_equal(path_mtu_of(paths, 2), 1350);
	fake_probes.path_mtu = TOP;
	path_mtu_restart(paths, 0);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), TOP);
}

static void a_larger_path_is_found_on_a_restart(void **state)
{
	(void)state;
	fake_probes.path_mtu = 1400;
	put(2, 1);
	time_passes(WHILE_MS);
	fake_probes.path_mtu = TOP;
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	path_mtu_restart(paths, 3); /* another one */
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	path_mtu_restart(paths, 2);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), TOP);
	assert_int_equal(path_mtu_least(paths), 0);
}

static void a_larger_path_is_found_in_time(void **state)
{
	(void)state;
	fake_probes.path_mtu = 1400;
	put(2, 1);
	time_passes(WHILE_MS);
	fake_probes.path_mtu = TOP;
	fake_probes.count = 0;
	for (int minute = 0; minute < 11; minute++) {
		time_passes(60000);
		fake_probes.count = 0;
	}
	assert_int_equal(path_mtu_of(paths, 2), TOP);
}

static void the_backbone_changes(void **state)
{
	(void)state;
	put(2, 1);
	time_passes(WHILE_MS);
	fake_probes.path_mtu = 1400;
	path_mtu_set_top(paths, 1400);
	time_passes(WHILE_MS);
	assert_int_equal(path_mtu_of(paths, 2), 1400);
	assert_int_equal(path_mtu_least(paths), 0);
}

static void a_cn_that_is_gone_counts_no_more(void **state)
{
	(void)state;
	fake_probes.path_mtu = 1400;
	put(2, 1);
	time_passes(WHILE_MS);
	leasts = 0;
	path_mtu_remove(paths, 2);
	path_mtu_remove(paths, 2);
	time_passes(0);
	assert_int_equal(path_mtu_least(paths), 0);
	assert_int_equal(leasts, 1);
}

static void the_rate_is_limited(void **state)
{
	(void)state;
	fake_probes.path_mtu = 0;
	for (uint32_t cn = 2; cn < 2 + PATHS + 3; cn++) /* more than there is room for */
		put(cn, 1);
	time_passes(900);
	assert_true(fake_probes.count > 0);
	assert_true(fake_probes.count <= 500);
}

static void no_socket_is_an_error(void **state)
{
	struct path_mtu_setup with;
	struct path_mtus *none;

	(void)state;
	fake_probes_reset();
	with = setup();
	fake_probes.open_error = -EPERM;
	assert_int_equal(path_mtus_create(&none, &with), -EPERM);
	assert_null(none);
	path_mtus_destroy(none);
	time_end();
}

/* All that is known of the paths may be wrong from the new address. */
static void probes_leave_from_another_address(void **state)
{
	struct tmip_addr tunnel = net_tunnel(77);

	(void)state;
	put(2, 1);
	time_passes(WHILE_MS);
	fake_probes.count = 0;
	path_mtu_move(paths, &tunnel);
	assert_true(addr_equal(&fake_probes.local, &tunnel));
	assert_int_equal(fake_probes.opened, 2);
	assert_int_equal(fake_probes.closed, 1);
	time_passes(WHILE_MS);
	assert_true(fake_probes.count > 0);
	fake_probes.open_error = -EADDRNOTAVAIL;
	path_mtu_move(paths, &tunnel);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "no socket for tunnel probes from"), 1);
	assert_int_equal(fake_probes.closed, 1); /* the one that is there serves */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_path_that_no_one_needs_is_not_probed),
		CASE(a_path_is_probed_at_once_when_a_station_needs_it),
		CASE(the_agent_hears_of_a_narrow_path),
		CASE(packets_on_a_path_make_it_one_in_use),
		CASE(a_path_that_shrinks_is_found),
		CASE(a_router_is_believed_about_a_probe_only),
		CASE(an_interface_that_refuses_counts_as_a_router),
		CASE(what_a_former_agent_knew_stands_until_probes_say_more),
		CASE(a_larger_path_is_found_on_a_restart),
		CASE(a_larger_path_is_found_in_time),
		CASE(the_backbone_changes),
		CASE(a_cn_that_is_gone_counts_no_more),
		CASE(the_rate_is_limited),
		CASE(probes_leave_from_another_address),
		cmocka_unit_test(no_socket_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
