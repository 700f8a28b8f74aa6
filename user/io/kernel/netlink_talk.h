/* SPDX-License-Identifier: BSD-2-Clause */
/* A request over netlink and its answers, for the files of this folder that speak one of its protocols. */
#ifndef TMIP_IO_KERNEL_NETLINK_TALK_H
#define TMIP_IO_KERNEL_NETLINK_TALK_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#define NETLINK_BUFFER 16384

/* Begins a request in a buffer of NETLINK_BUFFER bytes. flags: NLM_F_DUMP and the like. */
struct nlmsghdr *netlink_request(char *buffer, uint16_t type, uint16_t flags);
/* Sends it and hands every answer to `callback`. 0 or -errno. */
int netlink_talk(int protocol, struct nlmsghdr *request, mnl_cb_t callback, void *arg);

#endif
