/* SPDX-License-Identifier: BSD-2-Clause */
/* The frames of a survey of a cell, and what answers say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/cell/survey.h"

#define MESSAGE 42 /* where DHCP begins in a frame without IP options */

static const struct tmip_mac OTHER = {{2, 0, 0, 0, 0, 9}};
static struct survey survey;

static int begin(void **state)
{
	(void)state;
	survey = (struct survey){.mac = {{2, 0, 0, 0, 0, 1}}, .transaction = 0x12345678,
				 .gateway = addr_from_ipv4(0x0a010001)};
	return 0;
}

/* A copy of exactly this size, so that a sanitizer sees reads behind its end. */
static struct survey_answer decode(const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct survey_answer answer;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	answer = survey_decode(&survey, copy, len);
	free(copy);
	return answer;
}

static void make_arp(uint8_t frame[SURVEY_PROBE_LEN])
{
	survey_encode_probe(&survey, frame);
	memcpy(frame + 6, &OTHER, 6);
	memcpy(frame + 22, &OTHER, 6);
	frame[21] = 2;
	memcpy(frame + 28, survey.gateway.v4, 4);
}

static void make_offer(uint8_t frame[SURVEY_DISCOVER_LEN])
{
	static const uint8_t options[] = {53, 1, 2, 0, 54, 4, 192, 168, 7, 1, 255};

	survey_encode_discover(&survey, frame);
	memcpy(frame + 6, &OTHER, 6);
	frame[35] = 67;
	frame[37] = 68;
	frame[MESSAGE] = 2;
	memcpy(frame + MESSAGE + 240, options, sizeof(options));
}

static void a_probe_has_no_sender(void **state)
{
	static const uint8_t zero[4];
	uint8_t frame[SURVEY_PROBE_LEN];

	(void)state;
	survey_encode_probe(&survey, frame);
	assert_memory_equal(frame + 6, &survey.mac, 6);
	assert_memory_equal(frame + 28, zero, 4);
	assert_memory_equal(frame + 38, survey.gateway.v4, 4);
}

static void a_discover_is_a_whole_packet(void **state)
{
	uint8_t frame[SURVEY_DISCOVER_LEN];

	(void)state;
	survey_encode_discover(&survey, frame);
	assert_int_equal(checksum_compute(frame + 14, 20, 0), 0);
	assert_int_equal(frame[16] << 8 | frame[17], SURVEY_DISCOVER_LEN - 14);
	assert_int_equal(frame[38] << 8 | frame[39], SURVEY_DISCOVER_LEN - 34);
}

static void who_has_the_gateways_address(void **state)
{
	uint8_t frame[SURVEY_PROBE_LEN];
	struct survey_answer answer;

	(void)state;
	make_arp(frame);
	answer = decode(frame, sizeof(frame));
	assert_int_equal(answer.type, SURVEY_HOLDER);
	assert_memory_equal(&answer.mac, &OTHER, sizeof(OTHER));
	frame[31]++; /* another address */
	assert_int_equal(decode(frame, sizeof(frame)).type, SURVEY_NOTHING);
	make_arp(frame);
	memcpy(frame + 22, &survey.mac, 6); /* the gateway itself, as somebody quotes it */
	assert_int_equal(decode(frame, sizeof(frame)).type, SURVEY_NOTHING);
}

static void who_answers_as_a_dhcp_server(void **state)
{
	uint8_t frame[SURVEY_DISCOVER_LEN];
	struct survey_answer answer;

	(void)state;
	make_offer(frame);
	answer = decode(frame, sizeof(frame));
	assert_int_equal(answer.type, SURVEY_SERVER);
	assert_memory_equal(&answer.mac, &OTHER, sizeof(OTHER));
	assert_int_equal(addr_to_ipv4(&answer.server), 0xc0a80701);
	frame[MESSAGE + 245] = 200; /* the option is longer than the frame */
	answer = decode(frame, sizeof(frame));
	assert_int_equal(answer.type, SURVEY_SERVER);
	assert_true(addr_is_zero(&answer.server));
}

static void answers_to_others_say_nothing(void **state)
{
	static const size_t bytes[] = {23, 20, 37, MESSAGE, MESSAGE + 4, MESSAGE + 28,
				       MESSAGE + 236};
	uint8_t frame[SURVEY_DISCOVER_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		make_offer(frame);
		frame[bytes[i]] ^= 0x21;
		assert_int_equal(decode(frame, sizeof(frame)).type, SURVEY_NOTHING);
	}
	make_offer(frame);
	memcpy(frame + 6, &survey.mac, 6); /* a loop */
	assert_int_equal(decode(frame, sizeof(frame)).type, SURVEY_NOTHING);
}

static void frames_may_end_anywhere(void **state)
{
	uint8_t arp[SURVEY_PROBE_LEN], offer[SURVEY_DISCOVER_LEN];

	(void)state;
	make_arp(arp);
	make_offer(offer);
	for (size_t len = 0; len < sizeof(arp); len++)
		assert_int_equal(decode(arp, len).type, SURVEY_NOTHING);
	for (size_t len = 0; len < sizeof(offer); len++)
		assert_int_equal(decode(offer, len).type,
				 len < MESSAGE + 240 ? SURVEY_NOTHING : SURVEY_SERVER);
	for (unsigned ihl = 0; ihl < 16; ihl++) {
		offer[14] = (uint8_t)(0x40 | ihl);
		decode(offer, sizeof(offer));
	}
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_probe_has_no_sender),
		TEST(a_discover_is_a_whole_packet),
		TEST(who_has_the_gateways_address),
		TEST(who_answers_as_a_dhcp_server),
		TEST(answers_to_others_say_nothing),
		TEST(frames_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
