/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink without a kernel: the values of attributes, and news that wait on a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/kernel/netlink_talk.h"

enum { NUMBER = 1, NAME = 2, BYTES = 3, SHORT = 4, UNENDED = 5 };

/* A message with one attribute of each kind, and two that are too short for their reader. */
static struct nlmsghdr *message_in(char *buffer)
{
	struct nlmsghdr *header = netlink_request(buffer, 99, 0);

	mnl_attr_put_u32(header, NUMBER, 0x01020304);
	mnl_attr_put_strz(header, NAME, "veth");
	mnl_attr_put(header, BYTES, 6, "\1\2\3\4\5\6");
	mnl_attr_put_u16(header, SHORT, 7);
	mnl_attr_put(header, UNENDED, 4, "veth");
	return header;
}

static const struct nlattr *attribute(const struct nlmsghdr *header, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, 0)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	fail_msg("no attribute %u", type);
	return NULL;
}

static void a_request_asks_for_an_end(void **state)
{
	char buffer[NETLINK_BUFFER];
	const struct nlmsghdr *one = netlink_request(buffer, 99, 0);
	unsigned seq = one->nlmsg_seq;

	(void)state;
	assert_int_equal(one->nlmsg_type, 99);
	assert_int_equal(one->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	one = netlink_request(buffer, 99, NLM_F_DUMP);
	assert_int_equal(one->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_not_equal(one->nlmsg_seq, seq);
}

static void values_are_read_by_type(void **state)
{
	char buffer[NETLINK_BUFFER];
	const struct nlmsghdr *header = message_in(buffer);
	const char *text = NULL;
	uint32_t number = 0;
	uint8_t bytes[6];

	(void)state;
	assert_true(netlink_read_u32(attribute(header, NUMBER), NUMBER, &number));
	assert_int_equal(number, 0x01020304);
	assert_true(netlink_read_text(attribute(header, NAME), NAME, &text));
	assert_string_equal(text, "veth");
	assert_true(netlink_read_bytes(attribute(header, BYTES), BYTES, bytes, sizeof(bytes)));
	assert_memory_equal(bytes, "\1\2\3\4\5\6", sizeof(bytes));
}

static void other_types_and_lengths_change_nothing(void **state)
{
	char buffer[NETLINK_BUFFER];
	const struct nlmsghdr *header = message_in(buffer);
	const char *before = "before", *text = before;
	uint32_t number = 7;
	uint8_t bytes[6] = {0};

	(void)state;
	assert_false(netlink_read_u32(attribute(header, NUMBER), NAME, &number));
	assert_false(netlink_read_u32(attribute(header, SHORT), SHORT, &number));
	assert_int_equal(number, 7);
	assert_false(netlink_read_text(attribute(header, NAME), NUMBER, &text));
	assert_false(netlink_read_text(attribute(header, UNENDED), UNENDED, &text));
	assert_ptr_equal(text, before);
	assert_false(netlink_read_bytes(attribute(header, BYTES), NAME, bytes, sizeof(bytes)));
	assert_false(netlink_read_bytes(attribute(header, BYTES), BYTES, bytes, 5));
	assert_int_equal(bytes[0], 0);
}

static int on_news(const struct nlmsghdr *header, void *arg)
{
	unsigned *count = arg;

	assert_int_equal(header->nlmsg_type, 99);
	(*count)++;
	return MNL_CB_OK;
}

static void all_news_that_wait_are_read(void **state)
{
	char buffer[NETLINK_BUFFER];
	const struct nlmsghdr *header = message_in(buffer);
	unsigned count = 0;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(ends[0], header, header->nlmsg_len, 0), header->nlmsg_len);
	assert_true(netlink_read_news(ends[1], on_news, &count));
	assert_int_equal(count, 3);
	assert_true(netlink_read_news(ends[1], on_news, &count));
	assert_int_equal(count, 3);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_asks_for_an_end),
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(other_types_and_lengths_change_nothing),
		cmocka_unit_test(all_news_that_wait_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
