/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduling priority of this process. */
#ifndef TMIP_IO_PROCESS_PRIORITY_H
#define TMIP_IO_PROCESS_PRIORITY_H

/*
 * Sets real-time scheduling (SCHED_FIFO) at the lowest priority: before all ordinary processes,
 * after all other real-time ones. Children do not inherit it. The kernel keeps a share of each
 * second for ordinary processes (sched_rt_runtime_us). Returns 0 or -errno.
 */
int priority_raise(void);

#endif
