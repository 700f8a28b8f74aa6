/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a local stream socket that only its owner may open (mode 0600). A request and
 * an answer are a line with a JSON object each. The server answers {"command": ...} with
 * {"ok": true, "result": ...} or {"ok": false, "error": "text"}.
 */
#ifndef TMIP_IO_PROCESS_CONTROL_H
#define TMIP_IO_PROCESS_CONTROL_H

#include <jansson.h>

struct control_server;
struct event_base;

/*
 * Opens the server at `path`. `handle` returns a new reference to the answer, which the server
 * releases; the request is the server's. The server replaces the socket of a dead process. Returns
 * 0; -EADDRINUSE: a process listens there; -ENOTSOCK: something else is there, and stays; another
 * -errno.
 */
int control_open(struct control_server **out, struct event_base *base, const char *path,
		 json_t *(*handle)(json_t *request, void *arg), void *arg);
/* Closes the connections of all clients and removes the socket. NULL is allowed. */
void control_close(struct control_server *server);

/*
 * Sends a request and blocks until the answer is there. Returns 0 and sets *reply to a new
 * reference; -ECONNREFUSED or -ENOENT: no process listens; -ETIMEDOUT; -EPIPE: the request could
 * not be sent; -EPROTO: the answer is no JSON.
 */
int control_call(const char *path, json_t *request, json_t **reply, int timeout_ms);
/* Blocks until no process listens there any more. Returns 0 or -ETIMEDOUT. */
int control_wait_end(const char *path, int timeout_ms);

#endif
