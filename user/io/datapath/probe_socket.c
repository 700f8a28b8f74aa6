/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnel probes over a raw socket. See probe_socket.h. This file writes both headers of a probe:
 * with IP_PMTUDISC_INTERFACE, which keeps ICMP away from the kernel's routes, the kernel would not
 * set DF.
 */
#include "probe_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tmip/event.h>

#include "core/base/checksum.h"

#define SIZE_MAX_BYTES 65535 /* of an IPv4 packet */
#define SENT 1024            /* the last probes, which an answer or ICMP may be about */
#define BUFFER (8 << 20)     /* bytes for answers that are not read yet */
#define TRIES 3              /* a call fails with the error of an earlier packet, once for each */

struct mark {
	uint8_t kind;    /* TMIP_PROBE_REQUEST or TMIP_PROBE_REPLY */
	uint8_t pad[3];
	uint32_t number; /* of the probe */
	uint64_t secret; /* random, one for each socket */
};

struct packet {
	struct iphdr outer, inner;
	struct udphdr udp;
	struct mark mark;
} __attribute__((packed));

/* What a router quotes at least: the header, and 8 bytes (RFC 792). */
#define QUOTE_MIN (sizeof(struct iphdr) + 8)

struct sent {
	struct in_addr remote;
	unsigned size;
	uint32_t number;
};

struct probe_socket {
	int fd;
	struct in_addr local;
	uint64_t secret;
	uint32_t number;
	struct sent sent[SENT];
	uint8_t bytes[SIZE_MAX_BYTES];
};

/* ---- life */

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, IPPROTO_IP, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

#define BYTE(offset, value, left) \
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset), BPF_JUMP(BPF_JMP | BPF_JEQ, value, 0, left)

/* Nothing but answers to probes: the host may have tunnels of its own. */
static int set_filter(int fd)
{
	static struct sock_filter code[] = {
		BYTE(0, 0x45, 9),
		BYTE(sizeof(struct iphdr), 0x45, 7),
		BYTE(sizeof(struct iphdr) + offsetof(struct iphdr, protocol), IPPROTO_UDP, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct packet, udp) + offsetof(struct udphdr, dest)),
		BPF_JUMP(BPF_JMP | BPF_JEQ, TMIP_PROBE_PORT, 0, 3),
		BYTE(offsetof(struct packet, mark.kind), TMIP_PROBE_REPLY, 1),
		BPF_STMT(BPF_RET | BPF_K, SIZE_MAX_BYTES),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		       -errno : 0;
}

/* Without the room, some answers get lost, and their probes are sent again. */
static void make_room(int fd)
{
	int bytes = BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int prepare(struct probe_socket *socket)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = socket->local};
	int error = set_filter(socket->fd);

	make_room(socket->fd);

	if (!error)
		error = set_option(socket->fd, IP_HDRINCL, 1);
	if (!error)
		error = set_option(socket->fd, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE);
	if (!error)
		error = set_option(socket->fd, IP_RECVERR, 1);
	if (!error && bind(socket->fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		error = -errno;
	if (!error && getrandom(&socket->secret, sizeof(socket->secret), 0) !=
			      sizeof(socket->secret))
		error = -EIO;
	socket->number = (uint32_t)(socket->secret >> 32);
	return error;
}

int probe_socket_open(struct probe_socket **out, const struct tmip_addr *local)
{
	struct probe_socket *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return -ENOMEM;
	new->local.s_addr = htonl(addr_to_ipv4(local));
	new->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_IPIP);
	error = new->fd < 0 ? -errno : prepare(new);
	if (error)
		probe_socket_close(new);
	else
		*out = new;
	return error;
}

void probe_socket_close(struct probe_socket *socket)
{
	if (!socket)
		return;
	if (socket->fd >= 0)
		close(socket->fd);
	free(socket);
}

int probe_socket_fd(const struct probe_socket *socket)
{
	return socket->fd;
}

/* ---- a probe */

/* Unpredictable for who sees no probe; in the part of the packet that every router quotes. */
static uint16_t key_of(const struct probe_socket *socket, uint32_t number)
{
	uint64_t mixed = (socket->secret ^ number) * 0x9e3779b97f4a7c15u;

	return (uint16_t)((mixed ^ socket->secret) >> 40);
}

static const struct sent *note_sent(struct probe_socket *socket, struct in_addr remote,
				    unsigned size)
{
	struct sent *sent;

	do
		socket->number++;
	while (!(uint16_t)socket->number); /* the kernel would choose another identification */
	sent = &socket->sent[socket->number % SENT];
	*sent = (struct sent){.remote = remote, .size = size, .number = socket->number};
	return sent;
}

static void fill(struct probe_socket *socket, const struct sent *sent)
{
	struct packet *packet = (struct packet *)socket->bytes;
	struct iphdr header = {.version = 4, .ihl = 5, .frag_off = htons(IP_DF), .ttl = 64,
			       .saddr = socket->local.s_addr, .daddr = sent->remote.s_addr};
	unsigned len = sent->size - (unsigned)sizeof(header);

	memset(socket->bytes, 0, sent->size);
	packet->outer = packet->inner = header;
	packet->outer.protocol = IPPROTO_IPIP;
	packet->outer.tot_len = htons((uint16_t)sent->size);
	packet->outer.id = htons((uint16_t)sent->number);
	packet->inner.protocol = IPPROTO_UDP;
	packet->inner.tot_len = htons((uint16_t)len);
	packet->inner.id = htons(key_of(socket, sent->number));
	header = packet->inner;
	header.check = htons(checksum_compute(&header, sizeof(header), 0));
	packet->inner = header;
	packet->udp.source = packet->udp.dest = htons(TMIP_PROBE_PORT);
	packet->udp.len = htons((uint16_t)(len - sizeof(header)));
	packet->mark = (struct mark){.kind = TMIP_PROBE_REQUEST, .number = sent->number,
				     .secret = socket->secret};
}

static struct in_addr in_addr_of(const struct tmip_addr *addr)
{
	return (struct in_addr){htonl(addr_to_ipv4(addr))};
}

static int transmit(struct probe_socket *socket, const struct sent *sent)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr = sent->remote};
	int error = -EINVAL;

	for (int i = 0; error && i < TRIES; i++)
		error = sendto(socket->fd, socket->bytes, sent->size, 0,
			       (struct sockaddr *)&there, sizeof(there)) < 0 ? -errno : 0;
	return error;
}

int probe_socket_send(struct probe_socket *socket, const struct tmip_addr *remote, unsigned size)
{
	const struct sent *sent;

	if (size < PROBE_SIZE_MIN || size > SIZE_MAX_BYTES)
		return -EINVAL;
	sent = note_sent(socket, in_addr_of(remote), size);
	fill(socket, sent);
	return transmit(socket, sent);
}

_Static_assert(offsetof(struct tmip_probe_station, addr) == sizeof(struct mark),
	       "a probe about a station begins as any probe");

int probe_socket_ask(struct probe_socket *socket, const struct tmip_addr *remote, uint8_t kind,
		     const struct tmip_addr *station, uint32_t *number)
{
	struct packet *packet = (struct packet *)socket->bytes;
	const struct sent *sent = note_sent(socket, in_addr_of(remote),
					    sizeof(*packet) + sizeof(*station));

	fill(socket, sent);
	packet->mark.kind = kind;
	memcpy(packet + 1, station, sizeof(*station));
	*number = sent->number;
	return transmit(socket, sent);
}

/* ---- news */

static void fill_remote(struct probe_news *news, in_addr_t remote)
{
	news->remote = addr_from_ipv4(ntohl(remote));
}

static bool read_answer(const struct probe_socket *socket, size_t len, struct probe_news *news)
{
	const struct sent *sent;
	struct packet packet;

	if (len < sizeof(packet))
		return false;
	memcpy(&packet, socket->bytes, sizeof(packet));
	sent = &socket->sent[packet.mark.number % SENT];
	if (packet.mark.secret != socket->secret || packet.mark.number != sent->number ||
	    packet.outer.saddr != sent->remote.s_addr || len != sent->size)
		return false;
	*news = (struct probe_news){.type = PROBE_BACK, .size = sent->size,
				    .number = sent->number};
	fill_remote(news, packet.outer.saddr);
	return true;
}

/* Is the quote one of our last probes? */
static bool is_probe(const struct probe_socket *socket, const struct packet *quote, size_t len)
{
	const struct sent *sent = NULL;
	uint16_t id = ntohs(quote->outer.id);

	for (unsigned i = 0; !sent && i < SENT; i++)
		if (socket->sent[i].size && (uint16_t)socket->sent[i].number == id)
			sent = &socket->sent[i];
	if (!sent || sent->remote.s_addr != quote->outer.daddr ||
	    sent->size != ntohs(quote->outer.tot_len) ||
	    ntohs(quote->inner.id) != key_of(socket, sent->number))
		return false;
	return len < sizeof(*quote) || (quote->mark.number == sent->number &&
					quote->mark.secret == socket->secret);
}

static bool read_icmp(const struct probe_socket *socket, const struct sock_extended_err *said,
		      size_t len, struct probe_news *news)
{
	struct packet quote = {0};

	if (len < QUOTE_MIN)
		return false;
	memcpy(&quote, socket->bytes, len < sizeof(quote) ? len : sizeof(quote));
	if (quote.outer.ihl != 5 || quote.outer.saddr != socket->local.s_addr)
		return false;
	*news = (struct probe_news){.type = PROBE_FAILED, .size = ntohs(quote.outer.tot_len),
				    .error = -(int)said->ee_errno};
	fill_remote(news, quote.outer.daddr);
	if (said->ee_type != ICMP_DEST_UNREACH)
		return true;
	if (said->ee_code == ICMP_PROT_UNREACH)
		news->error = -EPROTONOSUPPORT;
	if (said->ee_code != ICMP_FRAG_NEEDED)
		return true;
	news->type = PROBE_TOO_BIG;
	news->mtu = said->ee_info;
	news->proved = is_probe(socket, &quote, len);
	return true;
}

/* Reads one ICMP error, or what the kernel itself says. -EAGAIN: none waits. */
static int read_error(struct probe_socket *socket, struct sock_extended_err *said, size_t *len)
{
	uint8_t control[512];
	struct iovec iov = {socket->bytes, sizeof(socket->bytes)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(socket->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	*len = (size_t)n;
	memset(said, 0, sizeof(*said));
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
	     part = CMSG_NXTHDR(&message, part))
		if (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR)
			memcpy(said, CMSG_DATA(part), sizeof(*said));
	return 0;
}

bool probe_socket_read(struct probe_socket *socket, struct probe_news *news)
{
	struct sock_extended_err said;
	ssize_t n;
	size_t len;

	while (read_error(socket, &said, &len) == 0)
		if (said.ee_origin == SO_EE_ORIGIN_ICMP && read_icmp(socket, &said, len, news))
			return true;
	for (int failed = 0; failed < TRIES;) {
		n = recv(socket->fd, socket->bytes, sizeof(socket->bytes), MSG_DONTWAIT);
		if (n >= 0 && read_answer(socket, (size_t)n, news))
			return true;
		if (n < 0 && errno == EAGAIN)
			return false;
		failed += n < 0;
	}
	return false;
}
