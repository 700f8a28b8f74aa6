/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent asks of a driver. */
#ifndef TMIP_IO_KERNEL_ETHTOOL_H
#define TMIP_IO_KERNEL_ETHTOOL_H

#include <stdbool.h>

/* Does it take the tags of VLANs off the frames that arrive (rxvlan)? True also if it does not say. */
bool ethtool_strips_tags(const char *name);

#endif
