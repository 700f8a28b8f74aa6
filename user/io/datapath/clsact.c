/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF programs as filters of a clsact qdisc. See clsact.h. */
#include "clsact.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "io/kernel/netlink_talk.h"

#define PRIORITY 0x746d /* the same for all filters of TMip; the handle differs by owner */

/* The FNV-1a hash of the owner, in the range of a tc handle. */
static __u32 handle_of(const char *owner)
{
	__u32 hash = 2166136261u;

	for (const char *c = owner; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return (hash & 0x7fffffff) | 1;
}

int clsact_attach(const char *owner, int prog, unsigned ifindex, enum bpf_tc_attach_point point,
		  bool *made)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, where, .ifindex = (int)ifindex,
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = handle_of(owner), .priority = PRIORITY,
			    .prog_fd = prog, .flags = BPF_TC_F_REPLACE);
	int error = bpf_tc_hook_create(&where);

	*made = error == 0;
	if (error && error != -EEXIST)
		return error;
	where.attach_point = point;
	return bpf_tc_attach(&where, &filter);
}

void clsact_detach(const char *owner, unsigned ifindex, enum bpf_tc_attach_point point)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, where, .ifindex = (int)ifindex, .attach_point = point);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = handle_of(owner), .priority = PRIORITY);

	bpf_tc_detach(&where, &filter);
}

static int on_filter(const struct nlmsghdr *header, void *arg)
{
	(void)header;
	*(bool *)arg = true;
	return MNL_CB_OK;
}

/* True also if the kernel does not answer. */
static bool has_filters(unsigned ifindex, unsigned parent)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETTFILTER, NLM_F_DUMP);
	struct tcmsg *filters = mnl_nlmsg_put_extra_header(request, sizeof(*filters));
	bool found = false;

	filters->tcm_family = AF_UNSPEC;
	filters->tcm_ifindex = (int)ifindex;
	filters->tcm_parent = TC_H_MAKE(TC_H_CLSACT, parent);
	return netlink_talk(NETLINK_ROUTE, request, on_filter, &found) || found;
}

void clsact_remove(unsigned ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, where, .ifindex = (int)ifindex,
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (!has_filters(ifindex, TC_H_MIN_INGRESS) && !has_filters(ifindex, TC_H_MIN_EGRESS))
		bpf_tc_hook_destroy(&where);
}
