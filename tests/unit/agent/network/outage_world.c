/* SPDX-License-Identifier: BSD-2-Clause */
/* CN 5, its register and its file. See outage_world.h. */
#include "outage_world.h"

#include <stdlib.h>
#include <unistd.h>

#include "../fake_link.h"
#include "agent/network/outage_file.h"
#include "io/process/file.h"

#define FIRST 20 /* the host part of the first address of the block */

static struct outage_world world;

struct outage_world *w = &world;

/* ---- the calls */

static void describe_cn(struct cn_info *out, void *arg)
{
	assert_ptr_equal(arg, w);
	*out = w->self;
}

static void put_cn(const struct cn_info *info, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("CN %u %s", info->id, info->name);
	assert_int_equal(roam_put_cn(w->roam, info), 0);
}

static void on_done(int error, void *arg)
{
	const struct replica_station *record = record_of(FIRST);

	calls_note("done");
	w->at_done = record ? record->record.state : 0;
	w->done_arg[w->done_count] = arg;
	w->done[w->done_count++] = error;
}

/* ---- life */

void create_outage(void)
{
	const struct outage_setup setup = {.base = w->base, .config = &w->config, .roam = w->roam,
					   .reg = w->reg, .calls = {describe_cn, put_cn, w}};

	assert_int_equal(outage_create(&w->outage, &setup), 0);
}

void destroy_outage(bool tear_down)
{
	outage_destroy(w->outage, tear_down);
	w->outage = NULL;
}

void put_file(const char *text)
{
	assert_int_equal(file_replace(w->path, text, strlen(text), 0600), 0);
}

static void begin(uint32_t self)
{
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_file_reset();
	strcpy(w->folder, "/tmp/test_outage.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%.31s/net.away.json", w->folder);
	agent_config_init(&w->config);
	strcpy(w->config.cn_name, "cn5");
	strcpy(w->config.network_name, "net");
	strcpy(w->config.state_dir, w->folder);
	w->config.away_block = 4;
	w->self = net_cn(SELF);
	w->roam = net_roam(self);
	assert_int_equal(roam_put_cell(w->roam, IFINDEX, "wlan0", &w->self.cells[0].subnet), 0);
	w->reg = registered_create(w->base, &w->config);
	create_outage();
	calls_forget();
	fake_log_forget();
}

int outage_setup_without_number(void **state)
{
	(void)state;
	begin(0);
	return 0;
}

int outage_setup(void **state)
{
	(void)state;
	begin(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	calls_forget();
	return 0;
}

int outage_teardown(void **state)
{
	char command[64];

	(void)state;
	outage_destroy(w->outage, false);
	assert_int_equal(fake_file.writers, 0);
	register_destroy(w->reg);
	roam_destroy(w->roam);
	assert_int_equal(time_armed(), 0);
	time_end();
	fake_file_reset();
	snprintf(command, sizeof(command), "rm -rf %.31s", w->folder);
	return system(command);
}

/* ---- the block */

void answer_request(unsigned back, unsigned count)
{
	const struct mlrp_message *question = registered_question(back);
	struct mlrp_message block = {.type = MLRP_BLOCK, .transaction = question->transaction,
				     .subnet = question->subnet, .addr_count = (uint8_t)count};

	assert_int_equal(question->type, MLRP_BLOCK_REQUEST);
	for (unsigned i = 0; i < count; i++)
		block.addrs[i] = net_address(SELF, FIRST + (int)i);
	outage_handle_block(w->outage, &block);
}

void refuse_request(unsigned back)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_STORE,
				     .transaction = registered_question(back)->transaction};

	assert_true(outage_handle_error(w->outage, &error));
}

void get_block(unsigned count)
{
	if (!register_is_ready(w->reg))
		registered_is_ready(w->reg);
	outage_request_blocks(w->outage);
	answer_request(0, count);
	fake_file_ends_all();
	calls_forget();
	fake_log_forget();
}

const struct block_entry *entry_of(int host)
{
	struct tmip_addr addr = net_address(SELF, host);

	return block_find(outage_own_block(w->outage), &addr);
}

uint8_t state_in_file(int host)
{
	struct tmip_addr addr = net_address(SELF, host);
	struct outage_content content;
	const struct block_entry *entry;
	uint8_t state;

	assert_non_null(fake_file.text);
	assert_true(outage_file_parse(fake_file.text, strlen(fake_file.text), "cn5", &content));
	entry = block_find(&content.block, &addr);
	state = entry ? entry->state : 0;
	outage_content_free(&content);
	return state;
}

const struct replica_station *record_of(int host)
{
	struct tmip_addr addr = net_address(SELF, host);

	return replica_find(roam_replica(w->roam), &addr);
}

/* ---- clients */

struct dhcp_request client(uint8_t number)
{
	return (struct dhcp_request){.type = DHCP_REQUEST, .mac = {{2, 0, 0, 0, 0, number}},
				     .from = {{2, 0, 0, 0, 0, number}}};
}

int bind_address(int host, uint8_t number)
{
	struct dhcp_request request = client(number);

	return outage_bind(w->outage, &request, IP((uint32_t)host), LEASE, IFINDEX, on_done,
			   (void *)(uintptr_t)number);
}

void put_record(int host, uint64_t seq)
{
	struct station_record record = {
		.addr = net_address(SELF, host), .mac = client(9).mac, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = SELF, .current = SELF, .version = {1, seq},
	};

	roam_record(w->roam, &record, 0, clock_ms());
}
