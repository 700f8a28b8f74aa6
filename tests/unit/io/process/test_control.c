/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket with a real server in a child process: answers, refusals, bounds, and the
 * sockets of running and dead servers.
 */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process/control.h"

static char path[64];
static pid_t child;

static json_t *handle(json_t *request, void *arg)
{
	const char *command = json_string_value(json_object_get(request, "command"));

	if (command && strcmp(command, "end") == 0) /* as `detach` does with the last cell */
		event_base_loopbreak(arg);
	if (command && strcmp(command, "large") == 0) {
		const char *digits = "0123456789012345678901234567890123456789";
		json_t *list = json_array();

		for (int i = 0; i < 50000; i++)
			json_array_append_new(list, json_string(digits));
		return json_pack("{s:b, s:o}", "ok", 1, "result", list);
	}
	return json_pack("{s:b, s:s}", "ok", 1, "result", command ? command : "none");
}

static void serve(int ready)
{
	struct event_base *base = event_base_new();
	struct control_server *server = NULL;

	alarm(30);
	signal(SIGPIPE, SIG_IGN); /* as in the programs */
	if (control_open(&server, base, path, handle, base))
		_exit(1);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
	control_close(server);
	event_base_free(base);
	_exit(0);
}

static int start(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/tmip-test-control.%d", (int)getpid());
	if (pipe(ends))
		return -1;
	fflush(NULL);
	child = fork();
	if (child == 0)
		serve(ends[1]);
	close(ends[1]);
	if (child < 0 || read(ends[0], &byte, 1) != 1)
		return -1;
	close(ends[0]);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
	unlink(path);
	return 0;
}

static int call(const char *command, json_t **reply)
{
	json_t *request = json_pack("{s:s}", "command", command);
	int error = control_call(path, request, reply, 5000);

	json_decref(request);
	return error;
}

static void a_request_is_answered(void **state)
{
	json_t *reply = NULL;
	struct stat file;

	(void)state;
	assert_int_equal(call("status", &reply), 0);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	assert_string_equal(json_string_value(json_object_get(reply, "result")), "status");
	json_decref(reply);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
}

static void a_large_answer_arrives_whole(void **state)
{
	json_t *reply = NULL;

	(void)state;
	assert_int_equal(call("large", &reply), 0);
	assert_int_equal(json_array_size(json_object_get(reply, "result")), 50000);
	json_decref(reply);
}

static void the_last_answer_leaves_before_the_end(void **state)
{
	json_t *reply = NULL;
	int status;

	(void)state;
	assert_int_equal(call("end", &reply), 0);
	json_decref(reply);
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(call("status", &reply), -ENOENT);
}

static int open_raw(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const wrong[] = {"\n", "[1]\n", "{\"command\"\n", "\xff\xfe\n"};
	char reply[256];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = open_raw();
		ssize_t n;

		assert_true(write(fd, wrong[i], strlen(wrong[i])) > 0);
		n = read(fd, reply, sizeof(reply) - 1);
		assert_true(n > 0);
		reply[n] = '\0';
		assert_non_null(strstr(reply, "\"ok\":false"));
		close(fd);
	}
}

static void a_client_that_asks_and_shuts_down_is_answered(void **state)
{
	static const char request[] = "{\"command\":\"large\"}\n";
	char buffer[65536];
	size_t total = 0;
	ssize_t n;
	int fd = open_raw();

	(void)state;
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		total += (size_t)n;
	assert_true(total > 50000 * 40);
	close(fd);
}

static void an_endless_request_is_cut_off(void **state)
{
	char junk[4096], byte;
	int fd = open_raw();

	(void)state;
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 100; i++)
		if (send(fd, junk, sizeof(junk), MSG_NOSIGNAL) < 0)
			break;
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
}

static void a_living_server_keeps_its_socket(void **state)
{
	struct event_base *base = event_base_new();
	struct control_server *server = NULL;
	json_t *reply = NULL;

	(void)state;
	assert_int_equal(control_open(&server, base, path, handle, base), -EADDRINUSE);
	assert_int_equal(call("status", &reply), 0);
	json_decref(reply);
	event_base_free(base);
}

static void the_socket_of_a_dead_server_is_replaced(void **state)
{
	struct event_base *base = event_base_new();
	struct control_server *server = NULL;
	json_t *reply = NULL;

	(void)state;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	child = 0;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(call("status", &reply), -ECONNREFUSED);
	assert_int_equal(control_open(&server, base, path, handle, base), 0);
	control_close(server);
	assert_int_equal(access(path, F_OK), -1);
	event_base_free(base);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_request_is_answered),
		WITH_SERVER(a_large_answer_arrives_whole),
		WITH_SERVER(the_last_answer_leaves_before_the_end),
		WITH_SERVER(what_is_no_object_is_refused),
		WITH_SERVER(a_client_that_asks_and_shuts_down_is_answered),
		WITH_SERVER(an_endless_request_is_cut_off),
		WITH_SERVER(a_living_server_keeps_its_socket),
		WITH_SERVER(the_socket_of_a_dead_server_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
