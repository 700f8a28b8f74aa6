/* SPDX-License-Identifier: BSD-2-Clause */
/* The outage of the register. See outage.h; the text of the file is made by outage_file.c. */
#include "outage.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "io/process/clock.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "io/store/file_writer.h"
#include "outage_file.h"
#include "register.h"

#define OFFER_MS 30000
#define SAVE_MS 1000 /* how long a change that nobody waits for may lie */
#define FILE_PATH (CONFIG_PATH_LEN + NAME_LEN + 16)

/* A lease that waits for the disk. */
struct binding {
	uint64_t number;           /* of the text that has the lease */
	struct block_entry before; /* the entry, as it is again if the write fails */
	struct station_record record;
	uint32_t lease;
	unsigned ifindex;
	outage_done *done;
	void *arg;
	struct binding *prev, *next;
};

struct outage {
	struct outage_setup with;
	struct outage_content content; /* cn_id, cns: the file's, until the agent goes on from it */
	struct file_writer *writer;
	char path[FILE_PATH];
	struct event *save;
	struct binding *bindings;      /* in the order of their numbers */
	uint32_t asked[CN_CELLS_MAX];  /* transactions of requests that are not answered yet */
	bool again;                    /* what was asked for is out of date */
	bool stale;                    /* the file has free addresses that the block has no more */
	uint64_t request_after;        /* number of the text that ends that; 0: none is written */
};

static void path_of(const struct agent_config *config, char out[FILE_PATH])
{
	snprintf(out, FILE_PATH, "%s/%s.away.json", config->state_dir, config->network_name);
}

static const struct replica *replica_of(const struct outage *outage)
{
	return roam_replica(outage->with.roam);
}

static struct block *block_of(struct outage *outage)
{
	return &outage->content.block;
}

static struct block_entry *find_entry(struct outage *outage, const struct tmip_addr *addr)
{
	return block_find(block_of(outage), addr);
}

/* ---- the file */

/*
 * Hands the file to its writer. 0, with the number of the text; -EAGAIN: this CN has no number
 * yet, and nothing that it could go on from.
 */
static int save(struct outage *outage, uint64_t *number)
{
	uint32_t self = roam_self(outage->with.roam);
	char *text;

	if (!self)
		return -EAGAIN;
	text = outage_file_format(outage->with.config->cn_name, self, replica_of(outage),
				  block_of(outage));
	if (!text)
		return -ENOMEM;
	*number = file_writer_put(outage->writer, text, strlen(text));
	return 0;
}

/* For changes that nobody waits for. */
static void save_now(struct outage *outage)
{
	uint64_t number;
	int error = save(outage, &number);

	if (error && error != -EAGAIN)
		log_error("%s: %s", outage->path, strerror(-error));
}

static void on_save(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	save_now(arg);
}

void outage_cns_changed(struct outage *outage)
{
	timer_arm_idle(outage->save, SAVE_MS);
}

static void end_bindings(struct outage *outage, uint64_t number, int error);

static void on_written(uint64_t number, int error, void *arg)
{
	struct outage *outage = arg;

	if (error)
		log_error("%s: %s", outage->path, strerror(-error));
	end_bindings(outage, number, error);
	if (!outage->request_after || outage->request_after > number)
		return;
	outage->request_after = 0;
	outage->stale = error != 0;
	if (!error)
		outage_request_blocks(outage);
}

/* Without a file that can be read, the register sets other addresses aside. */
static void load(struct outage *outage)
{
	char *text = NULL;
	size_t len;
	int error = file_read(outage->path, &text, &len);

	if (error && error != -ENOENT)
		log_warn("%s: %s", outage->path, strerror(-error));
	if (error)
		return;
	if (!outage_file_parse(text, len, outage->with.config->cn_name, &outage->content))
		log_warn("%s is not that of this CN, or damaged: it is not used", outage->path);
	free(text);
}

/* ---- going on from the file */

static struct station_record record_of(const struct block_entry *entry)
{
	struct station_record record = {.addr = entry->addr, .mac = entry->mac,
					.kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
					.lease_end = entry->lease_end,
					.client_id_len = entry->client_id_len};

	memcpy(record.client_id, entry->client_id, sizeof(record.client_id));
	return record;
}

/* Does a lease of this address wait for the disk? Then the client has not heard of it. */
static bool is_unwritten(const struct outage *outage, const struct tmip_addr *addr)
{
	const struct binding *binding;

	DL_FOREACH(outage->bindings, binding)
		if (addr_equal(&binding->record.addr, addr))
			return true;
	return false;
}

void outage_report_leases(struct outage *outage)
{
	const struct block *block = block_of(outage);

	for (size_t i = 0; i < block->count; i++) {
		const struct block_entry *entry = &block->list[i];
		struct station_record record = record_of(entry);
		const struct replica_station *station;

		station = replica_find(replica_of(outage), &entry->addr);
		if (entry->state != BLOCK_GIVEN || is_unwritten(outage, &entry->addr) ||
		    (station && station->record.state))
			continue;
		roam_local(outage->with.roam, &record, entry->lease, 0, clock_ms());
	}
}

void outage_begin(struct outage *outage)
{
	const struct outage_calls *calls = &outage->with.calls;
	struct outage_content *content = &outage->content;
	struct roam *roam = outage->with.roam;
	struct cn_info self;

	if (roam_self(roam) || !content->cn_id)
		return;
	calls->describe_cn(&self, calls->arg);
	self.id = content->cn_id;
	roam_set_self(roam, content->cn_id);
	calls->put_cn(&self, calls->arg);
	for (size_t i = 0; i < content->cn_count; i++)
		calls->put_cn(&content->cns[i], calls->arg);
	outage_report_leases(outage);
	roam_trust_adopted(roam, clock_ms());
	log_warn("without a register: going on as CN number %u with %zu other CNs and a block "
		 "of %zu addresses, as this CN knew them", content->cn_id, content->cn_count,
		 content->block.count);
}

/* ---- the block */

const struct block *outage_own_block(const struct outage *outage)
{
	return &outage->content.block;
}

/*
 * One request at a time: the register takes back what a request does not name, which would include
 * what its last answer is just bringing.
 */
static bool is_waiting(const struct outage *outage)
{
	for (int i = 0; i < CN_CELLS_MAX; i++)
		if (outage->asked[i])
			return true;
	return false;
}

/* Is this the answer to a request? Then the request waits no more. */
static bool end_request(struct outage *outage, uint32_t transaction)
{
	bool ours = false;

	for (int i = 0; transaction && i < CN_CELLS_MAX; i++)
		if (outage->asked[i] == transaction) {
			outage->asked[i] = 0;
			ours = true;
		}
	return ours;
}

static void request(struct outage *outage, const struct prefix *subnet, uint32_t *asked)
{
	unsigned wanted = outage->with.config->away_block;
	struct mlrp_message message = {
		.type = MLRP_BLOCK_REQUEST, .subnet = *subnet, .count = (uint16_t)wanted,
		.transaction = register_next_transaction(outage->with.reg),
		.has = MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_COUNT_WANTED) |
		       MLRP_HAS(MLRP_F_ADDRS),
	};

	message.addr_count = (uint8_t)block_list(block_of(outage), subnet, message.addrs,
						 MLRP_ADDRS_MAX);
	if (register_send(outage->with.reg, &message) == 0)
		*asked = message.transaction;
}

/*
 * The register may offer others an address that a request does not name, so that address leaves the
 * file first. Returns whether the request must wait for the disk.
 */
static bool shrink(struct outage *outage, const struct cn_info *self)
{
	unsigned wanted = outage->with.config->away_block;
	bool shrunk = false;

	for (int i = 0; i < self->cell_count; i++)
		if (!addr_is_zero(&self->cells[i].pool_first))
			shrunk |= block_shrink(block_of(outage), &self->cells[i].subnet, wanted);
	outage->stale |= shrunk;
	if ((shrunk || (outage->stale && !outage->request_after)) &&
	    save(outage, &outage->request_after) < 0)
		outage->request_after = 0;
	return outage->stale;
}

void outage_request_blocks(struct outage *outage)
{
	struct cn_info self;

	outage->again = is_waiting(outage);
	if (outage->again)
		return;
	block_settle(block_of(outage), replica_of(outage));
	outage->with.calls.describe_cn(&self, outage->with.calls.arg);
	if (shrink(outage, &self))
		return;
	for (int i = 0; i < self.cell_count; i++)
		if (!addr_is_zero(&self.cells[i].pool_first))
			request(outage, &self.cells[i].subnet, &outage->asked[i]);
	outage_cns_changed(outage);
}

/* After the last answer, if what was asked for is out of date. */
static void request_again(struct outage *outage)
{
	if (outage->again && !is_waiting(outage))
		outage_request_blocks(outage);
}

void outage_handle_block(struct outage *outage, const struct mlrp_message *message)
{
	char subnet[ADDR_STRLEN];
	bool changed;
	int error;

	if (!end_request(outage, message->transaction))
		return;
	error = block_replace(block_of(outage), &message->subnet, message->addrs,
			      message->addr_count, &changed);
	if (error)
		log_error("the block of addresses cannot be kept: %s", strerror(-error));
	else if (changed)
		log_info("%u addresses of %s/%u are this CN's own block for the time when the "
			 "register is away",
			 message->addr_count, addr_format(&message->subnet.addr, subnet),
			 message->subnet.len);
	if (!error && changed)
		save_now(outage);
	request_again(outage);
}

bool outage_handle_error(struct outage *outage, const struct mlrp_message *message)
{
	if (!end_request(outage, message->transaction))
		return false;
	log_warn("the register sets no addresses aside for this CN: %s%s%s",
		 mlrp_error_name(message->code), message->text[0] ? ", " : "", message->text);
	request_again(outage);
	return true;
}

void outage_register_lost(struct outage *outage)
{
	memset(outage->asked, 0, sizeof(outage->asked));
	outage->again = false;
	outage->request_after = 0;
}

/* Leases that the register refuses. Returns whether there were any. */
static bool drop_refused(struct outage *outage)
{
	struct block *block = block_of(outage);
	bool changed = false;

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (entry->state != BLOCK_GIVEN || is_unwritten(outage, &entry->addr) ||
		    replica_find(replica_of(outage), &entry->addr))
			continue;
		entry->state = BLOCK_DECLINED; /* until the register says what this CN's block is */
		changed = true;
	}
	return changed;
}

void outage_settle(struct outage *outage, const struct mlrp_message *message)
{
	bool changed = false;

	if (!register_is_ready(outage->with.reg))
		return;
	if (message->type == MLRP_ERROR)
		changed = drop_refused(outage);
	if (message->type == MLRP_ERROR || find_entry(outage, &message->station.addr))
		changed |= block_settle(block_of(outage), replica_of(outage));
	if (changed)
		outage_request_blocks(outage); /* for others in their place */
}

/* ---- for the DHCP server */

int outage_offer(struct outage *outage, const struct dhcp_request *request, uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = find_entry(outage, &key);

	if (!entry)
		return -ENOENT;
	if (entry->state != BLOCK_GIVEN) {
		block_assign(entry, BLOCK_OFFERED, request);
		entry->until_ms = clock_ms() + OFFER_MS;
	}
	return 0;
}

/* If the client has repeated its message, the later write decides about the entry. */
static void undo(struct outage *outage, const struct binding *binding)
{
	struct block_entry *entry = find_entry(outage, &binding->before.addr);
	struct binding *later;

	DL_FOREACH(outage->bindings, later)
		if (addr_equal(&later->before.addr, &binding->before.addr)) {
			later->before = binding->before;
			return;
		}
	if (entry && entry->state == BLOCK_GIVEN)
		*entry = binding->before;
}

/*
 * The lease is on the disk: from now on the network knows of it. If the register has come back
 * meanwhile, the client gets its address there.
 */
static int activate(struct outage *outage, const struct binding *binding)
{
	if (register_is_ready(outage->with.reg))
		return -EAGAIN;
	return roam_local(outage->with.roam, &binding->record, binding->lease, binding->ifindex,
			  clock_ms());
}

static void end_bindings(struct outage *outage, uint64_t number, int error)
{
	while (outage->bindings && outage->bindings->number <= number) {
		struct binding *binding = outage->bindings;
		int result = error ? error : activate(outage, binding);

		DL_DELETE(outage->bindings, binding);
		if (result)
			undo(outage, binding);
		binding->done(result, binding->arg);
		free(binding);
	}
}

int outage_bind(struct outage *outage, const struct dhcp_request *request, uint32_t addr,
		uint32_t lease, unsigned ifindex, outage_done *done, void *arg)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = find_entry(outage, &key);
	struct binding *binding;
	int error;

	if (!entry)
		return -ENOENT;
	binding = calloc(1, sizeof(*binding));
	if (!binding)
		return -ENOMEM;
	binding->before = *entry;
	block_assign(entry, BLOCK_GIVEN, request);
	entry->lease = lease;
	entry->lease_end = clock_unix_us() / 1000000 + lease;
	error = save(outage, &binding->number);
	if (error) {
		*entry = binding->before;
		free(binding);
		return error;
	}
	binding->record = record_of(entry);
	binding->lease = lease;
	binding->ifindex = ifindex;
	binding->done = done;
	binding->arg = arg;
	DL_APPEND(outage->bindings, binding);
	return 0;
}

bool outage_return(struct outage *outage, uint32_t addr, bool declined)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = find_entry(outage, &key);

	if (!entry || entry->state != BLOCK_GIVEN || register_is_registered(outage->with.reg))
		return false;
	entry->state = declined ? BLOCK_DECLINED : BLOCK_FREE;
	roam_withdraw(outage->with.roam, &key);
	save_now(outage);
	return true;
}

/* ---- life */

static int open_writer(struct outage *outage)
{
	const struct file_writer_setup setup = {.path = outage->path, .mode = 0600, .durable = true,
						.written = on_written, .arg = outage};

	return file_writer_create(&outage->writer, outage->with.base, &setup);
}

int outage_create(struct outage **out, const struct outage_setup *setup)
{
	struct outage *outage = calloc(1, sizeof(*outage));
	int error;

	*out = outage;
	if (!outage)
		return -ENOMEM;
	outage->with = *setup;
	path_of(setup->config, outage->path);
	outage->save = evtimer_new(setup->base, on_save, outage);
	error = outage->save ? open_writer(outage) : -ENOMEM;
	if (!error)
		load(outage);
	return error;
}

void outage_remove_file(const struct agent_config *config)
{
	char path[FILE_PATH], *text = NULL;
	size_t len;
	bool needed;

	path_of(config, path);
	needed = file_read(path, &text, &len) == 0 && outage_file_has_leases(text, len);
	free(text);
	if (needed)
		log_warn("%s is kept: it holds addresses in use that the register does not know "
			 "yet", path);
	else
		unlink(path);
}

void outage_destroy(struct outage *outage, bool tear_down)
{
	struct binding *binding, *next;

	if (!outage)
		return;
	if (outage->save) {
		if (evtimer_pending(outage->save, NULL))
			save_now(outage);
		event_free(outage->save);
	}
	file_writer_destroy(outage->writer);
	if (tear_down)
		outage_remove_file(outage->with.config);
	DL_FOREACH_SAFE(outage->bindings, binding, next)
		free(binding);
	outage_content_free(&outage->content);
	free(outage);
}
