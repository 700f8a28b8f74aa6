/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of hosts, as /etc/resolv.conf and /etc/hosts say now. libevent reads both files once; an
 * agent lives longer than they stay as they are.
 */
#ifndef TMIP_IO_LINK_RESOLVER_H
#define TMIP_IO_LINK_RESOLVER_H

struct evdns_base;
struct event_base;

/* NULL: no memory. The owner frees it by evdns_base_free(). */
struct evdns_base *resolver_open(struct event_base *base);
/* Before the next look-up: reads both files again. */
void resolver_refresh(struct evdns_base *dns);

#endif
