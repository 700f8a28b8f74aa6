/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses that a CN may give out while the register is away: a block of the pool of each of its cells, set aside for it
 * by the register. Pure; the agent keeps it in a file, and writes that before it acts on what it says.
 */
#ifndef TMIP_CORE_DHCP_BLOCK_H
#define TMIP_CORE_DHCP_BLOCK_H

#include "core/roam/replica.h"
#include "dhcp.h"

enum block_state {
	BLOCK_FREE = 1,
	BLOCK_OFFERED,  /* until until_ms */
	BLOCK_GIVEN,    /* the register does not know it yet */
	BLOCK_DECLINED, /* a stranger uses it */
};

struct block_entry {
	struct tmip_addr addr;
	uint8_t state;
	struct tmip_mac mac;
	uint8_t client_id_len;
	uint8_t client_id[CLIENT_ID_LEN];
	uint64_t until_ms;
	uint32_t lease;
	uint64_t lease_end; /* Unix time in seconds */
};

struct block {
	struct block_entry *list;
	size_t count;
};

void block_free(struct block *block);
/* What the register says of a subnet: other addresses go, but those given out. True in *changed if it is not as before. 0 or -ENOMEM. */
int block_replace(struct block *block, const struct prefix *subnet, const struct tmip_addr *addrs,
		  size_t count, bool *changed);
/* Forgets free ones of the subnet beyond `keep` in all. True: there were such. */
bool block_shrink(struct block *block, const struct prefix *subnet, size_t keep);
size_t block_list(const struct block *block, const struct prefix *subnet, struct tmip_addr *addrs,
		  size_t max);
struct block_entry *block_find(const struct block *block, const struct tmip_addr *addr);
size_t block_given(const struct block *block);

/* An address to offer: the client's own, else a free one of the subnet, else of another. NULL: none. */
struct block_entry *block_choose(const struct block *block, const struct replica *replica,
				 const struct prefix *subnet, const struct dhcp_request *request,
				 uint64_t now_ms);
/* May the client have this one? */
bool block_is_open(const struct block_entry *entry, const struct replica *replica,
		   const struct dhcp_request *request, uint64_t now_ms);
void block_assign(struct block_entry *entry, uint8_t state, const struct dhcp_request *request); /* OFFERED, GIVEN */
/* Drops those of which the register has a record. True: there were such. */
bool block_settle(struct block *block, const struct replica *replica);

#endif
