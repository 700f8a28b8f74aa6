/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outage of the register: the file, its life, and going on from it. See outage.h; outage_file.c
 * makes the text of the file.
 */
#include "outage_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "io/process/clock.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "io/store/file_writer.h"

#define SAVE_MS 1000 /* how long a change that nobody waits for may lie; after a failed write */

static void path_of(const struct agent_config *config, char out[OUTAGE_PATH])
{
	snprintf(out, OUTAGE_PATH, "%s/%s.away.json", config->state_dir, config->network_name);
}

/* ---- the file */

/* One line when the file begins to fail, and one when it is written again. Tries until it is. */
static void note_outcome(struct outage *outage, int error)
{
	if (error && !outage->failing)
		log_error("%s: %s; trying again", outage->path, strerror(-error));
	else if (!error && outage->failing)
		log_info("%s is written again", outage->path);
	outage->failing = error != 0;
	if (error)
		timer_arm_idle(outage->save, SAVE_MS);
}

int outage_save(struct outage *outage, uint64_t *number)
{
	uint32_t self = roam_self(outage->with.roam);
	char *text;

	if (!self)
		return -EAGAIN;
	text = outage_file_format(outage->with.config->cn_name, self, outage_replica(outage),
				  outage_block(outage));
	if (!text) {
		note_outcome(outage, -ENOMEM);
		return -ENOMEM;
	}
	*number = file_writer_put(outage->writer, text, strlen(text));
	return 0;
}

void outage_save_now(struct outage *outage)
{
	uint64_t number;

	outage_save(outage, &number);
}

/* The requests to the register wait for a file without the addresses that have left the block. */
static void on_save(evutil_socket_t fd, short what, void *arg)
{
	struct outage *outage = arg;

	(void)fd;
	(void)what;
	if (outage->stale && register_is_ready(outage->with.reg) && !outage_is_waiting(outage))
		outage_request_blocks(outage);
	else
		outage_save_now(outage);
}

void outage_cns_changed(struct outage *outage)
{
	timer_arm_idle(outage->save, SAVE_MS);
}

static void on_written(uint64_t number, int error, void *arg)
{
	struct outage *outage = arg;

	note_outcome(outage, error);
	outage_end_bindings(outage, number, error);
	outage_arm(outage);
	if (!outage->request_after || outage->request_after > number)
		return;
	outage->request_after = 0;
	outage->stale = error != 0;
	if (!error)
		outage_request_blocks(outage);
}

/*
 * The wall clock may have been set since, and nobody knows how long this CN was away: all times
 * begin anew. The lease_end in the file is for people.
 */
static void restart_times(struct outage *outage)
{
	const struct block *block = outage_block(outage);

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (entry->state == BLOCK_DECLINED)
			entry->until_ms = outage_declined_until();
		else if (entry->state == BLOCK_BOUND)
			entry->until_ms = outage_lease_until(entry->lease);
	}
	outage_arm(outage);
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
	restart_times(outage);
}

/* ---- going on from the file */

void outage_report_leases(struct outage *outage)
{
	const struct block *block = outage_block(outage);

	for (size_t i = 0; i < block->count; i++) {
		const struct block_entry *entry = &block->list[i];
		struct station_record record = outage_record_of(entry);
		const struct replica_station *station;

		station = replica_find(outage_replica(outage), &entry->addr);
		if (entry->state != BLOCK_BOUND || outage_is_unwritten(outage, &entry->addr) ||
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
	outage->due = evtimer_new(setup->base, outage_on_due, outage);
	error = outage->save && outage->due ? open_writer(outage) : -ENOMEM;
	if (!error)
		load(outage);
	return error;
}

void outage_remove_file(const struct agent_config *config)
{
	char path[OUTAGE_PATH], *text = NULL;
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
			outage_save_now(outage);
		event_free(outage->save);
	}
	if (outage->due)
		event_free(outage->due);
	file_writer_destroy(outage->writer);
	if (tear_down)
		outage_remove_file(outage->with.config);
	DL_FOREACH_SAFE(outage->bindings, binding, next)
		free(binding);
	outage_content_free(&outage->content);
	free(outage);
}
