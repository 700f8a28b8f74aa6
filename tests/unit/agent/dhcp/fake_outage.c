/* SPDX-License-Identifier: BSD-2-Clause */
/* The own block of a CN. See fake_outage.h. */
#include "fake_outage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fake_outage fake_outage;

void fake_outage_reset(void)
{
	memset(&fake_outage, 0, sizeof(fake_outage));
	fake_outage.block.list = fake_outage.entries;
}

void fake_outage_adds(const struct tmip_addr *addr)
{
	assert_true(fake_outage.block.count < FAKE_BLOCK);
	fake_outage.entries[fake_outage.block.count++] =
		(struct block_entry){.addr = *addr, .state = BLOCK_FREE};
}

void fake_outage_ends(unsigned binding, int error)
{
	struct fake_binding *ended = &fake_outage.bindings[binding];

	assert_true(binding < fake_outage.binding_count);
	assert_non_null(ended->done);
	ended->done(error, ended->arg);
	ended->done = NULL;
}

const struct block *outage_own_block(const struct outage *outage)
{
	assert_ptr_equal(outage, &fake_outage);
	return &fake_outage.block;
}

int outage_offer(struct outage *outage, const struct dhcp_request *request, uint32_t addr)
{
	(void)request;
	assert_ptr_equal(outage, &fake_outage);
	fake_outage.offered = addr;
	return fake_outage.offer_error;
}

int outage_bind(struct outage *outage, const struct dhcp_request *request, uint32_t addr,
		uint32_t lease, unsigned ifindex, outage_done *done, void *arg)
{
	(void)request;
	assert_ptr_equal(outage, &fake_outage);
	if (fake_outage.bind_error)
		return fake_outage.bind_error;
	assert_true(fake_outage.binding_count < FAKE_BINDINGS);
	fake_outage.bindings[fake_outage.binding_count++] =
		(struct fake_binding){addr, lease, ifindex, done, arg};
	return 0;
}

void outage_renewed(struct outage *outage, uint32_t addr, uint32_t lease)
{
	assert_ptr_equal(outage, &fake_outage);
	fake_outage.renewed = addr;
	fake_outage.renewed_lease = lease;
}

bool outage_return(struct outage *outage, uint32_t addr, bool declined)
{
	assert_ptr_equal(outage, &fake_outage);
	fake_outage.returned = addr;
	fake_outage.declined = declined;
	return fake_outage.takes_back;
}
