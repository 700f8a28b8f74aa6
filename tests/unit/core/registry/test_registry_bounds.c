/* SPDX-License-Identifier: BSD-2-Clause */
/* What one MAC and one cell can hold, claim and take out of use. */
#include "registry_world.h"

static struct registry_counts counts(void)
{
	struct registry_counts counts;

	registry_count(w->registry, &counts);
	return counts;
}

/* A message of MAC 1 as its client `id`. */
static const struct mlrp_message *ask_as(uint8_t id, uint8_t type, struct tmip_addr addr)
{
	struct mlrp_message message = {
		.type = type, .mac = mac(1), .addr = addr, .lease = 600, .subnet = {ip(1, 0), 24},
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_CLIENT_ID),
		.client_id_len = 3, .client_id = {0, 'i', id},
	};

	if (type == MLRP_ALLOCATE)
		message.has |= MLRP_HAS(MLRP_F_SUBNET);
	else
		message.has |= MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE);
	return ask(1, &message);
}

static void a_mac_has_so_many_leases(void **state)
{
	struct tmip_addr addr[MAC_ADDRESSES];

	(void)state;
	join(1, 10, 200);
	for (int i = 0; i < MAC_ADDRESSES; i++) {
		addr[i] = ask_as((uint8_t)i, MLRP_ALLOCATE, (struct tmip_addr){0})->station.addr;
		assert_int_equal(ask_as((uint8_t)i, MLRP_BIND, addr[i])->type, MLRP_STATION);
	}
	assert_int_equal(ask_as(99, MLRP_ALLOCATE, (struct tmip_addr){0})->code, MLRP_E_EXHAUSTED);
	assert_int_equal(ask_as(99, MLRP_BIND, ip(1, 150))->code, MLRP_E_EXHAUSTED);
	refused(1, MLRP_CLAIM, 1, ip(1, 210), MLRP_E_EXHAUSTED);
	assert_int_equal(counts().bounded, 3);
	/* What it has goes on, and others get theirs. */
	assert_int_equal(ask_as(3, MLRP_BIND, addr[3])->type, MLRP_STATION);
	assert_int_equal(ask_as(3, MLRP_RENEW, addr[3])->type, MLRP_STATION);
	lease(1, 2);
	/* One that it gives back makes room. */
	assert_int_equal(ask_as(3, MLRP_RELEASE, addr[3])->type, MLRP_STATION);
	assert_int_equal(ask_as(99, MLRP_ALLOCATE, (struct tmip_addr){0})->type, MLRP_STATION);
}

static void a_mac_has_so_many_offers(void **state)
{
	(void)state;
	join(1, 10, 200);
	for (int i = 0; i < 100; i++)
		ask_as((uint8_t)i, MLRP_ALLOCATE, (struct tmip_addr){0});
	assert_int_equal(counts().states[RECORD_OFFERED], MAC_ADDRESSES);
	pass(OFFER_S + 1);
	assert_int_equal(ask_as(99, MLRP_ALLOCATE, (struct tmip_addr){0})->type, MLRP_STATION);
}

static void a_mac_claims_so_many_addresses(void **state)
{
	(void)state;
	join(1, 10, 200);
	for (int i = 0; i < MAC_ADDRESSES; i++)
		good(1, MLRP_CLAIM, 1, ip(1, 10 + i));
	refused(1, MLRP_CLAIM, 1, ip(1, 100), MLRP_E_EXHAUSTED);
	good(1, MLRP_CLAIM, 1, ip(1, 10)); /* a place, not a new address */
	good(1, MLRP_CLAIM, 2, ip(1, 100));
}

static void a_reserved_address_is_not_refused(void **state)
{
	struct registry_host host = {.name = "desk", .mac = mac(1), .addr = ip(1, 90)};

	(void)state;
	join(1, 10, 200);
	assert_int_equal(registry_set_hosts(w->registry, &host, 1), 0);
	for (int i = 0; i < MAC_ADDRESSES; i++)
		good(1, MLRP_CLAIM, 1, ip(1, 10 + i));
	good(1, MLRP_CLAIM, 1, ip(1, 90));
}

static void a_cn_brings_so_many_static_stations(void **state)
{
	struct registry_options options = {
		.epoch = EPOCH, .stations_max = 1000, .cns_max = CNS, .offer_s = OFFER_S,
		.decline_s = DECLINE_S, .mac_addresses = MAC_ADDRESSES, .cell_claims = 20,
	};

	(void)state;
	join(1, 10, 200);
	join(2, 10, 200);
	registry_set_options(w->registry, &options);
	for (int i = 0; i < 20; i++)
		good(1, MLRP_CLAIM, (unsigned)(100 + i), ip(1, 10 + i));
	refused(1, MLRP_CLAIM, 200, ip(1, 100), MLRP_E_EXHAUSTED);
	refused(1, MLRP_CLAIM, 200, ip(2, 100), MLRP_E_EXHAUSTED);
	good(2, MLRP_CLAIM, 200, ip(2, 100)); /* another cell is not concerned */
	struct tmip_addr freed = ip(1, 12);

	assert_int_equal(registry_free_address(w->registry, &freed), 0);
	good(1, MLRP_CLAIM, 201, ip(1, 100));
}

static void who_declines_everything_takes_few(void **state)
{
	(void)state;
	join(1, 10, 41);
	for (int i = 0; i < 100; i++)
		good(1, MLRP_DECLINE, 1, offer(1, 1));
	assert_int_equal(counts().states[RECORD_DECLINED], MAC_DECLINES);
	/* All that is free is given out before what it declined. */
	for (unsigned i = 2; i < 2 + 32 - MAC_DECLINES; i++)
		lease(1, i);
	pass(DECLINE_S + 1);
	assert_int_equal(counts().states[RECORD_DECLINED], 0);
}

/* An honest client on a network whose quota others have used up. */
static void what_is_declined_is_not_offered_again(void **state)
{
	struct tmip_addr declined, next;

	(void)state;
	join(1, 10, 41);
	for (unsigned i = 100; i < 110; i++)
		good(1, MLRP_DECLINE, i, offer(1, i));
	declined = offer(1, 1);
	good(1, MLRP_DECLINE, 1, declined);
	assert_int_equal(record(declined)->state, RECORD_FREE);
	next = offer(1, 1);
	assert_false(addr_equal(&next, &declined));
}

static void changing_macs_take_a_part_of_the_pool(void **state)
{
	(void)state;
	join(1, 10, 41); /* 32 addresses: the least part */
	join(2, 10, 209); /* 200: an eighth */
	for (unsigned i = 100; i < 200; i++)
		good(1, MLRP_DECLINE, i, offer(1, i));
	assert_int_equal(counts().states[RECORD_DECLINED], 4);
	for (unsigned i = 200; i < 300; i++)
		good(2, MLRP_DECLINE, i, offer(2, i));
	assert_int_equal(counts().states[RECORD_DECLINED], 4 + 25);
	lease(1, 1);
}

static void the_counts_survive_a_restart(void **state)
{
	(void)state;
	join(1, 10, 200);
	for (int i = 0; i < MAC_ADDRESSES; i++)
		good(1, MLRP_CLAIM, 1, ip(1, 10 + i));
	disk_writes();
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 200);
	refused(1, MLRP_CLAIM, 1, ip(1, 100), MLRP_E_EXHAUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_mac_has_so_many_leases),
		CASE(a_mac_has_so_many_offers),
		CASE(a_mac_claims_so_many_addresses),
		CASE(a_reserved_address_is_not_refused),
		CASE(a_cn_brings_so_many_static_stations),
		CASE(who_declines_everything_takes_few),
		CASE(what_is_declined_is_not_offered_again),
		CASE(changing_macs_take_a_part_of_the_pool),
		CASE(the_counts_survive_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
