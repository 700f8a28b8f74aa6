/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet socket for a survey of a cell (core/cell/survey.h): it sends frames past the data path's
 * programs, and receives ARP and what is for DHCP clients, before those programs do. Functions do
 * not block; 0 or -errno where no comment says otherwise.
 */
#ifndef TMIP_IO_DATAPATH_CELL_SOCKET_H
#define TMIP_IO_DATAPATH_CELL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"

/* Returns the descriptor, which close(2) closes, or -errno. */
int cell_socket_open(unsigned ifindex);
int cell_socket_send(int fd, const uint8_t *frame, size_t len);
/* Reads one frame that came in. Returns its length, at most `size`; 0: none waits. */
size_t cell_socket_read(int fd, uint8_t *frame, size_t size);

/* Does a program of this host take what is sent to DHCP servers at this address? */
bool cell_socket_is_served(const struct tmip_addr *gateway);

#endif
