/* SPDX-License-Identifier: BSD-2-Clause */
/* CN 5, its clients and its register. See dhcp_world.h. */
#include "dhcp_world.h"

#define HEADERS 42 /* Ethernet, IPv4, UDP */
#define OPTIONS 240

static struct dhcp_world world;

struct dhcp_world *w = &world;

/* ---- the calls */

static bool identify(unsigned cell, struct dhcp_request *request, void *arg)
{
	assert_ptr_equal(arg, w);
	assert_int_equal(cell, IFINDEX);
	w->identified++;
	request->identity = w->identity;
	return !w->hides_identity;
}

static bool may_have(unsigned cell, const struct dhcp_request *request,
		     const struct station_record *record, void *arg)
{
	assert_ptr_equal(arg, w);
	assert_int_equal(cell, IFINDEX);
	assert_non_null(request);
	w->asked_of = *record;
	return !w->hides_owner;
}

static void resume(unsigned cell, const struct dhcp_request *request, void *arg)
{
	assert_ptr_equal(arg, w);
	w->resumed++;
	w->resumes = *request;
	dhcp_handle(w->dhcp, cell, request);
}

static int check(const struct station_record *record, const struct tmip_mac *mac, unsigned cell,
		 void *arg)
{
	(void)mac;
	(void)cell;
	assert_ptr_equal(arg, w);
	w->checks += !w->check_error;
	w->checked = *record;
	return w->check_error;
}

/* ---- life */

static void lease(uint32_t parent, int host, uint8_t owner)
{
	struct station_record record = {
		.addr = net_address(parent, host), .mac = {{2, 0, 0, 0, 0, owner}},
		.kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = parent, .current = parent,
		.version = {1, 1}, .lease_end = 1700000000,
	};

	roam_record(w->roam, &record, 0, clock_ms());
}

static void make_cell(void)
{
	char why[FRAME_WHY];
	struct cell *cell = &w->cells.list[0];

	w->cells.count = 1;
	strcpy(cell->name, "wlan0");
	cell->served = true;
	cell->interface.ifindex = IFINDEX;
	cell->interface.mac = (struct tmip_mac){{2, 0, 0, 0, 5, 1}};
	cell->info = net_cn(SELF).cells[0];
	cell->port = frame_open("wlan0", why);
	assert_int_equal(roam_put_cell(w->roam, IFINDEX, "wlan0", &cell->info.subnet), 0);
}

int dhcp_setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_outage_reset();
	fake_frames_reset();
	agent_config_init(&w->config);
	w->config.lease_time = LEASE;
	strcpy(w->config.domain_name, "example.org");
	w->roam = net_roam(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	make_cell();
	lease(SELF, 9, 9);
	lease(8, 7, 7);
	w->reg = registered_create(w->base, &w->config);
	registered_is_ready(w->reg);
	w->trail = trail_create(100);

	const struct twins_setup of_twins = {.roam = w->roam, .trail = w->trail,
					     .calls = {resume, check, w}};

	w->twins = twins_create(&of_twins);
	assert_non_null(w->twins);

	const struct dhcp_setup setup = {
		.config = &w->config, .cells = &w->cells, .roam = w->roam, .reg = w->reg,
		.outage = (struct outage *)&fake_outage, .trail = w->trail,
		.twins = w->twins,
		.calls = {identify, may_have, w},
	};

	w->dhcp = dhcp_create(&setup);
	assert_non_null(w->dhcp);
	fake_log_forget();
	return 0;
}

int dhcp_teardown(void **state)
{
	(void)state;
	dhcp_destroy(w->dhcp);
	twins_destroy(w->twins);
	trail_destroy(w->trail);
	register_destroy(w->reg);
	roam_destroy(w->roam);
	frame_close(w->cells.list[0].port);
	time_end();
	return 0;
}

void lose_register(void)
{
	registered_is_lost();
	dhcp_register_lost(w->dhcp);
}

void remove_cell(void)
{
	w->cells.list[0].served = false;
	frame_close(w->cells.list[0].port);
	w->cells.list[0].port = NULL;
}

struct dhcp_counts counts_now(void)
{
	struct dhcp_counts counts;

	dhcp_count(w->dhcp, &counts);
	return counts;
}

/* ---- clients */

struct dhcp_request client(uint8_t type, uint8_t number)
{
	return (struct dhcp_request){.type = type, .xid = 0x1000u + number,
				     .mac = {{2, 0, 0, 0, 0, number}},
				     .from = {{2, 0, 0, 0, 0, number}}};
}

void discover(uint8_t number)
{
	struct dhcp_request message = client(DHCP_DISCOVER, number);

	dhcp_handle(w->dhcp, IFINDEX, &message);
}

void request(uint8_t number, uint32_t addr)
{
	struct dhcp_request message = client(DHCP_REQUEST, number);

	message.requested = addr;
	message.server = GATEWAY;
	dhcp_handle(w->dhcp, IFINDEX, &message);
}

static uint8_t *put(uint8_t *to, uint32_t value, int bytes)
{
	while (bytes--)
		*to++ = (uint8_t)(value >> 8 * bytes);
	return to;
}

unsigned make_frame(const struct dhcp_request *request, uint8_t *frame)
{
	uint8_t *message = frame + HEADERS, *options = message + OPTIONS;
	unsigned len;

	memset(frame, 0, HEADERS + OPTIONS + 32);
	options = put(put(options, 53, 1), 1, 1);
	options = put(options, request->type, 1);
	if (request->requested)
		options = put(put(put(options, 50, 1), 4, 1), request->requested, 4);
	if (request->server)
		options = put(put(put(options, 54, 1), 4, 1), request->server, 4);
	options = put(options, 255, 1);
	len = (unsigned)(options - frame);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, &request->from, 6);
	put(frame + 12, 0x0800, 2);
	put(frame + 14, 0x4500, 2);
	put(frame + 16, len - 14, 2);
	put(frame + 23, 17, 1);
	put(frame + 34, 68, 2);
	put(frame + 36, 67, 2);
	put(frame + 38, len - 34, 2);
	put(message, 0x01010600, 4);
	put(message + 4, request->xid, 4);
	memcpy(message + 28, &request->mac, 6);
	put(message + 236, 0x63825363, 4);
	return len;
}

/* ---- the register */

void answer_station(unsigned back, uint8_t state, uint32_t addr, uint8_t owner)
{
	struct mlrp_message answer = {
		.type = MLRP_STATION, .transaction = registered_question(back)->transaction,
		.has = MLRP_HAS(MLRP_F_STATION),
		.station = {.addr = addr_from_ipv4(addr), .mac = {{2, 0, 0, 0, 0, owner}},
			    .kind = RECORD_DYNAMIC, .state = state, .parent = SELF,
			    .current = SELF, .version = {1, 50}},
	};

	assert_true(dhcp_register_answer(w->dhcp, &answer));
}

void answer_error(unsigned back, uint16_t code)
{
	struct mlrp_message answer = {.type = MLRP_ERROR, .code = code, .text = "no room",
				      .transaction = registered_question(back)->transaction};

	assert_true(dhcp_register_answer(w->dhcp, &answer));
}

/* ---- replies */

void assert_reply(uint8_t type, uint8_t number, uint32_t addr)
{
	const struct fake_frame *frame = fake_frames_last(FRAME_SENT);
	const uint8_t *message;
	struct tmip_mac mac = {{2, 0, 0, 0, 0, number}};
	uint8_t expected[4];

	assert_non_null(frame);
	assert_string_equal(frame->interface, "wlan0");
	message = frame->data + HEADERS;
	put(expected, addr, 4);
	assert_int_equal(message[OPTIONS], 53);
	assert_int_equal(message[OPTIONS + 2], type);
	assert_memory_equal(message + 16, expected, 4);
	assert_memory_equal(message + 28, &mac, sizeof(mac));
	put(expected, 0x1000u + number, 4);
	assert_memory_equal(message + 4, expected, 4);
}

void assert_no_reply(void)
{
	assert_int_equal(fake_frames.count, 0);
}

const struct replica_station *record_of(uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);

	return replica_find(roam_replica(w->roam), &key);
}
