/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps status_file up to date: the reports as text, a second after a change at the soonest, and
 * every WRITTEN_EVERY_S seconds, so that its first line tells whether the agent lives.
 */
#ifndef TMIP_AGENT_CONTROL_STATUS_FILE_H
#define TMIP_AGENT_CONTROL_STATUS_FILE_H

#include <stdbool.h>

struct event_base;
struct report;
struct status_file;

/* NULL: no memory. */
struct status_file *status_file_create(struct event_base *base, const struct report *report);
/* Waits for a write that is under way. NULL is allowed. */
void status_file_destroy(struct status_file *file);

/* The state changed: the file is written soon, if the configuration names one. */
void status_file_changed(struct status_file *file);
/*
 * The agent ends: the file says so, and whether forwarding goes on. status_file_destroy() waits
 * until it is written.
 */
void status_file_end(struct status_file *file, bool forwarding);

#endif
