/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered hosts: each keeps its address, wherever it asks and by whichever of its MACs. */
#include "registry_world.h"

/* 10.1.0.15 for a host with so many MACs, whose numbers follow. */
static void reserve(unsigned count, ...)
{
	struct registry_host hosts[4] = {0};
	va_list args;

	va_start(args, count);
	for (unsigned i = 0; i < count; i++) {
		snprintf(hosts[i].name, sizeof(hosts[i].name), "host");
		hosts[i].mac = mac(va_arg(args, unsigned));
		hosts[i].addr = ip(1, 15);
	}
	va_end(args);
	assert_int_equal(registry_set_hosts(w->registry, hosts, count), 0);
}

static void a_registered_host_has_its_address(void **state)
{
	(void)state;
	join(1, 14, 16);
	join(2, 10, 20);
	reserve(2, 50u, 51u);
	expect(offer(1, 1), 1, 14);
	expect(offer(1, 2), 1, 16);
	expect(offer(2, 50), 1, 15);
	const struct station_record *bound = good(2, MLRP_BIND, 50, ip(1, 15));

	assert_int_equal(bound->kind, RECORD_RESERVED);
	assert_int_equal(bound->lease_end, 0);
	refused(1, MLRP_BIND, 3, ip(1, 15), MLRP_E_CONFLICT);
	refused(1, MLRP_CLAIM, 3, ip(1, 15), MLRP_E_CONFLICT);
	/* The other MAC of the host, by DHCP and by its frames. */
	expect(offer(1, 51), 1, 15);
	assert_int_equal(good(1, MLRP_BIND, 51, ip(1, 15))->mac.octet[5], 51);
	assert_int_equal(good(2, MLRP_CLAIM, 50, ip(1, 15))->mac.octet[5], 50);
	pass(100000);
	assert_int_equal(record(ip(1, 15))->state, RECORD_BOUND);
	/* Without the reservation it is an address like others, once it is released. */
	reserve(0);
	good(2, MLRP_RELEASE, 50, ip(1, 15));
	expect(good(1, MLRP_ALLOCATE, 9, ip(1, 15))->addr, 1, 15);
}

static void a_reservation_frees_the_host_from_its_lease(void **state)
{
	(void)state;
	join(1, 10, 20);
	expect(lease(1, 50), 1, 10);
	reserve(1, 50u);
	expect(lease(1, 50), 1, 15);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
}

static void expect_macs(unsigned first, unsigned other)
{
	const struct station_record *bound = record(ip(1, 15));

	assert_int_equal(bound->mac.octet[5], first);
	assert_int_equal(bound->other_count, other > 0);
	if (other)
		assert_int_equal(bound->others[0].octet[5], other);
}

static struct mlrp_message handover(unsigned number)
{
	return (struct mlrp_message){
		.type = MLRP_HANDOVER, .mac = mac(number), .addr = ip(1, 15),
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION),
	};
}

static void the_record_names_all_macs_of_a_host(void **state)
{
	struct mlrp_message moved = handover(51);
	const struct mlrp_message *answer;

	(void)state;
	join(1, 14, 16);
	join(2, 10, 20);
	reserve(2, 50u, 51u);
	assert_int_equal(good(1, MLRP_BIND, 50, ip(1, 15))->other_count, 1);
	expect_macs(50, 51);
	/* What the other one asks moves nothing. */
	expect(offer(2, 51), 1, 15);
	assert_int_equal(good(2, MLRP_RENEW, 51, ip(1, 15))->current, 1);
	expect_macs(50, 51);
	assert_int_equal(good(2, MLRP_RELEASE, 51, ip(1, 15))->state, RECORD_BOUND);
	expect_macs(50, 51);
	/* Its frames do, to another CN or within one. */
	answer = ask(2, &moved);
	assert_int_equal(answer->type, MLRP_STATION);
	assert_int_equal(answer->station.current, 2);
	expect_macs(51, 50);
	moved = handover(50);
	answer = ask(2, &moved);
	assert_int_equal(answer->type, MLRP_STATION);
	expect_macs(50, 51);
	moved = handover(3);
	assert_int_equal(ask(2, &moved)->code, MLRP_E_CONFLICT);
}

static void a_change_of_the_configuration_is_told(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	good(1, MLRP_BIND, 50, ip(1, 15)); /* a lease, as yet */
	reserve(2, 50u, 51u);
	assert_int_equal(last(2)->station.other_count, 1);
	assert_int_equal(last(2)->station.kind, RECORD_RESERVED);
	expect_macs(50, 51);
	reserve(1, 50u);
	assert_int_equal(last(2)->station.other_count, 0);
	expect_macs(50, 0);
	reserve(3, 50u, 51u, 52u);
	assert_int_equal(record(ip(1, 15))->other_count, 2);
	reserve(0);
	expect_macs(50, 0);
}

static struct mlrp_message bind_named(unsigned number, bool beside)
{
	struct mlrp_message bind = {
		.type = MLRP_BIND, .mac = mac(number), .addr = ip(1, 15), .lease = 100,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE) |
		       MLRP_HAS(MLRP_F_CLIENT_ID),
		.client_id = "laptop", .client_id_len = 6, .beside = beside,
	};

	if (beside)
		bind.has |= MLRP_HAS(MLRP_F_BESIDE);
	return bind;
}

static void a_client_has_a_lease_on_two_interfaces(void **state)
{
	struct mlrp_message bind = bind_named(50, false), moved = handover(51);
	const struct mlrp_message *answer;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	ask(1, &bind);
	expect_macs(50, 0);
	bind = bind_named(51, true);
	answer = ask(2, &bind);
	assert_int_equal(answer->station.current, 1);
	expect_macs(50, 51);
	ask(2, &moved);
	expect_macs(51, 50);
	/* The store and the next start know both. */
	disk_writes();
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	expect_macs(51, 50);
	join(1, 10, 20);
	join(2, 10, 20);
	/* One gives it back, and the other one has it still. */
	good(2, MLRP_RELEASE, 51, ip(1, 15));
	expect_macs(50, 0);
	assert_int_equal(record(ip(1, 15))->state, RECORD_BOUND);
	good(1, MLRP_RELEASE, 50, ip(1, 15));
	assert_int_equal(record(ip(1, 15))->state, RECORD_FREE);
}

static void another_host_does_not_inherit_the_macs(void **state)
{
	struct mlrp_message bind = bind_named(50, false);

	(void)state;
	join(1, 10, 20);
	ask(1, &bind);
	bind = bind_named(51, true);
	ask(1, &bind);
	/* The client comes with a third MAC, and the first one is not there any more. */
	bind = bind_named(52, false);
	ask(1, &bind);
	expect_macs(52, 0);
	/* More than a record has room for: the oldest ones go. */
	for (unsigned number = 60; number < 60 + OTHER_MACS_MAX + 2; number++) {
		bind = bind_named(number, true);
		ask(1, &bind);
	}
	assert_int_equal(record(ip(1, 15))->mac.octet[5], 52);
	assert_int_equal(record(ip(1, 15))->other_count, OTHER_MACS_MAX);
	assert_int_equal(record(ip(1, 15))->others[0].octet[5], 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_registered_host_has_its_address),
		CASE(a_reservation_frees_the_host_from_its_lease),
		CASE(the_record_names_all_macs_of_a_host),
		CASE(a_change_of_the_configuration_is_told),
		CASE(a_client_has_a_lease_on_two_interfaces),
		CASE(another_host_does_not_inherit_the_macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
