/* SPDX-License-Identifier: BSD-2-Clause */
/* The register's answers as tables: for the command line, standard input and the status file. */
#ifndef TMIP_MLRD_SHOW_H
#define TMIP_MLRD_SHOW_H

#include <jansson.h>
#include <stdio.h>

void show_status(json_t *result, FILE *to);
void show_stations(json_t *result, FILE *to);
void show_cns(json_t *result, FILE *to);
void show_forgotten(json_t *result, FILE *to);
void show_renamed(json_t *result, FILE *to);
void show_moved(json_t *result, FILE *to);

#endif
