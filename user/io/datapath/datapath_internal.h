/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts that the files of the data path share: datapath.c (life, pins), datapath_attach.c
 * (hooks), datapath_maps.c (entries). No other file includes it.
 */
#ifndef TMIP_IO_DATAPATH_DATAPATH_INTERNAL_H
#define TMIP_IO_DATAPATH_DATAPATH_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath.h"
#include "slots.h"

#define DATAPATH_PATH 512 /* bytes of the path of a pin, with the NUL */

struct tmip_bpf;

struct datapath {
	char dir[DATAPATH_PATH];
	struct tmip_bpf *skel;
	struct slots slots;
	struct ring_buffer *rings;
	struct datapath_options options;
	bool clsact;   /* the kernel has no TCX */
	int hold_link; /* descriptor of a link that is not pinned; -1: none */
};

/* Removes the folder with all pins. Returns 0 or -errno. */
int datapath_unpin(const char *dir);
/* Formats the text. `why` may be NULL. */
__attribute__((format(printf, 2, 3))) void datapath_why(char why[DATAPATH_WHY], const char *format,
							...);

#endif
