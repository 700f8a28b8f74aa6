/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLRP messages to their subjects (docs/mlrp.md): those of the register by a table of types, those
 * of other CNs to a check of an address or to the roaming machine.
 */
#include "dhcp/dhcp.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "network/cns.h"
#include "network/outage.h"
#include "network/peers.h"
#include "network/register.h"
#include "state.h"
#include "station/address_check.h"
#include "station/neighbours.h"

/* ---- of the register */

static void on_cn(const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;
	struct cn_info info = message->cn;

	wiring_note_name(agent, &info);
	peers_correct(agent->peers, &info);
	cns_put(agent->cns, &info);
	if (register_is_ready(agent->reg))
		outage_cns_changed(agent->outage);
}

static void on_sync_start(const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	roam_sync_start(agent->roam, message->full);
}

/* An answer, to the roaming machine or the DHCP server, or a record that another CN changed. */
static void on_station(const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	if (message->transaction & ROAM_TRANSACTION)
		roam_register_answer(agent->roam, message, clock_ms());
	else if (message->transaction)
		dhcp_register_answer(agent->dhcp, message);
	else
		roam_record(agent->roam, &message->station, 0, clock_ms());
	outage_settle(agent->outage, message);
}

static void on_block(const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	outage_handle_block(agent->outage, message);
}

static void on_error(const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	if (message->transaction & ROAM_TRANSACTION)
		roam_register_answer(agent->roam, message, clock_ms());
	else if (!outage_handle_error(agent->outage, message) &&
		 !dhcp_register_answer(agent->dhcp, message))
		log_error("the register refuses: %s%s%s", mlrp_error_name(message->code),
			  message->text[0] ? ", " : "", message->text);
	outage_settle(agent->outage, message);
}

const struct register_subscription MESSAGES_OF_REGISTER[] = {
	{MLRP_CN, on_cn},
	{MLRP_SYNC_START, on_sync_start},
	{MLRP_STATION, on_station},
	{MLRP_BLOCK, on_block},
	{MLRP_ERROR, on_error},
};
const unsigned MESSAGES_OF_REGISTER_COUNT =
	sizeof(MESSAGES_OF_REGISTER) / sizeof(MESSAGES_OF_REGISTER[0]);

/* ---- of another CN */

void messages_from_cn(uint32_t cn, const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	if (message->type == MLRP_PROBE && mac_is_zero(&message->mac))
		neighbours_probed(agent->neighbours, cn, message);
	else if (!neighbours_answered(agent->neighbours, cn, message) &&
		 !address_check_answered(agent->checks, cn, message))
		roam_cn_message(agent->roam, cn, message, clock_ms());
}
