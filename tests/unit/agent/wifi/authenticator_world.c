/* SPDX-License-Identifier: BSD-2-Clause */
/* Two cells and their hostapds. See authenticator_world.h. */
#include "authenticator_world.h"

static struct authenticator_world world;

struct authenticator_world *w = &world;

/* ---- the calls */

static const char *name_of(const struct identity *identity, char text[CLIENT_ID_LEN + 1])
{
	size_t len = identity->len ? identity->len - IDENTITY_MARK_LEN - 1 : 1;

	memcpy(text, identity->len ? (const char *)identity->id + IDENTITY_MARK_LEN + 1 : "-", len);
	text[len] = '\0';
	return text;
}

static void on_resume(unsigned cell, const struct dhcp_request *request, void *arg)
{
	char name[CLIENT_ID_LEN + 1];

	assert_ptr_equal(arg, w);
	calls_note("resume %u %u %s", cell, request->mac.octet[5],
		   name_of(&request->identity, name));
}

static int on_check(const struct station_record *record, const struct tmip_mac *mac, unsigned cell,
		    void *arg)
{
	char addr[ADDR_STRLEN];

	(void)mac;
	(void)cell;
	assert_ptr_equal(arg, w);
	calls_note("check %s", addr_format(&record->addr, addr));
	return w->check_error;
}

/* ---- life */

static void put_cell(unsigned ifindex, const char *name, uint32_t net)
{
	struct cell *cell = &w->cells.list[w->cells.count++];

	snprintf(cell->name, sizeof(cell->name), "%s", name);
	cell->interface.ifindex = ifindex;
	cell->info = net_cn(net).cells[0];
	assert_int_equal(roam_put_cell(w->roam, ifindex, name, &cell->info.subnet), 0);
}

static void put_hostapd(const char *interface)
{
	struct config_hostapd *hostapd = &w->config.hostapd[w->config.hostapd_count++];

	snprintf(hostapd->interface, sizeof(hostapd->interface), "%s", interface);
	snprintf(hostapd->socket, sizeof(hostapd->socket), "/run/hostapd/%s", interface);
}

static void create(void)
{
	const struct authenticators_setup setup = {
		.base = w->base, .config = &w->config, .cells = &w->cells, .roam = w->roam,
		.trail = w->trail, .calls = {on_resume, on_check, w},
	};

	w->all = authenticators_create(&setup);
	assert_non_null(w->all);
	authenticators_configure(w->all);
	for (unsigned i = 0; i < fake_hostapds.count; i++)
		fake_hostapd_comes_up(&fake_hostapds.list[i], true);
}

int authenticator_setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_hostapds_reset();
	fake_netlink_reset();
	agent_config_init(&w->config);
	strcpy(w->config.run_dir, "/run/tmip");
	strcpy(w->config.network_name, "net");
	w->config.by_association = 1;
	put_hostapd("wlan0");
	put_hostapd("ap0");
	put_hostapd("ap1");
	w->roam = net_roam(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	put_cell(WLAN, "wlan0", SELF);
	put_cell(BRIDGE, "br0", 6);
	fake_interface_add(WLAN, "wlan0", NULL);
	fake_interface_add(AP0, "ap0", NULL)->is.port_of = BRIDGE;
	fake_interface_add(AP1, "ap1", NULL)->is.port_of = BRIDGE;
	w->trail = trail_create(100);
	create();
	calls_forget();
	fake_log_forget();
	return 0;
}

int authenticator_teardown(void **state)
{
	(void)state;
	authenticators_destroy(w->all);
	authenticators_destroy(NULL);
	assert_int_equal(fake_hostapds_open(), 0);
	assert_int_equal(time_armed(), 0);
	trail_destroy(w->trail);
	roam_destroy(w->roam);
	time_end();
	return 0;
}

/* ---- what tests look at */

struct hostapd_link *hostapd_of(const char *interface)
{
	char own[64];

	snprintf(own, sizeof(own), "/run/tmip/net.%s.hostapd", interface);
	for (unsigned i = fake_hostapds.count; i-- > 0;)
		if (strcmp(fake_hostapds.list[i].own, own) == 0)
			return &fake_hostapds.list[i];
	fail_msg("there is no link to the hostapd of %s", interface);
	return NULL;
}

struct authenticator_counts counts_now(void)
{
	struct authenticator_counts counts;

	authenticators_count(w->all, &counts);
	return counts;
}

void put_station(const struct tmip_mac *mac, uint32_t current)
{
	struct station_record record = {
		.addr = net_address(8, mac->octet[5]), .mac = *mac, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = 8, .current = current, .version = {1, 1},
	};

	roam_record(w->roam, &record, 0, clock_ms());
}

uint32_t current_of(const struct tmip_mac *mac)
{
	return replica_current(replica_find_mac(roam_replica(w->roam), mac));
}

struct dhcp_request message_of(const struct tmip_mac *mac)
{
	return (struct dhcp_request){.type = DHCP_DISCOVER, .mac = *mac, .from = *mac};
}

bool identify(unsigned cell, const struct tmip_mac *mac)
{
	struct dhcp_request message = message_of(mac);

	return authenticators_identify(w->all, cell, &message);
}

bool is_identity(const struct identity *identity, const char *name)
{
	struct identity expected = {0};

	if (name)
		assert_int_equal(identity_make(&expected, IDENTITY_8021X, name, strlen(name)), 0);
	return identity->len == expected.len &&
	       memcmp(identity->id, expected.id, expected.len) == 0;
}

void assert_identity(const struct tmip_mac *mac, const char *name)
{
	struct dhcp_request message = message_of(mac);

	assert_true(authenticators_identify(w->all, BRIDGE, &message));
	assert_true(is_identity(&message.identity, name));
}
