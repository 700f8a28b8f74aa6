/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration, as the roaming machine, the data path and the modules have it, and the way of
 * a new one into the running agent. See state.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/config_fixed.h"
#include "interface/cells.h"
#include "interface/settings.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "network/outage.h"
#include "network/path_mtu.h"
#include "network/register.h"
#include "state.h"
#include "station/buffer.h"
#include "station/groups.h"
#include "station/presence.h"
#include "wifi/authenticator.h"

#define REFUSED_MS 30000
#define BACK_MS 10000   /* the longest back-off towards the register (register.c), twice */
#define TCP_HEADERS 40  /* IPv4 and TCP, without options */

/* ---- as the configuration is now */

struct roam_options apply_roam_options(const struct agent *agent)
{
	const struct agent_config *config = &agent->config;

	return (struct roam_options){
		.stations_max = config->stations_max,
		.cns_max = config->peers_max,
		.timeout_ms = config->handover_timeout,
		.refused_ms = REFUSED_MS,
		.lease_s = config->lease_time,
		.back_ms = BACK_MS,
		.accept_static = config->static_stations,
		.hold = agent->buffer && buffer_usable(agent->buffer),
	};
}

static uint16_t mss_of(const struct agent *agent)
{
	unsigned least = path_mtu_least(agent->paths);

	if (agent->config.mss != AGENT_MSS_AUTO)
		return (uint16_t)agent->config.mss;
	if (!least)
		least = agent->backbone.mtu;
	return (uint16_t)(least - TUNNEL_OVERHEAD - TCP_HEADERS);
}

static uint32_t flags_of(const struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	uint32_t flags = 0;

	if (config->fastpath >= AGENT_FASTPATH_AWAY)
		flags |= TMIP_CONFIG_FASTPATH;
	if (config->fastpath == AGENT_FASTPATH_HOME)
		flags |= TMIP_CONFIG_FASTPATH_HOME;
	if (config->multicast_home)
		flags |= TMIP_CONFIG_GROUP_HOME;
	if (config->route_optimisation)
		flags |= TMIP_CONFIG_DIRECT;
	if (config->fast_handover)
		flags |= TMIP_CONFIG_FAST_HANDOVER;
	if (agent->backbone.headless)
		flags |= TMIP_CONFIG_HEADLESS;
	return flags;
}

void apply_map(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	struct tmip_config entry = {
		.backbone_ifindex = agent->backbone.ifindex,
		.tunnel = agent->backbone.tunnel,
		.event_interval_ns = config->event_interval * 1000000ull,
		.event_burst = config->event_burst,
		.dhcp_burst = config->dhcp_burst,
		.mss = mss_of(agent),
		.outer_ttl = (uint8_t)config->tunnel_ttl,
		.flags = flags_of(agent),
		.buffer_ifindex = agent->buffer ? buffer_ifindex(agent->buffer) : 0,
		.group_burst = config->multicast_burst,
	};
	int error = datapath_put_config(agent->dp, &entry);

	if (error)
		log_error("map tmip_config: %s", strerror(-error));
}

void apply_config(struct agent *agent)
{
	struct roam_options options;

	buffer_configure(agent->buffer);
	options = apply_roam_options(agent);
	roam_set_options(agent->roam, &options);
	apply_map(agent);
	presence_configure(agent->presence);
	groups_configure(agent->groups);
}

/* ---- a new configuration */

/* What cannot change while the agent runs, and what not even then while the maps stay. */
#define FIXED_MEMBER(member) CONFIG_FIXED(struct agent_config, member)
static const struct config_fixed FIXED[] = {
	FIXED_MEMBER(network_name), FIXED_MEMBER(cn_name),        FIXED_MEMBER(cn_if),
	FIXED_MEMBER(tunnel_addr),  FIXED_MEMBER(port),           FIXED_MEMBER(bpf_dir),
	FIXED_MEMBER(run_dir),      FIXED_MEMBER(state_dir),      FIXED_MEMBER(control_socket),
	FIXED_MEMBER(realtime),
};
static const struct config_fixed SIZES[] = {
	FIXED_MEMBER(stations_max), FIXED_MEMBER(peers_max),      FIXED_MEMBER(seen_max),
};
#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static void note_directive(const char *directive, void *arg)
{
	json_array_append_new(arg, json_string(directive));
}

/* The directives that wanted another value: {"restart": [...], "detach": [...]}. */
static json_t *keep_fixed(const struct agent_config *now, struct agent_config *fresh)
{
	json_t *restart = json_array(), *detach = json_array();

	config_keep_fixed(FIXED, COUNT_OF(FIXED), now, fresh, note_directive, restart);
	config_keep_fixed(SIZES, COUNT_OF(SIZES), now, fresh, note_directive, detach);
	fresh->foreground = now->foreground; /* -F may say otherwise than the file */
	return json_pack("{s:o, s:o}", "restart", restart, "detach", detach);
}

static void log_fixed(const json_t *result)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(result, "restart"), i, name)
		log_warn("directive `%s': the change takes effect when the agent is started anew",
			 json_string_value(name));
	json_array_foreach(json_object_get(result, "detach"), i, name)
		log_warn("directive `%s': the change takes effect after `detach --all'",
			 json_string_value(name));
}

static int open_log(const struct agent_config *config, char **errors)
{
	const char *path = config->log && config->log_file[0] ? config->log_file : NULL;
	int error = log_open(path, config->foreground);

	if (error && asprintf(errors, "log_file %s: %s", path, strerror(-error)) < 0)
		*errors = NULL;
	if (!error)
		log_set_level((int)config->debug);
	return error;
}

static int read_again(const struct agent *agent, struct agent_config *fresh, char **errors)
{
	char mistakes[CONFIG_ERRORS] = "", *text = NULL;
	size_t len;
	int error = file_read(agent->config_path, &text, &len);

	if (error) {
		if (asprintf(errors, "configuration %s: %s", agent->config_path,
			     strerror(-error)) < 0)
			*errors = NULL;
		return error;
	}
	if (agent_config_read(fresh, agent->config_path, text, len, mistakes)) {
		*errors = strdup(mistakes);
		error = -EINVAL;
	}
	free(text);
	return error;
}

static bool same_register(const struct agent_config *a, const struct agent_config *b)
{
	return strcmp(a->mlr_host, b->mlr_host) == 0 && a->mlr_port == b->mlr_port;
}

/* Whose interface is not there, or cannot be a cell yet. */
static bool is_awaited(const struct cell *cell)
{
	return !cell->served && !cell->leaving;
}

static json_t *list_cells(const struct agent *agent, bool (*wanted)(const struct cell *cell))
{
	const struct cell_table *table = cells_table(agent->cells);
	json_t *list = json_array();

	for (unsigned i = 0; i < table->count; i++)
		if (wanted(&table->list[i]))
			json_array_append_new(list, json_string(table->list[i].name));
	return list;
}

/* Can the new configuration be taken over as a whole? 0, or -EINVAL with the reasons. */
static int check(const struct agent *agent, struct agent_config *fresh, char **errors)
{
	char faults[CONFIG_ERRORS] = "";

	if (agent->attached) { /* cells come and go by command alone */
		fresh->cell_count = agent->config.cell_count;
		memcpy(fresh->mobile_if, agent->config.mobile_if, sizeof(fresh->mobile_if));
	}
	if (cells_check(agent->cells, fresh, faults, sizeof(faults)) == 0)
		return 0;
	*errors = strdup(faults);
	return -EINVAL;
}

static json_t *describe_cut(const struct cells_cut *cut, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:i, s:i}",
						      "interface", cut[i].name,
						      "away", (int)cut[i].users.away,
						      "guests", (int)cut[i].users.guests));
	return list;
}

/* Adds to `result` what has become of the cells. */
static void take_over(struct agent *agent, const struct agent_config *fresh, json_t *result)
{
	struct agent_config former = agent->config;
	struct cells_cut cut[CN_CELLS_MAX];
	unsigned cuts;

	agent->config = *fresh;
	apply_config(agent);
	cuts = cells_reconfigure(agent->cells, &former, cut);
	outage_pools_changed(agent->outage);
	path_mtu_restart(agent->paths, 0);
	authenticators_configure(agent->authenticators);
	if (!same_register(&former, fresh))
		register_restart(agent->reg);
	json_object_set_new(result, "awaited", list_cells(agent, is_awaited));
	json_object_set_new(result, "cut", describe_cut(cut, cuts));
	log_info("configuration %s read again", agent->config_path);
}

int apply_reload(struct agent *agent, json_t **result, char **errors)
{
	struct agent_config fresh;
	json_t *fixed = NULL;
	int error;

	*errors = NULL;
	error = read_again(agent, &fresh, errors);
	if (!error) {
		fixed = keep_fixed(&agent->config, &fresh);
		error = check(agent, &fresh, errors);
	}
	if (!error)
		error = open_log(&fresh, errors);
	if (error) {
		json_decref(fixed);
		log_error("configuration %s not taken over, all stays as it was: %s",
			  agent->config_path, *errors ? *errors : "no memory");
		return error;
	}
	*result = fixed;
	log_fixed(fixed);
	take_over(agent, &fresh, fixed);
	return 0;
}
