/* SPDX-License-Identifier: BSD-2-Clause */
/* The network namespace, the loaded programs, and the way of one frame through one of them. */
#include "world.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tmip_bpf *world_bpf;
struct slots world_slots;
uint32_t world_gso_size;

/* ---- the namespace */

#define DEVICE(name) \
	"link add " name " type veth peer name " name "_far", "link set " name "_far up"
#define UP(name, mac) "link set " name " address " mac " up"
#define NEIGHBOUR(addr, mac, name) \
	"neighbour add " addr " lladdr " mac " nud permanent dev " name

/*
 * Input of `ip -batch`. The programs find the tunnel's way by bpf_fib_lookup, which needs routes,
 * permanent neighbours, and forwarding switched on.
 */
static const char *const batch[] = {
	DEVICE("bb"), UP("bb", W_BACKBONE_MAC), "address add " W_TUNNEL "/24 dev bb",
	DEVICE("cell0"), UP("cell0", W_CELL0_MAC), "address add " W_GATEWAY0 "/24 dev cell0",
	DEVICE("cell1"), UP("cell1", W_CELL1_MAC), "address add " W_GATEWAY1 "/24 dev cell1",
	DEVICE("standin"), "link set standin up",
	"route add 10.1.0.0/24 dev standin metric 4294967295",
	DEVICE("hold"), "link set hold up",
	NEIGHBOUR(W_CN2, W_CN2_MAC, "bb"),
	NEIGHBOUR(W_CN3, W_CN3_MAC, "bb"),
	NEIGHBOUR(W_ROUTER, W_ROUTER_MAC, "bb"),
	"route add 198.51.100.0/24 via " W_ROUTER,
	"route add 10.2.0.0/24 via " W_CN2,
	"route add 198.18.0.0/15 via " W_ROUTER,
	"route add 169.254.0.0/16 via " W_ROUTER, /* as a default route would */
	/* Somebody has made the kernel believe that; the programs know the station's MAC. */
	NEIGHBOUR(W_HOME, W_HOME2_MAC, "cell0"),
	NEIGHBOUR(W_AWAY, W_AWAY_MAC, "cell0"),
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

/* ---- the programs */

/* Prints the beginning of each warning only: a whole verifier log does not help here. */
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
	int map = bpf_map__fd(world_bpf->maps.tmip_station);

	if (bpf_obj_get_info_by_fd(map, &info, &len) || !info.btf_id) {
		fprintf(stderr, "the kernel took the programs without their BTF\n");
		return -1;
	}
	return 0;
}

static int open_slots(void)
{
	const struct bpf_map *slot = world_bpf->maps.tmip_slot;

	return slots_open(&world_slots, bpf_map__fd(world_bpf->maps.tmip_station),
			  bpf_map__fd(slot), bpf_map__max_entries(slot));
}

int world_begin(void **state)
{
	(void)state;
	if (make_namespace())
		return -1;
	libbpf_set_print(complain);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	world_bpf = tmip_bpf__open_and_load();
	if (!world_bpf || check_btf() || open_slots())
		return -1;
	return world_open_output();
}

int world_end(void **state)
{
	(void)state;
	world_close_output();
	slots_close(&world_slots);
	tmip_bpf__destroy(world_bpf);
	return 0;
}

/* ---- a frame */

static int program_fd(enum program program)
{
	const struct bpf_program *const programs[] = {
		[CELL_IN] = world_bpf->progs.tmip_cell_in,
		[CELL_OUT] = world_bpf->progs.tmip_cell_out,
		[STAND_IN_OUT] = world_bpf->progs.tmip_stand_in_out,
		[BACKBONE_IN] = world_bpf->progs.tmip_bb_in,
		[BACKBONE_XDP] = world_bpf->progs.tmip_bb_xdp,
		[HOLD_IN] = world_bpf->progs.tmip_hold_in,
	};

	return bpf_program__fd(programs[program]);
}

int world_send(enum program program, const char *interface, uint32_t mark, const uint8_t *data,
	       size_t len, struct outcome *out)
{
	unsigned ifindex = world_ifindex(interface);
	struct __sk_buff skb = {.mark = mark, .ifindex = ifindex, .ingress_ifindex = ifindex,
				.gso_size = world_gso_size};
	struct xdp_md xdp = {.data_end = (uint32_t)len, .ingress_ifindex = ifindex};
	bool is_xdp = program == BACKBONE_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = (uint32_t)len,
		    .data_out = out->data, .data_size_out = sizeof(out->data), .repeat = 1);
	int error;

	opts.ctx_in = opts.ctx_out = is_xdp ? (void *)&xdp : &skb;
	opts.ctx_size_in = opts.ctx_size_out = is_xdp ? sizeof(xdp) : sizeof(skb);
	error = bpf_prog_test_run_opts(program_fd(program), &opts);

	out->action = (int)opts.retval;
	out->len = opts.data_size_out;
	out->mark = skb.mark;
	return error;
}

void world_send_packet(enum program program, const char *interface, const struct packet *packet,
		       struct outcome *out)
{
	int error = world_send(program, interface, 0, packet->in, packet->in_len, out);

	assert_int_equal(error, 0);
}
