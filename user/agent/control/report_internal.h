/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files behind report.h. */
#ifndef TMIP_AGENT_CONTROL_REPORT_INTERNAL_H
#define TMIP_AGENT_CONTROL_REPORT_INTERNAL_H

#include "report.h"

struct cell;
struct replica_station;

json_t *report_station(const struct report *report, const struct replica_station *station);
/* What an operator must know of the cell's interface: see CELL_FIELDS. */
const char *report_cell_state(const struct cell *cell);

#endif
