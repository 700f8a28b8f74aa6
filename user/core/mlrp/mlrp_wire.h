/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields on the wire: u16 number, u16 length, value, big-endian. A table tells for each number how the value is laid
 * out and where in a struct it lives. Readers always advance or fail; unknown numbers are skipped by their length.
 * Used by mlrp.c alone; mlrp_nested.c holds the tables of the structs that are fields themselves.
 */
#ifndef TMIP_CORE_MLRP_MLRP_WIRE_H
#define TMIP_CORE_MLRP_MLRP_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_NONE, WIRE_U8, WIRE_BOOL, WIRE_U16, WIRE_U32, WIRE_U64, WIRE_ADDR, WIRE_MAC,
	WIRE_TEXT,    /* min..max bytes, no NUL among them; NUL-terminated in the struct */
	WIRE_BYTES,   /* min..max bytes; their number in the u8 at `count` */
	WIRE_VERSION, /* u32 epoch, u64 seq */
	WIRE_PREFIX,  /* address, u8 IPv4 prefix length */
	WIRE_ADDRS,   /* up to max addresses; their number in the u8 at `count` */
	WIRE_STATION, WIRE_CN,
	WIRE_CELL,    /* repeated: each appends to an array of max at `offset`, number in the u8 at `count` */
};

struct wire_field {
	enum wire_kind kind;
	size_t offset, count;
	size_t min, max;
};

struct wire_in {
	const uint8_t *data;
	size_t at, end;
	const char *what; /* of the first fault */
	uint16_t field;
};

struct wire_out {
	uint8_t *data;
	size_t at, capacity;
};

/* Reads fields until in->end into the struct `into`; *has gets bit n for field n. 0, or -1 with, in `in`: what; field, the
 * number at this level; at, where the innermost field at fault begins. */
int wire_read_fields(struct wire_in *in, const struct wire_field *table, uint16_t count, void *into,
		     uint64_t *has);
/* Writes the fields whose bits are in `has`. 0, -ENOSPC, -EINVAL. */
int wire_write_fields(struct wire_out *out, const struct wire_field *table, uint16_t count,
		      const void *from, uint64_t has);

/* mlrp_nested.c */
int wire_read_nested(struct wire_in *in, const struct wire_field *field, void *into);
int wire_write_nested(struct wire_out *out, const struct wire_field *field, const void *from);

#endif
