/* SPDX-License-Identifier: BSD-2-Clause */
/* The capabilities that the agent drops after its start. */
#ifndef TMIP_IO_PROCESS_PRIVILEGE_H
#define TMIP_IO_PROCESS_PRIVILEGE_H

/*
 * Drops all capabilities except CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (links, maps, filters, raw
 * frames) and CAP_DAC_OVERRIDE (pins and state belong to root). A program that this process
 * executes gets no new privileges. Returns 0 or -errno; does nothing and returns 0 if the user is
 * not root.
 */
int privilege_drop(void);

#endif
