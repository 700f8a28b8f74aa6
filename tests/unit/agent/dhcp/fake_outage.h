/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The own block of a CN, whose leases are on the disk when the test says so. It takes the place of
 * what agent/network/outage.h has for the DHCP server.
 */
#ifndef TMIP_TESTS_AGENT_DHCP_FAKE_OUTAGE_H
#define TMIP_TESTS_AGENT_DHCP_FAKE_OUTAGE_H

#include "agent/network/outage.h"
#include "core/dhcp/block.h"

#define FAKE_BLOCK 4
#define FAKE_BINDINGS 1100

struct fake_outage {
	struct block_entry entries[FAKE_BLOCK];
	struct block block;
	int offer_error, bind_error; /* what these return; 0: they succeed */
	bool takes_back;             /* outage_return() returns it */
	bool declined;               /* as outage_return() was told */
	uint32_t renewed, renewed_lease;
	uint32_t offered, returned;  /* the addresses that these were told of last; 0: none */
	struct fake_binding {
		uint32_t addr, lease;
		unsigned ifindex;
		outage_done *done;
		void *arg;
	} bindings[FAKE_BINDINGS];   /* of all calls, in order */
	unsigned binding_count;
};

extern struct fake_outage fake_outage;

void fake_outage_reset(void);
void fake_outage_adds(const struct tmip_addr *addr); /* a free address of the block */
void fake_outage_ends(unsigned binding, int error);  /* that binding is on the disk, or is not */

#endif
