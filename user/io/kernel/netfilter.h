/* SPDX-License-Identifier: BSD-2-Clause */
/* What netfilter does to packets that pass this machine, as far as it is of interest: does it translate source addresses? */
#ifndef TMIP_IO_KERNEL_NETFILTER_H
#define TMIP_IO_KERNEL_NETFILTER_H

#include <stddef.h>

/*
 * Finds a chain with rules that translates the sources of packets which leave (nftables, or iptables of either kind). 1: `name` is
 * "table chain" of the first one; 0: there is none; -errno: not known.
 */
int netfilter_find_nat(char *name, size_t size);

#endif
