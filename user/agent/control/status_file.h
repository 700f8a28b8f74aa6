/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps status_file up to date: the reports as text, a second after a change at the soonest. */
#ifndef TMIP_AGENT_CONTROL_STATUS_FILE_H
#define TMIP_AGENT_CONTROL_STATUS_FILE_H

struct event_base;
struct report;
struct status_file;

/* NULL: no memory. */
struct status_file *status_file_create(struct event_base *base, const struct report *report);
/* Waits for a write that is under way. NULL is allowed. */
void status_file_destroy(struct status_file *file);

/* The state changed: the file is written soon, if the configuration names one. */
void status_file_changed(struct status_file *file);
/* The file is written now; status_file_destroy() waits for that. */
void status_file_write(struct status_file *file);

#endif
