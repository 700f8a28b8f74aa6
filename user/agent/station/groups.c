/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of broadcasts and multicasts. See groups.h. */
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cells.h"
#include "agent/state.h"
#include "buffer.h"
#include "core/cell/fanout.h"
#include "io/datapath/frame.h"
#include "io/process/log.h"

#define ETHERNET 14

struct groups {
	struct fanout *fanout;
	uint64_t not_sent;
	struct {
		uint8_t *data;
		size_t len;
	} frame; /* the one that is being copied */
};

/* ---- out */

static void on_wanted(const struct tmip_group_key *home, bool wanted, void *arg)
{
	struct agent *agent = arg;
	int error = wanted ? datapath_put_group(agent->dp, home) : datapath_delete_group(agent->dp, home);

	if (error)
		log_error("map tmip_group: %s", strerror(-error));
}

/* The data path makes it a tunnel packet (bpf/hold_ingress.bpf.c), and is told where to by the Ethernet destination. */
static void on_cn(const struct tmip_addr *tunnel, void *arg)
{
	struct agent *agent = arg;
	struct groups *groups = agent->groups;

	groups->frame.data[0] = 2; /* locally administered */
	groups->frame.data[1] = 0;
	memcpy(groups->frame.data + 2, tunnel->v4, sizeof(tunnel->v4));
	if (buffer_inject(agent, groups->frame.data, groups->frame.len) < 0)
		groups->not_sent++;
}

/* From the MAC that the station has for all that it believes to be on its link. */
static void on_station(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	struct agent *agent = arg;
	struct groups *groups = agent->groups;
	struct cell_view cell;

	if (!cells_find(agent, ifindex, &cell)) {
		groups->not_sent++;
		return;
	}
	memcpy(groups->frame.data, mac, sizeof(*mac));
	memcpy(groups->frame.data + sizeof(*mac), &cell.mac, sizeof(cell.mac));
	if (frame_send(cell.port, groups->frame.data, groups->frame.len) < 0)
		groups->not_sent++;
}

/* ---- in */

static struct tmip_addr address_at(const uint8_t *bytes)
{
	return addr_from_ipv4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]);
}

/* The data path has looked closer: this only tells it from a packet that was held. */
static bool is_for_group(const struct prefix *subnet, const struct tmip_addr *destination)
{
	uint32_t to = addr_to_ipv4(destination), last = addr_to_ipv4(&subnet->addr) | ~prefix_mask(subnet->len);

	return to >> 28 == 0xe || to == UINT32_MAX || to == last;
}

bool groups_take(struct agent *agent, uint8_t *frame, size_t len)
{
	struct tmip_addr source = address_at(frame + ETHERNET + 12), destination = address_at(frame + ETHERNET + 16); /* RFC 791 */
	size_t packet = (size_t)frame[ETHERNET + 2] << 8 | frame[ETHERNET + 3];
	struct groups *groups = agent->groups;
	const struct replica_cn *cn;
	const struct cell_info *cell = replica_find_cell(roam_replica(agent->roam), &source, &cn);
	struct tmip_group_key home = {0};

	if (!cell || !is_for_group(&cell->subnet, &destination))
		return false;
	home.parent = cn->info.tunnel;
	if (cn->info.id == roam_self(agent->roam))
		home.ifindex = cells_find_subnet(agent, &cell->subnet);
	groups->frame.data = frame;
	groups->frame.len = ETHERNET + packet < len ? ETHERNET + packet : len; /* without what fills up a short frame */
	fanout_copy(groups->fanout, &home, &cell->subnet, &source, agent_now_ms());
	return true;
}

/* ---- map entries */

void groups_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry)
{
	char text[ADDR_STRLEN];

	if (fanout_put(agent->groups->fanout, addr, entry) < 0)
		log_error("%s gets no broadcasts of its home subnet: no memory", addr_format(addr, text));
}

void groups_remove(struct agent *agent, const struct tmip_addr *addr)
{
	fanout_remove(agent->groups->fanout, addr);
}

static int sweep(const struct tmip_group_key *home, const struct tmip_group *entry, void *arg)
{
	struct agent *agent = arg;

	(void)entry;
	if (!fanout_wants(agent->groups->fanout, home))
		datapath_delete_group(agent->dp, home);
	return 0;
}

void groups_sweep(struct agent *agent)
{
	datapath_each_group(agent->dp, sweep, agent);
}

/* ---- life */

int groups_start(struct agent *agent)
{
	const struct fanout_calls calls = {.wanted = on_wanted, .to_cn = on_cn, .to_station = on_station, .arg = agent};

	agent->groups = calloc(1, sizeof(*agent->groups));
	if (!agent->groups)
		return -ENOMEM;
	agent->groups->fanout = fanout_create(&calls);
	return agent->groups->fanout ? 0 : -ENOMEM;
}

void groups_configure(struct agent *agent)
{
	fanout_set_limit(agent->groups->fanout, agent->config.multicast_copies);
}

/* The map's entries stay, as all others do. */
void groups_stop(struct agent *agent)
{
	struct groups *groups = agent->groups;

	if (!groups)
		return;
	fanout_destroy(groups->fanout);
	free(groups);
	agent->groups = NULL;
}

json_t *groups_report(const struct agent *agent)
{
	const struct groups *groups = agent->groups;
	struct fanout_counts counts;

	fanout_count(groups->fanout, &counts);
	return json_pack("{s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "usable", agent->config.multicast_home && buffer_ifindex(agent), "stations",
			 (int)counts.stations, "taken", (json_int_t)counts.taken, "to_cns", (json_int_t)counts.to_cns, "to_stations",
			 (json_int_t)counts.to_stations, "nobody", (json_int_t)counts.nobody, "over_limit", (json_int_t)counts.over_limit,
			 "not_sent", (json_int_t)groups->not_sent);
}
