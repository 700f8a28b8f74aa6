/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Broadcasts and multicasts between a home subnet and its stations that are elsewhere: wires core/fanout.h to the device that
 * the data path puts copies into (bpf/group.h). As parent, one packet to each CN with guests of the subnet; as visited CN, one
 * frame to each guest, with its own MAC, so that nobody else in the cell hears it.
 */
#ifndef TMIP_AGENT_GROUPS_H
#define TMIP_AGENT_GROUPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>

struct agent;
struct groups;

int groups_start(struct agent *agent); /* 0 or -ENOMEM */
void groups_stop(struct agent *agent);
void groups_configure(struct agent *agent);

/* This is the station's map entry now; it has none any more. */
void groups_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry);
void groups_remove(struct agent *agent, const struct tmip_addr *addr);
/* Takes out of the map what a former agent left. */
void groups_sweep(struct agent *agent);

/* A frame of the device, whose Ethernet header may be written over. False: it is for no group of a subnet of the network. */
bool groups_take(struct agent *agent, uint8_t *frame, size_t len);

json_t *groups_report(const struct agent *agent);

#endif
