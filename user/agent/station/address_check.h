/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the station that an address is bound to still in its cell? Asked when another station wants
 * the address, or its MAC was seen elsewhere. The CN that has the station finds out: it probes
 * until it hears a frame of the station with the address, or for as long as the station may need to
 * answer: more than half a second, and a second and a half at an access point, where it may doze.
 *
 * A DHCP client with the same identity may be another interface of the same host, or another host.
 * If the station is still there, its MAC is asked for the address as well: a host answers on each
 * interface for all its addresses, another host does not.
 */
#ifndef TMIP_AGENT_STATION_ADDRESS_CHECK_H
#define TMIP_AGENT_STATION_ADDRESS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"
#include "core/roam/roam.h"

struct address_checks;
struct datapath;
struct tmip_event;
struct event_base;
struct tunnel_probe;

/* record: as it was when the check began. */
typedef void address_check_done(enum roam_holder answer, const struct station_record *record,
				void *arg);

/* The MAC that asks for the address, and its cell. */
struct address_check_asker {
	struct tmip_mac mac;
	unsigned ifindex;
};

struct address_check_calls {
	void (*probe)(const struct tmip_addr *addr, void *arg);
	/* Asks that MAC for the address; its answer is an event. */
	void (*probe_asker)(const struct tmip_addr *addr, const struct address_check_asker *asker,
			    void *arg);
	void (*send)(uint32_t cn, const struct mlrp_message *message, void *arg);
	bool (*is_connected)(uint32_t cn, void *arg);
	/*
	 * The CN does not answer messages: sends it a tunnel probe, which its data path answers
	 * even without an agent. NULL: that cannot be sent. `knock`: the one before, or NULL.
	 */
	struct tunnel_probe *(*knock)(uint32_t cn, struct tunnel_probe *knock, void *arg);
	bool (*is_answered)(struct tunnel_probe *knock, void *arg);
	void (*end_knock)(struct tunnel_probe *knock, void *arg);
	/* Is the station with this MAC at an access point, in that cell? */
	bool (*dozes)(const struct tmip_mac *mac, unsigned ifindex, void *arg);
	void *arg;
};

struct address_check_setup {
	struct event_base *base;
	struct datapath *dp;
	struct roam *roam;
	struct address_check_calls calls;
};

/* NULL: no memory. */
struct address_checks *address_checks_create(const struct address_check_setup *setup);
void address_checks_destroy(struct address_checks *checks); /* NULL is allowed */

/*
 * Begins a check; `done` comes later, from the event loop. record->current: the CN that has the
 * station. If that CN does not answer, the answer is unknown or unreachable. asker: may be NULL;
 * with it, the answer may be that both are one host. 0; -EEXIST: this address is being checked
 * already; -EBUSY: too many are, or there is no memory.
 */
int address_check_begin(struct address_checks *checks, const struct station_record *record,
			const struct address_check_asker *asker, address_check_done *done,
			void *arg);
/* An event of another MAC than the station's. True: it is the answer of one that asks. */
bool address_check_heard(struct address_checks *checks, const struct tmip_event *event);
/* PROBE of another CN, about a station in a cell of this one. */
void address_check_probed(struct address_checks *checks, uint32_t from,
			  const struct mlrp_message *message);
/* Returns whether the message is the answer to a PROBE of this CN. */
bool address_check_answered(struct address_checks *checks, uint32_t from,
			    const struct mlrp_message *message);

#endif
