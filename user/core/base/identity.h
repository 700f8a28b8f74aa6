/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a station is by its association: the identity that an authenticator proved (802.1X) or the key that it used, in
 * the form in which the register knows owners of addresses: as a client identifier that no DHCP client can have, since
 * what clients send with the same beginning counts as none.
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
};

/* A zero byte, which is no hardware type (RFC 2132, 9.14), then this, then the kind and the name. */
#define IDENTITY_MARK "\0tmip"
#define IDENTITY_MARK_LEN (sizeof(IDENTITY_MARK) - 1)
#define IDENTITY_NAME_MAX (CLIENT_ID_LEN - IDENTITY_MARK_LEN - 1)

struct identity {
	uint8_t len; /* 0: none */
	uint8_t id[CLIENT_ID_LEN];
};

/* 0, or -EINVAL: the name is empty or longer than IDENTITY_NAME_MAX; then *out is none. */
int identity_make(struct identity *out, enum identity_kind kind, const char *name, size_t len);

static inline bool identity_is(const uint8_t *client_id, uint8_t len)
{
	return len >= IDENTITY_MARK_LEN && memcmp(client_id, IDENTITY_MARK, IDENTITY_MARK_LEN) == 0;
}

static inline bool identity_equal(const struct identity *identity, const uint8_t *client_id, uint8_t len)
{
	return identity->len && identity->len == len && memcmp(identity->id, client_id, len) == 0;
}

/* For people: what it is and the name, bytes that cannot be printed replaced. */
#define IDENTITY_STRLEN (CLIENT_ID_LEN + 16)
const char *identity_format(const struct identity *identity, char out[IDENTITY_STRLEN]);

#endif
