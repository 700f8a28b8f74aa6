/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered hosts that cannot have their address: never, or not yet. */
#include "registry_world.h"

static unsigned faults[REGISTRY_HOST_EDGE + 1];

static void reserve(struct tmip_addr addr)
{
	struct registry_host host = {.name = "host", .mac = mac(50), .addr = addr};

	assert_int_equal(registry_set_hosts(w->registry, &host, 1), 0);
}

static void count(const struct registry_host *host, enum registry_host_fault fault, void *arg)
{
	(void)arg;
	assert_string_equal(host->name, "host");
	faults[fault]++;
}

static void expect_fault(enum registry_host_fault fault)
{
	memset(faults, 0, sizeof(faults));
	registry_each_host_fault(w->registry, count, NULL);
	for (unsigned i = 1; i <= REGISTRY_HOST_EDGE; i++)
		assert_int_equal(faults[i], i == fault);
}

static void a_cell_may_come_later(void **state)
{
	(void)state;
	reserve(ip(2, 15));
	expect_fault(REGISTRY_HOST_NO_CELL);
	join(1, 10, 20);
	expect_fault(REGISTRY_HOST_NO_CELL);
	join(2, 10, 20);
	expect_fault(REGISTRY_HOST_FITS);
}

static void some_addresses_are_no_hosts(void **state)
{
	(void)state;
	join(1, 10, 20);
	reserve(ip(1, 0));
	expect_fault(REGISTRY_HOST_EDGE);
	reserve(ip(1, 255));
	expect_fault(REGISTRY_HOST_EDGE);
	reserve(describe(1, 10, 20).cells[0].gateway);
	expect_fault(REGISTRY_HOST_GATEWAY);
	reserve(addr_from_ipv4(0x7f000001));
	expect_fault(REGISTRY_HOST_NO_ADDRESS);
	reserve(addr_from_ipv4(0xe0000001));
	expect_fault(REGISTRY_HOST_NO_ADDRESS);
	reserve(ip(1, 200)); /* outside of the pool */
	expect_fault(REGISTRY_HOST_FITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cell_may_come_later),
		CASE(some_addresses_are_no_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
