/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine of the test's own. See interface_world.h. */
#include "interface_world.h"

#include <dirent.h>
#include <unistd.h>

struct interface_world *w;

struct tmip_addr ip(const char *text)
{
	struct tmip_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

/* ---- setup and teardown */

static void act(const struct roam_action *action, void *arg)
{
	char addr[ADDR_STRLEN];

	(void)arg;
	addr_format(&action->addr, addr);
	if (action->type == ROAM_PUT)
		calls_note("put %s in %u home %u", addr, action->station->ifindex,
			   action->station->home_ifindex);
	else if (action->type == ROAM_DELETE)
		calls_note("delete %s", addr);
	else if (action->type == ROAM_ANNOUNCE)
		calls_note("announce %s in %u", addr, action->ifindex);
	else if (action->type == ROAM_GREET)
		calls_note("greet %s", addr);
	else if (action->type == ROAM_GONE)
		calls_note("gone from %u", action->ifindex);
}

static void write_config(void)
{
	struct agent_config *config = &w->config;

	agent_config_init(config);
	strcpy(config->network_name, "net");
	strcpy(config->cn_name, "cn1");
	strcpy(config->cn_if, "eth0");
	strcpy(config->mobile_if[0], "wlan0");
	config->cell_count = 1;
	config->xdp = AGENT_XDP_OFF;
	snprintf(config->state_dir, sizeof(config->state_dir), "%s", w->folder);
}

static void begin_machine(void)
{
	fake_datapath_reset();
	fake_devices_reset();
	fake_frames_reset();
	fake_netlink_reset();
	fake_sysctl_reset();
	fake_ethtool_strips_tags = false;
	fake_interface_add(ETH0, "eth0", "192.168.0.1/24");
	fake_interface_add(WLAN0, "wlan0", "10.10.1.1/24");
	fake_interface_add(WLAN1, "wlan1", "10.10.4.1/24");
}

int world_setup(void **state)
{
	static const struct roam_options options = {.stations_max = 8, .cns_max = 8,
						    .timeout_ms = 1000, .refused_ms = 5000};

	(void)state;
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	strcpy(w->folder, "/tmp/tmip-test-interface.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	begin_machine();
	write_config();
	w->base = time_begin();
	w->roam = roam_create(&options, act, NULL);
	assert_non_null(w->roam);
	roam_set_self(w->roam, 1);
	net_learns(w->roam, 1);
	net_learns(w->roam, 2);
	assert_int_equal(backbone_find(&w->backbone, &w->config), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

static void remove_folder(void)
{
	DIR *folder = opendir(w->folder);
	struct dirent *entry;
	char path[512];

	while (folder && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "%s/%s", w->folder, entry->d_name);
		unlink(path);
	}
	if (folder)
		closedir(folder);
	rmdir(w->folder);
}

int world_teardown(void **state)
{
	(void)state;
	end_cells(false);
	roam_destroy(w->roam);
	time_end();
	remove_folder();
	assert_int_equal(fake_frames.open, 0);
	assert_int_equal(fake_sysctl.open, 0);
	free(w);
	return 0;
}

/* ---- cells */

static void on_backbone_changed(void *arg)
{
	(void)arg;
	w->backbone_changed++;
}

static void on_described(void *arg)
{
	(void)arg;
	w->described++;
}

static void on_served(void *arg)
{
	(void)arg;
	w->served++;
}

static void on_left(void *arg)
{
	(void)arg;
	w->left++;
}

static void on_changed(void *arg)
{
	(void)arg;
	w->changed++;
}

void create_cells(void)
{
	const struct cells_setup setup = {
		.base = w->base, .config = &w->config, .backbone = &w->backbone,
		.dp = &fake_datapath, .roam = w->roam, .by_command = w->by_command,
		.calls = {.described = on_described, .served = on_served, .left = on_left,
			  .changed = on_changed},
	};
	const struct backbone_calls calls = {.changed = on_backbone_changed};

	assert_int_equal(backbone_attach(&w->backbone, &fake_datapath, &calls, w->why), 0);
	w->cells = cells_create(&setup);
	assert_non_null(w->cells);
	calls_forget();
}

void start_cells(void)
{
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	fake_frames.count = 0; /* the cells were announced */
	calls_forget();
	fake_log_forget();
	w->backbone_changed = w->described = w->served = w->left = w->changed = 0;
}

void end_cells(bool tear_down)
{
	cells_destroy(w->cells, tear_down);
	w->cells = NULL;
}

void interface_changes(unsigned ifindex, const char *name)
{
	fake_netlink_changes(ifindex, name);
	time_passes(100);
}

int detach(const char *name)
{
	struct roam_users users;

	return cells_detach(w->cells, name, false, &users, w->why);
}

const struct cell *cell_of(const char *name)
{
	const struct cell_table *table = cells_table(w->cells);

	for (unsigned i = 0; i < table->count; i++)
		if (strcmp(table->list[i].name, name) == 0)
			return &table->list[i];
	return NULL;
}

bool is_known(const char *name)
{
	return cell_of(name) != NULL;
}

static void expect_entry(const struct cell *cell)
{
	unsigned key = cell->interface.ifindex, stand_in = cell->stand_in.ifindex;
	const struct tmip_cell *entry = fake_datapath_cell(key);

	assert_non_null(entry);
	assert_string_equal(entry->name, cell->name);
	assert_int_equal(entry->flags, cell_is_down(cell) ? TMIP_CELL_F_DOWN : 0);
	assert_int_equal(entry->stand_in, stand_in);
	if (stand_in != key)
		assert_int_equal(entry->ifindex, cell->served ? key : 0);
	if (!stand_in)
		return;
	assert_true(fake_datapath_is_attached(stand_in, DATAPATH_STAND_IN));
	assert_int_equal(fake_datapath_cell(stand_in)->ifindex, key);
}

bool is_served(const char *name)
{
	const struct cell *cell = cell_of(name);
	unsigned key = cell ? cell->interface.ifindex : 0;

	if (key) {
		assert_int_equal(fake_datapath_is_attached(key, DATAPATH_CELL), cell->served);
		assert_int_equal(cell->port != NULL, cell->served);
		expect_entry(cell);
	}
	return key && cell->served;
}

/* ---- stations */

void put_station(uint32_t parent, int host, uint32_t current, unsigned ifindex)
{
	struct station_record record = {
		.addr = net_address(parent, host), .mac = {{2, 0, 0, 0, 1, (uint8_t)host}},
		.kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = parent,
		.current = current, .version = {3, ++w->seq},
	};

	roam_record(w->roam, &record, ifindex, clock_ms());
}
