/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per packet of the data path. `prog_ns STATIONS SAMPLES` prints JSON objects, one a
 * line:
 *
 *   prog_ns     encapsulation (cell ingress, from a visiting station) and decapsulation (backbone
 *               ingress, delivered to one) together
 *   least_ns    the same with a plain hash: one look-up of the station for each, and the header put
 *               on or removed, nothing else
 *   lookups_ns  two such look-ups alone, in the same map
 *   null_ns     a null program
 *
 * Method: BPF_PROG_TEST_RUN repeats a program on one packet and does not restore the packet. With
 * the same packet every time it would find the station in the cache. So a program of our own
 * (prog_ns.bpf.c) goes first, which puts a pseudo-random station into the packet and jumps to the
 * program under test. The encapsulated packet is the tunnel packet of the next repetition, and the
 * delivered packet is the plain packet of the one after that: two repetitions are one trip. A
 * sample is the kernel's mean over 1000 trips. A null program on both forms of the packet gives the
 * time of preparation, jump and loop, which is subtracted from each sample; the four take turns,
 * because machines are noisy. From the second trip on, encapsulation takes the path after -EALREADY
 * (bpf/tunnel.h), which is a little longer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <tmip/maps.h>
#include <tmip/reason.h>

#include "io/datapath/slots.h"
#include "prog_ns.h"
#include "prog_ns.skel.h"
#include "tmip.skel.h"

#define TRIPS 1000
#define PAYLOAD 64
#define LOCAL "192.0.2.1"
#define REMOTE "192.0.2.2"
#define BACKBONE_MAC "02:00:00:00:bb:01"
#define CELL_MAC "02:00:00:00:ce:00"

struct packet {
	struct ethhdr eth;
	struct iphdr ip, inner;
	uint8_t payload[PAYLOAD];
} __attribute__((packed));

static struct tmip_bpf *tmip;
static struct prog_ns_bpf *bench;
static struct slots slots;
static unsigned cell_ifindex;

static int make_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	return system("ip -batch - >/dev/null <<END && echo 1 > /proc/sys/net/ipv4/ip_forward\n"
		      "link add bb type veth peer name bb_far\n"
		      "link set bb_far up\n"
		      "link set bb address " BACKBONE_MAC " up\n"
		      "link add cell type veth peer name cell_far\n"
		      "link set cell_far up\n"
		      "link set cell address " CELL_MAC " up\n"
		      "address add " LOCAL "/24 dev bb\n"
		      "neighbour add " REMOTE " lladdr 02:00:00:00:bb:02 nud permanent dev bb\n"
		      "END");
}

static struct tmip_addr addr_of(uint32_t ipv4)
{
	struct tmip_addr addr = {.prefix = {[10] = 0xff, [11] = 0xff}};

	memcpy(addr.v4, &ipv4, sizeof(ipv4));
	return addr;
}

static int put(const struct bpf_map *map, const void *key, const void *value)
{
	return bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY);
}

static int fill_maps(uint32_t stations)
{
	uint32_t zero = 0;
	struct tmip_addr remote = addr_of(inet_addr(REMOTE));
	struct tmip_config config = {
		.layout = TMIP_LAYOUT_VERSION, .backbone_ifindex = if_nametoindex("bb"),
		.tunnel = addr_of(inet_addr(LOCAL)), .event_interval_ns = 1000000000,
		.mss = 1400, .outer_ttl = 64, .flags = TMIP_CONFIG_FASTPATH | TMIP_CONFIG_DIRECT,
		.slots = slots.count,
	};
	struct tmip_cell cell = {.name = "cell", .mac = {{2, 0, 0, 0, 0xce, 0}}, .prefix_len = 24};
	struct tmip_peer peer = {.name = "remote", .tunnel = TMIP_TUNNEL_4IN4};
	int error;

	cell_ifindex = if_nametoindex("cell");
	error = put(tmip->maps.tmip_config, &zero, &config) ?:
		put(tmip->maps.tmip_cell, &cell_ifindex, &cell) ?:
		put(tmip->maps.tmip_peer, &remote, &peer);
	for (uint32_t i = 0; !error && i < stations; i++) {
		uint32_t ipv4 = htonl(PROG_NS_FIRST + i);
		struct tmip_addr addr = addr_of(ipv4);
		struct tmip_station station = {
			.mac = {{2}}, .state = TMIP_STATION_VISITING, .ifindex = cell_ifindex,
			.parent = remote, .current = config.tunnel, .epoch = 1, .seq = i + 1,
		};

		memcpy(station.mac.octet + 2, &ipv4, sizeof(ipv4));
		error = slots_put(&slots, &addr, &station);
	}
	return error;
}

static int load(uint32_t stations)
{
	uint32_t entries = stations < 64 ? 64 : stations;
	int error;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	tmip = tmip_bpf__open();
	bench = prog_ns_bpf__open();
	if (!tmip || !bench)
		return -errno;
	error = bpf_map__set_max_entries(tmip->maps.tmip_station, entries) ?:
		bpf_map__set_max_entries(tmip->maps.tmip_slot, TMIP_SLOTS(entries)) ?:
		tmip_bpf__load(tmip);
	if (!error)
		error = slots_open(&slots, bpf_map__fd(tmip->maps.tmip_station),
				   bpf_map__fd(tmip->maps.tmip_slot), TMIP_SLOTS(entries));
	if (!error)
		error = bpf_map__reuse_fd(bench->maps.tmip_station,
					  bpf_map__fd(tmip->maps.tmip_station));
	bench->rodata->stations = stations;
	bench->rodata->local = inet_addr(LOCAL);
	bench->rodata->remote = inet_addr(REMOTE);
	return error ?: prog_ns_bpf__load(bench);
}

/* ---- one sample */

static void make_packet(struct packet *packet, bool tunnel)
{
	const struct iphdr header = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	const uint8_t bb[ETH_ALEN] = {2, 0, 0, 0, 0xbb, 1};
	const uint8_t cell[ETH_ALEN] = {2, 0, 0, 0, 0xce, 0};

	memset(packet, 0, sizeof(*packet));
	packet->eth.h_proto = htons(ETH_P_IP);
	memcpy(packet->eth.h_dest, tunnel ? bb : cell, ETH_ALEN);
	packet->ip = header;
	packet->ip.tot_len = htons(sizeof(*packet) - ETH_HLEN);
	if (!tunnel)
		return;
	packet->ip.protocol = IPPROTO_IPIP;
	packet->inner = header;
	packet->inner.tot_len = htons(sizeof(*packet) - ETH_HLEN - sizeof(struct iphdr));
}

static int aim(const struct bpf_program *in, const struct bpf_program *out)
{
	const struct bpf_program *const to[PROG_NS_JUMPS] = {
		[PROG_NS_IN] = in, [PROG_NS_OUT] = out,
	};

	for (uint32_t i = 0; i < PROG_NS_JUMPS; i++) {
		int fd = bpf_program__fd(to[i]);

		if (bpf_map_update_elem(bpf_map__fd(bench->maps.jumps), &i, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Gives the mean ns of one repetition. The last one must end with a redirect. */
static int run(bool tunnel, unsigned repeat, double *ns)
{
	struct packet packet;
	struct __sk_buff context = {.ifindex = cell_ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &packet, .data_size_in = sizeof(packet),
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = (int)repeat);
	int error;

	make_packet(&packet, tunnel);
	error = bpf_prog_test_run_opts(bpf_program__fd(bench->progs.prepare), &opts);
	*ns = opts.duration;
	if (!error && opts.retval != 7 /* TC_ACT_REDIRECT */)
		error = -EPROTO;
	return error;
}

/* Samples a program that does not change the packet: with both forms, one after the other. */
static int sample_both(const struct bpf_program *program, double *ns)
{
	double plain, tunnel;
	int error = aim(program, program) ?: run(false, TRIPS, &plain) ?: run(true, TRIPS, &tunnel);

	*ns = plain + tunnel;
	return error;
}

static int sample_trip(const struct bpf_program *in, const struct bpf_program *out, double *ns)
{
	int error = aim(in, out) ?: run(false, 2 * TRIPS, ns);

	*ns *= 2;
	return error;
}

/* Checks that the programs encapsulated and delivered all packets. */
static int check_reasons(void)
{
	int cpus = libbpf_num_possible_cpus();
	struct tmip_stat *each = calloc((size_t)cpus, sizeof(*each));
	int error = each ? 0 : -ENOMEM;

	for (uint32_t reason = 0; !error && reason < TMIP_REASON_COUNT; reason++) {
		if (reason == TMIP_REASON_ENCAP_PARENT || reason == TMIP_REASON_DECAP_STATION)
			continue;
		error = bpf_map_lookup_elem(bpf_map__fd(tmip->maps.tmip_stat), &reason, each);
		for (int i = 0; !error && i < cpus; i++)
			if (each[i].packets) {
				fprintf(stderr, "prog_ns: packets ended with reason %u\n", reason);
				error = -EPROTO;
			}
	}
	free(each);
	return error;
}

/* ---- results */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double at(const double *sorted, unsigned n, double share)
{
	unsigned rank = (unsigned)(share * n + 0.999999);

	return sorted[rank ? rank - 1 : 0];
}

enum { TRIP, LEAST, LOOKUPS, NOTHING, KINDS };
static const char *const NAMES[KINDS] = {"prog_ns", "least_ns", "lookups_ns", "null_ns"};

static void print(const char *name, const char *label, double *samples, unsigned n)
{
	qsort(samples, n, sizeof(*samples), compare);
	printf("{\"name\": \"%s_%s\", \"median\": %.1f, \"p99\": %.1f, ", name, label,
	       at(samples, n, 0.5), at(samples, n, 0.99));
	printf("\"min\": %.1f, \"max\": %.1f, \"n\": %u}\n", samples[0], samples[n - 1], n);
}

static int sample_all(double *samples[KINDS], unsigned i)
{
	const struct bpf_program *in = tmip->progs.tmip_cell_in, *out = tmip->progs.tmip_bb_in;
	const struct bpf_program *least_in = bench->progs.least_in;
	const struct bpf_program *least_out = bench->progs.least_out;
	int error = sample_both(bench->progs.nothing, &samples[NOTHING][i]) ?:
		    sample_trip(in, out, &samples[TRIP][i]) ?:
		    sample_trip(least_in, least_out, &samples[LEAST][i]) ?:
		    sample_both(bench->progs.one_lookup, &samples[LOOKUPS][i]);

	for (int kind = 0; kind < NOTHING; kind++)
		samples[kind][i] -= samples[NOTHING][i];
	return error;
}

static int measure(unsigned n, const char *label)
{
	double *samples[KINDS] = {0};
	int error = 0;

	for (int kind = 0; kind < KINDS; kind++)
		if (!(samples[kind] = calloc(n, sizeof(double))))
			error = -ENOMEM;
	if (!error)
		error = sample_all(samples, 0); /* warms up; the next sample overwrites this one */
	for (unsigned i = 0; !error && i < n; i++)
		error = sample_all(samples, i);
	error = error ?: check_reasons();
	for (int kind = 0; kind < KINDS; kind++) {
		if (!error)
			print(NAMES[kind], label, samples[kind], n);
		free(samples[kind]);
	}
	return error;
}

/* 10000: 10k; 1000000: 1m. */
static void make_label(char *label, size_t size, unsigned stations)
{
	if (stations % 1000000 == 0)
		snprintf(label, size, "%um", stations / 1000000);
	else if (stations % 1000 == 0)
		snprintf(label, size, "%uk", stations / 1000);
	else
		snprintf(label, size, "%u", stations);
}

int main(int argc, char **argv)
{
	unsigned stations = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	unsigned samples = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
	char label[16];
	int error;

	if (!stations || stations > 10000000 || !samples) {
		fprintf(stderr, "usage: prog_ns STATIONS [SAMPLES]\n");
		return 2;
	}
	make_label(label, sizeof(label), stations);
	error = make_namespace() ?: load(stations) ?: fill_maps(stations) ?:
		measure(samples, label);
	if (error)
		fprintf(stderr, "prog_ns: %s\n", strerror(error < 0 ? -error : errno));
	slots_close(&slots);
	prog_ns_bpf__destroy(bench);
	tmip_bpf__destroy(tmip);
	return error ? 1 : 0;
}
