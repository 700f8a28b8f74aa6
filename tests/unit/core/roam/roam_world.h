/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the roaming machine's tests: three CNs and a minimal register, joined by one queue
 * of messages. A test says which CN sees a station, delivers the messages in any order, and checks
 * the entry that each CN's map would have.
 */
#ifndef TMIP_TESTS_ROAM_WORLD_H
#define TMIP_TESTS_ROAM_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/roam/roam.h"

#define CNS 3
#define REGISTER 0 /* its number in the queue; CNs are 1..CNS */
#define TIMEOUT 1000
#define REFUSED 5000
#define DAMPED 8000
#define ASK_CN 1000 /* a CN that is asked whether it has a station answers within this time */

struct envelope {
	uint32_t from, to;
	struct mlrp_message message;
};

struct world {
	struct cn {
		struct world *world;
		uint32_t id;
		struct roam *roam;
		struct { struct tmip_addr addr; struct tmip_station entry; } map[8];
		int map_count;
		bool joining;          /* of the last ROAM_GREET */
		bool no_map;           /* the map is not looked at, and has no bounds */
		unsigned announced_ifindex, greeted, gone_ifindex, probed_by, recalled_ifindex;
		struct tmip_mac announced_mac, gone_mac;
		unsigned macs;         /* of the last ROAM_MACS */
		unsigned asked;        /* times that the holder of an address was asked for */
		unsigned probed;       /* ROAM_PROBE_STATION */
		struct tmip_mac probed_mac; /* of the last one */
		uint32_t told[4];      /* CNs of ROAM_TELL_CN */
		unsigned told_count, cns_told; /* ROAM_CN_TOLD */
		uint32_t asked_cn;     /* of the last ROAM_ASK_CN */
		unsigned defended, defended_ifindex;
		struct tmip_mac defended_mac, holder, neighbour;
		uint64_t due_ms; /* the deadline at the machine's last ROAM_DUE */
		char logged[4096];
	} cn[CNS + 1];
	struct envelope queue[64];
	int queued;
	struct station_record record; /* the register's only station */
	struct mlrp_message claim;    /* the last one that came to the register */
	unsigned claims;
	uint32_t wait;                /* of a refusal; 0: none */
	bool register_down;
	bool crowd;                   /* others than MAC may be asked whether they are there */
	uint16_t refuse;              /* the error with which the register answers, 0: none */
	uint64_t seq;
	uint64_t now;
};

extern struct world *w;

static const struct tmip_mac MAC = {{2, 0, 0, 0, 0, 9}}, STRANGER = {{2, 0, 0, 0, 0, 0x66}};

struct tmip_addr ip(int net, int host);
struct tmip_addr tunnel(uint32_t id);
void act(const struct roam_action *action, void *arg); /* arg: struct cn */
void deliver_all(void);
void deliver_between(uint32_t from, uint32_t to); /* only the messages of this pair, oldest first */
/* true: the register goes down, and all CNs notice. false: it is up, with a snapshot for each. */
void lose_register(bool down);
void seen(uint32_t id, const struct tmip_addr *addr, const struct tmip_mac *mac);
/* The same with TMIP_EVENT_CONFLICT, as the BPF programs send it. */
void conflict(uint32_t id, const struct tmip_addr *addr, const struct tmip_mac *mac);
/* A frame without an address. */
void link_seen(uint32_t id, const struct tmip_mac *mac, uint16_t ethertype);
/* An ARP packet of MAC. */
void arp_seen(uint32_t id, const struct tmip_addr *addr);
void answer_asked(uint32_t id, const struct tmip_addr *addr, enum roam_holder answer);
void time_goes(uint32_t id, uint64_t ms);
/* The entry in the map of a CN, or NULL. */
const struct tmip_station *entry(uint32_t id, struct tmip_addr addr);
void expect(uint32_t id, struct tmip_addr addr, uint8_t state, uint32_t current);
void expect_everywhere(uint32_t current); /* of 10.10.1.9; also demands that nothing is pending */
uint8_t tunnel_type(uint32_t at, uint32_t to);
struct cn_info describe(uint32_t id);

int setup(void **state); /* station 10.10.1.9 has its lease and is at home at CN 1 */
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
