/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of outage.h. See outage_file.h. */
#include "outage_file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store/cn_json.h"

/* As they stand in the file. An offer does not outlive the agent. */
static const char *const STATES[] = {
	[BLOCK_FREE] = "free",
	[BLOCK_OFFERED] = "free",
	[BLOCK_BOUND] = "given",
	[BLOCK_DECLINED] = "declined",
};

void outage_content_free(struct outage_content *content)
{
	block_free(&content->block);
	free(content->cns);
	memset(content, 0, sizeof(*content));
}

/* ---- writing */

static json_t *format_hex(const uint8_t *bytes, size_t len)
{
	char text[2 * CLIENT_ID_LEN + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *format_entry(const struct block_entry *entry)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	json_t *object = json_object();

	json_object_set_new(object, "address", json_string(addr_format(&entry->addr, addr)));
	json_object_set_new(object, "state", json_string(STATES[entry->state]));
	if (entry->state != BLOCK_BOUND)
		return object;
	json_object_set_new(object, "mac", json_string(mac_format(&entry->mac, mac)));
	json_object_set_new(object, "client_id",
			    format_hex(entry->client_id, entry->client_id_len));
	json_object_set_new(object, "lease", json_integer(entry->lease));
	json_object_set_new(object, "lease_end", json_integer((json_int_t)entry->lease_end));
	return object;
}

char *outage_file_format(const char *cn_name, uint32_t self, const struct replica *replica,
			 const struct block *block)
{
	json_t *cns = json_array(), *list = json_array(), *all = json_object();
	char *text;

	for (const struct replica_cn *cn = replica->cns; cn; cn = cn->hh.next)
		if (cn->info.id != self)
			json_array_append_new(cns, cn_json(&cn->info));
	for (size_t i = 0; i < block->count; i++)
		json_array_append_new(list, format_entry(&block->list[i]));
	json_object_set_new(all, "cn_name", json_string(cn_name));
	json_object_set_new(all, "cn_id", json_integer(self));
	json_object_set_new(all, "cns", cns);
	json_object_set_new(all, "block", list);
	text = json_dumps(all, JSON_INDENT(1));
	json_decref(all);
	return text;
}

/* ---- parsing */

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool parse_hex(const char *text, struct block_entry *entry)
{
	size_t digits = text ? strspn(text, "0123456789abcdefABCDEF") : 0;

	if (!text || text[digits] || digits % 2 || digits / 2 > CLIENT_ID_LEN)
		return false;
	for (size_t i = 0; i < digits / 2; i++)
		sscanf(text + 2 * i, "%2hhx", &entry->client_id[i]);
	entry->client_id_len = (uint8_t)(digits / 2);
	return true;
}

static bool parse_entry(const json_t *object, struct block_entry *entry)
{
	const char *addr = text_at(object, "address"), *state = text_at(object, "state");
	const char *mac = text_at(object, "mac");

	*entry = (struct block_entry){.state = BLOCK_FREE};
	if (!addr || !state || addr_parse(addr, &entry->addr) < 0)
		return false;
	if (strcmp(state, STATES[BLOCK_DECLINED]) == 0)
		entry->state = BLOCK_DECLINED;
	if (strcmp(state, STATES[BLOCK_BOUND]) != 0)
		return entry->state == BLOCK_DECLINED || strcmp(state, STATES[BLOCK_FREE]) == 0;
	entry->state = BLOCK_BOUND;
	entry->lease = (uint32_t)number_at(object, "lease");
	entry->lease_end = (uint64_t)number_at(object, "lease_end");
	return mac && mac_parse(mac, &entry->mac) == 0 &&
	       parse_hex(text_at(object, "client_id"), entry);
}

static bool parse(const json_t *all, struct outage_content *out)
{
	const json_t *cns = json_object_get(all, "cns"), *list = json_object_get(all, "block");

	out->cn_id = (uint32_t)number_at(all, "cn_id");
	out->cns = calloc(json_array_size(cns) + 1, sizeof(*out->cns));
	out->block.list = calloc(json_array_size(list) + 1, sizeof(*out->block.list));
	if (!out->cn_id || !out->cns || !out->block.list)
		return false;
	for (size_t i = 0; i < json_array_size(cns); i++)
		if (!cn_json_parse(json_array_get(cns, i), &out->cns[out->cn_count++]))
			return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!parse_entry(json_array_get(list, i), &out->block.list[out->block.count++]))
			return false;
	return true;
}

bool outage_file_parse(const char *text, size_t len, const char *cn_name,
		       struct outage_content *out)
{
	json_t *all = json_loadb(text, len, 0, NULL);
	const char *name = text_at(all, "cn_name");
	bool good;

	memset(out, 0, sizeof(*out));
	good = name && strcmp(name, cn_name) == 0 && parse(all, out);
	json_decref(all);
	if (!good)
		outage_content_free(out);
	return good;
}

bool outage_file_has_leases(const char *text, size_t len)
{
	json_t *all = json_loadb(text, len, 0, NULL), *entry;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(all, "block"), i, entry) {
		const char *state = text_at(entry, "state");

		found |= state && strcmp(state, STATES[BLOCK_BOUND]) == 0;
	}
	json_decref(all);
	return found;
}
