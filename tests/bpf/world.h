/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the BPF tests: a network namespace with a backbone, two cells, the stand-in of the
 * first and the agent's device, the BPF programs loaded without pins, and the map contents of one
 * CN. The interfaces are veth pairs. Nobody is at their far ends, but the tests read there the
 * copies that a program sends into the agent's device. A case is one frame through one program;
 * world_run checks all its effects. The frames and the names of the world come from
 * tests/vectors/packets.py.
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
enum program { CELL_IN, CELL_OUT, STAND_IN_OUT, BACKBONE_IN, BACKBONE_XDP, HOLD_IN };

struct bpf_case {
	const char *name;
	enum program program;
	const char *interface;
	const struct packet *packet;
	int action;                /* enum action; of the XDP program: enum xdp_action */
	enum tmip_reason reason;
	uint32_t event;            /* enum tmip_event_type; 0: the agent gets no event */
	const char *event_addr;    /* NULL: the event has no address */
	const char *event_peer;    /* NULL: the event has no peer */
	uint32_t mark;             /* of the frame that comes out */
	const struct packet *copy; /* frame that the agent's device gets besides; NULL: none */
	uint32_t gso_size;         /* not 0: a super-packet with segments of that many bytes */
	void (*prepare)(void);     /* changes the world's maps for this case; NULL: no changes */
};

struct outcome {
	int action;
	uint32_t mark;
	size_t len;
	uint8_t data[4096];
};

extern struct tmip_bpf *world_bpf;
extern struct slots world_slots;
/* Of the frames that world_send sends to tc programs; 0: they are no super-packets. */
extern uint32_t world_gso_size;

/* ---- world.c: the namespace and the programs */

/* Once per process: namespace, interfaces, programs. cmocka group functions. */
int world_begin(void **state);
int world_end(void **state);
/* Sends one frame through a program and checks nothing. 0 or -errno of the test run. */
int world_send(enum program program, const char *interface, uint32_t mark, const uint8_t *data,
	       size_t len, struct outcome *out);
/* The same for a whole packet without a mark; the test fails if the test run does. */
void world_send_packet(enum program program, const char *interface, const struct packet *packet,
		       struct outcome *out);

/* ---- world_maps.c: what the maps contain */

/* Restores the maps of the beginning, and empties counters, rings and the agent's device. */
void world_reset(void);
/* Begins a new second for the limit of events. */
void world_reset_budget(void);

struct tmip_addr world_addr(const char *text);
struct tmip_mac world_mac(const char *text);
unsigned world_ifindex(const char *interface);
struct tmip_cell world_cell(const char *interface); /* the entry in tmip_cell */
struct tmip_way world_way(unsigned number);         /* of the CPU that asked last */
void world_set_way(unsigned number, struct tmip_way way); /* of all CPUs */
void world_put_station(const char *addr, const char *mac, enum tmip_station_state state,
		       const char *in, const char *home, const char *parent, const char *current);
struct tmip_station world_station(const char *addr); /* the entry in tmip_station */
void world_set_config(const struct tmip_config *config);
struct tmip_config world_config(void); /* the config of the beginning */

/* For the prepare of a case. */

/*
 * `multicast home`, two packets in a second; stations of cell0 are elsewhere, guests of CN2 here.
 */
void world_group(void);
void world_group_no_agent(void); /* the same, but no agent makes copies */
void world_past(void);           /* `fastpath home`: past netfilter */
void world_direct(void);         /* route optimisation */
void world_no_agent(void);       /* nothing is behind the agent's device */
void world_no_cell(void);        /* cell0 is not a cell any more */
void world_cell_down(void);      /* the agent says so of cell0 */
void world_narrow(void);         /* the paths to all CNs are narrow; route optimisation */

/* ---- world_output.c: what the programs have put out */

int world_open_output(void);
void world_close_output(void);
uint64_t world_count(enum tmip_reason reason);
uint64_t world_count_all(void);
struct tmip_stat world_stat(uint32_t reason);
/* Empty a ring. They return how many items it had, and fill `last`, if not NULL. */
unsigned world_events(struct tmip_event *last);
unsigned world_punts(struct tmip_punt *last);
/*
 * The next frame that came to the agent's device. `wait`: for a second at most. 0: there is none.
 */
size_t world_read_copy(uint8_t *data, size_t size, bool wait);

/* ---- world_case.c: one case */

void world_run(const struct bpf_case *c);
/*
 * A case in a table: a frame into a program at an interface, the action and the reason that must
 * come of it, and perhaps more members.
 */
#define WORLD_CASE(title, at, on, frame, verdict, why, ...)                                       \
	{.name = title, .program = at, .interface = on, .packet = &frame, .action = verdict,       \
	 .reason = TMIP_REASON_##why, ##__VA_ARGS__}

/* Runs a table of cases as one cmocka group. */
int world_run_table(const char *group, const struct bpf_case *cases, size_t count);
#define WORLD_RUN_TABLE(group, cases) \
	world_run_table(group, cases, sizeof(cases) / sizeof((cases)[0]))

#endif
