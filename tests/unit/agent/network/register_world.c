/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the register, and the register as the test speaks for it. See register_world.h. */
#include "register_world.h"

struct register_world register_world;

enum register_state state_now(void)
{
	struct register_view view;

	register_view(w->client, &view);
	return view.state;
}

/* ---- the calls: each in the list, with the state in which it came */

static void describe_self(struct mlrp_self *self, void *arg)
{
	assert_ptr_equal(arg, w);
	*self = (struct mlrp_self){.role = MLRP_ROLE_CN, .network = "net", .name = "cn7"};
}

static void describe_cn(struct cn_info *cn, void *arg)
{
	assert_ptr_equal(arg, w);
	*cn = (struct cn_info){.name = "cn7", .port = 6554, .cell_count = 2 - w->cells_left_out};
}

static void on_registered(const struct cn_info *cn, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("registered %u", cn->id);
}

static void note(const char *call, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("%s %s", call, register_state_name(state_now()));
}

#define NOTES(call) \
	static void on_##call(void *arg) \
	{ \
		note(#call, arg); \
	}
NOTES(synchronising)
NOTES(synchronised)
NOTES(in_step)
NOTES(lost)
NOTES(down)

static bool on_refused(const struct register_refusal *refusal, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("refused%s: %s", refusal->for_now ? " for now" : "", refusal->why);
	w->cells_left_out += refusal->subnet && w->can_leave_out;
	return refusal->subnet && w->can_leave_out;
}

static void on_anew(void *arg)
{
	assert_ptr_equal(arg, w);
	w->cells_left_out = 0;
}

static void on_changed(void *arg)
{
	if (w->client) /* not yet in register_create() */
		note("changed", arg);
}

static void on_station(const struct mlrp_message *message, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("STATION %u", message->transaction);
	w->got = *message;
}

static void on_error(const struct mlrp_message *message, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("ERROR %u", message->code);
}

static const struct register_subscription SUBSCRIPTIONS[] = {
	{MLRP_STATION, on_station},
	{MLRP_ERROR, on_error},
};

/* ---- the world */

void begin_connecting(void)
{
	register_connect(w->client);
	w->link = fake_links_newest();
}

void answer_hello(uint8_t role)
{
	struct mlrp_message hello = {.type = MLRP_WELCOME, .role = role};

	fake_link_comes_up(w->link, &hello);
}

void say_registered(void)
{
	struct mlrp_message message = {.type = MLRP_REGISTERED, .cn.id = 7};

	fake_link_says(w->link, &message);
}

void say_sync_end(uint32_t epoch, uint64_t seq)
{
	struct mlrp_message message = {.type = MLRP_SYNC_END, .version = {epoch, seq}};

	fake_link_says(w->link, &message);
}

void say_station(uint32_t epoch, uint64_t seq)
{
	struct mlrp_message message = {.type = MLRP_STATION, .station.version = {epoch, seq}};

	fake_link_says(w->link, &message);
}

void register_cn(void)
{
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
}

void reach_ready(void)
{
	register_cn();
	say_sync_end(4, 100);
	assert_true(register_is_ready(w->client));
}

/* The attempt that waits begins after exactly so many milliseconds. */
void assert_next_attempt_in(unsigned ms)
{
	unsigned before = fake_links.count;

	assert_int_equal(time_next_due(), fake_now_ms + ms);
	time_passes(ms - 1);
	assert_int_equal(fake_links.count, before);
	time_passes(1);
	assert_int_equal(fake_links.count, before + 1);
	w->link = fake_links_newest();
}

struct version version_now(void)
{
	struct register_view view;

	register_view(w->client, &view);
	return view.version;
}

void assert_version(struct version version, uint32_t epoch, uint64_t seq)
{
	assert_int_equal(version.epoch, epoch);
	assert_int_equal(version.seq, seq);
}

void assert_error(const char *expected)
{
	struct register_view view;

	register_view(w->client, &view);
	assert_string_equal(view.error, expected);
}

int register_setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_links_reset();
	agent_config_init(&w->config);
	strcpy(w->config.mlr_host, "mlr.example");
	strcpy(w->config.cn_name, "cn7");
	w->config.mlr_port = 6000;

	const struct register_setup setup = {
		.base = w->base, .dns = FAKE_DNS, .config = &w->config,
		.calls = {describe_self, describe_cn, on_registered, on_synchronising,
			  on_synchronised, on_in_step, on_lost, on_down, on_refused, on_anew,
			  on_changed, w},
		.subscriptions = SUBSCRIPTIONS,
		.subscription_count = sizeof(SUBSCRIPTIONS) / sizeof(SUBSCRIPTIONS[0]),
	};

	assert_int_equal(register_create(&w->client, &setup), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

int register_teardown(void **state)
{
	(void)state;
	register_destroy(w->client);
	assert_int_equal(fake_links_open(), 0);
	time_end();
	return 0;
}
