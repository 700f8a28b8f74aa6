/* SPDX-License-Identifier: BSD-2-Clause */
/* Claims of an address that another MAC has, when its CN has asked for that MAC. */
#include "registry_world.h"

#define AWAY_S 10
#define FLAP_MOVES 4

static const struct mlrp_message *claim(int cn, unsigned number, struct tmip_addr addr,
					uint8_t holder, struct version version)
{
	struct mlrp_message message = {.type = MLRP_CLAIM, .mac = mac(number), .addr = addr,
				       .holder = holder, .version = version,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					      MLRP_HAS(MLRP_F_HOLDER) | MLRP_HAS(MLRP_F_VERSION)};

	for (int i = 0; i <= CNS; i++)
		w->cn[i].count = 0;
	return ask(cn, &message);
}

static const struct mlrp_message *claim_mute(int cn, unsigned number, struct tmip_addr addr)
{
	return claim(cn, number, addr, MLRP_HOLDER_MUTE, record(addr)->version);
}

static void expect_error(const struct mlrp_message *answer, uint16_t code)
{
	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_ERROR);
	assert_int_equal(answer->code, code);
	assert_true(answer->has & MLRP_HAS(MLRP_F_STATION)); /* the record in force */
}

static void an_address_of_its_own_goes_to_another_mac(void **state)
{
	struct version before;
	struct tmip_mac two = mac(2);
	const struct mlrp_message *answer;

	(void)state;
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
	good(1, MLRP_CLAIM, 1, ip(1, 200));
	before = record(ip(1, 200))->version;
	answer = claim_mute(2, 2, ip(1, 200));
	assert_int_equal(answer->type, MLRP_STATION);
	assert_true(mac_equal(&answer->station.mac, &two));
	assert_int_equal(answer->station.kind, RECORD_STATIC);
	assert_int_equal(answer->station.parent, 1);
	assert_int_equal(answer->station.current, 2);
	assert_true(version_compare(answer->station.version, before) > 0);
	assert_non_null(strstr(w->told, "takes over the address 10.1.0.200"));
	for (int cn = 1; cn <= 3; cn++) /* everybody hears of it */
		assert_true(w->cn[cn].count >= 1 &&
			    mac_equal(&w->cn[cn].box[0].station.mac, &two));
	refused(1, MLRP_HANDOVER, 1, ip(1, 200), MLRP_E_CONFLICT); /* the former holder */
	refused(1, MLRP_RELEASE, 1, ip(1, 200), MLRP_E_CONFLICT);
}

static void a_lease_keeps_its_end_and_its_kind(void **state)
{
	struct tmip_addr addr;
	uint64_t end;

	(void)state;
	join(1, 10, 20);
	addr = lease(1, 1);
	end = record(addr)->lease_end;
	assert_true(end);
	claim_mute(1, 2, addr);
	assert_int_equal(record(addr)->kind, RECORD_DYNAMIC);
	assert_int_equal(record(addr)->lease_end, end);
	assert_int_equal(record(addr)->client_id_len, 0);
	/* The former holder gets another address, and a RENEW of the new one counts. */
	refused(1, MLRP_RENEW, 1, addr, MLRP_E_CONFLICT);
	expect(offer(1, 1), 1, 11);
	assert_int_equal(good(1, MLRP_RENEW, 2, addr)->state, RECORD_BOUND);
	pass(100000);
	assert_int_equal(record(addr)->state, RECORD_FREE);
}

/* A station has one lease. The address of another does not take the place of its own. */
static void a_station_with_a_lease_keeps_it(void **state)
{
	struct tmip_addr taken, own;

	(void)state;
	join(1, 10, 20);
	taken = lease(1, 1);
	own = lease(1, 2);
	claim_mute(1, 2, taken);
	assert_int_equal(record(taken)->kind, RECORD_STATIC);
	assert_int_equal(record(own)->state, RECORD_BOUND);
	expect(offer(1, 2), 1, own.v4[3]); /* not the virtual one, which is newer */
	good(1, MLRP_BIND, 2, own);
	assert_int_equal(record(taken)->state, RECORD_BOUND);
}

/* What one MAC may have is counted where the address goes, and no more where it was. */
static void the_bounds_follow_the_address(void **state)
{
	struct tmip_addr addr = ip(1, 100 + MAC_ADDRESSES);

	(void)state;
	join(1, 10, 200);
	for (unsigned i = 0; i <= MAC_ADDRESSES; i++) /* of other MACs, with leases and without */
		good(1, MLRP_CLAIM, 100 + i, ip(1, 100 + (int)i));
	for (unsigned i = 0; i < MAC_ADDRESSES; i++)
		assert_int_equal(claim_mute(1, 1, ip(1, 100 + (int)i))->type, MLRP_STATION);
	expect_error(claim_mute(1, 1, addr), MLRP_E_EXHAUSTED);
	for (unsigned i = 0; i < MAC_ADDRESSES; i++) /* the first of them has lost its one */
		good(1, MLRP_CLAIM, 100, ip(1, 20 + (int)i));
	refused(1, MLRP_CLAIM, 100, ip(1, 50), MLRP_E_EXHAUSTED);
}

static void without_a_question_nobody_loses_an_address(void **state)
{
	(void)state;
	join(1, 10, 20);
	good(1, MLRP_CLAIM, 1, ip(1, 200));
	refused(1, MLRP_CLAIM, 2, ip(1, 200), MLRP_E_CONFLICT);
}

/* The record has changed since: somebody is alive. */
static void an_old_answer_does_not_count(void **state)
{
	struct version asked;
	struct tmip_addr addr;
	struct tmip_mac one = mac(1);

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	addr = lease(1, 1);
	asked = record(addr)->version;
	good(1, MLRP_RENEW, 1, addr);
	expect_error(claim(2, 2, addr, MLRP_HOLDER_MUTE, asked), MLRP_E_STALE);
	assert_true(mac_equal(&record(addr)->mac, &one));
	/* Of two that claim it, the first one gets it. */
	asked = record(addr)->version;
	assert_int_equal(claim(2, 2, addr, MLRP_HOLDER_MUTE, asked)->type, MLRP_STATION);
	expect_error(claim(1, 3, addr, MLRP_HOLDER_MUTE, asked), MLRP_E_STALE);
}

static void the_address_of_a_connected_cn_stays(void **state)
{
	struct tmip_addr addr;
	const struct mlrp_message *answer;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	addr = lease(1, 1);
	for (int i = 0; i < 5; i++) {
		answer = claim(2, 2, addr, MLRP_HOLDER_UNREACHABLE, record(addr)->version);
		expect_error(answer, MLRP_E_CONFLICT);
		assert_true(answer->has & MLRP_HAS(MLRP_F_WAIT));
		pass(AWAY_S);
	}
}

/* Not at once: its agent may just be starting again, and forwarding goes on. */
static void the_address_of_a_cn_that_is_away_goes(void **state)
{
	struct tmip_addr addr;
	const struct mlrp_message *answer;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	addr = lease(1, 1);
	close_session(1);
	pass(5 * AWAY_S); /* nobody has asked: since when it is away, nobody knows */
	answer = claim(2, 2, addr, MLRP_HOLDER_UNREACHABLE, record(addr)->version);
	expect_error(answer, MLRP_E_CONFLICT);
	assert_int_equal(answer->wait, AWAY_S * 1000);
	pass(AWAY_S - 1);
	answer = claim(2, 2, addr, MLRP_HOLDER_UNREACHABLE, record(addr)->version);
	expect_error(answer, MLRP_E_CONFLICT);
	assert_int_equal(answer->wait, 1000);
	join(1, 10, 20); /* it is back */
	close_session(1);
	pass(1);
	answer = claim(2, 2, addr, MLRP_HOLDER_UNREACHABLE, record(addr)->version);
	expect_error(answer, MLRP_E_CONFLICT);
	pass(AWAY_S);
	answer = claim(2, 2, addr, MLRP_HOLDER_UNREACHABLE, record(addr)->version);
	assert_int_equal(answer->type, MLRP_STATION);
	assert_int_equal(record(addr)->current, 2);
}

static void reserve(unsigned first, unsigned second)
{
	struct registry_host hosts[2] = {{.mac = mac(first), .addr = ip(1, 200)},
					 {.mac = mac(second), .addr = ip(1, 200)}};

	assert_int_equal(registry_set_hosts(w->registry, hosts, 2), 0);
}

static void a_reserved_address_changes_without_a_question(void **state)
{
	struct tmip_mac two = mac(2);

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	reserve(1, 2);
	good(1, MLRP_CLAIM, 1, ip(1, 200));
	assert_true(mac_equal(&good(2, MLRP_CLAIM, 2, ip(1, 200))->mac, &two));
	assert_int_equal(record(ip(1, 200))->kind, RECORD_RESERVED);
	/* Not to a stranger, even if both are mute. */
	expect_error(claim_mute(2, 3, ip(1, 200)), MLRP_E_CONFLICT);
}

/* ---- damping */

static void begin_flapping(void)
{
	w->flap_moves = FLAP_MOVES;
	begin(EPOCH);
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
}

static void two_macs_of_a_host_do_not_escape_the_damping(void **state)
{
	(void)state;
	begin_flapping();
	reserve(1, 2);
	good(1, MLRP_CLAIM, 1, ip(1, 200));
	for (int i = 0; i < FLAP_MOVES; i++)
		good(1 + (i + 1) % 2, MLRP_CLAIM, 1 + (unsigned)(i + 1) % 2, ip(1, 200));
	refused(2, MLRP_CLAIM, 2, ip(1, 200), MLRP_E_DAMPED);
	pass(HOLD_S);
	good(2, MLRP_CLAIM, 2, ip(1, 200));
}

/* It counts, and ends no hold. */
static void a_mute_holder_is_no_way_round_the_damping(void **state)
{
	struct tmip_addr addr;

	(void)state;
	begin_flapping();
	addr = lease(1, 1);
	for (int i = 0; i < FLAP_MOVES; i++)
		good(i % 2 ? 1 : 2, MLRP_HANDOVER, 1, addr);
	refused(2, MLRP_HANDOVER, 1, addr, MLRP_E_DAMPED);
	assert_int_equal(claim_mute(3, 2, addr)->type, MLRP_STATION); /* never refused */
	refused(2, MLRP_HANDOVER, 2, addr, MLRP_E_DAMPED);
	begin_flapping();
	addr = lease(1, 1);
	for (int i = 0; i < FLAP_MOVES; i++)
		assert_int_equal(claim_mute(1 + i % 2, 2 + (unsigned)i, addr)->type, MLRP_STATION);
	refused(3, MLRP_HANDOVER, 1 + FLAP_MOVES, addr, MLRP_E_DAMPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_address_of_its_own_goes_to_another_mac),
		CASE(a_lease_keeps_its_end_and_its_kind),
		CASE(a_station_with_a_lease_keeps_it),
		CASE(the_bounds_follow_the_address),
		CASE(without_a_question_nobody_loses_an_address),
		CASE(an_old_answer_does_not_count),
		CASE(the_address_of_a_connected_cn_stays),
		CASE(the_address_of_a_cn_that_is_away_goes),
		CASE(a_reserved_address_changes_without_a_question),
		CASE(two_macs_of_a_host_do_not_escape_the_damping),
		CASE(a_mute_holder_is_no_way_round_the_damping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
