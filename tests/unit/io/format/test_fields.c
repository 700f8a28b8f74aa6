/* SPDX-License-Identifier: BSD-2-Clause */
/* From a described struct to a JSON object and to a line of text, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/format/fields.h"

struct station {
	bool silent;
	unsigned packets;
	uint64_t bytes;
	double rate;
	const char *state;
	char name[16];
	json_t *path;
};

static const struct field STATION[] = {
	FIELD(CHARS, struct station, name, "name", 0, NULL),
	FIELD(TEXT, struct station, state, "state", 0, "where it is"),
	FIELD(BOOL, struct station, silent, "silent", 0, NULL),
	FIELD(UINT, struct station, packets, "packets", 2, "in all"),
	FIELD(UINT64, struct station, bytes, "bytes", 1, "of frames"),
	FIELD(DOUBLE, struct station, rate, "rate", 0, NULL),
	FIELD(VALUE, struct station, path, "path", 0, NULL),
	FIELD_END,
};

static struct station station_of(json_t *path)
{
	return (struct station){.silent = true, .packets = 4000000000u, .bytes = 5000000000ull,
				.rate = 0.5, .state = "away", .name = "laptop", .path = path};
}

static char *line_of(const json_t *object)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	fields_print("station", STATION, object, to);
	fclose(to);
	return text;
}

/* In the order of the table, each of its kind. */
static void each_member_is_in_the_object(void **state)
{
	struct station station = station_of(json_pack("[ss]", "cn1", "cn2"));
	json_t *object = fields_json(STATION, &station);
	char *text = json_dumps(object, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"name\":\"laptop\",\"state\":\"away\",\"silent\":true,"
				  "\"packets\":4000000000,\"bytes\":5000000000,\"rate\":0.5,"
				  "\"path\":[\"cn1\",\"cn2\"]}");
	free(text);
	json_decref(object);
}

static void the_reference_of_a_value_goes_into_the_object(void **state)
{
	json_t *path = json_array();
	struct station station = station_of(json_incref(path));
	json_t *object = fields_json(STATION, &station);

	(void)state;
	assert_ptr_equal(json_object_get(object, "path"), path);
	json_decref(object);
	assert_int_equal(path->refcount, 1);
	json_decref(path);
}

static void a_value_that_is_missing_is_left_out(void **state)
{
	struct station station = station_of(NULL);
	json_t *object = fields_json(STATION, &station);

	(void)state;
	assert_null(json_object_get(object, "path"));
	assert_int_equal(json_object_size(object), 6);
	json_decref(object);
}

static void a_line_has_the_numbers_with_a_place_in_their_order(void **state)
{
	struct station station = station_of(NULL);
	json_t *object = fields_json(STATION, &station);
	char *line = line_of(object);

	(void)state;
	assert_string_equal(line, "station   5000000000 bytes, 4000000000 packets\n");
	free(line);
	json_decref(object);
}

/* A program of another version has made the object. */
static void a_number_that_is_missing_is_zero(void **state)
{
	json_t *object = json_pack("{s:i}", "packets", 12);
	char *line = line_of(object);

	(void)state;
	assert_string_equal(line, "station   0 bytes, 12 packets\n");
	free(line);
	json_decref(object);
	line = line_of(NULL);
	assert_string_equal(line, "station   0 bytes, 0 packets\n");
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_is_in_the_object),
		cmocka_unit_test(the_reference_of_a_value_goes_into_the_object),
		cmocka_unit_test(a_value_that_is_missing_is_left_out),
		cmocka_unit_test(a_line_has_the_numbers_with_a_place_in_their_order),
		cmocka_unit_test(a_number_that_is_missing_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
