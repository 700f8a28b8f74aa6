/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLRP connections without a network: what a module opens, what it sends there, and the other side,
 * for which the test speaks. It takes the place of io/link/mlrp_link.h. A link that its owner has
 * closed stays in the list; an owner that uses it then fails the test.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_LINK_H
#define TMIP_TESTS_AGENT_FAKE_LINK_H

#include "io/link/mlrp_link.h"

#define FAKE_LINKS 128
#define FAKE_SENT 32 /* messages of a link that are kept: the newest ones */

struct mlrp_link {
	bool accepted, up, closed;
	bool refused;          /* the test's side has refused the handshake */
	int fd;                /* of an accepted one */
	char host[256];        /* of one that connects, as all below */
	uint16_t port;
	struct tmip_addr source;
	int timeout_ms;
	struct mlrp_self self; /* what the owner says of itself */
	const struct mlrp_link_handler *handler;
	void *arg;
	struct mlrp_message sent[FAKE_SENT];
	unsigned sent_count;   /* of all */
};

struct fake_links {
	/* errno of mlrp_link_connect() and mlrp_link_accept(); 0: they succeed */
	int connect_error, accept_error;
	int send_error; /* -errno of mlrp_link_send() */
	unsigned count;
	struct mlrp_link list[FAKE_LINKS];
};

extern struct fake_links fake_links;

void fake_links_reset(void);
struct mlrp_link *fake_links_newest(void); /* fails the test if there is none */
unsigned fake_links_open(void);            /* links that are not closed */

/* The other side. The owner may close the link in any of these. */
void fake_link_comes_up(struct mlrp_link *link, const struct mlrp_message *hello);
void fake_link_says(struct mlrp_link *link, const struct mlrp_message *message);
void fake_link_ends(struct mlrp_link *link, const char *why);

/* The newest message that was sent, or the one `back` before it; without one the test fails. */
const struct mlrp_message *fake_link_sent(const struct mlrp_link *link, unsigned back);

#endif
