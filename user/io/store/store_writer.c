/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that writes the register's database: takes batches, tries again what failed, and looks
 * after the file. See store.h; store.c is the loop's side.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_internal.h"

#define RETRY_MS 1000 /* after a failed commit */
#define LOOK_MS 1000  /* between two looks at the file, while nothing is to be written */

static void post_result(struct store *store, uint64_t number, size_t written, bool ok,
			const char *why, double ms)
{
	uint64_t one = 1;

	pthread_mutex_lock(&store->mutex);
	store->result.number = number;
	store->result.ok = ok;
	store->result.fresh = true;
	snprintf(store->result.why, sizeof(store->result.why), "%s", why);
	store->counts.commits += ok;
	store->counts.failed += !ok;
	store->counts.written += ok ? written : 0;
	store->counts.commit_ms = ms;
	pthread_mutex_unlock(&store->mutex);
	if (write(store->event_fd, &one, sizeof(one)) < 0)
		return; /* its counter is full: the loop has results to read already */
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static struct timespec in_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	return at;
}

/* What was written is lost: the loop hands over everything anew. */
static void post_lost(struct store *store, const char *why)
{
	uint64_t one = 1;

	pthread_mutex_lock(&store->mutex);
	store->result.lost = true;
	snprintf(store->result.lost_why, sizeof(store->result.lost_why), "%s", why);
	store->counts.lost++;
	pthread_mutex_unlock(&store->mutex);
	if (write(store->event_fd, &one, sizeof(one)) < 0)
		return; /* as above */
}

/* Is the file lost? Then the next commit begins a new one. */
bool store_look(struct store *store)
{
	char why[STORE_ERROR];

	if (!store->db.handle || database_look(&store->db, why) != -ESTALE)
		return false;
	post_lost(store, why);
	database_abandon(&store->db);
	return true;
}

/* The batch to write, or NULL: the end. Waits, and looks at the file from time to time. */
static struct batch *next_batch(struct store *store)
{
	struct timespec until = in_ms(LOOK_MS);
	struct batch *batch;

	pthread_mutex_lock(&store->mutex);
	while (!store->handed && !store->stop) {
		if (pthread_cond_timedwait(&store->cond, &store->mutex, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&store->mutex);
		store_look(store);
		until = in_ms(LOOK_MS);
		pthread_mutex_lock(&store->mutex);
	}
	batch = store->handed;
	store->handed = NULL;
	pthread_mutex_unlock(&store->mutex);
	return batch;
}

/* False: the loop asked for the end. */
static bool wait_before_retry(struct store *store)
{
	struct timespec until = in_ms(RETRY_MS);
	bool stop;

	pthread_mutex_lock(&store->mutex);
	while (!store->stop && pthread_cond_timedwait(&store->cond, &store->mutex, &until) == 0)
		;
	stop = store->stop;
	pthread_mutex_unlock(&store->mutex);
	return !stop;
}

/*
 * flock(2) does not disturb SQLite's own locks; but the descriptor must outlive the database,
 * because closing it drops them.
 */
int store_lock_file(struct store *store, char why[STORE_ERROR])
{
	const char *path = store->path;
	int error;

	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd >= 0 && flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	error = errno;
	if (error == EWOULDBLOCK)
		snprintf(why, STORE_ERROR, "database %.200s is in use by another process", path);
	else
		snprintf(why, STORE_ERROR, "database %.180s: %s", path, strerror(error));
	return -error;
}

/* What has the name now is the database of another register. */
static bool is_of_another(const struct store *store)
{
	int fd = open(store->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat now, ours = {0};
	bool used;

	if (fd < 0)
		return false;
	if (store->lock_fd >= 0)
		fstat(store->lock_fd, &ours);
	used = fstat(fd, &now) == 0 && (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev) &&
	       flock(fd, LOCK_EX | LOCK_NB) < 0;
	close(fd);
	return used;
}

/* A new file in place of the one that is lost. */
static int begin_anew(struct store *store, char why[STORE_ERROR])
{
	int former = store->lock_fd, error;

	if (is_of_another(store)) {
		snprintf(why, STORE_ERROR, "database %.200s is in use by another process",
			 store->path);
		return -EWOULDBLOCK;
	}
	error = database_leave(&store->db, why);
	if (error)
		return error;
	error = store_lock_file(store, why);
	if (former >= 0)
		close(former);
	if (error)
		return error;
	error = database_begin(&store->db, why);
	if (error)
		database_drop(&store->db);
	return error;
}

/* The commit counts only if it went to the file that has the name. */
static int commit(struct store *store, const struct batch *batch, char why[STORE_ERROR])
{
	int error;

	store_look(store);
	error = store->db.handle ? 0 : begin_anew(store, why);
	if (!error)
		error = database_write(&store->db, batch, why);
	if (error == -EUCLEAN) {
		post_lost(store, why);
		database_abandon(&store->db);
	} else if (!error && store_look(store)) {
		error = -ESTALE;
	}
	return error;
}

/* A file that was lost at this moment is begun anew at once. */
int store_write_once(struct store *store, const struct batch *batch, char why[STORE_ERROR])
{
	int error = commit(store, batch, why);

	return error == -ESTALE || error == -EUCLEAN ? commit(store, batch, why) : error;
}

/* The batch is empty when the loop hears that it is written. It stays as it is if the end comes. */
static void write_batch(struct store *store, struct batch *batch)
{
	size_t size = HASH_COUNT(batch->stations) + HASH_COUNT(batch->cns);
	uint64_t number = batch->number;
	char why[STORE_ERROR] = "";
	bool ok;

	do {
		double start = now_ms(), taken;

		ok = store_write_once(store, batch, why) == 0;
		taken = now_ms() - start;
		if (ok)
			store_batch_clear(batch);
		post_result(store, number, size, ok, why, taken);
	} while (!ok && wait_before_retry(store));
}

static void *writer(void *arg)
{
	struct store *store = arg;
	struct batch *batch;

	while ((batch = next_batch(store)))
		write_batch(store, batch);
	return NULL;
}

/* ---- begin and end */

/* Signals go to the loop's thread. */
int store_start_thread(struct store *store)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&store->thread, NULL, writer, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	store->running = !error;
	return -error;
}

/* A batch that the writer could not write stays in its place. */
void store_stop_thread(struct store *store)
{
	pthread_mutex_lock(&store->mutex);
	store->stop = true;
	pthread_cond_signal(&store->cond);
	pthread_mutex_unlock(&store->mutex);
	pthread_join(store->thread, NULL);
	store->running = false;
}
