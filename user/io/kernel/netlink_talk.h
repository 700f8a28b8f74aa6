/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netlink for the files that speak one of its protocols: a request and its answers, a socket for
 * news, and the values of attributes. Functions return 0 or -errno where no comment says otherwise.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_TALK_H
#define TMIP_IO_KERNEL_NETLINK_TALK_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>

#define NETLINK_BUFFER 16384 /* bytes for a request, or for the messages of one read */

/*
 * Begins a request in a buffer of NETLINK_BUFFER bytes and returns its header, which is in the
 * buffer. flags: NLM_F_DUMP and the like. The kernel ends its answers with DONE (a dump) or ACK.
 */
struct nlmsghdr *netlink_request(char *buffer, uint16_t type, uint16_t flags);
/*
 * Sends the request and calls `callback` for each answer. Blocks until the last answer is there, at
 * most two seconds for each. `protocol`: NETLINK_ROUTE and the like. `callback` may be NULL.
 */
int netlink_talk(int protocol, struct nlmsghdr *request, mnl_cb_t callback, void *arg);

/*
 * Opens a non-blocking socket for news of the multicast groups, which are a mask as in
 * sockaddr_nl.nl_groups. Returns the descriptor or -errno.
 */
int netlink_listen(int protocol, uint32_t groups);
/* Calls `callback` for all news that wait. Returns false if the kernel has dropped news. */
bool netlink_read_news(int fd, mnl_cb_t callback, void *arg);

/*
 * Each reads the value of an attribute, and returns whether the attribute has this type and a value
 * of the right length. If it has not, the value stays as it is.
 */
bool netlink_read_u32(const struct nlattr *attr, uint16_t type, uint32_t *value);
/* *text points into the message and has a NUL. */
bool netlink_read_text(const struct nlattr *attr, uint16_t type, const char **text);
bool netlink_read_bytes(const struct nlattr *attr, uint16_t type, void *bytes, size_t len);

#endif
