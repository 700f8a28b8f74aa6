/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of strangers. See text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at the beginning; 0: it is none, or one that controls a terminal. */
static unsigned length(const unsigned char *at)
{
	uint32_t code;

	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	if (at[0] >= 0xc2 && at[0] < 0xe0 && continues(at[1]))
		return at[0] == 0xc2 && at[1] < 0xa0 ? 0 : 2; /* C1 controls */
	if ((at[0] & 0xf0) == 0xe0 && continues(at[1]) && continues(at[2])) {
		code = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
		return code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 3 : 0;
	}
	if (at[0] >= 0xf0 && at[0] < 0xf5 && continues(at[1]) && continues(at[2]) &&
	    continues(at[3])) {
		code = (at[0] & 0x7u) << 18 | (at[1] & 0x3fu) << 12;
		return code >= 0x10000 && code < 0x110000 ? 4 : 0;
	}
	return 0;
}

static void clean(char *text, char kept)
{
	while (*text) {
		unsigned len = length((unsigned char *)text);

		if (!len && *text != kept)
			*text = '?';
		text += len ? len : 1;
	}
}

void text_clean(char *text)
{
	clean(text, '\0');
}

void text_clean_lines(char *text)
{
	clean(text, '\n');
}
