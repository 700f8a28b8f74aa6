/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduling priority of this process. See priority.h. */
#include "priority.h"

#include <errno.h>
#include <sched.h>

int priority_raise(void)
{
	struct sched_param lowest = {.sched_priority = 1};

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) < 0 ? -errno : 0;
}
