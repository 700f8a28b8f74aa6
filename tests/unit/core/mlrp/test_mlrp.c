/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MLRP codec and whole messages: a comparison with a second implementation
 * (tests/vectors/mlrp.py), messages that are cut short or have wrong headers, buffers that are too
 * small, and messages that the encoder refuses. The fields inside are in test_mlrp_fields.c.
 */
#include "mlrp_vectors.h"

static void test_encode(void **state)
{
	uint8_t out[ROOM];

	(void)state;
	EACH(v) {
		long len = mlrp_encode(&v->message, out, sizeof(out));

		if (len != (long)v->len)
			fail_msg("%s: %ld bytes, the other implementation makes %zu", v->name, len,
				 v->len);
		for (size_t i = 0; i < v->len; i++)
			if (out[i] != v->bytes[i])
				fail_msg("%s: byte %zu is %02x, "
					 "the other implementation makes it %02x",
					 v->name, i, out[i], v->bytes[i]);
	}
}

/*
 * The encoder compares the members: a comparison of the structs would include the padding. Members
 * without a field must be zero.
 */
static void test_decode(void **state)
{
	static struct mlrp_message m;
	uint8_t out[ROOM];

	(void)state;
	EACH(v) {
		struct mlrp_fault fault = {0};

		memset(&m, 0xff, sizeof(m));
		if (mlrp_decode(v->bytes, v->len, &m, &fault))
			fail_msg("%s: %s (field %u, offset %zu)", v->name, fault.what, fault.field,
				 fault.offset);
		assert_int_equal(m.type, v->message.type);
		assert_int_equal(m.transaction, v->message.transaction);
		assert_int_equal(m.has, v->message.has);
		assert_int_equal(mlrp_encode(&m, out, sizeof(out)), v->len);
		assert_memory_equal(out, v->bytes, v->len);
		assert_string_equal(m.text, v->message.text);
		assert_string_equal(m.network, v->message.network);
		assert_string_equal(m.cn.name, v->message.cn.name);
		assert_int_equal(m.cn.cell_count, v->message.cn.cell_count);
		assert_int_equal(m.cn.gone, v->message.cn.gone);
		assert_int_equal(m.station.client_id_len, v->message.station.client_id_len);
		assert_int_equal(m.station.version.seq, v->message.station.version.seq);
		assert_int_equal(m.lease, v->message.lease);
	}
}

static void test_every_type_has_a_vector(void **state)
{
	uint32_t seen[8] = {0};

	(void)state;
	EACH(v)
		seen[v->message.type / 32] |= 1u << v->message.type % 32;
	for (int type = 0; type < 256; type++) {
		bool known = strcmp(mlrp_type_name((uint8_t)type), "?") != 0;

		assert_int_equal(known, seen[type / 32] >> type % 32 & 1);
	}
	assert_string_equal(mlrp_error_name(MLRP_E_STALE), "a newer record exists");
	assert_string_equal(mlrp_error_name(0), "unknown error");
	assert_string_equal(mlrp_error_name(MLRP_E_DAMPED + 1), "unknown error");
}

/* ---- headers */

static void test_headers(void **state)
{
	static struct mlrp_message m;
	uint8_t header[MLRP_HEADER_LEN] = {1, MLRP_PING, 0, 0, 0, 0, 0x40, 0};
	struct mlrp_fault fault;

	(void)state;
	assert_int_equal(mlrp_message_length(header, 12, &fault), 12 + MLRP_LENGTH_MAX);
	header[7] = 1;
	assert_int_equal(mlrp_message_length(header, 12, &fault), -EMSGSIZE);
	assert_int_equal(fault.offset, 4);
	memset(header + 4, 0xff, 4);
	assert_int_equal(mlrp_message_length(header, 12, &fault), -EMSGSIZE);
	header[3] = 1;
	assert_int_equal(mlrp_message_length(header, 4, &fault), -EPROTO);
	assert_int_equal(fault.offset, 2);
	header[0] = 2;
	assert_int_equal(mlrp_message_length(header, 1, &fault), -EPROTO);
	assert_int_equal(fault.offset, 0);
	assert_int_equal(fault.field, 0);
	header[0] = 0;
	assert_int_equal(mlrp_message_length(header, 1, NULL), -EPROTO);
	assert_int_equal(mlrp_decode(header, 12, &m, NULL), -EPROTO);
}

static void test_unknown_type(void **state)
{
	static struct mlrp_message m;
	const uint8_t bytes[] = {1, 200, 0, 0, 0, 0, 0, 3, 0, 0, 0, 9, 1, 2, 3};

	(void)state;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, NULL), -ENOMSG);
	assert_int_equal(m.type, 200);
	assert_int_equal(m.transaction, 9);
}

/* ---- cut short, and out of room */

/* A copy on the heap of exactly so many bytes, so that a sanitizer sees a read beyond its end. */
static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return copy;
}

static void test_every_truncation(void **state)
{
	static struct mlrp_message m;

	(void)state;
	EACH(v) {
		for (size_t len = 0; len < v->len; len++) {
			uint8_t *bytes = copy_of(v->bytes, len);
			struct mlrp_fault fault = {0};
			long whole = mlrp_message_length(bytes, len, &fault);

			assert_int_equal(whole, len < MLRP_HEADER_LEN ? 0 : (long)v->len);
			assert_int_equal(mlrp_decode(bytes, len, &m, &fault), -EPROTO);
			assert_non_null(fault.what);
			free(bytes);
		}
		assert_int_equal(mlrp_message_length(v->bytes, v->len, NULL), v->len);
	}
}

/* Each message is cut at each length, and its header names that length: the fields must not fit. */
static void test_every_truncation_with_true_length(void **state)
{
	static struct mlrp_message m;

	(void)state;
	EACH(v) {
		for (size_t len = MLRP_HEADER_LEN; len < v->len; len++) {
			uint8_t *bytes = copy_of(v->bytes, len);
			struct mlrp_fault fault = {0};
			int error;

			bytes[6] = (uint8_t)((len - MLRP_HEADER_LEN) >> 8);
			bytes[7] = (uint8_t)(len - MLRP_HEADER_LEN);
			error = mlrp_decode(bytes, len, &m, &fault);
			/* A cut between two fields leaves a message that lacks optional fields. */
			if (error == 0)
				assert_true((m.has & v->message.has) == m.has &&
					    m.has != v->message.has);
			else
				assert_true(error == -EPROTO && fault.what && fault.offset <= len &&
					    fault.offset >= MLRP_HEADER_LEN);
			free(bytes);
		}
	}
}

static void test_every_capacity(void **state)
{
	(void)state;
	EACH(v) {
		for (size_t capacity = 0; capacity <= v->len; capacity++) {
			uint8_t *out = malloc(capacity ? capacity : 1);

			assert_non_null(out);
			assert_int_equal(mlrp_encode(&v->message, out, capacity),
					 capacity < v->len ? -ENOSPC : (long)v->len);
			free(out);
		}
	}
}

/* ---- messages that the encoder refuses */

static void test_encoder_refuses(void **state)
{
	static struct mlrp_message m;
	uint8_t out[ROOM];

	(void)state;
#define REFUSES(change) do { \
		change; \
		assert_int_equal(mlrp_encode(&m, out, sizeof(out)), -EINVAL); \
	} while (0)
	REFUSES(m = with_station(99, 0));
	REFUSES(m = with_station(MLRP_STATION, 0); m.has = 0);
	REFUSES(m = with_station(MLRP_STATION, 0); m.has |= 1u << MLRP_F_COUNT);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.state = 0);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.kind = 4);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.client_id_len = CLIENT_ID_LEN + 1);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.name[0] = 0);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); memset(m.cn.name, 'x', NAME_LEN));
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.cell_count = 1;
		m.cn.cells[0].dns_count = CELL_DNS_MAX + 1);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.cell_count = 1;
		m.cn.cells[0].subnet.len = 33);
	REFUSES(m = about(MLRP_BIND, 1, F(LEASE) | F(CLIENT_ID)));
	REFUSES(m = about(MLRP_BIND, 1, F(LEASE) | F(TUNNELS));
		m.tunnel_count = MLRP_TUNNELS_MAX + 1);
#undef REFUSES
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_every_type_has_a_vector),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_truncation_with_true_length),
		cmocka_unit_test(test_every_capacity),
		cmocka_unit_test(test_encoder_refuses),
	};

	return cmocka_run_group_tests(tests, make_vectors, NULL);
}
