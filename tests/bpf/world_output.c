/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs put out besides the frame: events, punts, copies for the agent, counters. */
#include "world.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ring_buffer *events, *punts;
static int agent = -1; /* socket at the far end of the agent's device */
/* What the last reading of each ring gave: how many items, and the last one. */
static struct {
	struct tmip_event event;
	struct tmip_punt punt;
	unsigned events, punts;
} heard;

/* ---- rings */

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

/* ---- copies */

static int open_agent(void)
{
	struct sockaddr_ll far = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)world_ifindex("hold_far")};

	agent = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_IP));
	return agent < 0 ? -1 : bind(agent, (struct sockaddr *)&far, sizeof(far));
}

size_t world_read_copy(uint8_t *data, size_t size, bool wait)
{
	struct pollfd readable = {.fd = agent, .events = POLLIN};
	ssize_t len;

	poll(&readable, 1, wait ? 1000 : 0);
	len = recv(agent, data, size, 0);
	return len < 0 ? 0 : (size_t)len;
}

/* ---- counters */

struct tmip_stat world_stat(uint32_t reason)
{
	int cpus = libbpf_num_possible_cpus(), map = bpf_map__fd(world_bpf->maps.tmip_stat);
	struct tmip_stat *each = calloc((size_t)cpus, sizeof(*each)), sum = {0};

	assert_non_null(each);
	assert_int_equal(bpf_map_lookup_elem(map, &reason, each), 0);
	for (int i = 0; i < cpus; i++) {
		sum.packets += each[i].packets;
		sum.bytes += each[i].bytes;
	}
	free(each);
	return sum;
}

uint64_t world_count(enum tmip_reason reason)
{
	return world_stat(reason).packets;
}

uint64_t world_count_all(void)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++)
		sum += world_stat(reason).packets;
	return sum;
}

/* ---- life */

int world_open_output(void)
{
	const struct bpf_map *event_ring = world_bpf->maps.tmip_events;
	const struct bpf_map *punt_ring = world_bpf->maps.tmip_punts;

	events = ring_buffer__new(bpf_map__fd(event_ring), on_event, NULL, NULL);
	punts = ring_buffer__new(bpf_map__fd(punt_ring), on_punt, NULL, NULL);
	return events && punts ? open_agent() : -1;
}

void world_close_output(void)
{
	ring_buffer__free(events);
	ring_buffer__free(punts);
	close(agent);
}
