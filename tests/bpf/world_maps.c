/* SPDX-License-Identifier: BSD-2-Clause */
/* The contents of the world's maps: those of the beginning, and the changes that cases make. */
#include "world.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/addr.h"

/* ---- names to numbers */

struct tmip_addr world_addr(const char *text)
{
	struct tmip_addr addr = {0};

	if (text)
		assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

struct tmip_mac world_mac(const char *text)
{
	struct tmip_mac mac;

	assert_int_equal(mac_parse(text, &mac), 0);
	return mac;
}

unsigned world_ifindex(const char *interface)
{
	return interface ? if_nametoindex(interface) : 0;
}

/* ---- entries */

static void put(const struct bpf_map *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY), 0);
}

void world_put_station(const char *addr, const char *mac, enum tmip_station_state state,
		       const char *in, const char *home, const char *parent, const char *current)
{
	struct tmip_addr key = world_addr(addr);
	struct tmip_station station = {
		.mac = world_mac(mac), .state = (uint8_t)state, .ifindex = world_ifindex(in),
		.home_ifindex = world_ifindex(home), .parent = world_addr(parent),
		.current = world_addr(current),
	};

	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

struct tmip_station world_station(const char *addr)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_station);
	struct tmip_addr key = world_addr(addr);
	struct tmip_station station;

	assert_int_equal(bpf_map_lookup_elem(map, &key, &station), 0);
	return station;
}

struct tmip_cell world_cell(const char *interface)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_cell);
	uint32_t key = world_ifindex(interface);
	struct tmip_cell cell;

	assert_int_equal(bpf_map_lookup_elem(map, &key, &cell), 0);
	return cell;
}

#define CPUS_MAX 256

struct tmip_way world_way(unsigned number)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_way), cpus = libbpf_num_possible_cpus();
	struct tmip_way of_cpu[CPUS_MAX], newest = {0};

	assert_in_range(cpus, 1, CPUS_MAX);
	assert_int_equal(bpf_map_lookup_elem(map, &number, of_cpu), 0);
	for (int i = 0; i < cpus; i++)
		if (of_cpu[i].moment > newest.moment)
			newest = of_cpu[i];
	return newest;
}

void world_set_way(unsigned number, struct tmip_way way)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_way), cpus = libbpf_num_possible_cpus();
	struct tmip_way of_cpu[CPUS_MAX];

	assert_in_range(cpus, 1, CPUS_MAX);
	for (int i = 0; i < cpus; i++)
		of_cpu[i] = way;
	assert_int_equal(bpf_map_update_elem(map, &number, of_cpu, BPF_ANY), 0);
}

/* stand_in: NULL, or the device that has an entry beside the cell's. */
static void put_cell(unsigned number, const char *interface, const char *mac, const char *gateway,
		     const char *stand_in, uint8_t flags)
{
	uint32_t key = world_ifindex(interface), other = world_ifindex(stand_in);
	struct tmip_cell cell = {.mac = world_mac(mac), .prefix_len = 24, .flags = flags,
				 .gateway = world_addr(gateway), .ifindex = key,
				 .stand_in = other, .number = number};

	snprintf(cell.name, sizeof(cell.name), "%s", interface);
	put(world_bpf->maps.tmip_cell, &key, &cell);
	if (stand_in)
		put(world_bpf->maps.tmip_cell, &other, &cell);
}

static void put_subnet(const char *addr, const char *gateway, const char *interface,
		       const char *parent)
{
	struct tmip_subnet_key key = {.prefix_len = 96 + 24, .addr = world_addr(addr)};
	struct tmip_subnet subnet = {.parent = world_addr(parent),
				     .ifindex = world_ifindex(interface), .prefix_len = 24,
				     .gateway = world_addr(gateway)};

	put(world_bpf->maps.tmip_subnet, &key, &subnet);
}

static void put_peer(const char *tunnel, const char *name, unsigned mtu)
{
	struct tmip_addr key = world_addr(tunnel);
	struct tmip_peer peer = {.tunnel = TMIP_TUNNEL_4IN4, .mtu = mtu};

	snprintf(peer.name, sizeof(peer.name), "%s", name);
	put(world_bpf->maps.tmip_peer, &key, &peer);
}

static void put_group(const char *parent, const char *interface)
{
	struct tmip_group_key key = {.parent = world_addr(parent),
				     .ifindex = world_ifindex(interface)};
	struct tmip_group group = {0};

	put(world_bpf->maps.tmip_group, &key, &group);
}

void world_set_config(const struct tmip_config *config)
{
	uint32_t zero = 0;

	put(world_bpf->maps.tmip_config, &zero, config);
}

struct tmip_config world_config(void)
{
	return (struct tmip_config){
		.layout = TMIP_LAYOUT_VERSION, .backbone_ifindex = world_ifindex("bb"),
		.tunnel = world_addr(W_TUNNEL), .event_interval_ns = 1000000000000ull,
		.event_burst = 1000, .dhcp_burst = 10, .mss = W_MSS, .outer_ttl = W_OUTER_TTL,
		.flags = TMIP_CONFIG_FASTPATH, .buffer_ifindex = world_ifindex("hold"),
		.slots = world_slots.count,
	};
}

/* ---- changes for cases */

static void put_groups(unsigned agent_ifindex)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_GROUP_HOME;
	config.group_burst = 2;
	config.buffer_ifindex = agent_ifindex;
	world_set_config(&config);
	put_group(W_TUNNEL, "cell0");
	put_group(W_CN2, NULL);
}

void world_group(void)
{
	put_groups(world_ifindex("hold"));
}

void world_group_no_agent(void)
{
	put_groups(0);
}

static void add_flag(uint8_t flag)
{
	struct tmip_config config = world_config();

	config.flags |= flag;
	world_set_config(&config);
}

void world_past(void)
{
	add_flag(TMIP_CONFIG_FASTPATH_HOME);
}

void world_direct(void)
{
	add_flag(TMIP_CONFIG_DIRECT);
}

void world_no_agent(void)
{
	struct tmip_config config = world_config();

	config.buffer_ifindex = 0;
	world_set_config(&config);
}

void world_no_cell(void)
{
	uint32_t key = world_ifindex("cell0");

	bpf_map_delete_elem(bpf_map__fd(world_bpf->maps.tmip_cell), &key);
}

static void put_peers(unsigned mtu)
{
	put_peer(W_CN2, "cn2", mtu);
	put_peer(W_CN3, "cn3", mtu);
	put_peer(W_CN4, "cn4", mtu);
	put_peer(W_CN5, "cn5", mtu);
	put_peer(W_CN6, "cn6", mtu);
}

void world_cell_down(void)
{
	put_cell(0, "cell0", W_CELL0_MAC, W_GATEWAY0, "standin", TMIP_CELL_F_DOWN);
}

void world_narrow(void)
{
	world_direct();
	put_peers(W_NARROW);
}

/* ---- the beginning */

#define OF(who) W_##who, W_##who##_MAC

static void fill_stations(void)
{
	static const struct {
		const char *addr, *mac;
		enum tmip_station_state state;
		const char *in, *home, *parent, *current;
	} stations[] = {
		{OF(HOME), TMIP_STATION_HOME, "cell0", "cell0", W_TUNNEL, W_TUNNEL},
		{OF(HOME2), TMIP_STATION_HOME, "cell0", "cell0", W_TUNNEL, W_TUNNEL},
		{OF(AWAY), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN2},
		{OF(AWAY2), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN2},
		{OF(AWAY3), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN3},
		{OF(AWAY4), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN4},
		{OF(AWAY5), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN5},
		{OF(AWAY6), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN6},
		{OF(NEXT_DOOR), TMIP_STATION_NEXT_DOOR, "cell1", "cell0", W_TUNNEL, W_TUNNEL},
		{OF(VISITOR), TMIP_STATION_VISITING, "cell0", NULL, W_CN2, W_TUNNEL},
		{OF(VISITOR2), TMIP_STATION_VISITING, "cell0", NULL, W_CN2, W_TUNNEL},
		{OF(VISITOR5), TMIP_STATION_VISITING, "cell0", NULL, W_CN5, W_TUNNEL},
		{OF(ELSEWHERE), TMIP_STATION_ELSEWHERE, NULL, NULL, W_CN2, W_CN3},
		{OF(SETTLED), TMIP_STATION_ELSEWHERE, NULL, NULL, W_CN2, W_CN2},
		{OF(BLOCKED), TMIP_STATION_BLOCKED, NULL, NULL, W_CN2, W_CN2},
		{OF(BLOCKED_OWN), TMIP_STATION_BLOCKED, NULL, "cell0", W_TUNNEL, W_CN2},
	};

	for (size_t i = 0; i < sizeof(stations) / sizeof(stations[0]); i++)
		world_put_station(stations[i].addr, stations[i].mac, stations[i].state,
				  stations[i].in, stations[i].home, stations[i].parent,
				  stations[i].current);
}

static void fill_network(void)
{
	put_cell(0, "cell0", W_CELL0_MAC, W_GATEWAY0, "standin", 0);
	put_cell(1, "cell1", W_CELL1_MAC, W_GATEWAY1, NULL, 0);
	put_subnet("10.1.0.0", "10.1.0.1", "cell0", W_TUNNEL);
	put_subnet("10.1.1.0", "10.1.1.1", "cell1", W_TUNNEL);
	put_subnet("10.2.0.0", "10.2.0.1", NULL, W_CN2);
	put_subnet("10.5.0.0", "10.5.0.1", NULL, W_CN5);
	put_peers(0);
}

static void empty(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	uint8_t key[64];

	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		assert_int_equal(bpf_map_delete_elem(fd, key), 0);
}

static void empty_stations(void)
{
	int fd = bpf_map__fd(world_bpf->maps.tmip_station);
	struct tmip_addr addr;

	while (bpf_map_get_next_key(fd, NULL, &addr) == 0)
		assert_int_equal(slots_delete(&world_slots, &addr), 0);
}

static void empty_counters(void)
{
	struct tmip_stat *zero = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*zero));

	assert_non_null(zero);
	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++)
		put(world_bpf->maps.tmip_stat, &reason, zero);
	free(zero);
}

static void empty_output(void)
{
	uint8_t data[16];

	world_events(NULL);
	world_punts(NULL);
	while (world_read_copy(data, sizeof(data), false))
		;
}

void world_reset_budget(void)
{
	static const uint8_t zeros[4096];
	uint32_t key = 0;

	/* The whole section, because the skeleton does not name static variables. */
	put(world_bpf->maps.bss, &key, zeros);
}

void world_reset(void)
{
	struct tmip_config config = world_config();

	empty_stations();
	empty(world_bpf->maps.tmip_cell);
	empty(world_bpf->maps.tmip_group);
	empty(world_bpf->maps.tmip_seen);
	empty(world_bpf->maps.tmip_host);
	empty(world_bpf->maps.tmip_drop);
	empty(world_bpf->maps.tmip_peer_stat);
	empty_counters();
	world_set_way(0, (struct tmip_way){0});
	world_reset_budget();
	world_set_config(&config);
	fill_network();
	fill_stations();
	empty_output();
}
