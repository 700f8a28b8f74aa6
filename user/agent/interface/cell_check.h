/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an interface to a cell: can it be one, and what is the network told of it? Asked by the running agent and by the
 * evaluation, which have the same answer.
 */
#ifndef TMIP_AGENT_CELL_CHECK_H
#define TMIP_AGENT_CELL_CHECK_H

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

/* Added to what is said of a cell for which netlink_interface.deaf holds. */
#define CELL_DEAF "; a macvlan, but not in mode passthru: it does not hear those who send to another gateway's or a neighbour's MAC"

struct cell_fault {
	const char *reason; /* completes "INTERFACE cannot be a cell: " */
	const char *advice;
};

/* error: of netlink_get_interface. NULL: it can be a cell, as far as it goes alone. The fault is valid until the next call. */
const struct cell_fault *cell_check_interface(const struct agent_config *config, const struct netlink_interface *interface, int error);
/* The cell of an interface that can be one. False: its pool does not lie in its subnet; *info shows both. */
bool cell_check_describe(const struct agent_config *config, const struct netlink_interface *interface, struct cell_info *info);

#endif
