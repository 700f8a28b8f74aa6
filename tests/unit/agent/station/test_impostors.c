/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts with the address of a gateway. */
#include "agent/station/impostors.h"
#include "station_world.h"

#define LATELY_MS 120000

static struct impostors *impostors;

static int create(void **state)
{
	impostors = impostors_create();
	return world_setup(state) || !impostors;
}

static int destroy(void **state)
{
	impostors_destroy(impostors);
	impostors_destroy(NULL);
	return world_teardown(state);
}

static void sees(unsigned ifindex, struct tmip_addr addr, unsigned number, uint64_t now_ms)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = ifindex, .addr = addr,
				   .mac = mac(number)};

	impostors_seen(impostors, roam_replica(w->roam), &w->cells, &event, now_ms);
}

static struct tmip_addr gateway(unsigned net)
{
	struct tmip_addr somebody = ip(net, 77);
	const struct cell_info *cell = replica_find_cell(roam_replica(w->roam), &somebody, NULL);

	assert_non_null(cell);
	return cell->gateway;
}

static void expect(unsigned count, uint64_t now_ms)
{
	json_t *texts = json_array();

	impostors_list(impostors, now_ms, texts);
	assert_int_equal(json_array_size(texts), count);
	json_decref(texts);
}

static void who_uses_a_gateways_address_is_named_for_a_while(void **state)
{
	(void)state;
	sees(WLAN0, gateway(1), 9, 1000);
	sees(WLAN0, gateway(2), 9, 1500); /* the gateway of another CN's cell */
	sees(WLAN0, gateway(1), 9, 2000);
	expect(2, 2000);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "uses the gateway's address"), 1);
	expect(1, 1500 + LATELY_MS);
	expect(0, 2000 + LATELY_MS);
}

static void others_are_not(void **state)
{
	(void)state;
	sees(WLAN0, ip(1, 7), 9, 1000);
	sees(WLAN0, ip(99, 1), 9, 1000);
	sees(WLAN0, (struct tmip_addr){0}, 9, 1000);
	sees(99, gateway(1), 9, 1000); /* not a cell */
	expect(0, 1000);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0);
}

static void there_is_room_for_a_few(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		sees(WLAN0, gateway(1), i + 1, 1000 + i);
	expect(8, 2000);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "uses"), 1);
	sees(WLAN0, gateway(1), 1, 70000);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "uses"), 2);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_uses_a_gateways_address_is_named_for_a_while),
		CASE(others_are_not),
		CASE(there_is_room_for_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
