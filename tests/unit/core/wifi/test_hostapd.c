/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of hostapd and the identities in them. The texts were recorded from hostapd 2.10,
 * and stand here with fewer lines; in others a station has put its own words into them. The last
 * tests are about the link to hostapd, whose part this program plays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wifi/hostapd_message.h"
#include "io/wifi/hostapd_link.h"

#define HEAD "02:00:00:00:01:00\nflags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE]\n" \
	"aid=1\ncapability=0x431\nwpa=2\n"
#define TAIL "rx_packets=6\ninactive_msec=116\nconnected_time=1\n"

static const struct tmip_mac MAC = {{2, 0, 0, 0, 1, 0}};

static struct hostapd_station decoded(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	struct hostapd_station out;

	assert_non_null(copy);
	memcpy(copy, text, len); /* without the NUL at the end */
	copy[len] = 'x';
	assert_true(hostapd_decode_station(copy, len, &out));
	free(copy);
	assert_true(mac_equal(&out.mac, &MAC));
	return out;
}

static void expect_identity(const char *text, const char *wanted)
{
	struct hostapd_station station = decoded(text);
	char got[IDENTITY_STRLEN];

	assert_string_equal(identity_format(&station.identity, got), wanted);
	assert_false(station.unusable);
}

static void events_are_told_from_answers(void **state)
{
	static const struct { const char *text; bool event; enum hostapd_news news; } cases[] = {
		{"<3>AP-STA-CONNECTED 02:00:00:00:01:00 keyid=alice", true, HOSTAPD_CONNECTED},
		{"<3>AP-STA-CONNECTED 02:00:00:00:01:00", true, HOSTAPD_CONNECTED},
		{"<3>AP-STA-DISCONNECTED 02:00:00:00:01:00", true, HOSTAPD_DISCONNECTED},
		{"<3>EAPOL-4WAY-HS-COMPLETED 02:00:00:00:01:00", true, HOSTAPD_OTHER},
		{"<3>AP-STA-CONNECTED 02:00:00:00:01", true, HOSTAPD_OTHER},
		{"<3>AP-STA-CONNECTED 02:00:00:00:01:0g", true, HOSTAPD_OTHER},
		{"<3>AP-STA-CONNECTED ", true, HOSTAPD_OTHER},
		{"<3", true, HOSTAPD_OTHER},
		{"<", true, HOSTAPD_OTHER},
		{"OK\n", false, HOSTAPD_OTHER},
		{"", false, HOSTAPD_OTHER},
		{"AP-STA-CONNECTED 02:00:00:00:01:00", false, HOSTAPD_OTHER},
	};
	struct hostapd_event event;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		assert_int_equal(hostapd_decode_event(text, strlen(text), &event), cases[i].event);
		assert_int_equal(event.news, cases[i].news);
		if (event.news)
			assert_true(mac_equal(&event.mac, &MAC));
	}
}

static void stations_have_identities(void **state)
{
	static const char *const unauthorized[] = {
		"02:00:00:00:01:00\nflags=[SHORT_PREAMBLE]\ntimeout_next=REMOVE\n",
		"02:00:00:00:01:00\nflags=[AUTH][ASSOC]\nname=[AUTHORIZED]\n",
		"02:00:00:00:01:00",
	};

	(void)state;
	assert_true(decoded(HEAD TAIL).authorized);
	for (size_t i = 0; i < sizeof(unauthorized) / sizeof(unauthorized[0]); i++)
		assert_false(decoded(unauthorized[i]).authorized);
	expect_identity(HEAD TAIL, "none");
	expect_identity(HEAD TAIL "keyid=alice\n", "key alice");
	expect_identity(HEAD TAIL "keyid=alice", "key alice");
	expect_identity(HEAD "dot1xAuthSessionTime=1\ndot1xAuthSessionUserName=alice@example\n"
			"last_eap_type_as=0 (unknown)\n" TAIL, "802.1X alice@example");
	expect_identity(HEAD "dot1xAuthSessionUserName=\n" TAIL "keyid=k\n", "key k");
	expect_identity(HEAD "dot1xAuthSessionUserName=a\x1b b\n" TAIL, "802.1X a??b");
}

static void a_station_may_not_choose_its_key(void **state)
{
	(void)state;
	/* The names of these are "bob\nkeyid=alice" and "bob\ndot1xAuthSessionUserName=alice". */
	expect_identity(HEAD "dot1xAuthSessionUserName=bob\nkeyid=alice\n" TAIL, "802.1X bob");
	expect_identity(HEAD "dot1xAuthSessionUserName=bob\ndot1xAuthSessionUserName=alice\n" TAIL,
			"802.1X bob");
	/* A name that many stations use identifies none; then the key does not count either. */
	expect_identity(HEAD "dot1xAuthSessionUserName=anonymous@example\nkeyid=alice\n" TAIL,
			"none");
	expect_identity(HEAD "dot1xAuthSessionUserName=@example\n" TAIL, "none");
}

static void who_is_not_there(void **state)
{
	static const char *const texts[] = {
		"FAIL\n", "", "\n", "UNKNOWN COMMAND\n", "02:00:00:00:01:0",
		"02:00:00:00:01:00 \nflags=", "x02:00:00:00:01:00\n",
	};
	struct hostapd_station out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(hostapd_decode_station(texts[i], strlen(texts[i]), &out));
}

static void long_names_do_not_count(void **state)
{
	char text[1024], name[IDENTITY_NAME_MAX + 2];
	struct hostapd_station station;
	struct identity identity;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), HEAD "dot1xAuthSessionUserName=%s\n" TAIL, name);
	station = decoded(text);
	assert_true(station.unusable && !station.identity.len);
	snprintf(text, sizeof(text), HEAD "dot1xAuthSessionUserName=%s\n" TAIL, name + 1);
	station = decoded(text);
	assert_false(station.unusable);
	assert_int_equal(station.identity.len, CLIENT_ID_LEN);
	assert_int_equal(identity_make(&identity, IDENTITY_KEY, "", 0), -EINVAL);
}

static void kinds_and_clients_differ(void **state)
{
	struct identity user, key;

	(void)state;
	assert_int_equal(identity_make(&user, IDENTITY_8021X, "alice", 5), 0);
	assert_int_equal(identity_make(&key, IDENTITY_KEY, "alice", 5), 0);
	assert_false(identity_equal(&user, key.id, key.len));
	assert_true(identity_equal(&user, user.id, user.len));
	assert_true(identity_is(user.id, user.len));
	assert_memory_equal(user.id, "\0tmipxalice", 11);
	assert_int_equal(user.len, 11);
	assert_false(identity_is((const uint8_t *)"\0tmi", 4));
	assert_false(identity_is((const uint8_t *)"\1\2\0\0\0\1\0", 7));
	memset(&key, 0, sizeof(key));
	assert_false(identity_equal(&key, key.id, 0)); /* no identity equals none */
}

/* ---- the link */

static struct {
	struct event_base *base;
	struct hostapd_link *link;
	char path[64], own[64];
	int fd;
	struct sockaddr_un peer;
	unsigned ups, downs, events, found, missing;
	struct hostapd_station last;
} w;

static void on_up(bool up, void *arg)
{
	(void)arg;
	w.ups += up;
	w.downs += !up;
}

static void on_event(const struct hostapd_event *event, void *arg)
{
	(void)arg;
	w.events += event->news == HOSTAPD_CONNECTED;
}

static void on_station(const struct tmip_mac *mac, const struct hostapd_station *found, void *arg)
{
	(void)arg;
	assert_true(mac_equal(mac, &MAC));
	w.found += found != NULL;
	w.missing += !found;
	if (found)
		w.last = *found;
}

static void serve(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", w.path);
	unlink(w.path);
	w.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(w.fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int setup(void **state)
{
	const struct hostapd_calls calls = {.up = on_up, .event = on_event, .station = on_station};

	(void)state;
	memset(&w, 0, sizeof(w));
	snprintf(w.path, sizeof(w.path), "/tmp/tmip-hostapd-%d", getpid());
	snprintf(w.own, sizeof(w.own), "/tmp/tmip-hostapd-%d.own", getpid());
	w.base = event_base_new();
	serve();
	w.link = hostapd_open(w.base, w.path, w.own, &calls);
	return w.link ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	hostapd_close(w.link);
	event_base_free(w.base);
	close(w.fd);
	unlink(w.path);
	return access(w.own, F_OK) == 0 ? -1 : 0; /* the link removes its socket */
}

/* Waits for the next question of the link. */
static void expect_question(const char *wanted)
{
	socklen_t len = sizeof(w.peer);
	char text[256];
	ssize_t n = -1;

	for (int i = 0; n < 0 && i < 400; i++) {
		event_base_loop(w.base, EVLOOP_NONBLOCK);
		n = recvfrom(w.fd, text, sizeof(text) - 1, MSG_DONTWAIT, (struct sockaddr *)&w.peer,
			     &len);
		if (n < 0)
			usleep(5000);
	}
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, wanted);
}

static void say(const char *text)
{
	assert_true(sendto(w.fd, text, strlen(text), 0, (struct sockaddr *)&w.peer,
			   sizeof(w.peer)) >= 0);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
}

static void come_up(void)
{
	expect_question("ATTACH");
	say("OK\n");
	assert_int_equal(w.ups, 1);
	expect_question("STA-FIRST");
	say("");
}

static void the_link_lists_and_asks(void **state)
{
	(void)state;
	assert_int_equal(hostapd_request(w.link, &MAC), -ENOTCONN);
	expect_question("ATTACH");
	say("OK\n");
	expect_question("STA-FIRST");
	say(HEAD TAIL);
	assert_int_equal(w.found, 1);
	expect_question("STA-NEXT 02:00:00:00:01:00");
	say("FAIL\n");
	assert_int_equal(hostapd_request(w.link, &MAC), 0);
	assert_int_equal(hostapd_drop(w.link, &MAC), 0);
	expect_question("STA 02:00:00:00:01:00");
	say("<3>AP-STA-CONNECTED 02:00:00:00:01:00"); /* an event before the answer */
	say(HEAD TAIL "keyid=alice\n");
	assert_int_equal(w.found, 2);
	assert_int_equal(w.events, 1);
	assert_int_equal(w.last.identity.len, 11);
	expect_question("DEAUTHENTICATE 02:00:00:00:01:00 tx=0");
	say("OK\n");
	assert_int_equal(hostapd_request(w.link, &MAC), 0);
	expect_question("STA 02:00:00:00:01:00");
	say("FAIL\n");
	assert_int_equal(w.missing, 1);
}

static void an_answer_about_another_is_none(void **state)
{
	(void)state;
	come_up();
	assert_int_equal(hostapd_request(w.link, &MAC), 0);
	expect_question("STA 02:00:00:00:01:00");
	say("02:00:00:00:01:01\nflags=[AUTHORIZED]\nkeyid=alice\n");
	assert_int_equal(w.missing, 1);
	assert_int_equal(w.found, 0);
	say(HEAD "keyid=alice\n"); /* an answer without a question */
	assert_int_equal(w.found, 0);
}

static void strangers_are_not_heard(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int stranger = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	come_up();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", w.own);
	assert_true(sendto(stranger, "<3>AP-STA-CONNECTED 02:00:00:00:01:00", 37, 0,
			   (struct sockaddr *)&address, sizeof(address)) < 0);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	assert_int_equal(w.events, 0);
	close(stranger);
}

static void questions_are_bounded(void **state)
{
	unsigned asked = 0;

	(void)state;
	come_up();
	while (hostapd_request(w.link, &MAC) == 0)
		asked++;
	assert_int_equal(asked, 256);
	assert_int_equal(hostapd_request(w.link, &MAC), -ENOBUFS);
	assert_true(hostapd_is_up(w.link));
}

static void it_comes_back(void **state)
{
	(void)state;
	come_up();
	close(w.fd);
	assert_int_equal(hostapd_request(w.link, &MAC), -ENOTCONN);
	assert_int_equal(w.downs, 1);
	assert_false(hostapd_is_up(w.link));
	serve();
	w.ups = 0;
	come_up();
	assert_true(hostapd_is_up(w.link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_told_from_answers),
		cmocka_unit_test(stations_have_identities),
		cmocka_unit_test(a_station_may_not_choose_its_key),
		cmocka_unit_test(who_is_not_there),
		cmocka_unit_test(long_names_do_not_count),
		cmocka_unit_test(kinds_and_clients_differ),
		cmocka_unit_test_setup_teardown(the_link_lists_and_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_about_another_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_are_not_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(questions_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(it_comes_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
