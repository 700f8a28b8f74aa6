/* SPDX-License-Identifier: BSD-2-Clause */
/* The time when the register is away. See away.h. The file is JSON; what a station was told is in it before it is told. */
#include "outage.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/interface/cells.h"
#include "agent/state.h"
#include "core/dhcp/block.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/store/cn_json.h"
#include "peers.h"
#include "register.h"

#define OFFER_MS 30000
#define SAVE_MS 1000

struct away {
	struct block block;
	uint32_t cn_id;         /* of the file; 0: unknown */
	struct cn_info *cns;    /* of the file, until they are taken up */
	size_t cn_count;
	struct event *save;
	uint32_t asked[CN_CELLS_MAX]; /* transactions of requests that are not answered yet */
	bool again;             /* what was asked for is out of date */
};

static const char *const STATES[] = {[BLOCK_FREE] = "free", [BLOCK_OFFERED] = "free", [BLOCK_GIVEN] = "given", [BLOCK_DECLINED] = "declined"};

static void path_of(const struct agent_config *config, char out[CONFIG_PATH_LEN + NAME_LEN + 16])
{
	snprintf(out, CONFIG_PATH_LEN + NAME_LEN + 16, "%s/%s.away.json", config->state_dir, config->network_name);
}

/* ---- writing */

static json_t *hex(const uint8_t *bytes, size_t len)
{
	char text[2 * CLIENT_ID_LEN + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *entry_json(const struct block_entry *entry)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	json_t *object = json_pack("{s:s, s:s}", "address", addr_format(&entry->addr, addr), "state", STATES[entry->state]);

	if (entry->state == BLOCK_GIVEN) {
		json_object_set_new(object, "mac", json_string(mac_format(&entry->mac, mac)));
		json_object_set_new(object, "client_id", hex(entry->client_id, entry->client_id_len));
		json_object_set_new(object, "lease", json_integer(entry->lease));
		json_object_set_new(object, "lease_end", json_integer((json_int_t)entry->lease_end));
	}
	return object;
}

static char *file_text(const struct agent *agent)
{
	const struct block *block = &agent->away->block;
	json_t *cns = json_array(), *list = json_array(), *all;
	char *text;

	for (const struct replica_cn *cn = roam_replica(agent->roam)->cns; cn; cn = cn->hh.next)
		if (cn->info.id != roam_self(agent->roam))
			json_array_append_new(cns, cn_json(&cn->info));
	for (size_t i = 0; i < block->count; i++)
		json_array_append_new(list, entry_json(&block->list[i]));
	all = json_pack("{s:s, s:I, s:o, s:o}", "cn_name", agent->config.cn_name, "cn_id", (json_int_t)roam_self(agent->roam), "cns", cns,
			"block", list);
	text = json_dumps(all, JSON_INDENT(1));
	json_decref(all);
	return text;
}

static int save(struct agent *agent, bool durably)
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 16], *text;
	int error = -ENOMEM;

	if (!roam_self(agent->roam))
		return -EAGAIN;
	path_of(&agent->config, path);
	text = file_text(agent);
	if (text)
		error = (durably ? file_replace_durably : file_replace)(path, text, strlen(text), 0600);
	free(text);
	if (error)
		log_error("%s: %s", path, strerror(-error));
	return error;
}

static void on_save(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	save(arg, false);
}

void away_changed(struct agent *agent)
{
	struct timeval when = {.tv_sec = SAVE_MS / 1000};

	if (!evtimer_pending(agent->away->save, NULL))
		evtimer_add(agent->away->save, &when);
}

/* ---- reading */

static bool parse_hex(const char *text, struct block_entry *entry)
{
	size_t len = text ? strlen(text) / 2 : 0;

	if (!text || len > CLIENT_ID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (sscanf(text + 2 * i, "%2hhx", &entry->client_id[i]) != 1)
			return false;
	entry->client_id_len = (uint8_t)len;
	return true;
}

static bool parse_entry(const json_t *object, struct block_entry *entry)
{
	const char *addr = json_string_value(json_object_get(object, "address")), *state = json_string_value(json_object_get(object, "state"));
	const char *mac = json_string_value(json_object_get(object, "mac"));

	*entry = (struct block_entry){.state = BLOCK_FREE};
	if (!addr || !state || addr_parse(addr, &entry->addr) < 0)
		return false;
	if (strcmp(state, STATES[BLOCK_DECLINED]) == 0)
		entry->state = BLOCK_DECLINED;
	if (strcmp(state, STATES[BLOCK_GIVEN]) != 0)
		return true;
	entry->state = BLOCK_GIVEN;
	entry->lease = (uint32_t)json_integer_value(json_object_get(object, "lease"));
	entry->lease_end = (uint64_t)json_integer_value(json_object_get(object, "lease_end"));
	return mac && mac_parse(mac, &entry->mac) == 0 && parse_hex(json_string_value(json_object_get(object, "client_id")), entry);
}

static bool parse(struct away *away, const json_t *all)
{
	const json_t *cns = json_object_get(all, "cns"), *list = json_object_get(all, "block");

	away->cn_id = (uint32_t)json_integer_value(json_object_get(all, "cn_id"));
	away->cns = calloc(json_array_size(cns) + 1, sizeof(*away->cns));
	away->block.list = calloc(json_array_size(list) + 1, sizeof(*away->block.list));
	if (!away->cn_id || !away->cns || !away->block.list)
		return false;
	for (size_t i = 0; i < json_array_size(cns); i++)
		if (!cn_json_parse(json_array_get(cns, i), &away->cns[away->cn_count++]))
			return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!parse_entry(json_array_get(list, i), &away->block.list[away->block.count++]))
			return false;
	return true;
}

static void forget(struct away *away)
{
	block_free(&away->block);
	free(away->cns);
	away->cns = NULL;
	away->cn_count = 0;
	away->cn_id = 0;
}

/* A file that cannot be read is as none: the register sets other addresses aside. */
static void load(struct agent *agent)
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 16], *text = NULL;
	const char *name;
	json_t *all;
	size_t len;
	int error;

	path_of(&agent->config, path);
	error = file_read(path, &text, &len);
	if (error && error != -ENOENT)
		log_warn("%s: %s", path, strerror(-error));
	if (error)
		return;
	all = json_loadb(text, len, 0, NULL);
	name = json_string_value(json_object_get(all, "cn_name"));
	if (!name || strcmp(name, agent->config.cn_name) != 0 || !parse(agent->away, all)) {
		log_warn("%s is not that of this CN, or damaged: it is not used", path);
		forget(agent->away);
	}
	json_decref(all);
	free(text);
}

/* ---- taking up */

static struct station_record record_of(const struct block_entry *entry)
{
	struct station_record record = {.addr = entry->addr, .mac = entry->mac, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
					.lease_end = entry->lease_end, .client_id_len = entry->client_id_len};

	memcpy(record.client_id, entry->client_id, sizeof(record.client_id));
	return record;
}

void away_serve(struct agent *agent)
{
	const struct block *block = &agent->away->block;

	for (size_t i = 0; i < block->count; i++) {
		struct station_record record = record_of(&block->list[i]);
		const struct replica_station *station = replica_find(roam_replica(agent->roam), &record.addr);

		if (block->list[i].state == BLOCK_GIVEN && !(station && station->record.state))
			roam_local(agent->roam, &record, block->list[i].lease, 0, agent_now_ms());
	}
}

void away_begin(struct agent *agent)
{
	struct away *away = agent->away;
	struct cn_info self;

	if (roam_self(agent->roam) || !away->cn_id)
		return;
	cells_describe(agent, &self);
	self.id = away->cn_id;
	roam_set_self(agent->roam, away->cn_id);
	peers_put_cn(agent, &self);
	for (size_t i = 0; i < away->cn_count; i++)
		peers_put_cn(agent, &away->cns[i]);
	away_serve(agent);
	roam_trust_adopted(agent->roam, agent_now_ms());
	log_warn("without a register: going on as CN number %u with %zu other CNs and a block of %zu addresses, as this CN knew them", away->cn_id,
		 away->cn_count, away->block.count);
	agent_arm_roam(agent);
}

/* ---- the block */

const struct block *away_block(const struct agent *agent)
{
	return &agent->away->block;
}

/* One request at a time: the register takes what it is not told of for given up, also what its last answer brings just now. */
static bool is_waiting(const struct away *away)
{
	for (int i = 0; i < CN_CELLS_MAX; i++)
		if (away->asked[i])
			return true;
	return false;
}

static bool answered(struct agent *agent, uint32_t transaction)
{
	struct away *away = agent->away;
	bool ours = false;

	for (int i = 0; transaction && i < CN_CELLS_MAX; i++)
		if (away->asked[i] == transaction) {
			away->asked[i] = 0;
			ours = true;
		}
	return ours;
}

static void ask_again(struct agent *agent)
{
	if (agent->away->again && !is_waiting(agent->away))
		away_request(agent);
}

static void request(struct agent *agent, const struct cell_info *cell, uint32_t *asked)
{
	struct block *block = &agent->away->block;
	struct mlrp_message message = {.type = MLRP_BLOCK_REQUEST, .transaction = register_next_transaction(agent), .subnet = cell->subnet,
				       .count = (uint16_t)agent->config.away_block,
				       .has = MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_COUNT_WANTED) | MLRP_HAS(MLRP_F_ADDRS)};

	/* The register may give others what it is not told of: first it is out of the file. */
	if (block_shrink(block, &cell->subnet, agent->config.away_block) && save(agent, true) < 0)
		return;
	message.addr_count = (uint8_t)block_list(block, &cell->subnet, message.addrs, MLRP_ADDRS_MAX);
	if (register_send(agent, &message) == 0)
		*asked = message.transaction;
}

void away_request(struct agent *agent)
{
	struct away *away = agent->away;
	struct cn_info self;

	away->again = is_waiting(away);
	if (away->again)
		return;
	block_settle(&agent->away->block, roam_replica(agent->roam));
	cells_describe(agent, &self);
	for (int i = 0; i < self.cell_count; i++)
		if (!addr_is_zero(&self.cells[i].pool_first))
			request(agent, &self.cells[i], &away->asked[i]);
	away_changed(agent);
}

void away_block_is(struct agent *agent, const struct mlrp_message *message)
{
	char subnet[ADDR_STRLEN];
	bool changed;
	int error;

	if (!answered(agent, message->transaction))
		return;
	error = block_replace(&agent->away->block, &message->subnet, message->addrs, message->addr_count, &changed);

	if (!error && changed)
		error = save(agent, true);
	if (error)
		log_error("the block of addresses cannot be kept: %s", strerror(-error));
	else if (changed)
		log_info("%u addresses of %s/%u are this CN's own block for the time when the register is away", message->addr_count,
			 addr_format(&message->subnet.addr, subnet), message->subnet.len);
	ask_again(agent);
}

bool away_refused(struct agent *agent, const struct mlrp_message *message)
{
	if (!answered(agent, message->transaction))
		return false;
	log_warn("the register sets no addresses aside for this CN: %s%s%s", mlrp_error_name(message->code), message->text[0] ? ", " : "",
		 message->text);
	return true;
}

void away_lost(struct agent *agent)
{
	memset(agent->away->asked, 0, sizeof(agent->away->asked));
	agent->away->again = false;
}

/* Given out, and the register will not have it. */
static bool drop_refused(struct agent *agent)
{
	struct block *block = &agent->away->block;
	bool changed = false;

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (entry->state != BLOCK_GIVEN || replica_find(roam_replica(agent->roam), &entry->addr))
			continue;
		entry->state = BLOCK_DECLINED; /* until the register says what this CN's block is */
		changed = true;
	}
	return changed;
}

void away_settle(struct agent *agent, const struct mlrp_message *message)
{
	struct block *block = &agent->away->block;
	bool changed = false;

	if (agent->reg.state != REGISTER_READY)
		return;
	if (message->type == MLRP_ERROR)
		changed = drop_refused(agent);
	if (message->type == MLRP_ERROR || block_find(block, &message->station.addr))
		changed |= block_settle(block, roam_replica(agent->roam));
	if (changed)
		away_request(agent); /* for others in their place */
}

int away_offer(struct agent *agent, const struct dhcp_request *request, uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = block_find(&agent->away->block, &key);

	if (!entry)
		return -ENOENT;
	if (entry->state != BLOCK_GIVEN) {
		block_assign(entry, BLOCK_OFFERED, request);
		entry->until_ms = agent_now_ms() + OFFER_MS;
	}
	return 0;
}

int away_give(struct agent *agent, const struct dhcp_request *request, uint32_t addr, uint32_t lease, unsigned ifindex)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = block_find(&agent->away->block, &key), before;
	struct station_record record;
	int error;

	if (!entry)
		return -ENOENT;
	before = *entry;
	block_assign(entry, BLOCK_GIVEN, request);
	entry->lease = lease;
	entry->lease_end = agent_unix_us() / 1000000 + lease;
	record = record_of(entry);
	error = save(agent, true);
	if (!error)
		error = roam_local(agent->roam, &record, lease, ifindex, agent_now_ms());
	if (error)
		*entry = before;
	agent_arm_roam(agent);
	return error;
}

bool away_take_back(struct agent *agent, uint32_t addr, bool declined)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = block_find(&agent->away->block, &key);

	if (!entry || entry->state != BLOCK_GIVEN || agent->reg.state >= REGISTER_SYNCHRONISING)
		return false;
	entry->state = declined ? BLOCK_DECLINED : BLOCK_FREE;
	roam_withdraw(agent->roam, &key);
	save(agent, true);
	return true;
}

/* ---- life */

int away_start(struct agent *agent)
{
	agent->away = calloc(1, sizeof(*agent->away));
	if (!agent->away)
		return -ENOMEM;
	agent->away->save = evtimer_new(agent->base, on_save, agent);
	if (!agent->away->save)
		return -ENOMEM;
	load(agent);
	return 0;
}

void away_remove_file(const struct agent_config *config)
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 16];
	json_t *all, *entry;
	bool given = false;
	size_t i;

	path_of(config, path);
	all = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(all, "block"), i, entry) {
		const char *state = json_string_value(json_object_get(entry, "state"));

		given |= state && strcmp(state, STATES[BLOCK_GIVEN]) == 0;
	}
	json_decref(all);
	if (given)
		log_warn("%s is kept: it holds addresses in use that the register does not know yet", path);
	else
		unlink(path);
}

void away_stop(struct agent *agent)
{
	struct away *away = agent->away;

	if (!away)
		return;
	if (away->save) {
		if (evtimer_pending(away->save, NULL))
			save(agent, false);
		event_free(away->save);
	}
	if (agent->tear_down)
		away_remove_file(&agent->config);
	forget(away);
	free(away);
	agent->away = NULL;
}
