/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoder of hostapd's messages. See hostapd_message.h. A text is a pointer and a length; the
 * decoder copies nothing except MACs and identities.
 */
#include "hostapd_message.h"

#define MAC_LEN (MAC_STRLEN - 1)

struct text {
	const char *at;
	size_t len;
};

static bool begins(struct text text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.at, word, len) == 0;
}

static struct text after(struct text text, size_t len)
{
	return (struct text){text.at + len, text.len - len};
}

/* Cuts the first line off the text, with its newline, and returns it without. Always advances. */
static struct text next_line(struct text *text)
{
	const char *end = text->len ? memchr(text->at, '\n', text->len) : NULL;
	struct text line = {text->at, end ? (size_t)(end - text->at) : text->len};

	*text = after(*text, end ? line.len + 1 : line.len);
	return line;
}

static bool parse_mac(struct text text, struct tmip_mac *out)
{
	char mac[MAC_STRLEN];

	if (text.len < MAC_LEN)
		return false;
	memcpy(mac, text.at, MAC_LEN);
	mac[MAC_LEN] = '\0';
	return mac_parse(mac, out) == 0;
}

/* An event is like <3>AP-STA-CONNECTED 02:00:00:00:00:01 keyid=... */
bool hostapd_decode_event(const char *bytes, size_t len, struct hostapd_event *out)
{
	static const struct { const char *word; enum hostapd_news news; } words[] = {
		{"AP-STA-CONNECTED ", HOSTAPD_CONNECTED},
		{"AP-STA-DISCONNECTED ", HOSTAPD_DISCONNECTED},
	};
	struct text text = {bytes, len};
	const char *end;

	memset(out, 0, sizeof(*out));
	if (!begins(text, "<"))
		return false;
	end = memchr(text.at, '>', text.len);
	if (!end)
		return true;
	text = after(text, (size_t)(end - text.at) + 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(text, words[i].word) &&
		    parse_mac(after(text, strlen(words[i].word)), &out->mac))
			out->news = words[i].news;
	return true;
}

/*
 * Returns the value of the first line that begins with `name` ("name="); `at` is NULL if none does.
 */
static struct text value_of(struct text text, const char *name)
{
	while (text.len) {
		struct text line = next_line(&text);

		if (begins(line, name))
			return after(line, strlen(name));
	}
	return (struct text){NULL, 0};
}

static bool has_flag(struct text flags, const char *flag)
{
	for (; flags.len; flags = after(flags, 1))
		if (begins(flags, flag))
			return true;
	return false;
}

/*
 * With 802.1X a station may send any name, also one that is the name of a key. So a key counts only
 * if there is no name. Many stations share a name without a user (@realm, anonymous), so such a
 * name is no identity.
 */
static void parse_identity(struct text text, struct hostapd_station *out)
{
	struct text name = value_of(text, "dot1xAuthSessionUserName="),
		    key = value_of(text, "keyid=");

	if (name.at && name.len) {
		if (!begins(name, "@") && !begins(name, "anonymous"))
			out->unusable = identity_make(&out->identity, IDENTITY_8021X, name.at,
						      name.len) < 0;
	} else if (key.len) {
		out->unusable = identity_make(&out->identity, IDENTITY_KEY, key.at, key.len) < 0;
	}
}

bool hostapd_decode_station(const char *bytes, size_t len, struct hostapd_station *out)
{
	struct text text = {bytes, len};
	struct text mac = next_line(&text);

	memset(out, 0, sizeof(*out));
	if (mac.len != MAC_LEN || !parse_mac(mac, &out->mac))
		return false;
	out->authorized = has_flag(value_of(text, "flags="), "[AUTHORIZED]");
	parse_identity(text, out);
	return true;
}
