/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this CN needs to go on while the register is down, kept in a file in state_dir: the number
 * of this CN, the other CNs, its block of addresses, and the leases that it gave out of that
 * block. A restarted agent that finds no register goes on from the file.
 */
#ifndef TMIP_AGENT_NETWORK_OUTAGE_H
#define TMIP_AGENT_NETWORK_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct agent_config;
struct block;
struct cn_info;
struct dhcp_request;
struct event_base;
struct mlrp_message;
struct outage;
struct register_client;
struct roam;

struct outage_calls {
	void (*describe_cn)(struct cn_info *out, void *arg);   /* this CN as it is now */
	void (*put_cn)(const struct cn_info *info, void *arg); /* a CN that the file names */
	void *arg;
};

struct outage_setup {
	struct event_base *base;
	const struct agent_config *config; /* read anew at each use */
	struct roam *roam;
	struct register_client *reg;
	struct outage_calls calls;
};

/* Reads the file. 0 or -errno. */
int outage_create(struct outage **out, const struct outage_setup *setup);
/*
 * Writes the file, if it is out of date, and waits for that. tear_down: this CN serves no more; the
 * file is removed as by outage_remove_file(). NULL is allowed.
 */
void outage_destroy(struct outage *outage, bool tear_down);
/* Removes the file, unless the register must still learn of a lease in it. */
void outage_remove_file(const struct agent_config *config);

/* The register is down. If it never answered since the start, the agent goes on from the file. */
void outage_begin(struct outage *outage);
/* The connection with the register is gone, and with it the answers to what was asked. */
void outage_register_lost(struct outage *outage);

/* The snapshot is complete: the roaming machine gets the leases of the file, and reports them. */
void outage_report_leases(struct outage *outage);
/* Asks the register for the blocks of this CN's cells. */
void outage_request_blocks(struct outage *outage);
/* The configuration has other pools, or another size of the blocks: the blocks follow. */
void outage_pools_changed(struct outage *outage);
/* MLRP_BLOCK. */
void outage_handle_block(struct outage *outage, const struct mlrp_message *message);
/* MLRP_ERROR. False: it answers a question of somebody else. */
bool outage_handle_error(struct outage *outage, const struct mlrp_message *message);
/* After every STATION and ERROR of the register: drops leases that the register knows now. */
void outage_settle(struct outage *outage, const struct mlrp_message *message);
/* The CNs of the network changed: the file is written soon. */
void outage_cns_changed(struct outage *outage);

/* ---- for the DHCP server */

const struct block *outage_own_block(const struct outage *outage);
/* Reserves an address of the block for the client for a while. 0; -ENOENT: not in the block. */
int outage_offer(struct outage *outage, const struct dhcp_request *request, uint32_t addr);
/*
 * Binds an address of the block (IPv4, host order) to the client, which is in the cell ifindex.
 * The lease (in seconds) counts, and may be confirmed to the client, when `done` is called with
 * error 0: then it is on the disk. `done` comes later, from the event loop; it does not come after
 * outage_destroy(). 0 or -errno: `done` is not called.
 */
typedef void outage_done(int error, void *arg);
int outage_bind(struct outage *outage, const struct dhcp_request *request, uint32_t addr,
		uint32_t lease, unsigned ifindex, outage_done *done, void *arg);
/* A client of the block has got a new lease (in seconds) from now on. */
void outage_renewed(struct outage *outage, uint32_t addr, uint32_t lease);
/* A client releases or declines an address. False: the register has to learn of that. */
bool outage_return(struct outage *outage, uint32_t addr, bool declined);

#endif
