/* SPDX-License-Identifier: BSD-2-Clause */
/* The data path without BPF: its programs. Its maps are in fake_maps.c. See fake_datapath.h. */
#include "fake_datapath.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"

struct datapath fake_datapath;

void fake_datapath_reset(void)
{
	memset(&fake_datapath, 0, sizeof(fake_datapath));
}

/* ---- life */

int datapath_open(struct datapath **out, const struct datapath_options *options, bool *adopted,
		  char why[DATAPATH_WHY])
{
	calls_note("datapath_open %s", options->dir);
	if (fake_datapath.open_error) {
		snprintf(why, DATAPATH_WHY, "no data path here");
		return fake_datapath.open_error;
	}
	fake_datapath.options = *options;
	*adopted = fake_datapath.adopted;
	*out = &fake_datapath;
	return 0;
}

void datapath_close(struct datapath *dp)
{
	if (dp)
		calls_note("datapath_close");
}

void datapath_destroy(struct datapath *dp)
{
	calls_note("datapath_destroy");
	if (dp)
		dp->attached_count = dp->xdp = dp->hold = 0;
}

int datapath_remove(const char *dir)
{
	calls_note("datapath_remove %s", dir);
	if (!fake_datapath.remove_error)
		fake_datapath.attached_count = 0;
	return fake_datapath.remove_error;
}

/* ---- programs */

static void detach(struct datapath *dp, unsigned ifindex)
{
	for (unsigned i = 0; i < dp->attached_count;)
		if (dp->attached[i].ifindex == ifindex)
			dp->attached[i] = dp->attached[--dp->attached_count];
		else
			i++;
}

static const char *const ROLES[] = {
	[DATAPATH_CELL] = "cell",
	[DATAPATH_STAND_IN] = "stand-in",
	[DATAPATH_BACKBONE] = "backbone",
};

int datapath_attach(struct datapath *dp, unsigned ifindex, enum datapath_role role,
		    char why[DATAPATH_WHY])
{
	calls_note("datapath_attach %u %s", ifindex, ROLES[role]);
	if (dp->attach_error && (!dp->only_role || *dp->only_role == role)) {
		snprintf(why, DATAPATH_WHY, "the kernel refuses the program");
		return dp->attach_error;
	}
	detach(dp, ifindex);
	dp->attached[dp->attached_count].ifindex = ifindex;
	dp->attached[dp->attached_count++].role = role;
	return 0;
}

int datapath_detach(struct datapath *dp, unsigned ifindex)
{
	calls_note("datapath_detach %u", ifindex);
	detach(dp, ifindex);
	if (dp->xdp == ifindex)
		dp->xdp = 0;
	return 0;
}

int datapath_attach_xdp(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY])
{
	calls_note("datapath_attach_xdp %u", ifindex);
	if (dp->xdp_error) {
		snprintf(why, DATAPATH_WHY, "the driver has no XDP");
		return dp->xdp_error;
	}
	dp->xdp = ifindex;
	return 0;
}

void datapath_detach_xdp(struct datapath *dp, unsigned ifindex)
{
	calls_note("datapath_detach_xdp %u", ifindex);
	if (dp->xdp == ifindex)
		dp->xdp = 0;
}

int datapath_attach_hold(struct datapath *dp, unsigned ifindex, char why[DATAPATH_WHY])
{
	calls_note("datapath_attach_hold %u", ifindex);
	if (dp->hold_error) {
		snprintf(why, DATAPATH_WHY, "the kernel refuses the program of held packets");
		return dp->hold_error;
	}
	dp->hold = ifindex;
	return 0;
}

int datapath_attached(const char *dir, unsigned *ifindexes, enum datapath_role *roles, int max)
{
	const struct datapath *dp = &fake_datapath;

	(void)dir;
	for (unsigned i = 0; i < dp->attached_count && (int)i < max; i++) {
		ifindexes[i] = dp->attached[i].ifindex;
		roles[i] = dp->attached[i].role;
	}
	return (int)dp->attached_count;
}

bool fake_datapath_is_attached(unsigned ifindex, enum datapath_role role)
{
	for (unsigned i = 0; i < fake_datapath.attached_count; i++)
		if (fake_datapath.attached[i].ifindex == ifindex)
			return fake_datapath.attached[i].role == role;
	return false;
}

const char *datapath_hook(const struct datapath *dp)
{
	(void)dp;
	return "tcx";
}

int datapath_events_fd(const struct datapath *dp)
{
	(void)dp;
	return -1;
}

int datapath_poll(struct datapath *dp)
{
	(void)dp;
	return 0;
}

/* ---- reasons */

static const struct {
	const char *name, *text;
	enum tmip_verdict verdict;
} REASONS[TMIP_REASON_COUNT] = {
#define X(number, name, verdict, text) [number] = {#name, text, TMIP_VERDICT_##verdict},
	TMIP_REASONS(X)
#undef X
};

const char *datapath_reason_name(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].name : "?";
}

const char *datapath_reason_text(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].text : "?";
}

enum tmip_verdict datapath_reason_verdict(unsigned reason)
{
	return reason < TMIP_REASON_COUNT ? REASONS[reason].verdict : TMIP_VERDICT_PASS;
}
