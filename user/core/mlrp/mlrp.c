/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MLRP codec. One table has the layout of each field and its place in struct mlrp_message;
 * another has the fields that each type requires. Encoder and decoder walk them. The values of
 * STATION and CN are fields themselves (mlrp_nested.c).
 */
#include "mlrp.h"

#include <errno.h>
#include <string.h>

#include "core/base/bytes.h"
#include "mlrp_wire.h"

#define OFFSET(member) offsetof(struct mlrp_message, member)

/* Fields of the message itself, by number. */
static const struct wire_field FIELDS[MLRP_F_COUNT] = {
	[MLRP_F_VERSION_MIN] = {WIRE_U8, OFFSET(version_min)},
	[MLRP_F_VERSION_MAX] = {WIRE_U8, OFFSET(version_max)},
	[MLRP_F_ROLE] = {WIRE_U8, OFFSET(role)},
	[MLRP_F_NETWORK] = {WIRE_TEXT, OFFSET(network), .max = NAME_LEN - 1, .min = 1},
	[MLRP_F_NAME] = {WIRE_TEXT, OFFSET(name), .max = NAME_LEN - 1, .min = 1},
	[MLRP_F_CODE] = {WIRE_U16, OFFSET(code)},
	[MLRP_F_TEXT] = {WIRE_TEXT, OFFSET(text), .max = MLRP_TEXT_LEN - 1},
	[MLRP_F_VERSION] = {WIRE_VERSION, OFFSET(version)},
	[MLRP_F_ADDR] = {WIRE_ADDR, OFFSET(addr)},
	[MLRP_F_MAC] = {WIRE_MAC, OFFSET(mac)},
	[MLRP_F_CLIENT_ID] = {WIRE_BYTES, OFFSET(client_id), OFFSET(client_id_len),
			      .min = 1, .max = CLIENT_ID_LEN},
	[MLRP_F_LEASE] = {WIRE_U32, OFFSET(lease)},
	[MLRP_F_SUBNET] = {WIRE_PREFIX, OFFSET(subnet)},
	[MLRP_F_FULL] = {WIRE_BOOL, OFFSET(full)},
	[MLRP_F_TUNNELS] = {WIRE_BYTES, OFFSET(tunnels), OFFSET(tunnel_count), .min = 1,
			    .max = MLRP_TUNNELS_MAX},
	[MLRP_F_TUNNEL] = {WIRE_U8, OFFSET(tunnel)},
	[MLRP_F_STATION] = {WIRE_STATION, OFFSET(station)},
	[MLRP_F_CN] = {WIRE_CN, OFFSET(cn)},
	[MLRP_F_WAIT] = {WIRE_U32, OFFSET(wait)},
	[MLRP_F_COUNT_WANTED] = {WIRE_U16, OFFSET(count)},
	[MLRP_F_ADDRS] = {WIRE_ADDRS, OFFSET(addrs), OFFSET(addr_count), .max = MLRP_ADDRS_MAX},
	[MLRP_F_AGE] = {WIRE_U32, OFFSET(age)},
	[MLRP_F_CLOCK] = {WIRE_U64, OFFSET(clock)},
	[MLRP_F_HOLDER] = {WIRE_U8, OFFSET(holder)},
	[MLRP_F_INSTANCE] = {WIRE_U64, OFFSET(instance)},
	[MLRP_F_BESIDE] = {WIRE_BOOL, OFFSET(beside)},
};

#define F(name) MLRP_HAS(MLRP_F_##name)

static const struct {
	uint8_t type;
	const char *name;
	uint32_t required;
} TYPES[] = {
	{MLRP_HELLO, "HELLO", F(VERSION_MIN) | F(VERSION_MAX) | F(ROLE) | F(NETWORK) | F(NAME)},
	{MLRP_WELCOME, "WELCOME", F(VERSION_MIN) | F(VERSION_MAX) | F(ROLE) | F(NETWORK) | F(NAME)},
	{MLRP_ERROR, "ERROR", F(CODE)},
	{MLRP_PING, "PING", 0},
	{MLRP_PONG, "PONG", 0},
	{MLRP_REGISTER, "REGISTER", F(CN)},
	{MLRP_SYNC, "SYNC", F(VERSION)},
	{MLRP_ALLOCATE, "ALLOCATE", F(MAC) | F(SUBNET)},
	{MLRP_BIND, "BIND", F(MAC) | F(ADDR) | F(LEASE)},
	{MLRP_CLAIM, "CLAIM", F(MAC) | F(ADDR)},
	{MLRP_HANDOVER, "HANDOVER", F(MAC) | F(ADDR) | F(VERSION)},
	{MLRP_RENEW, "RENEW", F(MAC) | F(ADDR) | F(LEASE)},
	{MLRP_RELEASE, "RELEASE", F(MAC) | F(ADDR)},
	{MLRP_DECLINE, "DECLINE", F(MAC) | F(ADDR)},
	{MLRP_BLOCK_REQUEST, "BLOCK_REQUEST", F(SUBNET) | F(COUNT_WANTED) | F(ADDRS)},
	{MLRP_FOLLOWED, "FOLLOWED", F(MAC) | F(ADDR) | F(VERSION) | F(CN)},
	{MLRP_REGISTERED, "REGISTERED", F(CN)},
	{MLRP_CN, "CN", F(CN)},
	{MLRP_SYNC_START, "SYNC_START", F(FULL) | F(VERSION)},
	{MLRP_STATION, "STATION", F(STATION)},
	{MLRP_SYNC_END, "SYNC_END", F(VERSION)},
	{MLRP_BLOCK, "BLOCK", F(SUBNET) | F(ADDRS)},
	{MLRP_MOVED, "MOVED", F(STATION)},
	{MLRP_MOVED_OK, "MOVED_OK", 0},
	{MLRP_ABORT, "ABORT", F(ADDR) | F(VERSION)},
	{MLRP_TUNNEL_CLOSE, "TUNNEL_CLOSE", 0},
	{MLRP_DEPARTED, "DEPARTED", F(ADDR)},
	{MLRP_RETURNED, "RETURNED", F(ADDR)},
	{MLRP_PROBE, "PROBE", F(ADDR) | F(MAC)},
};

static int find_type(uint8_t type)
{
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
		if (TYPES[i].type == type)
			return (int)i;
	return -1;
}

const char *mlrp_type_name(uint8_t type)
{
	int i = find_type(type);

	return i < 0 ? "?" : TYPES[i].name;
}

const char *mlrp_error_name(uint16_t code)
{
	static const char *const names[] = {
		[MLRP_E_PROTOCOL] = "protocol error",
		[MLRP_E_VERSION] = "no protocol version in common",
		[MLRP_E_NETWORK] = "another network", [MLRP_E_NOT_REGISTERED] = "not registered",
		[MLRP_E_CONFLICT] = "conflict", [MLRP_E_EXHAUSTED] = "no free address in any pool",
		[MLRP_E_UNKNOWN] = "unknown station",
		[MLRP_E_NOT_IN_POOL] = "address in no cell of the network",
		[MLRP_E_STALE] = "a newer record exists", [MLRP_E_FULL] = "table full",
		[MLRP_E_STORE] = "the register's disk failed", [MLRP_E_REFUSED] = "refused",
		[MLRP_E_DAMPED] = "the station is damped",
	};

	bool known = code < sizeof(names) / sizeof(names[0]) && names[code];

	return known ? names[code] : "unknown error";
}

static int fail(struct mlrp_fault *fault, const char *what, uint16_t field, size_t offset,
		int error)
{
	if (fault)
		*fault = (struct mlrp_fault){what, field, offset};
	return error;
}

/* version(1) type(1) zero(2) length(4) transaction(4). */
long mlrp_message_length(const uint8_t *data, size_t len, struct mlrp_fault *fault)
{
	uint32_t rest;

	if (len >= 1 && (data[0] < MLRP_VERSION_MIN || data[0] > MLRP_VERSION_MAX))
		return fail(fault, "version this program does not speak", 0, 0, -EPROTO);
	if (len >= 4 && bytes_get(data + 2, 2))
		return fail(fault, "reserved bytes are not zero", 0, 2, -EPROTO);
	if (len < MLRP_HEADER_LEN)
		return 0;
	rest = bytes_get(data + 4, 4);
	if (rest > MLRP_LENGTH_MAX)
		return fail(fault, "message too long", 0, 4, -EMSGSIZE);
	return MLRP_HEADER_LEN + (long)rest;
}

int mlrp_decode(const uint8_t *data, size_t len, struct mlrp_message *msg, struct mlrp_fault *fault)
{
	long whole = mlrp_message_length(data, len, fault);
	struct wire_in in = {.data = data, .at = MLRP_HEADER_LEN, .end = len};
	uint64_t has = 0;
	int type;

	memset(msg, 0, sizeof(*msg));
	if (whole < 0)
		return -EPROTO;
	if (whole == 0 || (size_t)whole != len)
		return fail(fault, "length in the header is not that of the message", 0, 4,
			    -EPROTO);
	msg->type = data[1];
	msg->transaction = bytes_get(data + 8, 4);
	type = find_type(msg->type);
	if (type < 0)
		return -ENOMSG;
	if (wire_read_fields(&in, FIELDS, MLRP_F_COUNT, msg, &has) < 0)
		return fail(fault, in.what, in.field, in.at, -EPROTO);
	msg->has = has;
	if ((msg->has & TYPES[type].required) != TYPES[type].required) {
		uint32_t missing = TYPES[type].required & ~msg->has;

		return fail(fault, "required field is missing", __builtin_ctz(missing), len,
			    -EPROTO);
	}
	return 0;
}

long mlrp_encode(const struct mlrp_message *msg, uint8_t *out, size_t capacity)
{
	struct wire_out to = {.data = out, .at = MLRP_HEADER_LEN, .capacity = capacity};
	int type = find_type(msg->type), error;

	if (type < 0 || (msg->has & TYPES[type].required) != TYPES[type].required ||
	    msg->has >> MLRP_F_COUNT)
		return -EINVAL;
	if (capacity < MLRP_HEADER_LEN)
		return -ENOSPC;
	error = wire_write_fields(&to, FIELDS, MLRP_F_COUNT, msg, msg->has);
	if (error)
		return error;
	if (to.at - MLRP_HEADER_LEN > MLRP_LENGTH_MAX)
		return -ENOSPC;
	/* Every version must be able to decode HELLO; there is no other layout yet. */
	out[0] = MLRP_VERSION_MIN;
	out[1] = msg->type;
	bytes_put(out + 2, 0, 2);
	bytes_put(out + 4, to.at - MLRP_HEADER_LEN, 4);
	bytes_put(out + 8, msg->transaction, 4);
	return (long)to.at;
}
