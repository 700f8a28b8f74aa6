/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CNs and their cells as JSON, as the register's database and the agent's file keep them. Functions
 * that return JSON return all of it, or NULL if there is no memory.
 */
#ifndef TMIP_IO_CN_JSON_H
#define TMIP_IO_CN_JSON_H

#include <jansson.h>

#include "core/base/station.h"

json_t *cn_json_cells(const struct cn_info *info); /* an array */
/* Appends the cells to those of `info`. False: it is no such array. */
bool cn_json_parse_cells(const json_t *cells, struct cn_info *info);
json_t *cn_json(const struct cn_info *info);       /* an object, without `gone` */
bool cn_json_parse(const json_t *object, struct cn_info *info);

#endif
