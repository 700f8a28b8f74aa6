/* SPDX-License-Identifier: BSD-2-Clause */
/* Owners of addresses: identifiers and MACs, long identifiers, twins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/identity.h"
#include "core/base/owner.h"

static const struct tmip_mac A = {{2, 0, 0, 0, 0, 1}}, B = {{2, 0, 0, 0, 0, 2}};

static struct owner owner(const void *id, size_t len)
{
	struct owner owner;

	owner_set(&owner, id, len);
	return owner;
}

static bool same(const struct owner *one, const struct tmip_mac *mac, const struct owner *other,
		 const struct tmip_mac *other_mac)
{
	bool is = owner_is(one, mac, other_mac, other->id, other->len);

	assert_int_equal(owner_is(other, other_mac, mac, one->id, one->len), is);
	return is;
}

static void an_identifier_counts_and_else_the_mac(void **state)
{
	struct owner none = owner(NULL, 0), id = owner("one", 3), other = owner("two", 3);

	(void)state;
	assert_true(same(&none, &A, &none, &A));
	assert_false(same(&none, &A, &none, &B));
	assert_true(same(&id, &A, &id, &B)); /* whatever the MAC */
	assert_false(same(&id, &A, &other, &A));
	assert_false(same(&id, &A, &none, &A));
}

static void one_and_the_mac_is_the_mac(void **state)
{
	struct owner none = owner(NULL, 0), of_a = owner("\1\2\0\0\0\0\1", 7);

	(void)state;
	assert_true(owner_is_mac(&A, of_a.id, of_a.len));
	assert_false(owner_is_mac(&B, of_a.id, of_a.len));
	assert_true(same(&of_a, &A, &none, &A));
	/* The same bytes from another MAC are an identifier. */
	assert_false(same(&of_a, &B, &none, &A));
	assert_false(same(&of_a, &B, &of_a, &A));
	assert_true(same(&of_a, &B, &of_a, &B));
}

static void long_identifiers_differ_in_their_ends(void **state)
{
	/* FNV-1a, 128 bits, of 200 bytes of 7; computed by a few lines of Python. */
	static const uint8_t hash[16] = {
		0x0a, 0x62, 0x3b, 0x00, 0xb1, 0xd8, 0xf6, 0x1a,
		0x9b, 0xd0, 0x2e, 0x36, 0x7b, 0xfe, 0x47, 0x15,
	};
	uint8_t bytes[200];
	struct owner one, other;

	(void)state;
	memset(bytes, 7, sizeof(bytes));
	one = owner(bytes, sizeof(bytes));
	bytes[199]++;
	other = owner(bytes, sizeof(bytes));
	assert_int_equal(one.len, CLIENT_ID_LEN);
	assert_false(same(&one, &A, &other, &A));
	other = owner(bytes, sizeof(bytes) - 1);
	assert_false(same(&one, &A, &other, &A));
	bytes[199]--;
	other = owner(bytes, sizeof(bytes));
	assert_true(same(&one, &A, &other, &A));
	assert_memory_equal(one.id, bytes, 48);
	assert_memory_equal(one.id + 48, hash, sizeof(hash));
}

static void twins_have_owners_of_their_own(void **state)
{
	uint8_t bytes[CLIENT_ID_LEN];
	struct owner of = owner("machine", 7), a, b, again;

	(void)state;
	owner_make_twin(&a, &of, &A);
	owner_make_twin(&b, &of, &B);
	owner_make_twin(&again, &of, &A);
	assert_false(same(&a, &A, &of, &A));
	assert_false(same(&a, &A, &b, &A));
	assert_true(same(&a, &A, &again, &A));
	/* No client can claim to be one, and it is no identity of an association. */
	assert_true(identity_is(a.id, a.len));
	assert_false(identity_is_association(a.id, a.len));
	/* Also of the longest identifiers, in place. */
	memset(bytes, 9, sizeof(bytes));
	of = owner(bytes, sizeof(bytes));
	a = b = of;
	owner_make_twin(&a, &a, &A);
	bytes[63]++;
	b = owner(bytes, sizeof(bytes));
	owner_make_twin(&b, &b, &A);
	assert_int_equal(a.len, CLIENT_ID_LEN);
	assert_false(same(&a, &A, &b, &A));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identifier_counts_and_else_the_mac),
		cmocka_unit_test(one_and_the_mac_is_the_mac),
		cmocka_unit_test(long_identifiers_differ_in_their_ends),
		cmocka_unit_test(twins_have_owners_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
