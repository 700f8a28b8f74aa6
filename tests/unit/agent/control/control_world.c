/* SPDX-License-Identifier: BSD-2-Clause */
/* CN 5 and what it knows. See control_world.h. */
#include "control_world.h"

static struct control_world world;

struct control_world *w = &world;

void put_record(uint32_t parent, int host, uint32_t current, uint64_t seq)
{
	struct station_record record = {
		.addr = net_address(parent, host), .mac = {{2, 0, 0, 0, 0, (uint8_t)host}},
		.kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = parent,
		.current = current, .version = {3, seq}, .lease_end = 1750000000,
	};

	roam_record(w->roam, &record, current == SELF ? IFINDEX : 0, clock_ms());
}

void see_station(uint32_t parent, int host)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = IFINDEX,
				   .addr = net_address(parent, host),
				   .mac = {{2, 0, 0, 0, 0, (uint8_t)host}},
				   .protocol = __builtin_bswap16(0x0800)};

	roam_seen(w->roam, &event, clock_ms());
}

static void put_cells(void)
{
	struct cell *cell = &w->cells.list[0];

	w->cells.count = 2;
	strcpy(cell->name, "wlan0");
	cell->served = cell->interface.up = true;
	cell->interface.ifindex = IFINDEX;
	cell->interface.mac = (struct tmip_mac){{2, 0, 0, 0, 0, IFINDEX}};
	cell->info = net_cn(SELF).cells[0];
	strcpy(w->cells.list[1].name, "wlan1");
	strcpy(w->cells.list[1].why, "wlan1 cannot be a cell: there is no such interface");
	assert_int_equal(roam_put_cell(w->roam, IFINDEX, "wlan0", &cell->info.subnet), 0);
	fake_interface_add(IFINDEX, "wlan0", NULL);
}

static void configure(void)
{
	agent_config_init(&w->config);
	strcpy(w->config.network_name, "net");
	strcpy(w->config.cn_name, "cn5");
	strcpy(w->config.cn_if, "eth0");
	strcpy(w->config.mlr_host, "mlr.example");
	w->config.mlr_port = 6554;
	w->backbone = (struct backbone){.mtu = 1500, .tunnel = net_tunnel(SELF),
					.xdp_why = "no hardware (veth)"};
}

int control_setup(void **state)
{
	struct mlrp_message end = {.type = MLRP_SYNC_END, .version = {3, 4}};

	(void)state;
	memset(w, 0, sizeof(*w));
	memset(&fake_modules, 0, sizeof(fake_modules));
	w->base = time_begin();
	fake_datapath_reset();
	fake_netlink_reset();
	configure();
	w->roam = net_roam(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	put_cells();
	put_record(SELF, 9, SELF, 1);
	put_record(SELF, 20, 8, 2);
	put_record(8, 7, SELF, 3);
	put_record(8, 8, 8, 4);
	w->trail = trail_create(10);
	w->reg = registered_create(w->base, &w->config);
	registered_is_ready(w->reg);
	fake_link_says(fake_links_newest(), &end);
	w->report = (struct report){
		.config = &w->config, .started_ms = clock_ms(), .backbone = &w->backbone,
		.dp = &fake_datapath, .roam = w->roam, .reg = w->reg, .cells = &w->cells,
		.trail = w->trail,
		.wifi = (struct wifi *)w,
	};
	calls_forget();
	fake_log_forget();
	return 0;
}

int control_teardown(void **state)
{
	(void)state;
	trail_destroy(w->trail);
	register_destroy(w->reg);
	roam_destroy(w->roam);
	time_end();
	return 0;
}

void assert_json(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	assert_non_null(text);
	json_decref(value);
	assert_string_equal(text, expected);
	free(text);
}
