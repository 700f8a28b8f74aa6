/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MLRP decoder and fields: in any order, unknown, twice, missing or of wrong lengths, and the
 * same for fields inside a field.
 */
#include "mlrp_vectors.h"
#include "vectors/mlrp.h"

/* A message of the given type around these bytes. */
static int decode_fields(uint8_t type, const uint8_t *fields, size_t len, struct mlrp_message *m,
			 struct mlrp_fault *fault)
{
	uint8_t *bytes = calloc(1, MLRP_HEADER_LEN + len);
	int error;

	assert_non_null(bytes);
	bytes[0] = 1;
	bytes[1] = type;
	bytes[6] = (uint8_t)(len >> 8);
	bytes[7] = (uint8_t)len;
	memcpy(bytes + MLRP_HEADER_LEN, fields, len);
	error = mlrp_decode(bytes, MLRP_HEADER_LEN + len, m, fault);
	free(bytes);
	return error;
}
#define DECODE(type, m, fault, ...) \
	decode_fields(type, (const uint8_t[]){__VA_ARGS__}, \
		      sizeof((const uint8_t[]){__VA_ARGS__}), m, fault)

static void expect_fault(const struct mlrp_fault *fault, const char *what, uint16_t field,
			 size_t offset)
{
	assert_string_equal(fault->what, what);
	assert_int_equal(fault->field, field);
	assert_int_equal(fault->offset, offset);
}

static void test_any_order(void **state)
{
	static struct mlrp_message m;
	int error = DECODE(MLRP_RENEW, &m, NULL,
			   0, 12, 0, 4, 0, 0, 0, 60,
			   0, 10, 0, 6, 2, 0, 0x5e, 0x10, 0, 9,
			   0, 9, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 10, 1, 9);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(m.lease, 60);
	assert_true(mac_equal(&m.mac, &MAC));
	assert_int_equal(addr_to_ipv4(&m.addr), 0x0a0a0109);
}

static void test_unknown_fields_are_skipped(void **state)
{
	static struct mlrp_message m;
	struct mlrp_fault fault;
	/* The fields 0, 200, 200 (empty), 300 and 65535 around a CODE. */
	int error = DECODE(MLRP_ERROR, &m, &fault,
			   0, 0, 0, 1, 9,
			   0, 200, 0, 2, 1, 2,
			   0, 200, 0, 0,
			   0, 6, 0, 2, 0, 5,
			   1, 44, 0, 1, 7,
			   0xff, 0xff, 0, 3, 1, 2, 3);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(m.code, 5);
	assert_int_equal(m.has, F(CODE));
}

static void test_faults_of_fields(void **state)
{
	static struct mlrp_message m;
	struct mlrp_fault f;

	(void)state;
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 6, 0, 2, 0, 5, 0, 6, 0, 2, 0, 5), -EPROTO);
	expect_fault(&f, "field occurs twice", 6, 18);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 7, 0, 1, 'a'), -EPROTO);
	expect_fault(&f, "required field is missing", 6, 17);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 6, 0, 1, 5), -EPROTO);
	expect_fault(&f, "length does not fit the field", 6, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 6, 0, 3, 0, 0, 5), -EPROTO);
	expect_fault(&f, "length does not fit the field", 6, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 6, 0, 2, 0, 5, 0, 7), -EPROTO);
	assert_string_equal(f.what, "field header is cut short");
	assert_int_equal(f.offset, 18);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 6, 0, 2, 0, 5, 0, 7, 0, 2, 'a'), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 7, 18);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 99, 0xff, 0xff), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 99, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 7, 0, 2, 'a', 0), -EPROTO);
	expect_fault(&f, "NUL inside a text", 7, 12);
	/* NETWORK has at least one byte. */
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 4, 0, 0), -EPROTO);
	expect_fault(&f, "length out of range", 4, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 14, 0, 1, 2), -EPROTO);
	expect_fault(&f, "value is neither 0 nor 1", 14, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 15, 0, 0), -EPROTO);
	expect_fault(&f, "length out of range", 15, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 15, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1),
			 -EPROTO);
	expect_fault(&f, "length out of range", 15, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 13, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				0xff, 0xff, 10, 0, 0, 0, 33), -EPROTO);
	expect_fault(&f, "prefix longer than 32 bits", 13, 12);
}

/* Every wrong length of every field that has only one right length. */
static void test_fixed_lengths(void **state)
{
	static const struct { uint8_t field, len; } fixed[] = {
		{1, 1}, {2, 1}, {3, 1}, {6, 2}, {8, 12}, {9, 16}, {10, 6}, {12, 4}, {13, 17},
		{14, 1}, {16, 1},
	};
	static struct mlrp_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		for (uint8_t len = 0; len < 20; len++) {
			uint8_t bytes[24] = {0, fixed[i].field, 0, len};
			int error = decode_fields(MLRP_PING, bytes, 4u + len, &m, NULL);

			assert_int_equal(error, len == fixed[i].len ? 0 : -EPROTO);
		}
}

static void test_texts_of_every_length(void **state)
{
	static const struct { uint8_t field, min, max; } texts[] = {
		{4, 1, 63}, {5, 1, 63}, {7, 0, 191}, {11, 1, 64},
	};
	static struct mlrp_message m;
	uint8_t bytes[4 + 255];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int len = 0; len <= 255; len++) {
			bool fits = len >= texts[i].min && len <= texts[i].max;
			int error;

			memset(bytes, 'x', sizeof(bytes));
			memcpy(bytes, (uint8_t[]){0, texts[i].field, 0, (uint8_t)len}, 4);
			error = decode_fields(MLRP_PING, bytes, 4u + (size_t)len, &m, NULL);
			assert_int_equal(error, fits ? 0 : -EPROTO);
			if (fits && texts[i].field == 7)
				assert_int_equal(strlen(m.text), len);
		}
}

/* ---- fields inside a field */

static void test_unknown_fields_inside(void **state)
{
	static struct mlrp_message m;
	int error = DECODE(MLRP_CN, &m, NULL, 0, 18, 0, 22,
			   0, 77, 0, 1, 9,
			   0, 1, 0, 4, 0, 0, 0, 5,
			   0, 2, 0, 1, 'x',
			   0, 0, 0, 0);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(m.cn.id, 5);
	assert_string_equal(m.cn.name, "x");
	assert_int_equal(m.cn.port, 0);
}

static void test_faults_inside_station(void **state)
{
	static struct mlrp_message m;
	uint8_t bytes[sizeof(vector_station)];
	struct mlrp_fault f;

	(void)state;
	/* STATION at 12: ADDR at 16, MAC at 36, KIND at 46, STATE at 51, PARENT at 56 ... */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[46 + 4] = 4;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	assert_string_equal(f.what, "kind or state of a station out of range");
	assert_int_equal(f.field, 17);
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[51 + 4] = 0;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	/* The last field inside ends one byte after STATION, and after the message. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[sizeof(bytes) - 8]++;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 17, sizeof(bytes) - 11);
	/* PARENT becomes an unknown field, so that a required one is missing. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[56] = 0x7f;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	assert_string_equal(f.what, "required part of a field is missing");
	/* ADDR becomes a second MAC. The decoder refuses it for its length. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[17] = 2;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	expect_fault(&f, "length does not fit the field", 17, 16);
}

/* The last field inside ends after the field around it, but not after the message. */
/* An agent finds a station by each of its MACs: a MAC that occurs twice would be found for ever. */
static void test_other_macs(void **state)
{
	static const struct tmip_mac group = {{3, 0, 0x5e, 0x10, 0, 10}}, none;
	struct mlrp_message given = with_station(MLRP_STATION, 0), m;
	struct station_record *record = &given.station;
	const struct tmip_mac second = {{2, 0, 0x5e, 0x10, 0, 10}};
	const struct tmip_mac bad[] = {MAC, second, group, none};
	uint8_t bytes[ROOM];
	struct mlrp_fault f;

	(void)state;
	record->other_count = 2;
	record->others[0] = second;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *last;
		int len;

		record->others[1] = (struct tmip_mac){{2, 0, 0x5e, 0x10, 0, 11}};
		len = mlrp_encode(&given, bytes, sizeof(bytes));
		assert_true(len > 0);
		last = bytes + len - sizeof(MAC);
		assert_memory_equal(last, &record->others[1], sizeof(MAC));
		memcpy(last, &bad[i], sizeof(MAC));
		assert_int_equal(mlrp_decode(bytes, (size_t)len, &m, &f), -EPROTO);
		assert_string_equal(f.what, "a MAC of a host occurs twice, or no host can have it");
		record->others[1] = bad[i];
		assert_int_equal(mlrp_encode(&given, bytes, sizeof(bytes)), -EINVAL);
	}
}

static void test_nested_overrun_into_the_next_field(void **state)
{
	static struct mlrp_message m;
	struct mlrp_fault f;

	(void)state;
	assert_int_equal(DECODE(MLRP_STATION, &m, &f, 0, 17, 0, 6, 0, 2, 0, 6, 1, 2, 0, 9, 0, 16, 0,
				0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 17, 16);
	assert_int_equal(DECODE(MLRP_CN, &m, &f, 0, 18, 0, 19, 0, 1, 0, 4, 0, 0, 0, 1, 0, 6, 0, 7,
				0, 1, 0, 17, 9, 9, 9), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 18, 28);
}

static void test_cells_are_counted(void **state)
{
	static struct mlrp_message m, back;
	uint8_t out[ROOM];
	struct mlrp_fault f;
	long len;

	(void)state;
	m = cn(MLRP_CN, 0, 1, "cn1", 1);
	m.cn.cell_count = CN_CELLS_MAX;
	for (int i = 0; i < CN_CELLS_MAX; i++) {
		m.cn.cells[i] = pool_cell(0);
		m.cn.cells[i].dns_count = CELL_DNS_MAX;
		m.cn.cells[i].gateway.v4[3] = (uint8_t)i;
	}
	len = mlrp_encode(&m, out, sizeof(out));
	assert_true(len > 0);
	assert_int_equal(mlrp_decode(out, (size_t)len, &back, NULL), 0);
	assert_int_equal(back.cn.cell_count, CN_CELLS_MAX);
	for (int i = 0; i < CN_CELLS_MAX; i++)
		assert_int_equal(back.cn.cells[i].gateway.v4[3], i);
	/* One cell more: an empty CELL at the end of CN. */
	memcpy(out + len, (uint8_t[]){0, 6, 0, 0}, 4);
	len += 4;
	out[6] = (uint8_t)((len - 12) >> 8), out[7] = (uint8_t)(len - 12);
	out[14] = (uint8_t)((len - 16) >> 8), out[15] = (uint8_t)(len - 16);
	assert_int_equal(mlrp_decode(out, (size_t)len, &back, &f), -EPROTO);
	assert_string_equal(f.what, "more cells than a CN can have");
	m.cn.cell_count = CN_CELLS_MAX + 1;
	assert_int_equal(mlrp_encode(&m, out, sizeof(out)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_unknown_fields_are_skipped),
		cmocka_unit_test(test_faults_of_fields),
		cmocka_unit_test(test_fixed_lengths),
		cmocka_unit_test(test_texts_of_every_length),
		cmocka_unit_test(test_unknown_fields_inside),
		cmocka_unit_test(test_faults_inside_station),
		cmocka_unit_test(test_other_macs),
		cmocka_unit_test(test_nested_overrun_into_the_next_field),
		cmocka_unit_test(test_cells_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
