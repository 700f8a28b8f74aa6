/* SPDX-License-Identifier: BSD-2-Clause */
/* CNs that are mailboxes, a store that is an array and may refuse. See registry_world.h. */
#include "registry_world.h"

struct world *w;

struct tmip_addr ip(int net, int host)
{
	return addr_from_ipv4(10u << 24 | (uint32_t)net << 16 | (uint32_t)host);
}

struct tmip_mac mac(unsigned number)
{
	return (struct tmip_mac){{2, 0, 0, number >> 16, number >> 8, number}};
}

/* ---- the store */

/* Also one that was erased, whose state is 0. */
static struct station_record *find_entry(const struct disk *disk, const struct tmip_addr *addr)
{
	for (int i = 0; i < disk->station_count; i++)
		if (addr_equal(&disk->stations[i].addr, addr))
			return (struct station_record *)&disk->stations[i];
	return NULL;
}

const struct station_record *disk_find(const struct disk *disk, const struct tmip_addr *addr)
{
	const struct station_record *entry = find_entry(disk, addr);

	return entry && entry->state ? entry : NULL;
}

int disk_count(const struct disk *disk)
{
	int count = 0;

	for (int i = 0; i < disk->station_count; i++)
		count += disk->stations[i].state != 0;
	return count;
}

const struct cn_info *disk_find_cn(const struct disk *disk, uint32_t id)
{
	for (int i = 0; i < disk->cn_count; i++)
		if (disk->cns[i].id == id)
			return &disk->cns[i];
	return NULL;
}

static bool refuses(void)
{
	if (w->take > 0)
		return w->take--, false;
	if (w->refuse > 0)
		return w->refuse--, true;
	return w->refuse_percent && (unsigned)random() % 100 < w->refuse_percent;
}

/* What each call is held against; 0, or -ENOMEM. */
static int note_call(char kind, struct tmip_addr addr, uint32_t cn, uint64_t number)
{
	struct store_call call = {.kind = kind, .addr = addr, .cn = cn, .number = number,
				  .taken = !refuses()};

	assert_true(number >= w->given);
	assert_true(number <= registry_last_number(w->registry) + (kind == 'e'));
	if (w->call_count < CALLS)
		w->calls[w->call_count++] = call;
	if (call.taken)
		w->given = number;
	return call.taken ? 0 : -ENOMEM;
}

static int put_station(const struct station_record *record, uint64_t number, bool urgent, void *arg)
{
	struct disk *disk = arg;
	struct station_record *known;
	int error = note_call('s', record->addr, 0, number);

	(void)urgent;
	assert_int_not_equal(record->state, RECORD_OFFERED);
	if (error)
		return error;
	assert_true(version_compare(record->version, w->given_version) > 0);
	w->given_version = record->version;
	known = find_entry(disk, &record->addr);
	assert_true(known || disk->station_count < DISK_STATIONS);
	*(known ? known : &disk->stations[disk->station_count++]) = *record;
	return 0;
}

static int erase_station(const struct station_record *record, uint64_t number, void *arg)
{
	struct disk *disk = arg;
	struct station_record *known = find_entry(disk, &record->addr);
	int error = note_call('e', record->addr, 0, number);

	if (error)
		return error;
	assert_non_null(known); /* what is erased was stored once, and is not refused now */
	assert_int_equal(known->state, RECORD_FREE);
	assert_int_equal(version_compare(known->version, record->version), 0);
	known->state = 0;
	w->erased++;
	return 0;
}

static int put_cn(const struct cn_info *info, uint64_t number, void *arg)
{
	struct disk *disk = arg;
	struct cn_info *known;
	int error = note_call('c', (struct tmip_addr){0}, info->id, number);

	if (error)
		return error;
	w->cn_puts++;
	known = (struct cn_info *)disk_find_cn(disk, info->id);
	assert_true(known || disk->cn_count < DISK_CNS);
	*(known ? known : &disk->cns[disk->cn_count++]) = *info;
	return 0;
}

/* ---- what is promised */

static bool is_known(const struct mlrp_message *message)
{
	const struct station_record *known = record(message->addr);

	return known && known->state == RECORD_BOUND && mac_equal(&known->mac, &message->mac);
}

/* Is what the answer to this promises to be durable? A report of what is known already is not. */
static bool wants_durable(const struct mlrp_message *message)
{
	switch (message->type) {
	case MLRP_BIND:
	case MLRP_RELEASE:
	case MLRP_DECLINE:
	case MLRP_BLOCK_REQUEST:
	case MLRP_REGISTER:
		return true;
	case MLRP_CLAIM:
	case MLRP_RENEW:
		return !is_known(message);
	default:
		return false;
	}
}

/* No answer promises what a register that starts from the disk now would not know. */
static void check_promise(const struct mlrp_message *answer)
{
	const struct station_record *known;

	if (!w->promised[answer->transaction % PROMISES])
		return;
	w->kept[answer->type]++;
	switch (answer->type) {
	case MLRP_STATION:
		known = find_entry(&w->durable, &answer->station.addr);
		assert_non_null(known);
		assert_true(version_compare(known->version, answer->station.version) >= 0);
		break;
	case MLRP_BLOCK:
		for (int i = 0; i < answer->addr_count; i++) {
			known = disk_find(&w->durable, &answer->addrs[i]);
			assert_non_null(known);
			assert_int_equal(known->state, RECORD_IN_BLOCK);
		}
		break;
	case MLRP_REGISTERED:
		assert_non_null(disk_find_cn(&w->durable, answer->cn.id));
		break;
	}
}

/* ---- what goes out */

static void deliver(struct mailbox *to, const struct mlrp_message *message)
{
	assert_true(to->count < 512);
	to->box[to->count++] = *message;
}

static void push(const struct registry_action *action)
{
	for (int i = 0; i <= CNS; i++)
		if (w->cn[i].session && w->cn[i].session != action->session &&
		    registry_session_registered(w->cn[i].session))
			deliver(&w->cn[i], action->message);
}

static void note_line(const char *text)
{
	snprintf(w->told, sizeof(w->told), "%s", text);
	w->lines_about += w->about && strstr(text, w->about);
	if (strncmp(text, "the store takes", 15) != 0)
		return;
	snprintf(w->store_told, sizeof(w->store_told), "%s", text);
	w->store_lines++;
}

static void act(const struct registry_action *action, void *arg)
{
	struct mailbox *box = action->session ? registry_session_arg(action->session) : NULL;

	(void)arg;
	switch (action->type) {
	case REGISTRY_SEND:
		check_promise(action->message);
		deliver(box, action->message);
		break;
	case REGISTRY_PUSH:
		push(action);
		break;
	case REGISTRY_CLOSE:
		box->closed = true;
		break;
	case REGISTRY_LOG:
		note_line(action->text);
		break;
	}
}

/* ---- the register */

void begin(uint32_t epoch)
{
	struct registry_options options = {.epoch = epoch,
					   .stations_max = w->stations_max,
					   .cns_max = CNS,
					   .offer_s = OFFER_S,
					   .decline_s = DECLINE_S,
					   .grace_s = GRACE_S,
					   .flap_moves = w->flap_moves,
					   .flap_window_s = WINDOW_S,
					   .flap_hold_s = HOLD_S,
					   .mac_addresses = MAC_ADDRESSES,
					   .mac_declines = MAC_DECLINES,
					   .cell_claims = CELL_CLAIMS};

	struct registry_store store = {.put_station = put_station, .erase_station = erase_station,
				       .put_cn = put_cn, .arg = &w->disk};

	registry_destroy(w->registry);
	for (int i = 0; i <= CNS; i++)
		w->cn[i].session = NULL;
	w->given = 0;
	w->given_version = (struct version){0};
	w->registry = registry_create(&options, &store, act, NULL);
	assert_non_null(w->registry);
}

static int by_version(const void *a, const void *b)
{
	const struct station_record *x = a, *y = b;

	return version_compare(x->version, y->version);
}

void begin_from_disk(uint32_t epoch)
{
	begin(epoch);
	qsort(w->disk.stations, (size_t)w->disk.station_count, sizeof(w->disk.stations[0]),
	      by_version);
	for (int i = 0; i < w->disk.cn_count; i++)
		assert_int_equal(registry_load_cn(w->registry, &w->disk.cns[i]), 0);
	for (int i = 0; i < w->disk.station_count; i++) {
		const struct station_record *stored = &w->disk.stations[i];

		if (stored->state)
			assert_int_equal(registry_load_station(w->registry, stored, w->now), 0);
	}
}

int setup(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->now = (struct registry_time){1000000, 1800000000};
	w->stations_max = 1000;
	begin(EPOCH);
	registry_load_end(w->registry, w->now);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	registry_destroy(w->registry);
	free(w);
	return 0;
}

void disk_writes(void)
{
	w->durable = w->disk;
	registry_stored(w->registry, w->given, true);
}

void pass(unsigned seconds)
{
	w->now.ms += seconds * 1000ull;
	w->now.unix_s += seconds;
	while (registry_tick(w->registry, w->now))
		;
	disk_writes();
}

const struct mlrp_message *ask(int cn, struct mlrp_message *message)
{
	message->transaction = ++w->transaction;
	w->promised[w->transaction % PROMISES] = wants_durable(message);
	registry_message(w->registry, w->cn[cn].session, message, w->now);
	if (!w->disk_waits)
		disk_writes();
	for (int i = 0; i < w->cn[cn].count; i++)
		if (w->cn[cn].box[i].transaction == message->transaction)
			return &w->cn[cn].box[i];
	return NULL;
}

const struct mlrp_message *last(int cn)
{
	return &w->cn[cn].box[w->cn[cn].count - 1];
}

void open_session(int cn, uint8_t role)
{
	struct mlrp_message hello = {.type = MLRP_HELLO, .role = role, .instance = w->instance,
				     .has = w->instance ? MLRP_HAS(MLRP_F_INSTANCE) : 0};
	const char *why;

	snprintf(hello.name, sizeof(hello.name), "cn%d", cn);
	w->cn[cn] = (struct mailbox){0};
	w->cn[cn].session = registry_open(w->registry, &hello, "192.0.2.99:1", &w->cn[cn], &why);
	assert_non_null(w->cn[cn].session);
}

void close_session(int cn)
{
	registry_close(w->registry, w->cn[cn].session);
	w->cn[cn].session = NULL;
}

struct cn_info describe(int cn, int first, int last)
{
	struct cn_info info = {.tunnel = addr_from_ipv4(0xc0000200u + (uint32_t)cn),
			       .port = 6554,
			       .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%d", cn);
	info.cells[0] = (struct cell_info){.subnet = {ip(cn, 0), 24}, .gateway = ip(cn, 1)};
	if (first) {
		info.cells[0].pool_first = ip(cn, first);
		info.cells[0].pool_last = ip(cn, last);
	}
	return info;
}

const struct mlrp_message *register_info(int cn, const struct cn_info *info)
{
	struct mlrp_message message = {
		.type = MLRP_REGISTER, .has = MLRP_HAS(MLRP_F_CN), .cn = *info};

	return ask(cn, &message);
}

uint32_t join(int cn, int first, int last)
{
	struct cn_info info = describe(cn, first, last);
	const struct mlrp_message *answer;

	open_session(cn, MLRP_ROLE_CN);
	answer = register_info(cn, &info);
	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_REGISTERED);
	return answer->cn.id;
}

const struct mlrp_message *request(int cn, uint8_t type, unsigned number, struct tmip_addr addr)
{
	struct mlrp_message message = {.type = type,
				       .mac = mac(number),
				       .addr = addr,
				       .lease = 600,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_LEASE),
				       .subnet = {ip(cn, 0), 24}};

	if (!addr_is_zero(&addr))
		message.has |= MLRP_HAS(MLRP_F_ADDR);
	w->cn[cn].count = 0;
	return ask(cn, &message);
}

const struct station_record *good(int cn, uint8_t type, unsigned number, struct tmip_addr addr)
{
	const struct mlrp_message *answer = request(cn, type, number, addr);

	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_STATION);
	return &answer->station;
}

void refused(int cn, uint8_t type, unsigned number, struct tmip_addr addr, uint16_t code)
{
	const struct mlrp_message *answer = request(cn, type, number, addr);

	assert_non_null(answer);
	assert_int_equal(answer->type, MLRP_ERROR);
	assert_int_equal(answer->code, code);
}

struct tmip_addr offer(int cn, unsigned number)
{
	return good(cn, MLRP_ALLOCATE, number, (struct tmip_addr){0})->addr;
}

struct tmip_addr lease(int cn, unsigned number)
{
	struct tmip_addr addr = offer(cn, number);

	assert_int_equal(good(cn, MLRP_BIND, number, addr)->state, RECORD_BOUND);
	return addr;
}

void request_sync(int cn, struct version has, unsigned slice)
{
	struct mlrp_message message = {
		.type = MLRP_SYNC, .has = MLRP_HAS(MLRP_F_VERSION), .version = has};

	w->cn[cn].count = 0;
	ask(cn, &message);
	while (slice && registry_sync_continue(w->registry, w->cn[cn].session, slice))
		;
}

const struct station_record *record(struct tmip_addr addr)
{
	return registry_find_station(w->registry, &addr);
}

void expect(struct tmip_addr addr, int net, int host)
{
	struct tmip_addr wanted = ip(net, host);
	char a[ADDR_STRLEN], b[ADDR_STRLEN];

	assert_string_equal(addr_format(&addr, a), addr_format(&wanted, b));
}

/* What is offered is free for the store; whom it is offered to is not its business. */
static bool check_station(const struct station_record *is, void *arg)
{
	const struct station_record *stored = disk_find(&w->durable, &is->addr);
	int *count = arg;

	if (!is->version.epoch)
		return true; /* offered, and never anything else */
	assert_non_null(stored);
	assert_int_equal(version_compare(stored->version, is->version), 0);
	assert_int_equal(stored->state, is->state == RECORD_OFFERED ? RECORD_FREE : is->state);
	if (stored->state != RECORD_FREE)
		assert_memory_equal(stored, is, sizeof(*is));
	++*count;
	return true;
}

static void check_cn(const struct registry_cn_view *cn, void *arg)
{
	const struct cn_info *stored = disk_find_cn(&w->durable, cn->info->id);

	assert_non_null(stored);
	assert_memory_equal(stored, cn->info, sizeof(*stored));
	++*(int *)arg;
}

void expect_all_durable(void)
{
	int stations = 0, cns = 0, gone = 0;

	registry_each_station(w->registry, check_station, &stations);
	assert_int_equal(stations, disk_count(&w->durable));
	registry_each_cn(w->registry, check_cn, &cns);
	for (int i = 0; i < w->durable.cn_count; i++)
		gone += w->durable.cns[i].gone;
	assert_int_equal(cns, w->durable.cn_count - gone);
}
