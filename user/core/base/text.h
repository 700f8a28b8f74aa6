/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of strangers, for logs, terminals and JSON. Pure. */
#ifndef TMIP_CORE_BASE_TEXT_H
#define TMIP_CORE_BASE_TEXT_H

/* Puts `?` in the place of control characters, and of bytes that are no UTF-8 (RFC 3629). */
void text_clean(char *text);
/* The same, but leaves the ends of lines. */
void text_clean_lines(char *text);

#endif
