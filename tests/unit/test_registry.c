/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register without sockets and disks: CNs are sessions whose messages are collected, the disk is the test, which
 * says what is written. Cells are 10.N.0.0/24 of CN N with the gateway .1.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/registry.h"

#define CNS 4
#define EPOCH 7
#define OFFER_S 30
#define DECLINE_S 600
#define GRACE_S 60
#define FLAP_MOVES 4
#define WINDOW_S 10
#define HOLD_S 10

struct mailbox {
	struct registry_session *session;
	struct mlrp_message box[512];
	int count;
	bool closed;
};

static struct world {
	struct registry *registry;
	struct mailbox cn[CNS + 1];
	struct station_record stored[1024]; /* what the disk would hold */
	int stored_count, erased, stored_cns;
	struct cn_info cns[8];
	bool disk_waits;                    /* the test calls registry_stored itself */
	struct registry_time now;
	uint32_t transaction;
	unsigned stations_max, flap_moves;
	char told[REGISTRY_TEXT];           /* the last line */
} *w;

static struct tmip_addr ip(int net, int host)
{
	return addr_from_ipv4(10u << 24 | (uint32_t)net << 16 | (uint32_t)host);
}

static struct tmip_mac mac(unsigned number)
{
	return (struct tmip_mac){{2, 0, 0, number >> 16, number >> 8, number}};
}

/* ---- the world */

static void store_station(const struct station_record *record)
{
	for (int i = 0; i < w->stored_count; i++)
		if (addr_equal(&w->stored[i].addr, &record->addr)) {
			w->stored[i] = *record;
			return;
		}
	assert_true(w->stored_count < 1024);
	w->stored[w->stored_count++] = *record;
}

static void deliver(struct mailbox *to, const struct mlrp_message *message)
{
	assert_true(to->count < 512);
	to->box[to->count++] = *message;
}

static void act(const struct registry_action *action, void *arg)
{
	(void)arg;
	switch (action->type) {
	case REGISTRY_SEND:
		deliver(registry_session_arg(action->session), action->message);
		break;
	case REGISTRY_PUSH:
		for (int i = 0; i <= CNS; i++)
			if (w->cn[i].session && w->cn[i].session != action->session && registry_session_registered(w->cn[i].session))
				deliver(&w->cn[i], action->message);
		break;
	case REGISTRY_CLOSE: ((struct mailbox *)registry_session_arg(action->session))->closed = true; break;
	case REGISTRY_STORE_STATION:
		assert_int_equal(action->number, registry_last_number(w->registry));
		store_station(action->record);
		break;
	case REGISTRY_ERASE_STATION: w->erased++; break;
	case REGISTRY_STORE_CN: w->cns[w->stored_cns++ % 8] = *action->cn; break;
	case REGISTRY_TELL: snprintf(w->told, sizeof(w->told), "%s", action->text); break;
	}
}

static void disk_writes(void)
{
	registry_stored(w->registry, registry_last_number(w->registry), true);
}

static void say(int cn, const struct mlrp_message *message)
{
	registry_message(w->registry, w->cn[cn].session, message, w->now);
	if (!w->disk_waits)
		disk_writes();
}

static const struct mlrp_message *answer_to(int cn, uint32_t transaction)
{
	for (int i = 0; i < w->cn[cn].count; i++)
		if (w->cn[cn].box[i].transaction == transaction)
			return &w->cn[cn].box[i];
	return NULL;
}

static void open_session(int cn, uint8_t role)
{
	struct mlrp_message hello = {.type = MLRP_HELLO, .role = role};
	const char *why;

	snprintf(hello.name, sizeof(hello.name), "cn%d", cn);
	w->cn[cn] = (struct mailbox){0};
	w->cn[cn].session = registry_open(w->registry, &hello, "192.0.2.99:1", &w->cn[cn], &why);
	assert_non_null(w->cn[cn].session);
}

static void close_session(int cn)
{
	registry_close(w->registry, w->cn[cn].session);
	w->cn[cn].session = NULL;
}

static struct cn_info describe(int cn, int first, int last)
{
	struct cn_info info = {.tunnel = addr_from_ipv4(0xc0000200u + (uint32_t)cn), .port = 6554, .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%d", cn);
	info.cells[0] = (struct cell_info){.subnet = {ip(cn, 0), 24}, .gateway = ip(cn, 1)};
	if (first) {
		info.cells[0].pool_first = ip(cn, first);
		info.cells[0].pool_last = ip(cn, last);
	}
	return info;
}

static const struct mlrp_message *register_info(int cn, const struct cn_info *info)
{
	struct mlrp_message message = {.type = MLRP_REGISTER, .transaction = ++w->transaction, .has = MLRP_HAS(MLRP_F_CN), .cn = *info};

	say(cn, &message);
	return answer_to(cn, message.transaction);
}

static uint32_t join(int cn, int first, int last)
{
	struct cn_info info = describe(cn, first, last);
	const struct mlrp_message *answer;

	open_session(cn, MLRP_ROLE_CN);
	answer = register_info(cn, &info);
	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_REGISTERED);
	return answer->cn.id;
}

/* A request about MAC `number`; the answer, or NULL if it waits. */
static const struct mlrp_message *request(int cn, uint8_t type, unsigned number, struct tmip_addr addr)
{
	struct mlrp_message message = {.type = type, .transaction = ++w->transaction, .mac = mac(number), .addr = addr, .lease = 600,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_LEASE), .subnet = {ip(cn, 0), 24}};

	if (!addr_is_zero(&addr))
		message.has |= MLRP_HAS(MLRP_F_ADDR);
	w->cn[cn].count = 0;
	say(cn, &message);
	return answer_to(cn, message.transaction);
}

static const struct station_record *good(int cn, uint8_t type, unsigned number, struct tmip_addr addr)
{
	const struct mlrp_message *answer = request(cn, type, number, addr);

	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_STATION);
	return &answer->station;
}

static void refused(int cn, uint8_t type, unsigned number, struct tmip_addr addr, uint16_t code)
{
	const struct mlrp_message *answer = request(cn, type, number, addr);

	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_ERROR);
	assert_int_equal(answer->code, code);
}

static struct tmip_addr offer(int cn, unsigned number)
{
	return good(cn, MLRP_ALLOCATE, number, (struct tmip_addr){0})->addr;
}

static struct tmip_addr lease(int cn, unsigned number)
{
	struct tmip_addr addr = offer(cn, number);

	assert_int_equal(good(cn, MLRP_BIND, number, addr)->state, RECORD_BOUND);
	return addr;
}

static void expect(struct tmip_addr addr, int net, int host)
{
	struct tmip_addr wanted = ip(net, host);
	char a[ADDR_STRLEN], b[ADDR_STRLEN];

	assert_string_equal(addr_format(&addr, a), addr_format(&wanted, b));
}

static const struct station_record *record(struct tmip_addr addr)
{
	return registry_find_station(w->registry, &addr);
}

static void pass(unsigned seconds)
{
	w->now.ms += seconds * 1000ull;
	w->now.unix_s += seconds;
	while (registry_tick(w->registry, w->now))
		;
	disk_writes();
}

static void begin(uint32_t epoch)
{
	struct registry_options options = {.epoch = epoch, .stations_max = w->stations_max, .cns_max = CNS, .offer_s = OFFER_S,
					   .decline_s = DECLINE_S, .grace_s = GRACE_S,
					   .flap_moves = w->flap_moves, .flap_window_s = WINDOW_S, .flap_hold_s = HOLD_S};

	w->registry = registry_create(&options, act, NULL);
	assert_non_null(w->registry);
}

static int set_up(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->now = (struct registry_time){1000000, 1800000000};
	w->stations_max = 1000;
	begin(EPOCH);
	registry_load_end(w->registry, w->now);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	registry_destroy(w->registry);
	free(w);
	return 0;
}

/* ---- allocation */

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
	expect(offer(1, 301), 1, 254); /* as if never used; the search goes on where it was, and around */
	expect(offer(1, 302), 1, 2);
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
	assert_int_equal(w->stored_count, 0); /* offers are not written */
}

static void client_identifiers_are_owners(void **state)
{
	struct mlrp_message ask = {.type = MLRP_ALLOCATE, .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_CLIENT_ID), .mac = mac(1),
				   .subnet = {ip(1, 0), 24}, .client_id_len = 3, .client_id = {0, 'i', 'd'}, .lease = 600};

	(void)state;
	join(1, 10, 20);
	ask.transaction = ++w->transaction;
	say(1, &ask);
	ask.type = MLRP_BIND;
	ask.addr = answer_to(1, ask.transaction)->station.addr;
	ask.transaction = ++w->transaction;
	say(1, &ask);
	expect(ask.addr, 1, 10);
	ask.mac = mac(2); /* another medium, the same client */
	ask.type = MLRP_ALLOCATE;
	ask.transaction = ++w->transaction;
	say(1, &ask);
	expect(answer_to(1, ask.transaction)->station.addr, 1, 10);
	ask.type = MLRP_BIND;
	ask.transaction = ++w->transaction;
	say(1, &ask);
	assert_true(mac_equal(&answer_to(1, ask.transaction)->station.mac, &ask.mac));
	expect(offer(1, 3), 1, 11);
	/* 01 and the MAC is no identifier of its own */
	ask.client_id_len = 7;
	ask.client_id[0] = 1;
	memcpy(ask.client_id + 1, mac(3).octet, 6);
	ask.mac = mac(3);
	ask.type = MLRP_ALLOCATE;
	ask.transaction = ++w->transaction;
	say(1, &ask);
	expect(answer_to(1, ask.transaction)->station.addr, 1, 11);
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

static void the_table_has_a_limit(void **state)
{
	struct registry_counts counts;

	(void)state;
	registry_destroy(w->registry);
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

/* ---- hosts and static addresses */

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

static void static_addresses_are_claimed(void **state)
{
	uint32_t first, second;

	(void)state;
	first = join(1, 10, 12);
	second = join(2, 10, 12);
	const struct station_record *claimed = good(2, MLRP_CLAIM, 1, ip(1, 200));

	assert_int_equal(claimed->kind, RECORD_STATIC);
	assert_int_equal(claimed->parent, first);
	assert_int_equal(claimed->current, second);
	refused(1, MLRP_CLAIM, 2, ip(1, 200), MLRP_E_CONFLICT);
	assert_true(w->cn[1].box[0].has & MLRP_HAS(MLRP_F_STATION)); /* the record in force */
	good(1, MLRP_CLAIM, 3, ip(1, 10)); /* inside a pool: never offered then */
	expect(offer(1, 4), 1, 11);
	assert_int_equal(good(1, MLRP_CLAIM, 1, ip(1, 200))->current, first); /* the same station elsewhere: a handover */
	good(1, MLRP_CLAIM, 9, ip(1, 11)); /* who uses it wins over an offer */
	refused(1, MLRP_BIND, 4, ip(1, 11), MLRP_E_CONFLICT);
	pass(100000);
	assert_int_equal(record(ip(1, 200))->state, RECORD_BOUND);
}

/* ---- leases */

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
	struct mlrp_message bind = {.type = MLRP_BIND, .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE)};

	(void)state;
	join(1, 10, 30);
	pass(GRACE_S); /* since the start */
	for (unsigned i = 0; i < 9; i++) {
		bind.mac = mac(order[i]);
		bind.addr = ip(1, 10 + (int)order[i]);
		bind.lease = order[i] * 100;
		bind.transaction = ++w->transaction;
		say(1, &bind);
	}
	good(1, MLRP_RELEASE, 3, ip(1, 13)); /* out of the middle of the heap */
	pass(GRACE_S);
	for (unsigned i = 1; i <= 9; i++) {
		assert_int_equal(record(ip(1, 10 + (int)i))->state, i == 3 ? RECORD_FREE : RECORD_BOUND);
		pass(100);
		assert_int_equal(record(ip(1, 10 + (int)i))->state, RECORD_FREE);
	}
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

/* ---- order */

static void a_handover_there_and_back(void **state)
{
	uint32_t a, b;
	struct version base;

	(void)state;
	a = join(1, 10, 20);
	b = join(2, 10, 20);
	join(3, 10, 20);
	struct tmip_addr addr = lease(1, 1);

	base = record(addr)->version;
	w->disk_waits = true; /* nobody waits for it */
	w->cn[1].count = w->cn[3].count = 0;
	assert_int_equal(good(2, MLRP_HANDOVER, 1, addr)->current, b);
	assert_int_equal(w->cn[2].count, 1); /* the answer, and no push */
	assert_int_equal(w->cn[1].count, 1);
	assert_int_equal(w->cn[3].count, 1);
	assert_int_equal(w->cn[3].box[0].station.current, b);
	assert_int_equal(w->cn[3].box[0].transaction, 0);
	const struct station_record *back = good(1, MLRP_HANDOVER, 1, addr);

	assert_int_equal(back->current, a);
	assert_int_equal(back->version.seq, base.seq + 2);
	assert_int_equal(good(1, MLRP_HANDOVER, 1, addr)->version.seq, base.seq + 2); /* as it stands */
	refused(2, MLRP_HANDOVER, 9, addr, MLRP_E_CONFLICT);
	refused(2, MLRP_HANDOVER, 9, ip(1, 19), MLRP_E_UNKNOWN);
}

static void answers_wait_for_the_disk_and_pushes_do_not(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	struct tmip_addr addr = offer(1, 1);

	w->disk_waits = true;
	w->cn[2].count = 0;
	assert_null(request(1, MLRP_BIND, 1, addr));
	assert_int_equal(w->cn[1].count, 1); /* the push, so that versions come in their order */
	assert_int_equal(w->cn[1].box[0].transaction, 0);
	assert_int_equal(w->cn[2].count, 1);
	registry_stored(w->registry, registry_last_number(w->registry) - 1, true);
	assert_int_equal(w->cn[1].count, 1);
	registry_stored(w->registry, registry_last_number(w->registry), true);
	assert_int_equal(w->cn[1].count, 2);
	assert_int_equal(w->cn[1].box[1].type, MLRP_STATION);
	assert_null(request(1, MLRP_CLAIM, 2, ip(1, 200)));
	registry_stored(w->registry, registry_last_number(w->registry), false);
	assert_int_equal(w->cn[1].box[w->cn[1].count - 1].code, MLRP_E_STORE);
	assert_null(request(1, MLRP_RELEASE, 1, addr));
	close_session(1); /* nobody to answer any more */
	disk_writes();
}

/* ---- CNs */

static void a_cn_keeps_its_number(void **state)
{
	uint32_t a, b;

	(void)state;
	a = join(1, 10, 20);
	b = join(2, 10, 20);
	assert_true(a && b && a != b);
	close_session(1);
	assert_int_equal(join(1, 10, 30), a);
	assert_int_equal(w->stored_cns, 3); /* new, new, changed */
	close_session(1);
	w->disk_waits = true;
	assert_int_equal(join(1, 10, 30), a); /* unchanged: at once */
	assert_int_equal(w->stored_cns, 3);
	assert_int_equal(w->cn[1].box[1].type, MLRP_CN);
	assert_int_equal(w->cn[1].box[1].cn.id, b);
}

static void cns_that_do_not_fit_are_refused(void **state)
{
	struct cn_info info = describe(2, 10, 20);

	(void)state;
	join(1, 10, 20);
	open_session(2, MLRP_ROLE_CN);
	info.tunnel = describe(1, 0, 0).tunnel;
	assert_int_equal(register_info(2, &info)->code, MLRP_E_CONFLICT);
	assert_true(w->cn[2].closed);
	info = describe(2, 10, 20);
	info.cells[0] = (struct cell_info){.subnet = {ip(1, 128), 25}, .gateway = ip(1, 129)};
	assert_int_equal(register_info(2, &info)->code, MLRP_E_CONFLICT);
	assert_non_null(strstr(w->cn[2].box[w->cn[2].count - 1].text, "cn1"));
	info = describe(2, 20, 10);
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	info = describe(2, 10, 20);
	info.cells[1] = info.cells[0];
	info.cell_count = 2;
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	info = describe(2, 10, 20);
	strcpy(info.name, "c n");
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	refused(2, MLRP_HANDOVER, 1, ip(1, 10), MLRP_E_NOT_REGISTERED);
}

static void a_second_connection_replaces_the_first(void **state)
{
	struct cn_info info = describe(1, 10, 20);

	(void)state;
	uint32_t id = join(1, 10, 20);

	open_session(0, MLRP_ROLE_CN);
	assert_int_equal(register_info(0, &info)->cn.id, id);
	assert_true(w->cn[1].closed);
	assert_false(registry_session_registered(w->cn[1].session));
	close_session(1);
	struct mlrp_message ask = {.type = MLRP_ALLOCATE, .transaction = 9999, .has = MLRP_HAS(MLRP_F_MAC), .mac = mac(1), .subnet = {ip(1, 0), 24}};

	say(0, &ask);
	assert_int_equal(answer_to(0, 9999)->type, MLRP_STATION);
}

static void a_subnet_changes_hands(void **state)
{
	char why[160];
	uint32_t third;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	lease(1, 1);
	assert_int_not_equal(registry_forget_cn(w->registry, "cn1", false, why, sizeof(why)), 0);
	close_session(1);
	assert_int_not_equal(registry_forget_cn(w->registry, "cn1", false, why, sizeof(why)), 0);
	struct cn_info none = describe(1, 0, 0);

	none.cell_count = 0;
	open_session(1, MLRP_ROLE_CN);
	register_info(1, &none);
	struct cn_info info = describe(3, 10, 20);

	info.cells[0] = describe(1, 10, 20).cells[0];
	open_session(3, MLRP_ROLE_CN);
	third = register_info(3, &info)->cn.id;
	assert_int_equal(record(ip(1, 10))->parent, third);
	close_session(3);
	assert_int_equal(registry_forget_cn(w->registry, "cn3", true, why, sizeof(why)), 0);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_not_equal(registry_forget_cn(w->registry, "cn3", true, why, sizeof(why)), 0);
	assert_int_equal(join(3, 10, 20), third); /* forgotten, but the number is the name's */
}

/* ---- keeping CNs up to date */

static void sync(int cn, struct version has, unsigned slice)
{
	struct mlrp_message message = {.type = MLRP_SYNC, .transaction = ++w->transaction, .has = MLRP_HAS(MLRP_F_VERSION), .version = has};

	w->cn[cn].count = 0;
	say(cn, &message);
	while (slice && registry_sync_continue(w->registry, w->cn[cn].session, slice))
		;
}

static const struct mlrp_message *last(int cn)
{
	return &w->cn[cn].box[w->cn[cn].count - 1];
}

static void snapshots_and_deltas(void **state)
{
	struct version before, now;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	sync(2, (struct version){0}, 2);
	assert_int_equal(w->cn[2].count, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
	for (unsigned i = 1; i <= 5; i++)
		lease(1, i);
	before = last(2)->station.version;
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	offer(1, 2); /* the tombstone is under an offer now */
	good(1, MLRP_HANDOVER, 3, ip(1, 12));
	now = registry_version(w->registry);
	sync(2, (struct version){0}, 2);
	assert_int_equal(w->cn[2].count, 2 + 5);
	assert_int_equal(w->cn[2].box[0].full, 1);
	assert_int_equal(last(2)->type, MLRP_SYNC_END);
	assert_int_equal(last(2)->version.seq, now.seq);
	sync(2, before, 2);
	assert_int_equal(w->cn[2].box[0].full, 0);
	assert_int_equal(w->cn[2].box[1].station.state, RECORD_FREE);
	expect(w->cn[2].box[1].station.addr, 1, 11);
	sync(2, now, 2);
	assert_int_equal(w->cn[2].count, 2);
	assert_int_equal(w->cn[2].box[0].full, 0);
	sync(2, (struct version){EPOCH, now.seq + 1}, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
	sync(2, (struct version){EPOCH - 1, 1}, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
}

static void changes_during_a_snapshot_are_not_lost(void **state)
{
	struct station_record seen[8] = {0};
	bool more = true;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	for (unsigned i = 0; i < 5; i++)
		lease(1, i);
	sync(2, (struct version){0}, 0);
	registry_sync_continue(w->registry, w->cn[2].session, 2);
	good(1, MLRP_RELEASE, 2, ip(1, 12)); /* the very next one */
	good(1, MLRP_RELEASE, 0, ip(1, 10)); /* was sent already */
	lease(1, 7);
	while (more)
		more = registry_sync_continue(w->registry, w->cn[2].session, 1);
	for (int i = 0; i < w->cn[2].count; i++)
		if (w->cn[2].box[i].type == MLRP_STATION)
			seen[w->cn[2].box[i].station.addr.v4[3] - 10] = w->cn[2].box[i].station;
	for (int i = 0; i < 6; i++) {
		const struct station_record *is = record(ip(1, 10 + i));

		assert_int_equal(seen[i].state, is->state);
		assert_int_equal(seen[i].version.seq, is->version.seq);
	}
	assert_int_equal(last(2)->version.seq, registry_version(w->registry).seq);
}

static void a_lost_tombstone_needs_a_snapshot(void **state)
{
	struct version before;

	(void)state;
	registry_destroy(w->registry);
	w->stations_max = 3;
	begin(EPOCH);
	join(1, 10, 20);
	join(2, 10, 20);
	for (unsigned i = 1; i <= 3; i++)
		lease(1, i);
	before = registry_version(w->registry);
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	sync(2, before, 9);
	assert_int_equal(w->cn[2].box[0].full, 0);
	good(1, MLRP_CLAIM, 4, ip(1, 200));
	sync(2, before, 9);
	assert_int_equal(w->cn[2].box[0].full, 1);
	assert_int_equal(w->cn[2].count, 2 + 3);
}

static void a_prober_hears_of_all_cns(void **state)
{
	struct mlrp_message message = {.type = MLRP_SYNC, .transaction = 1, .has = MLRP_HAS(MLRP_F_VERSION)};

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	open_session(0, MLRP_ROLE_PROBE);
	assert_int_equal(w->cn[0].count, 2);
	say(0, &message);
	assert_int_equal(last(0)->code, MLRP_E_REFUSED);
	lease(1, 1);
	assert_int_equal(w->cn[0].count, 3); /* and of nothing else */
}

/* ---- a new start */

static void everything_stored_is_there_again(void **state)
{
	struct registry *old;
	int count;

	(void)state;
	join(1, 10, 13);
	uint32_t second = join(2, 10, 13);

	for (unsigned i = 1; i <= 3; i++)
		lease(1, i);
	good(2, MLRP_HANDOVER, 1, ip(1, 10));
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	good(1, MLRP_CLAIM, 9, ip(1, 200));
	good(1, MLRP_DECLINE, 3, ip(1, 12));
	old = w->registry;
	begin(EPOCH + 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(registry_load_cn(w->registry, &w->cns[i]), 0);
	count = w->stored_count;
	for (int i = 0; i < count; i++)
		assert_int_equal(registry_load_station(w->registry, &w->stored[i], w->now), 0);
	assert_int_equal(registry_load_station(w->registry, &w->stored[0], w->now), -ENOMEM); /* twice */
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	registry_destroy(old);
	assert_int_equal(join(2, 10, 13), second);
	join(1, 10, 13);
	assert_int_equal(record(ip(1, 10))->current, second);
	assert_int_equal(record(ip(1, 200))->kind, RECORD_STATIC);
	expect(offer(1, 1), 1, 10);
	expect(offer(1, 2), 1, 11); /* its former owner */
	expect(offer(1, 5), 1, 13); /* .12 is declined */
	sync(2, (struct version){EPOCH, 3}, 9);
	assert_int_equal(w->cn[2].box[0].full, 1);
	/* Leases that ended meanwhile stand until the CNs had time to tell of renewals. */
	w->now.unix_s += 10000;
	while (registry_tick(w->registry, w->now))
		;
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	pass(GRACE_S);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 10))->version.epoch, EPOCH + 1);
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

/* ---- stations that move too often */

static void flap_begin(void)
{
	registry_destroy(w->registry);
	w->flap_moves = FLAP_MOVES;
	begin(EPOCH);
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
	lease(1, 1);
}

static void moves(int cn)
{
	assert_int_equal(good(cn, MLRP_HANDOVER, 1, ip(1, 10))->current, cn);
}

static const struct mlrp_message *damped(int cn, int kept_at)
{
	const struct mlrp_message *answer = request(cn, MLRP_HANDOVER, 1, ip(1, 10));

	assert_int_equal(answer->type, MLRP_ERROR);
	assert_int_equal(answer->code, MLRP_E_DAMPED);
	assert_int_equal(answer->station.current, kept_at);
	assert_true(answer->has & MLRP_HAS(MLRP_F_WAIT));
	assert_int_equal(record(ip(1, 10))->current, kept_at);
	return answer;
}

/* Up to the limit, the station is at CN 1. */
static void flap(void)
{
	for (int i = 0; i < FLAP_MOVES; i++)
		moves(i % 2 ? 1 : 2);
}

static struct registry_flap_view flap_view(void)
{
	struct tmip_addr addr = ip(1, 10);
	struct registry_flap_view view;

	registry_view_flap(w->registry, &addr, w->now, &view);
	return view;
}

static void a_station_that_flaps_is_damped(void **state)
{
	uint64_t seq;

	(void)state;
	flap_begin();
	flap();
	assert_int_equal(flap_view().moves, FLAP_MOVES);
	seq = registry_version(w->registry).seq;
	assert_int_equal(damped(2, 1)->wait, HOLD_S * 1000);
	assert_non_null(strstr(w->told, "more than 4 times in 10 s: it is kept at cn1"));
	assert_true(flap_view().damped);
	moves(1); /* it is there: told as it stands */
	w->now.ms += 4000;
	assert_int_equal(damped(2, 1)->wait, HOLD_S * 1000 - 4000); /* asking on changes nothing */
	assert_int_equal(damped(3, 1)->wait, HOLD_S * 1000);        /* but moving on does */
	assert_int_equal(registry_version(w->registry).seq, seq);
	w->now.ms += HOLD_S * 1000;
	assert_false(flap_view().damped);
	moves(3);
}

static void slow_moves_are_no_flapping(void **state)
{
	(void)state;
	flap_begin();
	for (int i = 0; i < 5 * FLAP_MOVES; i++) {
		moves(i % 2 ? 1 : 2);
		w->now.ms += WINDOW_S * 1000 / FLAP_MOVES;
	}
	flap_begin();
	for (int i = 0; i < 5 * FLAP_MOVES; i++)
		moves(2); /* the same again is no move */
	assert_int_equal(flap_view().moves, 1);
	registry_destroy(w->registry);
	w->flap_moves = 0;
	begin(EPOCH);
	for (int cn = 1; cn <= 2; cn++)
		join(cn, 10, 20);
	lease(1, 1);
	for (int i = 0; i < 5 * FLAP_MOVES; i++)
		moves(i % 2 ? 1 : 2);
}

static void after_the_hold_one_move_is_free(void **state)
{
	(void)state;
	flap_begin();
	flap();
	damped(2, 1);
	pass(HOLD_S);
	assert_non_null(strstr(w->told, "damped no more"));
	moves(3);
	damped(2, 3);
	pass(HOLD_S);
	moves(2);
	pass(WINDOW_S);
	flap(); /* it has been quiet long enough */
}

static void two_stations_with_one_mac_are_told(void **state)
{
	(void)state;
	flap_begin();
	flap();
	damped(2, 1);
	assert_false(flap_view().twins);
	pass(HOLD_S);
	moves(2);
	assert_non_null(strstr(damped(1, 2)->text, "two stations seem to have this MAC: cn2 and cn1"));
	assert_non_null(strstr(w->told, "two stations seem to have this MAC"));
	assert_true(flap_view().twins);
	flap_begin();
	flap();
	damped(2, 1);
	request(1, MLRP_HANDOVER, 1, ip(1, 10)); /* it hears its own, though it was told that it left */
	assert_true(flap_view().twins);
}

static void damping_is_cleared_by_command(void **state)
{
	struct tmip_addr addr = ip(1, 10);
	struct tmip_mac who = mac(1), other = mac(2);

	(void)state;
	flap_begin();
	assert_int_equal(registry_clear_damped(w->registry, &who, NULL), -1);
	flap();
	damped(2, 1);
	w->cn[2].count = 0;
	assert_int_equal(registry_clear_damped(w->registry, &other, NULL), -1);
	assert_int_equal(registry_clear_damped(w->registry, &who, NULL), 0);
	assert_int_equal(w->cn[2].box[0].type, MLRP_STATION); /* a new version tells who waits */
	flap();
	damped(2, 1);
	assert_int_equal(registry_clear_damped(w->registry, NULL, &addr), 0);
	flap();
	damped(2, 1);
	struct registry_counts counts;

	registry_count(w->registry, &counts);
	assert_int_equal(counts.damped, 1);
	assert_int_equal(counts.dampings, 3);
	good(1, MLRP_RELEASE, 1, addr);
	registry_count(w->registry, &counts);
	assert_int_equal(counts.damped, 0);
}

/* ---- addresses set aside for the time when the register is away */

static const struct mlrp_message *block(int cn, unsigned count, const struct mlrp_message *has)
{
	struct mlrp_message message = {.type = MLRP_BLOCK_REQUEST, .transaction = ++w->transaction, .subnet = {ip(cn, 0), 24}, .count = (uint16_t)count,
				       .has = MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_COUNT_WANTED) | MLRP_HAS(MLRP_F_ADDRS)};

	if (has) {
		message.addr_count = has->addr_count;
		memcpy(message.addrs, has->addrs, sizeof(message.addrs));
	}
	w->cn[cn].count = 0;
	say(cn, &message);
	return answer_to(cn, message.transaction);
}

static void a_block_is_for_its_cn_alone(void **state)
{
	struct mlrp_message held;
	uint32_t first;

	(void)state;
	first = join(1, 10, 29);
	join(2, 10, 20);
	w->cn[2].count = 0;
	w->disk_waits = true;
	assert_null(block(1, 4, NULL)); /* not before it is on the disk */
	disk_writes();
	w->disk_waits = false;
	held = w->cn[1].box[0];
	assert_int_equal(held.type, MLRP_BLOCK);
	assert_int_equal(held.addr_count, 4);
	for (int i = 0; i < 4; i++)
		expect(held.addrs[i], 1, 29 - i);
	assert_int_equal(w->cn[2].count, 0); /* nobody else hears of it */
	assert_int_equal(record(ip(1, 28))->state, RECORD_HELD);
	assert_int_equal(record(ip(1, 28))->current, first);
	refused(2, MLRP_BIND, 7, ip(1, 28), MLRP_E_CONFLICT);
	refused(2, MLRP_CLAIM, 7, ip(1, 28), MLRP_E_CONFLICT);
	assert_int_equal(registry_free_address(w->registry, &held.addrs[0]), -ENOENT);
	for (unsigned i = 0; i < 16; i++)
		expect(offer(1, 100 + i), 1, 10 + (int)i);
	expect(good(2, MLRP_ALLOCATE, 1, ip(1, 28))->addr, 2, 10); /* not even on a wish */
	assert_int_equal(offer(1, 200).v4[1], 2);                 /* borrowed rather than taken from the block */
	assert_int_equal(good(1, MLRP_BIND, 9, ip(1, 28))->state, RECORD_BOUND);
	sync(2, (struct version){0}, 50);
	for (int i = 0; i < w->cn[2].count; i++)
		if (w->cn[2].box[i].type == MLRP_STATION)
			assert_int_not_equal(w->cn[2].box[i].station.state, RECORD_HELD);
}

static void a_block_is_a_part_of_what_is_free(void **state)
{
	(void)state;
	join(1, 10, 13);
	join(2, 10, 12);
	join(3, 0, 0);
	assert_int_equal(block(1, 16, NULL)->addr_count, 1);
	assert_int_equal(block(2, 16, NULL)->addr_count, 0);
	assert_int_equal(block(3, 16, NULL)->addr_count, 0);
	assert_int_equal(request(1, MLRP_HANDOVER, 0, ip(1, 10))->type, MLRP_ERROR);
}

static void a_block_is_given_back_by_not_naming_it(void **state)
{
	struct mlrp_message held, more;

	(void)state;
	join(1, 10, 49);
	held = *block(1, 4, NULL);
	more = *block(1, 6, &held);
	assert_int_equal(more.addr_count, 6);
	for (int i = 0; i < 4; i++)
		assert_memory_equal(&more.addrs[i], &held.addrs[i], sizeof(held.addrs[i]));
	assert_int_equal(block(1, 2, &more)->addr_count, 6); /* it may have given them out: only what it gives up is taken */
	more.addr_count = 2;
	assert_int_equal(block(1, 2, &more)->addr_count, 2);
	assert_int_equal(record(ip(1, 45))->state, RECORD_FREE);
	assert_int_equal(block(1, 0, NULL)->addr_count, 0);
}

static void a_block_outlives_the_register(void **state)
{
	struct mlrp_message held;
	struct registry *old;

	(void)state;
	join(1, 10, 49);
	held = *block(1, 4, NULL);
	old = w->registry;
	begin(EPOCH + 1);
	assert_int_equal(registry_load_cn(w->registry, &w->cns[0]), 0);
	for (int i = 0; i < w->stored_count; i++)
		assert_int_equal(registry_load_station(w->registry, &w->stored[i], w->now), 0);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	registry_destroy(old);
	join(1, 10, 49);
	assert_int_equal(record(ip(1, 49))->state, RECORD_HELD);
	assert_int_equal(block(1, 4, &held)->addr_count, 4);
	/* An old copy of the database knows nothing of it: what the CN names is set aside again, if nobody has it. */
	registry_destroy(w->registry);
	begin(EPOCH + 2);
	join(1, 10, 49);
	good(1, MLRP_BIND, 5, ip(1, 49));
	held = *block(1, 4, &held);
	assert_int_equal(held.addr_count, 4);
	expect(held.addrs[0], 1, 48);
}

/* ---- reports of what happened while the register was away */

static void reports_are_ordered_by_when_it_happened(void **state)
{
	struct mlrp_message report = {.type = MLRP_HANDOVER, .mac = mac(1), .addr = ip(1, 10),
				      .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION) | MLRP_HAS(MLRP_F_AGE)};

	(void)state;
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
	lease(1, 1);
	w->now.ms += 60000;
	report.transaction = ++w->transaction;
	report.age = 2000;
	say(3, &report);
	assert_int_equal(answer_to(3, report.transaction)->station.current, 3);
	report.transaction = ++w->transaction;
	report.age = 5000; /* it had been there before */
	say(2, &report);
	assert_int_equal(answer_to(2, report.transaction)->code, MLRP_E_STALE);
	assert_int_equal(answer_to(2, report.transaction)->station.current, 3);
	assert_int_equal(good(2, MLRP_HANDOVER, 1, ip(1, 10))->current, 2); /* but now it is */
	report.transaction = ++w->transaction;
	report.age = 0;
	say(3, &report);
	assert_int_equal(answer_to(3, report.transaction)->station.current, 3);
}

/* A client between two cells, one of whose CNs could not ask: it took an address of each, and has but one of them. */
static void a_station_has_the_lease_that_it_took_last(void **state)
{
	struct mlrp_message report = {.type = MLRP_BIND, .mac = mac(1), .lease = 600, .age = 5000,
				      .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE) | MLRP_HAS(MLRP_F_AGE)};
	const struct mlrp_message *answer;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	report.addr = block(2, 1, NULL)->addrs[0];
	w->now.ms += 60000;
	struct tmip_addr taken = lease(1, 1);

	w->now.ms += 1000;
	report.transaction = ++w->transaction; /* four seconds before that one */
	say(2, &report);
	answer = answer_to(2, report.transaction);
	assert_int_equal(answer->code, MLRP_E_STALE);
	assert_true(addr_equal(&answer->station.addr, &taken));
	assert_int_equal(record(taken)->state, RECORD_BOUND);
	assert_int_equal(record(report.addr)->state, RECORD_HELD);
	report.transaction = ++w->transaction;
	report.age = 500; /* half a second after it */
	say(2, &report);
	assert_int_equal(answer_to(2, report.transaction)->station.state, RECORD_BOUND);
	assert_int_equal(record(taken)->state, RECORD_FREE);
}

/* A CN confirms what it knows, and tells the register behind that: the station may have another address by then. */
static void a_late_renewal_makes_no_second_lease(void **state)
{
	struct mlrp_message ask = {.type = MLRP_BIND, .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_CLIENT_ID) | MLRP_HAS(MLRP_F_LEASE),
				   .mac = mac(1), .client_id_len = 3, .client_id = {0, 'i', 'd'}, .lease = 600};

	(void)state;
	join(1, 10, 20);
	for (int host = 10; host <= 11; host++) {
		ask.addr = ip(1, host);
		ask.transaction = ++w->transaction;
		say(1, &ask);
	}
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	refused(1, MLRP_RENEW, 1, ip(1, 10), MLRP_E_STALE);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 11))->state, RECORD_BOUND);
	/* Without another one it has it again, as the client that it is. */
	good(1, MLRP_RELEASE, 1, ip(1, 11));
	assert_int_equal(good(1, MLRP_RENEW, 1, ip(1, 10))->client_id_len, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_come_from_the_cell_in_order), TEST(gateway_and_ends_are_never_given), TEST(a_wish_is_granted_if_it_can),
		TEST(an_empty_pool_borrows_from_those_who_are_there), TEST(never_used_comes_before_longest_free),
		TEST(a_nearly_full_pool_is_searched_around), TEST(an_offer_ends), TEST(client_identifiers_are_owners),
		TEST(a_new_address_gives_the_old_one_back), TEST(the_table_has_a_limit), TEST(a_registered_host_has_its_address),
		TEST(a_reservation_frees_the_host_from_its_lease), TEST(static_addresses_are_claimed), TEST(a_lease_ends_and_is_renewed),
		TEST(leases_of_different_length_end_in_their_order), TEST(a_declined_address_rests), TEST(a_handover_there_and_back),
		TEST(answers_wait_for_the_disk_and_pushes_do_not), TEST(a_cn_keeps_its_number), TEST(cns_that_do_not_fit_are_refused),
		TEST(a_second_connection_replaces_the_first), TEST(a_subnet_changes_hands), TEST(snapshots_and_deltas),
		TEST(changes_during_a_snapshot_are_not_lost), TEST(a_lost_tombstone_needs_a_snapshot), TEST(a_prober_hears_of_all_cns),
		TEST(everything_stored_is_there_again), TEST(commands_free_addresses),
		TEST(a_station_that_flaps_is_damped), TEST(slow_moves_are_no_flapping), TEST(after_the_hold_one_move_is_free),
		TEST(two_stations_with_one_mac_are_told), TEST(damping_is_cleared_by_command),
		TEST(a_block_is_for_its_cn_alone), TEST(a_block_is_a_part_of_what_is_free), TEST(a_block_is_given_back_by_not_naming_it),
		TEST(a_block_outlives_the_register), TEST(reports_are_ordered_by_when_it_happened),
		TEST(a_station_has_the_lease_that_it_took_last), TEST(a_late_renewal_makes_no_second_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
