/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of a station and the description of a CN. The register keeps them, MLRP carries them,
 * and every agent has a replica. Plain values; the only behaviour is the order of versions.
 */
#ifndef TMIP_CORE_BASE_STATION_H
#define TMIP_CORE_BASE_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

#define NAME_LEN 64      /* bytes of a cn_name, network_name or host name, with the NUL */
#define CLIENT_ID_LEN 64 /* bytes kept of a DHCP client identifier (RFC 2132, 9.14) */
#define CN_CELLS_MAX 16
#define CELL_DNS_MAX 4
#define OTHER_MACS_MAX 5     /* MACs of a host, besides the one that it uses */

/* The place of a change in the order of all changes. A higher epoch beats any sequence number. */
struct version {
	uint32_t epoch; /* the register raises it when it restarts or takes over */
	uint64_t seq;
};

/* Below 0, 0 or above 0, as memcmp. */
static inline int version_compare(struct version a, struct version b)
{
	if (a.epoch != b.epoch)
		return a.epoch < b.epoch ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

enum record_kind {
	RECORD_DYNAMIC = 1,  /* leased from a pool by DHCP */
	RECORD_STATIC = 2,   /* configured on the station; a CN saw it and registered it */
	RECORD_RESERVED = 3, /* a registered host: reserved by configuration (`host`) */
};

enum record_state {
	RECORD_FREE = 1,     /* tombstone: the address is free again */
	RECORD_OFFERED = 2,  /* reserved by an OFFER for a short time; only the register knows it */
	RECORD_BOUND = 3,    /* in use by the station */
	RECORD_DECLINED = 4, /* a stranger uses it (RFC 2131, 4.3.3); not assigned for a while */
	/*
	 * In the block of the CN `current`, which may assign it while the register is down. Only
	 * the register knows this state.
	 */
	RECORD_IN_BLOCK = 5,
};

struct station_record {
	struct tmip_addr addr;      /* the key */
	struct tmip_mac mac;
	uint8_t kind;               /* enum record_kind */
	uint8_t state;              /* enum record_state */
	uint32_t parent;            /* cn_id of the CN whose pool or subnet contains addr */
	uint32_t current;           /* cn_id of the CN whose cell it is in; 0: not seen yet */
	struct version version;
	uint64_t lease_end;         /* Unix time in seconds; 0: no end (static, reserved) */
	uint8_t client_id_len;      /* bytes of client_id; 0: the MAC identifies the station */
	uint8_t client_id[CLIENT_ID_LEN];
	/*
	 * The other MACs of the host, which may use the address as well: the register names them.
	 * The host is heard by any of them, and gets its packets by one.
	 */
	uint8_t other_count;
	struct tmip_mac others[OTHER_MACS_MAX];
};

/* Is it a MAC of the station: the one that the record names first, or another one of the host? */
static inline bool station_has_mac(const struct station_record *record, const struct tmip_mac *mac)
{
	bool has = mac_equal(&record->mac, mac);

	for (int i = 0; i < record->other_count; i++)
		has |= mac_equal(&record->others[i], mac);
	return has;
}

/*
 * A cell as its CN announces it. Wherever a station of this subnet is, the CN there answers its
 * DHCP messages with these values.
 */
struct cell_info {
	struct prefix subnet;
	struct tmip_addr gateway; /* the CN's own address in the cell, the stations' router */
	/* The first and the last dynamic address; both zero: the cell has no pool. */
	struct tmip_addr pool_first, pool_last;
	struct tmip_addr dns[CELL_DNS_MAX];
	uint8_t dns_count;
};

struct cn_info {
	uint32_t id;                /* the register assigns it, one for each name; 0: none yet */
	char name[NAME_LEN];
	struct tmip_addr tunnel;    /* the outer address of its tunnels */
	uint16_t port;              /* the TCP port that it listens on for MLRP from other CNs */
	bool gone;                  /* the register has forgotten this CN */
	uint8_t cell_count;
	struct cell_info cells[CN_CELLS_MAX];
};

/* Does the CN have a cell of just this subnet? */
static inline bool cn_has_subnet(const struct cn_info *info, const struct prefix *subnet)
{
	for (int i = 0; i < info->cell_count; i++)
		if (prefix_equal(&info->cells[i].subnet, subnet))
			return true;
	return false;
}

/* One MAC of a registered host, which has this name and address. A host may have several MACs. */
struct registry_host {
	char name[NAME_LEN];
	struct tmip_mac mac;
	struct tmip_addr addr;
};

#endif
