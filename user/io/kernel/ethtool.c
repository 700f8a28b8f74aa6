/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to drivers by SIOCETHTOOL. See ethtool.h. */
#include "ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

bool ethtool_strips_tags(const char *name)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq request = {.ifr_data = (char *)&flags};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool strips = true;

	if (fd < 0)
		return true;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &request) == 0)
		strips = flags.data & ETH_FLAG_RXVLAN;
	close(fd);
	return strips;
}
