/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives of tmipd.rc(5). */
#include "agent_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/mlrp/mlrp.h"

/* HOST, or HOST:PORT. */
static int set_mlr(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;
	char *colon = strchr(args[0], ':');
	unsigned port = MLRP_PORT;

	(void)count;
	if (colon)
		*colon = '\0';
	if (!config_is_name(args[0]) || strlen(args[0]) >= sizeof(config->mlr_host))
		return config_refuse(why, size, "`%s' is neither a host name nor an address",
				     args[0]);
	if (colon && config_parse_port(colon + 1, &port, why, size) < 0)
		return -EINVAL;
	strcpy(config->mlr_host, args[0]);
	config->mlr_port = port;
	return 0;
}

static int check_interface(const char *name, char *why, size_t size)
{
	if (strlen(name) < CONFIG_IF_LEN && *name && !strchr(name, '/'))
		return 0;
	return config_refuse(why, size, "`%s' cannot be the name of an interface", name);
}

/* Returns whether one of the `count` elements, of `size` bytes, begins with this name. */
static bool is_listed(const void *list, unsigned count, size_t size, const char *name)
{
	const char *at = list;

	for (unsigned i = 0; i < count; i++, at += size)
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

static int set_cn_if(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;

	(void)count;
	if (check_interface(args[0], why, size) < 0)
		return -EINVAL;
	strcpy(config->cn_if, args[0]);
	return 0;
}

static int add_mobile_if(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;

	(void)count;
	if (check_interface(args[0], why, size) < 0)
		return -EINVAL;
	if (is_listed(config->mobile_if, config->cell_count, CONFIG_IF_LEN, args[0]))
		return config_refuse(why, size, "`%s' was named before", args[0]);
	if (config->cell_count == CN_CELLS_MAX)
		return config_refuse(why, size, "a CN has at most %d cells", CN_CELLS_MAX);
	strcpy(config->mobile_if[config->cell_count++], args[0]);
	return 0;
}

static int pool_end(const char *text, struct tmip_addr *out, char *why, size_t size)
{
	if (strcmp(text, "*") == 0 || addr_parse(text, out) == 0)
		return 0;
	return config_refuse(why, size, "`%s' is neither an IPv4 address nor `*'", text);
}

static int add_pool(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;
	struct config_pool pool = {0};

	(void)count;
	if (check_interface(args[0], why, size) < 0 ||
	    pool_end(args[1], &pool.first, why, size) < 0 ||
	    pool_end(args[2], &pool.last, why, size) < 0)
		return -EINVAL;
	if (!addr_is_zero(&pool.first) && !addr_is_zero(&pool.last) &&
	    addr_compare(&pool.first, &pool.last) > 0)
		return config_refuse(why, size, "the first address, %s, comes after the last, %s",
				     args[1], args[2]);
	if (is_listed(config->pools, config->pool_count, sizeof(pool), args[0]))
		return config_refuse(why, size, "`%s' has a pool already", args[0]);
	if (config->pool_count == CN_CELLS_MAX)
		return config_refuse(why, size, "a CN has at most %d pools", CN_CELLS_MAX);
	strcpy(pool.interface, args[0]);
	config->pools[config->pool_count++] = pool;
	return 0;
}

static int add_hostapd(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;
	struct config_hostapd *hostapd = &config->hostapd[config->hostapd_count];

	(void)count;
	if (check_interface(args[0], why, size) < 0)
		return -EINVAL;
	if (args[1][0] != '/' || strlen(args[1]) >= sizeof(hostapd->socket))
		return config_refuse(
			why, size, "`%s' is not the absolute path of a socket (at most %zu bytes)",
			args[1], sizeof(hostapd->socket) - 1);
	if (is_listed(config->hostapd, config->hostapd_count, sizeof(*hostapd), args[0]))
		return config_refuse(why, size, "`%s' was named before", args[0]);
	if (config->hostapd_count == CONFIG_HOSTAPD_MAX)
		return config_refuse(why, size, "at most %d access points", CONFIG_HOSTAPD_MAX);
	strcpy(hostapd->interface, args[0]);
	strcpy(hostapd->socket, args[1]);
	config->hostapd_count++;
	return 0;
}

static int add_dns(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;

	for (int i = 0; i < count; i++) {
		if (config->dns_count == CELL_DNS_MAX)
			return config_refuse(why, size, "at most %d name servers", CELL_DNS_MAX);
		if (addr_parse(args[i], &config->dns[config->dns_count]) < 0)
			return config_refuse(why, size, "`%s' is not an IPv4 address", args[i]);
		config->dns_count++;
	}
	return 0;
}

static int set_mss(void *target, char **args, int count, char *why, size_t size)
{
	struct agent_config *config = target;
	char *end;
	unsigned long value = strtoul(args[0], &end, 10);

	(void)count;
	if (strcmp(args[0], "auto") == 0)
		value = AGENT_MSS_AUTO;
	else if (strcmp(args[0], "off") == 0)
		value = 0;
	else if (*end || value < 536 || value > 9000)
		return config_refuse(why, size,
				     "`%s' is neither auto, off nor a number from 536 to 9000",
				     args[0]);
	config->mss = (unsigned)value;
	return 0;
}

/* `fastpath' was a switch once, and `on' meant what `away' means now. */
static const struct config_word FASTPATH[] = {
	{"off", AGENT_FASTPATH_OFF}, {"false", AGENT_FASTPATH_OFF}, {"away", AGENT_FASTPATH_AWAY},
	{"on", AGENT_FASTPATH_AWAY},
	{"true", AGENT_FASTPATH_AWAY}, {"home", AGENT_FASTPATH_HOME}, {0},
};
static const struct config_word XDP[] = {
	{"off", AGENT_XDP_OFF}, {"auto", AGENT_XDP_AUTO}, {"on", AGENT_XDP_ON}, {0},
};
static const struct config_word MULTICAST[] = {
	{"home", 1}, {"on", 1}, {"true", 1}, {"local", 0}, {"off", 0}, {"false", 0}, {0},
};
static const struct config_word IDENTITY[] = {{"mac", 0}, {"association", 1}, {0}};

#define AT(member) CONFIG_AT(struct agent_config, member)

static const struct config_directive DIRECTIVES[] = {
	{"mlr", CONFIG_ONE_WORD(set_mlr), .required = true},
	{"cn_name", CONFIG_NAME, AT(cn_name), .required = true},
	{"network_name", CONFIG_NAME, AT(network_name), .required = true},
	{"cn_if", CONFIG_ONE_WORD(set_cn_if), .required = true},
	{"mobile_if", CONFIG_ONE_WORD(add_mobile_if), .repeatable = true},
	{"addr_pool", CONFIG_CUSTOM, .custom = add_pool, .min = 3, .max = 3, .repeatable = true,
	 .hint = "an interface, the first and the last address"},
	{"dns_server", CONFIG_CUSTOM, .custom = add_dns, .min = 1, .max = CELL_DNS_MAX,
	 .repeatable = true, .hint = "one to four addresses"},
	{"hostapd", CONFIG_CUSTOM, .custom = add_hostapd, .min = 2, .max = 2, .repeatable = true,
	 .hint = "an interface and the path of a control socket"},
	{"station_identity", CONFIG_WORD, AT(by_association), .words = IDENTITY,
	 .hint = "mac nor association"},
	{"domain_name", CONFIG_NAME, AT(domain_name)},
	{"lease_time", CONFIG_NUMBER, AT(lease_time), .min = 10, .max = 31536000},
	{"tunnel_addr", CONFIG_ADDR, AT(tunnel_addr)},
	{"tunnel_ttl", CONFIG_NUMBER, AT(tunnel_ttl), .min = 2, .max = 255},
	{"port", CONFIG_NUMBER, AT(port), .min = 1, .max = 65535},
	{"mss", CONFIG_ONE_WORD(set_mss)},
	{"fastpath", CONFIG_WORD, AT(fastpath), .words = FASTPATH, .hint = "off, away nor home"},
	{"xdp", CONFIG_WORD, AT(xdp), .words = XDP, .hint = "auto, on nor off"},
	{"multicast", CONFIG_WORD, AT(multicast_home), .words = MULTICAST,
	 .hint = "local nor home"},
	{"multicast_burst", CONFIG_NUMBER, AT(multicast_burst), .min = 1, .max = 100000},
	{"multicast_copies", CONFIG_NUMBER, AT(multicast_copies), .min = 1, .max = 1000000},
	{"route_optimisation", CONFIG_BOOL, AT(route_optimisation)},
	{"fast_handover", CONFIG_BOOL, AT(fast_handover)},
	{"static_stations", CONFIG_BOOL, AT(static_stations)},
	{"realtime", CONFIG_BOOL, AT(realtime)},
	{"handover_timeout", CONFIG_NUMBER, AT(handover_timeout), .min = 50, .max = 60000},
	{"probe_idle", CONFIG_NUMBER, AT(probe_idle), .min = 0, .max = 86400},
	{"probe_count", CONFIG_NUMBER, AT(probe_count), .min = 1, .max = 16},
	{"probe_rate", CONFIG_NUMBER, AT(probe_rate), .min = 1, .max = 100000},
	{"buffer_bytes", CONFIG_NUMBER, AT(buffer_bytes), .min = 0, .max = 1073741824},
	{"buffer_total", CONFIG_NUMBER, AT(buffer_total), .min = 0, .max = 2147483648u},
	{"buffer_time", CONFIG_NUMBER, AT(buffer_time), .min = 10, .max = 600000},
	{"away_block", CONFIG_NUMBER, AT(away_block), .min = 0, .max = MLRP_ADDRS_MAX},
	{"stations_max", CONFIG_NUMBER, AT(stations_max), .min = 16, .max = 4194304},
	{"peers_max", CONFIG_NUMBER, AT(peers_max), .min = 2, .max = 16384},
	{"seen_max", CONFIG_NUMBER, AT(seen_max), .min = 64, .max = 4194304},
	{"event_burst", CONFIG_NUMBER, AT(event_burst), .min = 1, .max = 1000000},
	{"event_interval", CONFIG_NUMBER, AT(event_interval), .min = 1, .max = 3600000},
	{"dhcp_burst", CONFIG_NUMBER, AT(dhcp_burst), .min = 1, .max = 1000000},
	{"foreground", CONFIG_BOOL, AT(foreground)},
	{"log", CONFIG_BOOL, AT(log)},
	{"log_file", CONFIG_PATH, AT(log_file)},
	{"status_file", CONFIG_PATH, AT(status_file)},
	{"debug", CONFIG_NUMBER, AT(debug), .min = 0, .max = 4},
	{"bpf_dir", CONFIG_PATH, AT(bpf_dir)},
	{"run_dir", CONFIG_PATH, AT(run_dir)},
	{"state_dir", CONFIG_PATH, AT(state_dir)},
	{"control_socket", CONFIG_PATH, AT(control_socket)},
};

void agent_config_init(struct agent_config *config)
{
	*config = (struct agent_config){
		.mlr_port = MLRP_PORT, .port = MLRP_PORT, .lease_time = 3600, .log = true,
		.fastpath = AGENT_FASTPATH_AWAY, .xdp = AGENT_XDP_AUTO, .route_optimisation = true,
		.fast_handover = true, .static_stations = true, .realtime = true,
		.multicast_home = true, .multicast_burst = 50, .multicast_copies = 1000,
		.debug = 2, .stations_max = 65536, .peers_max = 1024, .seen_max = 16384,
		.event_burst = 1000, .event_interval = 1000, .dhcp_burst = 10, .tunnel_ttl = 64,
		.mss = AGENT_MSS_AUTO, .handover_timeout = 3000,
		.probe_idle = 30, .probe_count = 3, .probe_rate = 100,
		.buffer_bytes = 262144, .buffer_total = 16777216, .buffer_time = 3000,
		.away_block = 16, .bpf_dir = "/sys/fs/bpf/tmip", .run_dir = "/run/tmip",
		.state_dir = "/var/lib/tmip",
	};
}

static int check_pools(const struct agent_config *config, const char *file,
		       char errors[CONFIG_ERRORS])
{
	for (unsigned i = 0; i < config->pool_count; i++) {
		const char *interface = config->pools[i].interface;

		/* Without any mobile_if, `tmip-agent attach' names the interface later. */
		if (!config->cell_count ||
		    is_listed(config->mobile_if, config->cell_count, CONFIG_IF_LEN, interface))
			continue;
		snprintf(errors, CONFIG_ERRORS,
			 "%s: directive `addr_pool': `%s' is no mobile_if\n", file, interface);
		return 1;
	}
	return 0;
}

int agent_config_read(struct agent_config *config, const char *file, const char *text, size_t len,
		      char errors[CONFIG_ERRORS])
{
	struct agent_config fresh;
	int failed;

	agent_config_init(&fresh);
	failed = config_read(DIRECTIVES, sizeof(DIRECTIVES) / sizeof(DIRECTIVES[0]), file, text,
			     len, &fresh, errors, CONFIG_ERRORS);
	if (!failed)
		failed = check_pools(&fresh, file, errors);
	if (!failed)
		*config = fresh;
	return failed;
}

bool agent_config_has_cell(const struct agent_config *config, const char *interface)
{
	return is_listed(config->mobile_if, config->cell_count, CONFIG_IF_LEN, interface);
}

void agent_config_pin_dir(const struct agent_config *config, char out[CONFIG_PATH_LEN + NAME_LEN])
{
	int at = snprintf(out, CONFIG_PATH_LEN + NAME_LEN, "%s/", config->bpf_dir);

	snprintf(out + at, (size_t)(CONFIG_PATH_LEN + NAME_LEN - at), "%s", config->network_name);
	/* The BPF file system refuses dots in names; the name of a network has no colons. */
	for (char *c = out + at; *c; c++)
		if (*c == '.')
			*c = ':';
}

void agent_config_hostapd_socket(const struct agent_config *config,
				 const struct config_hostapd *hostapd,
				 char out[CONFIG_HOSTAPD_OWN])
{
	snprintf(out, CONFIG_HOSTAPD_OWN, "%s/%s.%s.hostapd", config->run_dir,
		 config->network_name, hostapd->interface);
}

void agent_config_socket(const struct agent_config *config, char out[CONFIG_PATH_LEN])
{
	if (config->control_socket[0])
		memcpy(out, config->control_socket, CONFIG_PATH_LEN);
	else
		snprintf(out, CONFIG_PATH_LEN, "%.180s/%.63s.sock", config->run_dir,
			 config->network_name);
}
