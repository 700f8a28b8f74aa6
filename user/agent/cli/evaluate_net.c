/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of the network. In the role of a prober it connects to the register, which names
 * the CNs, then to all CNs at once. Last it sends probes through the tunnel to each CN. See
 * evaluation.h.
 */
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation.h"
#include "io/datapath/tunnel_probe.h"
#include "io/link/mlrp_link.h"
#include "io/link/resolver.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define CONNECT_MS 3000             /* for the handshake */
#define ANSWER_MS (2 * CONNECT_MS)  /* for the handshake and the answer to a PING */
#define PROBE_MS 500
#define PROBE_TRIES 4
#define PROBE_SIZE 128              /* bytes */
#define MTU_MAX 9000                /* no larger packet is tried */
#define PING_TRANSACTION 1

/* The register or a CN. It is done when it has answered the PING, or when the link closes. */
struct target {
	struct survey *survey;
	struct mlrp_link *link;
	struct cn_info info; /* of a CN; id 0: this is the register */
	struct mlrp_message hello;
	uint64_t pinged_us;
	double round_trip_ms;
	bool answered, done;
	char why[192]; /* the link closed; empty: nothing came before the deadline */
};

struct survey {
	struct evaluation *evaluation;
	struct event_base *base;
	struct event *deadline;
	struct evdns_base *dns;
	struct mlrp_self self;
	unsigned waiting; /* targets that are not done */
	struct target reg;
	struct target *cns;
	unsigned cn_count;
	struct target namesake; /* the CN with the name of this one, by the register; id 0: none */
	uint32_t self_id;       /* of the running agent, which is connected; 0: unknown */
	char own_name[NAME_LEN]; /* as the register calls it; empty: unknown */
};

/* ---- connections */

static void finish_target(struct target *target)
{
	if (target->done)
		return;
	target->done = true;
	if (--target->survey->waiting == 0)
		event_base_loopbreak(target->survey->base);
}

static void on_up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct mlrp_message ping = {.type = MLRP_PING, .transaction = PING_TRANSACTION};
	struct target *target = arg;

	target->hello = *hello;
	target->pinged_us = clock_us();
	mlrp_link_send(link, &ping);
}

/* A CN that the register names. The one with the name of the configuration should be this CN. */
static void add_cn(struct survey *survey, const struct cn_info *info)
{
	struct target *grown;

	if (info->gone)
		return;
	if (survey->self_id && info->id == survey->self_id) {
		memcpy(survey->own_name, info->name, sizeof(survey->own_name));
		return;
	}
	if (strcmp(info->name, survey->self.name) == 0) {
		survey->namesake = (struct target){.survey = survey, .info = *info};
		return;
	}
	for (unsigned i = 0; i < survey->cn_count; i++)
		if (survey->cns[i].info.id == info->id)
			return;
	grown = reallocarray(survey->cns, survey->cn_count + 1, sizeof(*grown));
	if (!grown)
		return;
	survey->cns = grown;
	grown[survey->cn_count++] = (struct target){.survey = survey, .info = *info};
}

static void on_message(struct mlrp_link *link, const struct mlrp_message *message, void *arg)
{
	struct target *target = arg;

	(void)link;
	if (message->type == MLRP_CN && !target->info.id)
		add_cn(target->survey, &message->cn);
	if (message->type != MLRP_PONG || message->transaction != PING_TRANSACTION)
		return;
	target->round_trip_ms = (double)(clock_us() - target->pinged_us) / 1000;
	target->answered = true;
	finish_target(target);
}

static void on_closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct target *target = arg;

	(void)link;
	snprintf(target->why, sizeof(target->why), "%s", why);
	finish_target(target);
}

/* To a CN from the tunnel address, as the agent does; the register may be on another network. */
static void connect_target(struct survey *survey, struct target *target, const char *host,
			   unsigned port)
{
	static const struct mlrp_link_handler handler = {
		.up = on_up,
		.message = on_message,
		.closed = on_closed,
	};
	const struct tmip_addr *source = NULL;

	if (target->info.id && !addr_is_zero(&survey->evaluation->tunnel))
		source = &survey->evaluation->tunnel;
	target->link = mlrp_link_connect(survey->base, survey->dns, host, (uint16_t)port, source,
					 CONNECT_MS, &survey->self, &handler, target);
	if (target->link) {
		survey->waiting++;
		return;
	}
	snprintf(target->why, sizeof(target->why), "%s", strerror(errno));
	target->done = true;
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* Returns when all targets are done, after ANSWER_MS at the latest. */
static void wait_for_targets(struct survey *survey)
{
	if (!survey->waiting || timer_arm(survey->deadline, ANSWER_MS) < 0)
		return;
	event_base_dispatch(survey->base);
	evtimer_del(survey->deadline);
}

static const char *why_silent(const struct target *target)
{
	return target->why[0] ? target->why : "no answer in time";
}

/* What to do about a connection that failed; `why` is the text of mlrp_link.h's `closed`. */
static const char *connect_advice(const char *why, bool reg)
{
	if (strstr(why, "cannot resolve"))
		return "correct the name in `mlr', /etc/hosts, or the name servers in "
		       "/etc/resolv.conf";
	if (strstr(why, "network_name"))
		return "write the same network_name in both configurations";
	if (strstr(why, "ersion"))
		return "bring both programs to versions that understand each other";
	if (strstr(why, "refused"))
		return reg ? "start mlrd there; does its port agree with `mlr HOST:PORT'?" :
			     "start tmip-agent there; does a firewall refuse its port?";
	if (strstr(why, "nreachable") || strstr(why, "No route"))
		return "check the routes of the backbone";
	return "is it running and reachable? does a firewall drop the port? "
	       "(ping and nc -z can tell)";
}

/* ---- the register */

/* The register says itself what is, or was, wrong with its database. */
static void check_database(struct evaluation *e, const struct target *reg)
{
	const char *advice = "see the log of mlrd, and `mlrd status'";
	const struct mlrp_message *hello = &reg->hello;

	if (hello->has & MLRP_HAS(MLRP_F_CODE))
		evaluation_fail(e, "database", reg->hello.name, advice, "%s", hello->text);
	else if (hello->has & MLRP_HAS(MLRP_F_TEXT))
		evaluation_pass(e, "database", reg->hello.name, "note: %s", hello->text);
}

/* True: the register has answered, and has named the CNs. */
static bool check_register(struct survey *survey)
{
	struct evaluation *e = survey->evaluation;
	struct target *reg = &survey->reg;
	bool is_register;
	char subject[300];

	snprintf(subject, sizeof(subject), "%s:%u", e->config.mlr_host, e->config.mlr_port);
	reg->survey = survey;
	connect_target(survey, reg, e->config.mlr_host, e->config.mlr_port);
	wait_for_targets(survey);
	is_register = reg->answered && reg->hello.role == MLRP_ROLE_MLR;
	if (!reg->answered)
		evaluation_fail(e, "register", subject, connect_advice(reg->why, true), "%s",
				why_silent(reg));
	else if (!is_register)
		evaluation_fail(e, "register", subject, "name the register in `mlr'",
				"this is a CN (%s), not a register", reg->hello.name);
	else
		evaluation_pass(e, "register", subject,
				"%s, same network, epoch %u, round trip %.2f ms", reg->hello.name,
				reg->hello.version.epoch, reg->round_trip_ms);
	if (is_register)
		check_database(e, reg);
	mlrp_link_close(reg->link);
	return is_register;
}

/* ---- the CNs, and the tunnels to them */

static void check_subnets(struct evaluation *e, unsigned cell, const struct cn_info *info)
{
	const char *advice = "give each cell of the network a subnet of its own";
	struct prefix ours = {e->cells[cell].addr, e->cells[cell].prefix_len};
	char gateway[ADDR_STRLEN], text[ADDR_STRLEN], tunnel[ADDR_STRLEN];

	if (!e->cells[cell].ifindex)
		return;
	for (unsigned i = 0; i < info->cell_count; i++) {
		const struct prefix *theirs = &info->cells[i].subnet;

		if (prefix_overlaps(&ours, theirs))
			evaluation_fail(e, "cell", e->config.mobile_if[cell], advice,
					"its subnet overlaps %s/%u of CN %s, tunnel %s: "
					"the register refuses %s/%u",
					addr_format(&theirs->addr, text), theirs->len, info->name,
					addr_format(&info->tunnel, tunnel),
					addr_format(&ours.addr, gateway), ours.len);
	}
}

static void check_cn(struct evaluation *e, const struct target *cn)
{
	const char *advice, *name = cn->info.name;
	unsigned port = cn->info.port;
	char text[ADDR_STRLEN];

	addr_format(&cn->info.tunnel, text);
	if (!cn->answered) {
		advice = connect_advice(cn->why, false);
		evaluation_fail(e, "CN", name, advice, "%s:%u: %s", text, port, why_silent(cn));
	} else if (cn->hello.role != MLRP_ROLE_CN || strcmp(cn->hello.name, name) != 0) {
		advice = "two CNs use one address, or the CN was renamed: "
			 "`mlrd rename-cn' at the register";
		evaluation_fail(e, "CN", name, advice, "%s:%u: `%s' answers there", text, port,
				cn->hello.name);
	} else {
		evaluation_pass(e, "CN", name, "%s:%u, same network, round trip %.2f ms", text,
				port, cn->round_trip_ms);
	}
}

static const char *probe_advice(int error)
{
	switch (-error) {
	case EPERM: case EACCES:
		return "run as root, or with CAP_NET_RAW";
	case EPROTONOSUPPORT:
		return "start tmip-agent there: that host does not take tunnel packets";
	case EHOSTUNREACH: case ENETUNREACH:
		return "check the routes of the backbone";
	default:
		return "let IP protocol 4 pass between the tunnel addresses; "
		       "is an agent attached to the backbone there?";
	}
}

static const char *probe_error(int error)
{
	switch (-error) {
	case ETIMEDOUT:
		return "no probe came back";
	case EPROTONOSUPPORT:
		return "the host answers that it takes no tunnel packets";
	default:
		return strerror(-error);
	}
}

/*
 * A path that is narrower than the interface is a fault of the network: the agents find out and use
 * what gets through, but senders learn the size by losing packets.
 */
static void check_mtu(struct evaluation *e, const char *name, struct tunnel_probe *probe)
{
	const char *advice = "give the whole backbone one MTU, or set cn_if and the other CN's to "
			     "what gets through";
	unsigned mtu = e->backbone.mtu > MTU_MAX ? MTU_MAX : e->backbone.mtu, round_trip;
	int error;

	if (mtu < PROBE_SIZE_MIN)
		return;
	error = tunnel_probe_send(probe, mtu, PROBE_TRIES, PROBE_MS, &round_trip);
	if (!error)
		evaluation_pass(e, "MTU", name, "%u bytes get through unfragmented, both ways",
				mtu);
	else
		evaluation_fail(e, "MTU", name, advice,
				"%u bytes do not get through unfragmented, %u do, and the agents "
				"use that%s", mtu,
				tunnel_probe_largest(probe, mtu - 1, PROBE_MS / 2),
				error == -EMSGSIZE ? "" : "; warning: no router says so");
}

static void check_tunnel(struct evaluation *e, const struct cn_info *info)
{
	struct tunnel_probe *probe = NULL;
	unsigned round_trip_us = 0;
	int error = tunnel_probe_open(&probe, &e->tunnel, &info->tunnel);

	if (!error)
		error = tunnel_probe_send(probe, PROBE_SIZE, PROBE_TRIES, PROBE_MS, &round_trip_us);
	if (error) {
		evaluation_fail(e, "tunnel", info->name, probe_advice(error), "%s",
				probe_error(error));
	} else {
		evaluation_pass(e, "tunnel", info->name, "4IN4, a probe came back in %.2f ms",
				round_trip_us / 1000.0);
		check_mtu(e, info->name, probe);
	}
	tunnel_probe_close(probe);
}

/* The register may know this CN by a former address; but somebody may live there. */
static bool has_namesake(const struct survey *survey)
{
	const struct target *cn = &survey->namesake;
	const struct tmip_addr *tunnel = &survey->evaluation->tunnel;

	return cn->info.id && !addr_is_zero(tunnel) && !addr_equal(&cn->info.tunnel, tunnel);
}

static void check_namesake(struct survey *survey)
{
	const char *advice = "give each CN a cn_name of its own; if this one takes the place of "
			     "the other, end the agent there";
	struct evaluation *e = survey->evaluation;
	const struct target *cn = &survey->namesake;
	char theirs[ADDR_STRLEN], ours[ADDR_STRLEN];

	addr_format(&cn->info.tunnel, theirs);
	addr_format(&e->tunnel, ours);
	if (cn->answered && strcmp(cn->hello.name, cn->info.name) == 0)
		evaluation_fail(e, "CN", cn->info.name, advice, "another CN, with tunnel %s, has "
				"this name; this one's tunnels end at %s", theirs, ours);
	else
		evaluation_pass(e, "CN", cn->info.name, "%s, before with tunnel %s, where nobody "
				"has its name now", ours, theirs);
}

/* What the register has answered the running agent. */
static void check_verdict(struct evaluation *e)
{
	const char *advice = "remove the cause; the agent asks again and again";
	const json_t *reg = json_object_get(e->agent, "register");
	const char *state = json_string_value(json_object_get(reg, "state"));
	const char *why = json_string_value(json_object_get(reg, "error"));

	if (state && why && *why &&
	    (strcmp(state, "refused") == 0 || strcmp(state, "connected") == 0))
		evaluation_fail(e, "register", "running agent", advice, "refused: %s", why);
}

/* `mlrd rename-cn': the configuration has the former name. */
static void check_own_name(const struct survey *survey)
{
	const char *advice = "write the new name into the configuration: cn_name";

	if (survey->own_name[0] && strcmp(survey->own_name, survey->self.name) != 0)
		evaluation_fail(survey->evaluation, "CN", survey->self.name, advice,
				"the register calls this CN %s", survey->own_name);
}

/* For the survey of the cells. */
static void note_cns(struct survey *survey)
{
	struct evaluation *e = survey->evaluation;

	e->cns = calloc(survey->cn_count, sizeof(*e->cns));
	for (; e->cns && e->cn_count < survey->cn_count; e->cn_count++)
		e->cns[e->cn_count] = survey->cns[e->cn_count].info;
}

static void check_cns(struct survey *survey)
{
	struct evaluation *e = survey->evaluation;
	char text[ADDR_STRLEN];

	check_own_name(survey);
	if (has_namesake(survey)) {
		struct target *cn = &survey->namesake;

		connect_target(survey, cn, addr_format(&cn->info.tunnel, text), cn->info.port);
	}
	if (!survey->cn_count)
		evaluation_pass(e, "CN", "others", "the register knows no other CN");
	for (unsigned i = 0; i < survey->cn_count; i++) {
		struct target *cn = &survey->cns[i];

		connect_target(survey, cn, addr_format(&cn->info.tunnel, text), cn->info.port);
	}
	wait_for_targets(survey);
	if (has_namesake(survey)) {
		check_namesake(survey);
		mlrp_link_close(survey->namesake.link);
	}
	note_cns(survey);
	for (unsigned i = 0; i < survey->cn_count; i++) {
		struct target *cn = &survey->cns[i];

		for (unsigned cell = 0; cell < e->config.cell_count; cell++)
			check_subnets(e, cell, &cn->info);
		check_cn(e, cn);
		mlrp_link_close(cn->link);
		if (!addr_is_zero(&e->tunnel))
			check_tunnel(e, &cn->info);
	}
}

/* ---- the survey as a whole */

/* The number of this CN, if its agent runs and is connected. */
static uint32_t find_self(const json_t *agent)
{
	const json_t *reg = json_object_get(agent, "register"), *cn = json_object_get(agent, "cn");
	const char *state = json_string_value(json_object_get(reg, "state"));

	if (!state || strcmp(state, "connected") != 0)
		return 0;
	return (uint32_t)json_integer_value(json_object_get(cn, "id"));
}

/* 0 or -ENOMEM. */
static int open_survey(struct survey *survey, struct evaluation *evaluation)
{
	const struct agent_config *config = &evaluation->config;
	struct mlrp_self *self = &survey->self;

	survey->evaluation = evaluation;
	survey->self_id = find_self(evaluation->agent);
	self->role = MLRP_ROLE_PROBE;
	snprintf(self->network, sizeof(self->network), "%s", config->network_name);
	snprintf(self->name, sizeof(self->name), "%s", config->cn_name);
	survey->base = event_base_new();
	if (!survey->base)
		return -ENOMEM;
	survey->dns = resolver_open(survey->base);
	survey->deadline = evtimer_new(survey->base, on_deadline, survey->base);
	return survey->deadline ? 0 : -ENOMEM;
}

static void close_survey(struct survey *survey)
{
	free(survey->cns);
	if (survey->deadline)
		event_free(survey->deadline);
	if (survey->dns)
		evdns_base_free(survey->dns, 0);
	if (survey->base)
		event_base_free(survey->base);
}

void evaluate_net(struct evaluation *evaluation)
{
	struct survey survey = {0};

	log_open(NULL, false); /* the report says it all */
	log_set_level(LOG_LEVEL_ERROR);
	if (open_survey(&survey, evaluation) < 0)
		evaluation_fail(evaluation, "register", evaluation->config.mlr_host, NULL,
				"no memory for an event loop");
	else if (check_register(&survey))
		check_cns(&survey);
	check_verdict(evaluation);
	close_survey(&survey);
}
