/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses out of pools: which one a station gets, how long it has it, who gets it then. */
#include "registry_world.h"

static void addresses_come_from_the_cell_in_order(void **state)
{
	(void)state;
	join(1, 10, 12);
	expect(lease(1, 1), 1, 10);
	expect(offer(1, 2), 1, 11);
	expect(offer(1, 2), 1, 11); /* asked again: the same */
	expect(lease(1, 1), 1, 10); /* bound: the same */
	expect(offer(1, 3), 1, 12);
}

static void a_wish_is_granted_if_it_can(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	expect(good(1, MLRP_ALLOCATE, 1, ip(1, 15))->addr, 1, 15);
	expect(good(1, MLRP_ALLOCATE, 2, ip(1, 15))->addr, 1, 10); /* offered to another */
	expect(good(1, MLRP_ALLOCATE, 3, ip(2, 12))->addr, 2, 12); /* a neighbour's pool */
	expect(good(1, MLRP_ALLOCATE, 4, ip(1, 99))->addr, 1, 11); /* in no pool */
	expect(good(1, MLRP_ALLOCATE, 5, ip(1, 1))->addr, 1, 12);  /* the gateway */
}

static void a_new_address_gives_the_old_one_back(void **state)
{
	(void)state;
	join(1, 10, 20);
	struct tmip_addr old = lease(1, 1);

	good(1, MLRP_BIND, 1, ip(1, 15));
	assert_int_equal(record(old)->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 15))->state, RECORD_BOUND);
}

static void an_offer_ends(void **state)
{
	(void)state;
	join(1, 10, 10);
	struct tmip_addr addr = offer(1, 1);

	refused(1, MLRP_ALLOCATE, 2, (struct tmip_addr){0}, MLRP_E_EXHAUSTED);
	refused(1, MLRP_BIND, 2, addr, MLRP_E_CONFLICT);
	pass(OFFER_S + 1);
	assert_null(record(addr));
	expect(offer(1, 2), 1, 10);
	assert_int_equal(disk_count(&w->disk), 0); /* offers are not written */
}

static void gateway_and_ends_are_never_given(void **state)
{
	(void)state;
	join(1, 0, 0);
	close_session(1);
	struct cn_info info = describe(1, 254, 255);

	info.cells[0].gateway = ip(1, 254);
	open_session(1, MLRP_ROLE_CN);
	assert_int_equal(register_info(1, &info)->type, MLRP_REGISTERED);
	refused(1, MLRP_ALLOCATE, 1, (struct tmip_addr){0}, MLRP_E_EXHAUSTED);
	refused(1, MLRP_BIND, 1, ip(1, 254), MLRP_E_CONFLICT);
	refused(1, MLRP_CLAIM, 1, ip(1, 254), MLRP_E_CONFLICT);
	refused(1, MLRP_CLAIM, 1, ip(1, 255), MLRP_E_CONFLICT);
	refused(1, MLRP_CLAIM, 1, ip(1, 0), MLRP_E_CONFLICT);
	refused(1, MLRP_CLAIM, 1, ip(9, 9), MLRP_E_NOT_IN_POOL);
	refused(1, MLRP_BIND, 1, ip(1, 9), MLRP_E_NOT_IN_POOL); /* of the cell, but of no pool */
}

static void never_used_comes_before_longest_free(void **state)
{
	struct tmip_addr addrs[3];

	(void)state;
	join(1, 10, 13);
	for (unsigned i = 0; i < 3; i++)
		addrs[i] = lease(1, i);
	good(1, MLRP_RELEASE, 1, addrs[1]);
	good(1, MLRP_RELEASE, 0, addrs[0]);
	expect(lease(1, 7), 1, 13);  /* never used comes first */
	expect(offer(1, 0), 1, 10);  /* who had it finds it again */
	expect(offer(1, 8), 1, 11);  /* then the longest free */
	refused(1, MLRP_ALLOCATE, 9, (struct tmip_addr){0}, MLRP_E_EXHAUSTED);
}

static void an_empty_pool_borrows_from_those_who_are_there(void **state)
{
	struct registry_counts counts;
	uint32_t second;

	(void)state;
	join(1, 10, 10);
	second = join(2, 10, 11);
	join(3, 10, 10);
	lease(1, 1);
	close_session(3);
	struct tmip_addr borrowed = offer(1, 2);

	expect(borrowed, 2, 10);
	assert_int_equal(good(1, MLRP_BIND, 2, borrowed)->parent, second);
	expect(offer(1, 3), 2, 11);
	refused(1, MLRP_ALLOCATE, 4, (struct tmip_addr){0}, MLRP_E_EXHAUSTED); /* cn3 is away */
	join(3, 10, 10);
	expect(offer(1, 4), 3, 10);
	registry_count(w->registry, &counts);
	assert_int_equal(counts.borrowed, 3);
	assert_int_equal(counts.exhausted, 1);
}

static void a_nearly_full_pool_is_searched_around(void **state)
{
	(void)state;
	struct cn_info info = describe(1, 2, 254);

	open_session(1, MLRP_ROLE_CN);
	register_info(1, &info);
	for (unsigned i = 2; i <= 254; i++)
		offer(1, i);
	refused(1, MLRP_ALLOCATE, 300, (struct tmip_addr){0}, MLRP_E_EXHAUSTED);
	good(1, MLRP_RELEASE, 70, ip(1, 70));
	expect(offer(1, 300), 1, 70);
	pass(OFFER_S + 1);
	/* As if never used; the search goes on where it was, and around. */
	expect(offer(1, 301), 1, 254);
	expect(offer(1, 302), 1, 2);
}

static void the_table_has_a_limit(void **state)
{
	struct registry_counts counts;

	(void)state;
	w->stations_max = 3;
	begin(EPOCH);
	join(1, 10, 20);
	for (unsigned i = 1; i <= 3; i++)
		lease(1, i);
	refused(1, MLRP_ALLOCATE, 4, (struct tmip_addr){0}, MLRP_E_FULL);
	refused(1, MLRP_CLAIM, 4, ip(1, 200), MLRP_E_FULL);
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	good(1, MLRP_CLAIM, 4, ip(1, 200)); /* takes the place of the tombstone */
	assert_int_equal(w->erased, 1);
	assert_null(record(ip(1, 11)));
	registry_count(w->registry, &counts);
	assert_int_equal(counts.states[0], 3);
	assert_int_equal(counts.full, 2);
}

/* A message about MAC 1 with an identifier of one letter. */
static const struct mlrp_message *ask_as(char id, uint8_t type, struct tmip_addr addr)
{
	struct mlrp_message message = {
		.type = type, .mac = mac(1), .addr = addr, .lease = 600, .subnet = {ip(1, 0), 24},
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE) |
		       MLRP_HAS(MLRP_F_CLIENT_ID),
		.client_id_len = 3, .client_id = {0, 'i', (uint8_t)id},
	};

	if (type == MLRP_ALLOCATE) {
		message.has |= MLRP_HAS(MLRP_F_SUBNET);
		message.has &= ~MLRP_HAS(MLRP_F_ADDR);
	}
	return ask(1, &message);
}

static void one_mac_may_have_several_owners(void **state)
{
	struct tmip_addr addr[3];
	const char ids[] = "abc";

	(void)state;
	join(1, 10, 20);
	for (int i = 0; i < 3; i++) {
		addr[i] = ask_as(ids[i], MLRP_ALLOCATE, (struct tmip_addr){0})->station.addr;
		assert_int_equal(ask_as(ids[i], MLRP_BIND, addr[i])->type, MLRP_STATION);
		for (int k = 0; k < i; k++)
			assert_false(addr_equal(&addr[i], &addr[k]));
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(record(addr[i])->state, RECORD_BOUND);
		assert_int_equal(ask_as(ids[i], MLRP_RENEW, addr[i])->type, MLRP_STATION);
	}
	/* None may renew, give back or decline what is another's. */
	assert_int_equal(ask_as('b', MLRP_RENEW, addr[0])->type, MLRP_ERROR);
	assert_int_equal(ask_as('b', MLRP_RELEASE, addr[0])->type, MLRP_ERROR);
	assert_int_equal(ask_as('b', MLRP_DECLINE, addr[0])->type, MLRP_ERROR);
	assert_int_equal(ask_as('b', MLRP_BIND, addr[0])->type, MLRP_ERROR);
	assert_int_equal(record(addr[0])->state, RECORD_BOUND);
	assert_int_equal(ask_as('a', MLRP_RELEASE, addr[0])->type, MLRP_STATION);
	assert_int_equal(record(addr[0])->state, RECORD_FREE);
	assert_int_equal(record(addr[1])->state, RECORD_BOUND);
	/* An older CN does not say which client of the MAC it is. */
	good(1, MLRP_RENEW, 1, addr[1]);
}

static void client_identifiers_are_owners(void **state)
{
	struct mlrp_message message = {.type = MLRP_ALLOCATE,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_CLIENT_ID),
				       .mac = mac(1),
				       .subnet = {ip(1, 0), 24},
				       .client_id_len = 3,
				       .client_id = {0, 'i', 'd'},
				       .lease = 600};

	(void)state;
	join(1, 10, 20);
	message.addr = ask(1, &message)->station.addr;
	expect(message.addr, 1, 10);
	message.type = MLRP_BIND;
	ask(1, &message);
	message.mac = mac(2); /* another medium, the same client */
	message.type = MLRP_ALLOCATE;
	expect(ask(1, &message)->station.addr, 1, 10);
	message.type = MLRP_BIND;
	assert_true(mac_equal(&ask(1, &message)->station.mac, &message.mac));
	expect(offer(1, 3), 1, 11);
	/* 01 and the MAC is no identifier of its own */
	message.client_id_len = 7;
	message.client_id[0] = 1;
	memcpy(message.client_id + 1, mac(3).octet, 6);
	message.mac = mac(3);
	message.type = MLRP_ALLOCATE;
	expect(ask(1, &message)->station.addr, 1, 11);
}

/* ---- how long */

static void a_lease_ends_and_is_renewed(void **state)
{
	(void)state;
	join(1, 10, 10);
	struct tmip_addr addr = lease(1, 1);

	pass(500);
	assert_int_equal(good(1, MLRP_RENEW, 1, addr)->lease_end, w->now.unix_s + 600);
	pass(600);
	assert_int_equal(record(addr)->state, RECORD_BOUND); /* the grace */
	pass(GRACE_S + 1);
	assert_int_equal(record(addr)->state, RECORD_FREE);
	refused(1, MLRP_RELEASE, 1, addr, MLRP_E_UNKNOWN);
	good(1, MLRP_RENEW, 1, addr); /* nobody else has it */
	assert_int_equal(record(addr)->state, RECORD_BOUND);
	refused(1, MLRP_RENEW, 2, addr, MLRP_E_CONFLICT);
	refused(1, MLRP_DECLINE, 2, addr, MLRP_E_CONFLICT);
}

static void leases_of_different_length_end_in_their_order(void **state)
{
	unsigned order[] = {5, 1, 4, 2, 3, 9, 7, 8, 6};
	struct mlrp_message bind = {.type = MLRP_BIND,
				    .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					   MLRP_HAS(MLRP_F_LEASE)};

	(void)state;
	join(1, 10, 30);
	pass(GRACE_S); /* since the start */
	for (unsigned i = 0; i < 9; i++) {
		bind.mac = mac(order[i]);
		bind.addr = ip(1, 10 + (int)order[i]);
		bind.lease = order[i] * 100;
		ask(1, &bind);
	}
	good(1, MLRP_RELEASE, 3, ip(1, 13)); /* out of the middle of the heap */
	pass(GRACE_S);
	for (unsigned i = 1; i <= 9; i++) {
		assert_int_equal(record(ip(1, 10 + (int)i))->state,
				 i == 3 ? RECORD_FREE : RECORD_BOUND);
		pass(100);
		assert_int_equal(record(ip(1, 10 + (int)i))->state, RECORD_FREE);
	}
}

/* A CN confirms what it knows, and asks the register afterwards: too late for this station. */
static void a_late_renewal_makes_no_second_lease(void **state)
{
	struct mlrp_message bind = {.type = MLRP_BIND,
				    .mac = mac(1),
				    .client_id_len = 3,
				    .client_id = {0, 'i', 'd'},
				    .lease = 600,
				    .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					   MLRP_HAS(MLRP_F_CLIENT_ID) | MLRP_HAS(MLRP_F_LEASE)};

	(void)state;
	join(1, 10, 20);
	for (int host = 10; host <= 11; host++) {
		bind.addr = ip(1, host);
		ask(1, &bind);
	}
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	refused(1, MLRP_RENEW, 1, ip(1, 10), MLRP_E_STALE);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 11))->state, RECORD_BOUND);
	/* Without another one it has it again, as the client that it is. */
	good(1, MLRP_RELEASE, 1, ip(1, 11));
	assert_int_equal(good(1, MLRP_RENEW, 1, ip(1, 10))->client_id_len, 3);
}

static void a_declined_address_rests(void **state)
{
	(void)state;
	join(1, 10, 10);
	struct tmip_addr addr = lease(1, 1);

	assert_int_equal(good(1, MLRP_DECLINE, 1, addr)->state, RECORD_DECLINED);
	refused(1, MLRP_ALLOCATE, 1, addr, MLRP_E_EXHAUSTED);
	refused(1, MLRP_BIND, 1, addr, MLRP_E_CONFLICT);
	pass(DECLINE_S + 1);
	expect(offer(1, 2), 1, 10);
}

static void commands_free_addresses(void **state)
{
	struct tmip_addr addr;

	(void)state;
	join(1, 10, 20);
	addr = lease(1, 1);
	assert_int_equal(registry_free_address(w->registry, &addr), 0);
	assert_int_equal(record(addr)->state, RECORD_FREE);
	assert_int_equal(registry_free_address(w->registry, &addr), -ENOENT);
	addr = offer(1, 2);
	assert_int_equal(registry_free_address(w->registry, &addr), 0);
	assert_null(record(addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(addresses_come_from_the_cell_in_order),
		CASE(a_wish_is_granted_if_it_can),
		CASE(a_new_address_gives_the_old_one_back),
		CASE(an_offer_ends),
		CASE(gateway_and_ends_are_never_given),
		CASE(never_used_comes_before_longest_free),
		CASE(an_empty_pool_borrows_from_those_who_are_there),
		CASE(a_nearly_full_pool_is_searched_around),
		CASE(the_table_has_a_limit),
		CASE(client_identifiers_are_owners),
		CASE(one_mac_may_have_several_owners),
		CASE(a_lease_ends_and_is_renewed),
		CASE(leases_of_different_length_end_in_their_order),
		CASE(a_late_renewal_makes_no_second_lease),
		CASE(a_declined_address_rests),
		CASE(commands_free_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
