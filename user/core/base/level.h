/* SPDX-License-Identifier: BSD-2-Clause */
/* The levels of log lines. The pure core names a level; io/process/log.h writes the line. */
#ifndef TMIP_CORE_BASE_LEVEL_H
#define TMIP_CORE_BASE_LEVEL_H

/* The directive `debug N` shows the levels up to N, as in the programs of 2003. */
enum log_level {
	LOG_LEVEL_ERROR = 0, /* an operator has to act */
	LOG_LEVEL_WARN = 1,
	LOG_LEVEL_INFO = 2,  /* the default: the steps of handovers, connections, start and end */
	LOG_LEVEL_DEBUG = 3, /* messages, map changes */
	LOG_LEVEL_TRACE = 4, /* every event */
};

#endif
