/* SPDX-License-Identifier: BSD-2-Clause */
/* The search for netfilter rules that translate source addresses. */
#ifndef TMIP_IO_KERNEL_NETFILTER_H
#define TMIP_IO_KERNEL_NETFILTER_H

#include <stddef.h>

/*
 * Finds a chain with rules that translates source addresses of leaving packets (nftables, or
 * iptables of either kind). Returns 1 and writes "table chain" of the first one into `name` (`size`
 * bytes); 0: there is none; -errno: unknown.
 */
int netfilter_find_nat(char *name, size_t size);

#endif
