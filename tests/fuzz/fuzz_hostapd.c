/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a message of hostapd: the decoders must not crash, no message may be an event
 * and an answer at once, and an identity must keep its bounds and its mark.
 */
#include <stdlib.h>
#include <string.h>

#include "core/wifi/hostapd_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* so that the sanitizer sees the end */
	char shown[IDENTITY_STRLEN];
	struct hostapd_station station;
	struct hostapd_event event;
	bool is_event, is_station;

	need(text != NULL);
	memcpy(text, data, size);
	is_event = hostapd_decode_event(text, size, &event);
	is_station = hostapd_decode_station(text, size, &station);
	free(text);
	need(!(is_event && is_station));
	need(is_event || event.news == HOSTAPD_OTHER);
	need(station.identity.len <= CLIENT_ID_LEN && (is_station || !station.identity.len));
	need(!station.identity.len || (identity_is(station.identity.id, station.identity.len) &&
				       station.identity.len > IDENTITY_MARK_LEN + 1));
	need(!(station.unusable && station.identity.len));
	need(strlen(identity_format(&station.identity, shown)) < sizeof(shown));
	return 0;
}
