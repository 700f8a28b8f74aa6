/* SPDX-License-Identifier: BSD-2-Clause */
/* A network device (tap) whose other end is in this process. See tap.h. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only the agent may send on this device: no ARP, no addresses, no router solicitations. */
static void silence_ipv6(const char *name)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* a kernel without IPv6 */
	if (write(fd, "1", 1) != 1)
		errno = 0; /* IPv6 messages of the kernel do no harm: they go no further */
	close(fd);
}

static int set_up(const char *name, unsigned queue, unsigned *ifindex)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;
	struct ifreq request = {0};

	if (control < 0)
		return -errno;
	memcpy(request.ifr_name, name, IFNAMSIZ);
	request.ifr_qlen = (int)queue;
	if (ioctl(control, SIOCSIFTXQLEN, &request) < 0)
		error = -errno;
	request.ifr_flags = IFF_UP | IFF_NOARP;
	if (!error && ioctl(control, SIOCSIFFLAGS, &request) < 0)
		error = -errno;
	if (!error && ioctl(control, SIOCGIFINDEX, &request) < 0)
		error = -errno;
	*ifindex = (unsigned)request.ifr_ifindex;
	close(control);
	return error;
}

int tap_open(const char *pattern, unsigned queue, unsigned *ifindex, char why[TAP_WHY])
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int error, tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (tap < 0) {
		error = -errno;
		snprintf(why, TAP_WHY, "/dev/net/tun: %s; is the kernel module tun there?",
			 strerror(-error));
		return error;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", pattern);
	if (ioctl(tap, TUNSETIFF, &request) < 0) {
		error = -errno;
		snprintf(why, TAP_WHY, "cannot make the device %s: %s", pattern, strerror(-error));
		close(tap);
		return error;
	}
	silence_ipv6(request.ifr_name);
	error = set_up(request.ifr_name, queue, ifindex);
	if (!error)
		return tap;
	snprintf(why, TAP_WHY, "cannot set up the device %s: %s", request.ifr_name,
		 strerror(-error));
	close(tap);
	return error;
}

ssize_t tap_read(int tap, uint8_t *frame, size_t size)
{
	ssize_t len = read(tap, frame, size);

	if (len >= 0)
		return len;
	return errno == EAGAIN ? 0 : -errno;
}

int tap_write(int tap, const uint8_t *frame, size_t len)
{
	return write(tap, frame, len) == (ssize_t)len ? 0 : -errno;
}
