/* SPDX-License-Identifier: BSD-2-Clause */
/* CNs and their cells as JSON. See cn_json.h. */
#include "cn_json.h"

#include <stdio.h>
#include <string.h>

static json_t *addr_json(const struct tmip_addr *addr)
{
	char text[ADDR_STRLEN];

	return json_string(addr_format(addr, text));
}

/* 0, or -1: no memory. */
static int append_addr(json_t *list, const struct tmip_addr *addr)
{
	return json_array_append_new(list, addr_json(addr));
}

/* NULL: no memory. */
static json_t *pool_json(const struct cell_info *cell)
{
	json_t *pool = json_array();

	if (addr_is_zero(&cell->pool_first))
		return pool;
	if (!append_addr(pool, &cell->pool_first) && !append_addr(pool, &cell->pool_last))
		return pool;
	json_decref(pool);
	return NULL;
}

static json_t *dns_json(const struct cell_info *cell)
{
	json_t *dns = json_array();

	for (int i = 0; i < cell->dns_count; i++)
		if (append_addr(dns, &cell->dns[i])) {
			json_decref(dns);
			return NULL;
		}
	return dns;
}

static json_t *cell_json(const struct cell_info *cell)
{
	char text[ADDR_STRLEN], subnet[ADDR_STRLEN + 4];

	snprintf(subnet, sizeof(subnet), "%s/%u", addr_format(&cell->subnet.addr, text),
		 cell->subnet.len);
	return json_pack("{s:s, s:o, s:o, s:o}", "subnet", subnet,
			 "gateway", addr_json(&cell->gateway), "pool", pool_json(cell),
			 "dns", dns_json(cell));
}

json_t *cn_json_cells(const struct cn_info *info)
{
	json_t *cells = json_array();

	for (int i = 0; i < info->cell_count; i++)
		if (json_array_append_new(cells, cell_json(&info->cells[i]))) {
			json_decref(cells);
			return NULL;
		}
	return cells;
}

static bool parse_addr(const json_t *value, struct tmip_addr *out)
{
	return json_is_string(value) && addr_parse(json_string_value(value), out) == 0;
}

static bool parse_cell(const json_t *object, struct cell_info *cell)
{
	const char *subnet = json_string_value(json_object_get(object, "subnet"));
	const json_t *pool = json_object_get(object, "pool"), *dns = json_object_get(object, "dns");
	char text[ADDR_STRLEN] = "";
	unsigned len = 0;

	if (!subnet || sscanf(subnet, "%45[0-9.]/%u", text, &len) != 2 || len > 32 ||
	    addr_parse(text, &cell->subnet.addr) < 0)
		return false;
	cell->subnet.len = (uint8_t)len;
	if (!parse_addr(json_object_get(object, "gateway"), &cell->gateway))
		return false;
	if (json_array_size(pool) && (!parse_addr(json_array_get(pool, 0), &cell->pool_first) ||
				      !parse_addr(json_array_get(pool, 1), &cell->pool_last)))
		return false;
	for (size_t i = 0; i < json_array_size(dns) && i < CELL_DNS_MAX; i++)
		if (!parse_addr(json_array_get(dns, i), &cell->dns[cell->dns_count++]))
			return false;
	return true;
}

bool cn_json_parse_cells(const json_t *cells, struct cn_info *info)
{
	bool good = json_is_array(cells) && json_array_size(cells) <= CN_CELLS_MAX;

	for (size_t i = 0; good && i < json_array_size(cells); i++)
		good = parse_cell(json_array_get(cells, i), &info->cells[info->cell_count++]);
	return good;
}

json_t *cn_json(const struct cn_info *info)
{
	return json_pack("{s:I, s:s, s:o, s:i, s:o}", "id", (json_int_t)info->id, "name",
			 info->name, "tunnel", addr_json(&info->tunnel), "port", info->port,
			 "cells", cn_json_cells(info));
}

bool cn_json_parse(const json_t *object, struct cn_info *info)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	json_int_t id = json_integer_value(json_object_get(object, "id")),
		   port = json_integer_value(json_object_get(object, "port"));

	memset(info, 0, sizeof(*info));
	if (!name || strlen(name) >= sizeof(info->name) || id < 1 || id > UINT32_MAX || port < 1 ||
	    port > UINT16_MAX)
		return false;
	strcpy(info->name, name);
	info->id = (uint32_t)id;
	info->port = (uint16_t)port;
	return parse_addr(json_object_get(object, "tunnel"), &info->tunnel) &&
	       cn_json_parse_cells(json_object_get(object, "cells"), info);
}
