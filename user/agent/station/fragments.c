/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that are too big for their way. See fragments.h. */
#include "fragments.h"

#include <string.h>

#include <tmip/fragment.h>

#include "core/base/bytes.h"
#include "core/cell/fragment.h"
#include "core/cell/icmp_error.h"
#include "io/datapath/tap.h"

#define ETHERNET 14
#define PROTOCOL_AT 12
#define ETHERTYPE_IPV4 0x0800

int fragments_send(const uint8_t *frame, size_t len, size_t mtu, const struct fragments_exit *exit)
{
	uint8_t out[TAP_FRAME_MAX];
	struct fragment fragment;
	size_t bytes;
	int error = fragment_begin(&fragment, frame + ETHERNET, len - ETHERNET, mtu);

	memcpy(out, frame, ETHERNET);
	while (!error && (bytes = fragment_next(&fragment, out + ETHERNET)))
		error = exit->send(out, ETHERNET + bytes, exit->arg);
	return error;
}

static int send_error(const uint8_t *frame, size_t len, const struct tmip_fragment *head,
		      unsigned mtu, const struct fragments_exit *exit)
{
	uint8_t out[ETHERNET + ICMP_ERROR_LEN];
	int error = icmp_error_make(out + ETHERNET, frame + ETHERNET, len - ETHERNET, head->from,
				    mtu);

	memcpy(out, frame, ETHERNET);
	return error ? error : exit->send(out, sizeof(out), exit->arg);
}

bool fragments_wanted(const uint8_t *frame)
{
	return bytes_get(frame + PROTOCOL_AT, 2) == TMIP_FRAGMENT_ETHERTYPE;
}

int fragments_handle(uint8_t *frame, size_t len, const struct fragments_exit *exit)
{
	static const uint8_t none[sizeof(((struct tmip_fragment *)0)->from)];
	struct tmip_fragment head;
	uint16_t mtu;

	memcpy(&head, frame, sizeof(head));
	memcpy(&mtu, head.mtu, sizeof(mtu));
	bytes_put(frame + PROTOCOL_AT, ETHERTYPE_IPV4, 2);
	if (memcmp(head.from, none, sizeof(none)) != 0)
		return send_error(frame, len, &head, mtu, exit);
	return fragments_send(frame, len, mtu, exit);
}
