/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of stations in both maps: tmip_station, which is always right, and tmip_slot, where
 * the programs look first. All of user space changes an entry by these functions, so that the two
 * maps never disagree; the programs, which change one in a handover, close its slot
 * (bpf/station.h). The order of the steps keeps this true at every moment, also if the process is
 * killed between two steps. Functions return 0 or -errno where no comment says otherwise.
 */
#ifndef TMIP_IO_DATAPATH_SLOTS_H
#define TMIP_IO_DATAPATH_SLOTS_H

#include <stdint.h>

#include <tmip/maps.h>

struct slots {
	int stations;           /* the file descriptor of tmip_station */
	uint32_t count;         /* slots */
	struct tmip_slot *slot; /* the map tmip_slot in this process's memory; NULL: not open */
};

/* `stations` and `slot_map` are file descriptors, which stay the caller's. */
int slots_open(struct slots *slots, int stations, int slot_map, uint32_t count);
/* Allowed for a zeroed struct that was never opened. */
void slots_close(struct slots *slots);

/*
 * Keeps `heard` as the programs wrote it if the station is in a cell of this CN and not silent,
 * else sets it to 0.
 */
int slots_put(struct slots *slots, const struct tmip_addr *addr,
	      const struct tmip_station *station);
/* Returns 0 also if there is no entry. */
int slots_delete(struct slots *slots, const struct tmip_addr *addr);
/*
 * Sets a `heard` of this unit or the one before back, by up to two units: the station's next frame
 * changes it in any case.
 */
void slots_rearm_heard(struct slots *slots, const struct tmip_addr *addr);
/* When the station was last heard, in units of TMIP_HEARD_SHIFT; 0: unknown. */
uint32_t slots_heard(const struct slots *slots, const struct tmip_addr *addr);

#endif
