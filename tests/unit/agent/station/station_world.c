/* SPDX-License-Identifier: BSD-2-Clause */
/* CN 1 with two cells and a real roaming machine. See station_world.h. */
#include "station_world.h"

struct station_world *w;

struct tmip_addr ip(unsigned net, unsigned host)
{
	return addr_from_ipv4((10u << 24 | 10u << 16 | net << 8) + host);
}

struct tmip_addr tunnel_of(uint32_t cn)
{
	return addr_from_ipv4(192u << 24 | 168u << 16 | cn);
}

struct tmip_mac mac(unsigned n)
{
	return (struct tmip_mac){{2, 0, 0, 1, (uint8_t)(n >> 8), (uint8_t)n}};
}

/* ---- what the machine decides */

static void act(const struct roam_action *action, void *arg)
{
	(void)arg;
	if (action->type == ROAM_PUT) {
		datapath_put_station(&fake_datapath, &action->addr, action->station);
		if (w->put)
			w->put(&action->addr, action->station);
	} else if (action->type == ROAM_DELETE) {
		datapath_delete_station(&fake_datapath, &action->addr);
		if (w->remove)
			w->remove(&action->addr);
	} else if (action->type == ROAM_PROBE_STATION) {
		w->probed++;
	} else if (action->type == ROAM_LOG) {
		log_at(action->level, "%s", action->text);
	}
}

const struct tmip_station *entry_of(const struct tmip_addr *addr)
{
	return fake_datapath_station(addr);
}

/* ---- stations */

struct station_record record_of(struct tmip_addr addr, uint32_t current)
{
	unsigned net = addr.v4[2];

	return (struct station_record){
		.addr = addr, .mac = mac(addr.v4[3]), .kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
		.parent = net == 4 ? CN1 : net, .current = current,
		.version = {.epoch = 3, .seq = ++w->seq},
	};
}

void commit(const struct station_record *record, unsigned ifindex)
{
	roam_record(w->roam, record, ifindex, fake_now_ms);
}

struct tmip_addr station_in(unsigned net, unsigned host, unsigned ifindex)
{
	struct station_record record = record_of(ip(net, host), CN1);

	commit(&record, ifindex);
	return record.addr;
}

struct tmip_addr station_at(unsigned net, unsigned host, uint32_t cn)
{
	struct station_record record = record_of(ip(net, host), cn);

	commit(&record, 0);
	return record.addr;
}

void seen_in(unsigned ifindex, const struct tmip_addr *addr, const struct tmip_mac *from)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = ifindex, .addr = *addr,
				   .mac = *from, .protocol = __builtin_bswap16(0x0800)};

	roam_seen(w->roam, &event, fake_now_ms);
}

/* ---- the network */

static void put_cell(struct cn_info *info, unsigned net, unsigned ifindex)
{
	struct cell_info *about = &info->cells[info->cell_count++];
	struct cell *cell;

	about->subnet = (struct prefix){ip(net, 0), 24};
	about->gateway = ip(net, 1);
	if (!ifindex)
		return;
	cell = &w->cells.list[w->cells.count++];
	snprintf(cell->name, sizeof(cell->name), "wlan%u", w->cells.count - 1);
	cell->interface = (struct netlink_interface){
		.ifindex = ifindex, .ethernet = true, .up = true, .mtu = 1500,
		.mac = {{2, 0, 0, 0, 0, (uint8_t)ifindex}},
		.addr = about->gateway, .prefix_len = 24,
	};
	cell->info = *about;
	cell->served = true;
	cell->port = frame_open(cell->name, NULL);
	assert_int_equal(roam_put_cell(w->roam, ifindex, cell->name, &about->subnet), 0);
}

static void put_cn(uint32_t id)
{
	struct cn_info info = {.id = id, .tunnel = tunnel_of(id), .port = 6554};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	put_cell(&info, id, id == CN1 ? WLAN0 : 0);
	if (id == CN1)
		put_cell(&info, 4, WLAN1);
	assert_int_equal(roam_put_cn(w->roam, &info), 0);
}

int world_setup(void **state)
{
	static const struct roam_options options = {.stations_max = 2000, .cns_max = 8,
						    .timeout_ms = 1000, .refused_ms = 5000,
						    .accept_static = true, .hold = true};

	(void)state;
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	fake_datapath_reset();
	fake_frames_reset();
	fake_netlink_reset();
	fake_tap_reset();
	w->base = time_begin();
	agent_config_init(&w->config);
	w->roam = roam_create(&options, act, NULL);
	assert_non_null(w->roam);
	roam_set_self(w->roam, CN1);
	for (uint32_t id = CN1; id <= CN3; id++)
		put_cn(id);
	roam_sync_start(w->roam, true);
	roam_sync_end(w->roam, fake_now_ms);
	calls_forget();
	fake_log_forget();
	return 0;
}

int world_teardown(void **state)
{
	(void)state;
	roam_destroy(w->roam);
	for (unsigned i = 0; i < w->cells.count; i++)
		frame_close(w->cells.list[i].port);
	time_end();
	free(w);
	return 0;
}
