/* SPDX-License-Identifier: BSD-2-Clause */
/* Three CNs, a register and one queue; see roam_world.h. */
#include "roam_world.h"

struct world *w;

struct tmip_addr ip(int net, int host)
{
	return addr_from_ipv4(10u << 24 | 10u << 16 | (uint32_t)net << 8 | (uint32_t)host);
}

struct tmip_addr tunnel(uint32_t id)
{
	return addr_from_ipv4(192u << 24 | 168u << 16 | id);
}

static void post(uint32_t from, uint32_t to, const struct mlrp_message *message)
{
	assert_true(w->queued < 64);
	w->queue[w->queued++] = (struct envelope){from, to, *message};
}

static void map_put(struct cn *cn, const struct roam_action *action)
{
	int i = 0;

	while (i < cn->map_count && !addr_equal(&cn->map[i].addr, &action->addr))
		i++;
	assert_true(i < 8);
	cn->map[i].addr = action->addr;
	cn->map[i].entry = *action->station;
	if (i == cn->map_count)
		cn->map_count++;
}

static void map_delete(struct cn *cn, const struct tmip_addr *addr)
{
	for (int i = 0; i < cn->map_count; i++)
		if (addr_equal(&cn->map[i].addr, addr)) {
			cn->map[i] = cn->map[--cn->map_count];
			return;
		}
	fail_msg("deleted an entry that is not in the map");
}

void act(const struct roam_action *action, void *arg)
{
	struct cn *cn = arg;
	size_t used = strlen(cn->logged);

	switch (action->type) {
	case ROAM_MACS:
		cn->macs = 1u + action->record->other_count;
		break;
	case ROAM_PUT:
		if (!cn->no_map)
			map_put(cn, action);
		break;
	case ROAM_DELETE:
		if (!cn->no_map)
			map_delete(cn, &action->addr);
		break;
	case ROAM_TO_REGISTER:
		assert_true(action->message->transaction & ROAM_TRANSACTION);
		if (!w->register_down)
			post(cn->id, REGISTER, action->message);
		break;
	case ROAM_TO_CN: post(cn->id, action->cn, action->message); break;
	case ROAM_ANNOUNCE:
		cn->announced_ifindex = action->ifindex;
		cn->announced_mac = action->mac;
		break;
	case ROAM_GREET:
		cn->greeted++;
		cn->joining = action->joining;
		break;
	case ROAM_PROBE_STATION:
		if (!w->crowd)
			assert_memory_equal(&action->mac, &MAC, sizeof(MAC));
		cn->recalled_ifindex = action->ifindex;
		cn->probed_mac = action->mac;
		cn->probed++;
		break;
	case ROAM_GONE:
		cn->gone_ifindex = action->ifindex;
		cn->gone_mac = action->mac;
		break;
	case ROAM_ASK_HOLDER: cn->asked++; break;
	case ROAM_TELL_CN: cn->told[cn->told_count++ % 4] = action->cn; break;
	case ROAM_CN_TOLD: cn->cns_told++; break;
	case ROAM_ASK_CN: cn->asked_cn = action->cn; break;
	case ROAM_NEIGHBOUR: cn->neighbour = action->mac; break;
	case ROAM_DEFEND:
		cn->defended++;
		cn->defended_ifindex = action->ifindex;
		cn->defended_mac = action->mac;
		cn->holder = action->holder;
		break;
	case ROAM_CHECK_ADDRESS: cn->probed_by = action->cn; break;
	case ROAM_DUE: cn->due_ms = roam_next_due(cn->roam); break;
	case ROAM_CN: break;
	case ROAM_LOG:
		snprintf(cn->logged + used, sizeof(cn->logged) - used, "%s\n", action->text);
		break;
	}
}

/* The register: the last claim wins, and it pushes the change to every CN. */
static void register_receives(uint32_t from, const struct mlrp_message *message)
{
	struct mlrp_message reply = {
		.type = MLRP_STATION, .transaction = message->transaction,
		.has = MLRP_HAS(MLRP_F_STATION),
	};

	if (message->type == MLRP_CLAIM) {
		w->claim = *message;
		w->claims++;
	}
	if (w->refuse) {
		reply.type = MLRP_ERROR;
		reply.has = MLRP_HAS(MLRP_F_CODE);
		reply.code = w->refuse;
		if (w->refuse == MLRP_E_DAMPED) {
			reply.has |= MLRP_HAS(MLRP_F_STATION) | MLRP_HAS(MLRP_F_WAIT);
			reply.station = w->record;
			reply.wait = DAMPED;
		}
		if (w->wait) {
			reply.has |= MLRP_HAS(MLRP_F_WAIT);
			reply.wait = w->wait;
		}
		post(REGISTER, from, &reply);
		return;
	}
	if (message->type == MLRP_CLAIM)
		w->record = (struct station_record){
			.addr = message->addr, .mac = message->mac, .kind = RECORD_STATIC,
			.state = RECORD_BOUND, .parent = message->addr.v4[2],
			.version = {.epoch = 3},
		};
	if (message->type == MLRP_HANDOVER && w->record.other_count &&
	    mac_equal(&w->record.others[0], &message->mac)) {
		w->record.others[0] = w->record.mac;
		w->record.mac = message->mac;
	}
	if (message->type != MLRP_RENEW)
		w->record.current = from;
	w->record.version.seq = ++w->seq;
	reply.station = w->record;
	post(REGISTER, from, &reply);
	reply.transaction = 0;
	for (uint32_t id = 1; id <= CNS; id++)
		if (id != from)
			post(REGISTER, id, &reply);
}

/* The machine of a CN has announced its present deadline. */
static void check_due(uint32_t id)
{
	assert_int_equal(w->cn[id].due_ms, roam_next_due(w->cn[id].roam));
}

static void deliver(int index)
{
	struct envelope envelope = w->queue[index];
	struct roam *roam;

	memmove(&w->queue[index], &w->queue[index + 1],
		(size_t)(--w->queued - index) * sizeof(w->queue[0]));
	if (envelope.to == REGISTER) {
		register_receives(envelope.from, &envelope.message);
		return;
	}
	roam = w->cn[envelope.to].roam;
	if (envelope.from != REGISTER)
		roam_cn_message(roam, envelope.from, &envelope.message, w->now);
	else if (envelope.message.transaction)
		roam_register_answer(roam, &envelope.message, w->now);
	else
		roam_record(roam, &envelope.message.station, 0, w->now);
	check_due(envelope.to);
}

void deliver_all(void)
{
	while (w->queued)
		deliver(0);
}

void deliver_between(uint32_t from, uint32_t to)
{
	for (int i = 0; i < w->queued; i++)
		if (w->queue[i].from == from && w->queue[i].to == to)
			deliver(i--);
}

void lose_register(bool down)
{
	w->register_down = down;
	for (uint32_t id = 1; id <= CNS; id++) {
		if (down) {
			roam_register_lost(w->cn[id].roam);
			continue;
		}
		roam_sync_start(w->cn[id].roam, true);
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
		roam_sync_end(w->cn[id].roam, w->now);
	}
}

void seen(uint32_t id, const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	struct tmip_event event = {
		.type = TMIP_EVENT_SEEN, .ifindex = id * 10, .mac = *mac,
		.protocol = __builtin_bswap16(0x0800),
	};

	if (addr)
		event.addr = *addr;
	roam_seen(w->cn[id].roam, &event, w->now);
	check_due(id);
}

void conflict(uint32_t id, const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	struct tmip_event event = {.type = TMIP_EVENT_CONFLICT, .ifindex = id * 10, .mac = *mac,
				   .addr = *addr, .protocol = __builtin_bswap16(0x0806)};

	roam_conflict(w->cn[id].roam, &event, w->now);
	check_due(id);
}

void link_seen(uint32_t id, const struct tmip_mac *mac, uint16_t ethertype)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = id * 10, .mac = *mac,
				   .protocol = __builtin_bswap16(ethertype)};

	roam_seen(w->cn[id].roam, &event, w->now);
	check_due(id);
}

void arp_seen(uint32_t id, const struct tmip_addr *addr)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = id * 10, .mac = MAC,
				   .addr = *addr, .protocol = __builtin_bswap16(0x0806)};

	roam_seen(w->cn[id].roam, &event, w->now);
	check_due(id);
}

void answer_asked(uint32_t id, const struct tmip_addr *addr, enum roam_holder answer)
{
	roam_holder_asked(w->cn[id].roam, addr, &w->record.mac, answer, w->now);
	check_due(id);
}

void time_goes(uint32_t id, uint64_t ms)
{
	const uint64_t end = w->now + ms;
	uint64_t due;

	while ((due = roam_next_due(w->cn[id].roam)) && due <= end) {
		w->now = due > w->now ? due : w->now;
		roam_tick(w->cn[id].roam, w->now);
		check_due(id);
	}
	w->now = end;
}

const struct tmip_station *entry(uint32_t id, struct tmip_addr addr)
{
	for (int i = 0; i < w->cn[id].map_count; i++)
		if (addr_equal(&w->cn[id].map[i].addr, &addr))
			return &w->cn[id].map[i].entry;
	return NULL;
}

void expect(uint32_t id, struct tmip_addr addr, uint8_t state, uint32_t current)
{
	const struct tmip_station *found = entry(id, addr);
	struct tmip_addr end = tunnel(current);

	assert_non_null(found);
	assert_int_equal(found->state, state);
	assert_memory_equal(&found->current, &end, sizeof(end));
}

struct cn_info describe(uint32_t id)
{
	struct cn_info info = {.id = id, .tunnel = tunnel(id), .port = MLRP_PORT, .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0].subnet = (struct prefix){ip((int)id, 0), 24};
	info.cells[0].gateway = ip((int)id, 1);
	return info;
}

static void start_cn(uint32_t id)
{
	const struct roam_options options = {
		.stations_max = 4, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED,
		.accept_static = true,
	};
	struct prefix subnet = {ip((int)id, 0), 24};
	struct cn *cn = &w->cn[id];

	cn->world = w;
	cn->id = id;
	cn->roam = roam_create(&options, act, cn);
	assert_non_null(cn->roam);
	roam_set_self(cn->roam, id);
	for (uint32_t other = 1; other <= CNS; other++) {
		struct cn_info info = describe(other);

		assert_int_equal(roam_put_cn(cn->roam, &info), 0);
	}
	assert_int_equal(roam_put_cell(cn->roam, id * 10, "wlan0", &subnet), 0);
	roam_sync_start(cn->roam, true);
	if (w->record.state)
		roam_record(cn->roam, &w->record, 0, w->now);
	roam_sync_end(cn->roam, w->now);
}

int setup(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->now = 1000;
	w->seq = 7;
	w->record = (struct station_record){
		.addr = ip(1, 9), .mac = MAC, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
		.parent = 1, .current = 1, .version = {.epoch = 3, .seq = 7},
	};
	for (uint32_t id = 1; id <= CNS; id++)
		start_cn(id);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	for (uint32_t id = 1; id <= CNS; id++) {
		check_due(id);
		roam_destroy(w->cn[id].roam);
	}
	free(w);
	return 0;
}

void expect_everywhere(uint32_t current)
{
	for (uint32_t id = 1; id <= CNS; id++) {
		uint8_t here = id == 1 ? TMIP_STATION_HOME : TMIP_STATION_VISITING;
		uint8_t there = id == 1 ? TMIP_STATION_AWAY : TMIP_STATION_ELSEWHERE;
		struct roam_counts counts;

		expect(id, ip(1, 9), id == current ? here : there, current);
		roam_count(w->cn[id].roam, &counts);
		assert_int_equal(counts.pending, 0);
		assert_int_equal(entry(id, ip(1, 9))->seq, w->record.version.seq);
	}
}

uint8_t tunnel_type(uint32_t at, uint32_t to)
{
	return replica_find_cn(roam_replica(w->cn[at].roam), to)->tunnel;
}
