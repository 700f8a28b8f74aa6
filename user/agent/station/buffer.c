/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets held for stations that have left. See buffer.h. */
#include "buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/state.h"
#include "core/cell/hold.h"
#include "groups.h"
#include "io/datapath/tap.h"
#include "io/kernel/netlink.h"
#include "io/process/log.h"
#include "presence.h"

#define DEVICE "tmiphold%d"
#define DEVICE_QUEUE 4096 /* frames that wait for the agent */
#define FRAMES_PER_TURN 256 /* other events have their turn in between, and so has the kernel's backlog */
/*
 * A station gets what was held for it within so many milliseconds. All at once would be too much for the socket of a program that
 * has its usual size: on a link that is fast enough it lost three of four packets.
 */
#define PACE_MS 100
#define PACE_FRAMES 16 /* in a turn, a millisecond, at least */
#define FRAME_HEADERS (14 + 20)

struct release {
	struct tmip_addr addr;
	uint64_t began_ms;
	uint64_t replayed;
	struct release *next;
};

struct buffer {
	int tap;
	unsigned ifindex;
	struct event *readable, *expire, *turn;
	struct hold *hold;
	struct release *releases;
	uint64_t not_sent; /* the kernel did not take them back */
	bool failed;       /* the device could not be made, which was logged */
	uint8_t frame[TAP_FRAME_MAX];
};

/* Of the station; NULL: nobody knows it any more. */
static const struct tmip_mac *mac_of(const struct agent *agent, const struct tmip_addr *addr)
{
	const struct replica_station *station = replica_find(roam_replica(agent->roam), addr);

	return station ? &station->record.mac : NULL;
}

/* ---- in and out */

static void send_back(struct buffer *buffer, const uint8_t *frame, size_t len)
{
	if (tap_write(buffer->tap, frame, len) < 0)
		buffer->not_sent++;
}

int buffer_inject(struct agent *agent, const uint8_t *frame, size_t len)
{
	return agent->buffer ? tap_write(agent->buffer->tap, frame, len) : -ENODEV;
}

static void take(struct agent *agent, uint8_t *frame, size_t len)
{
	struct buffer *buffer = agent->buffer;
	uint32_t destination;
	struct tmip_addr addr;
	int status;

	if (len < FRAME_HEADERS || frame[12] != 0x08 || frame[13] != 0x00)
		return; /* not the data path's */
	memcpy(&destination, frame + 30, sizeof(destination)); /* RFC 791: in the last four bytes of the header */
	addr = addr_from_ipv4(__builtin_bswap32(destination));
	status = hold_push(buffer->hold, &addr, frame, len);
	if (status == 1)
		presence_probe(agent, &addr); /* perhaps it only slept */
	else if (status == -ENOENT && !groups_take(agent, frame, len))
		send_back(buffer, frame, len); /* it came while the holding ended */
}

/* Takes what waits in the device. The number of frames. */
static int take_all(struct agent *agent, int most)
{
	struct buffer *buffer = agent->buffer;
	ssize_t len;
	int count = 0;

	while (count < most && (len = tap_read(buffer->tap, buffer->frame, sizeof(buffer->frame))) > 0) {
		take(agent, buffer->frame, (size_t)len);
		count++;
	}
	return count;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_all(arg, FRAMES_PER_TURN);
}

/* ---- the end of the holding: the station has appeared, or the time is over */

static uint64_t replay(struct buffer *buffer, const struct tmip_addr *addr, unsigned most)
{
	const uint8_t *frame;
	uint64_t count = 0;
	size_t len;

	while (count < most && (frame = hold_pop(buffer->hold, addr, &len))) {
		send_back(buffer, frame, len);
		count++;
	}
	return count;
}

/* So that all that wait are sent in time. If more come meanwhile than go, the rest goes as fast as it can. */
static unsigned share_of(const struct buffer *buffer, const struct release *release)
{
	uint64_t passed = agent_now_ms() - release->began_ms;
	unsigned share;

	if (passed >= PACE_MS)
		return FRAMES_PER_TURN;
	share = hold_waiting(buffer->hold, &release->addr) / (unsigned)(PACE_MS - passed) + PACE_FRAMES;
	return share < FRAMES_PER_TURN ? share : FRAMES_PER_TURN;
}

/* One turn of a release. True: it is done. Packets that came meanwhile stand behind the others, until none is left. */
static bool release_turn(struct agent *agent, struct release *release)
{
	struct buffer *buffer = agent->buffer;
	unsigned share = share_of(buffer, release);
	uint64_t sent = replay(buffer, &release->addr, share);

	release->replayed += sent;
	if (sent == share || take_all(agent, FRAMES_PER_TURN))
		return false;
	release->replayed += replay(buffer, &release->addr, FRAMES_PER_TURN);
	roam_unhold(agent->roam, &release->addr);
	/* What slipped in before the map entry changed. */
	take_all(agent, FRAMES_PER_TURN);
	release->replayed += replay(buffer, &release->addr, FRAMES_PER_TURN);
	hold_end(buffer->hold, &release->addr);
	if (release->replayed)
		agent_log(agent, LOG_LEVEL_INFO, mac_of(agent, &release->addr), "%llu packets that were held for it are on their way",
			   (unsigned long long)release->replayed);
	return true;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	struct buffer *buffer = agent->buffer;
	struct release **link = &buffer->releases, *release;
	struct timeval pause = {.tv_usec = 1000};

	(void)fd;
	(void)what;
	while ((release = *link)) {
		if (!release_turn(agent, release)) {
			link = &release->next;
			continue;
		}
		*link = release->next;
		free(release);
	}
	if (buffer->releases)
		event_add(buffer->turn, &pause);
}

/* The map entry was just written, by the roaming machine, which must have ended its work before the holding can end. */
static void release_later(struct buffer *buffer, const struct tmip_addr *addr)
{
	struct release *release;

	for (release = buffer->releases; release; release = release->next)
		if (addr_equal(&release->addr, addr))
			return;
	release = calloc(1, sizeof(*release));
	if (!release)
		return; /* its time will be over */
	release->addr = *addr;
	release->began_ms = agent_now_ms();
	release->next = buffer->releases;
	buffer->releases = release;
	event_active(buffer->turn, 0, 0);
}

/* It has left again: what has not been sent yet stays held, and what comes lines up behind it. */
static void release_no_more(struct buffer *buffer, const struct tmip_addr *addr)
{
	struct release **link = &buffer->releases, *release;

	while (*link && !addr_equal(&(*link)->addr, addr))
		link = &(*link)->next;
	release = *link;
	if (!release)
		return;
	*link = release->next;
	free(release);
}

static void arm_expire(struct buffer *buffer)
{
	uint64_t due = hold_next_due(buffer->hold), now = agent_now_ms(), left = due > now ? due - now : 0;
	struct timeval when = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};

	if (due)
		evtimer_add(buffer->expire, &when);
	else
		evtimer_del(buffer->expire);
}

static void on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	struct buffer *buffer = agent->buffer;
	struct tmip_addr addr;
	unsigned dropped;

	(void)fd;
	(void)what;
	while (hold_expired(buffer->hold, agent_now_ms(), &addr)) {
		take_all(agent, FRAMES_PER_TURN);
		dropped = hold_end(buffer->hold, &addr);
		roam_unhold(agent->roam, &addr);
		if (dropped)
			agent_log(agent, LOG_LEVEL_INFO, mac_of(agent, &addr), "%u packets that were held for it are dropped: it did not appear in time",
				   dropped);
	}
	arm_expire(buffer);
}

/* ---- map entries */

void buffer_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry)
{
	struct buffer *buffer = agent->buffer;

	if (!buffer || !buffer->ifindex || !(entry->flags & TMIP_STATION_F_HELD))
		return;
	if (!(entry->flags & TMIP_STATION_F_SILENT)) {
		release_later(buffer, addr);
		return;
	}
	release_no_more(buffer, addr);
	if (hold_begin(buffer->hold, addr, agent_now_ms() + agent->config.buffer_time) == 0)
		arm_expire(buffer);
}

void buffer_remove(struct agent *agent, const struct tmip_addr *addr)
{
	if (agent->buffer)
		hold_end(agent->buffer->hold, addr);
}

/* ---- life */

static struct hold_options options_of(const struct agent_config *config)
{
	return (struct hold_options){.station_bytes = config->buffer_bytes, .total_bytes = config->buffer_total};
}

static struct buffer *create(struct agent *agent)
{
	struct hold_options options = options_of(&agent->config);
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	agent->buffer = buffer;
	buffer->tap = -1;
	buffer->hold = hold_create(&options);
	buffer->turn = event_new(agent->base, -1, 0, on_turn, agent);
	buffer->expire = evtimer_new(agent->base, on_expire, agent);
	return buffer;
}

static int open_device(struct agent *agent, struct buffer *buffer, char why[DATAPATH_WHY])
{
	unsigned ifindex = 0;
	int error;

	snprintf(why, DATAPATH_WHY, "no memory");
	if (!buffer->hold || !buffer->turn || !buffer->expire)
		return -ENOMEM;
	buffer->tap = tap_open(DEVICE, DEVICE_QUEUE, &ifindex, why);
	if (buffer->tap < 0)
		return buffer->tap;
	buffer->readable = event_new(agent->base, buffer->tap, EV_READ | EV_PERSIST, on_readable, agent);
	if (!buffer->readable || event_add(buffer->readable, NULL) < 0)
		return -ENOMEM;
	error = datapath_attach_hold(agent->dp, ifindex, why);
	if (!error)
		buffer->ifindex = ifindex;
	return error;
}

void buffer_configure(struct agent *agent)
{
	struct hold_options options = options_of(&agent->config);
	struct buffer *buffer = agent->buffer;
	char why[DATAPATH_WHY];

	if (!buffer && (agent->config.buffer_bytes || agent->config.multicast_home)) {
		buffer = create(agent);
		if (!buffer || open_device(agent, buffer, why) < 0)
			log_warn("packets for stations that have left are not held, broadcasts not copied to those elsewhere: %s", buffer ? why : "no memory");
	}
	if (buffer && buffer->hold)
		hold_set_options(buffer->hold, &options);
}

bool buffer_usable(const struct agent *agent)
{
	return buffer_ifindex(agent) && agent->config.buffer_bytes;
}

unsigned buffer_ifindex(const struct agent *agent)
{
	return agent->buffer ? agent->buffer->ifindex : 0;
}

static void free_events(struct buffer *buffer)
{
	struct event *events[] = {buffer->readable, buffer->expire, buffer->turn};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
}

void buffer_stop(struct agent *agent)
{
	struct buffer *buffer = agent->buffer;

	if (!buffer)
		return;
	while (buffer->releases) {
		struct release *release = buffer->releases;

		buffer->releases = release->next;
		replay(buffer, &release->addr, UINT32_MAX);
		free(release);
	}
	free_events(buffer);
	hold_destroy(buffer->hold);
	if (buffer->tap >= 0)
		close(buffer->tap);
	free(buffer);
	agent->buffer = NULL;
}

json_t *buffer_report(const struct agent *agent)
{
	struct hold_counts counts = {0};
	uint64_t lost = 0;

	if (agent->buffer && agent->buffer->hold)
		hold_count(agent->buffer->hold, &counts);
	if (buffer_ifindex(agent))
		netlink_get_dropped(buffer_ifindex(agent), &lost);
	return json_pack("{s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "usable", buffer_usable(agent), "stations", (int)counts.stations, "packets",
			 (json_int_t)counts.packets, "bytes", (json_int_t)counts.bytes, "held", (json_int_t)counts.held, "replayed",
			 (json_int_t)counts.replayed, "overflow", (json_int_t)counts.overflow, "expired", (json_int_t)counts.expired,
			 "lost", (json_int_t)lost, "not_sent", (json_int_t)(agent->buffer ? agent->buffer->not_sent : 0));
}
