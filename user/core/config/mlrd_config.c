/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives of mlrd.rc(5). */
#include "mlrd_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/mlrp/mlrp.h"

static int add_grant(void *target, char **args, int count, char *why, size_t size)
{
	struct mlrd_config *config = target;

	(void)count;
	if (!config_is_name(args[0]) || strlen(args[0]) >= sizeof(config->grant[0]))
		return config_refuse(why, size, "`%s' is neither a host name nor an address",
				     args[0]);
	if (config->grant_count == MLRD_PEERS_MAX)
		return config_refuse(why, size, "at most %d hosts", MLRD_PEERS_MAX);
	strcpy(config->grant[config->grant_count++], args[0]);
	return 0;
}

static int add_copy(void *target, char **args, int count, char *why, size_t size)
{
	struct mlrd_config *config = target;
	char *colon = strchr(args[0], ':');
	unsigned port = MLRP_PORT;
	int host = colon ? (int)(colon - args[0]) : (int)strlen(args[0]);
	char name[241];

	(void)count;
	if (host >= 240 || snprintf(name, sizeof(name), "%.*s", host, args[0]) < 1 ||
	    !config_is_name(name))
		return config_refuse(why, size,
				     "`%s' does not begin with a host name or an address", args[0]);
	if (colon && config_parse_port(colon + 1, &port, why, size) < 0)
		return -EINVAL;
	if (config->copy_count == MLRD_PEERS_MAX)
		return config_refuse(why, size, "at most %d registers", MLRD_PEERS_MAX);
	snprintf(config->copy[config->copy_count++], sizeof(config->copy[0]), "%.240s:%u", name,
		 port);
	return 0;
}

/* A host may have several MACs, but one address. A MAC and an address belong to one host. */
static int check_host(const struct mlrd_config *config, const struct registry_host *host, char *why,
		      size_t size)
{
	char text[ADDR_STRLEN];

	for (size_t i = 0; i < config->host_count; i++) {
		const struct registry_host *other = &config->hosts[i];
		bool same_name = strcmp(other->name, host->name) == 0,
		     same_addr = addr_equal(&other->addr, &host->addr);

		if (mac_equal(&other->mac, &host->mac))
			snprintf(why, size, "this MAC was given to host %s before", other->name);
		else if (same_name && !same_addr)
			snprintf(why, size, "host %s has the address %s already", host->name,
				 addr_format(&other->addr, text));
		else if (same_addr && !same_name)
			snprintf(why, size, "this address is that of host %s", other->name);
		else
			continue;
		return -EINVAL;
	}
	return 0;
}

static int add_host(void *target, char **args, int count, char *why, size_t size)
{
	struct mlrd_config *config = target;
	struct registry_host host = {0}, *grown;

	(void)count;
	if (!config_is_name(args[0]) || strlen(args[0]) >= sizeof(host.name))
		return config_refuse(why, size,
				     "`%s' is not a name of letters, digits, '.', '-' and '_'",
				     args[0]);
	strcpy(host.name, args[0]);
	if (mac_parse(args[1], &host.mac) < 0 || mac_is_zero(&host.mac) || host.mac.octet[0] & 1)
		return config_refuse(why, size, "`%s' is not the MAC of a host", args[1]);
	if (addr_parse(args[2], &host.addr) < 0)
		return config_refuse(why, size, "`%s' is not an IPv4 address", args[2]);
	if (check_host(config, &host, why, size) < 0)
		return -EINVAL;
	grown = reallocarray(config->hosts, config->host_count + 1, sizeof(*grown));
	if (!grown)
		return config_refuse(why, size, "no memory");
	config->hosts = grown;
	config->hosts[config->host_count++] = host;
	return 0;
}

#define AT(member) CONFIG_AT(struct mlrd_config, member)

static const struct config_directive DIRECTIVES[] = {
	{"network_name", CONFIG_NAME, AT(network_name), .required = true},
	{"port", CONFIG_NUMBER, AT(port), .min = 1, .max = 65535},
	{"listen", CONFIG_ADDR, AT(listen)},
	{"foreground", CONFIG_BOOL, AT(foreground)},
	{"log", CONFIG_BOOL, AT(log)},
	{"log_file", CONFIG_PATH, AT(log_file)},
	{"status_file", CONFIG_PATH, AT(status_file)},
	{"debug", CONFIG_NUMBER, AT(debug), .min = 0, .max = 4},
	{"grant", CONFIG_ONE_WORD(add_grant), .repeatable = true},
	{"cc_mlr", CONFIG_ONE_WORD(add_copy), .repeatable = true},
	{"grant_", CONFIG_MISTAKE, .hint = "a misprint of 2003: write `grant HOST', with a blank"},
	{"cc_mlrd", CONFIG_MISTAKE,
	 .hint = "a misprint of 2003: write `cc_mlr HOST:PORT', with a blank"},
	{"host", CONFIG_CUSTOM, .custom = add_host, .min = 3, .max = 3, .repeatable = true,
	 .hint = "a name, a MAC and an address"},
	{"offer_time", CONFIG_NUMBER, AT(offer_time), .min = 1, .max = 3600},
	{"decline_time", CONFIG_NUMBER, AT(decline_time), .min = 1, .max = 86400},
	{"lease_grace", CONFIG_NUMBER, AT(lease_grace), .min = 0, .max = 86400},
	{"flap_moves", CONFIG_NUMBER, AT(flap_moves), .min = 0, .max = 10000},
	{"flap_window", CONFIG_NUMBER, AT(flap_window), .min = 1, .max = 3600},
	{"flap_hold", CONFIG_NUMBER, AT(flap_hold), .min = 1, .max = 3600},
	{"stations_max", CONFIG_NUMBER, AT(stations_max), .min = 16, .max = 16777216},
	{"cns_max", CONFIG_NUMBER, AT(cns_max), .min = 1, .max = 16384},
	{"mac_addresses", CONFIG_NUMBER, AT(mac_addresses), .min = 1, .max = 1048576},
	{"mac_declines", CONFIG_NUMBER, AT(mac_declines), .min = 0, .max = 1048576},
	{"cell_claims", CONFIG_NUMBER, AT(cell_claims), .min = 0, .max = 16777216},
	{"run_dir", CONFIG_PATH, AT(run_dir)},
	{"state_dir", CONFIG_PATH, AT(state_dir)},
	{"control_socket", CONFIG_PATH, AT(control_socket)},
};

void mlrd_config_init(struct mlrd_config *config)
{
	*config = (struct mlrd_config){
		.port = MLRP_PORT, .log = true, .debug = 2, .offer_time = 30, .decline_time = 600,
		.lease_grace = 60, .flap_moves = 20, .flap_window = 10, .flap_hold = 10,
		.stations_max = 2097152, .cns_max = 4096, .mac_addresses = 16, .mac_declines = 3,
		.cell_claims = 4096, .run_dir = "/run/tmip",
		.state_dir = "/var/lib/tmip",
	};
}

void mlrd_config_free(struct mlrd_config *config)
{
	free(config->hosts);
	config->hosts = NULL;
	config->host_count = 0;
}

int mlrd_config_read(struct mlrd_config *config, const char *file, const char *text, size_t len,
		     char errors[CONFIG_ERRORS])
{
	struct mlrd_config fresh;
	int failed;

	mlrd_config_init(&fresh);
	failed = config_read(DIRECTIVES, sizeof(DIRECTIVES) / sizeof(DIRECTIVES[0]), file, text,
			     len, &fresh, errors, CONFIG_ERRORS);
	if (failed)
		mlrd_config_free(&fresh);
	else
		*config = fresh;
	return failed;
}

void mlrd_config_socket(const struct mlrd_config *config, char out[CONFIG_PATH_LEN])
{
	if (config->control_socket[0])
		memcpy(out, config->control_socket, CONFIG_PATH_LEN);
	else
		snprintf(out, CONFIG_PATH_LEN, "%.170s/%.63s.mlrd.sock", config->run_dir,
			 config->network_name);
}
