/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an interface to a cell: can the interface be one, and which subnet, gateway and pool does
 * the cell have? The running agent and the evaluation ask here, so that they agree.
 */
#ifndef TMIP_AGENT_INTERFACE_CELL_CHECK_H
#define TMIP_AGENT_INTERFACE_CELL_CHECK_H

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

/* A warning to be added to what is said of a cell if its netlink_interface.deaf is set. */
#define CELL_DEAF                                                                                  \
	"; a macvlan, but not in mode passthru: it does not hear those who send to another "       \
	"gateway's or a neighbour's MAC"

struct cell_fault {
	const char *reason; /* completes "INTERFACE cannot be a cell: " */
	const char *advice;
	bool passes; /* the interface may become a cell without another configuration */
};

/*
 * `error` is the result of netlink_get_interface(), which has filled `interface`. NULL: the
 * interface can be a cell; the caller compares its subnet with those of the other cells. The next
 * call overwrites the fault.
 */
const struct cell_fault *cell_check_interface(const struct agent_config *config,
					      const struct netlink_interface *interface, int error);

/*
 * Describes the cell of that name in the configuration, with the address of the interface. False:
 * its pool does not lie in its subnet.
 */
bool cell_check_describe(const struct agent_config *config, const char *name,
			 const struct netlink_interface *interface, struct cell_info *info);

/* Can somebody be in the cell? A bridge needs a port that carries frames. */
bool cell_check_has_port(const struct netlink_interface *interface);
/* A bridge without ports has no MAC: the cell is empty. */
bool cell_check_is_empty(const struct netlink_interface *interface);

#endif
