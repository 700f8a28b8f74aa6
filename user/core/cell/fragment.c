/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments of an IPv4 packet. See fragment.h. */
#include "fragment.h"

#include <errno.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/checksum.h"

/* RFC 791, 3.1. */
#define HEADER_MIN 20
#define LENGTH_AT 2
#define FRAGMENT_AT 6
#define CHECKSUM_AT 10
#define DONT_FRAGMENT 0x4000
#define MORE_FRAGMENTS 0x2000
#define OFFSET_MASK 0x1fff
#define OFFSET_UNIT 8
#define LENGTH_MAX 0xffff
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_COPIED 0x80 /* in the option's type: it is in all fragments */

static unsigned field(const uint8_t *header, size_t at)
{
	return (unsigned)bytes_get(header + at, 2);
}

/* Bytes of data in a fragment with a header of that length; 0: the MTU leaves room for none. */
static size_t room(size_t mtu, size_t header_len)
{
	return mtu < header_len ? 0 : (mtu - header_len) / OFFSET_UNIT * OFFSET_UNIT;
}

int fragment_begin(struct fragment *f, const uint8_t *packet, size_t len, size_t mtu)
{
	memset(f, 0, sizeof(*f));
	if (len < HEADER_MIN || packet[0] >> 4 != 4)
		return -EINVAL;
	f->packet = packet;
	f->mtu = mtu;
	f->header_len = (packet[0] & 15) * 4u;
	f->total_len = field(packet, LENGTH_AT);
	if (f->header_len < HEADER_MIN || f->total_len < f->header_len || f->total_len > len)
		return -EINVAL;
	f->at = f->header_len;
	f->next_header_len = f->header_len;
	memcpy(f->header, packet, f->header_len);
	if (f->total_len <= mtu)
		return 0;
	if ((field(packet, FRAGMENT_AT) & OFFSET_MASK) * OFFSET_UNIT + f->total_len > LENGTH_MAX)
		return -EINVAL;
	if (field(packet, FRAGMENT_AT) & DONT_FRAGMENT || !room(mtu, f->header_len))
		return -EMSGSIZE;
	return 0;
}

/* Leaves in the header the options that all fragments have. Wrong options end the list. */
static void keep_copied_options(struct fragment *f)
{
	const uint8_t *option = f->packet + HEADER_MIN, *end = f->packet + f->header_len;
	size_t len = HEADER_MIN, bytes;

	for (; option < end && *option != OPTION_END; option += bytes) {
		bytes = *option == OPTION_NOP ? 1 : option + 1 < end ? option[1] : 0;
		if (!bytes || (bytes == 1 && *option != OPTION_NOP) ||
		    bytes > (size_t)(end - option))
			break;
		if (!(*option & OPTION_COPIED))
			continue;
		memcpy(f->header + len, option, bytes);
		len += bytes;
	}
	while (len % 4)
		f->header[len++] = OPTION_END;
	f->next_header_len = len;
	f->header[0] = (uint8_t)(0x40 | len / 4);
}

static void write_header(const struct fragment *f, uint8_t *out, size_t data_len)
{
	size_t len = f->next_header_len, done = f->at - f->header_len;
	unsigned was = field(f->packet, FRAGMENT_AT);
	unsigned offset = (was & OFFSET_MASK) + (unsigned)(done / OFFSET_UNIT);
	unsigned more = f->at + data_len < f->total_len ? MORE_FRAGMENTS : was & MORE_FRAGMENTS;

	memcpy(out, f->header, len);
	bytes_put(out + LENGTH_AT, len + data_len, 2);
	bytes_put(out + FRAGMENT_AT, (was & ~(MORE_FRAGMENTS | OFFSET_MASK)) | more | offset, 2);
	bytes_put(out + CHECKSUM_AT, 0, 2);
	bytes_put(out + CHECKSUM_AT, checksum_compute(out, len, 0), 2);
}

size_t fragment_next(struct fragment *f, uint8_t *out)
{
	size_t left = f->total_len - f->at, header_len = f->next_header_len, data_len;

	if (f->total_len <= f->mtu) { /* also a packet without data goes out once */
		if (f->at == f->total_len + 1)
			return 0;
		memcpy(out, f->packet, f->total_len);
		f->at = f->total_len + 1;
		return f->total_len;
	}
	if (!left)
		return 0;
	data_len = header_len + left <= f->mtu ? left : room(f->mtu, header_len);
	write_header(f, out, data_len);
	memcpy(out + header_len, f->packet + f->at, data_len);
	if (f->at == f->header_len)
		keep_copied_options(f);
	f->at += data_len;
	return header_len + data_len;
}
