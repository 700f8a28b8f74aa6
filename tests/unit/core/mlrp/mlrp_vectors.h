/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared part of the tests of the MLRP codec: a message of each type, as bytes from a second
 * implementation (tests/vectors/mlrp.py) and as a struct, and functions that make such structs.
 */
#ifndef TMIP_TESTS_MLRP_VECTORS_H
#define TMIP_TESTS_MLRP_VECTORS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mlrp/mlrp.h"

#define F(name) MLRP_HAS(MLRP_F_##name)
#define ROOM (MLRP_HEADER_LEN + MLRP_LENGTH_MAX)
#define VECTORS_MAX 48

static const struct tmip_mac MAC = {{2, 0, 0x5e, 0x10, 0, 9}};

struct vector {
	const char *name;
	const unsigned char *bytes;
	size_t len;
	struct mlrp_message message;
};

extern struct vector vectors[VECTORS_MAX]; /* make_vectors fills it */
extern int vector_count;
#define EACH(v) for (const struct vector *v = vectors; v < vectors + vector_count; v++)

int make_vectors(void **state); /* the setup of a group of tests */

/*
 * Messages about a CN, about station 10.10.1.9 with MAC, and with the record of that station. The
 * test sets the other members.
 */
struct mlrp_message cn(uint8_t type, uint32_t transaction, uint32_t id, const char *name,
		       uint16_t port);
struct mlrp_message about(uint8_t type, uint32_t transaction, uint32_t has);
struct mlrp_message with_station(uint8_t type, uint32_t transaction);
/* 0: a cell with a pool and DNS servers; 1: with a pool; 2: without one. */
struct cell_info pool_cell(int which);

#endif
