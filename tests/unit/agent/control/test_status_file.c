/* SPDX-License-Identifier: BSD-2-Clause */
/* The status file: when it is written, and what a reload changes. */
#include "../fake_file_writer.h"
#include "agent/control/status_file.h"
#include "control_world.h"

#define INTERVAL_MS 1000

static struct status_file *file;

static int set_up(void **state)
{
	control_setup(state);
	fake_file_reset();
	strcpy(w->config.status_file, "/var/log/status");
	file = status_file_create(w->base, &w->report);
	return file ? 0 : -1;
}

static int tear_down(void **state)
{
	status_file_destroy(file);
	status_file_destroy(NULL);
	assert_int_equal(fake_file.writers, 0);
	fake_file_reset();
	return control_teardown(state);
}

static void change_and_wait(void)
{
	status_file_changed(file);
	time_passes(INTERVAL_MS);
}

static void test_a_change_is_written_a_second_later(void **state)
{
	(void)state;
	assert_int_equal(fake_file.writers, 0);
	status_file_changed(file);
	time_passes(INTERVAL_MS - 1);
	status_file_changed(file); /* the first one decides */
	assert_int_equal(fake_file.number, 0);
	time_passes(1);
	assert_int_equal(fake_file.number, 1);
	assert_string_equal(fake_file.path, "/var/log/status");
	assert_int_equal(fake_file.mode, 0644);
	assert_false(fake_file.durable);
	time_passes(9000);
	assert_int_equal(fake_file.number, 1);
	time_passes(1000); /* nothing has changed, but the agent lives */
	assert_int_equal(fake_file.number, 2);
}

static void test_it_has_all_reports(void **state)
{
	(void)state;
	change_and_wait();
	fake_file_ends_all();
	assert_int_equal(strncmp(fake_file.text, "written   ", 10), 0);
	assert_non_null(strstr(fake_file.text, ", every 10 s while it lives\nnetwork   net\n"
					       "CN        cn5, number 5"));
	assert_non_null(strstr(fake_file.text, "\n\nNAME  ID  TUNNEL"));
	assert_non_null(strstr(fake_file.text, "\ncn8    8  192.168.0.8"));
	assert_non_null(strstr(fake_file.text, "\n\nADDRESS "));
	assert_non_null(strstr(fake_file.text, "10.10.5.9 "));
	assert_null(strstr(fake_file.text, "10.10.8.8 ")); /* this CN has nothing to do with it */
}

static void test_without_the_directive_there_is_none(void **state)
{
	(void)state;
	w->config.status_file[0] = '\0';
	status_file_changed(file);
	assert_int_equal(time_armed(), 0);
	status_file_end(file, true);
	assert_int_equal(fake_file.writers, 0);
}

static void test_it_is_written_while_stations_move(void **state)
{
	(void)state;
	see_station(8, 8);
	assert_int_equal(roam_pending(w->roam), 1);
	change_and_wait();
	fake_file_ends_all();
	assert_int_equal(fake_file.number, 1);
	assert_non_null(strstr(fake_file.text, "visiting (pending)"));
	change_and_wait();
	assert_int_equal(roam_pending(w->roam), 1);
	assert_int_equal(fake_file.number, 2);
}

static void test_at_the_end_it_is_written_at_once(void **state)
{
	(void)state;
	see_station(8, 8);
	status_file_end(file, true);
	status_file_destroy(file);
	file = NULL;
	assert_non_null(strstr(fake_file.text, ", which has ended\n"));
	assert_non_null(strstr(fake_file.text, "forwarding goes on"));
	assert_non_null(strstr(fake_file.text, "visiting (pending)"));
	assert_null(strstr(fake_file.text, "connected"));
}

static void test_the_end_of_forwarding_is_said(void **state)
{
	(void)state;
	status_file_end(file, false);
	status_file_destroy(file);
	file = NULL;
	assert_non_null(strstr(fake_file.text, "forwarding has ended"));
	assert_null(strstr(fake_file.text, "ADDRESS"));
}

static void test_the_end_forgets_a_change_that_waits(void **state)
{
	(void)state;
	status_file_changed(file);
	status_file_destroy(file);
	file = NULL;
	time_passes(INTERVAL_MS);
	assert_int_equal(fake_file.number, 0);
}

static void test_a_reload_may_name_another_file(void **state)
{
	(void)state;
	change_and_wait();
	fake_file_ends_all();
	strcpy(w->config.status_file, "/var/log/other");
	change_and_wait();
	assert_string_equal(fake_file.path, "/var/log/other");
	assert_int_equal(fake_file.writers, 1);
	w->config.status_file[0] = '\0';
	status_file_end(file, true);
	assert_int_equal(fake_file.writers, 0);
}

static void test_a_failed_write_is_logged_and_the_next_is_tried(void **state)
{
	(void)state;
	change_and_wait();
	fake_file_ends(-ENOSPC);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "file /var/log/status: No space"), 1);
	change_and_wait();
	fake_file_ends(0);
	assert_non_null(fake_file.text);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "status_file"), 1);
}

static void test_a_writer_that_cannot_be_had_is_tried_again(void **state)
{
	(void)state;
	fake_file.create_error = -EMFILE;
	change_and_wait();
	assert_int_equal(fake_file.writers, 0);
	fake_file.create_error = 0;
	change_and_wait();
	assert_int_equal(fake_file.number, 1);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_change_is_written_a_second_later),
		CASE(test_it_has_all_reports),
		CASE(test_without_the_directive_there_is_none),
		CASE(test_it_is_written_while_stations_move),
		CASE(test_at_the_end_it_is_written_at_once),
		CASE(test_the_end_of_forwarding_is_said),
		CASE(test_the_end_forgets_a_change_that_waits),
		CASE(test_a_reload_may_name_another_file),
		CASE(test_a_failed_write_is_logged_and_the_next_is_tried),
		CASE(test_a_writer_that_cannot_be_had_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
