/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields on the wire: u16 number, u16 length, value, all big-endian. A table has, for each number,
 * the layout of the value and its place in a struct. A reader always advances or fails; it skips an
 * unknown number by its length. Only mlrp.c calls these functions; mlrp_nested.c has the tables of
 * the fields whose value is a list of fields.
 */
#ifndef TMIP_CORE_MLRP_MLRP_WIRE_H
#define TMIP_CORE_MLRP_MLRP_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_NONE, WIRE_U8, WIRE_BOOL, WIRE_U16, WIRE_U32, WIRE_U64, WIRE_ADDR, WIRE_MAC,
	WIRE_TEXT,    /* min..max bytes, none of them a NUL; the struct has a NUL behind them */
	WIRE_BYTES,   /* min..max bytes; the u8 at `count` of the struct is their number */
	WIRE_VERSION, /* u32 epoch, u64 seq */
	WIRE_PREFIX,  /* address, u8 IPv4 prefix length */
	WIRE_MACS,    /* 1 to max MACs; the u8 at `count` of the struct is their number */
	WIRE_ADDRS,   /* up to max addresses; the u8 at `count` of the struct is their number */
	WIRE_STATION, /* struct station_record */
	WIRE_CN,      /* struct cn_info */
	WIRE_CELL,    /* struct cell_info, repeated up to max times; the u8 at `count`, as above */
};

struct wire_field {
	enum wire_kind kind;
	size_t offset, count; /* bytes into the struct */
	size_t min, max;      /* bytes, or elements */
};

struct wire_in {
	const uint8_t *data;
	size_t at, end;   /* bytes into `data`: the next field, the end of the last one */
	const char *what; /* the first fault, a constant */
	uint16_t field;   /* the number of the last field read */
};

struct wire_out {
	uint8_t *data;
	size_t at, capacity; /* bytes: written so far, room in all */
};

/*
 * Reads the fields up to in->end into the struct `into` and sets bit n of *has for field n. Returns
 * 0, or -1 for a fault; in->what then says what is wrong, in->field is the number of the field at
 * this level, and in->at is the start of the innermost field at fault.
 */
int wire_read_fields(struct wire_in *in, const struct wire_field *table, uint16_t count, void *into,
		     uint64_t *has);
/*
 * Writes the fields whose bits are set in `has`. Returns 0; -ENOSPC: no room; -EINVAL: a value is
 * out of range.
 */
int wire_write_fields(struct wire_out *out, const struct wire_field *table, uint16_t count,
		      const void *from, uint64_t has);

/*
 * In mlrp_nested.c: reads or writes one field of kind WIRE_STATION, WIRE_CN or WIRE_CELL; returns
 * as above.
 */
int wire_read_nested(struct wire_in *in, const struct wire_field *field, void *into);
int wire_write_nested(struct wire_out *out, const struct wire_field *field, const void *from);

#endif
