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

/* What cannot change while the agent runs. */
#define FIXED_MEMBER(member) \
	{#member, offsetof(struct agent_config, member), sizeof(((struct agent_config *)0)->member)}
static const struct {
	const char *directive;
	size_t offset, size;
} FIXED[] = {
	FIXED_MEMBER(network_name), FIXED_MEMBER(cn_name),        FIXED_MEMBER(cn_if),
	FIXED_MEMBER(tunnel_addr),  FIXED_MEMBER(port),           FIXED_MEMBER(bpf_dir),
	FIXED_MEMBER(run_dir),      FIXED_MEMBER(state_dir),      FIXED_MEMBER(control_socket),
	FIXED_MEMBER(stations_max), FIXED_MEMBER(peers_max),      FIXED_MEMBER(seen_max),
	FIXED_MEMBER(foreground),
};

static void keep_fixed(const struct agent_config *now, struct agent_config *wanted)
{
	for (size_t i = 0; i < sizeof(FIXED) / sizeof(FIXED[0]); i++) {
		const char *from = (const char *)now + FIXED[i].offset;
		char *to = (char *)wanted + FIXED[i].offset;

		if (memcmp(from, to, FIXED[i].size) == 0)
			continue;
		/* -F may say otherwise than the file */
		if (FIXED[i].offset != offsetof(struct agent_config, foreground))
			log_warn("directive `%s': the change takes effect when the agent is "
				 "started anew", FIXED[i].directive);
		memcpy(to, from, FIXED[i].size);
	}
}

static int open_log(const struct agent_config *config, char **errors)
{
	const char *path = config->log && config->log_file[0] ? config->log_file : NULL;
	int error = log_open(path, config->foreground);

	if (error && asprintf(errors, "log_file %s: %s", path, strerror(-error)) < 0)
		*errors = NULL;
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

int apply_reload(struct agent *agent, char **errors)
{
	struct agent_config former = agent->config, fresh;
	int error;

	*errors = NULL;
	error = read_again(agent, &fresh, errors);
	if (error)
		return error;
	keep_fixed(&former, &fresh);
	if (agent->attached) {
		fresh.cell_count = former.cell_count;
		memcpy(fresh.mobile_if, former.mobile_if, sizeof(fresh.mobile_if));
	}
	error = open_log(&fresh, errors);
	if (error)
		return error;
	agent->config = fresh;
	apply_config(agent);
	cells_reconfigure(agent->cells, &former);
	path_mtu_restart(agent->paths, 0);
	authenticators_configure(agent->authenticators);
	if (!same_register(&former, &fresh))
		register_restart(agent->reg);
	else if (former.away_block != fresh.away_block && register_is_ready(agent->reg))
		outage_request_blocks(agent->outage);
	log_info("configuration %s read again", agent->config_path);
	return 0;
}
