/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one file anew, again and again, without making the event loop wait for the disk: a thread
 * does each write, and `written` comes from the loop when it is done. A text that is handed over
 * while a write runs waits for its turn, and a newer one takes its place, so that many changes cost
 * few writes.
 */
#ifndef TMIP_IO_STORE_FILE_WRITER_H
#define TMIP_IO_STORE_FILE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct file_writer;

struct file_writer_setup {
	const char *path;  /* copied */
	unsigned mode;     /* of the file, e.g. 0600 */
	bool durable;      /* a text counts as written when it is on the disk, not in a cache */
	/*
	 * From the loop: the text with that number, or a newer one in its place, is written (error
	 * 0), or could not be (-errno). All texts before it count as written together with it.
	 */
	void (*written)(uint64_t number, int error, void *arg);
	void *arg;
};

int file_writer_create(struct file_writer **out, struct event_base *base,
		       const struct file_writer_setup *setup); /* 0 or -errno */

/* Writes what still waits, in this call, without calling `written`, and frees. NULL is allowed. */
void file_writer_destroy(struct file_writer *writer);

/* Hands over a text that malloc() made. Returns its number: 1, 2, 3 ... */
uint64_t file_writer_put(struct file_writer *writer, char *text, size_t len);

#endif
