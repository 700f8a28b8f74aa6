/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel probes, one at a time. See tunnel_probe.h. */
#include "tunnel_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "io/process/clock.h"

struct tunnel_probe {
	struct probe_socket *socket;
	struct tmip_addr remote;
};

int tunnel_probe_open(struct tunnel_probe **out, const struct tmip_addr *local,
		      const struct tmip_addr *remote)
{
	struct tunnel_probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return -ENOMEM;
	probe->remote = *remote;
	error = probe_socket_open(&probe->socket, local);
	if (error)
		free(probe);
	else
		*out = probe;
	return error;
}

void tunnel_probe_close(struct tunnel_probe *probe)
{
	if (!probe)
		return;
	probe_socket_close(probe->socket);
	free(probe);
}

/*
 * 1: the probe of that size came back; -errno: it will not; 0: the news are about something else.
 */
static int judge(const struct tunnel_probe *probe, const struct probe_news *news, unsigned size)
{
	if (!addr_equal(&news->remote, &probe->remote) || news->size != size)
		return 0;
	switch (news->type) {
	case PROBE_BACK:
		return 1;
	case PROBE_TOO_BIG:
		return news->proved ? -EMSGSIZE : 0;
	case PROBE_FAILED:
		return news->error;
	}
	return 0;
}

/* Waits for the answer to the probe sent last. */
static int await(struct tunnel_probe *probe, unsigned size, uint64_t sent_us, int timeout_ms,
		 unsigned *round_trip_us)
{
	struct pollfd wait = {.fd = probe_socket_fd(probe->socket), .events = POLLIN};
	uint64_t timeout_us = (uint64_t)timeout_ms * 1000, passed_us;
	struct probe_news news;
	int verdict;

	while ((passed_us = clock_us() - sent_us) < timeout_us) {
		int left_ms = (int)((timeout_us - passed_us) / 1000) + 1;

		if (poll(&wait, 1, left_ms) < 0 && errno != EINTR)
			return -errno;
		while (probe_socket_read(probe->socket, &news)) {
			verdict = judge(probe, &news, size);
			if (verdict < 0)
				return verdict;
			if (verdict) {
				*round_trip_us = (unsigned)(clock_us() - sent_us);
				return 0;
			}
		}
	}
	return -ETIMEDOUT;
}

int tunnel_probe_ask(struct tunnel_probe *probe, unsigned size)
{
	struct probe_news news;

	while (probe_socket_read(probe->socket, &news))
		; /* of an earlier probe */
	return probe_socket_send(probe->socket, &probe->remote, size);
}

bool tunnel_probe_is_answered(struct tunnel_probe *probe, unsigned size)
{
	struct probe_news news;

	while (probe_socket_read(probe->socket, &news)) {
		if (judge(probe, &news, size) > 0)
			return true;
	}
	return false;
}

int tunnel_probe_send(struct tunnel_probe *probe, unsigned size, int tries, int timeout_ms,
		      unsigned *round_trip_us)
{
	int error = -EINVAL;
	uint64_t sent_us;

	while (tries-- > 0) {
		sent_us = clock_us();
		error = tunnel_probe_ask(probe, size);
		if (!error)
			error = await(probe, size, sent_us, timeout_ms, round_trip_us);
		if (error != -ETIMEDOUT)
			break;
	}
	return error;
}

unsigned tunnel_probe_largest(struct tunnel_probe *probe, unsigned high, int timeout_ms)
{
	unsigned low = PROBE_SIZE_MIN, round_trip;

	if (high < low || tunnel_probe_send(probe, low, 2, timeout_ms, &round_trip))
		return 0;
	while (low < high) {
		unsigned middle = low + (high - low + 1) / 2;

		if (tunnel_probe_send(probe, middle, 2, timeout_ms, &round_trip) == 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}
