/* SPDX-License-Identifier: BSD-2-Clause */
/* The levels of log lines. The pure core names them, io/process/log.h writes the lines. */
#ifndef TMIP_CORE_BASE_LEVEL_H
#define TMIP_CORE_BASE_LEVEL_H

/* As in the programs of 2003: `debug N` shows everything up to N. */
enum log_level {
	LOG_LEVEL_ERROR = 0, /* somebody has to act */
	LOG_LEVEL_WARN = 1,
	LOG_LEVEL_INFO = 2,  /* the default: every handover's steps, connections, start and end */
	LOG_LEVEL_DEBUG = 3, /* messages, map changes */
	LOG_LEVEL_TRACE = 4, /* every event */
};

#endif
