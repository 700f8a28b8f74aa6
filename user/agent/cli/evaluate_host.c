/* SPDX-License-Identifier: BSD-2-Clause */
/* The evaluation of this machine: kernel, rights, interfaces, pools, settings, port. See evaluation.h. */
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
#include "io/kernel/sysctl.h"
#include "io/process/control.h"

static void check_kernel(struct evaluation *e)
{
	unsigned major = 0, minor = 0;
	bool known = kernel_version(&major, &minor) == 0;
	bool tcx = major > 6 || (major == 6 && minor >= 6);

	evaluation_add(e, "kernel", "version", known && (major > 6 || (major == 6 && minor >= 1)), "use Linux 6.1 or later: older ones were never tried",
		       "%u.%u, programs attach by %s", major, minor, tcx ? "TCX" : "clsact");
}

static void try(struct evaluation *e, const char *subject, int error, const char *fine, const char *advice)
{
	if (error == -EPERM || error == -EACCES)
		advice = "run as root, or with CAP_BPF and CAP_NET_ADMIN";
	evaluation_add(e, "kernel", subject, error == 0, advice, "%s", error ? strerror(-error) : fine);
}

static void check_bpf(struct evaluation *e)
{
	bool pins = kernel_is_bpffs(e->config.bpf_dir);

	try(e, "BTF", kernel_try_btf(), "/sys/kernel/btf/vmlinux", "use a kernel with CONFIG_DEBUG_INFO_BTF, as the distributions build it; is /sys mounted?");
	try(e, "BPF maps", kernel_try_bpf_map(), "may be made", "use a kernel with CONFIG_BPF_SYSCALL");
	try(e, "BPF ring buffer", kernel_try_bpf_ring(), "may be made", "use Linux 5.8 or later");
	try(e, "BPF programs", kernel_try_bpf_program(), "may be loaded", "use a kernel with CONFIG_NET_CLS_BPF and CONFIG_BPF_SYSCALL");
	evaluation_add(e, "kernel", "BPF file system", pins, "mount it: mount -t bpf bpf /sys/fs/bpf",
		       "%s is %s one", e->config.bpf_dir, pins ? "below" : "not below");
}

static bool can_bind(const struct tmip_addr *addr, unsigned port, int *error)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(addr_to_ipv4(addr))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0) {
		*error = errno;
		return false;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	*error = bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(fd, 1) < 0 ? errno : 0;
	close(fd);
	return *error == 0;
}

static void check_backbone(struct evaluation *e)
{
	struct netlink_interface *bb = &e->backbone;
	char addr[ADDR_STRLEN], subject[CONFIG_IF_LEN];
	int error = netlink_get_interface(e->config.cn_if, bb), bound;

	snprintf(subject, sizeof(subject), "%s", e->config.cn_if);
	if (error || !bb->up) {
		evaluation_add(e, "backbone", subject, false, error ? "name an interface that exists: cn_if" : "switch it on: ip link set INTERFACE up",
			       "%s", error ? strerror(-error) : "the interface is down");
		bb->ifindex = 0;
		return;
	}
	e->tunnel = addr_is_zero(&e->config.tunnel_addr) ? bb->addr : e->config.tunnel_addr;
	if (addr_is_zero(&e->tunnel)) {
		evaluation_add(e, "backbone", subject, false, "give the interface an address, or name one with tunnel_addr", "it has no IPv4 address");
		return;
	}
	addr_format(&e->tunnel, addr);
	if (!can_bind(&e->tunnel, 0, &bound)) {
		evaluation_add(e, "backbone", subject, false, "correct tunnel_addr, or give this machine the address", "%s is not an address of this machine", addr);
		memset(&e->tunnel, 0, sizeof(e->tunnel));
		return;
	}
	evaluation_add(e, "backbone", subject, true, NULL, "up%s, tunnels from %s, MTU %u", bb->ethernet ? "" : " (without link headers)",
		       addr, bb->mtu);
}

static bool running_agent(const struct agent_config *config)
{
	char path[CONFIG_PATH_LEN];
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL;
	bool runs;

	agent_config_socket(config, path);
	runs = control_call(path, request, &reply, 2000) == 0;
	json_decref(request);
	json_decref(reply);
	return runs;
}

static void check_port(struct evaluation *e)
{
	char subject[16];
	int error = 0;

	if (addr_is_zero(&e->tunnel))
		return;
	snprintf(subject, sizeof(subject), "TCP %u", e->config.port);
	if (can_bind(&e->tunnel, e->config.port, &error))
		evaluation_add(e, "port", subject, true, NULL, "free");
	else if (error == EADDRINUSE && running_agent(&e->config))
		evaluation_add(e, "port", subject, true, NULL, "used by the running agent");
	else
		evaluation_add(e, "port", subject, false, "end the program that has the port (ss -tlnp), or choose another: port NUMBER", "%s", strerror(error));
}

static struct prefix subnet_of(const struct netlink_interface *interface)
{
	return (struct prefix){interface->addr, interface->prefix_len};
}

static void check_cell(struct evaluation *e, unsigned i)
{
	static const struct cell_fault down = {"the interface is down", "switch it on: ip link set INTERFACE up"};
	static const struct cell_fault overlap = {"its subnet overlaps that of another cell", "give each cell a subnet of its own"};
	struct netlink_interface *cell = &e->cells[i];
	const char *name = e->config.mobile_if[i];
	const struct cell_fault *fault = cell_check_interface(&e->config, cell, netlink_get_interface(name, cell));
	struct prefix subnet = subnet_of(cell);
	char addr[ADDR_STRLEN];

	if (!fault && !cell->up)
		fault = &down;
	for (unsigned k = 0; !fault && k < i; k++) {
		struct prefix other = subnet_of(&e->cells[k]);

		if (e->cells[k].ifindex && prefix_overlaps(&subnet, &other))
			fault = &overlap;
	}
	evaluation_add(e, "cell", name, !fault, fault ? fault->advice : NULL, "%s%s%s", fault ? fault->reason : "up, gateway ",
		       fault ? "" : addr_format(&cell->addr, addr), !fault && cell->deaf ? CELL_DEAF : "");
	if (fault)
		cell->ifindex = 0;
}

static void check_pool(struct evaluation *e, const struct netlink_interface *cell)
{
	char first[ADDR_STRLEN], last[ADDR_STRLEN];
	struct cell_info info;
	bool inside;

	if (!cell->ifindex)
		return; /* told with the cell */
	inside = cell_check_describe(&e->config, cell, &info);
	if (!addr_is_zero(&info.pool_first))
		evaluation_add(e, "pool", cell->name, inside, "correct addr_pool; `*' stands for the first or last of the subnet", "%s to %s %s the subnet",
			       addr_format(&info.pool_first, first), addr_format(&info.pool_last, last), inside ? "in" : "is not in");
}

/* Is there a process behind the socket? What it says is the agent's to ask. */
static int reach_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	error = fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

static void check_hostapd(struct evaluation *e, const struct config_hostapd *hostapd)
{
	int error = reach_socket(hostapd->socket);

	/* It may start later, and make its interface then. Whatever it is missing for, stations are served. */
	evaluation_add(e, "hostapd", hostapd->interface, !error || error == -ENOENT || error == -ECONNREFUSED,
		       "correct the path, which is a socket below hostapd's ctrl_interface", "%s: %s%s", hostapd->socket,
		       error ? strerror(-error) : "there", error == -ENOENT || error == -ECONNREFUSED ? "; not used before it is there" : "");
}

/* The agent sets these itself; what can be wrong is that it may not. */
static void check_setting(struct evaluation *e, const char *name, const char *wanted)
{
	char value[64], path[256], detail[160];
	int error = sysctl_get(name, value, sizeof(value));
	bool right = !error && strcmp(value, wanted) == 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!error && !right && access(path, W_OK) < 0)
		error = -errno;
	if (error)
		snprintf(detail, sizeof(detail), "cannot be set to %s: %s", wanted, strerror(-error));
	else
		snprintf(detail, sizeof(detail), "%s%s%s", value, right ? "" : " now; the agent sets ", right ? "" : wanted);
	evaluation_add(e, "setting", strrchr(name, '/') + 1, !error, "run as root with /proc/sys writable", "%s: %s", name, detail);
}

/*
 * Packets that the data path forwards itself pass by the rules. No failure, since rules may concern others; but whose stations are
 * translated wants to know.
 */
static void check_nat(struct evaluation *e)
{
	bool home = e->config.fastpath == AGENT_FASTPATH_HOME;
	char chain[128];
	int found = home || e->config.route_optimisation ? netfilter_find_nat(chain, sizeof(chain)) : 0;

	if (found <= 0)
		return;
	if (home)
		evaluation_add(e, "NAT", "fastpath", true, NULL, "warning: rules of %s do not see the packets of stations (fastpath home): if they are to "
			       "translate these, say fastpath away", chain);
	if (e->config.route_optimisation)
		evaluation_add(e, "NAT", "route_optimisation", true, NULL, "warning: rules of %s do not see packets between two stations once one has "
			       "roamed: if they translate these, say route_optimisation off in all CNs", chain);
}

void evaluate_host(struct evaluation *evaluation)
{
	check_kernel(evaluation);
	check_bpf(evaluation);
	check_backbone(evaluation);
	check_port(evaluation);
	for (unsigned i = 0; i < evaluation->config.cell_count; i++)
		check_cell(evaluation, i);
	for (unsigned i = 0; i < evaluation->config.cell_count; i++)
		check_pool(evaluation, &evaluation->cells[i]);
	for (unsigned i = 0; i < evaluation->config.hostapd_count; i++)
		check_hostapd(evaluation, &evaluation->config.hostapd[i]);
	check_setting(evaluation, "net/ipv4/ip_forward", "1");
	check_nat(evaluation);
}
