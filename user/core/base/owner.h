/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who an address belongs to (RFC 2131, 2.1 and 4.2): a client identifier if the client has one,
 * else its MAC. Register, DHCP server and a CN's block of addresses all compare owners with these
 * functions. Several owners on one MAC are normal (containers behind an ipvlan, PXE and then the
 * operating system). One identifier on two MACs is one client that has changed its interface, or
 * two clones of one machine: then the second one has an owner of its own, its twin.
 */
#ifndef TMIP_CORE_BASE_OWNER_H
#define TMIP_CORE_BASE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "station.h"

struct owner {
	uint8_t len; /* bytes of `id`; 0: the MAC is the owner */
	uint8_t id[CLIENT_ID_LEN];
};

/*
 * The owner of that client identifier. One that is longer than CLIENT_ID_LEN is cut, and a hash of
 * the whole takes the place of its last bytes.
 */
void owner_set(struct owner *owner, const uint8_t *client_id, size_t len);

/* The owner of a client whose identifier another MAC has, too. `of` has an identifier. */
void owner_make_twin(struct owner *twin, const struct owner *of, const struct tmip_mac *mac);

/*
 * Returns whether this is the MAC alone: no identifier, or 01 and the MAC, which many clients send.
 * Two DHCP clients of one machine then get one address.
 */
bool owner_is_mac(const struct tmip_mac *mac, const uint8_t *id, uint8_t len);

/* Returns whether the other MAC and identifier are the same owner as this owner with its MAC. */
bool owner_is(const struct owner *owner, const struct tmip_mac *mac, const struct tmip_mac *other,
	      const uint8_t *other_id, uint8_t other_len);

#endif
