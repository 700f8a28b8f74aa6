/* SPDX-License-Identifier: BSD-2-Clause */
/* Two cells, and stations at their access points. See wifi_world.h. */
#include "wifi_world.h"

struct wifi_world wifi_world;

static bool on_drop(unsigned ifindex, const struct tmip_mac *mac, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("hostapd %u %u", ifindex, mac->octet[5]);
	return w->has_hostapd;
}

struct wifi *create_wifi(void)
{
	const struct wifi_setup setup = {.base = w->base, .cells = &w->cells, .roam = w->roam,
					 .calls = {on_drop, w}};

	return wifi_create(&setup);
}

static void put_cell(unsigned ifindex, const char *name, uint32_t net)
{
	struct cell *cell = &w->cells.list[w->cells.count++];

	snprintf(cell->name, sizeof(cell->name), "%s", name);
	cell->interface.ifindex = ifindex;
	cell->info = net_cn(net).cells[0];
	assert_int_equal(roam_put_cell(w->roam, ifindex, name, &cell->info.subnet), 0);
}

void put_visit(const struct tmip_mac *mac, uint32_t parent, uint32_t current,
			unsigned ifindex, uint64_t seq)
{
	struct station_record record = {
		.addr = net_address(parent, mac->octet[5]), .mac = *mac, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = parent, .current = current, .version = {1, seq},
	};

	roam_record(w->roam, &record, ifindex, clock_ms());
}

const struct replica_station *station_with(const struct tmip_mac *mac)
{
	return replica_find_mac(roam_replica(w->roam), mac);
}

struct wifi_counts wifi_now(void)
{
	struct wifi_counts counts;

	wifi_count(w->wifi, &counts);
	return counts;
}

void tell_news(enum nl80211_news news, unsigned ifindex, const struct tmip_mac *mac)
{
	fake_nl80211_tells(news, ifindex, mac);
	time_passes(0);
}

/* The station is at the access point, authorised, and nothing is waited for. */
void associate(unsigned ifindex, const struct tmip_mac *mac)
{
	fake_nl80211_has(ifindex, mac, true, 0);
	tell_news(NL80211_ADDED, ifindex, mac);
	time_passes(4400);
	assert_int_equal(time_armed(), 0);
	calls_forget();
}

int wifi_setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_nl80211_reset();
	fake_netlink_reset();
	w->roam = net_roam(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	put_cell(WLAN, "wlan0", SELF);
	put_cell(BRIDGE, "br0", 6);
	fake_interface_add(PORT, "ap0", NULL)->is.port_of = BRIDGE;
	fake_interface_add(OTHER_PORT, "ap1", NULL)->is.port_of = BRIDGE;
	fake_interface_add(ALONE, "ap2", NULL);
	put_visit(&VISITOR, 8, 8, 0, 1);
	put_visit(&LOCAL, SELF, SELF, WLAN, 2);
	assert_int_equal(station_with(&LOCAL)->kernel.ifindex, WLAN);
	w->wifi = create_wifi();
	assert_non_null(w->wifi);
	calls_forget();
	fake_log_forget();
	return 0;
}

int wifi_teardown(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	assert_false(fake_nl80211.open);
	assert_int_equal(time_armed(), 0);
	roam_destroy(w->roam);
	time_end();
	return 0;
}
