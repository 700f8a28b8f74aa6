/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DHCP messages (RFC 2131, options RFC 2132): decoded from and encoded to whole Ethernet frames. Pure. Addresses are
 * uint32_t in host byte order, 0: not given.
 */
#ifndef TMIP_CORE_DHCP_DHCP_H
#define TMIP_CORE_DHCP_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/identity.h"

#define DHCP_FRAME_MAX 1024
#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

enum dhcp_type { /* RFC 2132, 9.6 */
	DHCP_DISCOVER = 1, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK, DHCP_RELEASE,
	DHCP_INFORM,
};

struct dhcp_request {
	uint8_t type;
	uint32_t xid;
	uint16_t secs, flags;      /* flags: DHCP_BROADCAST */
	uint32_t ciaddr, giaddr;
	struct tmip_mac mac;       /* chaddr */
	struct tmip_mac from;      /* who sent the frame */
	uint32_t source;           /* of the IP packet */
	uint32_t requested;        /* option 50 */
	uint32_t server;           /* option 54 */
	uint32_t lease;            /* option 51, seconds */
	uint8_t client_id_len;     /* option 61; 0: none */
	uint8_t client_id[CLIENT_ID_LEN];
	bool client_id_cut;        /* it is longer; a reply cannot echo it (RFC 6842) */
	struct identity identity;  /* of the association, if that counts; not in the message */
	char host_name[NAME_LEN];  /* option 12; for people, not printable bytes replaced */
};
#define DHCP_BROADCAST 0x8000

/* The identifier under which the register knows the client, for a request to it; *len 0: its MAC. */
static inline const uint8_t *dhcp_owner(const struct dhcp_request *request, uint8_t *len)
{
	if (request->identity.len) {
		*len = request->identity.len;
		return request->identity.id;
	}
	*len = identity_is(request->client_id, request->client_id_len) ? 0 : request->client_id_len;
	return request->client_id;
}

struct dhcp_reply {
	uint8_t type;
	uint32_t yiaddr;
	uint32_t server;
	uint32_t lease;            /* seconds; 0: no lease options (INFORM, NAK) */
	const struct cell_info *cell; /* mask, router, name servers; NULL: none of them (NAK) */
	const char *domain_name;   /* or NULL, "" */
	struct tmip_mac from;      /* of the cell's interface */
};

struct dhcp_fault {
	const char *what;
	unsigned option; /* 0: a header */
	size_t offset;   /* in the frame */
};

/* 0; -EPROTO with the fault. UDP checksums are not looked at: on virtual links they may not be filled in yet. */
int dhcp_decode(const uint8_t *frame, size_t len, struct dhcp_request *out,
		struct dhcp_fault *fault);
/* The frame to the client, addressed as RFC 2131, 4.1 says. Its length; -ENOSPC: capacity below DHCP_FRAME_MAX; -EINVAL: the
 * request came through a relay agent. */
long dhcp_encode(const struct dhcp_request *request, const struct dhcp_reply *reply, uint8_t *frame,
		 size_t capacity);
const char *dhcp_type_name(uint8_t type);

#endif
