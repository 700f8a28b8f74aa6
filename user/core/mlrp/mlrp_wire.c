/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields on the wire, read and written by table. See mlrp_wire.h. */
#include "mlrp_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/station.h"
#include "core/base/text.h"

#define FIELD_HEADER 4 /* bytes of number and length */

/*
 * The length in bytes of a kind that has only one; 0: `min` and `max` of the table are the limits.
 */
static size_t fixed_length(enum wire_kind kind)
{
	switch (kind) {
	case WIRE_U8: case WIRE_BOOL: return 1;
	case WIRE_U16: return 2;
	case WIRE_U32: return 4;
	case WIRE_U64: return 8;
	case WIRE_MAC: return 6;
	case WIRE_ADDR: return 16;
	case WIRE_VERSION: return 12;
	case WIRE_PREFIX: return 17;
	default: return 0;
	}
}

static bool nested(enum wire_kind kind)
{
	return kind == WIRE_STATION || kind == WIRE_CN || kind == WIRE_CELL;
}

static const char *check_length(const struct wire_field *field, size_t len)
{
	size_t fixed = fixed_length(field->kind);

	if (fixed)
		return len == fixed ? NULL : "length does not fit the field";
	if (nested(field->kind))
		return NULL;
	if (field->kind == WIRE_ADDRS)
		return len % 16 == 0 && len / 16 <= field->max ? NULL :
								 "length does not fit the field";
	if (field->kind == WIRE_MACS)
		return len && len % 6 == 0 && len / 6 <= field->max ?
			       NULL : "length does not fit the field";
	return len >= field->min && len <= field->max ? NULL : "length out of range";
}

static const char *read_value(const struct wire_field *field, const uint8_t *value, size_t len,
			      uint8_t *base)
{
	uint8_t *to = base + field->offset;
	struct version version;
	struct prefix prefix;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (field->kind) {
	case WIRE_BOOL:
		if (value[0] > 1)
			return "value is neither 0 nor 1";
		*(bool *)to = value[0];
		return NULL;
	case WIRE_U8: case WIRE_MAC: case WIRE_ADDR:
		memcpy(to, value, len);
		return NULL;
	case WIRE_U16:
		u16 = bytes_get(value, 2);
		memcpy(to, &u16, sizeof(u16));
		return NULL;
	case WIRE_U32:
		u32 = bytes_get(value, 4);
		memcpy(to, &u32, sizeof(u32));
		return NULL;
	case WIRE_U64:
		u64 = bytes_get(value, 8);
		memcpy(to, &u64, sizeof(u64));
		return NULL;
	case WIRE_TEXT:
		if (memchr(value, 0, len))
			return "NUL inside a text";
		memcpy(to, value, len);
		to[len] = '\0';
		text_clean((char *)to);
		return NULL;
	case WIRE_BYTES:
		memcpy(to, value, len);
		base[field->count] = len;
		return NULL;
	case WIRE_ADDRS:
		memcpy(to, value, len);
		base[field->count] = len / 16;
		return NULL;
	case WIRE_MACS:
		memcpy(to, value, len);
		base[field->count] = len / 6;
		return NULL;
	case WIRE_VERSION:
		version = (struct version){bytes_get(value, 4), bytes_get(value + 4, 8)};
		memcpy(to, &version, sizeof(version));
		return NULL;
	case WIRE_PREFIX:
		if (value[16] > 32)
			return "prefix longer than 32 bits";
		memcpy(&prefix.addr, value, 16);
		prefix.len = value[16];
		memcpy(to, &prefix, sizeof(prefix));
		return NULL;
	default:
		return "field of unknown kind";
	}
}

/* Reads the field that begins at in->at. A fault leaves in->at there, or at the innermost field. */
static int read_field(struct wire_in *in, const struct wire_field *field, size_t len, void *into)
{
	size_t value = in->at + FIELD_HEADER;
	struct wire_in inner = {.data = in->data, .at = value, .end = value + len};
	const char *fault = check_length(field, len);

	if (fault) {
		in->what = fault;
		return -1;
	}
	if (!nested(field->kind)) {
		in->what = read_value(field, in->data + value, len, into);
		return in->what ? -1 : 0;
	}
	if (wire_read_nested(&inner, field, into) == 0)
		return 0;
	in->what = inner.what;
	in->at = inner.at;
	return -1;
}

int wire_read_fields(struct wire_in *in, const struct wire_field *table, uint16_t count, void *into,
		     uint64_t *has)
{
	while (in->at < in->end) {
		uint16_t number, len;

		if (in->end - in->at < FIELD_HEADER) {
			in->what = "field header is cut short";
			return -1;
		}
		number = bytes_get(in->data + in->at, 2);
		len = bytes_get(in->data + in->at + 2, 2);
		in->field = number;
		if (len > in->end - in->at - FIELD_HEADER) {
			in->what = "field is longer than what holds it";
			return -1;
		}
		if (number < count && table[number].kind != WIRE_NONE) {
			if (*has & 1ull << number && table[number].kind != WIRE_CELL) {
				in->what = "field occurs twice";
				return -1;
			}
			if (read_field(in, &table[number], len, into) < 0)
				return -1;
			*has |= 1ull << number;
		}
		in->at += FIELD_HEADER + len;
	}
	return 0;
}

/* ---- writing */

static size_t value_length(const struct wire_field *field, const uint8_t *base)
{
	if (field->kind == WIRE_TEXT)
		return strnlen((const char *)base + field->offset, field->max + 1);
	if (field->kind == WIRE_BYTES)
		return base[field->count];
	if (field->kind == WIRE_ADDRS)
		return base[field->count] * 16u;
	if (field->kind == WIRE_MACS)
		return base[field->count] * 6u;
	return fixed_length(field->kind);
}

/* The encoder refuses a value that a decoder would refuse. */
static bool in_range(const struct wire_field *field, const uint8_t *base)
{
	const uint8_t *from = base + field->offset;
	struct prefix prefix;

	if (field->kind == WIRE_BOOL)
		return *from <= 1;
	if (field->kind == WIRE_PREFIX) {
		memcpy(&prefix, from, sizeof(prefix));
		return prefix.len <= 32;
	}
	return true;
}

static void write_value(const struct wire_field *field, uint8_t *to, size_t len,
			const uint8_t *base)
{
	const uint8_t *from = base + field->offset;
	struct version version;
	struct prefix prefix;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (field->kind) {
	case WIRE_U16:
		memcpy(&u16, from, sizeof(u16));
		bytes_put(to, u16, 2);
		break;
	case WIRE_U32:
		memcpy(&u32, from, sizeof(u32));
		bytes_put(to, u32, 4);
		break;
	case WIRE_U64:
		memcpy(&u64, from, sizeof(u64));
		bytes_put(to, u64, 8);
		break;
	case WIRE_VERSION:
		memcpy(&version, from, sizeof(version));
		bytes_put(to, version.epoch, 4);
		bytes_put(to + 4, version.seq, 8);
		break;
	case WIRE_PREFIX:
		memcpy(&prefix, from, sizeof(prefix));
		memcpy(to, &prefix.addr, 16);
		to[16] = prefix.len;
		break;
	default:
		memcpy(to, from, len);
	}
}

static int write_field(struct wire_out *out, const struct wire_field *field, uint16_t number,
		       const void *from)
{
	size_t start = out->at, len = value_length(field, from);
	int error;

	if (out->capacity - out->at < FIELD_HEADER)
		return -ENOSPC;
	out->at += FIELD_HEADER;
	if (nested(field->kind)) {
		error = wire_write_nested(out, field, from);
		if (error)
			return error;
		len = out->at - start - FIELD_HEADER;
	} else {
		if (check_length(field, len) || !in_range(field, from))
			return -EINVAL;
		if (out->capacity - out->at < len)
			return -ENOSPC;
		write_value(field, out->data + out->at, len, from);
		out->at += len;
	}
	if (len > UINT16_MAX)
		return -ENOSPC;
	bytes_put(out->data + start, number, 2);
	bytes_put(out->data + start + 2, len, 2);
	return 0;
}

int wire_write_fields(struct wire_out *out, const struct wire_field *table, uint16_t count,
		      const void *from, uint64_t has)
{
	for (uint16_t number = 0; number < count; number++) {
		int error;

		if (!(has & 1ull << number) || table[number].kind == WIRE_NONE)
			continue;
		if (table[number].kind == WIRE_CELL) /* writes one field for each cell */
			error = wire_write_nested(out, &table[number], from);
		else
			error = write_field(out, &table[number], number, from);
		if (error)
			return error;
	}
	return 0;
}
