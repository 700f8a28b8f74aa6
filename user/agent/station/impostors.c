/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts with the address of a gateway. See impostors.h. */
#include "impostors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cell_table.h"
#include "core/roam/replica.h"
#include "io/process/log.h"

#define IMPOSTORS_MAX 8  /* who comes when there is no room takes the place of the oldest */
#define LATELY_MS 120000 /* a host asks for its neighbours again at least this often */
#define LOG_MS 60000     /* between two lines of the log, whoever it is */

struct impostor {
	struct tmip_mac mac;
	struct tmip_addr addr;
	char cell[16];
	uint64_t seen_ms; /* 0: nobody */
};

struct impostors {
	struct impostor list[IMPOSTORS_MAX];
	uint64_t logged_ms;
};

struct impostors *impostors_create(void)
{
	return calloc(1, sizeof(struct impostors));
}

void impostors_destroy(struct impostors *impostors)
{
	free(impostors);
}

static bool is_gateway(const struct replica *replica, const struct tmip_addr *addr)
{
	const struct cell_info *cell = replica_find_cell(replica, addr, NULL);

	return cell && addr_equal(&cell->gateway, addr);
}

/* The place of this one, or of the one that was seen longest ago. */
static struct impostor *find_place(struct impostors *impostors, const struct tmip_event *event)
{
	struct impostor *oldest = &impostors->list[0];

	for (unsigned i = 0; i < IMPOSTORS_MAX; i++) {
		struct impostor *one = &impostors->list[i];

		if (mac_equal(&one->mac, &event->mac) && addr_equal(&one->addr, &event->addr))
			return one;
		if (one->seen_ms < oldest->seen_ms)
			oldest = one;
	}
	return oldest;
}

void impostors_seen(struct impostors *impostors, const struct replica *replica,
		    const struct cell_table *cells, const struct tmip_event *event,
		    uint64_t now_ms)
{
	const struct cell *cell = cell_table_find(cells, event->ifindex);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	struct impostor *one;

	if (!cell || addr_is_zero(&event->addr) || replica_find(replica, &event->addr) ||
	    !is_gateway(replica, &event->addr))
		return;
	one = find_place(impostors, event);
	*one = (struct impostor){.mac = event->mac, .addr = event->addr,
				 .seen_ms = now_ms ? now_ms : 1};
	memcpy(one->cell, cell->name, sizeof(one->cell));
	if (impostors->logged_ms && now_ms - impostors->logged_ms < LOG_MS)
		return;
	impostors->logged_ms = one->seen_ms;
	log_warn("%s in cell %s uses the gateway's address %s: it cannot be a station, and takes "
		 "packets of others", mac_format(&event->mac, mac), cell->name,
		 addr_format(&event->addr, addr));
}

void impostors_list(const struct impostors *impostors, uint64_t now_ms, json_t *texts)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	for (unsigned i = 0; i < IMPOSTORS_MAX; i++) {
		const struct impostor *one = &impostors->list[i];

		if (one->seen_ms && now_ms - one->seen_ms < LATELY_MS)
			json_array_append_new(
				texts, json_sprintf("%s in cell %s uses the gateway's address %s",
						    mac_format(&one->mac, mac), one->cell,
						    addr_format(&one->addr, addr)));
	}
}
