#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes IPv4 packets and their fragments with scapy, and prints them as a C header for
tests/unit/core/cell/test_fragment.c; and an ICMP error for test_icmp_error.c. Fragments whose
options differ are built here, because scapy copies all options into all fragments.
"""
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import ICMP, IP, UDP, IPOption, Raw, fragment, raw  # noqa: E402

SENDER, GROUP = "10.1.0.9", "224.0.0.251"
COPIED, NOT_COPIED = b"\x94\x04\x00\x00", b"\x07\x07\x04\x00\x00\x00\x00"  # alert, record route


def packet(size, **more):
    data = bytes(i * 7 & 0xff for i in range(size))
    head = IP(src=SENDER, dst=GROUP, id=0x1234, ttl=255, **more)
    return IP(raw(head / UDP(sport=5353, dport=5353) / Raw(data)))


def cut(whole, mtu):
    """The fragments of at most `mtu` bytes, by scapy."""
    return fragment(whole, fragsize=(mtu - whole.ihl * 4) & ~7)


def with_options(mtu):
    """A packet with two options, of which only the first is in all fragments."""
    whole = packet(3000, options=[IPOption(COPIED), IPOption(NOT_COPIED), IPOption(b"\x01")])
    assert whole.ihl == 8
    data, pieces, at = raw(whole)[32:], [], 0
    while at < len(data):
        options = whole.options if at == 0 else [IPOption(COPIED)]
        room = (mtu - 20 - (12 if at == 0 else 4)) & ~7
        last = len(data) - at <= mtu - (32 if at == 0 else 24)
        part = data[at:] if last else data[at:at + room]
        pieces.append(IP(src=SENDER, dst=GROUP, id=0x1234, ttl=255, proto=17, options=options,
                         flags=0 if last else "MF", frag=at // 8) / Raw(part))
        at += len(part)
    return whole, mtu, pieces


def plain(size, mtu, **more):
    whole = packet(size, **more)
    return whole, mtu, cut(whole, mtu)


def middle():
    """A fragment from the middle of a packet, which is fragmented again."""
    piece = IP(raw(cut(packet(4000), 1500)[1]))
    assert piece.frag and piece.flags == "MF"
    return piece, 700, cut(piece, 700)


def last():
    piece = IP(raw(cut(packet(4000), 1500)[-1]))
    return piece, 400, cut(piece, 400)


CASES = {
    "mdns": plain(1472, 1480), "jumbo": plain(8952, 1500), "just_too_big": plain(1453, 1480),
    "exact": plain(2 * 1456 - 8, 1480), "long": plain(65507, 1480), "tiny": plain(100, 68),
    "least": plain(24, 28), "congested": plain(2000, 1000, tos=0xb9), "middle": middle(),
    "last": last(), "options": with_options(1480), "fits": (packet(1452), 1480, [packet(1452)]),
    "fits_df": (packet(10, flags="DF"), 1480, [packet(10, flags="DF")]),
}


def array(name, data):
    print(f"static const unsigned char {name}[] = {{{', '.join(map(str, data))}}};")


def main():
    print("/* Made by fragments.py. */\n#pragma once\n#include <stddef.h>\n")
    for name, (whole, _, pieces) in CASES.items():
        array(f"whole_{name}", raw(whole))
        array(f"pieces_{name}", b"".join(raw(piece) for piece in pieces))
    print("static const struct {\n\tconst char *name;\n\tconst unsigned char *whole, *pieces;\n"
          "\tsize_t whole_len, pieces_len, mtu;\n} fragment_cases[] = {")
    for name, (_, mtu, _) in CASES.items():
        print(f'\t{{"{name}", whole_{name}, pieces_{name}, sizeof(whole_{name}), '
              f"sizeof(pieces_{name}), {mtu}}},")
    print("};")
    array("df", raw(packet(1472, flags="DF")))
    about = packet(1472, flags="DF")
    error = ICMP(type=3, code=4, nexthopmtu=1400) / Raw(raw(about)[:68])
    array("icmp_error", raw(IP(src="10.2.0.1", dst=SENDER, id=0, ttl=64, tos=0xc0) / error))


if __name__ == "__main__":
    main()
