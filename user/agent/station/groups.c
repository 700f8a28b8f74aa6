/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of broadcasts and multicasts. See groups.h. */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include <tmip/fragment.h>

#include "agent/interface/cell_table.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "fragments.h"
#include "io/datapath/datapath.h"
#include "io/datapath/frame.h"
#include "io/process/clock.h"
#include "io/process/log.h"

#define ETHERNET 14
/* In a frame with an IPv4 header (RFC 791): */
#define LENGTH_AT (ETHERNET + 2)
#define SOURCE_AT (ETHERNET + 12)
#define DESTINATION_AT (ETHERNET + 16)

struct groups {
	struct groups_setup with;
	struct fanout *fanout;
	uint64_t not_sent;
	struct {
		uint8_t *data;
		size_t len;
	} frame; /* the one that is being copied */
};

/* ---- copies leave */

static void on_wanted(const struct tmip_group_key *home, bool wanted, void *arg)
{
	struct groups *groups = arg;
	struct datapath *dp = groups->with.dp;
	int error = wanted ? datapath_put_group(dp, home) : datapath_delete_group(dp, home);

	if (error)
		log_error("map tmip_group: %s", strerror(-error));
}

/*
 * The data path makes the frame a tunnel packet (bpf/hold_ingress.bpf.c): its Ethernet destination
 * says where to.
 */
static void on_cn(const struct tmip_addr *tunnel, void *arg)
{
	struct groups *groups = arg;
	const struct groups_calls *calls = &groups->with.calls;

	groups->frame.data[0] = TMIP_FRAGMENT_LOCAL;
	groups->frame.data[1] = TMIP_FRAGMENT_COPY;
	memcpy(groups->frame.data + 2, tunnel->v4, sizeof(tunnel->v4));
	if (calls->inject(groups->frame.data, groups->frame.len, calls->arg) < 0)
		groups->not_sent++;
}

static int send_to_cell(const uint8_t *frame, size_t len, void *arg)
{
	return frame_send(arg, frame, len);
}

/* From the MAC that the station has for everything it believes to be on its link. */
static void on_station(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	struct groups *groups = arg;
	const struct cell *cell = cell_table_find_served(groups->with.cells, ifindex);
	struct fragments_exit exit = {.send = send_to_cell};
	uint8_t *frame = groups->frame.data;

	if (!cell) {
		groups->not_sent++;
		return;
	}
	memcpy(frame, mac, sizeof(*mac));
	memcpy(frame + sizeof(*mac), &cell->interface.mac, sizeof(cell->interface.mac));
	exit.arg = cell->port;
	if (fragments_send(frame, groups->frame.len, cell->interface.mtu, &exit) < 0)
		groups->not_sent++;
}

/* ---- a frame comes in */

static struct tmip_addr address_at(const uint8_t *bytes)
{
	uint32_t addr;

	memcpy(&addr, bytes, sizeof(addr));
	return addr_from_ipv4(__builtin_bswap32(addr));
}

/* The data path has looked closer: this only distinguishes a group from a packet that was held. */
static bool is_for_group(const struct prefix *subnet, const struct tmip_addr *destination)
{
	uint32_t to = addr_to_ipv4(destination);
	uint32_t last = addr_to_ipv4(&subnet->addr) | ~prefix_mask(subnet->len);

	return to >> 28 == 0xe || to == UINT32_MAX || to == last;
}

/* The length of frame and packet, without what fills up a short frame. */
static size_t length_of(const uint8_t *frame, size_t len)
{
	size_t packet = (size_t)frame[LENGTH_AT] << 8 | frame[LENGTH_AT + 1];

	return ETHERNET + packet < len ? ETHERNET + packet : len;
}

bool groups_copy(struct groups *groups, uint8_t *frame, size_t len)
{
	struct tmip_addr source = address_at(frame + SOURCE_AT);
	struct tmip_addr destination = address_at(frame + DESTINATION_AT);
	const struct roam *roam = groups->with.roam;
	const struct replica_cn *cn;
	const struct cell_info *cell = replica_find_cell(roam_replica(roam), &source, &cn);
	struct tmip_group_key home = {0};

	if (!cell || !is_for_group(&cell->subnet, &destination))
		return false;
	home.parent = cn->info.tunnel;
	if (cn->info.id == roam_self(roam))
		home.ifindex = cell_table_find_subnet(groups->with.cells, &cell->subnet);
	groups->frame.data = frame;
	groups->frame.len = length_of(frame, len);
	fanout_copy(groups->fanout, &home, &cell->subnet, &source, clock_ms());
	return true;
}

/* ---- map entries */

void groups_put(struct groups *groups, const struct tmip_addr *addr,
		const struct tmip_station *entry)
{
	char text[ADDR_STRLEN];

	if (fanout_put(groups->fanout, addr, entry) < 0)
		log_error("%s gets no broadcasts of its home subnet: no memory",
			  addr_format(addr, text));
}

void groups_remove(struct groups *groups, const struct tmip_addr *addr)
{
	fanout_remove(groups->fanout, addr);
}

static int sweep(const struct tmip_group_key *home, const struct tmip_group *entry, void *arg)
{
	struct groups *groups = arg;

	(void)entry;
	if (!fanout_wants(groups->fanout, home))
		datapath_delete_group(groups->with.dp, home);
	return 0;
}

void groups_sweep(struct groups *groups)
{
	datapath_each_group(groups->with.dp, sweep, groups);
}

/* ---- life */

struct groups *groups_create(const struct groups_setup *setup)
{
	struct groups *groups = calloc(1, sizeof(*groups));
	const struct fanout_calls calls = {.wanted = on_wanted, .to_cn = on_cn,
					   .to_station = on_station, .arg = groups};

	if (!groups)
		return NULL;
	groups->with = *setup;
	groups->fanout = fanout_create(&calls);
	if (groups->fanout)
		return groups;
	free(groups);
	return NULL;
}

void groups_configure(struct groups *groups)
{
	fanout_set_limit(groups->fanout, groups->with.config->multicast_copies);
}

void groups_destroy(struct groups *groups)
{
	if (!groups)
		return;
	fanout_destroy(groups->fanout);
	free(groups);
}

void groups_count(const struct groups *groups, struct groups_counts *counts)
{
	const struct groups_calls *calls = &groups->with.calls;

	counts->usable = groups->with.config->multicast_home && calls->has_device(calls->arg);
	fanout_count(groups->fanout, &counts->fanout);
	counts->not_sent = groups->not_sent;
}
