/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of the data path's maps, and its counters. See datapath.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath_internal.h"
#include "tmip.skel.h"

#define MAP(dp, name) bpf_map__fd((dp)->skel->maps.tmip_##name)

/* libbpf since 1.0 returns -errno. */
static int put(int map, const void *key, const void *value)
{
	return bpf_map_update_elem(map, key, value, BPF_ANY);
}

static int delete(int map, const void *key)
{
	int error = bpf_map_delete_elem(map, key);

	return error == -ENOENT ? 0 : error;
}

int datapath_put_config(struct datapath *dp, const struct tmip_config *config)
{
	struct tmip_config copy = *config;
	__u32 zero = 0;

	copy.layout = TMIP_LAYOUT_VERSION;
	copy.slots = dp->slots.count;
	return put(MAP(dp, config), &zero, &copy);
}

int datapath_get_config(const struct datapath *dp, struct tmip_config *config)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(MAP(dp, config), &zero, config);
}

int datapath_put_alive(struct datapath *dp, uint64_t time_ns)
{
	struct tmip_alive alive = {.time_ns = time_ns};
	__u32 zero = 0;

	return put(MAP(dp, alive), &zero, &alive);
}

int datapath_put_station(struct datapath *dp, const struct tmip_addr *addr,
			 const struct tmip_station *station)
{
	return slots_put(&dp->slots, addr, station);
}

uint64_t datapath_heard_ms(const struct datapath *dp, const struct tmip_addr *addr)
{
	uint64_t heard = slots_heard(&dp->slots, addr);

	return heard ? ((heard + 1) << TMIP_HEARD_SHIFT) / 1000000 : 0;
}

void datapath_rearm_heard(struct datapath *dp, const struct tmip_addr *addr)
{
	slots_rearm_heard(&dp->slots, addr);
}

int datapath_delete_station(struct datapath *dp, const struct tmip_addr *addr)
{
	return slots_delete(&dp->slots, addr);
}

int datapath_put_macs(struct datapath *dp, const struct tmip_addr *addr,
		      const struct tmip_macs *macs)
{
	return macs ? put(MAP(dp, macs), addr, macs) : delete(MAP(dp, macs), addr);
}

int datapath_read_macs(const struct datapath *dp, const struct tmip_addr *addr,
		       struct tmip_macs *out)
{
	return bpf_map_lookup_elem(MAP(dp, macs), addr, out);
}

int datapath_put_peer(struct datapath *dp, const struct tmip_addr *tunnel,
		      const struct tmip_peer *peer)
{
	return put(MAP(dp, peer), tunnel, peer);
}

int datapath_read_peer(const struct datapath *dp, const struct tmip_addr *tunnel,
		       struct tmip_peer *out)
{
	return bpf_map_lookup_elem(MAP(dp, peer), tunnel, out);
}

int datapath_delete_peer(struct datapath *dp, const struct tmip_addr *tunnel)
{
	delete(MAP(dp, peer_stat), tunnel);
	return delete(MAP(dp, peer), tunnel);
}

int datapath_put_cell(struct datapath *dp, unsigned ifindex, const struct tmip_cell *cell)
{
	__u32 key = ifindex;

	return put(MAP(dp, cell), &key, cell);
}

int datapath_delete_cell(struct datapath *dp, unsigned ifindex)
{
	__u32 key = ifindex;

	return delete(MAP(dp, cell), &key);
}

int datapath_put_subnet(struct datapath *dp, const struct tmip_subnet_key *key,
			const struct tmip_subnet *subnet)
{
	return put(MAP(dp, subnet), key, subnet);
}

int datapath_delete_subnet(struct datapath *dp, const struct tmip_subnet_key *key)
{
	return delete(MAP(dp, subnet), key);
}

int datapath_put_group(struct datapath *dp, const struct tmip_group_key *home)
{
	struct tmip_group fresh = {0};

	return put(MAP(dp, group), home, &fresh);
}

int datapath_delete_group(struct datapath *dp, const struct tmip_group_key *home)
{
	return delete(MAP(dp, group), home);
}

/* ---- walks. walk() gets the next key before the visit, so the visit may delete its entry. */

typedef int visit_entry(const void *key, const void *value, void *visit, void *arg);

struct walk {
	int map;
	size_t key_size;
	visit_entry *entry;
	void *visit, *arg;
};

static int walk(const struct walk *w)
{
	union {
		struct tmip_addr addr;
		struct tmip_subnet_key subnet;
		struct tmip_group_key group;
		__u32 ifindex;
	} key, next;
	union {
		struct tmip_station station;
		struct tmip_peer peer;
		struct tmip_cell cell;
		struct tmip_subnet subnet;
		struct tmip_group group;
	} value;
	int error = bpf_map_get_next_key(w->map, NULL, &next);

	while (!error) {
		memcpy(&key, &next, w->key_size);
		error = bpf_map_get_next_key(w->map, &key, &next);
		if (bpf_map_lookup_elem(w->map, &key, &value) == 0 &&
		    w->entry(&key, &value, w->visit, w->arg))
			return 0;
	}
	return error == -ENOENT ? 0 : error;
}

#define EACH(name, key_type, value_type, key_expr)						\
	static int name##_entry(const void *key, const void *value, void *visit, void *arg)	\
	{											\
		int (**call)(key_type, const value_type *, void *) = visit;			\
		return (*call)(key_expr, value, arg);						\
	}											\
	int datapath_each_##name(struct datapath *dp,						\
				 int (*visit)(key_type, const value_type *, void *), void *arg)	\
	{											\
		const struct walk w = {MAP(dp, name),						\
				       bpf_map__key_size(dp->skel->maps.tmip_##name),		\
				       name##_entry, &visit, arg};				\
		return walk(&w);								\
	}

EACH(station, const struct tmip_addr *, struct tmip_station, key)
EACH(peer, const struct tmip_addr *, struct tmip_peer, key)
EACH(cell, unsigned, struct tmip_cell, *(const __u32 *)key)
EACH(subnet, const struct tmip_subnet_key *, struct tmip_subnet, key)
EACH(group, const struct tmip_group_key *, struct tmip_group, key)

/* ---- counters */

int datapath_read_stats(const struct datapath *dp, struct tmip_stat out[TMIP_REASON_COUNT])
{
	int cpus = libbpf_num_possible_cpus(), error = 0;
	struct tmip_stat *per_cpu;

	if (cpus < 0)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	memset(out, 0, TMIP_REASON_COUNT * sizeof(*out));
	for (__u32 reason = 0; !error && reason < TMIP_REASON_COUNT; reason++) {
		error = bpf_map_lookup_elem(MAP(dp, stat), &reason, per_cpu);
		for (int cpu = 0; !error && cpu < cpus; cpu++) {
			out[reason].packets += per_cpu[cpu].packets;
			out[reason].bytes += per_cpu[cpu].bytes;
		}
	}
	free(per_cpu);
	return error;
}

int datapath_read_peer_stat(const struct datapath *dp, const struct tmip_addr *tunnel,
			    struct tmip_peer_stat *out)
{
	int cpus = libbpf_num_possible_cpus(), error;
	struct tmip_peer_stat *per_cpu;

	memset(out, 0, sizeof(*out));
	if (cpus < 0)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	error = bpf_map_lookup_elem(MAP(dp, peer_stat), tunnel, per_cpu);
	for (int cpu = 0; !error && cpu < cpus; cpu++) {
		out->rx_packets += per_cpu[cpu].rx_packets;
		out->rx_bytes += per_cpu[cpu].rx_bytes;
		out->tx_packets += per_cpu[cpu].tx_packets;
		out->tx_bytes += per_cpu[cpu].tx_bytes;
	}
	free(per_cpu);
	return error == -ENOENT ? 0 : error;
}

int datapath_read_drops(const struct datapath *dp, const struct tmip_addr *station,
			struct tmip_drop *out)
{
	return bpf_map_lookup_elem(MAP(dp, drop), station, out);
}

int datapath_forget_seen(struct datapath *dp, const struct tmip_mac *mac)
{
	int map = MAP(dp, seen), error;
	struct tmip_seen seen = {0};

	error = bpf_map_lookup_elem(map, mac, &seen);
	/* The limits stay. A frame that comes in between may count once less. */
	seen.by_ip.time_ns = seen.by_arp.time_ns = seen.link_ns = 0;
	if (!error)
		error = bpf_map_update_elem(map, mac, &seen, BPF_EXIST);
	return error == -ENOENT ? 0 : error;
}

/* ---- names, from the list in include/tmip/reason.h */

static const struct {
	const char *name, *text;
	enum tmip_verdict verdict;
} REASONS[TMIP_REASON_COUNT] = {
#define X(number, name, verdict, text) [number] = {#name, text, TMIP_VERDICT_##verdict},
	TMIP_REASONS(X)
#undef X
};

const char *datapath_reason_name(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].name : "?";
}

const char *datapath_reason_text(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].text : "?";
}

enum tmip_verdict datapath_reason_verdict(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].verdict : TMIP_VERDICT_PASS;
}
