/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out what the roaming machine decided: map entries, messages, ARP, the roaming log. */
#include "actions.h"

#include <string.h>

#include "agent/interface/cells.h"
#include "agent/network/peers.h"
#include "agent/network/register.h"
#include "agent/station/address_check.h"
#include "agent/station/buffer.h"
#include "agent/station/greeting.h"
#include "agent/station/groups.h"
#include "agent/station/presence.h"
#include "agent/wifi/wifi.h"
#include "io/process/log.h"
#include "state.h"

static void put(struct agent *agent, const struct roam_action *action)
{
	char addr[ADDR_STRLEN];
	int error = datapath_put_station(agent->dp, &action->addr, action->station);

	if (error)
		log_error("map tmip_station: %s: %s", addr_format(&action->addr, addr), strerror(-error));
	/* Where it was seen last no longer says anything: its next frame elsewhere in our cells is news. */
	datapath_forget_seen(agent->dp, &action->mac);
	presence_put(agent, &action->addr, action->station);
	buffer_put(agent, &action->addr, action->station);
	groups_put(agent, &action->addr, action->station);
	agent_changed(agent);
}

static void delete(struct agent *agent, const struct roam_action *action)
{
	char addr[ADDR_STRLEN];
	int error = datapath_delete_station(agent->dp, &action->addr);

	if (error)
		log_error("map tmip_station: %s: %s", addr_format(&action->addr, addr), strerror(-error));
	datapath_forget_seen(agent->dp, &action->mac);
	presence_remove(agent, &action->addr);
	buffer_remove(agent, &action->addr);
	groups_remove(agent, &action->addr);
	agent_changed(agent);
}

static void tell(struct agent *agent, const struct roam_action *action)
{
	char mac[MAC_STRLEN];

	if (mac_is_zero(&action->mac)) {
		log_at(action->level, "%s", action->text);
		return;
	}
	log_at(action->level, "[%s] %s", mac_format(&action->mac, mac), action->text);
	trail_add(agent->trail, &action->mac, agent_unix_us(), action->text);
}

void actions_perform(const struct roam_action *action, void *arg)
{
	struct agent *agent = arg;

	switch (action->type) {
	case ROAM_PUT:
		put(agent, action);
		break;
	case ROAM_DELETE:
		delete(agent, action);
		break;
	case ROAM_TO_REGISTER:
		register_send(agent, action->message);
		break;
	case ROAM_TO_CN:
		peers_send(agent, action->cn, action->message);
		break;
	case ROAM_CN:
		peers_show(agent, action->cn);
		break;
	case ROAM_ANNOUNCE:
		cells_announce(agent, action->ifindex, &action->addr, &action->mac);
		break;
	case ROAM_GONE:
		wifi_gone(agent, &action->mac, action->ifindex);
		break;
	case ROAM_PROBE:
		holder_probed(agent, action->cn, action->message);
		break;
	case ROAM_RECALL:
		presence_ask(agent, &action->addr, &action->mac, action->ifindex);
		break;
	case ROAM_GREET:
		greeting_begin(agent, &action->addr);
		break;
	case ROAM_DUE:
		agent_arm_roam(agent);
		break;
	case ROAM_LOG:
		tell(agent, action);
		break;
	}
}
