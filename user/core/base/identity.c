/* SPDX-License-Identifier: BSD-2-Clause */
/* The identity of an association in the form of a client identifier. See identity.h. */
#include "identity.h"

#include <errno.h>
#include <stdio.h>

int identity_make(struct identity *out, enum identity_kind kind, const char *name, size_t len)
{
	memset(out, 0, sizeof(*out));
	if (!len || len > IDENTITY_NAME_MAX)
		return -EINVAL;
	memcpy(out->id, IDENTITY_MARK, IDENTITY_MARK_LEN);
	out->id[IDENTITY_MARK_LEN] = (uint8_t)kind;
	memcpy(out->id + IDENTITY_MARK_LEN + 1, name, len);
	out->len = (uint8_t)(IDENTITY_MARK_LEN + 1 + len);
	return 0;
}

const char *identity_format(const struct identity *identity, char out[IDENTITY_STRLEN])
{
	bool key = identity->len && identity->id[IDENTITY_MARK_LEN] == IDENTITY_KEY;
	const char *label = !identity->len ? "none" : key ? "key " : "802.1X ";
	int used = snprintf(out, IDENTITY_STRLEN, "%s", label);

	for (size_t i = IDENTITY_MARK_LEN + 1; i < identity->len; i++) {
		uint8_t byte = identity->id[i];

		out[used++] = byte > 0x20 && byte < 0x7f ? (char)byte : '?';
	}
	out[used] = '\0';
	return out;
}
