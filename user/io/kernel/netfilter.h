/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of netfilter: those that translate source addresses, and those for forwarded packets. */
#ifndef TMIP_IO_KERNEL_NETFILTER_H
#define TMIP_IO_KERNEL_NETFILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/firewall/firewall.h"

/*
 * Finds a chain with rules that translates source addresses of leaving packets (nftables, or
 * iptables of either kind). Returns 1 and writes "table chain" of the first one into `name` (`size`
 * bytes); 0: there is none; -errno: unknown.
 */
int netfilter_find_nat(char *name, size_t size);

/*
 * Reads the chains that forwarded IPv4 packets pass, with their rules: those of nftables, which are
 * also those of iptables unless it is iptables-legacy. 0; -errno: they are not known. A kernel
 * without nftables has none.
 */
int netfilter_read_forward(struct firewall *firewall);
/* Is a table of this name of iptables-legacy in use? Its rules cannot be read. */
bool netfilter_has_old_table(const char *name);
/* Does this outcome of a request say that the kernel has no nftables? */
bool netfilter_is_absent(int error);

#endif
