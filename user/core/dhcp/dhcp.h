/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The codec of DHCP messages (RFC 2131, options RFC 2132), from and to whole Ethernet frames. Pure.
 * Addresses are uint32_t in host byte order; 0 stands for none.
 */
#ifndef TMIP_CORE_DHCP_DHCP_H
#define TMIP_CORE_DHCP_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/identity.h"
#include "core/base/owner.h"

#define DHCP_FRAME_MAX 1024 /* bytes of the longest reply, with its Ethernet header */
#define DHCP_SERVER_PORT 67 /* UDP; RFC 2131, 4.1 */
#define DHCP_CLIENT_PORT 68

enum dhcp_type { /* RFC 2132, 9.6 */
	DHCP_DISCOVER = 1, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK, DHCP_RELEASE,
	DHCP_INFORM,
};

/* A message of a client. The names of the fixed part are those of RFC 2131, 2. */
struct dhcp_request {
	uint8_t type;              /* enum dhcp_type */
	uint32_t xid;
	uint16_t secs, flags;      /* flags: DHCP_BROADCAST */
	uint32_t ciaddr, giaddr;
	struct tmip_mac mac;       /* chaddr */
	struct tmip_mac from;      /* the source MAC of the frame */
	uint32_t source, target;   /* the addresses of the IP packet */
	uint32_t requested;        /* option 50 */
	uint32_t server;           /* option 54 */
	uint32_t lease;            /* option 51, seconds */
	uint8_t client_id_len;     /* option 61, bytes; 0: none */
	uint8_t client_id[255];
	bool twin;                 /* not in the message: another MAC with this identifier lives */
	bool beside;               /* not in the message: its host has the address by another MAC */
	struct identity identity;  /* not in the message: the agent sets it (station_identity) */
	char host_name[NAME_LEN];  /* option 12, for people; '?' replaces unprintable bytes */
};
#define DHCP_BROADCAST 0x8000 /* RFC 2131, 2 */

/* Sets the owner of the addresses that the client gets. */
void dhcp_owner(const struct dhcp_request *request, struct owner *out);

struct dhcp_reply {
	uint8_t type;                 /* enum dhcp_type */
	uint32_t yiaddr;
	uint32_t server;              /* option 54, and the source address of the IP packet */
	uint32_t lease;               /* seconds; 0: no lease options (INFORM, NAK) */
	const struct cell_info *cell; /* mask, router, name servers; NULL: none of them (NAK) */
	const char *domain_name;      /* NULL or "": none */
	struct tmip_mac from;         /* the source MAC: that of the cell's interface */
};

struct dhcp_fault {
	const char *what; /* a constant */
	unsigned option;  /* the option at fault; 0: a header or the fixed part */
	size_t offset;    /* bytes into the frame */
};

/*
 * Decodes a frame of `len` bytes and sets all of *out. Returns 0, or -EPROTO with *fault (which may
 * be NULL). It does not check UDP checksums: on virtual links they may not be filled in yet.
 */
int dhcp_decode(const uint8_t *frame, size_t len, struct dhcp_request *out,
		struct dhcp_fault *fault);
/*
 * Encodes the frame of the reply to the request, addressed as in RFC 2131, 4.1. Returns its length
 * in bytes; -ENOSPC: `capacity` is below DHCP_FRAME_MAX; -EINVAL: a relay agent sent the request.
 */
long dhcp_encode(const struct dhcp_request *request, const struct dhcp_reply *reply, uint8_t *frame,
		 size_t capacity);
const char *dhcp_type_name(uint8_t type); /* "DISCOVER" ...; "?": unknown */

#endif
