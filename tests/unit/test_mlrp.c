/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MLRP codec against messages that a second implementation made (tests/vectors/mlrp.py), then against all that can
 * be wrong with a message: cut short, of wrong lengths, without required fields, with fields twice or unknown ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mlrp.h"
#include "vectors/mlrp.h"

#define F(name) MLRP_HAS(MLRP_F_##name)
#define HELLO_FIELDS (F(VERSION_MIN) | F(VERSION_MAX) | F(ROLE) | F(NETWORK) | F(NAME))
#define ROOM (MLRP_HEADER_LEN + MLRP_LENGTH_MAX)

static const struct tmip_mac MAC = {{2, 0, 0x5e, 0x10, 0, 9}};
#define HW_ID {1, 2, 0, 0x5e, 0x10, 0, 9}

static struct tmip_addr ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return addr_from_ipv4(a << 24 | b << 16 | c << 8 | d);
}

static struct prefix net(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint8_t len)
{
	return (struct prefix){ip(a, b, c, d), len};
}

static struct station_record bound(void)
{
	return (struct station_record){
		.addr = ip(10, 10, 1, 9), .mac = MAC, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = 1, .current = 2,
		.version = {4, 0x1122334455}, .lease_end = 1750000000, .client_id_len = 7, .client_id = HW_ID,
	};
}

static struct cell_info pool_cell(int which)
{
	if (which == 0)
		return (struct cell_info){.subnet = net(10, 10, 1, 0, 24), .gateway = ip(10, 10, 1, 1), .pool_first = ip(10, 10, 1, 2),
					  .pool_last = ip(10, 10, 1, 254), .dns = {ip(10, 0, 5, 7), ip(9, 9, 9, 9)}, .dns_count = 2};
	if (which == 1)
		return (struct cell_info){.subnet = net(10, 20, 0, 0, 16), .gateway = ip(10, 20, 0, 1), .pool_first = ip(10, 20, 1, 0),
					  .pool_last = ip(10, 20, 1, 255)};
	return (struct cell_info){.subnet = net(10, 30, 0, 0, 30), .gateway = ip(10, 30, 0, 1)};
}

static struct mlrp_message hello(uint8_t type, uint8_t role, const char *network, const char *name, uint8_t max)
{
	struct mlrp_message m = {.type = type, .has = HELLO_FIELDS, .role = role, .version_min = 1, .version_max = max};

	strcpy(m.network, network);
	strcpy(m.name, name);
	return m;
}

static struct mlrp_message cn(uint8_t type, uint32_t transaction, uint32_t id, const char *name, uint16_t port)
{
	struct mlrp_message m = {.type = type, .transaction = transaction, .has = F(CN), .cn = {.id = id, .port = port}};

	strcpy(m.cn.name, name);
	m.cn.tunnel = ip(192, 168, 0, name[2] - (uint32_t)'0');
	return m;
}

static struct mlrp_message about(uint8_t type, uint32_t transaction, uint32_t has)
{
	return (struct mlrp_message){.type = type, .transaction = transaction, .has = has | F(ADDR) | F(MAC), .addr = ip(10, 10, 1, 9), .mac = MAC};
}

static struct mlrp_message with_version(uint8_t type, uint32_t transaction, uint32_t epoch, uint64_t seq)
{
	return (struct mlrp_message){.type = type, .transaction = transaction, .has = F(VERSION), .version = {epoch, seq}};
}

static struct mlrp_message with_station(uint8_t type, uint32_t transaction)
{
	return (struct mlrp_message){.type = type, .transaction = transaction, .has = F(STATION), .station = bound()};
}

/* Each vector and the message that it is. */
struct vector {
	const char *name;
	const unsigned char *bytes;
	size_t len;
	struct mlrp_message message;
};
static struct vector vectors[48];
static int vector_count;

static struct mlrp_message *add(const char *name, const unsigned char *bytes, size_t len, struct mlrp_message message)
{
	assert_true(vector_count < 48);
	vectors[vector_count] = (struct vector){name, bytes, len, message};
	return &vectors[vector_count++].message;
}
#define ADD(name, message) add(#name, vector_##name, sizeof(vector_##name), message)

static void add_handshake(void)
{
	struct mlrp_message *m;

	ADD(hello, hello(MLRP_HELLO, MLRP_ROLE_CN, "linux-magazin", "wlanpool1.linux-magazin", 1));
	m = ADD(hello_known, hello(MLRP_HELLO, MLRP_ROLE_CN, "linux-magazin", "cn2", 3));
	m->has |= F(CN);
	m->cn = cn(0, 0, 2, "cn2", 0).cn;
	m = ADD(welcome, hello(MLRP_WELCOME, MLRP_ROLE_MLR, "linux-magazin", "mlr", 1));
	m->has |= F(VERSION);
	m->version = (struct version){4, 99};
	m = ADD(error, ((struct mlrp_message){.type = MLRP_ERROR, .transaction = 0x80000007, .has = F(CODE) | F(TEXT), .code = MLRP_E_CONFLICT}));
	strcpy(m->text, "pool overlaps");
	m = ADD(error_stale, with_station(MLRP_ERROR, 8));
	m->has |= F(CODE);
	m->code = MLRP_E_STALE;
	m = ADD(error_damped, with_station(MLRP_ERROR, 0x80000008));
	m->has |= F(CODE) | F(WAIT);
	m->code = MLRP_E_DAMPED;
	m->wait = 9500;
	ADD(ping, (struct mlrp_message){.type = MLRP_PING});
	ADD(pong, ((struct mlrp_message){.type = MLRP_PONG, .transaction = 0xffffffff}));
}

static void add_requests(void)
{
	struct mlrp_message *m = ADD(register, cn(MLRP_REGISTER, 1, 0, "cn1", 6554));

	m->cn.cell_count = 3;
	for (int i = 0; i < 3; i++)
		m->cn.cells[i] = pool_cell(i);
	ADD(sync, with_version(MLRP_SYNC, 2, 0, 0));
	m = ADD(allocate, about(MLRP_ALLOCATE, 3, F(CLIENT_ID) | F(SUBNET)));
	m->subnet = net(10, 10, 1, 0, 24);
	m->client_id_len = 7;
	memcpy(m->client_id, (uint8_t[])HW_ID, 7);
	m = ADD(bind, about(MLRP_BIND, 4, F(CLIENT_ID) | F(LEASE)));
	m->lease = 3600;
	m->client_id_len = 7;
	memcpy(m->client_id, (uint8_t[])HW_ID, 7);
	ADD(claim, about(MLRP_CLAIM, 0x80000001, 0));
	m = ADD(handover, about(MLRP_HANDOVER, 0x80000002, F(VERSION)));
	m->version = (struct version){4, 0x1122334455};
	m = ADD(renew, about(MLRP_RENEW, 5, F(LEASE)));
	m->lease = 3600;
	ADD(release, about(MLRP_RELEASE, 6, 0));
	ADD(decline, about(MLRP_DECLINE, 7, 0));
	m = ADD(handover_late, about(MLRP_HANDOVER, 0x80000003, F(VERSION) | F(AGE)));
	m->version = (struct version){4, 0x1122334455};
	m->age = 60000;
	m = ADD(block_request, ((struct mlrp_message){.type = MLRP_BLOCK_REQUEST, .transaction = 8, .has = F(SUBNET) | F(COUNT_WANTED) | F(ADDRS)}));
	m->subnet = (struct prefix){ip(10, 10, 1, 0), 24};
	m->count = 16;
	m->addr_count = 2;
	m->addrs[0] = ip(10, 10, 1, 254);
	m->addrs[1] = ip(10, 10, 1, 253);
}

static void add_register(void)
{
	struct mlrp_message *m;

	ADD(registered, cn(MLRP_REGISTERED, 1, 1, "cn1", 6554));
	m = ADD(cn, cn(MLRP_CN, 0, 3, "cn3", 7000));
	m->cn.cell_count = 1;
	m->cn.cells[0] = pool_cell(1);
	m = ADD(cn_gone, cn(MLRP_CN, 0, 3, "cn3", 7000));
	m->cn.gone = true;
	m = ADD(sync_start, with_version(MLRP_SYNC_START, 2, 4, 7));
	m->has |= F(FULL);
	m->full = true;
	ADD(station, with_station(MLRP_STATION, 0x80000002));
	m = ADD(station_static, with_station(MLRP_STATION, 0));
	m->station = (struct station_record){.addr = ip(10, 10, 2, 50), .mac = {{2, 0, 0, 0, 0, 0x50}}, .kind = RECORD_STATIC,
					     .state = RECORD_BOUND, .parent = 2, .version = {1, 1}};
	ADD(sync_end, with_version(MLRP_SYNC_END, 2, 4, 0x1122334456));
	m = ADD(block, ((struct mlrp_message){.type = MLRP_BLOCK, .transaction = 8, .has = F(SUBNET) | F(ADDRS)}));
	m->subnet = (struct prefix){ip(10, 10, 1, 0), 24};
}

static void add_cns(void)
{
	struct mlrp_message *m = ADD(moved, with_station(MLRP_MOVED, 0x80000002));

	m->has |= F(TUNNELS);
	m->tunnel_count = 1;
	m->tunnels[0] = 1;
	ADD(moved_ok, ((struct mlrp_message){.type = MLRP_MOVED_OK, .transaction = 0x80000002, .has = F(TUNNEL), .tunnel = 1}));
	m = ADD(abort, with_version(MLRP_ABORT, 0, 4, 1));
	m->has |= F(ADDR);
	m->addr = ip(10, 10, 1, 9);
	ADD(tunnel_close, (struct mlrp_message){.type = MLRP_TUNNEL_CLOSE});
	ADD(departed, ((struct mlrp_message){.type = MLRP_DEPARTED, .has = F(ADDR), .addr = ip(10, 10, 1, 9)}));
	ADD(returned, ((struct mlrp_message){.type = MLRP_RETURNED, .has = F(ADDR), .addr = ip(10, 10, 1, 9)}));
	m = ADD(probe, ((struct mlrp_message){.type = MLRP_PROBE, .transaction = 9, .has = F(ADDR) | F(MAC), .addr = ip(10, 10, 1, 9)}));
	m->mac = MAC;
	ADD(departed_answer, ((struct mlrp_message){.type = MLRP_DEPARTED, .transaction = 9, .has = F(ADDR), .addr = ip(10, 10, 1, 9)}));
}

static int make_vectors(void **state)
{
	(void)state;
	add_handshake();
	add_requests();
	add_register();
	add_cns();
	return 0;
}

#define EACH(v) for (const struct vector *v = vectors; v < vectors + vector_count; v++)

/* ---- messages as they are */

static void test_encode(void **state)
{
	uint8_t out[ROOM];

	(void)state;
	EACH(v) {
		long len = mlrp_encode(&v->message, out, sizeof(out));

		if (len != (long)v->len)
			fail_msg("%s: %ld bytes, the other implementation makes %zu", v->name, len, v->len);
		for (size_t i = 0; i < v->len; i++)
			if (out[i] != v->bytes[i])
				fail_msg("%s: byte %zu is %02x, the other implementation makes it %02x", v->name, i, out[i], v->bytes[i]);
	}
}

/* Compared member by member through the encoder: structs have padding. What is not set must be zero. */
static void test_decode(void **state)
{
	static struct mlrp_message m;
	uint8_t out[ROOM];

	(void)state;
	EACH(v) {
		struct mlrp_fault fault = {0};

		memset(&m, 0xff, sizeof(m));
		if (mlrp_decode(v->bytes, v->len, &m, &fault))
			fail_msg("%s: %s (field %u, offset %zu)", v->name, fault.what, fault.field, fault.offset);
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

/* ---- cut short, and out of room */

/* A copy of exactly so many bytes on the heap, so that a sanitizer or valgrind sees a read beyond. */
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

/* The header says so many bytes, and so many are there: the fields must not fit. */
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
			/* A cut between two fields leaves a message; then an optional one is gone. */
			if (error == 0)
				assert_true((m.has & v->message.has) == m.has && m.has != v->message.has);
			else
				assert_true(error == -EPROTO && fault.what && fault.offset <= len && fault.offset >= MLRP_HEADER_LEN);
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
			assert_int_equal(mlrp_encode(&v->message, out, capacity), capacity < v->len ? -ENOSPC : (long)v->len);
			free(out);
		}
	}
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

/* ---- fields */

/* A message of the given type around these bytes. */
static int decode_fields(uint8_t type, const uint8_t *fields, size_t len, struct mlrp_message *m, struct mlrp_fault *fault)
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
#define DECODE(type, m, fault, ...) decode_fields(type, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), m, fault)

static void expect_fault(const struct mlrp_fault *fault, const char *what, uint16_t field, size_t offset)
{
	assert_string_equal(fault->what, what);
	assert_int_equal(fault->field, field);
	assert_int_equal(fault->offset, offset);
}

static void test_unknown_fields_are_skipped(void **state)
{
	static struct mlrp_message m;
	struct mlrp_fault fault;

	(void)state;
	/* 0, 200, 300 and 65535, some of them twice, around a CODE; one is empty. */
	assert_int_equal(DECODE(MLRP_ERROR, &m, &fault, 0, 0, 0, 1, 9, 0, 200, 0, 2, 1, 2, 0, 200, 0, 0, 0, 6, 0, 2, 0, 5, 1, 44, 0, 1, 7,
				0xff, 0xff, 0, 3, 1, 2, 3), 0);
	assert_int_equal(m.code, 5);
	assert_int_equal(m.has, F(CODE));
}

static void test_any_order(void **state)
{
	static struct mlrp_message m;

	(void)state;
	assert_int_equal(DECODE(MLRP_RENEW, &m, NULL, 0, 12, 0, 4, 0, 0, 0, 60, 0, 10, 0, 6, 2, 0, 0x5e, 0x10, 0, 9, 0, 9, 0, 16,
				0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 10, 1, 9), 0);
	assert_int_equal(m.lease, 60);
	assert_true(mac_equal(&m.mac, &MAC));
	assert_int_equal(addr_to_ipv4(&m.addr), 0x0a0a0109);
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
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 4, 0, 0), -EPROTO); /* NETWORK has at least one byte */
	expect_fault(&f, "length out of range", 4, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 14, 0, 1, 2), -EPROTO);
	expect_fault(&f, "value is neither 0 nor 1", 14, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 15, 0, 0), -EPROTO);
	expect_fault(&f, "length out of range", 15, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 15, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1), -EPROTO);
	expect_fault(&f, "length out of range", 15, 12);
	assert_int_equal(DECODE(MLRP_ERROR, &m, &f, 0, 13, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 33), -EPROTO);
	expect_fault(&f, "prefix longer than 32 bits", 13, 12);
}

/* Every wrong length of every field that has but one right length. */
static void test_fixed_lengths(void **state)
{
	static const struct { uint8_t field, len; } fixed[] = {
		{1, 1}, {2, 1}, {3, 1}, {6, 2}, {8, 12}, {9, 16}, {10, 6}, {12, 4}, {13, 17}, {14, 1}, {16, 1},
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
	static const struct { uint8_t field, min, max; } texts[] = {{4, 1, 63}, {5, 1, 63}, {7, 0, 191}, {11, 1, 64}};
	static struct mlrp_message m;
	uint8_t bytes[4 + 255];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int len = 0; len <= 255; len++) {
			bool fits = len >= texts[i].min && len <= texts[i].max;

			memset(bytes, 'x', sizeof(bytes));
			memcpy(bytes, (uint8_t[]){0, texts[i].field, 0, (uint8_t)len}, 4);
			assert_int_equal(decode_fields(MLRP_PING, bytes, 4u + (size_t)len, &m, NULL), fits ? 0 : -EPROTO);
			if (fits && texts[i].field == 7)
				assert_int_equal(strlen(m.text), len);
		}
}

/* ---- fields that hold fields */

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
	/* The last field inside reaches one byte beyond STATION, and beyond the message. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[sizeof(bytes) - 8]++;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 17, sizeof(bytes) - 11);
	/* PARENT becomes an unknown field: required and missing. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[56] = 0x7f;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	assert_string_equal(f.what, "required part of a field is missing");
	/* MAC twice: KIND is one byte, so make ADDR's number that of MAC and see its length refused instead. */
	memcpy(bytes, vector_station, sizeof(bytes));
	bytes[17] = 2;
	assert_int_equal(mlrp_decode(bytes, sizeof(bytes), &m, &f), -EPROTO);
	expect_fault(&f, "length does not fit the field", 17, 16);
}

/* A field inside that would be read beyond its STATION, but not beyond the message. */
static void test_nested_overrun_into_the_next_field(void **state)
{
	static struct mlrp_message m;
	struct mlrp_fault f;

	(void)state;
	assert_int_equal(DECODE(MLRP_STATION, &m, &f, 0, 17, 0, 6, 0, 2, 0, 6, 1, 2, 0, 9, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 17, 16);
	assert_int_equal(DECODE(MLRP_CN, &m, &f, 0, 18, 0, 19, 0, 1, 0, 4, 0, 0, 0, 1, 0, 6, 0, 7, 0, 1, 0, 17, 9, 9, 9), -EPROTO);
	expect_fault(&f, "field is longer than what holds it", 18, 28);
}

static void test_unknown_fields_inside(void **state)
{
	static struct mlrp_message m;

	(void)state;
	assert_int_equal(DECODE(MLRP_CN, &m, NULL, 0, 18, 0, 22, 0, 77, 0, 1, 9, 0, 1, 0, 4, 0, 0, 0, 5, 0, 2, 0, 1, 'x', 0, 0, 0, 0), 0);
	assert_int_equal(m.cn.id, 5);
	assert_string_equal(m.cn.name, "x");
	assert_int_equal(m.cn.port, 0);
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
	/* One more: an empty CELL at the end of CN. */
	memcpy(out + len, (uint8_t[]){0, 6, 0, 0}, 4);
	len += 4;
	out[6] = (uint8_t)((len - 12) >> 8), out[7] = (uint8_t)(len - 12);
	out[14] = (uint8_t)((len - 16) >> 8), out[15] = (uint8_t)(len - 16);
	assert_int_equal(mlrp_decode(out, (size_t)len, &back, &f), -EPROTO);
	assert_string_equal(f.what, "more cells than a CN can have");
	m.cn.cell_count = CN_CELLS_MAX + 1;
	assert_int_equal(mlrp_encode(&m, out, sizeof(out)), -EINVAL);
}

/* ---- what an encoder refuses */

static void test_encoder_refuses(void **state)
{
	static struct mlrp_message m;
	uint8_t out[ROOM];

	(void)state;
#define REFUSES(change) do { change; assert_int_equal(mlrp_encode(&m, out, sizeof(out)), -EINVAL); } while (0)
	REFUSES(m = with_station(99, 0));
	REFUSES(m = with_station(MLRP_STATION, 0); m.has = 0);
	REFUSES(m = with_station(MLRP_STATION, 0); m.has |= 1u << MLRP_F_COUNT);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.state = 0);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.kind = 4);
	REFUSES(m = with_station(MLRP_STATION, 0); m.station.client_id_len = CLIENT_ID_LEN + 1);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.name[0] = 0);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); memset(m.cn.name, 'x', NAME_LEN));
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.cell_count = 1; m.cn.cells[0].dns_count = CELL_DNS_MAX + 1);
	REFUSES(m = cn(MLRP_CN, 0, 1, "cn1", 1); m.cn.cell_count = 1; m.cn.cells[0].subnet.len = 33);
	REFUSES(m = about(MLRP_BIND, 1, F(LEASE) | F(CLIENT_ID)));
	REFUSES(m = about(MLRP_BIND, 1, F(LEASE) | F(TUNNELS)); m.tunnel_count = MLRP_TUNNELS_MAX + 1);
#undef REFUSES
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode), cmocka_unit_test(test_decode), cmocka_unit_test(test_every_type_has_a_vector),
		cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_every_truncation_with_true_length),
		cmocka_unit_test(test_every_capacity), cmocka_unit_test(test_headers), cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_unknown_fields_are_skipped), cmocka_unit_test(test_any_order), cmocka_unit_test(test_faults_of_fields),
		cmocka_unit_test(test_fixed_lengths), cmocka_unit_test(test_texts_of_every_length),
		cmocka_unit_test(test_faults_inside_station), cmocka_unit_test(test_nested_overrun_into_the_next_field),
		cmocka_unit_test(test_unknown_fields_inside), cmocka_unit_test(test_cells_are_counted), cmocka_unit_test(test_encoder_refuses),
	};

	return cmocka_run_group_tests(tests, make_vectors, NULL);
}
