/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of this machine: kernel, rights, backbone, port, cells, pools, hostapds, settings,
 * rules. See evaluation.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/interface/cell_check.h"
#include "evaluation.h"
#include "io/kernel/kernel.h"
#include "io/kernel/netfilter.h"
#include "io/kernel/netlink_tunnel.h"
#include "io/kernel/sysctl.h"
#include "io/process/control.h"

#define STATUS_MS 2000 /* for the answer of a running agent */

/* ---- the kernel */

static void check_version(struct evaluation *e)
{
	const char *advice = "use Linux 6.1 or later: older ones were never tried";
	unsigned major = 0, minor = 0;
	bool known = kernel_version(&major, &minor) == 0;
	bool tcx = major > 6 || (major == 6 && minor >= 6);
	char detail[64];

	snprintf(detail, sizeof(detail), "%u.%u, programs attach by %s", major, minor,
		 tcx ? "TCX" : "clsact");
	if (known && (major > 6 || (major == 6 && minor >= 1)))
		evaluation_pass(e, "kernel", "version", "%s", detail);
	else
		evaluation_fail(e, "kernel", "version", advice, "%s", detail);
}

/* `error` is the outcome of trying it: 0 or -errno. */
static void check_feature(struct evaluation *e, const char *subject, int error, const char *detail,
			  const char *advice)
{
	if (error == -EPERM || error == -EACCES)
		advice = "run as root, or with CAP_BPF and CAP_NET_ADMIN";
	if (error)
		evaluation_fail(e, "kernel", subject, advice, "%s", strerror(-error));
	else
		evaluation_pass(e, "kernel", subject, "%s", detail);
}

static void check_bpffs(struct evaluation *e)
{
	const char *advice = "mount it: mount -t bpf bpf /sys/fs/bpf";
	const char *directory = e->config.bpf_dir;

	if (kernel_is_bpffs(directory))
		evaluation_pass(e, "kernel", "BPF file system", "%s is below one", directory);
	else
		evaluation_fail(e, "kernel", "BPF file system", advice, "%s is not below one",
				directory);
}

static void check_kernel(struct evaluation *e)
{
	check_version(e);
	check_feature(e, "BTF", kernel_try_btf(), "/sys/kernel/btf/vmlinux",
		      "use a kernel with CONFIG_DEBUG_INFO_BTF, as the distributions build it; "
		      "is /sys mounted?");
	check_feature(e, "BPF maps", kernel_try_bpf_map(), "may be made",
		      "use a kernel with CONFIG_BPF_SYSCALL");
	check_feature(e, "BPF ring buffer", kernel_try_bpf_ring(), "may be made",
		      "use Linux 5.8 or later");
	check_feature(e, "BPF programs", kernel_try_bpf_program(), "may be loaded",
		      "use a kernel with CONFIG_NET_CLS_BPF and CONFIG_BPF_SYSCALL");
	check_bpffs(e);
}

/* ---- the backbone, and the port for other CNs */

/* Can a program listen at this address and TCP port (0: any)? 0 or -errno. */
static int try_listen(const struct tmip_addr *addr, unsigned port)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(addr_to_ipv4(addr)),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, error = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(fd, 1) < 0)
		error = -errno;
	close(fd);
	return error;
}

static void find_agent(struct evaluation *e)
{
	char path[CONFIG_PATH_LEN];
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL;

	agent_config_socket(&e->config, path);
	if (control_call(path, request, &reply, STATUS_MS) == 0)
		e->agent = json_incref(json_object_get(reply, "result"));
	json_decref(request);
	json_decref(reply);
}

/* Where the running agent's tunnels end; zero: none runs. */
static struct tmip_addr agent_tunnel(const struct evaluation *e)
{
	const json_t *cn = json_object_get(e->agent, "cn");
	const char *text = json_string_value(json_object_get(cn, "tunnel"));
	struct tmip_addr tunnel;

	return text && addr_parse(text, &tunnel) == 0 ? tunnel : (struct tmip_addr){0};
}

/* False: the interface cannot be used, and the report says why. */
static bool find_backbone(struct evaluation *e)
{
	const char *name = e->config.cn_if, *advice;
	int error = netlink_get_interface(name, &e->backbone);

	if (!error && e->backbone.up)
		return true;
	advice = error ? "name an interface that exists: cn_if" :
			 "switch it on: ip link set INTERFACE up";
	evaluation_fail(e, "backbone", name, advice, "%s",
			error ? strerror(-error) : "the interface is down");
	e->backbone.ifindex = 0;
	return false;
}

/* The agent stays with an address that is still there, even if it is not the first any more. */
static void check_agent_tunnel(struct evaluation *e)
{
	const char *advice = "give the machine that address again, or one to cn_if; if the agent "
			     "does not follow, end it and start it anew";
	struct tmip_addr tunnel = agent_tunnel(e);
	char addr[ADDR_STRLEN];

	if (addr_is_zero(&tunnel))
		return;
	if (netlink_has_address(&tunnel))
		e->tunnel = tunnel;
	else
		evaluation_fail(e, "backbone", e->config.cn_if, advice, "the running agent's "
				"tunnels end at %s, which is no address of this machine",
				addr_format(&tunnel, addr));
}

static void check_tunnel_address(struct evaluation *e)
{
	const char *name = e->config.cn_if, *advice;
	char addr[ADDR_STRLEN];

	e->tunnel = e->config.tunnel_addr;
	if (addr_is_zero(&e->tunnel))
		e->tunnel = e->backbone.addr;
	check_agent_tunnel(e);
	if (addr_is_zero(&e->tunnel)) {
		advice = "give the interface an address, or name one with tunnel_addr";
		evaluation_fail(e, "backbone", name, advice, "it has no IPv4 address");
		return;
	}
	addr_format(&e->tunnel, addr);
	if (try_listen(&e->tunnel, 0) < 0) {
		advice = "correct tunnel_addr, or give this machine the address";
		evaluation_fail(e, "backbone", name, advice,
				"%s is not an address of this machine", addr);
		memset(&e->tunnel, 0, sizeof(e->tunnel));
		return;
	}
	evaluation_pass(e, "backbone", name, "up%s, tunnels from %s, MTU %u",
			e->backbone.ethernet ? "" : " (without link headers)", addr,
			e->backbone.mtu);
}

/*
 * A tunnel of others on the same address. It goes on: the programs take what CNs of the network
 * send for the network's stations, and leave the rest to the kernel.
 */
static void report_tunnel(const struct netlink_tunnel *tunnel, void *arg)
{
	struct evaluation *e = arg;
	char remote[ADDR_STRLEN] = "any host";

	if (!addr_is_zero(&tunnel->local) && !addr_equal(&tunnel->local, &e->tunnel))
		return;
	if (!addr_is_zero(&tunnel->remote))
		addr_format(&tunnel->remote, remote);
	evaluation_pass(e, "tunnels", tunnel->name,
			"not of TMip, to %s: it goes on, except between addresses of the network",
			remote);
}

static void check_port(struct evaluation *e)
{
	const char *advice = "end the program that has the port (ss -tlnp), "
			     "or choose another: port NUMBER";
	char subject[16];
	int error;

	if (addr_is_zero(&e->tunnel))
		return;
	snprintf(subject, sizeof(subject), "TCP %u", e->config.port);
	error = try_listen(&e->tunnel, e->config.port);
	if (!error)
		evaluation_pass(e, "port", subject, "free");
	else if (error == -EADDRINUSE && e->agent)
		evaluation_pass(e, "port", subject, "used by the running agent");
	else
		evaluation_fail(e, "port", subject, advice, "%s", strerror(-error));
}

/* ---- cells and their pools */

static struct prefix subnet_of(const struct netlink_interface *interface)
{
	return (struct prefix){interface->addr, interface->prefix_len};
}

static bool overlaps_earlier_cell(const struct evaluation *e, unsigned i)
{
	struct prefix subnet = subnet_of(&e->cells[i]);

	for (unsigned k = 0; k < i; k++) {
		struct prefix other = subnet_of(&e->cells[k]);

		if (e->cells[k].ifindex && prefix_overlaps(&subnet, &other))
			return true;
	}
	return false;
}

static const struct cell_fault *find_cell_fault(struct evaluation *e, unsigned i)
{
	static const struct cell_fault down = {
		.reason = "the interface is down",
		.advice = "switch it on: ip link set INTERFACE up",
	};
	static const struct cell_fault overlap = {
		.reason = "its subnet overlaps that of another cell",
		.advice = "give each cell a subnet of its own",
	};
	struct netlink_interface *cell = &e->cells[i];
	int error = netlink_get_interface(e->config.mobile_if[i], cell);
	const struct cell_fault *fault = cell_check_interface(&e->config, cell, error);

	if (fault)
		return fault;
	if (!cell->up)
		return &down;
	return overlaps_earlier_cell(e, i) ? &overlap : NULL;
}

static void check_cell(struct evaluation *e, unsigned i)
{
	const struct cell_fault *fault = find_cell_fault(e, i);
	struct netlink_interface *cell = &e->cells[i];
	const char *name = e->config.mobile_if[i];
	char addr[ADDR_STRLEN];

	if (fault) {
		evaluation_fail(e, "cell", name, fault->advice, "%s", fault->reason);
		cell->ifindex = 0;
		return;
	}
	evaluation_pass(e, "cell", name, "up, gateway %s%s", addr_format(&cell->addr, addr),
			cell->deaf ? CELL_DEAF : "");
}

/* Skips a cell without a pool, and an interface that check_cell() has reported as no cell. */
static void check_pool(struct evaluation *e, const struct netlink_interface *cell)
{
	const char *advice = "correct addr_pool; `*' stands for the first or last of the subnet";
	char from[ADDR_STRLEN], to[ADDR_STRLEN];
	struct cell_info info;
	bool inside;

	if (!cell->ifindex)
		return;
	inside = cell_check_describe(&e->config, cell->name, cell, &info);
	if (addr_is_zero(&info.pool_first))
		return;
	addr_format(&info.pool_first, from);
	addr_format(&info.pool_last, to);
	if (inside)
		evaluation_pass(e, "pool", cell->name, "%s to %s in the subnet", from, to);
	else
		evaluation_fail(e, "pool", cell->name, advice, "%s to %s is not in the subnet",
				from, to);
}

/* ---- hostapds, settings and rules */

/* Does a process have the socket? Only the agent talks to it. 0 or -errno. */
static int try_connect(const char *path)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	snprintf(there.sun_path, sizeof(there.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* A missing hostapd is no failure: it may start later, and the agent serves stations without it. */
static void check_hostapd(struct evaluation *e, const struct config_hostapd *hostapd)
{
	const char *advice = "correct the path, which is a socket below hostapd's ctrl_interface";
	const char *name = hostapd->interface, *path = hostapd->socket;
	int error = try_connect(path);

	if (!error)
		evaluation_pass(e, "hostapd", name, "%s: there", path);
	else if (error == -ENOENT || error == -ECONNREFUSED)
		evaluation_pass(e, "hostapd", name, "%s: %s; not used before it is there", path,
				strerror(-error));
	else
		evaluation_fail(e, "hostapd", name, advice, "%s: %s", path, strerror(-error));
}

/* The agent sets these itself: the check fails only if the agent could not. */
static void check_setting(struct evaluation *e, const char *name, const char *wanted)
{
	const char *advice = "run as root with /proc/sys writable";
	const char *subject = strrchr(name, '/') + 1;
	char value[64], path[256];
	int error = sysctl_get(name, value, sizeof(value));
	bool right = !error && strcmp(value, wanted) == 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!error && !right && access(path, W_OK) < 0)
		error = -errno;
	if (error)
		evaluation_fail(e, "setting", subject, advice, "%s: cannot be set to %s: %s", name,
				wanted, strerror(-error));
	else if (right)
		evaluation_pass(e, "setting", subject, "%s: %s", name, value);
	else
		evaluation_pass(e, "setting", subject, "%s: %s now; the agent sets %s", name, value,
				wanted);
}

/*
 * Packets that the data path forwards itself bypass the rules of netfilter. The check passes, since
 * the rules may be meant for other hosts; but the operator may want them for stations.
 */
static void check_nat(struct evaluation *e)
{
	bool home = e->config.fastpath == AGENT_FASTPATH_HOME;
	char chain[128];

	if (!home && !e->config.route_optimisation)
		return;
	if (netfilter_find_nat(chain, sizeof(chain)) <= 0)
		return;
	if (home)
		evaluation_pass(e, "NAT", "fastpath",
				"warning: rules of %s do not see the packets of stations (fastpath "
				"home): if they are to translate these, say fastpath away", chain);
	if (e->config.route_optimisation)
		evaluation_pass(e, "NAT", "route_optimisation",
				"warning: rules of %s do not see packets between two stations once "
				"one has roamed: if they translate these, say route_optimisation "
				"off in all CNs", chain);
}

void evaluate_host(struct evaluation *evaluation)
{
	const struct agent_config *config = &evaluation->config;

	find_agent(evaluation);
	check_kernel(evaluation);
	if (find_backbone(evaluation))
		check_tunnel_address(evaluation);
	if (!addr_is_zero(&evaluation->tunnel))
		netlink_each_tunnel(report_tunnel, evaluation);
	check_port(evaluation);
	for (unsigned i = 0; i < config->cell_count; i++)
		check_cell(evaluation, i);
	for (unsigned i = 0; i < config->cell_count; i++)
		check_pool(evaluation, &evaluation->cells[i]);
	for (unsigned i = 0; i < config->hostapd_count; i++)
		check_hostapd(evaluation, &config->hostapd[i]);
	check_setting(evaluation, "net/ipv4/ip_forward", "1");
	check_nat(evaluation);
}
