/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket of tunnel probes without the kernel. See fake_probe_socket.h. */
#include "fake_probe_socket.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NEWS 4096

struct fake_probes fake_probes;

static struct probe_news waiting[NEWS];
static unsigned first, last; /* of those that wait */
static int descriptor = -1; /* of the newest one */

struct probe_socket {
	int fd;
};

void fake_probes_reset(void)
{
	memset(&fake_probes, 0, sizeof(fake_probes));
	first = last = 0;
	descriptor = -1;
}

static void set_readable(void)
{
	uint64_t value = 1;

	if (descriptor < 0)
		return;
	if (first != last && write(descriptor, &value, sizeof(value)) < 0)
		abort();
	if (first == last && read(descriptor, &value, sizeof(value)) < 0 && errno != EAGAIN)
		abort();
}

void fake_probes_put(const struct probe_news *news)
{
	if (last == NEWS)
		abort();
	waiting[last++] = *news;
	set_readable();
}

int probe_socket_open(struct probe_socket **out, const struct tmip_addr *local)
{
	if (fake_probes.open_error)
		return fake_probes.open_error;
	fake_probes.opened++;
	fake_probes.local = *local;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		abort();
	descriptor = (*out)->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

void probe_socket_close(struct probe_socket *socket)
{
	if (!socket)
		return;
	fake_probes.closed++;
	close(socket->fd);
	if (descriptor == socket->fd)
		descriptor = -1;
	free(socket);
}

int probe_socket_fd(const struct probe_socket *socket)
{
	return socket->fd;
}

int probe_socket_send(struct probe_socket *socket, const struct tmip_addr *remote, unsigned size)
{
	struct probe_news back = {.type = PROBE_BACK, .remote = *remote, .size = size};

	(void)socket;
	if (fake_probes.count == FAKE_PROBES)
		abort();
	fake_probes.sizes[fake_probes.count++] = size;
	if (fake_probes.send_error)
		return fake_probes.send_error;
	if (fake_probes.interface_mtu && size > fake_probes.interface_mtu)
		return -EMSGSIZE;
	if (size <= fake_probes.path_mtu)
		fake_probes_put(&back);
	return 0;
}

int probe_socket_ask(struct probe_socket *socket, const struct tmip_addr *remote, uint8_t kind,
		     const struct tmip_addr *station, uint32_t *number)
{
	(void)socket;
	fake_probes.kind = kind;
	fake_probes.remote = *remote;
	fake_probes.station = *station;
	*number = ++fake_probes.asked;
	return fake_probes.send_error;
}

bool probe_socket_read(struct probe_socket *socket, struct probe_news *news)
{
	(void)socket;
	if (first == last)
		return false;
	*news = waiting[first++];
	if (first == last)
		first = last = 0;
	set_readable();
	return true;
}
