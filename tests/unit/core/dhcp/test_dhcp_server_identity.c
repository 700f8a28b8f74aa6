/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner of a lease where the association identifies a station, whatever its MAC
 * (station_identity association).
 */
#include "dhcp_server_world.h"

static struct identity identity_of(const char *name)
{
	struct identity identity;

	assert_int_equal(identity_make(&identity, IDENTITY_8021X, name, strlen(name)), 0);
	return identity;
}

static void give_identity(uint32_t addr, const struct identity *identity)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct station_record *record = &replica_find(&replica, &key)->record;

	record->client_id_len = identity->len;
	memcpy(record->client_id, identity->id, sizeof(record->client_id));
}

static void test_owner_of_a_request(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);
	struct identity alice = identity_of("alice");
	struct owner owner, twin;

	(void)state;
	dhcp_owner(&r, &owner);
	assert_int_equal(owner.len, 0);
	r.client_id_len = 3;
	memcpy(r.client_id, "\0ab", 3);
	dhcp_owner(&r, &owner);
	assert_int_equal(owner.len, 3);
	assert_memory_equal(owner.id, "\0ab", 3);
	r.twin = true; /* another MAC with this identifier lives */
	dhcp_owner(&r, &twin);
	assert_true(identity_is(twin.id, twin.len));
	assert_false(identity_is_association(twin.id, twin.len));
	r.twin = false;
	r.client_id_len = alice.len; /* the client itself claims to be alice */
	memcpy(r.client_id, alice.id, alice.len);
	dhcp_owner(&r, &owner);
	assert_int_equal(owner.len, 0);
	r.identity = identity_of("bob");
	dhcp_owner(&r, &owner);
	assert_int_equal(owner.len, r.identity.len);
	assert_memory_equal(owner.id, r.identity.id, owner.len);
}

static void test_identity_with_another_mac(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);
	struct identity alice = identity_of("alice");

	(void)state;
	give_identity(HOME, &alice);
	r.requested = HOME;
	r.identity = alice;
	decide(&r); /* INIT-REBOOT: the register has the last word */
	expect_question(DHCP_DO_BIND, HOME);
	r.server = GATEWAY2;
	decide(&r);
	expect_question(DHCP_DO_BIND, HOME);
	r.server = 0;
	r.identity = identity_of("bob");
	decide(&r);
	expect_nak(GATEWAY2);
	r.type = DHCP_DISCOVER;
	r.identity = alice;
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, HOME);
}

static void test_mac_that_changed_hands(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);
	struct identity alice = identity_of("alice");

	(void)state;
	r.identity = identity_of("bob");
	decide(&r); /* a record without an identity belongs to its MAC */
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	give_identity(HOME, &alice);
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
	r.type = DHCP_REQUEST;
	r.requested = HOME;
	decide(&r);
	expect_nak(GATEWAY2);
	r.server = GATEWAY2;
	decide(&r);
	expect_question(DHCP_DO_BIND, HOME); /* the register will refuse it */
	r.server = 0;
	r.identity = alice;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, HOME, GATEWAY2);
	r.identity.len = 0; /* without an identity the MAC counts */
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, HOME, GATEWAY2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_owner_of_a_request), CASE(test_identity_with_another_mac),
		CASE(test_mac_that_changed_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
