/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who else is in the cells: somebody with the gateway's address, another DHCP server, the agent of
 * another CN. See evaluation.h. The questions go out before the network is checked, and again
 * afterwards. Then it waits as long as a common DHCP server may take: dnsmasq pings an address for
 * three seconds before it offers it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/cell/survey.h"
#include "evaluation.h"
#include "io/datapath/cell_socket.h"
#include "io/process/clock.h"

#define WAIT_MS 4000   /* from the first question */
#define REPEAT_MS 1000 /* from the last one */
#define FOUND_MAX 4    /* of one cell: all that the report names */

struct cell_survey {
	const struct netlink_interface *cell;
	struct survey survey;
	int fd; /* -1: closed */
	struct survey_answer found[FOUND_MAX];
	unsigned count;
};

struct evaluation_survey {
	struct cell_survey cells[CN_CELLS_MAX];
	unsigned count;
	uint64_t begun_ms;
};

/* ---- asking */

static void ask(struct cell_survey *one)
{
	uint8_t discover[SURVEY_DISCOVER_LEN], probe[SURVEY_PROBE_LEN];

	survey_encode_probe(&one->survey, probe);
	survey_encode_discover(&one->survey, discover);
	/* What the interface does not take now is asked again, or nobody hears it. */
	cell_socket_send(one->fd, probe, sizeof(probe));
	cell_socket_send(one->fd, discover, sizeof(discover));
}

static void ask_all(struct evaluation_survey *all)
{
	for (unsigned i = 0; i < all->count; i++)
		ask(&all->cells[i]);
}

static void begin_in(struct evaluation *e, struct evaluation_survey *all,
		     const struct netlink_interface *cell)
{
	struct cell_survey *one = &all->cells[all->count];
	const char *advice = "run as root, or with CAP_NET_RAW";

	*one = (struct cell_survey){.cell = cell, .survey = {.mac = cell->mac,
							     .gateway = cell->addr}};
	one->fd = cell_socket_open(cell->ifindex);
	if (one->fd < 0) {
		evaluation_fail(e, "survey", cell->name, advice, "raw frames: %s",
				strerror(-one->fd));
		return;
	}
	if (getrandom(&one->survey.transaction, sizeof(one->survey.transaction), 0) < 0)
		one->survey.transaction = (uint32_t)clock_us();
	all->count++;
}

struct evaluation_survey *evaluate_survey_begin(struct evaluation *e)
{
	struct evaluation_survey *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	for (unsigned i = 0; i < e->config.cell_count; i++)
		if (e->cells[i].ifindex)
			begin_in(e, all, &e->cells[i]);
	all->begun_ms = clock_ms();
	ask_all(all);
	return all;
}

/* ---- answers */

/*
 * Each finding once; who sends many different ones fills the room for this cell alone. Another
 * interface of this host in the same network answers for the host's addresses, too.
 */
static void note(struct cell_survey *one, const struct survey_answer *answer)
{
	if (answer->type == SURVEY_NOTHING || one->count == FOUND_MAX)
		return;
	for (unsigned i = 0; i < one->count; i++)
		if (memcmp(&one->found[i], answer, sizeof(*answer)) == 0)
			return;
	if (answer->type == SURVEY_HOLDER && netlink_has_mac(&answer->mac))
		return;
	one->found[one->count++] = *answer;
}

static void read_answers(struct cell_survey *one)
{
	uint8_t frame[SURVEY_FRAME_MAX];
	struct survey_answer answer, clean;
	size_t len;

	while (one->count < FOUND_MAX && (len = cell_socket_read(one->fd, frame, sizeof(frame)))) {
		memset(&clean, 0, sizeof(clean)); /* padding, too: note() compares bytes */
		answer = survey_decode(&one->survey, frame, len);
		clean.type = answer.type;
		clean.mac = answer.mac;
		clean.server = answer.server;
		note(one, &clean);
	}
}

static void wait_for_answers(struct evaluation_survey *all)
{
	uint64_t now = clock_ms(), end = all->begun_ms + WAIT_MS;
	struct pollfd waits[CN_CELLS_MAX];

	if (end < now + REPEAT_MS)
		end = now + REPEAT_MS;
	for (unsigned i = 0; i < all->count; i++)
		waits[i] = (struct pollfd){.fd = all->cells[i].fd, .events = POLLIN};
	for (; now < end; now = clock_ms()) {
		if (poll(waits, all->count, (int)(end - now)) < 0 && errno != EINTR)
			return;
		for (unsigned i = 0; i < all->count; i++) {
			read_answers(&all->cells[i]);
			if (all->cells[i].count == FOUND_MAX)
				waits[i].fd = -1; /* it is ignored from now on */
		}
	}
}

/* ---- the report */

/* The CN whose gateway that is; NULL: none, or the address is zero. */
static const struct cn_info *cn_of(const struct evaluation *e, const struct tmip_addr *gateway)
{
	for (unsigned i = 0; i < e->cn_count; i++)
		for (unsigned k = 0; k < e->cns[i].cell_count; k++)
			if (addr_equal(&e->cns[i].cells[k].gateway, gateway))
				return &e->cns[i];
	return NULL;
}

static void report(struct evaluation *e, const struct cell_survey *one,
		   const struct survey_answer *answer)
{
	const char *alone = "one agent or DHCP server for each cell: end the other one, or part "
			    "the networks";
	const char *other = "give that host another address, or part the networks";
	char mac[MAC_STRLEN], addr[ADDR_STRLEN];
	const struct cn_info *cn = cn_of(e, &answer->server);

	mac_format(&answer->mac, mac);
	if (answer->type == SURVEY_HOLDER)
		evaluation_fail(e, "survey", one->cell->name, other,
				"%s has the gateway's address %s, too, or answers for it", mac,
				addr_format(&one->cell->addr, addr));
	else if (cn)
		evaluation_fail(e, "survey", one->cell->name, alone,
				"the agent of CN %s serves this cell, too: %s, MAC %s", cn->name,
				addr_format(&answer->server, addr), mac);
	else
		evaluation_fail(e, "survey", one->cell->name, alone,
				"another DHCP server answers: %s, MAC %s",
				addr_is_zero(&answer->server) ?
					"without a name" : addr_format(&answer->server, addr), mac);
}

static void report_cell(struct evaluation *e, const struct cell_survey *one)
{
	for (unsigned i = 0; i < one->count; i++)
		report(e, one, &one->found[i]);
	if (cell_socket_is_served(&one->cell->addr))
		evaluation_warn(e, "survey", one->cell->name,
				"a DHCP server of this host takes UDP port 67 (ss -ulnp): it must "
				"leave this cell to the agent");
	else if (!one->count)
		evaluation_pass(e, "survey", one->cell->name,
				"nobody else has the gateway's address or answers DHCP");
}

void evaluate_survey_end(struct evaluation *e, struct evaluation_survey *all)
{
	if (all && all->count) {
		ask_all(all);
		wait_for_answers(all);
	}
	for (unsigned i = 0; all && i < all->count; i++) {
		report_cell(e, &all->cells[i]);
		close(all->cells[i].fd);
	}
	free(all);
}
