/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a local stream socket (mode 0600) on which a client sends one JSON object per line and gets one
 * line of JSON back: {"ok":true,"result":...} or {"ok":false,"error":"text"}. The server runs on the event loop, with
 * bounded requests, bounded clients and a deadline for silent ones; the client side blocks, with a deadline.
 */
#ifndef TMIP_IO_CONTROL_H
#define TMIP_IO_CONTROL_H

#include <event2/event.h>
#include <jansson.h>

#define CONTROL_REQUEST_MAX 65536
#define CONTROL_CLIENTS_MAX 32
#define CONTROL_IDLE_S 30

struct control_server;

/* Returns the reply, whose reference the server takes. NULL: "internal error". The request is the server's. */
typedef json_t *control_handle(json_t *request, void *arg);

/* 0; -EADDRINUSE: a live server answers there; or -errno. The socket file of a dead one is replaced. */
int control_server_open(struct control_server **out, struct event_base *base, const char *path, control_handle *handle, void *arg);
void control_server_close(struct control_server *server); /* sends what is due, removes the file; NULL is allowed */

/* Blocking: sends one request, waits for the reply. 0 (a reply came, whatever it says); -ENOENT, -ECONNREFUSED: no
 * server; -ETIMEDOUT; -EPROTO: no JSON; or -errno. *reply is a new reference. */
int control_call(const char *path, const json_t *request, json_t **reply, int timeout_ms);

json_t *control_ok(json_t *result); /* takes the reference; NULL: null */
__attribute__((format(printf, 1, 2))) json_t *control_error(const char *format, ...);

#endif
