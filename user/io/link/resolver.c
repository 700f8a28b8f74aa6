/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts, by the evdns of libevent. See resolver.h. */
#include "resolver.h"

#include <event2/dns.h>

#define FILE_NAME "/etc/resolv.conf"

/*
 * Whatever the file says of it, a look-up ends before the next one begins, which would prolong it;
 * and the time is enough for a third name server.
 */
static void read_files(struct evdns_base *dns)
{
	evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, FILE_NAME);
	evdns_base_set_option(dns, "timeout:", "1");
	evdns_base_set_option(dns, "attempts:", "3");
}

struct evdns_base *resolver_open(struct event_base *base)
{
	struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	if (dns)
		read_files(dns);
	return dns;
}

/* A look-up that is under way goes on with the new name servers. */
void resolver_refresh(struct evdns_base *dns)
{
	evdns_base_clear_nameservers_and_suspend(dns);
	evdns_base_clear_host_addresses(dns);
	evdns_base_search_clear(dns);
	read_files(dns);
	evdns_base_resume(dns);
}
