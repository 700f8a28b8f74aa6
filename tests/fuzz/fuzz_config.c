/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a tmipd.rc: the reader must not crash, its reports must stay in their buffer,
 * and the values that it accepts must keep their bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "core/config/agent_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct agent_config config;
	char errors[CONFIG_ERRORS], socket[CONFIG_PATH_LEN];
	char *text = malloc(size ? size : 1); /* so that the sanitizer sees the end */
	int failed;

	need(text != NULL);
	memcpy(text, data, size);
	agent_config_init(&config);
	failed = agent_config_read(&config, "fuzz.rc", text, size, errors);
	free(text);
	need(strnlen(errors, sizeof(errors)) < sizeof(errors));
	need((failed == 0) == (errors[0] == '\0'));
	if (failed)
		return 0;
	need(config.cell_count <= CN_CELLS_MAX && config.pool_count <= CN_CELLS_MAX &&
	     config.dns_count <= CELL_DNS_MAX);
	need(config.network_name[0] && !strchr(config.network_name, '/') &&
	     strcmp(config.network_name, "..") != 0);
	need(config.port >= 1 && config.port <= 65535);
	need(config.mlr_port >= 1 && config.mlr_port <= 65535);
	agent_config_socket(&config, socket);
	need(socket[0] == '/');
	return 0;
}
