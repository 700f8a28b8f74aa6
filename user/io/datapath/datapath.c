/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of the data path: load or adopt, pins, rings. See datapath.h. */
#include "datapath.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "io/kernel/kernel.h"
#include "io/process/file.h"
#include "tmip.skel.h"


/* The last warning of libbpf, for `why`. */
static char complaint[DATAPATH_WHY];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t len;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(complaint, sizeof(complaint), format, args);
	len = strlen(complaint);
	if (len && complaint[len - 1] == '\n')
		complaint[len - 1] = '\0';
	return 0;
}

void datapath_why(char why[DATAPATH_WHY], const char *format, ...)
{
	va_list args;

	if (!why)
		return;
	va_start(args, format);
	vsnprintf(why, DATAPATH_WHY, format, args);
	va_end(args);
}

/* ---- the folder of the pins */

/*
 * Makes the folder and its parents. Mounts the BPF file system on /sys/fs/bpf if it is not there,
 * as bpftool and iproute2 do.
 */
static int make_dir(const char *dir, char why[DATAPATH_WHY])
{
	static const char usual[] = "/sys/fs/bpf";
	int error;

	if (strncmp(dir, usual, strlen(usual)) == 0 && !kernel_is_bpffs(usual) &&
	    mount("bpf", usual, "bpf", 0, "mode=0700") < 0) {
		datapath_why(why,
			     "%s is no BPF file system and cannot be mounted: %s; "
			     "does the kernel have CONFIG_BPF_SYSCALL?",
			     usual, strerror(errno));
		return -errno;
	}
	error = file_make_dirs(dir, 0700, 0700);
	if (error) {
		datapath_why(why, "cannot make the folder %s: %s", dir, strerror(-error));
		return error;
	}
	if (!kernel_is_bpffs(dir)) {
		datapath_why(why, "%s does not lie on a BPF file system (directive bpf_dir)", dir);
		rmdir(dir);
		return -EINVAL;
	}
	return 0;
}

int datapath_unpin(const char *dir)
{
	char path[DATAPATH_PATH + 256];
	DIR *folder = opendir(dir);
	struct dirent *entry;

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(folder))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(folder);
	return rmdir(dir) < 0 ? -errno : 0;
}

/* ---- maps */

static int set_sizes(struct datapath *dp)
{
	const struct datapath_options *options = &dp->options;
	struct tmip_bpf *skel = dp->skel;
	const struct { struct bpf_map *map; unsigned entries; } sizes[] = {
		{skel->maps.tmip_station, options->stations_max},
		{skel->maps.tmip_macs, options->stations_max},
		{skel->maps.tmip_slot, TMIP_SLOTS(options->stations_max)},
		{skel->maps.tmip_peer, options->peers_max},
		{skel->maps.tmip_peer_stat, options->peers_max},
		{skel->maps.tmip_subnet, options->peers_max * 4},
		{skel->maps.tmip_group,
		 options->peers_max ? options->peers_max + TMIP_CELLS_MAX : 0},
		{skel->maps.tmip_seen, options->seen_max},
		{skel->maps.tmip_host, options->seen_max},
		{skel->maps.tmip_drop, options->seen_max},
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i].entries)
			error = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
	return error;
}

static void pin_path(const struct datapath *dp, const struct bpf_map *map, char path[DATAPATH_PATH])
{
	snprintf(path, DATAPATH_PATH, "%.400s/%s", dp->dir, bpf_map__name(map));
}

/*
 * Adopts the pinned map of the same name. Returns 1: adopted; 0: there is none; -EEXIST: its type
 * or a size differs; another -errno.
 */
static int adopt_map(struct datapath *dp, struct bpf_map *map, char why[DATAPATH_WHY])
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	char path[DATAPATH_PATH];
	int fd, error;

	pin_path(dp, map, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!error && (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
		       info.value_size != bpf_map__value_size(map) ||
		       info.max_entries != bpf_map__max_entries(map))) {
		datapath_why(why,
			     "%s was pinned by another version or with other table sizes: "
			     "`tmip-agent detach --all' with the former configuration removes it",
			     path);
		error = -EEXIST;
	}
	if (!error)
		error = bpf_map__reuse_fd(map, fd);
	close(fd);
	return error ? error : 1;
}

static int adopt_maps(struct datapath *dp, bool *adopted, char why[DATAPATH_WHY])
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj) {
		int found = bpf_map__is_internal(map) ? 0 : adopt_map(dp, map, why);

		if (found < 0)
			return found;
		*adopted |= found > 0;
	}
	return 0;
}

static int pin_maps(struct datapath *dp, char why[DATAPATH_WHY])
{
	char path[DATAPATH_PATH];
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj) {
		if (bpf_map__is_internal(map))
			continue;
		pin_path(dp, map, path);
		if (access(path, F_OK) == 0)
			continue;
		if (bpf_obj_pin(bpf_map__fd(map), path) < 0) {
			datapath_why(why, "cannot pin %s: %s", path, strerror(errno));
			return -errno;
		}
	}
	return 0;
}

static int check_layout(struct datapath *dp, char why[DATAPATH_WHY])
{
	struct tmip_config config;
	int error = datapath_get_config(dp, &config);

	if (error || config.layout == TMIP_LAYOUT_VERSION || config.layout == 0)
		return error;
	datapath_why(why,
		     "the maps in %s have layout %u, this program has %u: "
		     "`tmip-agent detach --all' of the former version removes them",
		     dp->dir, config.layout, TMIP_LAYOUT_VERSION);
	return -EEXIST;
}

/* ---- rings */

static int on_event(void *arg, void *data, size_t size)
{
	struct datapath *dp = arg;

	if (size >= sizeof(struct tmip_event))
		dp->options.event(data, dp->options.arg);
	return 0;
}

static int on_punt(void *arg, void *data, size_t size)
{
	struct datapath *dp = arg;
	const struct tmip_punt *punt = data;

	if (size >= sizeof(*punt) && punt->length <= TMIP_PUNT_DATA)
		dp->options.punt(punt, dp->options.arg);
	return 0;
}

static int open_rings(struct datapath *dp)
{
	dp->rings = ring_buffer__new(bpf_map__fd(dp->skel->maps.tmip_events), on_event, dp, NULL);
	if (!dp->rings)
		return -errno;
	return ring_buffer__add(dp->rings, bpf_map__fd(dp->skel->maps.tmip_punts), on_punt, dp);
}

int datapath_events_fd(const struct datapath *dp)
{
	return ring_buffer__epoll_fd(dp->rings);
}

int datapath_poll(struct datapath *dp)
{
	return ring_buffer__consume(dp->rings);
}

/* ---- life */

static int load(struct datapath *dp, bool *adopted, char why[DATAPATH_WHY])
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	int error;

	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		datapath_why(why, "the kernel has no BTF (/sys/kernel/btf/vmlinux): "
				  "a kernel with CONFIG_DEBUG_INFO_BTF is needed, "
				  "as Debian's since version 11");
		return -ENOTSUP;
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* it bounds maps in kernels before 5.11 */
	libbpf_set_print(keep_complaint);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	dp->skel = tmip_bpf__open();
	if (!dp->skel) {
		error = -errno;
		datapath_why(why, "cannot read the BPF programs: %s", complaint);
		return error;
	}
	error = set_sizes(dp);
	if (!error)
		error = adopt_maps(dp, adopted, why);
	if (error)
		return error;
	error = tmip_bpf__load(dp->skel);
	if (error)
		datapath_why(why,
			     "the kernel refuses the BPF programs (%s)%s%s; "
			     "root, or CAP_BPF with CAP_NET_ADMIN, and a kernel with "
			     "CONFIG_BPF_SYSCALL are needed",
			     strerror(-error), complaint[0] ? ": " : "", complaint);
	return error;
}

int datapath_try(const struct datapath_options *options, char why[DATAPATH_WHY])
{
	struct datapath *dp = calloc(1, sizeof(*dp));
	bool adopted = false;
	int error;

	why[0] = '\0';
	if (!dp)
		return -ENOMEM;
	dp->options = *options;
	dp->hold_link = -1;
	snprintf(dp->dir, sizeof(dp->dir), "%.400s", options->dir);
	error = load(dp, &adopted, why);
	if (!error && adopted)
		error = check_layout(dp, why);
	if (error && !why[0])
		datapath_why(why, "%s", strerror(-error));
	datapath_close(dp);
	return error;
}

int datapath_open(struct datapath **out, const struct datapath_options *options, bool *adopted,
		  char why[DATAPATH_WHY])
{
	struct datapath *dp = calloc(1, sizeof(*dp));
	bool fresh;
	int error;

	why[0] = '\0';
	*adopted = false;
	if (!dp)
		return -ENOMEM;
	dp->options = *options;
	dp->hold_link = -1;
	snprintf(dp->dir, sizeof(dp->dir), "%.400s", options->dir);
	fresh = access(dp->dir, F_OK) < 0;
	error = make_dir(dp->dir, why);
	if (!error)
		error = load(dp, adopted, why);
	if (!error)
		error = slots_open(&dp->slots, bpf_map__fd(dp->skel->maps.tmip_station),
				   bpf_map__fd(dp->skel->maps.tmip_slot),
				   bpf_map__max_entries(dp->skel->maps.tmip_slot));
	if (!error)
		error = pin_maps(dp, why);
	if (!error && *adopted)
		error = check_layout(dp, why);
	if (!error)
		error = open_rings(dp);
	if (!error) {
		*out = dp;
		return 0;
	}
	if (!why[0])
		datapath_why(why, "%s", strerror(-error));
	if (fresh)
		datapath_unpin(dp->dir);
	datapath_close(dp);
	return error;
}

void datapath_close(struct datapath *dp)
{
	if (!dp)
		return;
	if (dp->hold_link >= 0)
		close(dp->hold_link);
	ring_buffer__free(dp->rings);
	slots_close(&dp->slots);
	tmip_bpf__destroy(dp->skel);
	free(dp);
}
