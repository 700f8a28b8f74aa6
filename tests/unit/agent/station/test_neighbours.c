/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours that are no stations: asked for by a guest here, or by another CN. */
#include "agent/station/neighbours.h"
#include "station_world.h"

#define GUEST_MAX 8
#define CN_MAX 32
#define ASK_MS 1700    /* in the cell */
#define REMOTE_MS 2500

static struct neighbours *neighbours;
static struct mlrp_message sent;
static uint32_t sent_to;
static unsigned sent_count, asked, told;
static unsigned asked_in, told_in;
static struct tmip_addr asked_for, told_about, told_guest;
static struct tmip_mac told_mac;

static void on_send(uint32_t cn, const struct mlrp_message *message, void *arg)
{
	(void)arg;
	sent = *message;
	sent_to = cn;
	sent_count++;
}

static void on_ask(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	(void)arg;
	asked_for = *addr;
	asked_in = ifindex;
	asked++;
}

static void on_tell(const struct tmip_addr *addr, unsigned ifindex, const struct tmip_mac *to,
		    const struct tmip_addr *guest, void *arg)
{
	(void)arg;
	told_about = *addr;
	told_in = ifindex;
	told_mac = *to;
	told_guest = *guest;
	told++;
}

static int create(void **state)
{
	struct neighbours_setup setup;

	if (world_setup(state))
		return -1;
	sent_count = asked = told = 0;
	setup = (struct neighbours_setup){
		.base = w->base, .cells = &w->cells, .roam = w->roam,
		.calls = {.send = on_send, .ask = on_ask, .tell = on_tell},
	};
	neighbours = neighbours_create(&setup);
	return neighbours ? 0 : -1;
}

static int destroy(void **state)
{
	neighbours_destroy(neighbours);
	assert_int_equal(time_armed(), 0);
	return world_teardown(state);
}

static struct tmip_event event_of(uint32_t type, struct tmip_addr addr, unsigned host,
				  unsigned ifindex)
{
	return (struct tmip_event){.type = type, .ifindex = ifindex, .addr = addr,
				   .mac = mac(host), .protocol = __builtin_bswap16(0x0806)};
}

/* The guest with that last byte of its address, of the net's subnet, asks in wlan0 or wlan1. */
static void want(struct tmip_addr addr, unsigned host, unsigned ifindex)
{
	struct tmip_event event = event_of(TMIP_EVENT_WANTED, addr, host, ifindex);

	neighbours_wanted(neighbours, &event);
}

static void heard(struct tmip_addr addr, unsigned ifindex)
{
	struct tmip_event event = event_of(TMIP_EVENT_SEEN, addr, 77, ifindex);

	neighbours_seen(neighbours, &event);
}

static struct mlrp_message message_of(uint8_t type, struct tmip_addr addr, uint32_t transaction)
{
	return (struct mlrp_message){.type = type, .transaction = transaction, .addr = addr,
				     .has = MLRP_HAS(MLRP_F_ADDR)};
}

static bool answer(uint32_t from, uint8_t type, uint32_t transaction)
{
	struct mlrp_message message = message_of(type, ip(2, 50), transaction);

	return neighbours_answered(neighbours, from, &message);
}

static void probe(struct tmip_addr addr)
{
	struct mlrp_message message = message_of(MLRP_PROBE, addr, 7);

	neighbours_probed(neighbours, CN2, &message);
}

static void expect_told(struct tmip_addr about, struct tmip_addr guest, unsigned host,
			unsigned ifindex)
{
	struct tmip_mac to = mac(host);

	assert_int_equal(told, 1);
	assert_true(addr_equal(&told_about, &about));
	assert_true(addr_equal(&told_guest, &guest));
	assert_true(mac_equal(&told_mac, &to));
	assert_int_equal(told_in, ifindex);
}

/* ---- for a guest of this CN */

static void the_cn_of_the_subnet_is_asked(void **state)
{
	struct tmip_addr guest = station_in(2, 9, WLAN0), addr = ip(2, 50);

	(void)state;
	want(addr, 9, WLAN0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent_to, CN2);
	assert_int_equal(sent.type, MLRP_PROBE);
	assert_true(addr_equal(&sent.addr, &addr));
	assert_true(mac_is_zero(&sent.mac));
	assert_int_equal(told, 0);
	assert_true(answer(CN2, MLRP_RETURNED, sent.transaction));
	expect_told(addr, guest, 9, WLAN0);
	assert_true(answer(CN2, MLRP_RETURNED, sent.transaction)); /* once more: too late */
	assert_int_equal(told, 1);
}

static void nobody_is_told_without_an_answer(void **state)
{
	(void)state;
	station_in(2, 9, WLAN0);
	want(ip(2, 50), 9, WLAN0);
	assert_true(answer(CN3, MLRP_RETURNED, sent.transaction)); /* which was not asked */
	assert_false(answer(CN2, MLRP_DEPARTED, sent.transaction));
	assert_false(answer(CN2, MLRP_RETURNED, 7)); /* of a check of a station */
	time_passes(REMOTE_MS);
	assert_true(answer(CN2, MLRP_RETURNED, sent.transaction));
	assert_int_equal(told, 0);
}

static void a_guest_that_asks_again_waits(void **state)
{
	(void)state;
	station_in(2, 9, WLAN0);
	station_in(2, 8, WLAN0);
	want(ip(2, 50), 9, WLAN0);
	want(ip(2, 50), 9, WLAN0);
	assert_int_equal(sent_count, 1);
	want(ip(2, 50), 8, WLAN0);
	want(ip(2, 51), 9, WLAN0);
	assert_int_equal(sent_count, 3);
}

static void who_is_no_guest_asks_in_vain(void **state)
{
	(void)state;
	station_in(2, 9, WLAN0);
	want(ip(3, 50), 9, WLAN0);  /* not of its subnet */
	want(ip(2, 50), 9, WLAN1);  /* not in that cell */
	want(ip(2, 50), 10, WLAN0); /* unknown */
	want(ip(9, 50), 9, WLAN0);  /* of no CN */
	assert_int_equal(sent_count, 0);
	assert_int_equal(time_armed(), 0);
}

/* Its subnet is that of another cell of this CN: no message is needed. */
static void a_guest_from_next_door(void **state)
{
	struct tmip_addr guest = station_in(4, 9, WLAN0), addr = ip(4, 50);

	(void)state;
	want(addr, 9, WLAN0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(asked, 1);
	assert_int_equal(asked_in, WLAN1);
	assert_true(addr_equal(&asked_for, &addr));
	heard(addr, WLAN0); /* by somebody who is not at home */
	assert_int_equal(told, 0);
	heard(addr, WLAN1);
	expect_told(addr, guest, 9, WLAN0);
}

/* ---- for another CN */

static void a_host_that_is_heard_is_reported(void **state)
{
	struct tmip_addr addr = ip(1, 50);

	(void)state;
	probe(addr);
	assert_int_equal(asked, 1);
	assert_int_equal(asked_in, WLAN0);
	heard(ip(1, 51), WLAN0);
	assert_int_equal(sent_count, 0);
	heard(addr, WLAN0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent_to, CN2);
	assert_int_equal(sent.type, MLRP_RETURNED);
	assert_int_equal(sent.transaction, 7);
	assert_true(addr_equal(&sent.addr, &addr));
	heard(addr, WLAN0);
	assert_int_equal(sent_count, 1);
}

static void nothing_is_said_of_a_host_that_is_not_heard(void **state)
{
	(void)state;
	probe(ip(1, 50));
	time_passes(ASK_MS - 1);
	assert_int_equal(asked, 4);
	time_passes(1);
	assert_int_equal(asked, 4);
	heard(ip(1, 50), WLAN0);
	assert_int_equal(sent_count, 0);
}

static void only_own_subnets_are_searched(void **state)
{
	(void)state;
	probe(ip(2, 50));
	probe(ip(9, 50));
	assert_int_equal(asked, 0);
	assert_int_equal(time_armed(), 0);
}

static void questions_are_bounded(void **state)
{
	(void)state;
	station_in(2, 9, WLAN0);
	station_in(2, 8, WLAN0);
	for (unsigned i = 0; i <= GUEST_MAX; i++)
		want(ip(2, 10 + i), 9, WLAN0);
	assert_int_equal(sent_count, GUEST_MAX);
	want(ip(2, 10), 8, WLAN0); /* another guest */
	assert_int_equal(sent_count, GUEST_MAX + 1);
	time_passes(REMOTE_MS);
	for (unsigned i = 0; i <= CN_MAX; i++)
		probe(ip(1, 10 + i));
	assert_int_equal(asked, CN_MAX);
	time_passes(ASK_MS);
	probe(ip(1, 9));
	assert_int_equal(time_armed(), 1);
}

int main(void)
{
#define NEIGHBOUR_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		NEIGHBOUR_CASE(the_cn_of_the_subnet_is_asked),
		NEIGHBOUR_CASE(nobody_is_told_without_an_answer),
		NEIGHBOUR_CASE(a_guest_that_asks_again_waits),
		NEIGHBOUR_CASE(who_is_no_guest_asks_in_vain),
		NEIGHBOUR_CASE(a_guest_from_next_door),
		NEIGHBOUR_CASE(a_host_that_is_heard_is_reported),
		NEIGHBOUR_CASE(nothing_is_said_of_a_host_that_is_not_heard),
		NEIGHBOUR_CASE(only_own_subnets_are_searched),
		NEIGHBOUR_CASE(questions_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
