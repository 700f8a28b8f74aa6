/* SPDX-License-Identifier: BSD-2-Clause */
/* ABORT: which CNs get it, and that it carries the version of the record that counts again. */
#include "roam_world.h"

/* The ABORT from one CN to another that waits in the queue, or NULL. */
static const struct mlrp_message *abort_between(uint32_t from, uint32_t to)
{
	for (int i = 0; i < w->queued; i++)
		if (w->queue[i].from == from && w->queue[i].to == to &&
		    w->queue[i].message.type == MLRP_ABORT)
			return &w->queue[i].message;
	return NULL;
}

static void expect_abort(uint32_t from, uint32_t to, const struct tmip_addr *addr,
			 struct version version)
{
	const struct mlrp_message *message = abort_between(from, to);

	assert_non_null(message);
	assert_int_equal(message->transaction, 0);
	assert_int_equal(message->has, MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION));
	assert_true(addr_equal(&message->addr, addr));
	assert_int_equal(version_compare(message->version, version), 0);
}

static void a_refused_handover_is_aborted_at_its_participants(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	assert_true(w->record.version.epoch && w->record.version.seq);
	w->refuse = MLRP_E_REFUSED;
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	deliver_between(2, REGISTER);
	deliver_between(REGISTER, 2);
	expect_abort(2, 1, &addr, w->record.version);
	assert_null(abort_between(2, 3));
	deliver_all();
	expect_everywhere(1);
}

static void a_withdrawn_address_is_aborted_everywhere(void **state)
{
	struct station_record record = {.addr = ip(1, 200), .mac = STRANGER,
					.kind = RECORD_DYNAMIC, .state = RECORD_BOUND};

	(void)state;
	lose_register(true);
	assert_int_equal(roam_local(w->cn[1].roam, &record, 600, 10, w->now), 0);
	deliver_all();
	assert_non_null(entry(3, record.addr));
	roam_withdraw(w->cn[1].roam, &record.addr);
	expect_abort(1, 2, &record.addr, (struct version){0});
	expect_abort(1, 3, &record.addr, (struct version){0});
	assert_null(abort_between(1, 1));
	deliver_all();
	assert_null(entry(3, record.addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_refused_handover_is_aborted_at_its_participants),
		CASE(a_withdrawn_address_is_aborted_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
