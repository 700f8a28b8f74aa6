/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP server: frames of clients, replies, leases of the own block, which wait for the disk. */
#include "dhcp_world.h"

#define BINDINGS_MAX 1024

static void punt(const uint8_t *data, unsigned len, unsigned ifindex)
{
	static struct tmip_punt punt;

	punt.type = TMIP_PUNT_DHCP;
	punt.ifindex = ifindex;
	punt.length = len;
	memcpy(punt.data, data, len);
	dhcp_frame(w->dhcp, &punt);
}

static void punt_message(const struct dhcp_request *message, unsigned ifindex)
{
	uint8_t frame[512];
	unsigned len = make_frame(message, frame);

	punt(frame, len, ifindex);
}

static unsigned trail_lines;

static void on_line(const struct trail_line *line, void *arg)
{
	trail_lines += strstr(line->text, arg) != NULL;
}

/* So many lines of the client's trail have this text in them. */
static unsigned in_trail(uint8_t number, char *text)
{
	struct tmip_mac mac = {{2, 0, 0, 0, 0, number}};

	trail_lines = 0;
	trail_each(w->trail, &mac, on_line, text);
	return trail_lines;
}

/* The register is away, and 10.10.5.20 is free in the own block. */
static void go_on_without_register(void)
{
	struct tmip_addr addr = net_address(SELF, 20);

	fake_outage_adds(&addr);
	lose_register();
}

/* ---- frames */

static void test_a_frame_of_a_client_is_answered(void **state)
{
	struct dhcp_request message = client(DHCP_DISCOVER, 9);

	(void)state;
	punt_message(&message, IFINDEX);
	assert_int_equal(w->identified, 1);
	assert_reply(DHCP_OFFER, 9, IP(9));
	assert_int_equal(counts_now().received, 1);
	assert_int_equal(counts_now().offered, 1);
	assert_int_equal(in_trail(9, "DISCOVER in cell wlan0 answered by OFFER 10.10.5.9"), 1);
}

/* detach waits for those that need the cell; who has an address keeps it, wherever that is. */
static void test_a_cell_that_leaves_serves_nobody_new(void **state)
{
	struct station_record record = {
		.addr = net_address(SELF, 9), .mac = {{2, 0, 0, 0, 0, 9}}, .state = RECORD_BOUND,
		.kind = RECORD_DYNAMIC, .parent = SELF, .current = SELF, .version = {3, 99},
	};
	struct dhcp_request message = client(DHCP_DISCOVER, 9);

	(void)state;
	w->cells.list[0].leaving = true;
	message.mac.octet[4] = message.from.octet[4] = 7;
	punt_message(&message, IFINDEX);
	assert_no_reply();
	assert_int_equal(counts_now().ignored, 1);
	assert_int_equal(w->identified, 0);
	record.mac = message.mac;
	record.addr = net_address(SELF, 40);
	roam_record(w->roam, &record, IFINDEX, clock_ms());
	punt_message(&message, IFINDEX);
	assert_int_equal(w->identified, 1);
	assert_int_equal(counts_now().offered, 1);
	assert_int_equal(counts_now().ignored, 1);
}

static void test_a_reply_comes_from_the_gateway_of_the_cell(void **state)
{
	static const uint8_t gateway[] = {10, 10, 5, 1};
	const struct fake_frame *frame;

	(void)state;
	discover(9);
	frame = fake_frames_last(FRAME_SENT);
	assert_memory_equal(frame->data + 6, &w->cells.list[0].interface.mac, 6);
	assert_memory_equal(frame->data + 26, gateway, 4);
	assert_non_null(memmem(frame->data, frame->len, "example.org", 11));
}

static void test_a_frame_that_is_not_understood_is_counted(void **state)
{
	static const uint8_t rubbish[64] = {0};

	(void)state;
	punt(rubbish, sizeof(rubbish), IFINDEX);
	assert_int_equal(counts_now().received, 1);
	assert_int_equal(counts_now().malformed, 1);
	assert_int_equal(w->identified, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: DHCP message not understood: "
							"not an IPv4 packet"), 1);
}

static void test_a_message_in_the_name_of_another_mac_is_ignored(void **state)
{
	struct dhcp_request message = client(DHCP_DISCOVER, 9);

	(void)state;
	message.from.octet[5] = 66;
	punt_message(&message, IFINDEX);
	assert_int_equal(counts_now().ignored, 1);
	assert_int_equal(counts_now().translated, 1);
	assert_int_equal(in_trail(66, "in the name of another MAC"), 1);
	assert_int_equal(w->identified, 0);
	assert_no_reply();
}

static void test_a_frame_from_no_cell_is_counted_and_not_answered(void **state)
{
	struct dhcp_request message = client(DHCP_DISCOVER, 9);

	(void)state;
	punt_message(&message, IFINDEX + 1);
	assert_int_equal(counts_now().received, 1);
	assert_int_equal(counts_now().ignored, 1);
	assert_no_reply();
}

static void test_a_message_waits_for_the_identity(void **state)
{
	struct dhcp_request message = client(DHCP_DISCOVER, 9);

	(void)state;
	w->hides_identity = true;
	punt_message(&message, IFINDEX);
	assert_no_reply();
	dhcp_handle(w->dhcp, IFINDEX, &message); /* as its owner does when it is known */
	assert_reply(DHCP_OFFER, 9, IP(9));
	assert_int_equal(counts_now().received, 1);
}

/* ---- replies */

static void test_a_renewal_is_answered_before_the_register_learns_of_it(void **state)
{
	const struct mlrp_message *told;

	(void)state;
	request(9, IP(9));
	assert_reply(DHCP_ACK, 9, IP(9));
	assert_int_equal(counts_now().confirmed, 1);
	told = registered_question(0);
	assert_int_equal(told->type, MLRP_RENEW);
	assert_int_equal(told->has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					    MLRP_HAS(MLRP_F_LEASE));
	assert_int_equal(told->lease, LEASE);
	assert_int_equal(addr_to_ipv4(&told->addr), IP(9));
	assert_int_equal(told->mac.octet[5], 9);
	assert_int_not_equal(told->transaction, 0);
}

static void test_without_a_register_the_machine_keeps_the_renewal(void **state)
{
	(void)state;
	lose_register();
	request(9, IP(9));
	assert_reply(DHCP_ACK, 9, IP(9));
	assert_int_equal(record_of(IP(9))->renewed, LEASE);
	assert_int_equal(record_of(IP(9))->record.lease_end, clock_unix_us() / 1000000 + LEASE);
	assert_int_equal(fake_outage.renewed_lease, LEASE);
	assert_int_equal(counts_now().unanswered, 0);
}

static void test_an_address_of_somebody_else_is_refused(void **state)
{
	struct dhcp_request message = client(DHCP_REQUEST, 3);

	(void)state;
	message.requested = IP(9);
	dhcp_handle(w->dhcp, IFINDEX, &message);
	assert_reply(DHCP_NAK, 3, 0);
	assert_int_equal(counts_now().refused, 1);
	assert_int_equal(in_trail(3, "NAK : the address belongs to another station"), 1);
}

static void test_a_message_for_another_server_is_ignored(void **state)
{
	struct dhcp_request message = client(DHCP_REQUEST, 3);

	(void)state;
	message.requested = IP(77);
	message.server = 0xc0a80101;
	dhcp_handle(w->dhcp, IFINDEX, &message);
	assert_no_reply();
	assert_int_equal(counts_now().ignored, 1);
	assert_int_equal(in_trail(3, "not answered: the client chose another server"), 1);
}

static void test_a_reply_that_the_interface_refuses_is_counted(void **state)
{
	(void)state;
	fake_frames.send_error = -ENETDOWN;
	discover(9);
	assert_int_equal(counts_now().not_sent, 1);
	assert_int_equal(counts_now().offered, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "OFFER in cell wlan0 not sent: "), 1);
}

static void test_a_station_that_has_roamed_here_gets_the_options_of_its_home(void **state)
{
	static const uint8_t home[] = {10, 10, 8, 1};

	(void)state;
	discover(7);
	assert_reply(DHCP_OFFER, 7, 0x0a0a0807);
	assert_memory_equal(fake_frames_last(FRAME_SENT)->data + 26, home, 4);
}

/* ---- addresses that come back */

static void give_back(uint8_t type)
{
	struct dhcp_request message = client(type, 9);

	message.ciaddr = message.requested = IP(9);
	dhcp_handle(w->dhcp, IFINDEX, &message);
	assert_no_reply();
}

static void test_the_register_learns_of_a_release(void **state)
{
	(void)state;
	give_back(DHCP_RELEASE);
	assert_int_equal(fake_outage.returned, IP(9));
	assert_false(fake_outage.declined);
	assert_int_equal(registered_question(0)->type, MLRP_RELEASE);
	assert_int_equal(registered_question(0)->has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR));
	assert_int_equal(in_trail(9, "DHCP: RELEASE in cell wlan0"), 1);
}

static void test_the_register_learns_of_a_declined_address(void **state)
{
	(void)state;
	give_back(DHCP_DECLINE);
	assert_true(fake_outage.declined);
	assert_int_equal(registered_question(0)->type, MLRP_DECLINE);
	assert_int_equal(addr_to_ipv4(&registered_question(0)->addr), IP(9));
}

static void test_what_the_block_takes_back_the_register_never_had(void **state)
{
	(void)state;
	fake_outage.takes_back = true;
	give_back(DHCP_RELEASE);
	assert_int_equal(registered_asked(), 0);
}

static void test_a_release_that_cannot_be_told_is_logged(void **state)
{
	(void)state;
	lose_register();
	give_back(DHCP_RELEASE);
	assert_int_equal(in_trail(9, "RELEASE could not be told to the register"), 1);
}

/* ---- leases of the own block */

static void test_without_a_register_an_address_of_the_block_is_offered(void **state)
{
	(void)state;
	go_on_without_register();
	discover(3);
	assert_int_equal(fake_outage.offered, IP(20));
	assert_reply(DHCP_OFFER, 3, IP(20));
	assert_int_equal(counts_now().offered, 1);
}

static void test_an_offer_that_the_block_does_not_keep_is_not_made(void **state)
{
	(void)state;
	go_on_without_register();
	fake_outage.offer_error = -ENOENT;
	discover(3);
	assert_no_reply();
	assert_int_equal(counts_now().unanswered, 1);
	assert_int_equal(in_trail(3, "own block cannot be given: No such file"), 1);
}

static void test_without_block_and_register_a_client_hears_nothing(void **state)
{
	(void)state;
	lose_register();
	discover(3);
	assert_no_reply();
	assert_int_equal(counts_now().ignored, 1);
}

static void test_a_lease_is_confirmed_when_it_is_on_the_disk(void **state)
{
	(void)state;
	go_on_without_register();
	request(3, IP(20));
	assert_no_reply();
	assert_int_equal(fake_outage.bindings[0].addr, IP(20));
	assert_int_equal(fake_outage.bindings[0].lease, LEASE);
	assert_int_equal(fake_outage.bindings[0].ifindex, IFINDEX);
	fake_outage_ends(0, 0);
	assert_reply(DHCP_ACK, 3, IP(20));
	assert_int_equal(counts_now().confirmed, 1);
}

static void test_leases_that_wait_are_confirmed_each_to_its_client(void **state)
{
	struct tmip_addr second = net_address(SELF, 21);

	(void)state;
	go_on_without_register();
	fake_outage_adds(&second);
	request(3, IP(20));
	request(4, IP(21));
	fake_outage_ends(1, 0);
	assert_reply(DHCP_ACK, 4, IP(21));
	fake_outage_ends(0, 0);
	assert_reply(DHCP_ACK, 3, IP(20));
}

static void test_a_lease_that_is_not_on_the_disk_is_not_confirmed(void **state)
{
	(void)state;
	go_on_without_register();
	request(3, IP(20));
	fake_outage_ends(0, -ENOSPC);
	assert_no_reply();
	assert_int_equal(counts_now().unanswered, 1);
	assert_int_equal(in_trail(3, "cannot be given: No space left"), 1);
}

static void test_a_lease_that_cannot_be_written_is_counted(void **state)
{
	(void)state;
	go_on_without_register();
	fake_outage.bind_error = -EAGAIN;
	request(3, IP(20));
	assert_no_reply();
	assert_int_equal(counts_now().unanswered, 1);
}

static void test_a_lease_of_a_cell_that_is_gone_is_counted_and_not_confirmed(void **state)
{
	(void)state;
	go_on_without_register();
	request(3, IP(20));
	remove_cell();
	fake_outage_ends(0, 0);
	assert_no_reply();
	assert_int_equal(counts_now().unanswered, 1);
}

/* The description of this CN may change, or go, while the disk is busy. */
static void test_a_late_reply_has_the_options_of_its_time(void **state)
{
	static const uint8_t router[] = {3, 4, 10, 10, 5, 1};
	const struct fake_frame *frame;
	struct cn_info self = net_cn(SELF);

	(void)state;
	go_on_without_register();
	request(3, IP(20));
	self.cells[0].gateway = net_address(SELF, 254);
	assert_int_equal(roam_put_cn(w->roam, &self), 0);
	self.gone = true;
	assert_int_equal(roam_put_cn(w->roam, &self), 0);
	strcpy(w->config.domain_name, "later.org");
	fake_outage_ends(0, 0);
	assert_reply(DHCP_ACK, 3, IP(20));
	frame = fake_frames_last(FRAME_SENT);
	assert_non_null(memmem(frame->data, frame->len, router, sizeof(router)));
	assert_non_null(memmem(frame->data, frame->len, "later.org", 9));
}

static void test_leases_that_wait_are_limited(void **state)
{
	(void)state;
	go_on_without_register();
	for (int i = 0; i < BINDINGS_MAX; i++)
		request(3, IP(20));
	assert_int_equal(fake_outage.binding_count, BINDINGS_MAX);
	assert_int_equal(counts_now().unanswered, 0);
	request(3, IP(20));
	assert_int_equal(fake_outage.binding_count, BINDINGS_MAX);
	assert_int_equal(counts_now().unanswered, 1);
	fake_outage_ends(0, 0);
	request(3, IP(20));
	assert_int_equal(fake_outage.binding_count, BINDINGS_MAX + 1);
}

static void test_the_end_frees_what_waits(void **state)
{
	(void)state;
	discover(3);
	go_on_without_register();
	request(3, IP(20));
	dhcp_destroy(w->dhcp);
	w->dhcp = NULL;
	assert_no_reply();
	dhcp_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_frame_of_a_client_is_answered),
		CASE(test_a_cell_that_leaves_serves_nobody_new),
		CASE(test_a_reply_comes_from_the_gateway_of_the_cell),
		CASE(test_a_frame_that_is_not_understood_is_counted),
		CASE(test_a_message_in_the_name_of_another_mac_is_ignored),
		CASE(test_a_frame_from_no_cell_is_counted_and_not_answered),
		CASE(test_a_message_waits_for_the_identity),
		CASE(test_a_renewal_is_answered_before_the_register_learns_of_it),
		CASE(test_without_a_register_the_machine_keeps_the_renewal),
		CASE(test_an_address_of_somebody_else_is_refused),
		CASE(test_a_message_for_another_server_is_ignored),
		CASE(test_a_reply_that_the_interface_refuses_is_counted),
		CASE(test_a_station_that_has_roamed_here_gets_the_options_of_its_home),
		CASE(test_the_register_learns_of_a_release),
		CASE(test_the_register_learns_of_a_declined_address),
		CASE(test_what_the_block_takes_back_the_register_never_had),
		CASE(test_a_release_that_cannot_be_told_is_logged),
		CASE(test_without_a_register_an_address_of_the_block_is_offered),
		CASE(test_an_offer_that_the_block_does_not_keep_is_not_made),
		CASE(test_without_block_and_register_a_client_hears_nothing),
		CASE(test_a_lease_is_confirmed_when_it_is_on_the_disk),
		CASE(test_leases_that_wait_are_confirmed_each_to_its_client),
		CASE(test_a_lease_that_is_not_on_the_disk_is_not_confirmed),
		CASE(test_a_lease_that_cannot_be_written_is_counted),
		CASE(test_a_lease_of_a_cell_that_is_gone_is_counted_and_not_confirmed),
		CASE(test_a_late_reply_has_the_options_of_its_time),
		CASE(test_leases_that_wait_are_limited),
		CASE(test_the_end_frees_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
