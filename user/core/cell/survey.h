/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who else is in a cell, before stations depend on it: does somebody have the gateway's address,
 * and does a DHCP server answer? The frames that ask, and what answers say.
 * io/datapath/cell_socket.h sends and receives them. Pure.
 */
#ifndef TMIP_CORE_CELL_SURVEY_H
#define TMIP_CORE_CELL_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"

#define SURVEY_PROBE_LEN 42
#define SURVEY_DISCOVER_LEN 342
#define SURVEY_FRAME_MAX 2048

struct survey {
	struct tmip_mac mac;      /* the cell's own */
	struct tmip_addr gateway;
	uint32_t transaction;     /* of DHCP, random */
};

enum survey_type {
	SURVEY_NOTHING,
	SURVEY_HOLDER, /* `mac` has the gateway's address */
	SURVEY_SERVER, /* `mac` is a DHCP server with the identifier `server`, or zero */
};

struct survey_answer {
	enum survey_type type;
	struct tmip_mac mac;
	struct tmip_addr server;
};

/* An ARP probe for the gateway's address (RFC 5227, 2.1.1). */
void survey_encode_probe(const struct survey *survey, uint8_t frame[SURVEY_PROBE_LEN]);
/* A DHCPDISCOVER of the cell's own MAC, to be answered by broadcast (RFC 2131, 4.1). */
void survey_encode_discover(const struct survey *survey, uint8_t frame[SURVEY_DISCOVER_LEN]);
/* What a frame of the cell says; the frames of the cell's own MAC say nothing. */
struct survey_answer survey_decode(const struct survey *survey, const uint8_t *frame, size_t len);

#endif
