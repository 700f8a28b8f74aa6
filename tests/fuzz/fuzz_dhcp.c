/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a client's frame: the decoder must not crash, and a frame that it understands
 * must get a decision and a reply that fits. Once that reply is marked as a request, the decoder
 * must understand it, too, and find the same client in it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/dhcp/dhcp_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

/* A network of two CNs. The MAC of the seeds has a lease at each of them: at home and away. */
static struct replica *network(void)
{
	static struct replica replica;
	struct cn_info info = {.id = 1, .name = "cn1", .cell_count = 1};

	if (replica.stations_max)
		return &replica;
	replica_init(&replica, 8, 8);
	for (uint32_t id = 1; id <= 2; id++) {
		uint32_t net = 0x0a0a0000 | id << 8;
		struct tmip_addr addr = addr_from_ipv4(net | 9);
		struct tmip_mac mac = {{2, 0, 0x5e, 0x10, 0, 9}};
		struct replica_station *station;

		info.id = id;
		info.cells[0] = (struct cell_info){.subnet = {addr_from_ipv4(net), 24},
						   .gateway = addr_from_ipv4(net | 1),
						   .dns_count = CELL_DNS_MAX};
		station = replica_add(&replica, &addr, &mac);
		need(replica_put_cn(&replica, &info) && station);
		station->record.state = RECORD_BOUND;
		station->record.kind = RECORD_DYNAMIC;
	}
	return &replica;
}

static void check_reply(const struct dhcp_request *request, const struct dhcp_reply *reply)
{
	static uint8_t frame[DHCP_FRAME_MAX];
	struct dhcp_request back;
	long len = dhcp_encode(request, reply, frame, sizeof(frame));

	need(len >= 14 + 20 + 8 + 300 && len <= DHCP_FRAME_MAX);
	frame[14 + 20 + 3] = DHCP_SERVER_PORT;
	frame[14 + 20 + 8] = 1; /* BOOTREQUEST */
	need(dhcp_decode(frame, (size_t)len, &back, NULL) == 0);
	need(back.type == reply->type && back.server == reply->server &&
	     back.lease == reply->lease);
	need(back.xid == request->xid && mac_equal(&back.mac, &request->mac));
	need(back.client_id_len == request->client_id_len &&
	     memcmp(back.client_id, request->client_id, back.client_id_len) == 0);
}

static void decide(const struct dhcp_request *request, bool ready)
{
	struct replica *replica = network();
	struct dhcp_server server = {.replica = replica, .register_ready = ready,
				     .lease_time = 3600, .domain_name = "example.org",
				     .cell = &replica_find_cn(replica, 2)->info.cells[0]};
	struct dhcp_decision out;

	dhcp_server_decide(&server, request, &out);
	need(out.action >= DHCP_DO_NOTHING && out.action <= DHCP_DO_DECLINE);
	need(out.action != DHCP_DO_NOTHING || out.why);
	if (out.action == DHCP_DO_REPLY || out.action == DHCP_DO_RENEW)
		check_reply(request, &out.reply);
	if (out.action == DHCP_DO_ALLOCATE || out.action == DHCP_DO_BIND) {
		need(ready && out.lease);
		dhcp_server_conclude(&server, request, out.action, NULL, &out);
		if (out.action == DHCP_DO_REPLY)
			check_reply(request, &out.reply);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *frame = malloc(size ? size : 1); /* so that the sanitizer sees the end */
	struct dhcp_request request;
	struct dhcp_fault fault = {0};
	int error;

	need(frame != NULL);
	memcpy(frame, data, size);
	error = dhcp_decode(frame, size, &request, &fault);
	free(frame);
	if (error) {
		need(fault.what && fault.offset <= size);
		return 0;
	}
	need(memchr(request.host_name, 0, sizeof(request.host_name)));
	decide(&request, true);
	decide(&request, false);
	return 0;
}
