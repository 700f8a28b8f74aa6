/* SPDX-License-Identifier: BSD-2-Clause */
/* See world.h. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/addr.h"

struct tmip_bpf *world_bpf;
struct slots world_slots;
static struct ring_buffer *events, *punts;
static int agent = -1; /* the far end of the agent's device */
static struct { struct tmip_event event; struct tmip_punt punt; unsigned events, punts; } heard;

/* ---- names to numbers */

struct tmip_addr world_addr(const char *text)
{
	struct tmip_addr addr = {0};

	if (text)
		assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

struct tmip_mac world_mac(const char *text)
{
	struct tmip_mac mac;

	assert_int_equal(mac_parse(text, &mac), 0);
	return mac;
}

unsigned world_ifindex(const char *interface)
{
	return interface ? if_nametoindex(interface) : 0;
}

/* ---- the namespace */

/* The tunnel's way is found by bpf_fib_lookup: routes, permanent neighbours, forwarding on. */
static const char *const batch[] = {
	"link add bb type veth peer name bb_far", "link set bb_far up", "link set bb address " W_BACKBONE_MAC " up", "address add " W_TUNNEL "/24 dev bb",
	"link add cell0 type veth peer name cell0_far", "link set cell0_far up", "link set cell0 address " W_CELL0_MAC " up", "address add " W_GATEWAY0 "/24 dev cell0",
	"link add cell1 type veth peer name cell1_far", "link set cell1_far up", "link set cell1 address " W_CELL1_MAC " up", "address add " W_GATEWAY1 "/24 dev cell1",
	"link add hold type veth peer name hold_far", "link set hold_far up", "link set hold up",
	"neighbour add " W_CN2 " lladdr " W_CN2_MAC " nud permanent dev bb",
	"neighbour add " W_CN3 " lladdr " W_CN3_MAC " nud permanent dev bb",
	"neighbour add " W_ROUTER " lladdr " W_ROUTER_MAC " nud permanent dev bb",
	"route add 198.51.100.0/24 via " W_ROUTER, "route add 10.2.0.0/24 via " W_CN2, "route add 198.18.0.0/15 via " W_ROUTER,
	"neighbour add " W_HOME " lladdr " W_HOME_MAC " nud permanent dev cell0", "neighbour add " W_AWAY " lladdr " W_AWAY_MAC " nud permanent dev cell0",
	"route add unreachable 203.0.113.0/24",
};

static int make_namespace(void)
{
	FILE *ip;

	if (unshare(CLONE_NEWNET) < 0) {
		perror("unshare (root is needed)");
		return -1;
	}
	ip = popen("ip -batch -", "w");
	if (!ip)
		return -1;
	for (size_t i = 0; i < sizeof(batch) / sizeof(batch[0]); i++)
		fprintf(ip, "%s\n", batch[i]);
	if (pclose(ip) != 0)
		return -1;
	return system("echo 1 > /proc/sys/net/ipv4/ip_forward");
}

/* ---- copies */

static int open_agent(void)
{
	struct sockaddr_ll far = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)world_ifindex("hold_far")};

	agent = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_IP));
	return agent < 0 ? -1 : bind(agent, (struct sockaddr *)&far, sizeof(far));
}

/* The next frame that came to the agent's device; wait: for a second at most. 0: none. */
static size_t read_copy(uint8_t *data, size_t size, bool wait)
{
	struct pollfd readable = {.fd = agent, .events = POLLIN};
	ssize_t len;

	poll(&readable, 1, wait ? 1000 : 0);
	len = recv(agent, data, size, 0);
	return len < 0 ? 0 : (size_t)len;
}

static void empty_copies(void)
{
	uint8_t data[16];

	while (read_copy(data, sizeof(data), false))
		;
}

/* ---- maps */

static void put(const struct bpf_map *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY), 0);
}

void world_put_station(const char *addr, const char *mac, enum tmip_station_state state, const char *in, const char *home,
		       const char *parent, const char *current)
{
	struct tmip_addr key = world_addr(addr);
	struct tmip_station station = {.mac = world_mac(mac), .state = (uint8_t)state, .ifindex = world_ifindex(in),
				       .home_ifindex = world_ifindex(home), .parent = world_addr(parent), .current = world_addr(current)};

	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

static void put_cell(const char *interface, const char *mac, const char *gateway)
{
	struct tmip_cell cell = {.mac = world_mac(mac), .prefix_len = 24, .gateway = world_addr(gateway)};
	uint32_t key = world_ifindex(interface);

	snprintf(cell.name, sizeof(cell.name), "%s", interface);
	put(world_bpf->maps.tmip_cell, &key, &cell);
}

static void put_subnet(const char *addr, const char *interface, const char *parent)
{
	struct tmip_subnet_key key = {.prefix_len = 96 + 24, .addr = world_addr(addr)};
	struct tmip_subnet subnet = {.parent = world_addr(parent), .ifindex = world_ifindex(interface), .prefix_len = 24};

	put(world_bpf->maps.tmip_subnet, &key, &subnet);
}

static void put_peer(const char *tunnel, const char *name)
{
	struct tmip_addr key = world_addr(tunnel);
	struct tmip_peer peer = {.tunnel = TMIP_TUNNEL_4IN4};

	snprintf(peer.name, sizeof(peer.name), "%s", name);
	put(world_bpf->maps.tmip_peer, &key, &peer);
}

void world_set_config(const struct tmip_config *config)
{
	uint32_t zero = 0;

	put(world_bpf->maps.tmip_config, &zero, config);
}

struct tmip_config world_config(void)
{
	return (struct tmip_config){
		.layout = TMIP_LAYOUT_VERSION, .backbone_ifindex = world_ifindex("bb"), .tunnel = world_addr(W_TUNNEL),
		.event_interval_ns = 1000000000000ull, .event_burst = 1000, .dhcp_burst = 10, .mss = W_MSS, .outer_ttl = W_OUTER_TTL,
		.flags = TMIP_CONFIG_FASTPATH, .buffer_ifindex = world_ifindex("hold"), .slots = world_slots.count,
	};
}

static void put_group(const char *parent, const char *interface)
{
	struct tmip_group_key key = {.parent = world_addr(parent), .ifindex = world_ifindex(interface)};
	struct tmip_group group = {0};

	put(world_bpf->maps.tmip_group, &key, &group);
}

static void put_groups(unsigned agent_ifindex)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_GROUP_HOME;
	config.group_burst = 2;
	config.buffer_ifindex = agent_ifindex;
	world_set_config(&config);
	put_group(W_TUNNEL, "cell0");
	put_group(W_CN2, NULL);
}

void world_group(void)
{
	put_groups(world_ifindex("hold"));
}

void world_group_alone(void)
{
	put_groups(0);
}

void world_past(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_FASTPATH_HOME;
	world_set_config(&config);
}

void world_direct(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_DIRECT;
	world_set_config(&config);
}

static void fill_stations(void)
{
#define ADDR_MAC(who) W_##who, W_##who##_MAC
	world_put_station(ADDR_MAC(HOME), TMIP_STATION_HOME, "cell0", "cell0", W_TUNNEL, W_TUNNEL);
	world_put_station(ADDR_MAC(HOME2), TMIP_STATION_HOME, "cell0", "cell0", W_TUNNEL, W_TUNNEL);
	world_put_station(ADDR_MAC(AWAY), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN2);
	world_put_station(ADDR_MAC(AWAY2), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN2);
	world_put_station(ADDR_MAC(AWAY3), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN3);
	world_put_station(ADDR_MAC(AWAY4), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN4);
	world_put_station(ADDR_MAC(AWAY5), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN5);
	world_put_station(ADDR_MAC(AWAY6), TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_CN6);
	world_put_station(ADDR_MAC(NEXT_DOOR), TMIP_STATION_NEXT_DOOR, "cell1", "cell0", W_TUNNEL, W_TUNNEL);
	world_put_station(ADDR_MAC(VISITOR), TMIP_STATION_VISITING, "cell0", NULL, W_CN2, W_TUNNEL);
	world_put_station(ADDR_MAC(VISITOR2), TMIP_STATION_VISITING, "cell0", NULL, W_CN2, W_TUNNEL);
	world_put_station(ADDR_MAC(VISITOR5), TMIP_STATION_VISITING, "cell0", NULL, W_CN5, W_TUNNEL);
	world_put_station(ADDR_MAC(ELSEWHERE), TMIP_STATION_ELSEWHERE, NULL, NULL, W_CN2, W_CN3);
	world_put_station(ADDR_MAC(SETTLED), TMIP_STATION_ELSEWHERE, NULL, NULL, W_CN2, W_CN2);
	world_put_station(ADDR_MAC(BLOCKED), TMIP_STATION_BLOCKED, NULL, NULL, W_CN2, W_CN2);
	world_put_station(ADDR_MAC(BLOCKED_OWN), TMIP_STATION_BLOCKED, NULL, "cell0", W_TUNNEL, W_CN2);
#undef ADDR_MAC
}

static void empty(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	uint8_t key[64];

	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		assert_int_equal(bpf_map_delete_elem(fd, key), 0);
}

static void empty_stations(void)
{
	struct tmip_addr addr;

	while (bpf_map_get_next_key(bpf_map__fd(world_bpf->maps.tmip_station), NULL, &addr) == 0)
		assert_int_equal(slots_delete(&world_slots, &addr), 0);
}

static void empty_counters(void)
{
	struct tmip_stat *zero = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*zero));

	assert_non_null(zero);
	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++)
		put(world_bpf->maps.tmip_stat, &reason, zero);
	free(zero);
}

void world_reset_budget(void)
{
	static const uint8_t zeros[4096];
	uint32_t key = 0;

	put(world_bpf->maps.bss, &key, zeros); /* the skeleton does not name static variables */
}

void world_reset(void)
{
	struct tmip_config config = world_config();

	empty_stations();
	empty(world_bpf->maps.tmip_cell);
	empty(world_bpf->maps.tmip_group);
	empty(world_bpf->maps.tmip_seen);
	empty(world_bpf->maps.tmip_drop);
	empty(world_bpf->maps.tmip_peer_stat);
	empty_counters();
	world_reset_budget();
	world_set_config(&config);
	put_cell("cell0", W_CELL0_MAC, W_GATEWAY0);
	put_cell("cell1", W_CELL1_MAC, W_GATEWAY1);
	put_subnet("10.1.0.0", "cell0", W_TUNNEL);
	put_subnet("10.1.1.0", "cell1", W_TUNNEL);
	put_subnet("10.2.0.0", NULL, W_CN2);
	put_subnet("10.5.0.0", NULL, W_CN5);
	put_peer(W_CN2, "cn2");
	put_peer(W_CN3, "cn3");
	put_peer(W_CN4, "cn4");
	put_peer(W_CN5, "cn5");
	put_peer(W_CN6, "cn6");
	fill_stations();
	world_events(NULL);
	world_punts(NULL);
	empty_copies();
}

/* ---- rings and counters */

static int on_event(void *arg, void *data, size_t size)
{
	(void)arg;
	assert_true(size >= sizeof(heard.event));
	memcpy(&heard.event, data, sizeof(heard.event));
	heard.events++;
	return 0;
}

static int on_punt(void *arg, void *data, size_t size)
{
	(void)arg;
	assert_true(size >= sizeof(heard.punt));
	memcpy(&heard.punt, data, sizeof(heard.punt));
	heard.punts++;
	return 0;
}

unsigned world_events(struct tmip_event *last)
{
	heard.events = 0;
	ring_buffer__consume(events);
	if (last)
		*last = heard.event;
	return heard.events;
}

unsigned world_punts(struct tmip_punt *last)
{
	heard.punts = 0;
	ring_buffer__consume(punts);
	if (last)
		*last = heard.punt;
	return heard.punts;
}

static struct tmip_stat read_stat(uint32_t reason)
{
	int cpus = libbpf_num_possible_cpus();
	struct tmip_stat *each = calloc((size_t)cpus, sizeof(*each)), sum = {0};

	assert_non_null(each);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(world_bpf->maps.tmip_stat), &reason, each), 0);
	for (int i = 0; i < cpus; i++) {
		sum.packets += each[i].packets;
		sum.bytes += each[i].bytes;
	}
	free(each);
	return sum;
}

uint64_t world_count(enum tmip_reason reason)
{
	return read_stat(reason).packets;
}

uint64_t world_count_all(void)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++)
		sum += read_stat(reason).packets;
	return sum;
}

/* ---- life */

/* The beginning of each complaint: a whole verifier log helps nobody here. */
static int complain(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[400];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), format, args);
	return fprintf(stderr, "%s%s", text, strchr(text, '\n') ? "" : "\n");
}

/* Without BTF in the kernel, bpftool could not print the names of fields. */
static int check_btf(void)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_map__fd(world_bpf->maps.tmip_station), &info, &len) || !info.btf_id) {
		fprintf(stderr, "the kernel took the programs without their BTF\n");
		return -1;
	}
	return 0;
}

int world_begin(void **state)
{
	(void)state;
	if (make_namespace())
		return -1;
	libbpf_set_print(complain);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	world_bpf = tmip_bpf__open_and_load();
	if (!world_bpf || check_btf() || open_agent() < 0)
		return -1;
	if (slots_open(&world_slots, bpf_map__fd(world_bpf->maps.tmip_station), bpf_map__fd(world_bpf->maps.tmip_slot), bpf_map__max_entries(world_bpf->maps.tmip_slot)))
		return -1;
	events = ring_buffer__new(bpf_map__fd(world_bpf->maps.tmip_events), on_event, NULL, NULL);
	punts = ring_buffer__new(bpf_map__fd(world_bpf->maps.tmip_punts), on_punt, NULL, NULL);
	return events && punts ? 0 : -1;
}

int world_end(void **state)
{
	(void)state;
	ring_buffer__free(events);
	ring_buffer__free(punts);
	close(agent);
	slots_close(&world_slots);
	tmip_bpf__destroy(world_bpf);
	return 0;
}

/* ---- a frame */

static int program_fd(enum program program)
{
	const struct bpf_program *const programs[] = {world_bpf->progs.tmip_cell_in, world_bpf->progs.tmip_cell_out, world_bpf->progs.tmip_bb_in,
						      world_bpf->progs.tmip_bb_xdp, world_bpf->progs.tmip_hold_in};

	return bpf_program__fd(programs[program]);
}

int world_send(enum program program, const char *interface, uint32_t mark, const uint8_t *data, size_t len, struct outcome *out)
{
	struct __sk_buff context = {.mark = mark, .ifindex = world_ifindex(interface), .ingress_ifindex = world_ifindex(interface)};
	struct xdp_md early = {.data_end = (uint32_t)len, .ingress_ifindex = world_ifindex(interface)};
	bool is_xdp = program == BACKBONE_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = (uint32_t)len, .data_out = out->data,
		    .data_size_out = sizeof(out->data), .repeat = 1);
	int error;

	opts.ctx_in = opts.ctx_out = is_xdp ? (void *)&early : &context;
	opts.ctx_size_in = opts.ctx_size_out = is_xdp ? sizeof(early) : sizeof(context);
	error = bpf_prog_test_run_opts(program_fd(program), &opts);

	out->action = (int)opts.retval;
	out->len = opts.data_size_out;
	out->mark = context.mark;
	return error;
}

static void print_frame(const char *what, const uint8_t *data, size_t len)
{
	fprintf(stderr, "%s (%zu bytes):", what, len);
	for (size_t i = 0; i < len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n  ", data[i]);
	fprintf(stderr, "\n");
}

static void check_frame(const struct packet *packet, const uint8_t *data, size_t len)
{
	if (len == packet->out_len && memcmp(data, packet->out, len) == 0)
		return;
	print_frame("wanted", packet->out, packet->out_len);
	print_frame("got", data, len);
	fail_msg("another frame came out");
}

static void check_copy(const struct bpf_case *c)
{
	uint8_t data[4096];
	size_t len = read_copy(data, sizeof(data), c->copy != NULL);

	if (c->copy)
		check_frame(c->copy, data, len);
	assert_int_equal(c->copy ? read_copy(data, sizeof(data), false) : len, 0);
}

static void check_reason(const struct bpf_case *c)
{
	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++) {
		struct tmip_stat stat = read_stat(reason);

		if (stat.packets && reason != c->reason)
			fail_msg("counted as reason %u instead of %u", reason, c->reason);
		if (reason == c->reason && (stat.packets != 1 || stat.bytes != c->packet->in_len))
			fail_msg("reason %u: %llu packets, %llu bytes", reason, stat.packets, stat.bytes);
	}
}

static void check_event(const struct bpf_case *c)
{
	struct tmip_event event;
	struct tmip_addr addr = world_addr(c->event_addr), peer = world_addr(c->event_peer);
	unsigned count = world_events(&event);

	assert_int_equal(count, c->event ? 1 : 0);
	if (!count)
		return;
	assert_int_equal(event.type, c->event);
	assert_int_equal(event.ifindex, world_ifindex(c->interface));
	assert_memory_equal(&event.addr, &addr, sizeof(addr));
	assert_memory_equal(&event.peer, &peer, sizeof(peer));
	if (!c->event_peer) /* else it is the station's, whose frame this is not */
		assert_memory_equal(event.mac.octet, c->packet->in + 6, 6);
	assert_memory_equal(&event.protocol, c->packet->in + 12, 2);
}

/* Without the slots: the programs must do the same with tmip_station alone. */
static void hide_slots(void)
{
	struct tmip_config config;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(world_bpf->maps.tmip_config), &zero, &config), 0);
	config.slots = 0;
	world_set_config(&config);
}

static void run_once(const struct bpf_case *c, bool with_slots)
{
	struct outcome out;

	world_reset();
	if (c->prepare)
		c->prepare();
	if (!with_slots)
		hide_slots();
	assert_int_equal(world_send(c->program, c->interface, 0, c->packet->in, c->packet->in_len, &out), 0);
	check_reason(c);
	assert_int_equal(out.action, c->action);
	if (c->action != DROP)
		check_frame(c->packet, out.data, out.len);
	assert_int_equal(out.mark, c->mark);
	check_copy(c);
	check_event(c);
}

void world_run(const struct bpf_case *c)
{
	run_once(c, true);
	run_once(c, false);
}

static void run_case(void **state)
{
	world_run(*state);
}

int world_run_table(const char *group, const struct bpf_case *cases, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){cases[i].name, run_case, NULL, NULL, (void *)(uintptr_t)&cases[i]};
	failed = _cmocka_run_group_tests(group, tests, count, world_begin, world_end);
	free(tests);
	return failed;
}
