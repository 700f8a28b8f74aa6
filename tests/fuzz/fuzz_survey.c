/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a frame that answers a survey of a cell: the decoder must not read behind the
 * end, nor take a frame of the cell's own MAC for somebody else.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/cell/survey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct survey survey = {.mac = {{2, 0, 0, 0, 0, 1}}, .transaction = 0x01020304,
				      .gateway = addr_from_ipv4(0x0a010001)};
	uint8_t *frame = malloc(size ? size : 1); /* so that the sanitizer sees the end */
	struct survey_answer answer;

	need(frame != NULL);
	memcpy(frame, data, size);
	answer = survey_decode(&survey, frame, size);
	free(frame);
	need(answer.type == SURVEY_NOTHING || !mac_equal(&answer.mac, &survey.mac));
	need(answer.type == SURVEY_SERVER || addr_is_zero(&answer.server));
	return 0;
}
