/* SPDX-License-Identifier: BSD-2-Clause */
/* The capabilities that the agent drops. See privilege.h. */
#include "privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

int privilege_drop(void)
{
	if (geteuid() != 0)
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	/*
	 * Without SYS_ADMIN: since Linux 5.8, BPF and NET_ADMIN are enough to load and attach
	 * programs and to use pinned maps.
	 */
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, CAP_NET_RAW,
			  CAP_NET_BIND_SERVICE,
			  CAP_BPF, CAP_DAC_OVERRIDE, -1) < 0)
		return -EINVAL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return capng_apply(CAPNG_SELECT_BOTH) < 0 ? -EPERM : 0;
}
