/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel's IPv4 has forwarded and dropped, in this network namespace (RFC 4293). */
#ifndef TMIP_IO_KERNEL_IP_COUNTS_H
#define TMIP_IO_KERNEL_IP_COUNTS_H

#include <stdint.h>

struct ip_counts {
	uint64_t received, forwarded;
	/* No route, a wrong address or header, no memory, rp_filter; not the rules of netfilter. */
	uint64_t dropped;
};

/* 0 or -errno. */
int ip_counts_read(struct ip_counts *counts);

#endif
