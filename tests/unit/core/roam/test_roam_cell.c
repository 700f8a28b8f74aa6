/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell gets another interface, or comes back, or is about to leave: what becomes of its stations,
 * who must hear of it, and who needs the cell. Station 10.10.1.9 is of CN 1, whose cell is 10.
 */
#include "roam_world.h"

#define NEW 55 /* the ifindex that a cell moves to */

static struct tmip_addr addr(void)
{
	return ip(1, 9);
}

/* The station is at CN 2, a guest there. */
static void roams(void)
{
	struct tmip_addr its = addr();

	seen(2, &its, &MAC);
	deliver_all();
	expect_everywhere(2);
}

/* Whatever a machine wants to tell its cell from now on is news. */
static void forget_news(uint32_t id)
{
	w->cn[id].announced_ifindex = w->cn[id].gone_ifindex = w->cn[id].greeted = 0;
}

static void expect_no_news(uint32_t id)
{
	assert_int_equal(w->cn[id].announced_ifindex, 0);
	assert_int_equal(w->cn[id].gone_ifindex, 0);
	assert_int_equal(w->cn[id].greeted, 0);
}

/* ---- roam_move_cell */

static void stations_at_home_move_with_their_cell(void **state)
{
	(void)state;
	forget_news(1);
	roam_move_cell(w->cn[1].roam, 10, NEW);
	expect(1, addr(), TMIP_STATION_HOME, 1);
	assert_int_equal(entry(1, addr())->ifindex, NEW);
	assert_int_equal(entry(1, addr())->home_ifindex, NEW);
	expect_no_news(1);
}

static void so_do_those_that_are_elsewhere(void **state)
{
	(void)state;
	roams();
	forget_news(1);
	roam_move_cell(w->cn[1].roam, 10, NEW);
	expect(1, addr(), TMIP_STATION_AWAY, 2);
	assert_int_equal(entry(1, addr())->ifindex, 0);
	assert_int_equal(entry(1, addr())->home_ifindex, NEW);
	expect_no_news(1);
	assert_int_equal(tunnel_type(1, 2), TMIP_TUNNEL_4IN4);
}

static void so_do_guests(void **state)
{
	(void)state;
	roams();
	forget_news(2);
	roam_move_cell(w->cn[2].roam, 20, NEW);
	expect(2, addr(), TMIP_STATION_VISITING, 2);
	assert_int_equal(entry(2, addr())->ifindex, NEW);
	assert_int_equal(entry(2, addr())->home_ifindex, 0);
	expect_no_news(2);
}

/* The station comes back into the cell as it is called now. */
static void the_cell_goes_on_under_its_new_number(void **state)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = NEW, .mac = MAC,
				   .addr = addr(), .protocol = __builtin_bswap16(0x0800)};

	(void)state;
	roams();
	roam_move_cell(w->cn[1].roam, 10, NEW);
	roam_seen(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(entry(1, addr())->ifindex, NEW);
	assert_int_equal(w->cn[1].announced_ifindex, NEW);
}

/* A station that is seen next door and belongs to the other cell. */
static void stations_next_door_keep_the_cell_that_they_are_in(void **state)
{
	struct prefix other = {ip(7, 0), 24};
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = 11, .mac = MAC,
				   .addr = addr(), .protocol = __builtin_bswap16(0x0800)};

	(void)state;
	assert_int_equal(roam_put_cell(w->cn[1].roam, 11, "wlan1", &other), 0);
	roam_seen(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect(1, addr(), TMIP_STATION_NEXT_DOOR, 1);
	forget_news(1);
	roam_move_cell(w->cn[1].roam, 10, NEW);
	expect(1, addr(), TMIP_STATION_NEXT_DOOR, 1);
	assert_int_equal(entry(1, addr())->ifindex, 11);
	assert_int_equal(entry(1, addr())->home_ifindex, NEW);
	roam_move_cell(w->cn[1].roam, 11, NEW + 1);
	assert_int_equal(entry(1, addr())->ifindex, NEW + 1);
	expect_no_news(1);
}

static struct tmip_station adopted(struct tmip_addr its, unsigned in, unsigned home)
{
	struct tmip_station station = {.mac = STRANGER, .ifindex = in, .home_ifindex = home,
				       .state = in ? TMIP_STATION_HOME : TMIP_STATION_AWAY,
				       .parent = tunnel(1), .current = tunnel(in ? 1 : 2)};

	roam_adopt(w->cn[1].roam, &its, &station);
	return station;
}

/* The register may be down: nothing else brings their entries up to date. */
static void entries_of_a_former_agent_move_too(void **state)
{
	struct tmip_station away = adopted(ip(1, 50), 0, 10);

	(void)state;
	adopted(ip(1, 51), 10, 10);
	adopted(ip(1, 52), 11, 11);
	roam_move_cell(w->cn[1].roam, 10, NEW);
	assert_int_equal(entry(1, ip(1, 50))->home_ifindex, NEW);
	assert_int_equal(entry(1, ip(1, 50))->ifindex, 0);
	assert_memory_equal(&entry(1, ip(1, 50))->current, &away.current, sizeof(away.current));
	assert_int_equal(entry(1, ip(1, 51))->home_ifindex, NEW);
	assert_int_equal(entry(1, ip(1, 51))->ifindex, NEW);
	assert_null(entry(1, ip(1, 52))); /* it was not written anew: its cell has not moved */
}

/* Its cell has the new interface before this agent knows it at all. */
static void also_if_only_the_former_agent_had_the_cell(void **state)
{
	(void)state;
	adopted(ip(7, 50), 0, 70);
	roam_move_cell(w->cn[1].roam, 70, NEW);
	assert_int_equal(entry(1, ip(7, 50))->home_ifindex, NEW);
	expect(1, addr(), TMIP_STATION_HOME, 1);
	assert_int_equal(entry(1, addr())->ifindex, 10);
}

/* A second cell of CN 1, where that MAC uses the address. */
static void used_next_door(struct tmip_addr its, const struct tmip_mac *mac, uint32_t type)
{
	struct prefix other = {ip(7, 0), 24};
	struct tmip_event event = {.type = type, .ifindex = 11, .mac = *mac, .addr = its,
				   .protocol = __builtin_bswap16(0x0806)};

	assert_int_equal(roam_put_cell(w->cn[1].roam, 11, "wlan1", &other), 0);
	if (type == TMIP_EVENT_CONFLICT)
		roam_conflict(w->cn[1].roam, &event, w->now);
	else
		roam_seen(w->cn[1].roam, &event, w->now);
}

/* What is open when the cell moves ends in the cell as it is called now. */
static void so_does_a_claim(void **state)
{
	(void)state;
	used_next_door(ip(1, 77), &STRANGER, TMIP_EVENT_SEEN);
	roam_move_cell(w->cn[1].roam, 11, NEW);
	deliver_all();
	expect(1, ip(1, 77), TMIP_STATION_NEXT_DOOR, 1);
	assert_int_equal(entry(1, ip(1, 77))->ifindex, NEW);
}

static void so_does_a_rival(void **state)
{
	struct tmip_addr its = addr();

	(void)state;
	roams();
	w->crowd = true;
	used_next_door(its, &STRANGER, TMIP_EVENT_CONFLICT);
	time_goes(1, 100);
	assert_int_equal(w->cn[1].asked, 1);
	roam_move_cell(w->cn[1].roam, 11, NEW);
	answer_asked(1, &its, ROAM_HOLDER_MUTE);
	deliver_all();
	expect(1, its, TMIP_STATION_NEXT_DOOR, 1);
	assert_memory_equal(&entry(1, its)->mac, &STRANGER, sizeof(STRANGER));
	assert_int_equal(entry(1, its)->ifindex, NEW);
}

static void so_does_a_search(void **state)
{
	(void)state;
	roams();
	link_seen(1, &MAC, 0x86dd);
	assert_int_equal(w->cn[1].recalled_ifindex, 10);
	roam_move_cell(w->cn[1].roam, 10, NEW);
	time_goes(1, 10);
	assert_int_equal(w->cn[1].recalled_ifindex, NEW);
}

static void no_cell_moves_to_itself_or_from_nowhere(void **state)
{
	(void)state;
	roams();
	w->cn[1].map_count = 0; /* nothing is written */
	roam_move_cell(w->cn[1].roam, 10, 10);
	roam_move_cell(w->cn[1].roam, 0, NEW);
	roam_move_cell(w->cn[1].roam, 99, NEW);
	assert_int_equal(w->cn[1].map_count, 0);
}

/* ---- roam_announce_cell */

static void the_home_cell_hears_where_its_stations_are(void **state)
{
	(void)state;
	forget_news(1);
	roam_announce_cell(w->cn[1].roam, 10);
	expect_no_news(1); /* it is there itself */
	roams();
	forget_news(1);
	w->cn[1].announced_mac = MAC;
	roam_announce_cell(w->cn[1].roam, 10);
	assert_int_equal(w->cn[1].announced_ifindex, 10);
	assert_true(mac_is_zero(&w->cn[1].announced_mac)); /* the cell's own */
	assert_int_equal(w->cn[1].greeted, 0);
	forget_news(1);
	roam_announce_cell(w->cn[1].roam, 11);
	expect_no_news(1);
}

static void guests_hear_of_their_gateways(void **state)
{
	(void)state;
	roams();
	forget_news(2);
	roam_announce_cell(w->cn[2].roam, 20);
	assert_int_equal(w->cn[2].greeted, 1);
	assert_int_equal(w->cn[2].announced_ifindex, 0);
	forget_news(3);
	roam_announce_cell(w->cn[3].roam, 30);
	expect_no_news(3);
}

/* ---- roam_cell_users */

static void expect_users(uint32_t id, unsigned ifindex, unsigned away, unsigned guests)
{
	struct roam_users users = roam_cell_users(w->cn[id].roam, ifindex);

	assert_int_equal(users.away, away);
	assert_int_equal(users.guests, guests);
}

static void who_needs_a_cell_is_counted(void **state)
{
	(void)state;
	expect_users(1, 10, 0, 0); /* a station at home needs it, too, but there is no help */
	roams();
	expect_users(1, 10, 1, 0);
	expect_users(2, 20, 0, 1);
	expect_users(3, 30, 0, 0);
	expect_users(1, 11, 0, 0);
	expect_users(1, 0, 0, 0); /* stations elsewhere are in no cell, and not in "cell 0" */
}

static void a_station_next_door_needs_both_cells(void **state)
{
	struct prefix other = {ip(7, 0), 24};
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = 11, .mac = MAC,
				   .addr = addr(), .protocol = __builtin_bswap16(0x0800)};

	(void)state;
	assert_int_equal(roam_put_cell(w->cn[1].roam, 11, "wlan1", &other), 0);
	roam_seen(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect_users(1, 10, 1, 0);
	expect_users(1, 11, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stations_at_home_move_with_their_cell),
		CASE(so_do_those_that_are_elsewhere),
		CASE(so_do_guests),
		CASE(the_cell_goes_on_under_its_new_number),
		CASE(stations_next_door_keep_the_cell_that_they_are_in),
		CASE(entries_of_a_former_agent_move_too),
		CASE(also_if_only_the_former_agent_had_the_cell),
		CASE(so_does_a_claim),
		CASE(so_does_a_rival),
		CASE(so_does_a_search),
		CASE(no_cell_moves_to_itself_or_from_nowhere),
		CASE(the_home_cell_hears_where_its_stations_are),
		CASE(guests_hear_of_their_gateways),
		CASE(who_needs_a_cell_is_counted),
		CASE(a_station_next_door_needs_both_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
