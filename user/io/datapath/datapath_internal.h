/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the data path share: datapath.c (life, pins), datapath_attach.c (hooks), datapath_maps.c (entries). */
#ifndef TMIP_IO_DATAPATH_DATAPATH_INTERNAL_H
#define TMIP_IO_DATAPATH_DATAPATH_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath.h"
#include "slots.h"

#define DATAPATH_PATH 512

struct tmip_bpf;

struct datapath {
	char dir[DATAPATH_PATH];
	struct tmip_bpf *skel;
	struct slots slots;
	struct ring_buffer *rings;
	struct datapath_options options;
	bool clsact; /* the kernel has no TCX */
	int hold_link; /* not pinned; -1: none */
};

int datapath_unpin(const char *dir); /* removes the folder with all pins; 0 or -errno */
__attribute__((format(printf, 2, 3))) void datapath_why(char why[DATAPATH_WHY], const char *format,
							...);

#endif
