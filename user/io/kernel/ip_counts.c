/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of the kernel's IPv4. See ip_counts.h. The files have pairs of lines: "Ip: NAME ..." and
 * "Ip: NUMBER ...".
 */
#include "ip_counts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 8192

/* Adds the number of that name, if the pair of lines has it. */
static void add(const char *names, const char *numbers, const char *name, uint64_t *sum)
{
	size_t len = strlen(name), word;

	while (*names && *numbers) {
		word = strcspn(names, " \n");
		if (word == len && strncmp(names, name, len) == 0)
			*sum += strtoull(numbers, NULL, 10);
		names += word;
		names += strspn(names, " \n");
		numbers += strcspn(numbers, " \n");
		numbers += strspn(numbers, " \n");
	}
}

static int read_pairs(const char *path, const char *group,
		      void (*visit)(const char *names, const char *numbers, void *arg), void *arg)
{
	static char names[LINE_MAX_LEN], numbers[LINE_MAX_LEN];
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	while (fgets(names, sizeof(names), file) && fgets(numbers, sizeof(numbers), file))
		if (strncmp(names, group, strlen(group)) == 0)
			visit(names, numbers, arg);
	fclose(file);
	return 0;
}

static void visit_ip(const char *names, const char *numbers, void *arg)
{
	static const char *const lost[] = {"InHdrErrors", "InAddrErrors", "InDiscards",
					   "OutDiscards", "OutNoRoutes"};
	struct ip_counts *counts = arg;

	add(names, numbers, "InReceives", &counts->received);
	add(names, numbers, "ForwDatagrams", &counts->forwarded);
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		add(names, numbers, lost[i], &counts->dropped);
}

static void visit_more(const char *names, const char *numbers, void *arg)
{
	struct ip_counts *counts = arg;

	add(names, numbers, "IPReversePathFilter", &counts->dropped); /* TcpExt */
	add(names, numbers, "InNoRoutes", &counts->dropped);          /* IpExt */
}

int ip_counts_read(struct ip_counts *counts)
{
	int error;

	memset(counts, 0, sizeof(*counts));
	error = read_pairs("/proc/net/snmp", "Ip:", visit_ip, counts);
	return error ? error : read_pairs("/proc/net/netstat", "", visit_more, counts);
}
