/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets held for stations that have left. See buffer.h. */
#include "buffer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "fragments.h"
#include "io/datapath/datapath.h"
#include "io/datapath/tap.h"
#include "io/kernel/netlink.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "trail.h"

#define DEVICE "tmiphold%d"
#define DEVICE_QUEUE 4096   /* frames that wait for the agent */
#define FRAMES_PER_TURN 256 /* between two turns other events, and the kernel's backlog, go on */
/*
 * A station gets what was held for it within so many milliseconds. A burst of all packets would
 * overflow a socket of the usual size: on a fast link it lost three of four packets.
 */
#define PACE_MS 100
#define PACE_FRAMES 16 /* at least, in a turn of a millisecond */
#define ETHERTYPE_AT 12
#define MACS 12
#define DESTINATION_AT 30 /* the last four bytes of an IPv4 header without options (RFC 791) */
#define FRAME_MIN 34      /* Ethernet and IPv4 headers */

/* A station that has appeared, and gets what was held for it. */
struct release {
	struct tmip_addr addr;
	uint64_t began_ms;
	uint64_t replayed;
	struct release *next;
};

struct buffer {
	struct buffer_setup with;
	bool tried;       /* to make the device */
	int tap;          /* -1: there is no device */
	unsigned ifindex; /* of the device with its program; 0: none */
	struct event *readable, *expire, *turn;
	struct hold *hold;
	struct release *releases;
	uint64_t not_sent;
	uint8_t frame[TAP_FRAME_MAX];
};

/* NULL: nobody knows the station any more. */
static const struct tmip_mac *mac_of(const struct buffer *buffer, const struct tmip_addr *addr)
{
	const struct replica *replica = roam_replica(buffer->with.roam);
	const struct replica_station *station = replica_find(replica, addr);

	return station ? replica_mac(station) : NULL;
}

/* ---- frames in and out */

static void send_back(struct buffer *buffer, const uint8_t *frame, size_t len)
{
	if (tap_write(buffer->tap, frame, len) < 0)
		buffer->not_sent++;
}

int buffer_inject(struct buffer *buffer, const uint8_t *frame, size_t len)
{
	return buffer->tap < 0 ? -ENODEV : tap_write(buffer->tap, frame, len);
}

static int send_result(const uint8_t *frame, size_t len, void *arg)
{
	struct buffer *buffer = arg;

	return tap_write(buffer->tap, frame, len);
}

static void handle_too_big(struct buffer *buffer, uint8_t *frame, size_t len)
{
	const struct fragments_exit exit = {.send = send_result, .arg = buffer};

	if (fragments_handle(frame, len, &exit) < 0)
		buffer->not_sent++;
}

/*
 * A frame that nothing is held for is to be copied, or came while the holding ended. Its MACs are
 * those that its sender chose, and must not mean anything to the data path when it comes back.
 */
static void handle_frame(struct buffer *buffer, uint8_t *frame, size_t len)
{
	const struct buffer_calls *calls = &buffer->with.calls;
	uint32_t destination;
	struct tmip_addr addr;
	int status;

	if (len >= FRAME_MIN && fragments_wanted(frame)) {
		handle_too_big(buffer, frame, len);
		return;
	}
	if (len < FRAME_MIN || frame[ETHERTYPE_AT] != 0x08 || frame[ETHERTYPE_AT + 1] != 0x00)
		return; /* not the data path's */
	memset(frame, 0, MACS);
	memcpy(&destination, frame + DESTINATION_AT, sizeof(destination));
	addr = addr_from_ipv4(__builtin_bswap32(destination));
	status = hold_push(buffer->hold, &addr, frame, len);
	if (status == 1)
		calls->probe(&addr, calls->arg); /* perhaps the station only slept */
	else if (status == -ENOENT && !calls->other_frame(frame, len, calls->arg))
		send_back(buffer, frame, len);
}

/* Reads what waits in the device. Returns the number of frames. */
static int drain(struct buffer *buffer, int most)
{
	ssize_t len;
	int count = 0;

	while (count < most &&
	       (len = tap_read(buffer->tap, buffer->frame, sizeof(buffer->frame))) > 0) {
		handle_frame(buffer, buffer->frame, (size_t)len);
		count++;
	}
	return count;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain(arg, FRAMES_PER_TURN);
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

/*
 * How many frames leave in this turn, so that all are sent within PACE_MS. If more come meanwhile
 * than leave, the rest leaves as fast as it can.
 */
static unsigned share_of(const struct buffer *buffer, const struct release *release)
{
	uint64_t passed_ms = clock_ms() - release->began_ms;
	unsigned share;

	if (passed_ms >= PACE_MS)
		return FRAMES_PER_TURN;
	share = hold_waiting(buffer->hold, &release->addr) / (unsigned)(PACE_MS - passed_ms) +
		PACE_FRAMES;
	return share < FRAMES_PER_TURN ? share : FRAMES_PER_TURN;
}

static void log_replay(const struct buffer *buffer, const struct release *release)
{
	if (release->replayed)
		trail_log(buffer->with.trail, LOG_LEVEL_INFO, mac_of(buffer, &release->addr),
			  "%llu packets that were held for it are on their way",
			  (unsigned long long)release->replayed);
}

/*
 * One turn of a release. Packets that come meanwhile line up behind the others, until none is left.
 * Returns whether the release is done.
 */
static bool release_turn(struct buffer *buffer, struct release *release)
{
	unsigned share = share_of(buffer, release);
	uint64_t sent = replay(buffer, &release->addr, share);

	release->replayed += sent;
	if (sent == share || drain(buffer, FRAMES_PER_TURN))
		return false;
	release->replayed += replay(buffer, &release->addr, FRAMES_PER_TURN);
	roam_unhold(buffer->with.roam, &release->addr);
	/* What slipped in before the map entry changed. */
	drain(buffer, FRAMES_PER_TURN);
	release->replayed += replay(buffer, &release->addr, FRAMES_PER_TURN);
	hold_end(buffer->hold, &release->addr);
	log_replay(buffer, release);
	return true;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct buffer *buffer = arg;
	struct release **link = &buffer->releases, *release;
	struct timeval pause = {.tv_usec = 1000};

	(void)fd;
	(void)what;
	while ((release = *link)) {
		if (!release_turn(buffer, release)) {
			link = &release->next;
			continue;
		}
		*link = release->next;
		free(release);
	}
	if (buffer->releases)
		event_add(buffer->turn, &pause);
}

static struct release *find_release(const struct buffer *buffer, const struct tmip_addr *addr)
{
	struct release *release;

	LL_FOREACH(buffer->releases, release)
		if (addr_equal(&release->addr, addr))
			return release;
	return NULL;
}

static uint64_t deadline_of(const struct buffer *buffer)
{
	return clock_ms() + buffer->with.config->buffer_time;
}

static void arm_expire(struct buffer *buffer)
{
	timer_arm_at(buffer->expire, hold_next_due(buffer->hold));
}

/*
 * The roaming machine is just writing the map entry, and must have ended its work before the
 * holding can end: the first turn comes later. Packets that are on their way do not expire; without
 * memory for a release they do.
 */
static void begin_release(struct buffer *buffer, const struct tmip_addr *addr)
{
	struct release *release;

	if (find_release(buffer, addr))
		return;
	release = calloc(1, sizeof(*release));
	if (!release)
		return;
	release->addr = *addr;
	release->began_ms = clock_ms();
	LL_PREPEND(buffer->releases, release);
	event_active(buffer->turn, 0, 0);
	hold_prolong(buffer->hold, addr, deadline_of(buffer) + PACE_MS);
	arm_expire(buffer);
}

/*
 * The station has left again: what has not been sent yet stays held, new packets line up behind it,
 * and the time begins anew.
 */
static void cancel_release(struct buffer *buffer, const struct tmip_addr *addr)
{
	struct release *release = find_release(buffer, addr);

	if (!release)
		return;
	LL_DELETE(buffer->releases, release);
	free(release);
	hold_prolong(buffer->hold, addr, deadline_of(buffer));
}

static void on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct buffer *buffer = arg;
	struct tmip_addr addr;
	unsigned dropped;

	(void)fd;
	(void)what;
	while (hold_expired(buffer->hold, clock_ms(), &addr)) {
		drain(buffer, FRAMES_PER_TURN);
		dropped = hold_end(buffer->hold, &addr);
		roam_unhold(buffer->with.roam, &addr);
		if (dropped)
			trail_log(buffer->with.trail, LOG_LEVEL_INFO, mac_of(buffer, &addr),
				  "%u packets that were held for it are dropped: "
				  "it did not appear in time", dropped);
	}
	arm_expire(buffer);
}

/* ---- map entries */

void buffer_put(struct buffer *buffer, const struct tmip_addr *addr,
		const struct tmip_station *entry)
{
	if (!buffer->ifindex || !(entry->flags & TMIP_STATION_F_HELD))
		return;
	if (!(entry->flags & TMIP_STATION_F_SILENT)) {
		begin_release(buffer, addr);
		return;
	}
	cancel_release(buffer, addr);
	if (hold_begin(buffer->hold, addr, deadline_of(buffer)) == 0)
		arm_expire(buffer);
}

void buffer_remove(struct buffer *buffer, const struct tmip_addr *addr)
{
	hold_end(buffer->hold, addr);
}

/* ---- the device */

static int open_device(struct buffer *buffer, char why[DATAPATH_WHY])
{
	struct event_base *base = buffer->with.base;
	unsigned ifindex = 0;
	int error;

	buffer->tap = tap_open(DEVICE, DEVICE_QUEUE, &ifindex, why);
	if (buffer->tap < 0)
		return buffer->tap;
	snprintf(why, DATAPATH_WHY, "no memory");
	buffer->readable = event_new(base, buffer->tap, EV_READ | EV_PERSIST, on_readable, buffer);
	if (!buffer->readable || event_add(buffer->readable, NULL) < 0)
		return -ENOMEM;
	error = datapath_attach_hold(buffer->with.dp, ifindex, why);
	if (!error)
		buffer->ifindex = ifindex;
	return error;
}

static struct hold_options options_of(const struct agent_config *config)
{
	return (struct hold_options){.station_bytes = config->buffer_bytes,
				     .total_bytes = config->buffer_total};
}

void buffer_configure(struct buffer *buffer)
{
	const struct agent_config *config = buffer->with.config;
	struct hold_options options = options_of(config);
	char why[DATAPATH_WHY];

	hold_set_options(buffer->hold, &options);
	if (buffer->tried || (!config->buffer_bytes && !config->multicast_home))
		return;
	buffer->tried = true;
	if (open_device(buffer, why) < 0)
		log_warn("packets for stations that have left are not held, "
			 "broadcasts not copied to those elsewhere: %s", why);
}

bool buffer_usable(const struct buffer *buffer)
{
	return buffer->ifindex && buffer->with.config->buffer_bytes;
}

unsigned buffer_ifindex(const struct buffer *buffer)
{
	return buffer->ifindex;
}

/* ---- life */

struct buffer *buffer_create(const struct buffer_setup *setup)
{
	struct hold_options options = options_of(setup->config);
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	buffer->with = *setup;
	buffer->tap = -1;
	buffer->hold = hold_create(&options);
	buffer->turn = event_new(setup->base, -1, 0, on_turn, buffer);
	buffer->expire = evtimer_new(setup->base, on_expire, buffer);
	if (buffer->hold && buffer->turn && buffer->expire)
		return buffer;
	buffer_destroy(buffer);
	return NULL;
}

static void free_events(struct buffer *buffer)
{
	struct event *events[] = {buffer->readable, buffer->expire, buffer->turn};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
}

void buffer_destroy(struct buffer *buffer)
{
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
}

void buffer_count(const struct buffer *buffer, struct buffer_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	counts->usable = buffer_usable(buffer);
	hold_count(buffer->hold, &counts->hold);
	if (buffer->ifindex)
		netlink_get_dropped(buffer->ifindex, &counts->lost);
	counts->not_sent = buffer->not_sent;
}
