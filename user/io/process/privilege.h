/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives up what the agent does not need after its start. */
#ifndef TMIP_IO_PROCESS_PRIVILEGE_H
#define TMIP_IO_PROCESS_PRIVILEGE_H

/* Keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (links, maps, filters, raw frames) and, as pins and state belong to root,
 * CAP_DAC_OVERRIDE; no new privileges for whatever it might execute. 0 or -errno; without root nothing is done. */
int privilege_drop(void);

#endif
