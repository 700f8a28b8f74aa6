/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs as filters of a clsact qdisc, for kernels without TCX (before 6.6). Several networks may have theirs on one device, and
 * so may others: `owner` tells ours apart (the folder of the network's pins).
 */
#ifndef TMIP_IO_DATAPATH_CLSACT_H
#define TMIP_IO_DATAPATH_CLSACT_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/* point: BPF_TC_INGRESS or BPF_TC_EGRESS. A filter that is there already gets the new program. *made: there was no qdisc before. 0 or -errno. */
int clsact_attach(const char *owner, int prog, unsigned ifindex, enum bpf_tc_attach_point point,
		  bool *made);
void clsact_detach(const char *owner, unsigned ifindex, enum bpf_tc_attach_point point); /* the qdisc stays */
void clsact_remove(unsigned ifindex); /* the qdisc, unless there are filters in it */

#endif
