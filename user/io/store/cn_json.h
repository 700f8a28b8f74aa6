/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CNs and their cells as JSON, as the register's database and the agent's file keep them.
 * Where JSON is returned, NULL means that there is no memory: what is incomplete is never returned.
 */
#ifndef TMIP_IO_CN_JSON_H
#define TMIP_IO_CN_JSON_H

#include <jansson.h>

#include "core/base/station.h"

json_t *cn_json_cells(const struct cn_info *info);                          /* an array */
bool cn_json_parse_cells(const json_t *cells, struct cn_info *info);        /* appends; false: it is no such array */
json_t *cn_json(const struct cn_info *info);                                /* an object; `gone` is not kept */
bool cn_json_parse(const json_t *object, struct cn_info *info);

#endif
