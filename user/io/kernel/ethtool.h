/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of a driver. */
#ifndef TMIP_IO_KERNEL_ETHTOOL_H
#define TMIP_IO_KERNEL_ETHTOOL_H

#include <stdbool.h>

/*
 * Returns whether the interface's driver strips VLAN tags off arriving frames (rxvlan). True if the
 * setting is unknown.
 */
bool ethtool_strips_tags(const char *name);

#endif
