/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers that prog_ns.c and prog_ns.bpf.c share. */
#ifndef TMIP_BENCH_PROG_NS_H
#define TMIP_BENCH_PROG_NS_H

#define PROG_NS_FIRST 0x0a000001u  /* 10.0.0.1: the first station */
#define PROG_NS_SERVER 0xc6120009u /* 198.18.0.9 */

/* The jump for plain packets, and that for tunnel packets. */
enum prog_ns_jump { PROG_NS_IN, PROG_NS_OUT, PROG_NS_JUMPS };

#endif
