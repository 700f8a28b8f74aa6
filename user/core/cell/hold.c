/* SPDX-License-Identifier: BSD-2-Clause */
/* The held packets of stations that have left their cell. See hold.h. */
#include "hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

struct packet {
	struct packet *next;
	size_t len;
	uint8_t frame[];
};

struct queue {
	struct tmip_addr addr;
	uint64_t deadline_ms;
	struct packet *first, *last;
	struct packet *popped; /* the packet that hold_pop returned last */
	size_t bytes;          /* of memory */
	unsigned packets;
	struct queue *prev, *next; /* by deadline, the soonest first */
	UT_hash_handle hh;
};

struct hold {
	struct hold_options options;
	struct queue *queues;
	struct queue *due;
	struct hold_counts counts;
};

struct hold *hold_create(const struct hold_options *options)
{
	struct hold *hold = calloc(1, sizeof(*hold));

	if (hold)
		hold->options = *options;
	return hold;
}

void hold_destroy(struct hold *hold)
{
	if (!hold)
		return;
	while (hold->queues) {
		struct tmip_addr addr = hold->queues->addr;

		hold_end(hold, &addr);
	}
	free(hold);
}

void hold_set_options(struct hold *hold, const struct hold_options *options)
{
	hold->options = *options;
}

static struct queue *find(const struct hold *hold, const struct tmip_addr *addr)
{
	struct queue *queue;

	HASH_FIND(hh, hold->queues, addr, sizeof(*addr), queue);
	return queue;
}

bool hold_holds(const struct hold *hold, const struct tmip_addr *addr)
{
	return find(hold, addr) != NULL;
}

unsigned hold_waiting(const struct hold *hold, const struct tmip_addr *addr)
{
	const struct queue *queue = find(hold, addr);

	return queue ? queue->packets : 0;
}

static int sooner(const struct queue *a, const struct queue *b)
{
	return a->deadline_ms < b->deadline_ms ? -1 : a->deadline_ms > b->deadline_ms;
}

/* All wait the same time unless the configuration changes, so the newest goes to the end. */
static void enter_due(struct hold *hold, struct queue *queue)
{
	struct queue *last = hold->due ? hold->due->prev : NULL;

	if (!last || sooner(last, queue) <= 0)
		DL_APPEND(hold->due, queue);
	else
		DL_INSERT_INORDER(hold->due, queue, sooner);
}

int hold_begin(struct hold *hold, const struct tmip_addr *addr, uint64_t deadline_ms)
{
	struct queue *queue = find(hold, addr);

	if (queue)
		return 0;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->addr = *addr;
	queue->deadline_ms = deadline_ms;
	HASH_ADD(hh, hold->queues, addr, sizeof(queue->addr), queue);
	if (!queue->hh.tbl) {
		free(queue);
		return -ENOMEM;
	}
	enter_due(hold, queue);
	hold->counts.stations++;
	return 0;
}

void hold_prolong(struct hold *hold, const struct tmip_addr *addr, uint64_t deadline_ms)
{
	struct queue *queue = find(hold, addr);

	if (!queue)
		return;
	DL_DELETE(hold->due, queue);
	queue->deadline_ms = deadline_ms;
	enter_due(hold, queue);
}

unsigned hold_end(struct hold *hold, const struct tmip_addr *addr)
{
	struct queue *queue = find(hold, addr);
	unsigned dropped;

	if (!queue)
		return 0;
	dropped = queue->packets;
	hold->counts.expired += dropped;
	hold->counts.packets -= dropped;
	hold->counts.bytes -= queue->bytes;
	hold->counts.stations--;
	free(queue->popped);
	while (queue->first) {
		struct packet *next = queue->first->next;

		free(queue->first);
		queue->first = next;
	}
	DL_DELETE(hold->due, queue);
	HASH_DEL(hold->queues, queue);
	free(queue);
	return dropped;
}

/* The bytes of a frame that count for the limits. */
static size_t cost(size_t len)
{
	return sizeof(struct packet) + len;
}

static struct packet *copy_of(const uint8_t *frame, size_t len)
{
	struct packet *packet = malloc(cost(len));

	if (!packet)
		return NULL;
	packet->next = NULL;
	packet->len = len;
	memcpy(packet->frame, frame, len);
	return packet;
}

int hold_push(struct hold *hold, const struct tmip_addr *addr, const uint8_t *frame, size_t len)
{
	struct queue *queue = find(hold, addr);
	struct packet *packet = NULL;

	if (!queue)
		return -ENOENT;
	if (queue->bytes + cost(len) <= hold->options.station_bytes &&
	    hold->counts.bytes + cost(len) <= hold->options.total_bytes)
		packet = copy_of(frame, len);
	if (!packet) {
		hold->counts.overflow++;
		return -ENOSPC;
	}
	if (queue->first)
		queue->last->next = packet;
	else
		queue->first = packet;
	queue->last = packet;
	queue->packets++;
	queue->bytes += cost(len);
	hold->counts.packets++;
	hold->counts.bytes += cost(len);
	hold->counts.held++;
	return queue->packets == 1;
}

const uint8_t *hold_pop(struct hold *hold, const struct tmip_addr *addr, size_t *len)
{
	struct queue *queue = find(hold, addr);
	struct packet *packet = queue ? queue->first : NULL;

	if (!packet)
		return NULL;
	queue->first = packet->next;
	queue->packets--;
	queue->bytes -= cost(packet->len);
	hold->counts.packets--;
	hold->counts.bytes -= cost(packet->len);
	hold->counts.replayed++;
	free(queue->popped);
	queue->popped = packet;
	*len = packet->len;
	return packet->frame;
}

bool hold_expired(const struct hold *hold, uint64_t now_ms, struct tmip_addr *addr)
{
	if (!hold->due || hold->due->deadline_ms > now_ms)
		return false;
	*addr = hold->due->addr;
	return true;
}

uint64_t hold_next_due(const struct hold *hold)
{
	return hold->due ? hold->due->deadline_ms : 0;
}

void hold_count(const struct hold *hold, struct hold_counts *counts)
{
	*counts = hold->counts;
}
