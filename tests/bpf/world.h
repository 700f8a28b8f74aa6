/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the BPF tests: a network namespace with a backbone, two cells and the agent's device (veth; nobody is at the far
 * ends, but copies that a program sends into the agent's device are read there), the BPF programs loaded without pins, and map contents of one CN. A case is one frame through one program; world_run checks all that
 * came of it. The frames and the names of the world come from tests/vectors/packets.py.
 */
#ifndef TMIP_TESTS_WORLD_H
#define TMIP_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include <tmip/event.h>
#include <tmip/maps.h>
#include <tmip/reason.h>

#include "io/datapath/slots.h"
#include "tmip.skel.h"
#include "vectors/packets.h"

#define MARK_TRUSTED 0x746d6970 /* bpf/forward.h */

enum action { NEXT = -1, DROP = 2, REDIRECT = 7 }; /* TC_ACT_UNSPEC, TC_ACT_SHOT, TC_ACT_REDIRECT */
enum program { CELL_IN, CELL_OUT, BACKBONE_IN, BACKBONE_XDP, HOLD_IN };

struct bpf_case {
	const char *name;
	enum program program;
	const char *interface;
	const struct packet *packet;
	int action;               /* enum action, or enum xdp_action of a program for XDP */
	enum tmip_reason reason;
	uint32_t event;           /* enum tmip_event_type; 0: the agent is told nothing */
	const char *event_addr;   /* NULL: none in the event */
	const char *event_peer;   /* of TMIP_EVENT_STALE */
	uint32_t mark;            /* of the frame that comes out */
	const struct packet *copy; /* what the agent gets besides; NULL: nothing */
	void (*prepare)(void);    /* what differs from the world's maps */
};

struct outcome {
	int action;
	uint32_t mark;
	size_t len;
	uint8_t data[4096];
};

extern struct tmip_bpf *world_bpf;
extern struct slots world_slots;

/* Once per process: namespace, interfaces, programs. cmocka group functions. */
int world_begin(void **state);
int world_end(void **state);
/* Maps as in the beginning, counters and rings empty. */
void world_reset(void);
/* A new second for the events. */
void world_reset_budget(void);

void world_run(const struct bpf_case *c);
/* One frame, nothing checked. 0 or -errno of the test run. */
int world_send(enum program program, const char *interface, uint32_t mark, const uint8_t *data, size_t len, struct outcome *out);
uint64_t world_count(enum tmip_reason reason);
uint64_t world_count_all(void);
/* Takes what waits in the rings. */
unsigned world_events(struct tmip_event *last);
unsigned world_punts(struct tmip_punt *last);

struct tmip_addr world_addr(const char *text);
struct tmip_mac world_mac(const char *text);
unsigned world_ifindex(const char *interface);
void world_put_station(const char *addr, const char *mac, enum tmip_station_state state, const char *in, const char *home,
		       const char *parent, const char *current);
void world_set_config(const struct tmip_config *config);
struct tmip_config world_config(void);
void world_group(void);  /* multicast home, two in a second, stations of cell0 elsewhere and guests of CN2 here */
void world_group_alone(void); /* the same without an agent */
void world_past(void);   /* fastpath home, as a case's prepare */
void world_direct(void); /* route optimisation on, as a case's prepare */

/* Runs a table of cases as one cmocka group. */
int world_run_table(const char *group, const struct bpf_case *cases, size_t count);

#endif
