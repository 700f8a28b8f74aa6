#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the packets of the BPF tests with scapy: the frames that go into the programs, and those
that must come out. As scapy is a second implementation, no test compares our code with itself.

The program prints a C header: the names of the world (addresses and MACs), and for each case
`struct packet NAME` with both frames. If a case has no second frame, the frame must come out as it
went in.
"""
import sys

from packet_world import NUMBERS, PACKETS, WORLD
# Each part adds its cases to PACKETS. The header has them in the order of these lines.
import packets_cell  # noqa: F401
import packets_backbone  # noqa: F401
import packets_groups  # noqa: F401
import packets_other  # noqa: F401
import packets_sizes  # noqa: F401
import packets_narrow  # noqa: F401

HEAD = """/* Made by packets.py. */
#pragma once
#include <stddef.h>

struct packet {
	const unsigned char *in;
	size_t in_len;
	const unsigned char *out;
	size_t out_len;
};
"""


def emit(out):
    print(HEAD, file=out)
    for name, text in WORLD.items():
        print(f'#define W_{name} "{text}"', file=out)
    for name, number in NUMBERS.items():
        print(f"#define W_{name} {number}", file=out)
    for name, frames in PACKETS.items():
        for suffix, frame in zip(("in", "out"), frames):
            data = ", ".join(map(str, frame))
            print(f"static const unsigned char {name}_{suffix}[] = {{{data}}};", file=out)
        print(f"static const struct packet {name} = {{{name}_in, sizeof({name}_in), "
              f"{name}_out, sizeof({name}_out)}};", file=out)
    names = ", ".join(f'{{"{name}", &{name}}}' for name in PACKETS)
    print("static const struct {\n\tconst char *name;\n\tconst struct packet *packet;\n} "
          f"all_packets[] = {{{names}}};", file=out)


if __name__ == "__main__":
    emit(sys.stdout)
