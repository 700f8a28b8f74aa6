/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the event loop hands over to the writer of the register's database. See store.h. The database
 * belongs to the loop until the writer starts, then to the writer (store_writer.c).
 */
#include "store.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store_internal.h"

#define LAZY_MS 20    /* how long a record that nobody waits for may lie */

/* ---- batches */

static bool batch_is_empty(const struct batch *batch)
{
	return !batch->stations && !batch->cns && !batch->mark;
}

void store_batch_clear(struct batch *batch)
{
	struct station_op *station, *next_station;
	struct cn_op *cn, *next_cn;

	HASH_ITER(hh, batch->stations, station, next_station) {
		HASH_DEL(batch->stations, station);
		free(station);
	}
	HASH_ITER(hh, batch->cns, cn, next_cn) {
		HASH_DEL(batch->cns, cn);
		free(cn);
	}
	*batch = (struct batch){0};
}

static struct batch *other_batch(struct store *store)
{
	return &store->batches[store->gathering == &store->batches[0]];
}

static struct station_op *gather_station(struct store *store, const struct tmip_addr *addr)
{
	struct batch *batch = store->gathering;
	struct station_op *op;

	HASH_FIND(hh, batch->stations, addr, sizeof(*addr), op);
	if (op)
		return op;
	op = calloc(1, sizeof(*op));
	if (!op)
		return NULL;
	op->record.addr = *addr;
	HASH_ADD(hh, batch->stations, record.addr, sizeof(op->record.addr), op);
	if (op->hh.tbl)
		return op;
	free(op);
	return NULL;
}

static struct cn_op *gather_cn(struct store *store, uint32_t id)
{
	struct batch *batch = store->gathering;
	struct cn_op *op;

	HASH_FIND(hh, batch->cns, &id, sizeof(id), op);
	if (op)
		return op;
	op = calloc(1, sizeof(*op));
	if (!op)
		return NULL;
	op->info.id = id;
	HASH_ADD(hh, batch->cns, info.id, sizeof(op->info.id), op);
	if (op->hh.tbl)
		return op;
	free(op);
	return NULL;
}

/* ---- the loop's side */

/* Needs no memory, so that no change lies here for want of it. */
static void hand_over(struct store *store)
{
	struct batch *batch = store->gathering;

	if (store->busy || batch_is_empty(batch))
		return;
	store->gathering = other_batch(store);
	store->busy = true;
	pthread_mutex_lock(&store->mutex);
	store->handed = batch;
	pthread_cond_signal(&store->cond);
	pthread_mutex_unlock(&store->mutex);
}

static void on_submit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hand_over(arg);
}

/* What is urgent leaves at the end of this turn of the loop, with all that came in it. */
static void arm(struct store *store)
{
	struct timeval now = {0}, later = {.tv_usec = LAZY_MS * 1000};
	bool urgent = store->gathering->urgent;

	if (store->busy || !store->submit || batch_is_empty(store->gathering))
		return;
	if (!urgent && evtimer_pending(store->submit, NULL))
		return;
	if (evtimer_add(store->submit, urgent ? &now : &later) < 0)
		event_active(store->submit, 0, 0); /* no memory for the timer */
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct store *store = arg;
	struct result result;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&store->mutex);
	result = store->result;
	store->result.fresh = store->result.lost = false;
	pthread_mutex_unlock(&store->mutex);
	if (result.lost)
		store->handler->lost(result.lost_why, store->arg);
	if (!result.fresh)
		return;
	if (result.ok)
		store->busy = false;
	/* While the disk fails nobody shall wait for it: all numbers so far count as failed. */
	store->handler->stored(result.ok ? result.number : store->number, result.ok, result.why,
			       store->arg);
	arm(store);
}

static int note(struct store *store, uint64_t number, bool urgent)
{
	store->number = number;
	store->gathering->number = number;
	store->gathering->urgent |= urgent;
	arm(store);
	return 0;
}

int store_put_station(struct store *store, const struct station_record *record, uint64_t number,
		      bool urgent)
{
	struct station_op *op = gather_station(store, &record->addr);

	if (!op)
		return -ENOMEM;
	op->record = *record;
	op->erase = false;
	return note(store, number, urgent);
}

int store_erase_station(struct store *store, const struct tmip_addr *addr, uint64_t number)
{
	struct station_op *op = gather_station(store, addr);

	if (!op)
		return -ENOMEM;
	op->erase = true;
	return note(store, number, false);
}

int store_put_cn(struct store *store, const struct cn_info *info, uint64_t number)
{
	struct cn_op *op = gather_cn(store, info->id);

	if (!op)
		return -ENOMEM;
	op->info = *info;
	return note(store, number, true);
}

void store_mark_clock(struct store *store)
{
	store->gathering->mark = true;
	note(store, store->number, false);
}

void store_count(const struct store *store, struct store_counts *counts)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)&store->mutex;

	pthread_mutex_lock(mutex);
	*counts = store->counts;
	pthread_mutex_unlock(mutex);
}

/* ---- begin and end */

/* The writer waits by a clock that nobody sets. */
static void init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

int store_open(struct store **out, const char *path, uint32_t *epoch, char why[STORE_ERROR])
{
	struct store *store = calloc(1, sizeof(*store));
	int error;

	if (!store) {
		snprintf(why, STORE_ERROR, "no memory");
		return -ENOMEM;
	}
	store->gathering = &store->batches[0];
	pthread_mutex_init(&store->mutex, NULL);
	init_cond(&store->cond);
	store->event_fd = -1;
	snprintf(store->path, sizeof(store->path), "%s", path);
	error = store_lock_file(store, why);
	if (!error)
		error = database_open(&store->db, path, epoch, why);
	if (error) {
		store_close(store, why);
		return error;
	}
	*out = store;
	return 0;
}

int store_read_clock(struct store *store, struct net_clock_past *past, char why[STORE_ERROR])
{
	return database_read_clock(&store->db, past, why);
}

int store_set_clock(struct store *store, const struct net_clock_mark *mark, int64_t shift_s,
		    char why[STORE_ERROR])
{
	int error = database_set_clock(&store->db, mark, shift_s, why);

	if (!error)
		database_watch(&store->db);
	return error;
}

int store_load(struct store *store, const struct store_handler *handler, void *arg,
	       char why[STORE_ERROR])
{
	return database_load(&store->db, handler, arg, why);
}

int store_start(struct store *store, struct event_base *base, const struct store_handler *handler,
		void *arg)
{
	store->handler = handler;
	store->arg = arg;
	store->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->event_fd < 0)
		return -errno;
	store->wake = event_new(base, store->event_fd, EV_READ | EV_PERSIST, on_wake, store);
	store->submit = evtimer_new(base, on_submit, store);
	if (!store->wake || !store->submit || event_add(store->wake, NULL) < 0)
		return -ENOMEM;
	arm(store); /* for changes that came while the database was read */
	return store_start_thread(store);
}

bool store_stop(struct store *store)
{
	if (store->running)
		store_stop_thread(store);
	return store_look(store) || store->result.lost;
}

/*
 * The older batch first, and the newer one only after it: the database never has a change without
 * those before it.
 */
static int write_rest(struct store *store, char why[STORE_ERROR])
{
	struct batch *rest[2] = {other_batch(store), store->gathering};
	int error = 0;

	for (int i = 0; i < 2 && !error; i++)
		if (!batch_is_empty(rest[i]))
			error = store_write_once(store, rest[i], why);
	return error;
}

/* The mark of the last moment. Without it an earlier one counts: then leases last longer. */
static void write_mark(struct store *store)
{
	const struct batch nothing = {.number = store->number};
	char why[STORE_ERROR];

	if (store->db.handle && store->db.mark)
		database_write(&store->db, &nothing, why);
}

int store_close(struct store *store, char why[STORE_ERROR])
{
	int error;

	if (!store)
		return 0;
	if (store->running)
		store_stop_thread(store);
	error = write_rest(store, why);
	if (!error)
		write_mark(store);
	for (int i = 0; i < 2; i++)
		store_batch_clear(&store->batches[i]);
	database_close(&store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->wake)
		event_free(store->wake);
	if (store->submit)
		event_free(store->submit);
	if (store->event_fd >= 0)
		close(store->event_fd);
	pthread_cond_destroy(&store->cond);
	pthread_mutex_destroy(&store->mutex);
	free(store);
	return error;
}
