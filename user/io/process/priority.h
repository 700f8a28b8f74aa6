/* SPDX-License-Identifier: BSD-2-Clause */
/* The turn of this process on a busy CPU. */
#ifndef TMIP_IO_PROCESS_PRIORITY_H
#define TMIP_IO_PROCESS_PRIORITY_H

/* Real-time scheduling at the lowest priority: before all ordinary processes, after all other real-time ones. Children do not
 * inherit it. The kernel leaves ordinary processes a share of each second (sched_rt_runtime_us). 0 or -errno. */
int priority_raise(void);

#endif
