/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a station still there whose address another one wants: checks here, and by other CNs. */
#include "agent/station/address_check.h"
#include "station_world.h"

#define CHECKS_MAX 128
#define OWN_MS 600     /* a station that answers nothing has so long, */
#define DOZE_MS 1500   /* or so long, if it is at an access point */
#define REMOTE_MS 2500 /* so has another CN */

static struct address_checks *checks;
static unsigned probes;         /* that have left */
static unsigned asked;          /* questions to the MAC that asks */
static struct tmip_addr answers; /* a station that is heard when it is probed; zero: none */
static struct mlrp_message sent;
static unsigned sent_count;
static uint32_t sent_to;
static bool connected;
static unsigned done_count;
static bool dozing;
static bool can_knock, forwarding; /* the data path of the other CN */
static unsigned knocks;
static int open_knocks;
#define KNOCK ((struct tunnel_probe *)&knocks)
#define KNOCKS_MS 400
static enum roam_holder done_answer;
static struct station_record done_record;

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	(void)arg;
	probes++;
	if (addr_equal(addr, &answers))
		fake_datapath_hears(addr, fake_now_ms);
}

static void on_probe_asker(const struct tmip_addr *addr, const struct address_check_asker *asker,
			   void *arg)
{
	(void)addr;
	(void)arg;
	assert_int_equal(asker->ifindex, WLAN1);
	asked++;
}

static void on_send(uint32_t cn, const struct mlrp_message *message, void *arg)
{
	(void)arg;
	sent = *message;
	sent_to = cn;
	sent_count++;
}

static bool is_connected(uint32_t cn, void *arg)
{
	(void)cn;
	(void)arg;
	return connected;
}

static struct tunnel_probe *on_knock(uint32_t cn, struct tunnel_probe *before, void *arg)
{
	(void)arg;
	assert_int_equal(cn, CN2);
	assert_true(!before || before == KNOCK);
	knocks++;
	open_knocks += !before && can_knock;
	return can_knock ? KNOCK : NULL;
}

static bool is_answered(struct tunnel_probe *probe, void *arg)
{
	(void)arg;
	assert_ptr_equal(probe, KNOCK);
	return forwarding;
}

static void end_knock(struct tunnel_probe *probe, void *arg)
{
	(void)arg;
	assert_ptr_equal(probe, KNOCK);
	open_knocks--;
}

static bool dozes(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	(void)arg;
	assert_false(mac_is_zero(mac));
	return dozing && ifindex == WLAN0;
}

static void on_done(enum roam_holder answer, const struct station_record *record, void *arg)
{
	assert_ptr_equal(arg, &done_count);
	done_answer = answer;
	done_record = *record;
	done_count++;
}

static int create(void **state)
{
	struct address_check_setup setup;

	world_setup(state);
	probes = sent_count = done_count = 0;
	answers = (struct tmip_addr){0};
	connected = true;
	dozing = forwarding = false;
	can_knock = true;
	knocks = asked = 0;
	open_knocks = 0;
	setup = (struct address_check_setup){
		.base = w->base, .dp = &fake_datapath, .roam = w->roam,
		.calls = {.probe = on_probe, .probe_asker = on_probe_asker, .send = on_send,
			  .is_connected = is_connected,
			  .knock = on_knock, .is_answered = is_answered,
			  .end_knock = end_knock, .dozes = dozes},
	};
	checks = address_checks_create(&setup);
	return checks ? 0 : -1;
}

static int destroy(void **state)
{
	address_checks_destroy(checks);
	return world_teardown(state);
}

static int begin(const struct station_record *record)
{
	return address_check_begin(checks, record, NULL, on_done, &done_count);
}

static struct station_record commit_in(unsigned host, unsigned ifindex)
{
	struct station_record record = record_of(ip(1, host), CN1);

	commit(&record, ifindex);
	fake_datapath_hears(&record.addr, fake_now_ms - 7000);
	return record;
}

static struct station_record commit_at(unsigned host, uint32_t cn)
{
	struct station_record record = record_of(ip(1, host), cn);

	commit(&record, 0);
	return record;
}

/* The check is over, by now. */
static void expect_done(enum roam_holder answer, const struct station_record *record)
{
	assert_int_equal(done_count, 1);
	assert_int_equal(done_answer, answer);
	assert_memory_equal(&done_record, record, sizeof(*record));
	assert_int_equal(time_armed(), 0);
}

/* ---- a MAC of the same identity asks */

static const struct address_check_asker ASKER = {.mac = {{2, 0, 0, 0, 0, 0x77}}, .ifindex = WLAN1};

static int begin_for_asker(const struct station_record *record)
{
	return address_check_begin(checks, record, &ASKER, on_done, &done_count);
}

static bool asker_heard(const struct tmip_addr *addr, unsigned ifindex)
{
	struct tmip_event event = {.type = TMIP_EVENT_CONFLICT, .addr = *addr, .mac = ASKER.mac,
				   .ifindex = ifindex};

	return address_check_heard(checks, &event);
}

static void a_host_answers_on_both_interfaces(void **state)
{
	struct station_record record = commit_in(9, WLAN0);
	struct tmip_addr other = ip(1, 10);

	(void)state;
	answers = record.addr;
	assert_false(asker_heard(&record.addr, WLAN1)); /* nobody has asked yet */
	assert_int_equal(begin_for_asker(&record), 0);
	assert_int_equal(asked, 1);
	assert_false(asker_heard(&record.addr, WLAN0));
	assert_false(asker_heard(&other, WLAN1));
	assert_true(asker_heard(&record.addr, WLAN1));
	time_passes(OWN_MS);
	expect_done(ROAM_HOLDER_SAME, &record);
}

static void its_answer_may_come_last(void **state)
{
	struct station_record record = commit_at(9, CN2);
	struct mlrp_message answer = {.type = MLRP_RETURNED, .addr = record.addr,
				      .has = MLRP_HAS(MLRP_F_ADDR)};

	(void)state;
	connected = true;
	assert_int_equal(begin_for_asker(&record), 0);
	answer.transaction = sent.transaction;
	assert_true(address_check_answered(checks, CN2, &answer));
	assert_int_equal(done_count, 0);
	time_passes(100);
	assert_int_equal(done_count, 0);
	assert_true(asker_heard(&record.addr, WLAN1));
	expect_done(ROAM_HOLDER_SAME, &record);
}

static void another_host_does_not_answer(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	answers = record.addr;
	assert_int_equal(begin_for_asker(&record), 0);
	time_passes(200);
	expect_done(ROAM_HOLDER_THERE, &record);
	assert_int_equal(asked, 5);
}

/* ---- the station is in a cell of this CN */

static void a_station_that_answers_keeps_its_address(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	answers = record.addr;
	assert_int_equal(begin(&record), 0);
	assert_int_equal(done_count, 0); /* never in the call */
	time_passes(OWN_MS);
	expect_done(ROAM_HOLDER_THERE, &record);
	assert_int_equal(probes, 1);
	assert_int_equal(sent_count, 0);
}

static void a_station_that_is_heard_late_keeps_its_address(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	assert_int_equal(begin(&record), 0);
	time_passes(OWN_MS - 10);
	assert_int_equal(done_count, 0);
	fake_datapath_hears(&record.addr, fake_now_ms);
	time_passes(10);
	expect_done(ROAM_HOLDER_THERE, &record);
}

static void a_station_that_answers_nothing_loses_its_address(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	assert_int_equal(begin(&record), 0);
	time_passes(OWN_MS - 1);
	assert_int_equal(probes, 6);
	assert_int_equal(done_count, 0);
	time_passes(1);
	expect_done(ROAM_HOLDER_MUTE, &record);
	assert_true(entry_of(&record.addr)->flags & TMIP_STATION_F_SILENT);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "it answers no probe"), 1);
}

/* An access point keeps the probes until the station wakes up. */
static void a_station_at_an_access_point_has_more_time(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	dozing = true;
	assert_int_equal(begin(&record), 0);
	time_passes(DOZE_MS - 10);
	assert_int_equal(probes, 6);
	fake_datapath_hears(&record.addr, fake_now_ms);
	time_passes(10);
	expect_done(ROAM_HOLDER_THERE, &record);
	done_count = 0;
	assert_int_equal(begin(&record), 0);
	time_passes(DOZE_MS - 1);
	assert_int_equal(done_count, 0);
	time_passes(1);
	expect_done(ROAM_HOLDER_MUTE, &record);
}

/* The data path notes the second in which it heard a station: that of the check counts, too. */
static void an_answer_in_the_second_of_the_last_frame_counts(void **state)
{
	struct station_record record = commit_in(9, WLAN0);
	uint64_t second_ms = fake_now_ms;

	(void)state;
	fake_datapath_hears(&record.addr, second_ms);
	assert_int_equal(begin(&record), 0);
	time_passes(30);
	assert_int_equal(done_count, 0); /* that frame came before the question */
	fake_datapath_hears(&record.addr, second_ms);
	time_passes(OWN_MS);
	expect_done(ROAM_HOLDER_THERE, &record);
}

/* Its packets are released: `heard` keeps the time of its return. */
static void a_station_that_has_just_come_back_is_there(void **state)
{
	struct roam_options options = {.stations_max = 1000, .cns_max = 10, .timeout_ms = 1000,
				       .hold = true};
	struct station_record record = commit_in(9, WLAN0);
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = WLAN0,
				   .addr = record.addr, .mac = record.mac,
				   .protocol = __builtin_bswap16(0x0800)};

	(void)state;
	roam_set_options(w->roam, &options);
	roam_silent(w->roam, &record.addr, "of old");
	roam_seen(w->roam, &event, fake_now_ms);
	assert_int_equal(begin(&record), 0);
	time_passes(0);
	expect_done(ROAM_HOLDER_THERE, &record);
}

static void a_silent_station_is_not_asked(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	roam_silent(w->roam, &record.addr, "of old");
	assert_int_equal(begin(&record), 0);
	time_passes(0);
	expect_done(ROAM_HOLDER_MUTE, &record);
	assert_int_equal(probes, 0);
}

static void an_address_of_another_mac_is_not_asked(void **state)
{
	struct station_record record = commit_in(9, WLAN0), unknown = record_of(ip(1, 77), CN1);

	(void)state;
	record.mac = mac(200);
	assert_int_equal(begin(&record), 0);
	time_passes(0);
	expect_done(ROAM_HOLDER_MUTE, &record);
	done_count = 0;
	assert_int_equal(begin(&unknown), 0);
	time_passes(0);
	expect_done(ROAM_HOLDER_MUTE, &unknown);
	assert_int_equal(probes, 0);
}

static void a_station_that_moves_on_meanwhile_keeps_its_address(void **state)
{
	struct station_record record = commit_in(9, WLAN0), moved;

	(void)state;
	assert_int_equal(begin(&record), 0);
	time_passes(100);
	assert_int_equal(done_count, 0);
	moved = record_of(record.addr, CN3);
	commit(&moved, 0);
	time_passes(OWN_MS);
	expect_done(ROAM_HOLDER_THERE, &record);
}

/* ---- the station is with another CN, which finds out */

static void another_cn_is_asked(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&record), 0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent_to, CN2);
	assert_int_equal(sent.type, MLRP_PROBE);
	assert_true(sent.transaction);
	assert_int_equal(sent.has, MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC));
	assert_true(addr_equal(&sent.addr, &record.addr));
	assert_true(mac_equal(&sent.mac, &record.mac));
	assert_int_equal(probes, 0);
}

static bool answer(uint32_t from, uint16_t type, uint32_t transaction)
{
	struct mlrp_message message = {.type = type, .transaction = transaction};

	return address_check_answered(checks, from, &message);
}

static void its_answer_decides(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&record), 0);
	assert_true(answer(CN2, MLRP_DEPARTED, sent.transaction));
	expect_done(ROAM_HOLDER_MUTE, &record);
	done_count = 0;
	assert_int_equal(begin(&record), 0);
	assert_true(answer(CN2, MLRP_RETURNED, sent.transaction));
	expect_done(ROAM_HOLDER_THERE, &record);
}

/* docs/mlrp.md, PROBE: two seconds at least. */
static void a_cn_that_does_not_answer_is_unreachable(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&record), 0);
	time_passes(2000);
	assert_int_equal(done_count, 0);
	assert_int_equal(knocks, 0);
	time_passes(REMOTE_MS - 2000);
	assert_int_equal(knocks, 1);
	time_passes(KNOCKS_MS);
	assert_int_equal(knocks, 2);
	expect_done(ROAM_HOLDER_UNREACHABLE, &record);
	assert_int_equal(open_knocks, 0);
	assert_true(answer(CN2, MLRP_DEPARTED, sent.transaction)); /* too late */
	assert_int_equal(done_count, 1);
}

static void a_cn_without_a_connection_is_not_waited_for(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	connected = false;
	assert_int_equal(begin(&record), 0);
	assert_int_equal(done_count, 0);
	time_passes(KNOCKS_MS);
	expect_done(ROAM_HOLDER_UNREACHABLE, &record);
}

/* Its agent may be starting again: its programs go on. */
static void of_a_cn_that_forwards_nobody_knows(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	connected = false;
	forwarding = true;
	assert_int_equal(begin(&record), 0);
	time_passes(KNOCKS_MS);
	expect_done(ROAM_HOLDER_UNKNOWN, &record);
	assert_int_equal(knocks, 1);
	assert_int_equal(open_knocks, 0);
}

static void a_cn_without_a_way_to_it_is_unreachable(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	connected = can_knock = false;
	assert_int_equal(begin(&record), 0);
	time_passes(0);
	expect_done(ROAM_HOLDER_UNREACHABLE, &record);
}

static void an_answer_counts_while_the_cn_is_looked_for(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&record), 0);
	time_passes(REMOTE_MS);
	assert_true(answer(CN2, MLRP_DEPARTED, sent.transaction));
	expect_done(ROAM_HOLDER_MUTE, &record);
	assert_int_equal(open_knocks, 0);
}

static void what_is_no_answer_changes_nothing(void **state)
{
	struct station_record record = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&record), 0);
	assert_true(answer(CN3, MLRP_DEPARTED, sent.transaction));     /* of another CN */
	assert_true(answer(CN2, MLRP_DEPARTED, sent.transaction + 1)); /* to another question */
	assert_false(answer(CN2, MLRP_DEPARTED, 0));                   /* the station has left */
	assert_false(answer(CN2, MLRP_MOVED_OK, sent.transaction));
	assert_int_equal(done_count, 0);
	assert_true(answer(CN2, MLRP_DEPARTED, sent.transaction));
	expect_done(ROAM_HOLDER_MUTE, &record);
}

static void each_question_has_its_own_transaction(void **state)
{
	struct station_record one = commit_at(8, CN2), two = commit_at(9, CN2);
	uint32_t first;

	(void)state;
	assert_int_equal(begin(&one), 0);
	first = sent.transaction;
	assert_int_equal(begin(&two), 0);
	assert_int_not_equal(sent.transaction, first);
	answer(CN2, MLRP_DEPARTED, first);
	assert_int_equal(done_count, 1);
	assert_memory_equal(&done_record, &one, sizeof(one));
	assert_int_equal(time_armed(), 1);
}

/* ---- bounds */

static void an_address_is_checked_once_at_a_time(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	assert_int_equal(begin(&record), 0);
	assert_int_equal(begin(&record), -EEXIST);
	time_passes(OWN_MS);
	assert_int_equal(done_count, 1);
	assert_int_equal(begin(&record), 0);
}

static void one_check_too_many_is_refused(void **state)
{
	struct station_record record;

	(void)state;
	for (unsigned i = 0; i < CHECKS_MAX; i++) {
		record = commit_in(10 + i, WLAN0);
		assert_int_equal(begin(&record), 0);
	}
	record = commit_in(10 + CHECKS_MAX, WLAN0);
	assert_int_equal(begin(&record), -EBUSY);
	time_passes(OWN_MS);
	assert_int_equal(done_count, CHECKS_MAX);
	assert_int_equal(begin(&record), 0);
}

static void begin_again(enum roam_holder answer, const struct station_record *record,
			void *arg)
{
	(void)answer;
	(void)arg;
	assert_int_equal(begin(record), 0);
}

static void the_next_check_may_begin_when_one_ends(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	assert_int_equal(address_check_begin(checks, &record, NULL, begin_again, NULL), 0);
	time_passes(OWN_MS);
	/* The second one: the station is known to be silent. */
	expect_done(ROAM_HOLDER_MUTE, &record);
}

/* ---- another CN asks */

static void probed_by(uint32_t from, const struct tmip_addr *addr)
{
	struct mlrp_message message = {.type = MLRP_PROBE, .transaction = 55, .addr = *addr};

	address_check_probed(checks, from, &message);
}

static void expect_answer(uint32_t to, uint16_t type, const struct tmip_addr *addr)
{
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent_to, to);
	assert_int_equal(sent.type, type);
	assert_int_equal(sent.transaction, 55);
	assert_int_equal(sent.has, MLRP_HAS(MLRP_F_ADDR));
	assert_true(addr_equal(&sent.addr, addr));
	assert_int_equal(time_armed(), 0);
}

static void another_cn_hears_that_the_station_is_there(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	answers = record.addr;
	probed_by(CN3, &record.addr);
	time_passes(OWN_MS);
	expect_answer(CN3, MLRP_RETURNED, &record.addr);
}

static void another_cn_hears_that_the_station_has_left(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	probed_by(CN3, &record.addr);
	time_passes(OWN_MS);
	expect_answer(CN3, MLRP_DEPARTED, &record.addr);
	assert_true(entry_of(&record.addr)->flags & TMIP_STATION_F_SILENT);
}

/* Its own question about the same address is another matter. */
static void two_may_ask_for_one_address(void **state)
{
	struct station_record record = commit_in(9, WLAN0);

	(void)state;
	answers = record.addr;
	probed_by(CN3, &record.addr);
	assert_int_equal(begin(&record), 0);
	time_passes(OWN_MS);
	expect_answer(CN3, MLRP_RETURNED, &record.addr);
	expect_done(ROAM_HOLDER_THERE, &record);
}

static void nobody_answers_for_a_station_that_is_not_known(void **state)
{
	struct tmip_addr stranger = ip(1, 99);

	(void)state;
	probed_by(CN3, &stranger);
	time_passes(REMOTE_MS);
	assert_int_equal(sent_count, 0);
}

/* ---- the end */

static void checks_end_with_the_agent(void **state)
{
	struct station_record own = commit_in(8, WLAN0), other = commit_at(9, CN2);

	(void)state;
	assert_int_equal(begin(&own), 0);
	assert_int_equal(begin(&other), 0);
	probed_by(CN3, &own.addr);
	address_checks_destroy(checks);
	checks = NULL;
	time_passes(REMOTE_MS);
	assert_int_equal(done_count, 0);
	assert_int_equal(open_knocks, 0);
	assert_int_equal(sent_count, 1); /* the question, and no answer */
}

int main(void)
{
#define CHECK_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		CHECK_CASE(a_host_answers_on_both_interfaces),
		CHECK_CASE(its_answer_may_come_last),
		CHECK_CASE(another_host_does_not_answer),
		CHECK_CASE(a_station_that_answers_keeps_its_address),
		CHECK_CASE(a_station_that_is_heard_late_keeps_its_address),
		CHECK_CASE(a_station_that_answers_nothing_loses_its_address),
		CHECK_CASE(a_station_at_an_access_point_has_more_time),
		CHECK_CASE(an_answer_in_the_second_of_the_last_frame_counts),
		CHECK_CASE(a_station_that_has_just_come_back_is_there),
		CHECK_CASE(a_silent_station_is_not_asked),
		CHECK_CASE(an_address_of_another_mac_is_not_asked),
		CHECK_CASE(a_station_that_moves_on_meanwhile_keeps_its_address),
		CHECK_CASE(another_cn_is_asked),
		CHECK_CASE(its_answer_decides),
		CHECK_CASE(a_cn_that_does_not_answer_is_unreachable),
		CHECK_CASE(a_cn_without_a_connection_is_not_waited_for),
		CHECK_CASE(of_a_cn_that_forwards_nobody_knows),
		CHECK_CASE(a_cn_without_a_way_to_it_is_unreachable),
		CHECK_CASE(an_answer_counts_while_the_cn_is_looked_for),
		CHECK_CASE(what_is_no_answer_changes_nothing),
		CHECK_CASE(each_question_has_its_own_transaction),
		CHECK_CASE(an_address_is_checked_once_at_a_time),
		CHECK_CASE(one_check_too_many_is_refused),
		CHECK_CASE(the_next_check_may_begin_when_one_ends),
		CHECK_CASE(another_cn_hears_that_the_station_is_there),
		CHECK_CASE(another_cn_hears_that_the_station_has_left),
		CHECK_CASE(two_may_ask_for_one_address),
		CHECK_CASE(nobody_answers_for_a_station_that_is_not_known),
		CHECK_CASE(checks_end_with_the_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
