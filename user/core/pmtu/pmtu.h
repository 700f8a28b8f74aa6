/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTU of the path to one other CN, by probes (RFC 8899). A tunnel probe (tmip/event.h) of n
 * bytes comes back if the path takes n bytes, in both directions. A router's ICMP "fragmentation
 * needed" is a hint: probes confirm or refute it (RFC 8899, 4.6; RFC 5927). Pure: the caller passes
 * the time in milliseconds of CLOCK_MONOTONIC, what came back, and what routers said; it sends the
 * probes that pmtu_next asks for, and reads `mtu` after each call.
 *
 * Sizes are bytes of the outer packet. A size is too big only if a smaller probe that was sent at
 * the same time comes back: an outage of the path does not change its MTU. The MTU never becomes
 * less than PMTU_FLOOR by probes or ICMP, and never more than `top` or what a probe has proved. But
 * it is the route's at the beginning, after a path was not in use for long, and where no probe ever
 * comes back.
 */
#ifndef TMIP_CORE_PMTU_PMTU_H
#define TMIP_CORE_PMTU_PMTU_H

#include <stdbool.h>
#include <stdint.h>

#define PMTU_FLOOR 576        /* bytes; every host takes so many (RFC 1122, 3.3.2) */
#define PMTU_PROBES 3         /* of one size that must be lost: MAX_PROBES (RFC 8899, 5.1.2) */
#define PMTU_ROUND_MS 250     /* between two probes of one size */
#define PMTU_TIMER_MS 1000    /* for the last one's answer: PROBE_TIMER (RFC 8899, 5.1.1) */
#define PMTU_SILENT 4         /* rounds in which nothing comes back, until a check ends */
#define PMTU_CONFIRM_MS 3000  /* between two proofs of the MTU: CONFIRMATION_TIMER */
#define PMTU_PAUSE_MS 60000   /* the longest pause if no probe comes back */
#define PMTU_RAISE_MS 600000  /* until a greater MTU is tried: PMTU_RAISE_TIMER */
#define PMTU_HINT_MS 1000     /* between two checks because of unproved ICMP */
#define PMTU_OPEN_MAX 12      /* sizes that are probed at a time */

/* The states of RFC 8899, 5.2. */
enum pmtu_state {
	PMTU_DISABLED,  /* the path is not in use: no probes */
	PMTU_BASE,      /* no probe has come back yet */
	PMTU_SEARCHING, /* the MTU is between two sizes */
	PMTU_COMPLETE,  /* it is known, and confirmed from time to time */
	PMTU_ERROR,     /* no probe comes back, of any size */
};

/* How the MTU is known. */
enum pmtu_source { PMTU_ROUTE, PMTU_ICMP, PMTU_PROBE };

struct pmtu_open {
	unsigned size;
	unsigned missed; /* rounds in which the witness came back and this size did not */
	bool sent;       /* in this round */
};

struct pmtu {
	enum pmtu_state state;
	unsigned top;      /* the route's MTU */
	unsigned mtu;      /* in use */
	bool by_icmp;      /* a router named it */
	bool unproved;     /* a router or a former agent named it, and no probe comes back */
	bool answered;     /* a probe has come back, at any time */
	/*
	 * A check: the MTU, and perhaps others, are probed, several sizes at a time, in rounds.
	 */
	bool checking;
	bool searches;     /* the check looks for the greatest MTU */
	bool top_tried;    /* the route's MTU needs no second chance */
	bool widened;      /* sizes below the MTU are probed, too */
	unsigned low;      /* the greatest size that has come back; 0: none has */
	unsigned high;     /* the least size that is too big */
	unsigned bound;    /* `high` before the second chance of the route's MTU; 0: none */
	unsigned named;    /* by a router; 0: by none */
	unsigned count;
	struct pmtu_open open[PMTU_OPEN_MAX]; /* greater than low, less than high */
	/* A size that should come back whatever the MTU is; 0: not needed yet. */
	unsigned witness;
	bool witness_sent, witness_back; /* in this round */
	unsigned silent;   /* rounds in a row in which the witness did not come back */
	uint64_t round_ms; /* when the last probe was sent */
	/* When the next check begins, also for a greater MTU; in PMTU_DISABLED: is forgotten. */
	uint64_t next_ms, raise_ms;
	uint64_t hint_ms;
	unsigned pause_ms;
};

/* mtu: as it was known before; 0: it was not. */
void pmtu_init(struct pmtu *pmtu, unsigned top, unsigned mtu, uint64_t now_ms);
/* The route's MTU is another one now, or is the same. */
void pmtu_set_top(struct pmtu *pmtu, unsigned top);
/* The path comes into use, or is in use no more. */
void pmtu_set_used(struct pmtu *pmtu, bool used, uint64_t now_ms);
/* The path may be another one now: looks for its MTU anew. */
void pmtu_restart(struct pmtu *pmtu);

/* A probe of that size came back. */
void pmtu_came_back(struct pmtu *pmtu, unsigned size);
/*
 * A router says that a probe of `size` bytes is too big, and `mtu` bytes fit; 0: it names none. The
 * caller has proved that the router has seen the probe.
 */
void pmtu_too_big(struct pmtu *pmtu, unsigned size, unsigned mtu);
/* The same about another packet, without proof: the MTU is confirmed at once. */
void pmtu_hint(struct pmtu *pmtu, unsigned mtu, uint64_t now_ms);

/* The size of the probe to send now; 0: none. Call it until it returns 0. */
unsigned pmtu_next(struct pmtu *pmtu, uint64_t now_ms);
/* When to call pmtu_next again; 0: not before another call. */
uint64_t pmtu_due(const struct pmtu *pmtu);

enum pmtu_source pmtu_source(const struct pmtu *pmtu);

#endif
