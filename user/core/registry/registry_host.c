/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered hosts: the configuration reserves an address for each, known by one or more MACs. */
#include "registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reg_host *reg_host_of_mac(const struct registry *registry, const struct tmip_mac *mac)
{
	struct reg_host *host;

	HASH_FIND(hh, registry->hosts, mac, sizeof(*mac), host);
	return host;
}

struct reg_host *reg_host_of_addr(const struct registry *registry, const struct tmip_addr *addr)
{
	struct reg_host *host;

	HASH_FIND(hh_addr, registry->hosts_by_addr, addr, sizeof(*addr), host);
	return host;
}

bool reg_host_has(const struct reg_host *host, const struct tmip_mac *mac)
{
	for (; host; host = host->next)
		if (mac_equal(&host->host.mac, mac))
			return true;
	return false;
}

const char *registry_host_name(const struct registry *registry, const struct tmip_addr *addr)
{
	const struct reg_host *host = reg_host_of_addr(registry, addr);

	return host ? host->host.name : NULL;
}

bool reg_host_set_others(const struct registry *registry, struct station_record *record)
{
	const struct reg_host *host = reg_host_of_addr(registry, &record->addr);
	const struct station_record before = *record;

	if (!host && (record->kind != RECORD_DYNAMIC || !record->client_id_len))
		record->other_count = 0;
	if (record->state != RECORD_BOUND)
		record->other_count = 0;
	if (host && record->state == RECORD_BOUND) {
		record->other_count = 0;
		if (!reg_host_has(host, &record->mac))
			host = NULL;
		for (; host && record->other_count < OTHER_MACS_MAX; host = host->next)
			if (!mac_equal(&host->host.mac, &record->mac))
				record->others[record->other_count++] = host->host.mac;
	}
	if (record->other_count != before.other_count)
		return true;
	return record->other_count &&
	       memcmp(record->others, before.others,
		      record->other_count * sizeof(record->others[0])) != 0;
}

/* The record of an address that is, or was, reserved. Returns whether it changes by that. */
static bool follow(struct registry *registry, struct reg_station *station)
{
	const struct reg_host *host = reg_host_of_addr(registry, &station->record.addr);
	struct station_record after = station->record;
	bool reserved = after.kind == RECORD_RESERVED;

	if (after.state != RECORD_BOUND)
		return false;
	if (host && !reserved && reg_host_has(host, &after.mac)) {
		station->record.kind = RECORD_RESERVED;
		station->record.lease_end = 0;
		reg_set_state(registry, station, RECORD_BOUND, 0);
		return true;
	}
	return reg_host_set_others(registry, &after);
}

/* The addresses of all hosts of that configuration. */
static void update(struct registry *registry, const struct reg_host *by_addr)
{
	for (; by_addr; by_addr = by_addr->hh_addr.next) {
		struct reg_station *station = reg_find(registry, &by_addr->host.addr);

		if (station && follow(registry, station))
			reg_commit(registry, station, NULL, false);
	}
}

void reg_host_update_all(struct registry *registry)
{
	update(registry, registry->hosts_by_addr);
}

static int add_host(struct registry *registry, const struct registry_host *from)
{
	struct reg_host *first = reg_host_of_addr(registry, &from->addr), *host;

	if (reg_host_of_mac(registry, &from->mac))
		return 0; /* the reader of the configuration has reported it */
	host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	host->host = *from;
	HASH_ADD(hh, registry->hosts, host.mac, sizeof(host->host.mac), host);
	if (!host->hh.tbl) {
		free(host);
		return -ENOMEM;
	}
	if (first) {
		host->next = first->next;
		first->next = host;
		return 0;
	}
	HASH_ADD(hh_addr, registry->hosts_by_addr, host.addr, sizeof(host->host.addr), host);
	return host->hh_addr.tbl ? 0 : -ENOMEM;
}

static void free_hosts(struct reg_host *hosts, struct reg_host *by_addr)
{
	struct reg_host *host, *next;

	HASH_CLEAR(hh_addr, by_addr);
	HASH_ITER(hh, hosts, host, next) {
		HASH_DELETE(hh, hosts, host);
		free(host);
	}
}

void reg_free_hosts(struct registry *registry)
{
	free_hosts(registry->hosts, registry->hosts_by_addr);
	registry->hosts = registry->hosts_by_addr = NULL;
}

/* ---- hosts that cannot have their address */

const char *registry_host_fault_text(enum registry_host_fault fault)
{
	static const char *const texts[] = {
		[REGISTRY_HOST_FITS] = "",
		[REGISTRY_HOST_NO_CELL] = "not yet: no CN has registered a cell with this address",
		[REGISTRY_HOST_NO_ADDRESS] = "never: it is no address of a host",
		[REGISTRY_HOST_GATEWAY] = "never: it is the gateway's address",
		[REGISTRY_HOST_EDGE] = "never: it is the first or last address of the cell, which "
				       "no host has",
	};

	return texts[fault];
}

static enum registry_host_fault find_fault(const struct registry *registry,
					   const struct tmip_addr *addr)
{
	const struct reg_cell *cell = reg_find_cell(registry, addr);
	uint32_t first = addr_to_ipv4(addr) >> 24;

	if (first == 0 || first == 127 || first >= 224)
		return REGISTRY_HOST_NO_ADDRESS;
	if (!cell)
		return REGISTRY_HOST_NO_CELL;
	if (addr_equal(addr, &cell->info->gateway))
		return REGISTRY_HOST_GATEWAY;
	return reg_is_host_address(cell, addr) ? REGISTRY_HOST_FITS : REGISTRY_HOST_EDGE;
}

void registry_each_host_fault(const struct registry *registry,
			      void (*each)(const struct registry_host *host,
					   enum registry_host_fault fault, void *arg), void *arg)
{
	for (const struct reg_host *host = registry->hosts; host; host = host->hh.next) {
		enum registry_host_fault fault = find_fault(registry, &host->host.addr);

		if (fault)
			each(&host->host, fault, arg);
	}
}

/* Without any cell, all is still to come. */
void reg_check_hosts(struct registry *registry)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	for (struct reg_host *host = registry->hosts; host; host = host->hh.next) {
		enum registry_host_fault fault = find_fault(registry, &host->host.addr);
		bool never = fault > REGISTRY_HOST_NO_CELL;

		if (fault == host->logged || (!never && !registry->cell_count))
			continue;
		reg_log(registry, never ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
			"host %s: %s gets %s %s", host->host.name,
			mac_format(&host->host.mac, mac), addr_format(&host->host.addr, addr),
			fault ? registry_host_fault_text(fault) : "when it asks");
		host->logged = fault;
	}
}

int registry_set_hosts(struct registry *registry, const struct registry_host *hosts, size_t count)
{
	struct reg_host *before = registry->hosts, *before_by_addr = registry->hosts_by_addr;
	int error = 0;

	registry->hosts = registry->hosts_by_addr = NULL;
	for (size_t i = 0; !error && i < count; i++)
		error = add_host(registry, &hosts[i]);
	if (!error)
		error = reg_rebuild_cells(registry);
	if (error) {
		reg_free_hosts(registry);
		registry->hosts = before;
		registry->hosts_by_addr = before_by_addr;
		return error;
	}
	registry->counts.hosts = (unsigned)count;
	update(registry, registry->hosts_by_addr);
	update(registry, before_by_addr);
	free_hosts(before, before_by_addr);
	return 0;
}
