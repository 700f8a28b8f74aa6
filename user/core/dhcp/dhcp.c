/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP codec. See dhcp.h. */
#include "dhcp.h"

#include <errno.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/checksum.h"

/* Bytes of the headers. */
#define ETH 14
#define IP_MIN 20
#define UDP 8

/* Bytes of the message (RFC 2131, 2): offsets of `sname` and `file`, length of the fixed part. */
#define SERVER_NAME 44
#define FILE_NAME 108
#define BOOTP 236
#define OPTIONS (BOOTP + 4) /* behind the magic cookie */
#define REPLY_MIN 300       /* BOOTP clients expect as much (RFC 1542, 2.1) */
#define COOKIE 0x63825363u  /* RFC 2131, 3 */

enum { /* RFC 2132 */
	OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_HOST_NAME = 12, OPT_DOMAIN = 15,
	OPT_BROADCAST = 28, OPT_REQUESTED = 50, OPT_LEASE = 51, OPT_OVERLOAD = 52, OPT_TYPE = 53,
	OPT_SERVER = 54, OPT_T1 = 58, OPT_T2 = 59, OPT_CLIENT_ID = 61, OPT_END = 255,
};

static int fail(struct dhcp_fault *fault, const char *what, unsigned option, size_t offset)
{
	if (fault)
		*fault = (struct dhcp_fault){what, option, offset};
	return -EPROTO;
}

const char *dhcp_type_name(uint8_t type)
{
	static const char *const names[] = {"?", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK",
					    "NAK", "RELEASE", "INFORM"};

	return names[type <= DHCP_INFORM ? type : 0];
}

/* ---- decoding */

static bool parse_addr(const uint8_t *value, size_t len, uint32_t *out)
{
	*out = len == 4 ? bytes_get(value, 4) : 0;
	return len == 4;
}

/* The options that the server reads. The decoder joins the parts of each in order (RFC 3396, 7). */
static const uint8_t KNOWN[] = {OPT_TYPE, OPT_OVERLOAD, OPT_REQUESTED, OPT_SERVER, OPT_LEASE,
				OPT_CLIENT_ID, OPT_HOST_NAME};
#define KNOWN_COUNT (sizeof(KNOWN) / sizeof(KNOWN[0]))

struct options {
	struct joined {
		bool present;
		size_t len;          /* bytes of the whole option; `value` has the first ones */
		size_t offset;       /* of the first part in the frame, for faults */
		uint8_t value[255];
	} joined[KNOWN_COUNT];
};

static void join(struct options *options, unsigned option, const uint8_t *value, size_t len,
		 size_t offset)
{
	size_t i = 0, room;

	while (i < KNOWN_COUNT && KNOWN[i] != option)
		i++;
	if (i == KNOWN_COUNT)
		return;
	struct joined *to = &options->joined[i];

	if (!to->present)
		to->offset = offset;
	to->present = true;
	if (to->len < sizeof(to->value)) {
		room = sizeof(to->value) - to->len;
		memcpy(to->value + to->len, value, len < room ? len : room);
	}
	to->len += len;
}

/* For logs and listings only. A '?' replaces each byte that could control a terminal. */
static void parse_host_name(struct dhcp_request *out, const uint8_t *value, size_t len)
{
	for (size_t i = 0; i < len && i < NAME_LEN - 1 && value[i]; i++) /* NAME_LEN < 255 */
		out->host_name[i] = value[i] > ' ' && value[i] < 0x7f ? (char)value[i] : '?';
}

/*
 * Writes one option into the request. False: its length is wrong, and the server cannot do without
 * its value. Other options count as not there then.
 */
static bool parse_option(struct dhcp_request *out, unsigned option, const uint8_t *value,
			 size_t len)
{
	switch (option) {
	case OPT_TYPE:
		out->type = len == 1 ? value[0] : 0;
		return len == 1;
	case OPT_REQUESTED:
		return parse_addr(value, len, &out->requested);
	case OPT_SERVER:
		return parse_addr(value, len, &out->server);
	case OPT_LEASE:
		parse_addr(value, len, &out->lease); /* a wish: as if it were not there */
		return true;
	case OPT_CLIENT_ID:
		if (len < 2 || len > sizeof(out->client_id)) /* RFC 2132, 9.14; cannot be echoed */
			return true;
		out->client_id_len = (uint8_t)len;
		memcpy(out->client_id, value, len);
		return true;
	case OPT_HOST_NAME:
		parse_host_name(out, value, len);
		return true;
	default:
		return true;
	}
}

/* Joins the options from `at` to `end`. Every turn of the loop advances. */
static int walk(const uint8_t *frame, size_t at, size_t end, struct options *options,
		struct dhcp_fault *fault)
{
	while (at < end && frame[at] != OPT_END) {
		unsigned option = frame[at];
		size_t len;

		if (option == OPT_PAD) {
			at++;
			continue;
		}
		if (at + 2 > end)
			return fail(fault, "option is cut short", option, at);
		len = frame[at + 1];
		if (len > end - at - 2)
			return fail(fault, "option is longer than the message", option, at);
		join(options, option, frame + at + 2, len, at);
		at += 2 + len;
	}
	return 0;
}

/*
 * Parses the options of the message at `at`: those behind the cookie, then those in `file`, then
 * those in `sname` (RFC 2131, 4.1).
 */
static int parse_options(const uint8_t *frame, size_t at, size_t len, struct dhcp_request *out,
			 struct dhcp_fault *fault)
{
	struct options options = {0};
	const struct joined *overload = &options.joined[1];
	int error = walk(frame, at + OPTIONS, at + len, &options, fault);
	uint8_t where = overload->len == 1 && overload->value[0] <= 3 ? overload->value[0] : 0;

	if (!error && where & 1) /* RFC 2132, 9.3 */
		error = walk(frame, at + FILE_NAME, at + BOOTP, &options, fault);
	if (!error && where & 2)
		error = walk(frame, at + SERVER_NAME, at + FILE_NAME, &options, fault);
	for (size_t i = 0; !error && i < KNOWN_COUNT; i++) {
		const struct joined *one = &options.joined[i];
		if (one->present && !parse_option(out, KNOWN[i], one->value, one->len))
			error = fail(fault, "option of wrong length or value", KNOWN[i],
				     one->offset);
	}
	return error;
}

/* Finds the BOOTP message in the frame. Sets *at to its offset and *len to its length. */
static int unwrap(const uint8_t *frame, size_t frame_len, struct dhcp_request *out, size_t *at,
		  size_t *len, struct dhcp_fault *fault)
{
	size_t ip_len, total;

	if (frame_len < ETH + IP_MIN + UDP || bytes_get(frame + 12, 2) != 0x0800 ||
	    frame[ETH] >> 4 != 4)
		return fail(fault, "not an IPv4 packet", 0, 0);
	ip_len = (frame[ETH] & 15) * 4u;
	total = bytes_get(frame + ETH + 2, 2);
	if (ip_len < IP_MIN || total < ip_len + UDP || total > frame_len - ETH)
		return fail(fault, "IPv4 length is wrong", 0, ETH);
	if (frame[ETH + 9] != 17 || bytes_get(frame + ETH + 6, 2) & 0x3fff)
		return fail(fault, "not a whole UDP datagram", 0, ETH + 6);
	*at = ETH + ip_len;
	*len = bytes_get(frame + *at + 4, 2);
	if (*len < UDP || *len > total - ip_len)
		return fail(fault, "UDP length is wrong", 0, *at + 4);
	if (bytes_get(frame + *at + 2, 2) != DHCP_SERVER_PORT)
		return fail(fault, "not to the server's port", 0, *at + 2);
	memcpy(&out->from, frame + 6, sizeof(out->from));
	out->source = bytes_get(frame + ETH + 12, 4);
	out->target = bytes_get(frame + ETH + 16, 4);
	*at += UDP;
	*len -= UDP;
	return 0;
}

int dhcp_decode(const uint8_t *frame, size_t frame_len, struct dhcp_request *out,
		struct dhcp_fault *fault)
{
	const uint8_t *m;
	size_t at, len;
	int error;

	memset(out, 0, sizeof(*out));
	error = unwrap(frame, frame_len, out, &at, &len, fault);
	if (error)
		return error;
	m = frame + at;
	if (len < OPTIONS || bytes_get(m + BOOTP, 4) != COOKIE)
		return fail(fault, "no DHCP message", 0, at);
	if (m[0] != 1 || m[1] != 1 || m[2] != 6)
		return fail(fault, "not a request of an Ethernet client", 0, at);
	out->xid = bytes_get(m + 4, 4);
	out->secs = bytes_get(m + 8, 2);
	out->flags = bytes_get(m + 10, 2);
	out->ciaddr = bytes_get(m + 12, 4);
	out->giaddr = bytes_get(m + 24, 4);
	memcpy(&out->mac, m + 28, sizeof(out->mac));
	error = parse_options(frame, at, len, out, fault);
	if (error)
		return error;
	if (out->type < DHCP_DISCOVER || out->type > DHCP_INFORM)
		return fail(fault, "no DHCP message type", OPT_TYPE, at + OPTIONS);
	return 0;
}

void dhcp_owner(const struct dhcp_request *request, struct owner *out)
{
	const uint8_t *id = request->client_id;
	uint8_t len = request->client_id_len;

	if (request->identity.len)
		owner_set(out, request->identity.id, request->identity.len);
	else
		owner_set(out, id, identity_is(id, len) ? 0 : len);
	if (request->twin && out->len)
		owner_make_twin(out, out, &request->mac);
}

/* ---- encoding */

static uint8_t *put_option(uint8_t *to, unsigned option, uint32_t value)
{
	*to++ = option;
	*to++ = 4;
	return bytes_put(to, value, 4);
}

static uint8_t *put_bytes(uint8_t *to, unsigned option, const void *bytes, size_t len)
{
	*to++ = option;
	*to++ = len;
	memcpy(to, bytes, len);
	return to + len;
}

static uint8_t *put_cell(uint8_t *to, const struct cell_info *cell)
{
	uint32_t mask = prefix_mask(cell->subnet.len), gateway = addr_to_ipv4(&cell->gateway);

	to = put_option(to, OPT_MASK, mask);
	to = put_option(to, OPT_BROADCAST, gateway | ~mask);
	to = put_option(to, OPT_ROUTER, gateway);
	if (cell->dns_count) {
		*to++ = OPT_DNS;
		*to++ = cell->dns_count * 4;
		for (int i = 0; i < cell->dns_count; i++)
			to = bytes_put(to, addr_to_ipv4(&cell->dns[i]), 4);
	}
	return to;
}

static uint8_t *put_options(uint8_t *to, const struct dhcp_request *request,
			    const struct dhcp_reply *reply)
{
	*to++ = OPT_TYPE;
	*to++ = 1;
	*to++ = reply->type;
	to = put_option(to, OPT_SERVER, reply->server);
	if (reply->lease) {
		to = put_option(to, OPT_LEASE, reply->lease);
		/* RFC 2131, 4.4.5 */
		to = put_option(to, OPT_T1, reply->lease / 2);
		to = put_option(to, OPT_T2, (uint32_t)((uint64_t)reply->lease * 7 / 8));
	}
	if (reply->cell)
		to = put_cell(to, reply->cell);
	if (reply->cell && reply->domain_name && *reply->domain_name &&
	    strlen(reply->domain_name) <= 255)
		to = put_bytes(to, OPT_DOMAIN, reply->domain_name, strlen(reply->domain_name));
	if (request->client_id_len) /* RFC 6842 */
		to = put_bytes(to, OPT_CLIENT_ID, request->client_id, request->client_id_len);
	*to++ = OPT_END;
	return to;
}

/* Sets the addresses that the reply goes to (RFC 2131, 4.1). */
static void destination(const struct dhcp_request *request, const struct dhcp_reply *reply,
			uint32_t *ip, uint8_t mac[6])
{
	if (reply->type == DHCP_NAK)
		*ip = 0xffffffff;
	else if (request->ciaddr)
		*ip = request->ciaddr;
	else if (!reply->yiaddr) /* INFORM without ciaddr */
		*ip = request->source ? request->source : 0xffffffff;
	else
		*ip = request->flags & DHCP_BROADCAST ? 0xffffffff : reply->yiaddr;
	if (*ip == 0xffffffff)
		memset(mac, 0xff, 6);
	else
		memcpy(mac, &request->mac, 6);
}

/* The sum of the words of a UDP pseudo header (RFC 768). */
static uint32_t pseudo_header(uint32_t source, uint32_t target, size_t udp_len)
{
	return (source >> 16) + (source & 0xffff) + (target >> 16) + (target & 0xffff) + 17 +
	       (uint32_t)udp_len;
}

static void wrap(uint8_t *frame, size_t dhcp_len, uint32_t source, uint32_t target)
{
	uint8_t *ip = frame + ETH, *udp = ip + IP_MIN;
	size_t udp_len = UDP + dhcp_len;
	uint16_t sum;

	bytes_put(frame + 12, 0x0800, 2);
	ip[0] = 0x45;
	ip[1] = 0xc0; /* precedence "internetwork control" (RFC 791, 3.1) */
	bytes_put(ip + 2, IP_MIN + udp_len, 2);
	ip[8] = 64;
	ip[9] = 17;
	bytes_put(ip + 12, source, 4);
	bytes_put(ip + 16, target, 4);
	bytes_put(ip + 10, checksum_compute(ip, IP_MIN, 0), 2);
	bytes_put(udp, DHCP_SERVER_PORT, 2);
	bytes_put(udp + 2, DHCP_CLIENT_PORT, 2);
	bytes_put(udp + 4, udp_len, 2);
	sum = checksum_compute(udp, udp_len, pseudo_header(source, target, udp_len));
	bytes_put(udp + 6, sum ? sum : 0xffff, 2);
}

long dhcp_encode(const struct dhcp_request *request, const struct dhcp_reply *reply, uint8_t *frame,
		 size_t capacity)
{
	uint8_t *m = frame + ETH + IP_MIN + UDP, *end;
	uint32_t target;
	size_t len;

	if (capacity < DHCP_FRAME_MAX)
		return -ENOSPC;
	if (request->giaddr)
		return -EINVAL;
	memset(frame, 0, DHCP_FRAME_MAX);
	destination(request, reply, &target, frame);
	memcpy(frame + 6, &reply->from, 6);
	m[0] = 2; /* BOOTREPLY */
	m[1] = 1;
	m[2] = 6;
	bytes_put(m + 4, request->xid, 4);
	bytes_put(m + 10, request->flags, 2);
	bytes_put(m + 12, reply->type == DHCP_NAK ? 0 : request->ciaddr, 4);
	bytes_put(m + 16, reply->yiaddr, 4);
	memcpy(m + 28, &request->mac, 6);
	bytes_put(m + BOOTP, COOKIE, 4);
	end = put_options(m + OPTIONS, request, reply);
	len = (size_t)(end - m) < REPLY_MIN ? REPLY_MIN : (size_t)(end - m);
	wrap(frame, len, reply->server, target);
	return (long)(ETH + IP_MIN + UDP + len);
}
