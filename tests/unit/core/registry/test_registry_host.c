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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_registered_host_has_its_address),
		CASE(a_reservation_frees_the_host_from_its_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
