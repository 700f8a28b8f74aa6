/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router that does next to nothing, for as long as this program runs: `bare INTERFACE
 * ADDRESS:OUT:MAC ...` sends packets that arrive at INTERFACE for ADDRESS to MAC, out of OUT. It
 * has no look-up, no hop limit and no counter, so that no router can be faster on the same path.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bare.h"
#include "bare.skel.h"
#include "tool.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS; not in the headers of Debian 12 */

static int usage(void)
{
	fputs("usage: bare INTERFACE ADDRESS:OUT:MAC [ADDRESS:OUT:MAC]\n", stderr);
	return 2;
}

static void read_own_mac(const char *interface, unsigned char *mac)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		fail(interface);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static int read_way(struct bare_way *way, const char *text)
{
	char address[16], out[IF_NAMESIZE];
	unsigned char *mac = way->macs;
	int used = 0;

	if (sscanf(text, "%15[0-9.]:%15[^:]:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", address, out,
		   &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &used) != 8 ||
	    text[used] || inet_pton(AF_INET, address, &way->to) != 1)
		return -1;
	way->ifindex = if_nametoindex(out);
	if (!way->ifindex)
		fail(out);
	read_own_mac(out, mac + 6);
	return 0;
}

int main(int argc, char **argv)
{
	struct bare_bpf *skel = bare_bpf__open();
	int ifindex = argc > 1 ? (int)if_nametoindex(argv[1]) : 0, link;

	if (argc < 3 || argc > 2 + BARE_WAYS || !ifindex)
		return usage();
	if (!skel)
		fail("bare.bpf.c");
	for (int i = 2; i < argc; i++)
		if (read_way((struct bare_way *)&skel->rodata->ways[i - 2], argv[i]) < 0)
			return usage();
	if (bare_bpf__load(skel))
		fail("load");
	link = bpf_link_create(bpf_program__fd(skel->progs.bare), ifindex,
			       (enum bpf_attach_type)TCX_INGRESS, NULL);
	if (link < 0)
		fail(argv[1]);
	puts("ready");
	fflush(stdout);
	pause(); /* the link ends with this program */
	return 0;
}
