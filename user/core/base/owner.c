/* SPDX-License-Identifier: BSD-2-Clause */
/* Owners of addresses. See owner.h. */
#include "owner.h"

#include <string.h>

#include "identity.h"

#define HASH_LEN 16 /* bytes */

/* A twin's identifier: the mark of identities, which no client can claim, the kind, the MAC. */
#define TWIN_HEAD (IDENTITY_MARK_LEN + 1 + sizeof(struct tmip_mac))

/* FNV-1a, 128 bits (draft-eastlake-fnv). It tells identifiers apart, and guards nothing. */
static void hash(const uint8_t *bytes, size_t len, uint8_t out[HASH_LEN])
{
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	unsigned __int128 sum = (unsigned __int128)0x6c62272e07bb0142u << 64 | 0x62b821756295c58du;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * prime;
	for (int i = HASH_LEN - 1; i >= 0; i--, sum >>= 8)
		out[i] = (uint8_t)sum;
}

void owner_set(struct owner *owner, const uint8_t *client_id, size_t len)
{
	memset(owner, 0, sizeof(*owner));
	owner->len = (uint8_t)(len < CLIENT_ID_LEN ? len : CLIENT_ID_LEN);
	if (owner->len)
		memcpy(owner->id, client_id, owner->len);
	if (len > CLIENT_ID_LEN)
		hash(client_id, len, owner->id + CLIENT_ID_LEN - HASH_LEN);
}

void owner_make_twin(struct owner *twin, const struct owner *of, const struct tmip_mac *mac)
{
	uint8_t id[TWIN_HEAD + CLIENT_ID_LEN];

	memcpy(id, IDENTITY_MARK, IDENTITY_MARK_LEN);
	id[IDENTITY_MARK_LEN] = IDENTITY_TWIN;
	memcpy(id + IDENTITY_MARK_LEN + 1, mac, sizeof(*mac));
	memcpy(id + TWIN_HEAD, of->id, of->len);
	owner_set(twin, id, TWIN_HEAD + of->len);
}

bool owner_is_mac(const struct tmip_mac *mac, const uint8_t *id, uint8_t len)
{
	return !len || (len == 1 + sizeof(*mac) && id[0] == 1 &&
			memcmp(id + 1, mac, sizeof(*mac)) == 0);
}

bool owner_is(const struct owner *owner, const struct tmip_mac *mac, const struct tmip_mac *other,
	      const uint8_t *other_id, uint8_t other_len)
{
	bool by_mac = owner_is_mac(mac, owner->id, owner->len);

	if (by_mac != owner_is_mac(other, other_id, other_len))
		return false;
	if (by_mac)
		return mac_equal(mac, other);
	return owner->len == other_len && memcmp(owner->id, other_id, other_len) == 0;
}
