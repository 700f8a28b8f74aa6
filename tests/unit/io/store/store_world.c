/* SPDX-License-Identifier: BSD-2-Clause */
/* A database, a loop, and a memory that fails. See store_world.h. */
#include "store_world.h"

#include <sqlite3.h>

char folder[64], path[96], why[STORE_ERROR];
struct event_base *base;
struct store *store;
uint32_t epoch;

struct cn_info cns[8];
struct station_record records[64];
int cn_count, record_count;
uint64_t durable;
bool failed;
int lost;
char lost_why[STORE_ERROR];

/* ---- memory */

/* The functions behind those below, which the libraries call, too: glibc's, or the sanitizer's. */
#ifdef __SANITIZE_ADDRESS__
#define BEHIND(name) __interceptor_##name
#else
#define BEHIND(name) __libc_##name
#endif
void *BEHIND(malloc)(size_t size);
void *BEHIND(calloc)(size_t count, size_t size);
void *BEHIND(realloc)(void *old, size_t size);

static _Thread_local int met = -1; /* requests that are still met; -1: all */
static _Thread_local bool all_fail;

void memory_fails_after(int count)
{
	met = count;
	all_fail = false;
}

bool memory_is_back(void)
{
	bool failed_once = met < 0;

	met = -1;
	all_fail = false;
	return failed_once;
}

void memory_is_gone(void)
{
	met = 0;
	all_fail = true;
}

static bool is_met(void)
{
	if (met < 0)
		return true;
	if (met == 0) {
		met = all_fail ? 0 : -1;
		errno = ENOMEM;
		return false;
	}
	met--;
	return true;
}

void *malloc(size_t size)
{
	return is_met() ? BEHIND(malloc)(size) : NULL;
}

void *calloc(size_t count, size_t size)
{
	return is_met() ? BEHIND(calloc)(count, size) : NULL;
}

void *realloc(void *old, size_t size)
{
	return is_met() ? BEHIND(realloc)(old, size) : NULL;
}

/* ---- the store */

static int on_cn(const struct cn_info *info, void *arg)
{
	(void)arg;
	cns[cn_count++] = *info;
	return 0;
}

static int on_station(const struct station_record *record, void *arg)
{
	(void)arg;
	records[record_count++] = *record;
	return 0;
}

static void on_stored(uint64_t number, bool ok, const char *cause, void *arg)
{
	(void)arg;
	if (ok)
		durable = number;
	else
		snprintf(why, sizeof(why), "%s", cause);
	failed = !ok;
	event_base_loopbreak(base);
}

static void on_lost(const char *text, void *arg)
{
	(void)arg;
	lost++;
	snprintf(lost_why, sizeof(lost_why), "%s", text);
	event_base_loopbreak(base);
}

const struct store_handler HANDLER = {
	.cn = on_cn, .station = on_station, .stored = on_stored, .lost = on_lost};

int open_again(void)
{
	cn_count = record_count = 0;
	durable = 0;
	failed = false;
	return store_open(&store, path, &epoch, why);
}

void start_store(void)
{
	assert_int_equal(open_again(), 0);
	assert_int_equal(store_load(store, &HANDLER, NULL, why), 0);
	assert_int_equal(store_start(store, base, &HANDLER, NULL), 0);
}

void end_store(void)
{
	char cause[STORE_ERROR];

	assert_int_equal(store_close(store, cause), 0);
	store = NULL;
}

/* One turn until the store tells something; a test that hangs is ended. */
void wait_for_store(void)
{
	alarm(20);
	event_base_dispatch(base);
	alarm(0);
}

void wait_until_durable(uint64_t number)
{
	while (durable < number)
		wait_for_store();
}

struct station_record station(unsigned host, uint64_t seq)
{
	return (struct station_record){.addr = addr_from_ipv4(0x0a010000u + host),
				       .mac = {{2, 0, 0, 0, 0, (uint8_t)host}},
				       .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = 1,
				       .current = 2, .version = {epoch, seq},
				       .lease_end = 1800000000};
}

int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_store.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/net.db", folder);
	base = event_base_new();
	store = NULL;
	return base ? 0 : -1;
}

int tear_down(void **state)
{
	char command[128];

	(void)state;
	end_store();
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

void sql(const char *text)
{
	sqlite3 *other;

	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
}
