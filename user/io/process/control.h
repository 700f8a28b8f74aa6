/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: one JSON object a line in, one a line out, over a local stream socket that only its owner may
 * open (mode 0600). {"command": ...} is answered by {"ok": true, "result": ...} or {"ok": false, "error": "text"}.
 */
#ifndef TMIP_IO_PROCESS_CONTROL_H
#define TMIP_IO_PROCESS_CONTROL_H

#include <jansson.h>

struct control_server;
struct event_base;

/* `handle` returns a new reference that the server releases. A dead process's socket is replaced, a live one is -EADDRINUSE. */
int control_open(struct control_server **out, struct event_base *base, const char *path,
		 json_t *(*handle)(json_t *request, void *arg), void *arg);
void control_close(struct control_server *server); /* removes the socket; NULL is allowed */

/* Asks, and waits for the answer. 0 with a new reference; -ECONNREFUSED or -ENOENT: nobody is there; -ETIMEDOUT; -EPROTO. */
int control_call(const char *path, json_t *request, json_t **reply, int timeout_ms);
/* Waits until nobody listens there any more. 0 or -ETIMEDOUT. */
int control_wait_end(const char *path, int timeout_ms);

#endif
