/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of this machine: kernel, rights, running agent, backbone, port, settings. See
 * evaluation.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/interface/settings.h"
#include "evaluation.h"
#include "io/datapath/datapath.h"
#include "io/kernel/kernel.h"
#include "io/kernel/netlink_tunnel.h"
#include "io/kernel/sysctl.h"
#include "io/process/control.h"
#include "io/process/usable.h"

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
	int error;

	if (!kernel_is_bpffs(directory))
		evaluation_fail(e, "kernel", "BPF file system", advice, "%s is not below one",
				directory);
	else if ((error = usable_dir(directory)))
		evaluation_fail(e, "kernel", "BPF file system", "correct bpf_dir", "%s: %s",
				directory, strerror(-error));
	else
		evaluation_pass(e, "kernel", "BPF file system", "%s is below one", directory);
}

/* The programs and maps themselves: the former ones may be of another version or size. */
static void check_datapath(struct evaluation *e)
{
	const struct agent_config *config = &e->config;
	char dir[CONFIG_PATH_LEN + NAME_LEN], why[DATAPATH_WHY];
	const struct datapath_options options = {
		.dir = dir, .stations_max = config->stations_max, .peers_max = config->peers_max,
		.seen_max = config->seen_max,
	};
	int error;

	agent_config_pin_dir(config, dir);
	error = datapath_try(&options, why);
	if (error)
		evaluation_fail(e, "kernel", "data path", error == -EPERM || error == -EACCES ?
				"run as root, or with CAP_BPF and CAP_NET_ADMIN" :
				"do as it says; the kernel's log (dmesg) may say more", "%s", why);
	else
		evaluation_pass(e, "kernel", "data path", "all programs load");
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
	check_datapath(e);
}

/* ---- the running agent */

static bool is_text(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && strcmp(value, text) == 0;
}

/* The agent of this configuration, if it runs. */
static void find_agent(struct evaluation *e)
{
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL, *result;
	char path[CONFIG_PATH_LEN];

	agent_config_socket(&e->config, path);
	control_call(path, request, &reply, STATUS_MS);
	result = json_object_get(reply, "result");
	if (is_text(result, "network", e->config.network_name))
		e->agent = json_incref(result);
	json_decref(request);
	json_decref(reply);
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
	addr_format(&tunnel, addr);
	if (!netlink_has_address(&tunnel))
		evaluation_fail(e, "backbone", e->config.cn_if, advice, "the running agent's "
				"tunnels end at %s, which is no address of this machine", addr);
	else if (addr_is_zero(&e->config.tunnel_addr))
		e->tunnel = tunnel;
	else if (!addr_equal(&tunnel, &e->tunnel))
		evaluation_warn(e, "agent", e->config.network_name, "the running agent's tunnels "
				"end at %s: tunnel_addr counts when it is started anew", addr);
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
	if (!e->backbone.carrier) {
		advice = "check its cable, or what it lies on";
		evaluation_fail(e, "backbone", name, advice, "up, but it has no carrier");
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

/* ---- settings */

/*
 * The agent sets these itself: the check fails only if the agent could not. Of those that are right
 * or can be set, the report has only the one that people know.
 */
static int check_setting(const char *name, const char *wanted, void *arg)
{
	const char *advice = "run as root with /proc/sys writable";
	const char *subject = strrchr(name, '/') + 1;
	struct evaluation *e = arg;
	char value[64], path[256];
	int error = sysctl_get(name, value, sizeof(value));
	bool right = !error && strcmp(value, wanted) == 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!error && !right && access(path, W_OK) < 0)
		error = -errno;
	if (error == -ENOENT && !e->backbone.ifindex)
		return 0; /* of the backbone, which the report has named */
	if (error)
		evaluation_fail(e, "setting", subject, advice, "%s: cannot be set to %s: %s", name,
				wanted, strerror(-error));
	else if (strcmp(subject, "ip_forward") == 0 && right)
		evaluation_pass(e, "setting", subject, "%s: %s", name, value);
	else if (strcmp(subject, "ip_forward") == 0)
		evaluation_pass(e, "setting", subject, "%s: %s now; the agent sets %s", name,
				value, wanted);
	return 0;
}

static void check_settings(struct evaluation *e)
{
	settings_each_of_machine(&e->config, check_setting, e);
	for (unsigned i = 0; i < e->config.cell_count; i++)
		if (e->cells[i].ifindex)
			settings_each_of_cell(e->cells[i].name, check_setting, e);
}

void evaluate_host(struct evaluation *evaluation)
{
	check_kernel(evaluation);
	find_agent(evaluation);
	if (find_backbone(evaluation))
		check_tunnel_address(evaluation);
	if (!addr_is_zero(&evaluation->tunnel))
		netlink_each_tunnel(report_tunnel, evaluation);
	check_port(evaluation);
	evaluate_cells(evaluation);
	evaluate_paths(evaluation);
	check_settings(evaluation);
	evaluate_rules(evaluation);
}
