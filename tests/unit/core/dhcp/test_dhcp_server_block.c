/* SPDX-License-Identifier: BSD-2-Clause */
/* The CN's own block of addresses, from which the DHCP server serves while the register is down. */
#include "dhcp_server_world.h"

static struct block block;

static void start_block(void)
{
	const struct tmip_addr addrs[] = {addr_from_ipv4(NET2 | 200), addr_from_ipv4(NET2 | 201)};
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};
	bool changed;

	block_free(&block);
	assert_int_equal(block_replace(&block, &subnet, addrs, 2, &changed), 0);
	assert_true(changed);
	assert_int_equal(block_replace(&block, &subnet, addrs, 2, &changed), 0);
	assert_false(changed);
	server.register_ready = false;
	server.register_down = true;
	server.block = &block;
	server.now_ms = 1000;
}

static void test_own_block(void **state)
{
	const struct tmip_mac second = {{2, 0, 0, 0, 0, 0x78}};
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	struct dhcp_request other = client(DHCP_DISCOVER, &second);
	struct tmip_addr first = addr_from_ipv4(NET2 | 200);

	(void)state;
	start_block();
	decide(&r);
	expect_lease(DHCP_DO_LOCAL_OFFER, DHCP_OFFER, NET2 | 200, GATEWAY2);
	block_assign(block_find(&block, &first), BLOCK_OFFERED, &r);
	block_find(&block, &first)->until_ms = 2000;
	decide(&other);
	expect_lease(DHCP_DO_LOCAL_OFFER, DHCP_OFFER, NET2 | 201, GATEWAY2);
	decide(&r);
	assert_int_equal(out.addr, NET2 | 200); /* the same again */
	r.type = DHCP_REQUEST;
	r.server = GATEWAY2;
	r.requested = NET2 | 200;
	decide(&r);
	expect_lease(DHCP_DO_LOCAL_BIND, DHCP_ACK, NET2 | 200, GATEWAY2);
	other.type = DHCP_REQUEST;
	other.requested = NET2 | 200;
	other.server = GATEWAY2;
	decide(&other);
	expect_nothing("has not that address for it");
	other.requested = FREE; /* in the pool, but not in the block */
	decide(&other);
	expect_nothing("has not that address for it");
	server.register_down = false; /* the register is just coming back */
	decide(&r);
	expect_nothing("the register is away");
	block_free(&block);
}

static void test_own_block_is_used_up(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	struct tmip_addr addrs[] = {addr_from_ipv4(NET2 | 200), addr_from_ipv4(NET2 | 201)};
	struct tmip_addr list[4];
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};
	struct replica_station *known;
	bool changed;

	(void)state;
	start_block();
	block_assign(block_find(&block, &addrs[0]), BLOCK_BOUND,
		     &(struct dhcp_request){.mac = OTHER});
	put_station(NET2 | 201, &OTHER, RECORD_STATIC, 2); /* in use, even if free in the block */
	decide(&r);
	expect_nothing("used up");
	/* A given address stays in the block until the register has the record. */
	assert_int_equal(block_replace(&block, &subnet, NULL, 0, &changed), 0);
	assert_int_equal(block_list(&block, &subnet, list, 4), 1);
	assert_int_equal(block_count_bound(&block), 1);
	assert_false(block_shrink(&block, &subnet, 0));
	known = put_station(NET2 | 200, &OTHER, RECORD_DYNAMIC, 2);
	known->record.version = (struct version){0};
	assert_false(block_settle(&block, &replica));
	known->record.version = (struct version){1, 2};
	assert_true(block_settle(&block, &replica));
	assert_int_equal(block.count, 0);
	block_free(&block);
}

/* A block of 32 addresses. */
static void start_large_block(void)
{
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};
	struct tmip_addr addrs[32];
	bool changed;

	start_block();
	for (uint32_t i = 0; i < 32; i++)
		addrs[i] = addr_from_ipv4((NET2 | 200) + i);
	assert_int_equal(block_replace(&block, &subnet, addrs, 32, &changed), 0);
}

static struct block_entry *choose(const struct dhcp_request *request)
{
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};

	return block_choose(&block, &replica, &subnet, request, server.now_ms);
}

/* Two machines with one identifier: nobody can ask for the first one, which may be using it. */
static void test_another_mac_gets_another_address(void **state)
{
	struct dhcp_request one = client(DHCP_DISCOVER, &NEW), two = one;
	struct block_entry *entry;

	(void)state;
	two.mac.octet[5] ^= 1;
	one.client_id_len = two.client_id_len = 4;
	memcpy(one.client_id, "\0abc", 4);
	memcpy(two.client_id, "\0abc", 4);
	start_large_block();
	entry = choose(&one);
	block_assign(entry, BLOCK_BOUND, &one);
	assert_ptr_equal(choose(&one), entry);
	assert_ptr_not_equal(choose(&two), entry);
	block_free(&block);
}

static void test_one_mac_gets_a_part_of_the_block(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	const struct tmip_mac second = {{2, 0, 0, 0, 0, 0x78}};

	(void)state;
	start_large_block();
	r.client_id_len = 4;
	for (uint8_t i = 0; i < 8; i++) {
		r.client_id[3] = i;
		assert_non_null(choose(&r));
		block_assign(choose(&r), BLOCK_BOUND, &r);
	}
	r.client_id[3] = 8;
	assert_null(choose(&r));
	r.client_id[3] = 0;
	assert_non_null(choose(&r)); /* what it has already */
	r.mac = second;
	assert_non_null(choose(&r));
	block_free(&block);
}

static void test_half_of_the_block_may_be_declined(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	unsigned declined = 0;

	(void)state;
	start_large_block();
	for (int i = 0; i < 100; i++) {
		struct tmip_addr addr = choose(&r)->addr;

		block_assign(choose(&r), BLOCK_BOUND, &r);
		assert_true(addr_equal(&block_decline(&block, choose(&r), 9999)->addr, &addr));
		assert_false(addr_equal(&choose(&r)->addr, &addr)); /* another one first */
	}
	for (size_t i = 0; i < block.count; i++)
		declined += block.list[i].state == BLOCK_DECLINED;
	assert_int_equal(declined, 16);
	assert_int_equal(block.count, 32);
	block_free(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_own_block),
		CASE(test_own_block_is_used_up),
		CASE(test_another_mac_gets_another_address),
		CASE(test_one_mac_gets_a_part_of_the_block),
		CASE(test_half_of_the_block_may_be_declined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
