/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UDP stream with sequence numbers and times, to measure interruptions. `stream receive` waits at
 * a port. `stream send` sends to it at a steady rate, by an absolute timer: it sends late packets
 * at once. With -b the receiver streams back to the first sender, over the same socket, so that
 * both directions pass a NAT; the sender then receives, too. The kernel gives the times of
 * reception, so that a receiver that runs late does no harm. The program ends after -d seconds or
 * at SIGTERM or SIGINT, and prints one JSON object about the packets that it sent and received.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define MAGIC 0x746d7370u
#define SEQ_MAX (1u << 28) /* bounds the memory of the bitmap that finds duplicates */
#define FLUSH_NS 50000000
#define RECEIVE_BUFFER (8 << 20)

struct packet {
	uint32_t magic;
	uint32_t seq;
	uint64_t sent_ns; /* CLOCK_REALTIME */
};
_Static_assert(sizeof(struct packet) == 16, "padding");

struct options {
	double rate, seconds, gap_ms;
	size_t size;
	int priority;
	bool back;
	const char *local, *file;
};

struct received {
	uint64_t packets, bytes, duplicates, reordered;
	uint32_t first, last; /* lowest and highest sequence number */
	uint64_t last_ns;
	uint64_t gap_ns, gap_at_ns;
	uint8_t *seen;
	size_t seen_bytes;
};

struct stream {
	struct options options;
	int socket, timer;
	bool has_partner;
	uint32_t next_seq;
	uint64_t sent, errors, flushed_ns;
	struct received in;
	FILE *out;
};

/* ---- receiving */

/* Returns true if the number is a duplicate. */
static bool mark_seen(struct received *in, uint32_t seq)
{
	size_t byte = seq / 8, want;
	bool before;
	uint8_t *grown;

	if (byte >= in->seen_bytes) {
		want = (byte + 1) * 2;
		grown = realloc(in->seen, want);
		if (!grown)
			fail("memory");
		memset(grown + in->seen_bytes, 0, want - in->seen_bytes);
		in->seen = grown;
		in->seen_bytes = want;
	}
	before = in->seen[byte] & (1u << seq % 8);
	in->seen[byte] |= (uint8_t)(1u << seq % 8);
	return before;
}

static void note_gap(struct stream *stream, uint32_t seq, uint64_t time_ns)
{
	struct received *in = &stream->in;
	uint64_t gap = time_ns > in->last_ns ? time_ns - in->last_ns : 0;

	if (gap > in->gap_ns) {
		in->gap_ns = gap;
		in->gap_at_ns = in->last_ns;
	}
	if (stream->options.gap_ms <= 0 || (double)gap < stream->options.gap_ms * 1e6)
		return;
	printf("{\"gap_ms\": %.3f, \"from\": %.6f, \"to\": %.6f, \"missing\": %d}\n",
	       (double)gap / 1e6, (double)in->last_ns / 1e9, (double)time_ns / 1e9,
	       (int)(seq - in->last) - 1);
	fflush(stdout);
}

static void handle_packet(struct stream *stream, const struct packet *packet, size_t len,
			  uint64_t time_ns)
{
	struct received *in = &stream->in;
	uint32_t seq = be32toh(packet->seq);

	if (len < sizeof(*packet) || be32toh(packet->magic) != MAGIC || seq >= SEQ_MAX)
		return;
	if (stream->out)
		fprintf(stream->out, "%u %" PRIu64 " %" PRIu64 "\n", seq, be64toh(packet->sent_ns),
			time_ns);
	in->bytes += len;
	if (mark_seen(in, seq)) {
		in->duplicates++;
		return;
	}
	if (in->packets++) {
		note_gap(stream, seq, time_ns);
		in->reordered += seq < in->last;
	}
	in->first = in->packets == 1 || seq < in->first ? seq : in->first;
	in->last = seq > in->last ? seq : in->last;
	in->last_ns = time_ns;
}

static void start_timer(struct stream *stream);

static void receive_all(struct stream *stream)
{
	union {
		struct packet packet;
		uint8_t bytes[65536];
	} buffer;
	uint8_t control[128];
	struct sockaddr_in from;
	struct iovec iov = {&buffer, sizeof(buffer)};
	ssize_t len;

	for (;;) {
		struct msghdr message = {
			.msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};

		len = recvmsg(stream->socket, &message, MSG_DONTWAIT);
		if (len < 0 && errno == ECONNREFUSED)
			continue;
		if (len < 0)
			return;
		handle_packet(stream, &buffer.packet, (size_t)len, time_of(&message));
		if (!stream->has_partner && stream->options.back) {
			if (connect(stream->socket, (struct sockaddr *)&from, sizeof(from)) < 0)
				fail("connect");
			stream->has_partner = true;
			start_timer(stream);
		}
	}
}

/* ---- sending */

static void start_timer(struct stream *stream)
{
	uint64_t period = (uint64_t)(1e9 / stream->options.rate);
	uint64_t first = now_ns(CLOCK_MONOTONIC) + period;
	struct itimerspec spec = {
		.it_interval = {(time_t)(period / SECOND), (long)(period % SECOND)},
		.it_value = {(time_t)(first / SECOND), (long)(first % SECOND)},
	};

	if (timerfd_settime(stream->timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		fail("timer");
}

static void send_due(struct stream *stream)
{
	uint8_t bytes[65536] = {0};
	struct packet packet = {.magic = htobe32(MAGIC)};
	uint64_t due = 0;

	if (read(stream->timer, &due, sizeof(due)) != sizeof(due))
		return;
	while (due--) {
		packet.seq = htobe32(stream->next_seq++);
		packet.sent_ns = htobe64(now_ns(CLOCK_REALTIME));
		memcpy(bytes, &packet, sizeof(packet));
		if (send(stream->socket, bytes, stream->options.size, MSG_DONTWAIT) < 0)
			stream->errors++;
		else
			stream->sent++;
	}
}

/* ---- the loop */

static void flush_file(struct stream *stream)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (!stream->out || now - stream->flushed_ns < FLUSH_NS)
		return;
	fflush(stream->out);
	stream->flushed_ns = now;
}

static void loop(struct stream *stream, bool receives)
{
	struct pollfd fds[2] = {
		{.fd = stream->timer, .events = POLLIN},
		{.fd = receives ? stream->socket : -1, .events = POLLIN},
	};
	uint64_t end = UINT64_MAX;

	if (stream->options.seconds > 0)
		end = now_ns(CLOCK_MONOTONIC) + (uint64_t)(stream->options.seconds * 1e9);
	while (!stopped && now_ns(CLOCK_MONOTONIC) < end) {
		if (poll(fds, 2, 50) < 0 && errno != EINTR)
			fail("poll");
		if (fds[0].revents)
			send_due(stream);
		if (fds[1].revents)
			receive_all(stream);
		flush_file(stream);
	}
}

static void report(const struct stream *stream)
{
	const struct received *in = &stream->in;
	uint64_t expected = in->packets ? (uint64_t)in->last - in->first + 1 : 0;

	printf("{\"sent\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"received\": %" PRIu64
	       ", \"bytes\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"duplicates\": %" PRIu64
	       ", \"reordered\": %" PRIu64 ", \"gap_ms\": %.3f, \"gap_at\": %.6f}\n",
	       stream->sent, stream->errors, in->packets, in->bytes, expected - in->packets,
	       in->duplicates, in->reordered, (double)in->gap_ns / 1e6,
	       (double)in->gap_at_ns / 1e9);
}

static void prepare(struct stream *stream)
{
	const struct options *options = &stream->options;
	struct sched_param priority = {.sched_priority = options->priority};
	struct sigaction action = {.sa_handler = on_signal};
	int one = 1, room = 4 << 20, burst = RECEIVE_BUFFER;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	stream->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	stream->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (stream->timer < 0 || stream->socket < 0)
		fail("socket");
	if (setsockopt(stream->socket, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(stream->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    (setsockopt(stream->socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 &&
	     setsockopt(stream->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) < 0))
		fail("socket option");
	/* Packets held by a CN come in one burst. Without privileges the smaller buffer must do. */
	if (setsockopt(stream->socket, SOL_SOCKET, SO_RCVBUFFORCE, &burst, sizeof(burst)) < 0)
		errno = 0;
	if (options->priority &&
	    (sched_setscheduler(0, SCHED_FIFO, &priority) < 0 || mlockall(MCL_CURRENT) < 0))
		fail("priority");
	if (options->file && !(stream->out = fopen(options->file, "w")))
		fail(options->file);
}

static void bind_to(struct stream *stream, const char *address, const char *port)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
	};

	if (address && inet_pton(AF_INET, address, &local.sin_addr) != 1) {
		errno = EINVAL;
		fail(address);
	}
	if (bind(stream->socket, (struct sockaddr *)&local, sizeof(local)) < 0)
		fail("bind");
}

static void connect_to(struct stream *stream, const char *address, const char *port)
{
	struct sockaddr_in partner = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
	};

	if (inet_pton(AF_INET, address, &partner.sin_addr) != 1) {
		errno = EINVAL;
		fail(address);
	}
	if (connect(stream->socket, (struct sockaddr *)&partner, sizeof(partner)) < 0)
		fail("connect");
	stream->has_partner = true;
}

static int usage(FILE *out)
{
	fputs("usage: stream send [OPTIONS] ADDRESS PORT\n"
	      "       stream receive [OPTIONS] PORT\n"
	      "  -r HZ        packets a second (1000)\n"
	      "  -d SECONDS   end after that time (at SIGTERM or SIGINT)\n"
	      "  -s BYTES     size of the UDP payload (64)\n"
	      "  -b           stream in both directions\n"
	      "  -l ADDRESS   local address\n"
	      "  -w FILE      write a line for each packet received:\n"
	      "               sequence number, time sent, time received (ns)\n"
	      "  -g MS        print a line for each longer gap between two packets, at once\n"
	      "  -p PRIORITY  run with SCHED_FIFO\n", out);
	return out == stderr ? 2 : 0;
}

/* Returns 0, or the exit status plus one. */
static int read_options(struct options *options, int argc, char **argv)
{
	int c;

	*options = (struct options){.rate = 1000, .size = 64};
	while ((c = getopt(argc, argv, "r:d:s:bl:w:g:p:h")) != -1) {
		switch (c) {
		case 'r': options->rate = atof(optarg); break;
		case 'd': options->seconds = atof(optarg); break;
		case 's': options->size = (size_t)atoi(optarg); break;
		case 'b': options->back = true; break;
		case 'l': options->local = optarg; break;
		case 'w': options->file = optarg; break;
		case 'g': options->gap_ms = atof(optarg); break;
		case 'p': options->priority = atoi(optarg); break;
		case 'h': return 1 + usage(stdout);
		default: return 1 + usage(stderr);
		}
	}
	if (options->rate <= 0 || options->size < sizeof(struct packet) || options->size > 65507)
		return 1 + usage(stderr);
	return 0;
}

int main(int argc, char **argv)
{
	struct stream stream = {0};
	int wrong = read_options(&stream.options, argc, argv);
	bool sends;

	if (wrong)
		return wrong - 1;
	sends = argc - optind == 3 && strcmp(argv[optind], "send") == 0;
	if (!sends && (argc - optind != 2 || strcmp(argv[optind], "receive") != 0))
		return usage(stderr);
	prepare(&stream);
	if (!sends || stream.options.local)
		bind_to(&stream, stream.options.local, sends ? "0" : argv[optind + 1]);
	if (sends) {
		connect_to(&stream, argv[optind + 1], argv[optind + 2]);
		start_timer(&stream);
	}
	loop(&stream, !sends || stream.options.back);
	report(&stream);
	free(stream.in.seen);
	return stream.out && fclose(stream.out) ? 1 : 0;
}
