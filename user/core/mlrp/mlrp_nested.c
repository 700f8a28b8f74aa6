/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of MLRP whose value is a list of fields: STATION, CN and, inside CN, CELL.
 * docs/mlrp.md has the numbers. Only mlrp_wire.c calls this file.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/station.h"
#include "mlrp_wire.h"

#define STATION(member) offsetof(struct station_record, member)
#define CN(member) offsetof(struct cn_info, member)
#define CELL(member) offsetof(struct cell_info, member)
#define BIT(n) (1ull << (n))

enum {
	STATION_ADDR = 1,
	STATION_MAC,
	STATION_KIND,
	STATION_STATE,
	STATION_PARENT,
	STATION_CURRENT,
	STATION_VERSION,
	STATION_LEASE_END,
	STATION_CLIENT_ID,
	STATION_OTHERS,
	STATION_COUNT
};

static const struct wire_field STATION_FIELDS[STATION_COUNT] = {
	[STATION_ADDR] = {WIRE_ADDR, STATION(addr)},
	[STATION_MAC] = {WIRE_MAC, STATION(mac)},
	[STATION_KIND] = {WIRE_U8, STATION(kind)},
	[STATION_STATE] = {WIRE_U8, STATION(state)},
	[STATION_PARENT] = {WIRE_U32, STATION(parent)},
	[STATION_CURRENT] = {WIRE_U32, STATION(current)},
	[STATION_VERSION] = {WIRE_VERSION, STATION(version)},
	[STATION_LEASE_END] = {WIRE_U64, STATION(lease_end)},
	[STATION_CLIENT_ID] = {WIRE_BYTES, STATION(client_id), STATION(client_id_len),
			       .min = 1, .max = CLIENT_ID_LEN},
	[STATION_OTHERS] = {WIRE_MACS, STATION(others), STATION(other_count),
			    .max = OTHER_MACS_MAX},
};
#define STATION_REQUIRED (BIT(STATION_VERSION + 1) - BIT(STATION_ADDR)) /* ADDR .. VERSION */

enum { CN_ID = 1, CN_NAME, CN_TUNNEL, CN_PORT, CN_GONE, CN_CELL, CN_COUNT };

static const struct wire_field CN_FIELDS[CN_COUNT] = {
	[CN_ID] = {WIRE_U32, CN(id)},
	[CN_NAME] = {WIRE_TEXT, CN(name), .min = 1, .max = NAME_LEN - 1},
	[CN_TUNNEL] = {WIRE_ADDR, CN(tunnel)},
	[CN_PORT] = {WIRE_U16, CN(port)},
	[CN_GONE] = {WIRE_BOOL, CN(gone)},
	[CN_CELL] = {WIRE_CELL, CN(cells), CN(cell_count), .max = CN_CELLS_MAX},
};

enum { CELL_SUBNET = 1, CELL_GATEWAY, CELL_POOL_FIRST, CELL_POOL_LAST, CELL_DNS, CELL_COUNT };

static const struct wire_field CELL_FIELDS[CELL_COUNT] = {
	[CELL_SUBNET] = {WIRE_PREFIX, CELL(subnet)},
	[CELL_GATEWAY] = {WIRE_ADDR, CELL(gateway)},
	[CELL_POOL_FIRST] = {WIRE_ADDR, CELL(pool_first)},
	[CELL_POOL_LAST] = {WIRE_ADDR, CELL(pool_last)},
	[CELL_DNS] = {WIRE_ADDRS, CELL(dns), CELL(dns_count), .max = CELL_DNS_MAX},
};

static int read_struct(struct wire_in *in, const struct wire_field *table, uint16_t count,
		       void *into, uint64_t required)
{
	uint64_t has = 0;

	if (wire_read_fields(in, table, count, into, &has) < 0)
		return -1;
	if ((has & required) == required)
		return 0;
	in->what = "required part of a field is missing";
	return -1;
}

static bool station_in_range(const struct station_record *record)
{
	return record->kind >= RECORD_DYNAMIC && record->kind <= RECORD_RESERVED &&
	       record->state >= RECORD_FREE && record->state <= RECORD_DECLINED;
}

/* Each of the host's other MACs is named once, and can be the MAC of a host. */
static bool others_in_range(const struct station_record *record)
{
	struct station_record before = {.mac = record->mac};

	for (int i = 0; i < record->other_count; i++) {
		const struct tmip_mac *mac = &record->others[i];

		if (mac_is_zero(mac) || mac->octet[0] & 1 || station_has_mac(&before, mac))
			return false;
		before.others[before.other_count++] = *mac;
	}
	return true;
}

static int read_station(struct wire_in *in, struct station_record *record)
{
	if (read_struct(in, STATION_FIELDS, STATION_COUNT, record, STATION_REQUIRED) < 0)
		return -1;
	if (!station_in_range(record))
		in->what = "kind or state of a station out of range";
	else if (!others_in_range(record))
		in->what = "a MAC of a host occurs twice, or no host can have it";
	else
		return 0;
	return -1;
}

static int write_station(struct wire_out *out, const struct station_record *record)
{
	uint64_t has = ~0ull;

	if (!station_in_range(record) || !others_in_range(record))
		return -EINVAL;
	if (!record->client_id_len)
		has &= ~BIT(STATION_CLIENT_ID);
	if (!record->other_count)
		has &= ~BIT(STATION_OTHERS);
	return wire_write_fields(out, STATION_FIELDS, STATION_COUNT, record, has);
}

static int read_cell(struct wire_in *in, const struct wire_field *field, void *into)
{
	uint8_t *count = (uint8_t *)into + field->count;
	struct cell_info *cells = (void *)((uint8_t *)into + field->offset);

	if (*count >= field->max) {
		in->what = "more cells than a CN can have";
		return -1;
	}
	if (read_struct(in, CELL_FIELDS, CELL_COUNT, &cells[*count],
			BIT(CELL_SUBNET) | BIT(CELL_GATEWAY)) < 0)
		return -1;
	(*count)++;
	return 0;
}

int wire_read_nested(struct wire_in *in, const struct wire_field *field, void *into)
{
	if (field->kind == WIRE_STATION)
		return read_station(in, (void *)((uint8_t *)into + field->offset));
	if (field->kind == WIRE_CN)
		return read_struct(in, CN_FIELDS, CN_COUNT, (uint8_t *)into + field->offset,
				   BIT(CN_ID) | BIT(CN_NAME));
	return read_cell(in, field, into);
}

static int write_cell(struct wire_out *out, const struct cell_info *cell)
{
	size_t start = out->at;
	int error;

	if (out->capacity - out->at < 4)
		return -ENOSPC;
	out->at += 4;
	error = wire_write_fields(out, CELL_FIELDS, CELL_COUNT, cell, ~0ull);
	if (error)
		return error;
	bytes_put(out->data + start, CN_CELL, 2);
	bytes_put(out->data + start + 2, out->at - start - 4, 2);
	return 0;
}

int wire_write_nested(struct wire_out *out, const struct wire_field *field, const void *from)
{
	const uint8_t *base = (const uint8_t *)from + field->offset;

	if (field->kind == WIRE_STATION)
		return write_station(out, (const void *)base);
	if (field->kind == WIRE_CN)
		return wire_write_fields(out, CN_FIELDS, CN_COUNT, base, ~0ull);

	uint8_t count = *((const uint8_t *)from + field->count);
	const struct cell_info *cells = (const void *)base;
	int error = count > field->max ? -EINVAL : 0;

	for (int i = 0; !error && i < count; i++)
		error = write_cell(out, &cells[i]);
	return error;
}
