/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does what the roaming machine decided: map entries, messages, ARP, the roaming log. Actions also
 * come while the agent ends, when connections and some modules are gone already.
 */
#include <errno.h>
#include <string.h>

#include "interface/cells.h"
#include "io/kernel/netlink.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "network/cns.h"
#include "network/peers.h"
#include "network/register.h"
#include "state.h"
#include "station/address_check.h"
#include "station/buffer.h"
#include "station/farewell.h"
#include "station/greeting.h"
#include "station/groups.h"
#include "station/places.h"
#include "station/presence.h"
#include "station/trail.h"
#include "wifi/wifi.h"

static void log_map_error(const struct roam_action *action, int error)
{
	char addr[ADDR_STRLEN];

	if (error)
		log_error("map tmip_station: %s: %s", addr_format(&action->addr, addr),
			  strerror(-error));
}

/* Forgets where a MAC of the station was seen: its next frame in another cell is news. */
static void forget_seen(struct agent *agent, const struct roam_action *action)
{
	const struct replica_station *station =
		replica_find(roam_replica(agent->roam), &action->addr);

	datapath_forget_seen(agent->dp, &action->mac);
	if (!station || !station->record.other_count)
		return;
	datapath_forget_seen(agent->dp, &station->record.mac);
	for (int i = 0; i < station->record.other_count; i++)
		datapath_forget_seen(agent->dp, &station->record.others[i]);
}

static void put_macs(struct agent *agent, const struct roam_action *action)
{
	const struct station_record *record = action->record;
	struct tmip_macs macs = {.mac = {record->mac}};

	_Static_assert(TMIP_MACS == 1 + OTHER_MACS_MAX, "a host has more MACs in one place");
	memcpy(macs.mac + 1, record->others, record->other_count * sizeof(record->others[0]));
	log_map_error(action, datapath_put_macs(agent->dp, &action->addr,
						record->other_count ? &macs : NULL));
}

static void put(struct agent *agent, const struct roam_action *action)
{
	log_map_error(action, datapath_put_station(agent->dp, &action->addr, action->station));
	forget_seen(agent, action);
	presence_put(agent->presence, &action->addr, action->station);
	if (agent->buffer)
		buffer_put(agent->buffer, &action->addr, action->station);
	groups_put(agent->groups, &action->addr, action->station);
	agent_changed(agent);
}

static void delete(struct agent *agent, const struct roam_action *action)
{
	log_map_error(action, datapath_delete_station(agent->dp, &action->addr));
	log_map_error(action, datapath_put_macs(agent->dp, &action->addr, NULL));
	datapath_forget_seen(agent->dp, &action->mac);
	presence_remove(agent->presence, &action->addr);
	if (agent->buffer)
		buffer_remove(agent->buffer, &action->addr);
	groups_remove(agent->groups, &action->addr);
	agent_changed(agent);
}

static void log_line(struct agent *agent, const struct roam_action *action)
{
	if (mac_is_zero(&action->mac))
		log_at(action->level, "%s", action->text);
	else
		trail_log(agent->trail, action->level, &action->mac, "%s", action->text);
}

static void send_message(struct agent *agent, const struct roam_action *action)
{
	if (action->type == ROAM_TO_REGISTER && agent->reg)
		register_send(agent->reg, action->message);
	else if (action->type == ROAM_TO_CN && agent->peers)
		peers_send(agent->peers, action->cn, action->message);
}

/* Without an entry the kernel will ask by ARP. */
static void put_neighbour(const struct roam_action *action)
{
	int error = netlink_put_neighbour(action->ifindex, &action->addr, &action->mac);
	char addr[ADDR_STRLEN];

	if (error && error != -ENOENT)
		log_debug("neighbour entry of %s: %s", addr_format(&action->addr, addr),
			  strerror(-error));
}

static void announce(struct agent *agent, const struct roam_action *action)
{
	if (agent->farewells && mac_is_zero(&action->mac))
		farewell_begin(agent->farewells, &action->addr, action->ifindex);
	else
		cells_announce(agent->cells, action->ifindex, &action->addr, &action->mac);
}

static void on_holder_asked(enum roam_holder answer, const struct station_record *record, void *arg)
{
	struct agent *agent = arg;

	roam_holder_asked(agent->roam, &record->addr, &record->mac, answer, clock_ms());
}

/* A check that is under way for another reason ends with roam_holder_asked, too. */
static void ask_holder(struct agent *agent, const struct roam_action *action)
{
	const struct replica_station *station =
		replica_find(roam_replica(agent->roam), &action->addr);
	struct station_record record;

	if (!station || !agent->checks)
		return;
	record = station->record;
	record.current = replica_current(station);
	if (address_check_begin(agent->checks, &record, NULL, on_holder_asked, agent) == -EBUSY)
		on_holder_asked(ROAM_HOLDER_UNKNOWN, &record, agent);
}

void actions_apply(const struct roam_action *action, void *arg)
{
	struct agent *agent = arg;

	switch (action->type) {
	case ROAM_PUT:
		put(agent, action);
		break;
	case ROAM_DELETE:
		delete(agent, action);
		break;
	case ROAM_MACS:
		put_macs(agent, action);
		break;
	case ROAM_TO_REGISTER:
	case ROAM_TO_CN:
		send_message(agent, action);
		break;
	case ROAM_CN:
		cns_put_peer_entry(agent->cns, action->cn);
		break;
	case ROAM_ANNOUNCE:
		announce(agent, action);
		break;
	case ROAM_DEFEND:
		cells_defend(agent->cells, action->ifindex, &action->addr, &action->mac,
			     &action->holder);
		break;
	case ROAM_NEIGHBOUR:
		put_neighbour(action);
		break;
	case ROAM_ASK_HOLDER:
		ask_holder(agent, action);
		break;
	case ROAM_TELL_CN:
		if (agent->places)
			places_tell(agent->places, action->cn, &action->addr);
		break;
	case ROAM_CN_TOLD:
		if (agent->places)
			places_told(agent->places, action->cn, &action->addr);
		break;
	case ROAM_ASK_CN:
		if (agent->places)
			places_ask(agent->places, action->cn, &action->addr);
		break;
	case ROAM_GONE:
		if (agent->wifi)
			wifi_gone(agent->wifi, &action->mac, action->ifindex);
		break;
	case ROAM_CHECK_ADDRESS:
		address_check_probed(agent->checks, action->cn, action->message);
		break;
	case ROAM_PROBE_STATION:
		datapath_forget_seen(agent->dp, &action->mac); /* its answer is news */
		presence_probe_in(agent->presence, &action->addr, &action->mac, action->ifindex);
		break;
	case ROAM_GREET:
		greetings_begin(agent->greetings, &action->addr, action->joining);
		break;
	case ROAM_DUE:
		timer_arm_at(agent->roam_timer, roam_next_due(agent->roam));
		break;
	case ROAM_LOG:
		log_line(agent, action);
		break;
	}
}
