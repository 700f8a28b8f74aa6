/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of a station and the description of a CN, as the register keeps them, MLRP carries them and
 * every agent replicates them. Plain values; no behaviour but the order of records.
 */
#ifndef TMIP_CORE_BASE_STATION_H
#define TMIP_CORE_BASE_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

#define NAME_LEN 64          /* cn_name, network_name, host name; with the closing NUL */
#define CLIENT_ID_LEN 64     /* DHCP client identifier (RFC 2132, 9.14); longer ones are cut to this */
#define CN_CELLS_MAX 16
#define CELL_DNS_MAX 4

/* The order of changes. A higher epoch (restart, takeover) beats any sequence number. */
struct version {
	uint32_t epoch;
	uint64_t seq;
};

static inline int version_compare(struct version a, struct version b)
{
	if (a.epoch != b.epoch)
		return a.epoch < b.epoch ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

enum record_kind {
	RECORD_DYNAMIC = 1,  /* leased from a pool by DHCP */
	RECORD_STATIC = 2,   /* configured on the station; registered when it was seen */
	RECORD_RESERVED = 3, /* a registered host: reserved by configuration (`host`) */
};

enum record_state {
	RECORD_FREE = 1,    /* tombstone: the address is free again */
	RECORD_OFFERED = 2, /* reserved by an OFFER for a short time, known to the register only */
	RECORD_BOUND = 3,   /* in use by the station */
	RECORD_DECLINED = 4,/* found in use by a stranger (RFC 2131, 4.3.3); not handed out for a while */
	RECORD_IN_BLOCK = 5,    /* set aside for the CN `current`, which gives it out while the register is away; known to the register only */
};

struct station_record {
	struct tmip_addr addr;      /* the key */
	struct tmip_mac mac;
	uint8_t kind;               /* enum record_kind */
	uint8_t state;              /* enum record_state */
	uint32_t parent;            /* cn_id of the CN in whose pool or subnet addr lies */
	uint32_t current;           /* cn_id of the CN in whose cell it is; 0: not seen yet */
	struct version version;
	uint64_t lease_end;         /* Unix time in seconds; 0: no end (static, reserved) */
	uint8_t client_id_len;      /* 0: none, the MAC identifies the station */
	uint8_t client_id[CLIENT_ID_LEN];
};

/* A cell as its CN announces it to the network: what a station of this subnet must be told by DHCP anywhere. */
struct cell_info {
	struct prefix subnet;
	struct tmip_addr gateway;   /* the CN's own address in the cell, the stations' router */
	struct tmip_addr pool_first; /* dynamic addresses, inclusive; both zero: the cell has no pool */
	struct tmip_addr pool_last;
	struct tmip_addr dns[CELL_DNS_MAX];
	uint8_t dns_count;
};

struct cn_info {
	uint32_t id;                /* given by the register, stable for a name; 0: not yet given */
	char name[NAME_LEN];
	struct tmip_addr tunnel;    /* outer address of its tunnels */
	uint16_t port;              /* where it listens for MLRP from other CNs */
	bool gone;                  /* the register forgot this CN */
	uint8_t cell_count;
	struct cell_info cells[CN_CELLS_MAX];
};

#endif
