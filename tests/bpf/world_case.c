/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a case and checks all that the program has done: action, frame, reason, copy, event. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_frame(const char *what, const uint8_t *data, size_t len)
{
	fprintf(stderr, "%s (%zu bytes):", what, len);
	for (size_t i = 0; i < len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n  ", data[i]);
	fprintf(stderr, "\n");
}

static void check_frame(const struct packet *packet, const uint8_t *data, size_t len)
{
	if (len == packet->out_len && memcmp(data, packet->out, len) == 0)
		return;
	print_frame("wanted", packet->out, packet->out_len);
	print_frame("got", data, len);
	fail_msg("another frame came out");
}

static void check_copy(const struct bpf_case *c)
{
	uint8_t data[4096];
	size_t len = world_read_copy(data, sizeof(data), c->copy != NULL);

	if (c->copy)
		check_frame(c->copy, data, len);
	assert_int_equal(c->copy ? world_read_copy(data, sizeof(data), false) : len, 0);
}

static void check_reason(const struct bpf_case *c)
{
	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++) {
		struct tmip_stat stat = world_stat(reason);

		if (stat.packets && reason != c->reason)
			fail_msg("counted as reason %u instead of %u", reason, c->reason);
		if (reason == c->reason && (stat.packets != 1 || stat.bytes != c->packet->in_len))
			fail_msg("reason %u: %llu packets, %llu bytes", reason, stat.packets,
				 stat.bytes);
	}
}

static void check_event(const struct bpf_case *c)
{
	struct tmip_event event;
	struct tmip_addr addr = world_addr(c->event_addr), peer = world_addr(c->event_peer);
	unsigned count = world_events(&event);

	assert_int_equal(count, c->event ? 1 : 0);
	if (!count)
		return;
	assert_int_equal(event.type, c->event);
	assert_int_equal(event.ifindex, world_ifindex(c->interface));
	assert_memory_equal(&event.addr, &addr, sizeof(addr));
	assert_memory_equal(&event.peer, &peer, sizeof(peer));
	/* With a peer, event.mac is the MAC of a station that did not send this frame. */
	if (!c->event_peer)
		assert_memory_equal(event.mac.octet, c->packet->in + 6, 6);
	assert_memory_equal(&event.protocol, c->packet->in + 12, 2);
}

/* Without the slots, the programs must do the same with tmip_station alone. */
static void hide_slots(void)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_config);
	struct tmip_config config;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(map, &zero, &config), 0);
	config.slots = 0;
	world_set_config(&config);
}

static void run_once(const struct bpf_case *c, bool with_slots)
{
	struct outcome out;

	world_reset();
	if (c->prepare)
		c->prepare();
	if (!with_slots)
		hide_slots();
	world_gso_size = c->gso_size;
	world_send_packet(c->program, c->interface, c->packet, &out);
	world_gso_size = 0;
	check_reason(c);
	assert_int_equal(out.action, c->action);
	if (c->action != DROP)
		check_frame(c->packet, out.data, out.len);
	assert_int_equal(out.mark, c->mark);
	check_copy(c);
	check_event(c);
}

void world_run(const struct bpf_case *c)
{
	run_once(c, true);
	run_once(c, false);
}

static void run_case(void **state)
{
	world_run(*state);
}

int world_run_table(const char *group, const struct bpf_case *cases, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){cases[i].name, run_case, NULL, NULL,
					       (void *)(uintptr_t)&cases[i]};
	failed = _cmocka_run_group_tests(group, tests, count, world_begin, world_end);
	free(tests);
	return failed;
}
