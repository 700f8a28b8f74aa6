/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of the network: says HELLO as a prober to the register, which names all CNs, and to each of them; then
 * sends a probe through the tunnel to each. All connections are tried at the same time. See evaluation.h.
 */
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evaluation.h"
#include "io/datapath/tunnel_probe.h"
#include "io/link/mlrp_link.h"
#include "io/process/log.h"

#define CONNECT_MS 3000
#define PROBE_MS 500
#define PROBE_TRIES 4
#define PING_TRANSACTION 1

struct target {
	struct survey *survey;
	struct mlrp_link *link;
	struct cn_info info;     /* of a CN; id 0: the register */
	struct mlrp_message hello;
	uint64_t asked_us;
	double round_trip_ms;
	bool answered, done;
	char why[192];
};

struct survey {
	struct evaluation *evaluation;
	struct event_base *base;
	struct evdns_base *dns;
	struct mlrp_self self;
	unsigned waiting;
	struct target reg;
	struct target *cns;
	unsigned cn_count;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

static void target_done(struct target *target)
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
	target->asked_us = now_us();
	mlrp_link_send(link, &ping);
}

static void keep_cn(struct survey *survey, const struct cn_info *info)
{
	struct target *grown;

	if (info->gone || strcmp(info->name, survey->self.name) == 0)
		return;
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
		keep_cn(target->survey, &message->cn);
	if (message->type != MLRP_PONG || message->transaction != PING_TRANSACTION)
		return;
	target->round_trip_ms = (double)(now_us() - target->asked_us) / 1000;
	target->answered = true;
	target_done(target);
}

static void on_closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct target *target = arg;

	(void)link;
	snprintf(target->why, sizeof(target->why), "%s", why);
	target_done(target);
}

static const struct mlrp_link_handler HANDLER = {.up = on_up, .message = on_message, .closed = on_closed};

static void target_connect(struct survey *survey, struct target *target, const char *host, unsigned port)
{
	const struct tmip_addr *source = addr_is_zero(&survey->evaluation->tunnel) ? NULL : &survey->evaluation->tunnel;

	/* Only CNs see who asks by the address; the register may be on another way. */
	target->link = mlrp_link_connect(survey->base, survey->dns, host, (uint16_t)port, target->info.id ? source : NULL, CONNECT_MS,
					 &survey->self, &HANDLER, target);
	if (target->link) {
		survey->waiting++;
		return;
	}
	snprintf(target->why, sizeof(target->why), "%s", strerror(errno));
	target->done = true;
}

static void survey_wait(struct survey *survey)
{
	struct timeval limit = {.tv_sec = 2 * CONNECT_MS / 1000};

	if (!survey->waiting)
		return;
	event_base_loopexit(survey->base, &limit);
	event_base_dispatch(survey->base);
}

/* What to do about a connection that failed, by its cause. */
static const char *connect_advice(const char *why, bool reg)
{
	if (strstr(why, "network_name"))
		return "write the same network_name in both configurations";
	if (strstr(why, "ersion"))
		return "bring both programs to versions that understand each other";
	if (strstr(why, "refused"))
		return reg ? "start mlrd there; does its port agree with `mlr HOST:PORT'?" : "start tmip-agent there; does a firewall refuse its port?";
	if (strstr(why, "nreachable") || strstr(why, "No route"))
		return "check the routes of the backbone";
	if (strstr(why, "name") || strstr(why, "nodename"))
		return "correct the name in `mlr', or the name service";
	return "is it running and reachable? does a firewall drop the port? (ping and nc -z can tell)";
}

static bool check_register(struct survey *survey)
{
	struct evaluation *e = survey->evaluation;
	struct target *reg = &survey->reg;
	char subject[300];

	snprintf(subject, sizeof(subject), "%s:%u", e->config.mlr_host, e->config.mlr_port);
	reg->survey = survey;
	target_connect(survey, reg, e->config.mlr_host, e->config.mlr_port);
	survey_wait(survey);
	if (!reg->answered)
		evaluation_add(e, "register", subject, false, connect_advice(reg->why, true), "%s", reg->why[0] ? reg->why : "no answer in time");
	else if (reg->hello.role != MLRP_ROLE_MLR)
		evaluation_add(e, "register", subject, false, "name the register in `mlr'", "this is a CN (%s), not a register", reg->hello.name);
	else
		evaluation_add(e, "register", subject, true, NULL, "%s, same network, epoch %u, round trip %.2f ms", reg->hello.name,
			       reg->hello.version.epoch, reg->round_trip_ms);
	mlrp_link_close(reg->link);
	return reg->answered && reg->hello.role == MLRP_ROLE_MLR;
}

static void check_subnets(struct evaluation *e, const struct cn_info *info)
{
	char text[ADDR_STRLEN];

	for (unsigned i = 0; i < e->config.cell_count; i++) {
		struct prefix ours = {e->cells[i].addr, e->cells[i].prefix_len};

		for (unsigned k = 0; e->cells[i].ifindex && k < info->cell_count; k++)
			if (prefix_overlaps(&ours, &info->cells[k].subnet))
				evaluation_add(e, "cell", e->config.mobile_if[i], false, "give each cell of the network a subnet of its own",
					       "its subnet overlaps %s/%u of CN %s", addr_format(&info->cells[k].subnet.addr, text),
					       info->cells[k].subnet.len, info->name);
	}
}

static void check_cn(struct evaluation *e, const struct target *cn)
{
	char text[ADDR_STRLEN];

	addr_format(&cn->info.tunnel, text);
	if (!cn->answered)
		evaluation_add(e, "CN", cn->info.name, false, connect_advice(cn->why, false), "%s:%u: %s", text, cn->info.port,
			       cn->why[0] ? cn->why : "no answer in time");
	else if (cn->hello.role != MLRP_ROLE_CN || strcmp(cn->hello.name, cn->info.name) != 0)
		evaluation_add(e, "CN", cn->info.name, false, "two CNs use one address, or the CN was renamed: `forget' it at the register",
			       "%s:%u: `%s' answers there", text, cn->info.port, cn->hello.name);
	else
		evaluation_add(e, "CN", cn->info.name, true, NULL, "%s:%u, same network, round trip %.2f ms", text, cn->info.port, cn->round_trip_ms);
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
		return "let IP protocol 4 pass between the tunnel addresses; is an agent attached to the backbone there?";
	}
}

static void check_mtu(struct evaluation *e, const struct target *cn, struct probe *probe)
{
	unsigned mtu = e->backbone.mtu > 9000 ? 9000 : e->backbone.mtu, round_trip, largest;

	if (mtu < PROBE_SIZE_MIN)
		return;
	if (probe_send(probe, mtu, PROBE_TRIES, PROBE_MS, &round_trip) == 0) {
		evaluation_add(e, "MTU", cn->info.name, true, NULL, "%u bytes get through unfragmented, both ways", mtu);
		return;
	}
	largest = probe_largest(probe, mtu - 1, PROBE_MS / 2);
	evaluation_add(e, "MTU", cn->info.name, false,
		       "give the whole backbone one MTU, or set cn_if and the other CN's to what gets through",
		       "%u bytes do not get through unfragmented, %u do", mtu, largest);
}

static void check_tunnel(struct evaluation *e, const struct target *cn)
{
	struct probe *probe = NULL;
	unsigned round_trip = 0;
	int error = probe_open(&probe, &e->tunnel, &cn->info.tunnel);

	if (!error)
		error = probe_send(probe, 128, PROBE_TRIES, PROBE_MS, &round_trip);
	if (error == -ETIMEDOUT)
		evaluation_add(e, "tunnel", cn->info.name, false, probe_advice(error), "no probe came back");
	else if (error)
		evaluation_add(e, "tunnel", cn->info.name, false, probe_advice(error), "%s",
			       error == -EPROTONOSUPPORT ? "the host answers that it takes no tunnel packets" : strerror(-error));
	else
		evaluation_add(e, "tunnel", cn->info.name, true, NULL, "4IN4, a probe came back in %.2f ms", round_trip / 1000.0);
	if (!error)
		check_mtu(e, cn, probe);
	probe_close(probe);
}

static void check_cns(struct survey *survey)
{
	struct evaluation *e = survey->evaluation;
	char text[ADDR_STRLEN];

	if (!survey->cn_count)
		evaluation_add(e, "CN", "others", true, NULL, "the register knows no other CN");
	for (unsigned i = 0; i < survey->cn_count; i++)
		target_connect(survey, &survey->cns[i], addr_format(&survey->cns[i].info.tunnel, text), survey->cns[i].info.port);
	survey_wait(survey);
	for (unsigned i = 0; i < survey->cn_count; i++) {
		check_subnets(e, &survey->cns[i].info);
		check_cn(e, &survey->cns[i]);
		mlrp_link_close(survey->cns[i].link);
		if (!addr_is_zero(&e->tunnel))
			check_tunnel(e, &survey->cns[i]);
	}
}

void evaluate_net(struct evaluation *evaluation)
{
	struct survey survey = {.evaluation = evaluation, .self.role = MLRP_ROLE_PROBE};

	log_open(NULL, false); /* the report says it all */
	log_set_level(LOG_LEVEL_ERROR);
	snprintf(survey.self.network, sizeof(survey.self.network), "%s", evaluation->config.network_name);
	snprintf(survey.self.name, sizeof(survey.self.name), "%s", evaluation->config.cn_name);
	survey.base = event_base_new();
	survey.dns = survey.base ? evdns_base_new(survey.base, EVDNS_BASE_INITIALIZE_NAMESERVERS) : NULL;
	if (!survey.base)
		evaluation_add(evaluation, "register", evaluation->config.mlr_host, false, NULL, "no memory for an event loop");
	else if (check_register(&survey))
		check_cns(&survey);
	free(survey.cns);
	if (survey.dns)
		evdns_base_free(survey.dns, 0);
	if (survey.base)
		event_base_free(survey.base);
}
