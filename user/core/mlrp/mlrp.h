/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLRP, the Mobile Location Register Protocol: messages and codec. Pure. docs/mlrp.md is the specification.
 *
 * A message is a 12-byte header (u8 version, u8 type, u16 zero, u32 length of the rest, u32 transaction; all
 * big-endian) and fields (u16 number, u16 length, value), some of which hold fields themselves. A receiver
 * skips fields and ignores message types that it does not know. A transaction number ties an answer to its
 * request; 0 is for messages that nobody asked for.
 */
#ifndef TMIP_CORE_MLRP_MLRP_H
#define TMIP_CORE_MLRP_MLRP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/station.h"

#define MLRP_PORT 6554
#define MLRP_VERSION_MIN 1
#define MLRP_VERSION_MAX 1
#define MLRP_HEADER_LEN 12
#define MLRP_LENGTH_MAX 16384 /* of the fields of one message; a longer one is an error of the peer */
#define MLRP_TEXT_LEN 192
#define MLRP_TUNNELS_MAX 8
#define MLRP_ADDRS_MAX 64

enum mlrp_type {
	/* both ways, first on every connection */
	MLRP_HELLO = 1,     /* role, network, name, versions that the sender speaks; cn (a CN that knows its id) */
	MLRP_WELCOME = 2,   /* role, network, name, versions (min = max = the chosen one); epoch from an MLR */
	MLRP_ERROR = 3,     /* code, text; answers a request, or (transaction 0) precedes the end of a connection */
	MLRP_PING = 4,
	MLRP_PONG = 5,

	/* CN to MLR */
	/* cn: name, tunnel, port, cells -> MLRP_REGISTERED, durable; may be repeated when the CN changes. A first REGISTER that is
	 * refused (CONFLICT, REFUSED, FULL, STORE) ends the connection; a later one leaves the description as it was. The same
	 * name from another connection ends the older connection. */
	MLRP_REGISTER = 10,
	MLRP_SYNC = 11,     /* version: the newest the CN has -> MLRP_SYNC_START, MLRP_STATION ..., MLRP_SYNC_END */
	MLRP_ALLOCATE = 12, /* mac, client_id, subnet (the cell's), addr (wished, optional) -> MLRP_STATION (offered or bound) */
	/* BIND, CLAIM, RELEASE and DECLINE are answered once they are durable. The record is pushed at once to all CNs, the
	 * asking one too: a push that comes before the answer is no acknowledgement. */
	MLRP_BIND = 13,     /* mac, client_id, addr, lease, age -> MLRP_STATION */
	MLRP_CLAIM = 14,    /* mac, addr: a station with an address of its own (static) is here -> MLRP_STATION */
	/* HANDOVER and RENEW are answered at once and made durable behind; pushed to the others. The register orders moves as
	 * they arrive; the version only tells what the CN knew. A move to where the station is changes nothing. */
	MLRP_HANDOVER = 15, /* mac, addr, version (the CN's record), age -> MLRP_STATION, or MLRP_ERROR with the record in force */
	MLRP_RENEW = 16,    /* mac, addr, lease -> MLRP_STATION */
	MLRP_RELEASE = 17,  /* mac, addr -> MLRP_STATION (free) */
	MLRP_DECLINE = 18,  /* mac, addr -> MLRP_STATION (declined) */
	MLRP_BLOCK_REQUEST = 19, /* subnet (the cell's), count (wanted in all), addrs (that the CN has) -> MLRP_BLOCK */

	/* MLR to CN */
	MLRP_REGISTERED = 30, /* cn: with its id */
	MLRP_CN = 31,         /* cn: another CN appeared, changed or (gone) was forgotten */
	MLRP_SYNC_START = 32, /* full: 1 = what is not sent until SYNC_END does not exist any more; version; pushes may come between */
	MLRP_STATION = 33,    /* station; transaction 0: a push */
	MLRP_SYNC_END = 34,   /* version: everything up to it was sent */
	MLRP_BLOCK = 35,      /* subnet, addrs: what the CN may give out while the register is away; durable */

	/* CN to CN */
	MLRP_MOVED = 50,     /* station: as the sender will have it; tunnels: types offered -> MLRP_MOVED_OK or MLRP_ERROR */
	MLRP_MOVED_OK = 51,  /* tunnel: type agreed; present when a parent answers */
	MLRP_ABORT = 52,     /* addr, version: the MLR refused the move that was announced; the record stands as before */
	MLRP_TUNNEL_CLOSE = 53, /* no station of the sender needs the tunnel any more */
	MLRP_DEPARTED = 54,  /* addr: has left the sender's cell and appeared nowhere yet; to its parent */
	MLRP_RETURNED = 55,  /* addr: is heard again in the sender's cell */
	MLRP_PROBE = 56,     /* addr, mac: is that station still in your cell? -> MLRP_RETURNED: yes, MLRP_DEPARTED: no */
};

enum mlrp_role {
	MLRP_ROLE_CN = 1,
	MLRP_ROLE_MLR = 2,
	/* Evaluation: HELLO and PING only, changes nothing. An MLR sends it every MLRP_CN directly after WELCOME, so that the
	 * PONG to its first PING says that it has them all. */
	MLRP_ROLE_PROBE = 3,
};

enum mlrp_error {
	MLRP_E_PROTOCOL = 1, /* message cannot be understood */
	MLRP_E_VERSION = 2,  /* no version in common */
	MLRP_E_NETWORK = 3,  /* another network_name */
	MLRP_E_NOT_REGISTERED = 4, /* the CN must register first */
	MLRP_E_CONFLICT = 5, /* address, MAC, pool, name or tunnel address belongs to somebody else */
	MLRP_E_EXHAUSTED = 6, /* no free address in any pool */
	MLRP_E_UNKNOWN = 7,  /* no such station */
	MLRP_E_NOT_IN_POOL = 8, /* the address lies in no cell of the network */
	MLRP_E_STALE = 9,    /* a newer record exists; it is in the answer */
	MLRP_E_FULL = 10,    /* a table limit of the receiver is reached */
	MLRP_E_STORE = 11,   /* the register's disk failed */
	MLRP_E_REFUSED = 12, /* not allowed for this peer */
	MLRP_E_DAMPED = 13,  /* the station moves too often: not before `wait` is over; the record in force is in the answer */
};

/* Which members of struct mlrp_message are set: bit n is field number n. */
enum mlrp_field {
	MLRP_F_VERSION_MIN = 1, /* u8 */
	MLRP_F_VERSION_MAX = 2, /* u8 */
	MLRP_F_ROLE = 3,        /* u8, enum mlrp_role */
	MLRP_F_NETWORK = 4,     /* text, 1..63 bytes */
	MLRP_F_NAME = 5,        /* text, 1..63 bytes */
	MLRP_F_CODE = 6,        /* u16, enum mlrp_error */
	MLRP_F_TEXT = 7,        /* text, up to 191 bytes */
	MLRP_F_VERSION = 8,     /* u32 epoch, u64 seq */
	MLRP_F_ADDR = 9,        /* 16 bytes */
	MLRP_F_MAC = 10,        /* 6 bytes */
	MLRP_F_CLIENT_ID = 11,  /* 1..64 bytes */
	MLRP_F_LEASE = 12,      /* u32 seconds */
	MLRP_F_SUBNET = 13,     /* 16 bytes address, u8 IPv4 prefix length */
	MLRP_F_FULL = 14,       /* u8 0 or 1 */
	MLRP_F_TUNNELS = 15,    /* 1..8 bytes, enum tmip_tunnel, best first */
	MLRP_F_TUNNEL = 16,     /* u8, enum tmip_tunnel */
	MLRP_F_STATION = 17,    /* nested: see docs/mlrp.md */
	MLRP_F_CN = 18,         /* nested */
	MLRP_F_WAIT = 19,       /* u32 milliseconds */
	MLRP_F_COUNT_WANTED = 20, /* u16 */
	MLRP_F_ADDRS = 21,      /* 0..64 addresses */
	MLRP_F_AGE = 22,        /* u32 milliseconds since what is told happened; absent: now */
	MLRP_F_COUNT
};

#define MLRP_HAS(f) (1u << (f))

struct mlrp_message {
	uint8_t type;         /* enum mlrp_type */
	uint32_t transaction;
	uint32_t has;         /* MLRP_HAS(...) of the members below that are set */

	uint8_t version_min, version_max;
	uint8_t role;
	char network[NAME_LEN];
	char name[NAME_LEN];
	uint16_t code;
	char text[MLRP_TEXT_LEN];
	struct version version;
	struct tmip_addr addr;
	struct tmip_mac mac;
	uint8_t client_id_len;
	uint8_t client_id[CLIENT_ID_LEN];
	uint32_t lease;
	struct prefix subnet;
	bool full;
	uint8_t tunnel_count;
	uint8_t tunnels[MLRP_TUNNELS_MAX];
	uint8_t tunnel;
	struct station_record station;
	struct cn_info cn;
	uint32_t wait;
	uint16_t count;
	uint8_t addr_count;
	struct tmip_addr addrs[MLRP_ADDRS_MAX];
	uint32_t age;
};

/* What a decoder found wrong: the field of the message (0: the header), and the offset in the message where it begins or,
 * if it holds fields, where the one inside it that is at fault begins. */
struct mlrp_fault {
	const char *what; /* a constant */
	uint16_t field;
	size_t offset;
};

/* Length of the whole message that starts at `data`, once its header is there: a positive number of bytes, 0 if
 * more than the `len` bytes given are needed to tell, -EPROTO or -EMSGSIZE if it can never be a message. */
long mlrp_message_length(const uint8_t *data, size_t len, struct mlrp_fault *fault);

/* Decodes one whole message. 0; -EPROTO (fault says why); -ENOMSG: a type that this version does not know, to be ignored.
 * Fills *msg wholly; texts are NUL-terminated. A message without the fields its type requires is -EPROTO. */
int mlrp_decode(const uint8_t *data, size_t len, struct mlrp_message *msg,
		struct mlrp_fault *fault);

/* Encodes msg into out. The number of bytes, or -ENOSPC, -EINVAL (a member out of range, a required one missing). */
long mlrp_encode(const struct mlrp_message *msg, uint8_t *out, size_t capacity);

const char *mlrp_type_name(uint8_t type);   /* "HELLO" ...; "?" if unknown */
const char *mlrp_error_name(uint16_t code);

#endif
