/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stations' entries in the kernel, in both maps: tmip_station, which is always right, and tmip_slot, where the
 * programs look first. Who changes a station's entry does it here (the
 * programs, which do so in a handover, shut its slot: bpf/station.h), so that the two never disagree; the order of the
 * steps is such that this holds at every moment, also for one who is killed between two of them. 0 or -errno.
 */
#ifndef TMIP_IO_DATAPATH_SLOTS_H
#define TMIP_IO_DATAPATH_SLOTS_H

#include <stdint.h>

#include <tmip/maps.h>

struct slots {
	int stations;           /* file descriptor of tmip_station */
	uint32_t count;
	struct tmip_slot *slot; /* the map itself, in our memory; NULL: there is none */
};

int slots_open(struct slots *slots, int stations, int slot_map, uint32_t count);
void slots_close(struct slots *slots); /* also of one that was never opened, if zeroed */

/* Of an entry in a cell of this CN, `heard` stays what the programs made it; that of one that is silent begins anew. */
int slots_put(struct slots *slots, const struct tmip_addr *addr,
	      const struct tmip_station *station);
int slots_delete(struct slots *slots, const struct tmip_addr *addr); /* 0 also if it was not there */
uint32_t slots_heard(const struct slots *slots, const struct tmip_addr *addr); /* see TMIP_HEARD_SHIFT; 0: not known */

#endif
