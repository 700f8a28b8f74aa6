/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the register over a fake link. See registered.h. */
#include "registered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_link.h"

static unsigned greeting; /* messages of the newest link that belong to handshake and SYNC */

static void describe_self(struct mlrp_self *self, void *arg)
{
	(void)arg;
	*self = (struct mlrp_self){.role = MLRP_ROLE_CN};
}

static void describe_cn(struct cn_info *cn, void *arg)
{
	(void)arg;
	*cn = (struct cn_info){0};
}

static bool never(const struct register_refusal *refusal, void *arg)
{
	(void)arg;
	fail_msg("the register refuses: %s", refusal->why);
	return false;
}

static void on_registered(const struct cn_info *cn, void *arg)
{
	(void)cn;
	(void)arg;
}

static void ignore(void *arg)
{
	(void)arg;
}

struct register_client *registered_create(struct event_base *base,
					  const struct agent_config *config)
{
	const struct register_setup setup = {
		.base = base, .config = config,
		.calls = {.describe_self = describe_self, .describe_cn = describe_cn,
			  .registered = on_registered, .synchronising = ignore,
			  .synchronised = ignore, .in_step = ignore, .lost = ignore,
			  .down = ignore, .refused = never, .anew = ignore,
			  .changed = ignore},
	};
	struct register_client *client;

	fake_links_reset();
	greeting = 0;
	assert_int_equal(register_create(&client, &setup), 0);
	return client;
}

void registered_fails(struct register_client *client)
{
	register_connect(client);
	fake_link_ends(fake_links_newest(), "refused");
	assert_true(register_is_down(client));
}

void registered_synchronises(struct register_client *client)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_MLR};
	struct mlrp_message registered = {.type = MLRP_REGISTERED};

	register_connect(client);
	fake_link_comes_up(fake_links_newest(), &welcome);
	fake_link_says(fake_links_newest(), &registered);
	greeting = fake_links_newest()->sent_count;
	assert_true(register_is_registered(client));
}

void registered_is_ready(struct register_client *client)
{
	struct mlrp_message end = {.type = MLRP_SYNC_END};

	if (!register_is_registered(client))
		registered_synchronises(client);
	fake_link_says(fake_links_newest(), &end);
	assert_true(register_is_ready(client));
}

void registered_is_lost(void)
{
	fake_link_ends(fake_links_newest(), "reset");
	greeting = 0;
}

unsigned registered_asked(void)
{
	return fake_links_newest()->sent_count - greeting;
}

const struct mlrp_message *registered_question(unsigned back)
{
	assert_true(back < registered_asked());
	return fake_link_sent(fake_links_newest(), back);
}
