/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is watched and probed, in whose name, and what becomes of a station that answers nothing. */
#include "agent/station/presence.h"
#include "station_world.h"

#define IDLE_S 60
#define TICK_MS 250

static struct presence *presence;

static void on_put(const struct tmip_addr *addr, const struct tmip_station *entry)
{
	presence_put(presence, addr, entry);
}

static void on_remove(const struct tmip_addr *addr)
{
	presence_remove(presence, addr);
}

static int create(void **state)
{
	struct presence_setup setup;

	world_setup(state);
	w->config.probe_idle = IDLE_S;
	w->config.probe_count = 3;
	w->config.probe_rate = 1000;
	setup = (struct presence_setup){.base = w->base, .config = &w->config, .cells = &w->cells,
					.dp = &fake_datapath, .roam = w->roam};
	w->put = on_put;
	w->remove = on_remove;
	return presence_create(&presence, &setup);
}

static int destroy(void **state)
{
	w->put = NULL;
	w->remove = NULL;
	presence_destroy(presence);
	return world_teardown(state);
}

/* The timer of presence.c is one of libevent's own: it fires as if its time had passed. */
static void pass_s(unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 1000 / TICK_MS; i++) {
		fake_now_ms += TICK_MS;
		time_fires_others();
	}
}

static bool timer_runs(void)
{
	return event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > 0;
}

static bool is_silent(const struct tmip_addr *addr)
{
	return entry_of(addr)->flags & TMIP_STATION_F_SILENT;
}

static void a_quiet_station_is_asked_in_the_name_of_its_gateway(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0), gateway = ip(1, 1);
	struct tmip_mac its = mac(9), cell = {{2, 0, 0, 0, 0, WLAN0}};
	const struct fake_frame *frame;

	(void)state;
	pass_s(IDLE_S - 1);
	assert_int_equal(fake_frames.count, 0);
	pass_s(2);
	assert_int_equal(fake_frames.count, 1);
	frame = fake_frames_last(FRAME_ASKED);
	assert_non_null(frame);
	assert_string_equal(frame->interface, "wlan0");
	assert_true(addr_equal(&frame->addr, &addr));
	assert_true(mac_equal(&frame->mac, &its));
	assert_true(addr_equal(&frame->from, &gateway));
	assert_true(mac_equal(&frame->from_mac, &cell));
}

static void a_guest_is_asked_in_the_name_of_its_gateway_at_home(void **state)
{
	struct tmip_addr gateway = ip(2, 1);
	const struct fake_frame *frame;

	(void)state;
	station_in(2, 9, WLAN1);
	pass_s(IDLE_S + 1);
	frame = fake_frames_last(FRAME_ASKED);
	assert_non_null(frame);
	assert_string_equal(frame->interface, "wlan1");
	assert_true(addr_equal(&frame->from, &gateway));
}

/* Its interface is gone, and with it the port for frames. */
static void a_station_of_a_lost_cell_cannot_be_asked(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	struct cell *cell = &w->cells.list[0];

	(void)state;
	frame_close(cell->port);
	cell->port = NULL;
	cell->served = false;
	presence_probe(presence, &addr);
	pass_s(IDLE_S + 10);
	assert_int_equal(fake_frames.count, 0);
}

static void a_station_that_is_heard_is_left_alone(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);

	(void)state;
	for (int i = 0; i < 10; i++) {
		pass_s(IDLE_S / 2);
		fake_datapath_hears(&addr, fake_now_ms);
	}
	assert_int_equal(fake_frames.count, 0);
	assert_false(is_silent(&addr));
}

static void a_station_that_answers_no_probe_is_silent(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	char how[64];

	(void)state;
	while (!is_silent(&addr) && fake_now_ms < FAKE_START_MS + (IDLE_S + 10) * 1000)
		pass_s(1); /* probes after 0, 1 and 3 s; the last has 4 s */
	assert_true(is_silent(&addr));
	assert_int_equal(fake_frames.count, 3);
	snprintf(how, sizeof(how), "heard %u s ago, 3 probes without an answer",
		 (unsigned)(fake_now_ms - FAKE_START_MS) / 1000);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, how), 1);
	pass_s(IDLE_S * 2);
	assert_int_equal(fake_frames.count, 3);
}

static void an_answer_begins_the_time_anew(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);

	(void)state;
	pass_s(IDLE_S + 2);
	assert_true(fake_frames.count > 0);
	fake_datapath_hears(&addr, fake_now_ms);
	fake_frames_forget();
	pass_s(IDLE_S - 1);
	assert_int_equal(fake_frames.count, 0);
	assert_false(is_silent(&addr));
	pass_s(10);
	assert_true(fake_frames.count > 0);
}

static void a_silent_station_that_is_back_is_watched_again(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	struct tmip_mac its = mac(9);

	(void)state;
	pass_s(IDLE_S + 10);
	assert_true(is_silent(&addr));
	fake_frames_forget();
	fake_datapath_hears(&addr, fake_now_ms);
	seen_in(WLAN0, &addr, &its);
	assert_false(is_silent(&addr));
	pass_s(IDLE_S + 10);
	assert_int_equal(fake_frames.count, 3);
	assert_true(is_silent(&addr));
}

/* Records change without the station: a lease is prolonged, say. */
static void a_new_record_is_no_sign_of_life(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	struct station_record record;

	(void)state;
	pass_s(IDLE_S / 2);
	record = record_of(addr, CN1);
	commit(&record, WLAN0);
	assert_int_equal(entry_of(&addr)->seq, record.version.seq);
	pass_s(IDLE_S / 2 + 1);
	assert_int_equal(fake_frames.count, 1);
}

static void stations_elsewhere_are_not_watched(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	struct station_record record = record_of(addr, CN2);

	(void)state;
	station_at(2, 7, CN3);
	commit(&record, 0); /* it has gone to CN 2 */
	pass_s(IDLE_S * 2);
	assert_int_equal(fake_frames.count, 0);
}

static void a_station_without_an_entry_is_not_watched(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);
	struct station_record record = record_of(addr, CN1);

	(void)state;
	record.state = RECORD_FREE;
	commit(&record, 0);
	assert_null(entry_of(&addr));
	pass_s(IDLE_S * 2);
	assert_int_equal(fake_frames.count, 0);
}

static void the_timer_runs_while_somebody_is_watched(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct station_record record;

	(void)state;
	assert_false(timer_runs());
	station_in(1, 9, WLAN0);
	assert_true(timer_runs());
	record = record_of(addr, CN2);
	commit(&record, 0);
	pass_s(1);
	assert_false(timer_runs());
	station_in(1, 9, WLAN0);
	assert_true(timer_runs());
}

static void a_new_configuration_counts(void **state)
{
	(void)state;
	w->config.probe_idle = 0; /* nobody is probed */
	presence_configure(presence);
	station_in(1, 9, WLAN0);
	pass_s(IDLE_S * 2);
	assert_int_equal(fake_frames.count, 0);
	w->config.probe_idle = 5;
	presence_configure(presence);
	station_in(1, 8, WLAN0);
	pass_s(6);
	assert_int_equal(fake_frames.count, 1);
}

static void what_cannot_be_asked_is_not(void **state)
{
	struct tmip_addr stranger = ip(9, 9), known = station_in(1, 9, WLAN0);
	struct tmip_mac its = mac(9);

	(void)state;
	presence_probe(presence, &stranger);             /* no station */
	presence_probe_in(presence, &stranger, &its, WLAN0); /* in no subnet of the network */
	presence_probe_in(presence, &known, &its, 99);   /* no cell */
	assert_int_equal(fake_frames.count, 0);
	presence_probe(presence, &known);
	assert_int_equal(fake_frames.count, 1);
	presence_probe_in(presence, &known, &its, WLAN1); /* where the network does not have it */
	assert_int_equal(fake_frames.count, 2);
	assert_string_equal(fake_frames_last(FRAME_ASKED)->interface, "wlan1");
}

static void a_probe_that_does_not_leave_is_logged(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);

	(void)state;
	fake_frames.send_error = -ENETDOWN;
	presence_probe(presence, &addr);
	assert_int_equal(fake_log_count(LOG_LEVEL_DEBUG, "wlan0: ARP probe not sent"), 1);
	pass_s(IDLE_S + 10);
	assert_true(is_silent(&addr)); /* it did not answer */
}

/* The data path counts in seconds, and may be ahead of the clock that was read before. */
static void nobody_was_heard_in_the_future(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	assert_int_equal(presence_heard_ms(presence, &addr), 0);
	fake_datapath_hears(&addr, fake_now_ms - 5000);
	assert_int_equal(presence_heard_ms(presence, &addr), fake_now_ms - 5000);
	fake_datapath_hears(&addr, fake_now_ms + 700);
	assert_int_equal(presence_heard_ms(presence, &addr), fake_now_ms);
}

/* ---- a host with several MACs */

static struct tmip_addr host_in(unsigned ifindex)
{
	struct station_record record = record_of(ip(1, 9), CN1);

	record.others[record.other_count++] = mac(10);
	commit(&record, ifindex);
	return record.addr;
}

/* For as many seconds. Returns how often it was looked for. */
static unsigned searches_in(unsigned seconds)
{
	unsigned before = w->probed, each;
	struct tmip_addr addr = ip(1, 9);

	roam_search(w->roam, &addr);
	each = w->probed - before;
	assert_int_not_equal(each, 0);
	before = w->probed;
	pass_s(seconds);
	assert_int_equal((w->probed - before) % each, 0);
	return (w->probed - before) / each;
}

static void a_host_is_asked_soon(void **state)
{
	struct tmip_addr addr = host_in(WLAN0);

	(void)state;
	pass_s(2);
	assert_int_equal(fake_frames.count, 2);
	assert_true(is_silent(&addr));
	assert_int_not_equal(w->probed, 0);
}

/* It may be where its other MAC is heard only later. */
static void a_lost_host_is_looked_for_again_and_again(void **state)
{
	struct tmip_addr addr = host_in(WLAN0);
	unsigned soon;

	(void)state;
	for (int i = 0; i < 10 && !is_silent(&addr); i++)
		pass_s(1);
	assert_true(is_silent(&addr));
	soon = searches_in(5);
	assert_in_range(soon, 2, 3); /* after 1, 2 and 4 s, less what is over already */
	assert_in_range(soon + searches_in(300), 7, 8);
	assert_int_equal(searches_in(3600), 0);
	assert_false(timer_runs());
}

static void not_when_it_is_back(void **state)
{
	struct tmip_addr addr = host_in(WLAN0);
	struct tmip_mac its = mac(10);

	(void)state;
	pass_s(2);
	assert_true(is_silent(&addr));
	seen_in(WLAN0, &addr, &its);
	assert_false(is_silent(&addr));
	fake_datapath_hears(&addr, fake_now_ms + 60000); /* all the time */
	w->probed = 0;
	pass_s(30);
	assert_int_equal(w->probed, 0);
}

/* A station with one MAC cannot be anywhere else. */
static void a_station_with_one_mac_is_not_looked_for(void **state)
{
	struct tmip_addr addr = station_in(1, 9, WLAN0);

	(void)state;
	pass_s(IDLE_S + 600);
	assert_true(is_silent(&addr));
	assert_int_equal(w->probed, 0);
}

int main(void)
{
#define PRESENCE_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		PRESENCE_CASE(a_quiet_station_is_asked_in_the_name_of_its_gateway),
		PRESENCE_CASE(a_guest_is_asked_in_the_name_of_its_gateway_at_home),
		PRESENCE_CASE(a_station_of_a_lost_cell_cannot_be_asked),
		PRESENCE_CASE(a_station_that_is_heard_is_left_alone),
		PRESENCE_CASE(a_station_that_answers_no_probe_is_silent),
		PRESENCE_CASE(an_answer_begins_the_time_anew),
		PRESENCE_CASE(a_silent_station_that_is_back_is_watched_again),
		PRESENCE_CASE(a_new_record_is_no_sign_of_life),
		PRESENCE_CASE(stations_elsewhere_are_not_watched),
		PRESENCE_CASE(a_station_without_an_entry_is_not_watched),
		PRESENCE_CASE(the_timer_runs_while_somebody_is_watched),
		PRESENCE_CASE(a_new_configuration_counts),
		PRESENCE_CASE(what_cannot_be_asked_is_not),
		PRESENCE_CASE(a_probe_that_does_not_leave_is_logged),
		PRESENCE_CASE(nobody_was_heard_in_the_future),
		PRESENCE_CASE(a_host_is_asked_soon),
		PRESENCE_CASE(a_lost_host_is_looked_for_again_and_again),
		PRESENCE_CASE(not_when_it_is_back),
		PRESENCE_CASE(a_station_with_one_mac_is_not_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
