/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLRP, the Mobile Location Register Protocol: messages and codec. Pure. docs/mlrp.md is the
 * specification.
 *
 * A message is a header of 12 bytes (u8 version, u8 type, u16 zero, u32 length of the rest, u32
 * transaction) and fields (u16 number, u16 length, value). All numbers are big-endian. The value of
 * some fields is itself a list of fields. A receiver skips fields that it does not know, and
 * ignores messages of a type that it does not know. An answer carries the transaction of its
 * request; a message that answers no request and wants no answer carries 0.
 */
#ifndef TMIP_CORE_MLRP_MLRP_H
#define TMIP_CORE_MLRP_MLRP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/station.h"

#define MLRP_PORT 6554        /* TCP; the default of the register and of CNs */
#define MLRP_VERSION_MIN 1    /* the versions that this program speaks */
#define MLRP_VERSION_MAX 1
#define MLRP_HEADER_LEN 12    /* bytes */
#define MLRP_LENGTH_MAX 16384 /* bytes of all fields of a message; more is an error of the sender */
#define MLRP_TEXT_LEN 192     /* bytes of a text for people, with the NUL */
#define MLRP_TUNNELS_MAX 8
#define MLRP_ADDRS_MAX 64

/*
 * The types of messages, with the members that a message carries. An arrow points to the answer of
 * a request; MLRP_ERROR may answer each request.
 */
enum mlrp_type {
	/* Both ways, first on every connection. */
	/*
	 * role, network, name, the versions that the sender speaks; a CN: instance, and cn if it
	 * has an id
	 */
	MLRP_HELLO = 1,
	/*
	 * role, network, name, version_min = version_max = the chosen one; a register: version,
	 * clock
	 */
	MLRP_WELCOME = 2,
	/* code, text, station, wait, subnet; transaction 0: the connection ends next */
	MLRP_ERROR = 3,
	MLRP_PING = 4,
	MLRP_PONG = 5,

	/* CN to register. */
	/*
	 * cn: name, tunnel, port, cells -> MLRP_REGISTERED, once it is durable. The CN repeats it
	 * when its description changes. If the register refuses the first REGISTER of a connection
	 * (CONFLICT, REFUSED, FULL, STORE) it ends the connection; if it refuses a later one the
	 * description stays as it was. wait: the refusal is for so long only; subnet: it is about
	 * the cell with that subnet. A REGISTER with the
	 * name of a CN on another connection ends the older connection, unless another agent lives
	 * there.
	 */
	MLRP_REGISTER = 10,
	/* version: the CN's newest -> MLRP_SYNC_START, MLRP_STATION ..., MLRP_SYNC_END */
	MLRP_SYNC = 11,
	/* mac, client_id, subnet of the cell, addr (a wish) -> MLRP_STATION, offered or bound */
	MLRP_ALLOCATE = 12,
	/*
	 * The register answers BIND, CLAIM, RELEASE and DECLINE once they are durable. It pushes
	 * the record at once to all CNs, also to the one that asked: a push before the answer is no
	 * acknowledgement.
	 */
	MLRP_BIND = 13,  /* mac, client_id, addr, lease, age, beside -> MLRP_STATION */
	/*
	 * mac, addr: a station with a static address is here -> MLRP_STATION. holder, version: the
	 * record of this version gives the address to another MAC, which does not answer.
	 */
	MLRP_CLAIM = 14,
	/*
	 * The register answers HANDOVER and RENEW at once and makes them durable later; it pushes
	 * the record to the other CNs. It orders moves as they arrive: `version` says only what the
	 * CN knew. A move to the cell where the station is already changes nothing.
	 *
	 * mac, addr, version of the CN's record, age -> MLRP_STATION, or MLRP_ERROR with the record
	 * in force
	 */
	MLRP_HANDOVER = 15,
	MLRP_RENEW = 16,   /* mac, addr, lease -> MLRP_STATION */
	MLRP_RELEASE = 17, /* mac, addr -> MLRP_STATION, free */
	MLRP_DECLINE = 18, /* mac, addr -> MLRP_STATION, declined */
	/* subnet of the cell, count wanted in all, addrs in the CN's block -> MLRP_BLOCK */
	MLRP_BLOCK_REQUEST = 19,
	/*
	 * mac, addr, version of the CN's record, cn: the station is with that CN, whose agent is
	 * away. From the parent, or from the CN that the record names -> as MLRP_HANDOVER
	 */
	MLRP_FOLLOWED = 20,

	/* Register to CN. */
	MLRP_REGISTERED = 30, /* cn, with its id */
	MLRP_CN = 31,         /* cn: another CN is new, has changed, or (gone) is forgotten */
	/*
	 * full, version. Pushes may come before SYNC_END. full 1: a station that the register does
	 * not send before SYNC_END does not exist any more.
	 */
	MLRP_SYNC_START = 32,
	MLRP_STATION = 33,    /* station; transaction 0: a push */
	MLRP_SYNC_END = 34,   /* version: the register has sent all changes up to it */
	/* subnet, addrs: the block, which the CN may assign while the register is down; durable */
	MLRP_BLOCK = 35,

	/* CN to CN. */
	/*
	 * station, as the sender wants it; mac, if it uses another one than the record names first;
	 * tunnels, the types offered -> MLRP_MOVED_OK
	 */
	MLRP_MOVED = 50,
	MLRP_MOVED_OK = 51, /* tunnel, the type agreed, if a parent answers */
	/* addr, version: the move of MOVED is not valid; the record of this version counts again */
	MLRP_ABORT = 52,
	MLRP_TUNNEL_CLOSE = 53, /* no station of the sender needs the tunnel any more */
	/* addr: the station left the sender's cell and is in no other yet; to its parent */
	MLRP_DEPARTED = 54,
	MLRP_RETURNED = 55, /* addr: the sender hears it in its cell again */
	/* addr, mac: is the station still in your cell? -> MLRP_RETURNED: yes, MLRP_DEPARTED: no */
	MLRP_PROBE = 56,
};

enum mlrp_role {
	MLRP_ROLE_CN = 1,
	MLRP_ROLE_MLR = 2,
	/*
	 * The evaluation of `tmip-agent`: it sends HELLO and PING only and changes nothing. After
	 * WELCOME the register sends it an MLRP_CN for every CN, so the PONG to its first PING
	 * shows that it has them all.
	 */
	MLRP_ROLE_PROBE = 3,
};

enum mlrp_error {
	MLRP_E_PROTOCOL = 1, /* the receiver cannot decode the message, or does not expect it */
	MLRP_E_VERSION = 2,  /* no version in common */
	MLRP_E_NETWORK = 3,  /* another network_name */
	MLRP_E_NOT_REGISTERED = 4, /* the CN must register first */
	MLRP_E_CONFLICT = 5, /* the address, MAC, pool, name or tunnel address belongs to another */
	MLRP_E_EXHAUSTED = 6, /* no free address in any pool */
	MLRP_E_UNKNOWN = 7,  /* no such station */
	MLRP_E_NOT_IN_POOL = 8, /* the address lies in no cell of the network */
	MLRP_E_STALE = 9,    /* a newer record exists; it is in the answer */
	MLRP_E_FULL = 10,    /* a table of the receiver is full */
	MLRP_E_STORE = 11,   /* the register's disk failed */
	MLRP_E_REFUSED = 12, /* the receiver does not allow it to this sender */
	/*
	 * The station moves too often: ask again after `wait`. The record in force is in the
	 * answer.
	 */
	MLRP_E_DAMPED = 13,
};

/* What a CN has found out about the station that has an address. */
enum mlrp_holder {
	MLRP_HOLDER_MUTE = 1,        /* the CN that has the station in a cell found it mute */
	MLRP_HOLDER_UNREACHABLE = 2, /* that CN does not answer */
};

/* The numbers of fields on the wire, with their layout. */
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
	MLRP_F_AGE = 22,        /* u32 milliseconds since the reported event; absent: now */
	MLRP_F_CLOCK = 23,      /* u64 Unix time in seconds */
	MLRP_F_HOLDER = 24,     /* u8, enum mlrp_holder */
	MLRP_F_INSTANCE = 25,   /* u64, random */
	MLRP_F_BESIDE = 26,     /* u8 0 or 1 */
	MLRP_F_COUNT
};

#define MLRP_HAS(f) (1u << (f)) /* the bit of field MLRP_F_... in mlrp_message.has */

/* A message in host byte order; addresses and MACs are as on the wire. */
struct mlrp_message {
	uint8_t type;         /* enum mlrp_type */
	uint32_t transaction;
	uint32_t has;         /* MLRP_HAS(...) of the members below that are set */

	uint8_t version_min, version_max;
	uint8_t role;         /* enum mlrp_role */
	char network[NAME_LEN];
	char name[NAME_LEN];
	uint16_t code;        /* enum mlrp_error */
	char text[MLRP_TEXT_LEN];
	struct version version;
	struct tmip_addr addr;
	struct tmip_mac mac;
	uint8_t client_id_len; /* bytes */
	uint8_t client_id[CLIENT_ID_LEN];
	uint32_t lease;       /* seconds */
	struct prefix subnet;
	bool full;
	uint8_t tunnel_count;
	uint8_t tunnels[MLRP_TUNNELS_MAX]; /* enum tmip_tunnel, best first */
	uint8_t tunnel;       /* enum tmip_tunnel */
	struct station_record station;
	struct cn_info cn;
	uint32_t wait;        /* milliseconds */
	uint16_t count;       /* field COUNT_WANTED: addresses */
	uint8_t addr_count;
	struct tmip_addr addrs[MLRP_ADDRS_MAX];
	uint32_t age;         /* milliseconds */
	uint64_t clock;       /* the register's, by which lease_end counts; seconds */
	uint8_t holder;       /* enum mlrp_holder */
	uint64_t instance;    /* of the CN's agent: it keeps it for as long as it runs */
	bool beside;          /* the MAC belongs to the host that has the address already */
};

/* An error that the decoder found. */
struct mlrp_fault {
	const char *what; /* a constant */
	uint16_t field;   /* the number of the message's own field; 0: the header */
	size_t offset;    /* bytes from the header to that field, or to the innermost one */
};

/*
 * Returns the length in bytes of the whole message that starts at `data`; 0 if its header is not
 * complete in the `len` bytes; -EPROTO or -EMSGSIZE, with *fault, if the bytes cannot be a message.
 * `fault` may be NULL.
 */
long mlrp_message_length(const uint8_t *data, size_t len, struct mlrp_fault *fault);

/*
 * Decodes one whole message of `len` bytes. Returns 0; -ENOMSG: this version does not know the
 * type, and the caller ignores the message; -EPROTO with *fault: it is no message, or lacks a field
 * that its type requires. Sets all of *msg; each text ends with a NUL. `fault` may be NULL.
 */
int mlrp_decode(const uint8_t *data, size_t len, struct mlrp_message *msg,
		struct mlrp_fault *fault);

/*
 * Encodes *msg into `out`. Returns the number of bytes; -ENOSPC: more than `capacity` or than
 * MLRP_LENGTH_MAX allows; -EINVAL: a member is out of range, or a required one is missing.
 */
long mlrp_encode(const struct mlrp_message *msg, uint8_t *out, size_t capacity);

const char *mlrp_type_name(uint8_t type);   /* "HELLO" ...; "?": unknown */
const char *mlrp_error_name(uint16_t code); /* for people; "unknown error": unknown */

#endif
