/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages of tests/vectors/mlrp.py as structs; see mlrp_vectors.h. */
#include "mlrp_vectors.h"

#include "vectors/mlrp.h"

#define HELLO_FIELDS (F(VERSION_MIN) | F(VERSION_MAX) | F(ROLE) | F(NETWORK) | F(NAME))
#define HW_ID {1, 2, 0, 0x5e, 0x10, 0, 9}

struct vector vectors[VECTORS_MAX];
int vector_count;

static struct tmip_addr ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return addr_from_ipv4(a << 24 | b << 16 | c << 8 | d);
}

static struct prefix net(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint8_t len)
{
	return (struct prefix){ip(a, b, c, d), len};
}

static struct station_record bound(void)
{
	return (struct station_record){
		.addr = ip(10, 10, 1, 9), .mac = MAC, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = 1, .current = 2, .version = {4, 0x1122334455},
		.lease_end = 1750000000, .client_id_len = 7, .client_id = HW_ID,
	};
}

static struct station_record docked(void)
{
	return (struct station_record){
		.addr = ip(10, 10, 1, 9), .mac = MAC, .kind = RECORD_RESERVED,
		.state = RECORD_BOUND, .parent = 1, .current = 2, .version = {4, 8},
		.other_count = 2,
		.others = {{{2, 0, 0x5e, 0x10, 0, 10}}, {{2, 0, 0x5e, 0x10, 0, 11}}},
	};
}

struct cell_info pool_cell(int which)
{
	if (which == 0)
		return (struct cell_info){
			.subnet = net(10, 10, 1, 0, 24), .gateway = ip(10, 10, 1, 1),
			.pool_first = ip(10, 10, 1, 2), .pool_last = ip(10, 10, 1, 254),
			.dns = {ip(10, 0, 5, 7), ip(9, 9, 9, 9)}, .dns_count = 2,
		};
	if (which == 1)
		return (struct cell_info){
			.subnet = net(10, 20, 0, 0, 16), .gateway = ip(10, 20, 0, 1),
			.pool_first = ip(10, 20, 1, 0), .pool_last = ip(10, 20, 1, 255),
		};
	return (struct cell_info){
		.subnet = net(10, 30, 0, 0, 30), .gateway = ip(10, 30, 0, 1),
	};
}

static struct mlrp_message hello(uint8_t type, uint8_t role, const char *network, const char *name,
				 uint8_t max)
{
	struct mlrp_message m = {
		.type = type, .has = HELLO_FIELDS, .role = role,
		.version_min = 1, .version_max = max,
	};

	strcpy(m.network, network);
	strcpy(m.name, name);
	return m;
}

struct mlrp_message cn(uint8_t type, uint32_t transaction, uint32_t id, const char *name,
		       uint16_t port)
{
	struct mlrp_message m = {
		.type = type, .transaction = transaction, .has = F(CN),
		.cn = {.id = id, .port = port},
	};

	strcpy(m.cn.name, name);
	m.cn.tunnel = ip(192, 168, 0, name[2] - (uint32_t)'0');
	return m;
}

struct mlrp_message about(uint8_t type, uint32_t transaction, uint32_t has)
{
	return (struct mlrp_message){
		.type = type, .transaction = transaction, .has = has | F(ADDR) | F(MAC),
		.addr = ip(10, 10, 1, 9), .mac = MAC,
	};
}

static struct mlrp_message with_version(uint8_t type, uint32_t transaction, uint32_t epoch,
					uint64_t seq)
{
	return (struct mlrp_message){
		.type = type, .transaction = transaction, .has = F(VERSION),
		.version = {epoch, seq},
	};
}

struct mlrp_message with_station(uint8_t type, uint32_t transaction)
{
	return (struct mlrp_message){
		.type = type, .transaction = transaction, .has = F(STATION), .station = bound(),
	};
}

/* A message about the address 10.10.1.9 alone. */
static struct mlrp_message about_addr(uint8_t type, uint32_t transaction)
{
	return (struct mlrp_message){
		.type = type, .transaction = transaction, .has = F(ADDR),
		.addr = ip(10, 10, 1, 9),
	};
}

static struct mlrp_message about_subnet(uint8_t type, uint32_t transaction, uint32_t has)
{
	return (struct mlrp_message){
		.type = type, .transaction = transaction, .has = has | F(SUBNET),
		.subnet = net(10, 10, 1, 0, 24),
	};
}

static struct mlrp_message *add(const char *name, const unsigned char *bytes, size_t len,
				struct mlrp_message message)
{
	assert_true(vector_count < VECTORS_MAX);
	vectors[vector_count] = (struct vector){name, bytes, len, message};
	return &vectors[vector_count++].message;
}
#define ADD(name, message) add(#name, vector_##name, sizeof(vector_##name), message)

static void add_handshake(void)
{
	struct mlrp_message *m;

	ADD(hello, hello(MLRP_HELLO, MLRP_ROLE_CN, "linux-magazin", "wlanpool1.linux-magazin", 1));
	m = ADD(hello_known, hello(MLRP_HELLO, MLRP_ROLE_CN, "linux-magazin", "cn2", 3));
	m->has |= F(CN) | F(INSTANCE);
	m->cn = cn(0, 0, 2, "cn2", 0).cn;
	m->instance = 0x1122334455667788;
	m = ADD(welcome, hello(MLRP_WELCOME, MLRP_ROLE_MLR, "linux-magazin", "mlr", 1));
	m->has |= F(VERSION) | F(CLOCK);
	m->version = (struct version){4, 99};
	m->clock = 1750000000;
	m = ADD(error, ((struct mlrp_message){.type = MLRP_ERROR, .transaction = 0x80000007}));
	m->has = F(CODE) | F(TEXT);
	m->code = MLRP_E_CONFLICT;
	strcpy(m->text, "pool overlaps");
	m = ADD(error_stale, with_station(MLRP_ERROR, 8));
	m->has |= F(CODE);
	m->code = MLRP_E_STALE;
	m = ADD(error_damped, with_station(MLRP_ERROR, 0x80000008));
	m->has |= F(CODE) | F(WAIT);
	m->code = MLRP_E_DAMPED;
	m->wait = 9500;
	ADD(ping, (struct mlrp_message){.type = MLRP_PING});
	ADD(pong, ((struct mlrp_message){.type = MLRP_PONG, .transaction = 0xffffffff}));
}

static void add_requests(void)
{
	struct mlrp_message *m = ADD(register, cn(MLRP_REGISTER, 1, 0, "cn1", 6554));

	m->cn.cell_count = 3;
	for (int i = 0; i < 3; i++)
		m->cn.cells[i] = pool_cell(i);
	ADD(sync, with_version(MLRP_SYNC, 2, 0, 0));
	m = ADD(allocate, about(MLRP_ALLOCATE, 3, F(CLIENT_ID) | F(SUBNET)));
	m->subnet = net(10, 10, 1, 0, 24);
	m->client_id_len = 7;
	memcpy(m->client_id, (uint8_t[])HW_ID, 7);
	m = ADD(bind, about(MLRP_BIND, 4, F(CLIENT_ID) | F(LEASE)));
	m->lease = 3600;
	m->client_id_len = 7;
	memcpy(m->client_id, (uint8_t[])HW_ID, 7);
	m = ADD(bind_beside, about(MLRP_BIND, 5, F(CLIENT_ID) | F(LEASE) | F(BESIDE)));
	m->lease = 3600;
	m->client_id_len = 7;
	memcpy(m->client_id, (uint8_t[])HW_ID, 7);
	m->beside = true;
	ADD(claim, about(MLRP_CLAIM, 0x80000001, 0));
	m = ADD(claim_mute, about(MLRP_CLAIM, 0x80000004, F(VERSION) | F(HOLDER)));
	m->version = (struct version){4, 0x1122334455};
	m->holder = MLRP_HOLDER_MUTE;
	m = ADD(handover, about(MLRP_HANDOVER, 0x80000002, F(VERSION)));
	m->version = (struct version){4, 0x1122334455};
	m = ADD(renew, about(MLRP_RENEW, 5, F(LEASE)));
	m->lease = 3600;
	ADD(release, about(MLRP_RELEASE, 6, 0));
	ADD(decline, about(MLRP_DECLINE, 7, 0));
	m = ADD(handover_late, about(MLRP_HANDOVER, 0x80000003, F(VERSION) | F(AGE)));
	m->version = (struct version){4, 0x1122334455};
	m->age = 60000;
	m = ADD(followed, cn(MLRP_FOLLOWED, 0x80000005, 2, "cn2", 6554));
	m->has |= F(MAC) | F(ADDR) | F(VERSION);
	m->mac = MAC;
	m->addr = ip(10, 10, 1, 9);
	m->version = (struct version){4, 0x1122334455};
	m = ADD(block_request, about_subnet(MLRP_BLOCK_REQUEST, 8, F(COUNT_WANTED) | F(ADDRS)));
	m->count = 16;
	m->addr_count = 2;
	m->addrs[0] = ip(10, 10, 1, 254);
	m->addrs[1] = ip(10, 10, 1, 253);
}

static void add_register(void)
{
	struct mlrp_message *m;

	ADD(registered, cn(MLRP_REGISTERED, 1, 1, "cn1", 6554));
	m = ADD(cn, cn(MLRP_CN, 0, 3, "cn3", 7000));
	m->cn.cell_count = 1;
	m->cn.cells[0] = pool_cell(1);
	m = ADD(cn_gone, cn(MLRP_CN, 0, 3, "cn3", 7000));
	m->cn.gone = true;
	m = ADD(sync_start, with_version(MLRP_SYNC_START, 2, 4, 7));
	m->has |= F(FULL);
	m->full = true;
	ADD(station, with_station(MLRP_STATION, 0x80000002));
	m = ADD(station_others, with_station(MLRP_STATION, 0));
	m->station = docked();
	m = ADD(station_static, with_station(MLRP_STATION, 0));
	m->station = (struct station_record){
		.addr = ip(10, 10, 2, 50), .mac = {{2, 0, 0, 0, 0, 0x50}}, .kind = RECORD_STATIC,
		.state = RECORD_BOUND, .parent = 2, .version = {1, 1},
	};
	ADD(sync_end, with_version(MLRP_SYNC_END, 2, 4, 0x1122334456));
	ADD(block, about_subnet(MLRP_BLOCK, 8, F(ADDRS)));
}

static void add_cns(void)
{
	struct mlrp_message *m = ADD(moved, with_station(MLRP_MOVED, 0x80000002));

	m->has |= F(TUNNELS);
	m->tunnel_count = 1;
	m->tunnels[0] = 1;
	m = ADD(moved_other, with_station(MLRP_MOVED, 0x80000002));
	m->has |= F(MAC);
	m->mac = (struct tmip_mac){{2, 0, 0x5e, 0x10, 0, 10}};
	m->station = docked();
	m = ADD(moved_ok,
		((struct mlrp_message){.type = MLRP_MOVED_OK, .transaction = 0x80000002}));
	m->has = F(TUNNEL);
	m->tunnel = 1;
	m = ADD(abort, with_version(MLRP_ABORT, 0, 4, 1));
	m->has |= F(ADDR);
	m->addr = ip(10, 10, 1, 9);
	ADD(tunnel_close, (struct mlrp_message){.type = MLRP_TUNNEL_CLOSE});
	ADD(departed, about_addr(MLRP_DEPARTED, 0));
	ADD(returned, about_addr(MLRP_RETURNED, 0));
	ADD(probe, about(MLRP_PROBE, 9, 0));
	ADD(departed_answer, about_addr(MLRP_DEPARTED, 9));
}

int make_vectors(void **state)
{
	(void)state;
	add_handshake();
	add_requests();
	add_register();
	add_cns();
	return 0;
}
