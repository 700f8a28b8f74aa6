/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block of a CN: the addresses that it may assign while the register is down. The register sets
 * aside a part of the pool of each cell for it. Pure. The agent keeps the block in a file and
 * writes each change to the file before it acts on it.
 */
#ifndef TMIP_CORE_DHCP_BLOCK_H
#define TMIP_CORE_DHCP_BLOCK_H

#include "core/roam/replica.h"
#include "dhcp.h"

enum block_state {
	BLOCK_FREE = 1,
	BLOCK_OFFERED,  /* to a client, until until_ms */
	BLOCK_BOUND,    /* assigned to a client; the register does not know it yet */
	BLOCK_DECLINED, /* a stranger uses it, until until_ms */
};

struct block_entry {
	struct tmip_addr addr;
	uint8_t state;           /* enum block_state */
	struct tmip_mac mac;     /* of the client, as the members below; void in state FREE */
	uint8_t client_id_len;   /* bytes; 0: the MAC identifies the client */
	uint8_t client_id[CLIENT_ID_LEN];
	uint64_t until_ms;       /* CLOCK_MONOTONIC; FREE: void */
	uint32_t lease;          /* BOUND: seconds */
	uint64_t lease_end;      /* BOUND: as in a record */
};

struct block {
	struct block_entry *list; /* the block owns it; block_free frees it */
	size_t count;
};

/* Frees the list and leaves an empty block. */
void block_free(struct block *block);
/*
 * Makes the block of this subnet the `count` addresses that the register has set aside. Addresses
 * that are not among them leave the block, except those in state BOUND. Sets *changed if the block
 * is not as it was before. Returns 0 or -ENOMEM; on an error the block is unchanged.
 */
int block_replace(struct block *block, const struct prefix *subnet, const struct tmip_addr *addrs,
		  size_t count, bool *changed);
/*
 * Removes free addresses of the subnet until `keep` addresses of it are left, or none of them is
 * free. Returns whether it removed any.
 */
bool block_shrink(struct block *block, const struct prefix *subnet, size_t keep);
/*
 * Removes the addresses of the subnet that are not from `first` to `last`, except those in state
 * BOUND. Returns whether it removed any.
 */
bool block_confine(struct block *block, const struct prefix *subnet, const struct tmip_addr *first,
		   const struct tmip_addr *last);
/*
 * Writes the addresses of the subnet, at most `max`, into `addrs` and returns how many it wrote.
 * With `max` 0 it returns how many there are.
 */
size_t block_list(const struct block *block, const struct prefix *subnet, struct tmip_addr *addrs,
		  size_t max);
/* NULL: the address is not in the block. Valid until the block changes. */
struct block_entry *block_find(const struct block *block, const struct tmip_addr *addr);
/* The number of addresses in state BOUND. */
size_t block_count_bound(const struct block *block);

/*
 * Chooses an address to offer: the one that the client has, else a free one of the subnet, else a
 * free one of another subnet. NULL: there is none.
 */
struct block_entry *block_choose(const struct block *block, const struct replica *replica,
				 const struct prefix *subnet, const struct dhcp_request *request,
				 uint64_t now_ms);
/* Returns whether the client may get this address: it has it already, or the address is free. */
bool block_is_open(const struct block_entry *entry, const struct replica *replica,
		   const struct dhcp_request *request, uint64_t now_ms);
/*
 * A stranger uses the address: nobody gets it until until_ms. If half of the block is in that state
 * already, the address only becomes the last choice. Moves the entry and returns its new place.
 */
struct block_entry *block_decline(struct block *block, struct block_entry *entry,
				  uint64_t until_ms);
/* Sets the state (OFFERED or BOUND) and the client. */
void block_assign(struct block_entry *entry, uint8_t state, const struct dhcp_request *request);
/* Removes the addresses that the register has bound since. Returns whether it removed any. */
bool block_settle(struct block *block, const struct replica *replica);

#endif
