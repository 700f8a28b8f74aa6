/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report asks the modules of the agent. See fake_modules.h. */
#include "fake_modules.h"

#include "agent/network/path_mtu.h"
#include "agent/network/peers.h"
#include "agent/station/presence.h"
#include "io/kernel/ip_counts.h"

struct fake_modules fake_modules;

bool peers_connected(const struct peers *peers, uint32_t cn)
{
	(void)peers;
	return cn == fake_modules.connected;
}

unsigned path_mtu_of(const struct path_mtus *paths, uint32_t cn)
{
	(void)paths;
	(void)cn;
	return fake_modules.path_mtu;
}

enum pmtu_source path_mtu_source(const struct path_mtus *paths, uint32_t cn)
{
	(void)paths;
	(void)cn;
	return fake_modules.path_mtu ? PMTU_PROBE : PMTU_ROUTE;
}

uint64_t presence_heard_ms(const struct presence *presence, const struct tmip_addr *addr)
{
	(void)presence;
	(void)addr;
	return fake_modules.heard_ms;
}

void buffer_count(const struct buffer *buffer, struct buffer_counts *counts)
{
	(void)buffer;
	*counts = fake_modules.buffer;
}

void groups_count(const struct groups *groups, struct groups_counts *counts)
{
	(void)groups;
	*counts = fake_modules.groups;
}

void dhcp_count(const struct dhcp *dhcp, struct dhcp_counts *counts)
{
	(void)dhcp;
	*counts = fake_modules.dhcp;
}

void wifi_count(const struct wifi *wifi, struct wifi_counts *counts)
{
	(void)wifi;
	*counts = fake_modules.wifi;
}

void authenticators_count(const struct authenticators *all, struct authenticator_counts *counts)
{
	(void)all;
	*counts = fake_modules.authenticators;
}

void authenticators_each(const struct authenticators *all,
			 void (*visit)(const struct config_hostapd *config, bool connected,
				       void *arg), void *arg)
{
	(void)all;
	for (unsigned i = 0; i < fake_modules.hostapd_count; i++)
		visit(&fake_modules.hostapds[i], i == 0, arg);
}

/* ---- io/kernel/ip_counts.h */

int ip_counts_read(struct ip_counts *counts)
{
	*counts = (struct ip_counts){.received = 9, .forwarded = 8, .dropped = 1};
	return 0;
}
