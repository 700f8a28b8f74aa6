/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs on interfaces. A TCX link is pinned as `link_IFINDEX_HOOK_ROLE`. Kernels before 6.6
 * have no TCX: there the program is a clsact filter, the pin of that name is the program and marks
 * the filter as this network's, and the pin `qdisc_IFINDEX` marks the qdisc. XDP has a link on
 * every kernel. A link or filter of a former agent gets the new program in place.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clsact.h"
#include "datapath_internal.h"
#include "tmip.skel.h"

/* enum bpf_attach_type of kernels with TCX; Debian 12's headers end before them. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

struct hook {
	const char *name; /* in the pin's name */
	int tcx;
	enum bpf_tc_attach_point clsact;
};

static const struct hook INGRESS = {"in", TCX_INGRESS, BPF_TC_INGRESS};
static const struct hook EGRESS = {"out", TCX_EGRESS, BPF_TC_EGRESS};
static const struct hook EARLY = {.name = "xdp"};

/* In the pins' names. */
static const char *const ROLE_NAMES[] = {
	[DATAPATH_CELL] = "cell",
	[DATAPATH_STAND_IN] = "standin",
	[DATAPATH_BACKBONE] = "backbone",
};
#define ROLES (sizeof(ROLE_NAMES) / sizeof(ROLE_NAMES[0]))

static void link_path(const char *dir, unsigned ifindex, const struct hook *hook,
		      enum datapath_role role, char path[DATAPATH_PATH])
{
	snprintf(path, DATAPATH_PATH, "%.400s/link_%u_%s_%s", dir, ifindex, hook->name,
		 ROLE_NAMES[role]);
}

/* Returns the pinned link if it is attached to that interface, else removes the pin. -1: none. */
static int former_link(const char *path, unsigned ifindex)
{
	/* struct bpf_link_info of kernels with TCX: type, id, prog_id, ifindex, attach_type. */
	struct { __u32 type, id, prog_id, pad, ifindex, attach_type, more[16]; } info = {0};
	__u32 len = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.ifindex == ifindex)
		return fd;
	close(fd);
	unlink(path);
	return -1;
}

static int attach_link(const char *path, int prog, unsigned ifindex, enum bpf_attach_type type,
		       const struct bpf_link_create_opts *options)
{
	int link = former_link(path, ifindex), error = 0;

	if (link >= 0) {
		error = bpf_link_update(link, prog, NULL);
		close(link);
		return error;
	}
	link = bpf_link_create(prog, (int)ifindex, type, options);
	if (link < 0)
		return link;
	if (bpf_obj_pin(link, path) < 0)
		error = -errno;
	close(link);
	return error;
}

static int attach_tcx(struct datapath *dp, int prog, unsigned ifindex, const struct hook *hook,
		      enum datapath_role role)
{
	char path[DATAPATH_PATH];

	link_path(dp->dir, ifindex, hook, role, path);
	return attach_link(path, prog, ifindex, hook->tcx, NULL);
}

/* The pin that marks the qdisc as ours. It is of a program, since a qdisc cannot be pinned. */
static void qdisc_path(const char *dir, unsigned ifindex, char path[DATAPATH_PATH])
{
	snprintf(path, DATAPATH_PATH, "%.400s/qdisc_%u", dir, ifindex);
}

static int attach_clsact(struct datapath *dp, int prog, unsigned ifindex, const struct hook *hook,
			 enum datapath_role role)
{
	char path[DATAPATH_PATH];
	bool made;
	int error = clsact_attach(dp->dir, prog, ifindex, hook->clsact, &made);

	if (made) {
		qdisc_path(dp->dir, ifindex, path);
		unlink(path);
		bpf_obj_pin(prog, path);
	}
	if (error)
		return error;
	link_path(dp->dir, ifindex, hook, role, path);
	unlink(path);
	return bpf_obj_pin(prog, path);
}

static int attach_hook(struct datapath *dp, const struct bpf_program *program, unsigned ifindex,
		       const struct hook *hook, enum datapath_role role)
{
	int prog = bpf_program__fd(program);
	int error = dp->clsact ? -EINVAL : attach_tcx(dp, prog, ifindex, hook, role);

	/* A kernel that does not know the attach type returns EINVAL. */
	if (error == -EINVAL) {
		error = attach_clsact(dp, prog, ifindex, hook, role);
		dp->clsact |= error == 0;
	}
	return error;
}

int datapath_attach(struct datapath *dp, unsigned ifindex, enum datapath_role role,
		    char why[DATAPATH_WHY])
{
	const struct bpf_program *in = dp->skel->progs.tmip_cell_in, *out = NULL;
	char name[IF_NAMESIZE] = "?";
	int error;

	if (role == DATAPATH_CELL)
		out = dp->skel->progs.tmip_cell_out;
	else if (role == DATAPATH_STAND_IN)
		out = dp->skel->progs.tmip_stand_in_out;
	else
		in = dp->skel->progs.tmip_bb_in;
	error = attach_hook(dp, in, ifindex, &INGRESS, role);
	if (!error && out)
		error = attach_hook(dp, out, ifindex, &EGRESS, role);
	if (error)
		datapath_why(why, "cannot attach to %s: %s",
			     if_indextoname(ifindex, name) ? name : "?", strerror(-error));
	return error;
}

int datapath_attach_xdp(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY])
{
	LIBBPF_OPTS(bpf_link_create_opts, native, .flags = XDP_FLAGS_DRV_MODE);
	char path[DATAPATH_PATH];
	int error;

	link_path(dp->dir, ifindex, &EARLY, DATAPATH_BACKBONE, path);
	error = attach_link(path, bpf_program__fd(dp->skel->progs.tmip_bb_xdp), ifindex, BPF_XDP,
			    &native);
	if (error == -EOPNOTSUPP)
		datapath_why(why, "its driver has no native XDP");
	else if (error == -EBUSY || error == -EEXIST)
		datapath_why(why, "another XDP program is there");
	else if (error)
		datapath_why(why, "its driver refuses: %s", strerror(-error));
	return error;
}

int datapath_attach_hold(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY])
{
	int prog = bpf_program__fd(dp->skel->progs.tmip_hold_in);
	int link = bpf_link_create(prog, (int)ifindex, INGRESS.tcx, NULL), error = link;
	bool made; /* the qdisc goes with the device, which is the agent's */

	if (link >= 0) {
		dp->hold_link = link;
		return 0;
	}
	if (link == -EINVAL)
		error = clsact_attach(dp->dir, prog, ifindex, BPF_TC_INGRESS, &made);
	if (error)
		datapath_why(why, "cannot attach to the device of held packets: %s",
			     strerror(-error));
	return error;
}

static void detach_hook(const char *dir, unsigned ifindex, const struct hook *hook,
			enum datapath_role role)
{
	char path[DATAPATH_PATH];
	int pin;

	link_path(dir, ifindex, hook, role, path);
	pin = bpf_obj_get(path);
	if (pin < 0)
		return;
	if (bpf_link_detach(pin) == -EINVAL) /* the pin is not a link but the program of a filter */
		clsact_detach(dir, ifindex, hook->clsact);
	close(pin);
	unlink(path);
}

static void detach_all(const char *dir, unsigned ifindex)
{
	static const struct hook *const hooks[] = {&EARLY, &INGRESS, &EGRESS};
	char path[DATAPATH_PATH];

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		for (unsigned role = 0; role < ROLES; role++)
			detach_hook(dir, ifindex, hooks[i], role);
	qdisc_path(dir, ifindex, path);
	if (unlink(path) == 0)
		clsact_remove(ifindex);
}

void datapath_detach_xdp(struct datapath *dp, unsigned ifindex)
{
	detach_hook(dp->dir, ifindex, &EARLY, DATAPATH_BACKBONE);
}

int datapath_detach(struct datapath *dp, unsigned ifindex)
{
	detach_all(dp->dir, ifindex);
	return 0;
}

static enum datapath_role role_named(const char *name)
{
	for (unsigned role = 0; role < ROLES; role++)
		if (strcmp(ROLE_NAMES[role], name) == 0)
			return role;
	return DATAPATH_BACKBONE;
}

int datapath_attached(const char *dir, unsigned *ifindexes, enum datapath_role *roles, int max)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;
	char role[16];
	unsigned ifindex;
	int found = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		if (sscanf(entry->d_name, "link_%u_in_%15s", &ifindex, role) != 2)
			continue;
		if (found < max) {
			ifindexes[found] = ifindex;
			roles[found] = role_named(role);
		}
		found++;
	}
	closedir(folder);
	return found;
}

int datapath_remove(const char *dir)
{
	enum { MAX = 64 };
	unsigned ifindexes[MAX];
	enum datapath_role roles[MAX];
	int count = datapath_attached(dir, ifindexes, roles, MAX);

	for (int i = 0; i < count && i < MAX; i++)
		detach_all(dir, ifindexes[i]);
	return datapath_unpin(dir);
}

const char *datapath_hook(const struct datapath *dp)
{
	return dp->clsact ? "clsact" : "tcx";
}

void datapath_destroy(struct datapath *dp)
{
	if (!dp)
		return;
	datapath_remove(dp->dir);
	datapath_close(dp);
}
