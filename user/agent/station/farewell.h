/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A station has left a cell for another: its neighbours learn by gratuitous ARP that its address is
 * at this CN. But the news may be late, and the station back: it would take the announcement for a
 * conflict, and some DHCP clients then give up the lease (RFC 5227, 2.4). So this CN first asks for
 * the station in that cell. If it answers, this CN announces nothing. The answer is an arrival like
 * any other, but a station that is damped stays where the record says.
 */
#ifndef TMIP_AGENT_STATION_FAREWELL_H
#define TMIP_AGENT_STATION_FAREWELL_H

#include <stdbool.h>
#include <tmip/types.h>

struct event_base;
struct farewells;

struct farewell_calls {
	/* Asks the station in that cell, by ARP. */
	void (*probe)(const struct tmip_addr *addr, unsigned ifindex, void *arg);
	/*
	 * Is there nothing to announce: the map shows the station in that cell, or not at all?
	 * First takes all that the data path has noticed, and calls farewell_heard for it.
	 */
	bool (*is_back)(const struct tmip_addr *addr, unsigned ifindex, void *arg);
	void (*announce)(const struct tmip_addr *addr, unsigned ifindex, void *arg);
	void *arg;
};

/* NULL: no memory. */
struct farewells *farewells_create(struct event_base *base, const struct farewell_calls *calls);
/* Announces nothing more. NULL is allowed. */
void farewells_destroy(struct farewells *farewells);

/*
 * Announces the address in the cell, unless the station answers there first. If too many wait, or
 * there is no memory, announces it at once.
 */
void farewell_begin(struct farewells *farewells, const struct tmip_addr *addr, unsigned ifindex);
/* A frame of the station came from the cell. */
void farewell_heard(struct farewells *farewells, const struct tmip_addr *addr, unsigned ifindex);
/*
 * The host is in that cell by a MAC that it does not use: its neighbours there reach it by that.
 * Nothing is announced before that MAC is gone, too.
 */
void farewell_other_heard(struct farewells *farewells, const struct tmip_addr *addr,
			  unsigned ifindex);

#endif
