/* SPDX-License-Identifier: BSD-2-Clause */
/* CNs that are mailboxes, a disk that is an array. See registry_world.h. */
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

static void store_station(const struct station_record *record)
{
	for (int i = 0; i < w->stored_count; i++)
		if (addr_equal(&w->stored[i].addr, &record->addr)) {
			w->stored[i] = *record;
			return;
		}
	assert_true(w->stored_count < 1024);
	w->stored[w->stored_count++] = *record;
}

static void deliver(struct mailbox *to, const struct mlrp_message *message)
{
	assert_true(to->count < 512);
	to->box[to->count++] = *message;
}

static void act(const struct registry_action *action, void *arg)
{
	(void)arg;
	switch (action->type) {
	case REGISTRY_SEND:
		deliver(registry_session_arg(action->session), action->message);
		break;
	case REGISTRY_PUSH:
		for (int i = 0; i <= CNS; i++)
			if (w->cn[i].session && w->cn[i].session != action->session && registry_session_registered(w->cn[i].session))
				deliver(&w->cn[i], action->message);
		break;
	case REGISTRY_CLOSE: ((struct mailbox *)registry_session_arg(action->session))->closed = true; break;
	case REGISTRY_STORE_STATION:
		assert_int_equal(action->number, registry_last_number(w->registry));
		store_station(action->record);
		break;
	case REGISTRY_ERASE_STATION: w->erased++; break;
	case REGISTRY_STORE_CN: w->cns[w->stored_cns++ % 8] = *action->cn; break;
	case REGISTRY_LOG: snprintf(w->told, sizeof(w->told), "%s", action->text); break;
	}
}

void begin(uint32_t epoch)
{
	struct registry_options options = {.epoch = epoch, .stations_max = w->stations_max, .cns_max = CNS, .offer_s = OFFER_S,
					   .decline_s = DECLINE_S, .grace_s = GRACE_S,
					   .flap_moves = w->flap_moves, .flap_window_s = WINDOW_S, .flap_hold_s = HOLD_S};

	registry_destroy(w->registry);
	for (int i = 0; i <= CNS; i++)
		w->cn[i].session = NULL;
	w->registry = registry_create(&options, act, NULL);
	assert_non_null(w->registry);
}

void begin_from_disk(uint32_t epoch)
{
	int cns = w->stored_cns, stations = w->stored_count;

	begin(epoch);
	for (int i = 0; i < cns; i++)
		assert_int_equal(registry_load_cn(w->registry, &w->cns[i]), 0);
	for (int i = 0; i < stations; i++)
		assert_int_equal(registry_load_station(w->registry, &w->stored[i], w->now), 0);
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
	registry_stored(w->registry, registry_last_number(w->registry), true);
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
	struct mlrp_message hello = {.type = MLRP_HELLO, .role = role};
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
	struct cn_info info = {.tunnel = addr_from_ipv4(0xc0000200u + (uint32_t)cn), .port = 6554, .cell_count = 1};

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
	struct mlrp_message message = {.type = MLRP_REGISTER, .has = MLRP_HAS(MLRP_F_CN), .cn = *info};

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
	struct mlrp_message message = {.type = type, .mac = mac(number), .addr = addr, .lease = 600,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_LEASE), .subnet = {ip(cn, 0), 24}};

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
	struct mlrp_message message = {.type = MLRP_SYNC, .has = MLRP_HAS(MLRP_F_VERSION), .version = has};

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
