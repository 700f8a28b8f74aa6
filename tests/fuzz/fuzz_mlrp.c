/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as MLRP: the decoder must not crash, and a message that it understands must mean
 * the same after another encoding and decoding.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mlrp/mlrp.h"

#define ROOM (MLRP_HEADER_LEN + MLRP_LENGTH_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

static void check_bounds(const struct mlrp_message *m)
{
	need(m->cn.cell_count <= CN_CELLS_MAX && m->client_id_len <= CLIENT_ID_LEN &&
	     m->station.client_id_len <= CLIENT_ID_LEN);
	need(m->tunnel_count <= MLRP_TUNNELS_MAX && m->subnet.len <= 32);
	for (int i = 0; i < m->cn.cell_count; i++)
		need(m->cn.cells[i].dns_count <= CELL_DNS_MAX && m->cn.cells[i].subnet.len <= 32);
	need(memchr(m->network, 0, sizeof(m->network)) && memchr(m->name, 0, sizeof(m->name)));
	need(memchr(m->text, 0, sizeof(m->text)) && memchr(m->cn.name, 0, sizeof(m->cn.name)));
	need(strcmp(mlrp_type_name(m->type), "?") != 0);
}

/*
 * Decoded, encoded, decoded, encoded: after the first encoding nothing changes any more, whatever
 * order the fields had.
 */
static void check_round_trip(const struct mlrp_message *m)
{
	static struct mlrp_message again;
	static uint8_t first[ROOM], second[ROOM];
	long len = mlrp_encode(m, first, sizeof(first));

	need(len >= MLRP_HEADER_LEN);
	need(mlrp_message_length(first, (size_t)len, NULL) == len);
	need(mlrp_decode(first, (size_t)len, &again, NULL) == 0);
	need(again.has == m->has && again.transaction == m->transaction && again.type == m->type);
	need(mlrp_encode(&again, second, sizeof(second)) == len &&
	     memcmp(first, second, (size_t)len) == 0);
	need(mlrp_encode(m, second, (size_t)len - 1) == -ENOSPC);
}

/* The input is a stream of messages, as from a connection. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mlrp_message m;

	while (size) {
		struct mlrp_fault fault = {0};
		long whole = mlrp_message_length(data, size, &fault);
		uint8_t *copy;
		int error;

		if (whole <= 0 || (size_t)whole > size) {
			need(whole >= 0 || fault.what);
			return 0;
		}
		copy = malloc((size_t)whole); /* so that the sanitizer sees the end */
		need(copy != NULL);
		memcpy(copy, data, (size_t)whole);
		error = mlrp_decode(copy, (size_t)whole, &m, &fault);
		free(copy);
		need(error == 0 || error == -ENOMSG ||
		     (error == -EPROTO && fault.what && fault.offset <= (size_t)whole));
		if (error == 0) {
			check_bounds(&m);
			check_round_trip(&m);
		}
		data += whole;
		size -= (size_t)whole;
	}
	return 0;
}
