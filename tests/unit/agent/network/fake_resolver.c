/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts how often the files of the name service are read. See register_world.h. */
#include "io/link/resolver.h"
#include "register_world.h"

unsigned fake_resolver_reads;

void resolver_refresh(struct evdns_base *dns)
{
	assert_ptr_equal(dns, FAKE_DNS);
	fake_resolver_reads++;
}
