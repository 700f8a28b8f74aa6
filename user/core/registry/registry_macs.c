/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts with several MACs: the one in use, which a record names first, and the others. Those of a
 * registered host come from the configuration (registry_host.c); a client's come by BIND with
 * BESIDE, one after the other.
 */
#include <string.h>

#include "registry_internal.h"

bool reg_use_mac(struct registry *registry, struct reg_station *station, const struct tmip_mac *mac)
{
	const struct station_record record = station->record;
	bool done;

	reg_bounds_leave(registry, station);
	done = reg_set_owner(registry, station, mac, record.client_id, record.client_id_len);
	reg_bounds_enter(registry, station);
	return done;
}

bool reg_is_beside(const struct reg_station *station, const struct mlrp_message *message)
{
	return message->has & MLRP_HAS(MLRP_F_BESIDE) && message->beside && station &&
	       station->record.state == RECORD_BOUND &&
	       !mac_equal(&station->record.mac, &message->mac);
}

void reg_add_mac(struct station_record *record, const struct tmip_mac *mac)
{
	if (station_has_mac(record, mac))
		return;
	if (record->other_count == OTHER_MACS_MAX) /* the one that came first goes */
		memmove(record->others, record->others + 1,
			--record->other_count * sizeof(record->others[0]));
	record->others[record->other_count++] = *mac;
}

void reg_drop_mac(struct registry *registry, struct reg_station *station,
		  const struct tmip_mac *mac)
{
	struct station_record *record = &station->record;
	int kept = 0;

	if (mac_equal(&record->mac, mac) &&
	    !reg_use_mac(registry, station, &record->others[record->other_count - 1]))
		return; /* no memory: the address stays as it is */
	for (int i = 0; i < record->other_count; i++)
		if (!mac_equal(&record->others[i], mac))
			record->others[kept++] = record->others[i];
	record->other_count = (uint8_t)kept;
}

bool reg_is_shared(const struct reg_station *station, const struct mlrp_message *message)
{
	return station->record.other_count && (station->record.kind == RECORD_DYNAMIC ||
					       !mac_equal(&station->record.mac, &message->mac));
}
