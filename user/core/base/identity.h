/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The identity of a station by its association: the name that it proved to the authenticator
 * (802.1X), or the name of the pre-shared key that it used. The register knows the owner of an
 * address by a client identifier, so an identity has the form of one. A DHCP client cannot claim an
 * identity: the DHCP server ignores a client identifier that begins as an identity does.
 */
#ifndef TMIP_CORE_BASE_IDENTITY_H
#define TMIP_CORE_BASE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "station.h"

enum identity_kind {
	IDENTITY_8021X = 'x', /* the name of an 802.1X session */
	IDENTITY_KEY = 'k',   /* the name of a pre-shared key */
	IDENTITY_TWIN = 't',  /* of no association: the twin of a client (owner.h) */
};

/*
 * An identity is this mark, one byte of the kind, and the name without a NUL. The mark begins with
 * a zero byte, which is no hardware type (RFC 2132, 9.14).
 */
#define IDENTITY_MARK "\0tmip"
#define IDENTITY_MARK_LEN (sizeof(IDENTITY_MARK) - 1)
#define IDENTITY_NAME_MAX (CLIENT_ID_LEN - IDENTITY_MARK_LEN - 1) /* bytes */

struct identity {
	uint8_t len; /* bytes of `id`; 0: the station has no identity */
	uint8_t id[CLIENT_ID_LEN];
};

/*
 * Makes an identity of the kind and the `len` bytes of the name. Returns 0, or -EINVAL if the name
 * is empty or longer than IDENTITY_NAME_MAX; *out is then an identity of length 0.
 */
int identity_make(struct identity *out, enum identity_kind kind, const char *name, size_t len);

/* Returns whether the client identifier has the form of an identity. */
static inline bool identity_is(const uint8_t *client_id, uint8_t len)
{
	return len >= IDENTITY_MARK_LEN && memcmp(client_id, IDENTITY_MARK, IDENTITY_MARK_LEN) == 0;
}

/* The same, and not of a twin. */
static inline bool identity_is_association(const uint8_t *client_id, uint8_t len)
{
	return identity_is(client_id, len) && len > IDENTITY_MARK_LEN &&
	       client_id[IDENTITY_MARK_LEN] != IDENTITY_TWIN;
}

/* Returns whether the client identifier is this identity. False for an identity of length 0. */
static inline bool identity_equal(const struct identity *identity, const uint8_t *client_id,
				  uint8_t len)
{
	return identity->len && identity->len == len && memcmp(identity->id, client_id, len) == 0;
}

/*
 * Writes the kind and the name for people ("802.1X NAME", "key NAME" or "none") and returns `out`.
 * A `?` replaces each byte of the name that is a blank or not printable ASCII.
 */
#define IDENTITY_STRLEN (CLIENT_ID_LEN + 16)
const char *identity_format(const struct identity *identity, char out[IDENTITY_STRLEN]);

#endif
