/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps of the data path without BPF. See fake_datapath.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "fake_datapath.h"

/* ---- a map */

static int find(const struct fake_map *map, const void *key)
{
	for (unsigned i = 0; i < map->count; i++)
		if (memcmp(map->keys[i], key, map->key_size) == 0)
			return (int)i;
	return -1;
}

static const void *value_of(const struct fake_map *map, const void *key)
{
	int i = find(map, key);

	return i < 0 ? NULL : map->values[i];
}

void fake_map_put(struct fake_map *map, const void *key, size_t key_size, const void *value,
		  size_t value_size)
{
	int i;

	if (key_size > sizeof(map->keys[0]) || value_size > sizeof(map->values[0]))
		abort();
	map->key_size = key_size;
	map->value_size = value_size;
	i = find(map, key);
	if (i < 0) {
		if (map->count == FAKE_ENTRIES)
			abort();
		i = (int)map->count++;
	}
	memcpy(map->keys[i], key, key_size);
	memcpy(map->values[i], value, value_size);
}

static void drop(struct fake_map *map, const void *key)
{
	int i = find(map, key);

	if (i < 0)
		return;
	map->count--;
	memcpy(map->keys[i], map->keys[map->count], map->key_size);
	memcpy(map->values[i], map->values[map->count], map->value_size);
}

static const char *text_of(const struct tmip_addr *addr)
{
	static char text[ADDR_STRLEN];

	return addr_format(addr, text);
}

#define PUT(map, key, value)                                                                       \
	(dp->put_error ? dp->put_error :                                                           \
			 (fake_map_put(&dp->map, key, sizeof(*(key)), value, sizeof(*(value))), 0))
#define DELETE(map, key) (dp->delete_error ? dp->delete_error : (drop(&dp->map, key), 0))

/* ---- entries */

int datapath_put_config(struct datapath *dp, const struct tmip_config *config)
{
	calls_note("datapath_put_config");
	if (!dp->config_error)
		dp->config = *config;
	return dp->config_error;
}

int datapath_get_config(const struct datapath *dp, struct tmip_config *config)
{
	*config = dp->config;
	return dp->config_error;
}

int datapath_put_alive(struct datapath *dp, uint64_t time_ns)
{
	(void)dp;
	(void)time_ns;
	return 0;
}

int datapath_put_station(struct datapath *dp, const struct tmip_addr *addr,
			 const struct tmip_station *station)
{
	calls_note("datapath_put_station %s", text_of(addr));
	return PUT(stations, addr, station);
}

int datapath_delete_station(struct datapath *dp, const struct tmip_addr *addr)
{
	calls_note("datapath_delete_station %s", text_of(addr));
	return DELETE(stations, addr);
}

int datapath_put_peer(struct datapath *dp, const struct tmip_addr *tunnel,
		      const struct tmip_peer *peer)
{
	calls_note("datapath_put_peer %s", text_of(tunnel));
	return PUT(peers, tunnel, peer);
}

int datapath_read_peer(const struct datapath *dp, const struct tmip_addr *tunnel,
		       struct tmip_peer *out)
{
	const void *value = value_of(&dp->peers, tunnel);

	if (!value)
		return -ENOENT;
	memcpy(out, value, sizeof(*out));
	return 0;
}

int datapath_delete_peer(struct datapath *dp, const struct tmip_addr *tunnel)
{
	calls_note("datapath_delete_peer %s", text_of(tunnel));
	return DELETE(peers, tunnel);
}

int datapath_put_cell(struct datapath *dp, unsigned ifindex, const struct tmip_cell *cell)
{
	calls_note("datapath_put_cell %u", ifindex);
	return PUT(cells, &ifindex, cell);
}

int datapath_delete_cell(struct datapath *dp, unsigned ifindex)
{
	calls_note("datapath_delete_cell %u", ifindex);
	return DELETE(cells, &ifindex);
}

int datapath_put_group(struct datapath *dp, const struct tmip_group_key *home)
{
	struct tmip_group group = {0};

	calls_note("datapath_put_group %s %u", text_of(&home->parent), home->ifindex);
	return PUT(groups, home, &group);
}

int datapath_delete_group(struct datapath *dp, const struct tmip_group_key *home)
{
	calls_note("datapath_delete_group %s %u", text_of(&home->parent), home->ifindex);
	return DELETE(groups, home);
}

int datapath_put_subnet(struct datapath *dp, const struct tmip_subnet_key *key,
			const struct tmip_subnet *subnet)
{
	calls_note("datapath_put_subnet %s/%u", text_of(&key->addr), key->prefix_len - 96);
	return PUT(subnets, key, subnet);
}

int datapath_delete_subnet(struct datapath *dp, const struct tmip_subnet_key *key)
{
	calls_note("datapath_delete_subnet %s/%u", text_of(&key->addr), key->prefix_len - 96);
	return DELETE(subnets, key);
}

/* ---- walks: over a copy, so that entries may be deleted meanwhile */

typedef int visit_entry(const void *key, const void *value, void *walk);

static int each(const struct fake_map *map, visit_entry *visit, void *walk)
{
	struct fake_map *copy = malloc(sizeof(*copy));
	int result = 0;

	if (!copy)
		abort();
	*copy = *map;
	for (unsigned i = 0; !result && i < copy->count; i++)
		result = visit(copy->keys[i], copy->values[i], walk);
	free(copy);
	return 0;
}

/* datapath_each_NAME() with the callback's own types. */
#define EACH(name, map, key_type, value_type)                                                      \
	struct name##_walk {                                                                       \
		int (*visit)(const struct key_type *, const struct value_type *, void *);          \
		void *arg;                                                                         \
	};                                                                                         \
	static int visit_##name(const void *key, const void *value, void *walk)                    \
	{                                                                                          \
		const struct name##_walk *own = walk;                                              \
		struct value_type entry;                                                           \
		struct key_type at;                                                                \
                                                                                                   \
		memcpy(&at, key, sizeof(at));                                                      \
		memcpy(&entry, value, sizeof(entry));                                              \
		return own->visit(&at, &entry, own->arg);                                          \
	}                                                                                          \
	int datapath_each_##name(struct datapath *dp,                                              \
				 int (*visit)(const struct key_type *, const struct value_type *,  \
					      void *),                                             \
				 void *arg)                                                        \
	{                                                                                          \
		struct name##_walk walk = {visit, arg};                                            \
                                                                                                   \
		return each(&dp->map, visit_##name, &walk);                                        \
	}

EACH(station, stations, tmip_addr, tmip_station)
EACH(peer, peers, tmip_addr, tmip_peer)
EACH(subnet, subnets, tmip_subnet_key, tmip_subnet)
EACH(group, groups, tmip_group_key, tmip_group)

struct cell_walk {
	int (*visit)(unsigned ifindex, const struct tmip_cell *, void *);
	void *arg;
};

static int visit_cell(const void *key, const void *value, void *walk)
{
	const struct cell_walk *own = walk;
	struct tmip_cell entry;
	unsigned ifindex;

	memcpy(&ifindex, key, sizeof(ifindex));
	memcpy(&entry, value, sizeof(entry));
	return own->visit(ifindex, &entry, own->arg);
}

int datapath_each_cell(struct datapath *dp,
		       int (*visit)(unsigned ifindex, const struct tmip_cell *, void *), void *arg)
{
	struct cell_walk walk = {visit, arg};

	return each(&dp->cells, visit_cell, &walk);
}

/* ---- what the programs write */

uint64_t datapath_heard_ms(const struct datapath *dp, const struct tmip_addr *addr)
{
	const void *value = value_of(&dp->heard, addr);
	uint64_t ms = 0;

	if (value)
		memcpy(&ms, value, sizeof(ms));
	return ms;
}

void datapath_rearm_heard(struct datapath *dp, const struct tmip_addr *addr)
{
	uint64_t ms = datapath_heard_ms(dp, addr);

	if (ms > 2000)
		fake_datapath_hears(addr, ms - 2000);
}

void fake_datapath_hears(const struct tmip_addr *addr, uint64_t ms)
{
	fake_map_put(&fake_datapath.heard, addr, sizeof(*addr), &ms, sizeof(ms));
}

int datapath_read_stats(const struct datapath *dp, struct tmip_stat out[TMIP_REASON_COUNT])
{
	memcpy(out, dp->stats, sizeof(dp->stats));
	return dp->stats_error;
}

int datapath_read_peer_stat(const struct datapath *dp, const struct tmip_addr *tunnel,
			    struct tmip_peer_stat *out)
{
	const void *value = value_of(&dp->peer_stats, tunnel);

	memset(out, 0, sizeof(*out));
	if (value)
		memcpy(out, value, sizeof(*out));
	return dp->stats_error;
}

int datapath_read_drops(const struct datapath *dp, const struct tmip_addr *station,
			struct tmip_drop *out)
{
	const void *value = value_of(&dp->drops, station);

	if (!value)
		return -ENOENT;
	memcpy(out, value, sizeof(*out));
	return 0;
}

int datapath_forget_seen(struct datapath *dp, const struct tmip_mac *mac)
{
	(void)mac;
	dp->forgotten++;
	return 0;
}

/* ---- for tests to look at */

const struct tmip_station *fake_datapath_station(const struct tmip_addr *addr)
{
	return value_of(&fake_datapath.stations, addr);
}

const struct tmip_peer *fake_datapath_peer(const struct tmip_addr *tunnel)
{
	return value_of(&fake_datapath.peers, tunnel);
}

const struct tmip_cell *fake_datapath_cell(unsigned ifindex)
{
	return value_of(&fake_datapath.cells, &ifindex);
}

const struct tmip_subnet *fake_datapath_subnet(const struct tmip_subnet_key *key)
{
	return value_of(&fake_datapath.subnets, key);
}

const struct tmip_group *fake_datapath_group(const struct tmip_group_key *home)
{
	return value_of(&fake_datapath.groups, home);
}
