/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a report asks the modules of the agent: values that the test sets. It takes the place of
 * those functions of peers.h, path_mtu.h, presence.h, buffer.h, groups.h, dhcp.h, wifi.h and
 * authenticator.h.
 */
#ifndef TMIP_TESTS_AGENT_CONTROL_FAKE_MODULES_H
#define TMIP_TESTS_AGENT_CONTROL_FAKE_MODULES_H

#include "agent/dhcp/dhcp.h"
#include "agent/station/buffer.h"
#include "agent/station/groups.h"
#include "agent/wifi/authenticator.h"
#include "agent/wifi/wifi.h"
#include "core/config/agent_config.h"

struct fake_modules {
	uint32_t connected; /* the CN to which there is a connection; 0: to none */
	unsigned path_mtu;  /* of the paths to all CNs, as probes show; 0: the route's */
	uint64_t heard_ms;  /* when each station was heard; 0: it is not known */
	struct buffer_counts buffer;
	struct groups_counts groups;
	struct dhcp_counts dhcp;
	struct wifi_counts wifi;
	struct authenticator_counts authenticators;
	unsigned hostapd_count;
	struct config_hostapd hostapds[2]; /* the first one is connected */
};

extern struct fake_modules fake_modules;

#endif
