/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of broadcasts and multicasts: which CNs and stations get one, and how many go out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/addr.h"
#include "core/cell/fanout.h"

#define LOG 64

static struct {
	struct fanout *fanout;
	uint64_t now;
	unsigned calls, wanted; /* the calls of on_wanted, and the argument of the last one */
	unsigned count;
	char sent[LOG][24];
} world, *w = &world;

static struct tmip_addr addr(const char *text)
{
	struct tmip_addr out;

	assert_int_equal(addr_parse(text, &out), 0);
	return out;
}

static void on_wanted(const struct tmip_group_key *home, bool wanted, void *arg)
{
	(void)home;
	(void)arg;
	w->calls++;
	w->wanted = wanted;
}

static void on_cn(const struct tmip_addr *tunnel, void *arg)
{
	char text[ADDR_STRLEN];

	(void)arg;
	assert_true(w->count < LOG);
	snprintf(w->sent[w->count++], sizeof(w->sent[0]), "%.16s", addr_format(tunnel, text));
}

/* The last byte of the MAC is the number of the station. */
static void on_station(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	(void)arg;
	assert_true(w->count < LOG);
	snprintf(w->sent[w->count++], sizeof(w->sent[0]), "%u in %u", mac->octet[5], ifindex);
}

static int setup(void **state)
{
	static const struct fanout_calls calls = {
		.wanted = on_wanted, .to_cn = on_cn, .to_station = on_station,
	};

	(void)state;
	memset(w, 0, sizeof(*w));
	w->fanout = fanout_create(&calls);
	w->now = 5000;
	fanout_set_limit(w->fanout, 100);
	return !w->fanout;
}

static int teardown(void **state)
{
	(void)state;
	fanout_destroy(w->fanout);
	return 0;
}

/* This CN is 192.0.2.1. Its cell 1 is 10.1.0.0/24. */
static void put(unsigned host, uint8_t state, unsigned in, unsigned home, const char *parent,
		const char *current)
{
	struct tmip_station entry = {
		.state = state, .ifindex = in, .home_ifindex = home,
		.parent = addr(parent), .current = addr(current),
	};
	struct tmip_addr key = addr_from_ipv4((home ? 0x0a010000u : 0x0a020000u) + host);

	entry.mac.octet[5] = (uint8_t)host;
	assert_int_equal(fanout_put(w->fanout, &key, &entry), 0);
}

static void away(unsigned host, const char *cn)
{
	put(host, TMIP_STATION_AWAY, 0, 1, "192.0.2.1", cn);
}

static void next_door(unsigned host, unsigned cell)
{
	put(host, TMIP_STATION_NEXT_DOOR, cell, 1, "192.0.2.1", "192.0.2.1");
}

static void guest(unsigned host, unsigned cell)
{
	put(host, TMIP_STATION_VISITING, cell, 0, "192.0.2.2", "192.0.2.1");
}

static void copy(const char *parent, unsigned ifindex, const char *subnet, const char *source)
{
	struct tmip_group_key home = {.parent = addr(parent), .ifindex = ifindex};
	struct prefix prefix = {.addr = addr(subnet), .len = 24};
	struct tmip_addr from = addr(source);

	w->count = 0;
	fanout_copy(w->fanout, &home, &prefix, &from, w->now);
}

static void copy_home(const char *source)
{
	copy("192.0.2.1", 1, "10.1.0.0", source);
}

static void copy_guests(const char *source)
{
	copy("192.0.2.2", 0, "10.2.0.0", source);
}

static void assert_sent(const char *first, const char *second)
{
	assert_int_equal(w->count, !!first + !!second);
	if (first)
		assert_string_equal(w->sent[0], first);
	if (second)
		assert_string_equal(w->sent[1], second);
}

/* Each CN gets one copy, however many stations of this cell are its guests. */
static void each_cn_gets_one(void **state)
{
	(void)state;
	away(10, "192.0.2.2");
	away(11, "192.0.2.2");
	away(12, "192.0.2.3");
	copy_home("10.1.0.50");
	assert_sent("192.0.2.2", "192.0.2.3");
	copy("192.0.2.1", 2, "10.1.1.0", "10.1.1.50"); /* of a cell with all stations at home */
	assert_sent(NULL, NULL);
}

static void no_echo_to_its_sender(void **state)
{
	struct fanout_counts counts;

	(void)state;
	away(10, "192.0.2.2");
	copy_home("10.1.0.10");
	assert_sent(NULL, NULL);
	fanout_count(w->fanout, &counts);
	assert_int_equal(counts.nobody, 1);
	away(11, "192.0.2.2"); /* at the same CN, which finds out if it is in the same cell */
	away(12, "192.0.2.3");
	copy_home("10.1.0.10");
	assert_sent("192.0.2.2", "192.0.2.3");
}

static void stations_next_door_get_theirs(void **state)
{
	(void)state;
	next_door(20, 2);
	next_door(21, 3);
	copy_home("10.1.0.50");
	assert_sent("20 in 2", "21 in 3");
	next_door(22, 2);
	copy_home("10.1.0.22"); /* 20 has heard it */
	assert_sent("21 in 3", NULL);
}

static void guests_get_theirs(void **state)
{
	(void)state;
	guest(30, 1);
	guest(31, 2);
	copy_guests("10.2.0.50");
	assert_sent("30 in 1", "31 in 2");
	guest(32, 2);
	copy_guests("10.2.0.32");
	assert_sent("30 in 1", NULL);
	copy("192.0.2.2", 0, "10.3.0.0", "10.3.0.50"); /* another subnet of their CN */
	assert_sent(NULL, NULL);
	copy("192.0.2.9", 0, "10.9.0.0", "10.9.0.50");
	assert_sent(NULL, NULL);
}

/*
 * fanout calls `wanted` for a home when its first station leaves and when its last one is back, not
 * at each move.
 */
static void homes_are_told_of(void **state)
{
	struct tmip_group_key home = {.parent = addr("192.0.2.1"), .ifindex = 1};
	struct tmip_addr ten = addr("10.1.0.10");

	(void)state;
	away(10, "192.0.2.2");
	assert_true(w->calls == 1 && w->wanted);
	assert_true(fanout_wants(w->fanout, &home));
	away(10, "192.0.2.3");
	next_door(10, 2);
	next_door(10, 3);
	away(11, "192.0.2.3");
	assert_int_equal(w->calls, 1);
	put(10, TMIP_STATION_HOME, 1, 1, "192.0.2.1", "192.0.2.1");
	put(12, TMIP_STATION_ELSEWHERE, 0, 0, "192.0.2.2", "192.0.2.3");
	assert_int_equal(w->calls, 1);
	put(11, TMIP_STATION_BLOCKED, 0, 1, "192.0.2.1", "192.0.2.3");
	assert_true(w->calls == 2 && !w->wanted && !fanout_wants(w->fanout, &home));
	fanout_remove(w->fanout, &ten);
	assert_int_equal(w->calls, 2);
	away(10, "192.0.2.2");
	fanout_remove(w->fanout, &ten);
	assert_int_equal(w->calls, 4);
}

static void a_station_is_in_one_place(void **state)
{
	(void)state;
	away(10, "192.0.2.2");
	away(10, "192.0.2.3");
	copy_home("10.1.0.50");
	assert_sent("192.0.2.3", NULL);
	next_door(10, 2);
	copy_home("10.1.0.50");
	assert_sent("10 in 2", NULL);
}

/* If the limit cuts copies off, the next packet goes first to the stations that have missed one. */
static void copies_are_limited_and_shared(void **state)
{
	struct fanout_counts counts;

	(void)state;
	fanout_set_limit(w->fanout, 4);
	for (unsigned host = 1; host <= 3; host++)
		guest(host, host);
	copy_guests("10.2.0.50");
	assert_int_equal(w->count, 3);
	copy_guests("10.2.0.50");
	assert_sent("1 in 1", NULL);
	copy_guests("10.2.0.50");
	assert_int_equal(w->count, 0);
	fanout_count(w->fanout, &counts);
	assert_int_equal(counts.over_limit, 2 + 3);
	assert_true(counts.taken == 3 && counts.to_stations == 4 && counts.stations == 3);
	w->now += 999;
	copy_guests("10.2.0.50");
	assert_int_equal(w->count, 0);
	w->now++;
	fanout_set_limit(w->fanout, 2);
	copy_guests("10.2.0.50");
	assert_sent("2 in 2", "3 in 3");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_cn_gets_one), TEST(no_echo_to_its_sender),
		TEST(stations_next_door_get_theirs), TEST(guests_get_theirs),
		TEST(homes_are_told_of), TEST(a_station_is_in_one_place),
		TEST(copies_are_limited_and_shared),
	};
	const char *name = "copies of broadcasts and multicasts";

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
