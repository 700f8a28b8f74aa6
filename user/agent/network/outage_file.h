/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of outage.h, as JSON text: what is in it, written and parsed. No I/O. */
#ifndef TMIP_AGENT_NETWORK_OUTAGE_FILE_H
#define TMIP_AGENT_NETWORK_OUTAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/dhcp/block.h"

struct outage_content {
	uint32_t cn_id;       /* of this CN; 0: not known */
	struct cn_info *cns;  /* the others */
	size_t cn_count;
	struct block block;
};

void outage_content_free(struct outage_content *content); /* and zeroes it */

/* The text, which the caller frees; NULL: no memory. replica: the CNs; self: not among them. */
char *outage_file_format(const char *cn_name, uint32_t self, const struct replica *replica,
			 const struct block *block);
/* False: the text is damaged, or of another CN; *out is empty. */
bool outage_file_parse(const char *text, size_t len, const char *cn_name,
		       struct outage_content *out);
/* Does the text name a lease that the register does not know yet? */
bool outage_file_has_leases(const char *text, size_t len);

#endif
