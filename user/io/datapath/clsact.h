/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF programs as filters of a clsact qdisc, for kernels without TCX (before 6.6). A device may
 * have filters of several networks and of other programs. `owner` identifies those of one network:
 * it is the path of the folder of its pins.
 */
#ifndef TMIP_IO_DATAPATH_CLSACT_H
#define TMIP_IO_DATAPATH_CLSACT_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/*
 * Attaches the program as a filter. A filter that the owner has there gets the new program.
 * `point`: BPF_TC_INGRESS or BPF_TC_EGRESS. Sets *made if it made the qdisc. Returns 0 or -errno.
 */
int clsact_attach(const char *owner, int prog, unsigned ifindex, enum bpf_tc_attach_point point,
		  bool *made);
/* Removes the owner's filter, not the qdisc. */
void clsact_detach(const char *owner, unsigned ifindex, enum bpf_tc_attach_point point);
/* Removes the qdisc if it has no filters. */
void clsact_remove(unsigned ifindex);

#endif
