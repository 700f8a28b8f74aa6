/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of the file for an outage: what is written is parsed again, damaged text is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "agent/network/outage_file.h"

#define SELF 7

static const struct tmip_mac MAC = {{2, 0, 0x5e, 0x10, 0, 9}};

static struct world {
	struct replica replica;
	struct block_entry entries[8];
	struct block block;
	char *text;
	struct outage_content content;
} world, *w = &world;

static struct tmip_addr ip(int host)
{
	return addr_from_ipv4(0x0a0a0100u + (uint32_t)host);
}

static struct cn_info describe(uint32_t id)
{
	struct cn_info info = {.id = id, .tunnel = addr_from_ipv4(0xc0a80000u + id), .port = 6554,
			       .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0] = (struct cell_info){
		.subnet = {addr_from_ipv4(0x0a0a0000u + (id << 8)), 24},
		.gateway = addr_from_ipv4(0x0a0a0001u + (id << 8)),
		.pool_first = addr_from_ipv4(0x0a0a000au + (id << 8)),
		.pool_last = addr_from_ipv4(0x0a0a0063u + (id << 8)),
		.dns = {addr_from_ipv4(0x0a000507)}, .dns_count = 1,
	};
	return info;
}

static void put_cn(uint32_t id)
{
	struct cn_info info = describe(id);

	assert_non_null(replica_put_cn(&w->replica, &info));
}

static struct block_entry *add_entry(int host, uint8_t state)
{
	struct block_entry *entry = &w->entries[w->block.count++];

	w->block.list = w->entries;
	*entry = (struct block_entry){.addr = ip(host), .state = state};
	return entry;
}

static struct block_entry *add_given(int host)
{
	struct block_entry *entry = add_entry(host, BLOCK_BOUND);

	entry->mac = MAC;
	entry->lease = 3600;
	entry->lease_end = 1750000000;
	entry->client_id_len = 3;
	memcpy(entry->client_id, "\x01\x00\xff", 3);
	return entry;
}

static bool parse(const char *text, size_t len, const char *cn_name)
{
	outage_content_free(&w->content);
	memset(&w->content, 0xff, sizeof(w->content)); /* the parser must fill all of it */
	return outage_file_parse(text, len, cn_name, &w->content);
}

static bool parse_as(const char *cn_name)
{
	return parse(w->text, strlen(w->text), cn_name);
}

static void format(void)
{
	free(w->text);
	w->text = outage_file_format("cn7", SELF, &w->replica, &w->block);
	assert_non_null(w->text);
}

/* Formats, and parses what came out. */
static void pass_through(void)
{
	format();
	assert_true(parse_as("cn7"));
}

static void assert_empty(void)
{
	assert_int_equal(w->content.cn_id, 0);
	assert_null(w->content.cns);
	assert_int_equal(w->content.cn_count, 0);
	assert_null(w->content.block.list);
	assert_int_equal(w->content.block.count, 0);
}

/* With `to` in place of `from` the text is not used. */
static void assert_refused_with(const char *from, const char *to)
{
	char *at = strstr(w->text, from), changed[4096];

	assert_non_null(at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - w->text), w->text, to,
		 at + strlen(from));
	if (parse(changed, strlen(changed), "cn7"))
		fail_msg("used with `%s' in place of `%s'", to, from);
	assert_empty();
}

static void assert_refused(const char *text)
{
	assert_false(parse(text, strlen(text), "cn7"));
	assert_empty();
}

static int set_up(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	replica_init(&w->replica, 10, 10);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outage_content_free(&w->content);
	replica_free(&w->replica);
	free(w->text);
	return 0;
}

/* ---- what is written is read again */

static void test_number_and_other_cns_come_back(void **state)
{
	struct cn_info expected = describe(3);

	(void)state;
	put_cn(3);
	put_cn(SELF);
	put_cn(9);
	pass_through();
	assert_int_equal(w->content.cn_id, SELF);
	assert_int_equal(w->content.cn_count, 2); /* this CN is not among them */
	assert_memory_equal(&w->content.cns[0], &expected, sizeof(expected));
	assert_int_equal(w->content.cns[1].id, 9);
	assert_int_equal(w->content.block.count, 0);
}

static void test_a_lease_comes_back_whole(void **state)
{
	struct block_entry *given = add_given(9);

	(void)state;
	pass_through();
	assert_int_equal(w->content.block.count, 1);
	assert_memory_equal(&w->content.block.list[0], given, sizeof(*given));
}

static void test_the_longest_client_identifier_comes_back(void **state)
{
	struct block_entry *given = add_given(9);

	(void)state;
	given->client_id_len = CLIENT_ID_LEN;
	memset(given->client_id, 0xa5, CLIENT_ID_LEN);
	pass_through();
	assert_memory_equal(&w->content.block.list[0], given, sizeof(*given));
}

static void test_a_client_without_identifier_comes_back(void **state)
{
	struct block_entry *given = add_given(9);

	(void)state;
	given->client_id_len = 0;
	memset(given->client_id, 0, sizeof(given->client_id));
	pass_through();
	assert_memory_equal(&w->content.block.list[0], given, sizeof(*given));
}

static void test_an_offer_does_not_outlive_the_agent(void **state)
{
	struct block_entry *offered = add_entry(9, BLOCK_OFFERED);

	(void)state;
	offered->mac = MAC;
	offered->until_ms = 12345;
	add_entry(10, BLOCK_FREE);
	add_entry(11, BLOCK_DECLINED);
	pass_through();
	assert_int_equal(w->content.block.list[0].state, BLOCK_FREE);
	assert_true(mac_is_zero(&w->content.block.list[0].mac));
	assert_int_equal(w->content.block.list[0].until_ms, 0);
	assert_int_equal(w->content.block.list[1].state, BLOCK_FREE);
	assert_int_equal(w->content.block.list[2].state, BLOCK_DECLINED);
}

static void test_the_order_of_the_block_stays(void **state)
{
	(void)state;
	for (int host = 30; host > 22; host--)
		add_entry(host, BLOCK_FREE);
	pass_through();
	for (int i = 0; i < 8; i++) {
		struct tmip_addr expected = ip(30 - i);

		assert_memory_equal(&w->content.block.list[i].addr, &expected, sizeof(expected));
	}
}

/* ---- what is not used */

static void test_the_file_of_another_cn_is_refused(void **state)
{
	(void)state;
	format();
	assert_false(parse_as("cn8"));
	assert_empty();
	assert_true(parse_as("cn7"));
}

static void test_text_that_is_no_json_is_refused(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("[]");
	assert_refused("{\"cn_name\": 7}");
	assert_refused("{\"cn_name\": \"cn7\"}");
}

static void test_every_cut_text_is_refused(void **state)
{
	(void)state;
	put_cn(3);
	add_given(9);
	format();
	for (size_t len = 0; len < strlen(w->text); len++) {
		assert_false(parse(w->text, len, "cn7"));
		assert_false(outage_file_has_leases(w->text, len));
		assert_empty();
	}
}

static void test_damaged_members_are_refused(void **state)
{
	(void)state;
	put_cn(3);
	add_given(9);
	format();
	assert_refused_with("\"cn_id\": 7", "\"cn_id\": 0");
	assert_refused_with("\"cn_id\": 7", "\"number\": 7");
	assert_refused_with("10.10.1.9", "10.10.1.999");
	assert_refused_with("\"state\"", "\"status\"");
	assert_refused_with("\"given\"", "\"giving\""); /* it must not count as free */
	assert_refused_with("02:00:5e:10:00:09", "02:00:5e:10:00");
	assert_refused_with("\"mac\"", "\"Mac\"");
	assert_refused_with("0100ff", "0100fg");
	assert_refused_with("0100ff", "0100f");
	assert_refused_with("\"client_id\"", "\"client\"");
	assert_refused_with("192.168.0.3", "192.168.0");
	assert_refused_with("\"id\": 3", "\"id\": -3");
}

static void test_a_client_identifier_that_is_too_long_is_refused(void **state)
{
	char longer[2 * CLIENT_ID_LEN + 3];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	add_given(9);
	format();
	assert_refused_with("0100ff", longer);
}

/* ---- does it still matter? */

static void test_has_leases_only_while_one_is_given(void **state)
{
	(void)state;
	add_entry(9, BLOCK_FREE);
	add_entry(10, BLOCK_DECLINED);
	add_entry(11, BLOCK_OFFERED);
	format();
	assert_false(outage_file_has_leases(w->text, strlen(w->text)));
	add_given(12);
	format();
	assert_true(outage_file_has_leases(w->text, strlen(w->text)));
	assert_false(outage_file_has_leases("{}", 2));
	assert_false(outage_file_has_leases("nothing", 7));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_number_and_other_cns_come_back),
		CASE(test_a_lease_comes_back_whole),
		CASE(test_the_longest_client_identifier_comes_back),
		CASE(test_a_client_without_identifier_comes_back),
		CASE(test_an_offer_does_not_outlive_the_agent),
		CASE(test_the_order_of_the_block_stays),
		CASE(test_the_file_of_another_cn_is_refused),
		CASE(test_text_that_is_no_json_is_refused),
		CASE(test_every_cut_text_is_refused),
		CASE(test_damaged_members_are_refused),
		CASE(test_a_client_identifier_that_is_too_long_is_refused),
		CASE(test_has_leases_only_while_one_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
