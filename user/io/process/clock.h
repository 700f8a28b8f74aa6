/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks of this machine, and random numbers that need not be secret. */
#ifndef TMIP_IO_PROCESS_CLOCK_H
#define TMIP_IO_PROCESS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_ms(void);      /* CLOCK_MONOTONIC, in milliseconds */
uint64_t clock_us(void);      /* the same, in microseconds: for round trips */
uint64_t clock_boot_ms(void); /* CLOCK_BOOTTIME, in milliseconds: runs on while suspended */
/*
 * CLOCK_REALTIME, in microseconds since 1970. It steps when it is set: only for what people read,
 * never to measure a time.
 */
uint64_t clock_unix_us(void);
/* Identifies this boot of the machine, to which clock_boot_ms() belongs; empty: unknown. */
void clock_boot_id(char *out, size_t size);

/* A number from 0 to bound - 1; 0 if bound is 0. Spreads the attempts of many CNs over time. */
uint32_t random_below(uint32_t bound);

#endif
