#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A second implementation of MLRP, written from docs/mlrp.md and not from user/core. The program
prints a C header with one message of each type.

tests/unit/core/mlrp/mlrp_vectors.c holds the same messages as structs; the two must agree byte by
byte. A change of the protocol changes the document, this file and the codec.
"""
import ipaddress
import pathlib
import re
import struct
import sys

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "mlrp.md"


def field(number, value):
    return struct.pack("!HH", number, len(value)) + value


def addr(text):
    return bytes(10) + b"\xff\xff" + ipaddress.IPv4Address(text).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def version(epoch, seq):
    return struct.pack("!IQ", epoch, seq)


def u8(n):
    return struct.pack("!B", n)


def u16(n):
    return struct.pack("!H", n)


def u32(n):
    return struct.pack("!I", n)


def u64(n):
    return struct.pack("!Q", n)


def message(kind, transaction, *fields):
    body = b"".join(fields)
    return struct.pack("!BBHII", 1, kind, 0, len(body), transaction) + body


def hello(role, network, name, low, high):
    return [field(1, u8(low)), field(2, u8(high)), field(3, u8(role)),
            field(4, network.encode()), field(5, name.encode())]


def cell(subnet, bits, gateway, first, last, *dns):
    return field(6, field(1, addr(subnet) + u8(bits)) + field(2, addr(gateway)) +
                 field(3, addr(first)) + field(4, addr(last)) +
                 field(5, b"".join(addr(d) for d in dns)))


def cn(number, name, tunnel, port, gone, *cells):
    return field(18, field(1, u32(number)) + field(2, name.encode()) + field(3, addr(tunnel)) +
                 field(4, u16(port)) + field(5, u8(gone)) + b"".join(cells))


def station(address, hw, kind, state, parent, current, epoch, seq, lease_end, client_id=b"",
            others=()):
    return field(17, field(1, addr(address)) + field(2, mac(hw)) + field(3, u8(kind)) +
                 field(4, u8(state)) + field(5, u32(parent)) + field(6, u32(current)) +
                 field(7, version(epoch, seq)) + field(8, u64(lease_end)) +
                 (field(9, client_id) if client_id else b"") +
                 (field(10, b"".join(mac(other) for other in others)) if others else b""))


MAC = "02:00:5e:10:00:09"
ADDR = field(9, addr("10.10.1.9"))
HW = field(10, mac(MAC))
ID = field(11, b"\x01" + mac(MAC))
LEASE = field(12, u32(3600))
SUBNET = field(13, addr("10.10.1.0") + u8(24))
BOUND = station("10.10.1.9", MAC, 1, 3, 1, 2, 4, 0x1122334455, 1750000000, b"\x01" + mac(MAC))
DOCKED = station("10.10.1.9", MAC, 3, 3, 1, 2, 4, 8, 0,
                 others=("02:00:5e:10:00:0a", "02:00:5e:10:00:0b"))
STATIC = station("10.10.2.50", "02:00:00:00:00:50", 2, 3, 2, 0, 1, 1, 0)
CELLS = [cell("10.10.1.0", 24, "10.10.1.1", "10.10.1.2", "10.10.1.254", "10.0.5.7", "9.9.9.9"),
         cell("10.20.0.0", 16, "10.20.0.1", "10.20.1.0", "10.20.1.255")]
# A cell without a pool: both ends of the pool are all zero bytes, not the mapped 0.0.0.0.
NO_POOL = field(6, field(1, addr("10.30.0.0") + u8(30)) + field(2, addr("10.30.0.1")) +
                field(3, bytes(16)) + field(4, bytes(16)) + field(5, b""))

VECTORS = [
    ("hello", message(1, 0, *hello(1, "linux-magazin", "wlanpool1.linux-magazin", 1, 1))),
    ("hello_known", message(1, 0, *hello(1, "linux-magazin", "cn2", 1, 3),
                            cn(2, "cn2", "192.168.0.2", 0, 0),
                            field(25, u64(0x1122334455667788)))),
    ("welcome", message(2, 0, *hello(2, "linux-magazin", "mlr", 1, 1)[:5],
                        field(8, version(4, 99)), field(23, u64(1750000000)))),
    ("error", message(3, 0x80000007, field(6, u16(5)), field(7, b"pool overlaps"))),
    ("error_stale", message(3, 8, field(6, u16(9)), BOUND)),
    ("error_damped", message(3, 0x80000008, field(6, u16(13)), BOUND, field(19, u32(9500)))),
    ("ping", message(4, 0)),
    ("pong", message(5, 0xffffffff)),
    ("register", message(10, 1, cn(0, "cn1", "192.168.0.1", 6554, 0, *CELLS, NO_POOL))),
    ("sync", message(11, 2, field(8, version(0, 0)))),
    ("allocate", message(12, 3, ADDR, HW, ID, field(13, addr("10.10.1.0") + u8(24)))),
    ("bind", message(13, 4, ADDR, HW, ID, LEASE)),
    ("bind_beside", message(13, 5, ADDR, HW, ID, LEASE, field(26, u8(1)))),
    ("claim", message(14, 0x80000001, ADDR, HW)),
    ("claim_mute", message(14, 0x80000004, field(8, version(4, 0x1122334455)), ADDR, HW,
                           field(24, u8(1)))),
    ("handover", message(15, 0x80000002, field(8, version(4, 0x1122334455)), ADDR, HW)),
    ("renew", message(16, 5, ADDR, HW, LEASE)),
    ("release", message(17, 6, ADDR, HW)),
    ("decline", message(18, 7, ADDR, HW)),
    ("handover_late", message(15, 0x80000003, field(8, version(4, 0x1122334455)), ADDR, HW,
                              field(22, u32(60000)))),
    ("followed", message(20, 0x80000005, field(8, version(4, 0x1122334455)), ADDR, HW,
                         cn(2, "cn2", "192.168.0.2", 6554, 0))),
    ("block_request", message(19, 8, SUBNET, field(20, u16(16)),
                              field(21, addr("10.10.1.254") + addr("10.10.1.253")))),
    ("registered", message(30, 1, cn(1, "cn1", "192.168.0.1", 6554, 0))),
    ("cn", message(31, 0, cn(3, "cn3", "192.168.0.3", 7000, 0, CELLS[1]))),
    ("cn_gone", message(31, 0, cn(3, "cn3", "192.168.0.3", 7000, 1))),
    ("sync_start", message(32, 2, field(8, version(4, 7)), field(14, u8(1)))),
    ("station", message(33, 0x80000002, BOUND)),
    ("station_others", message(33, 0, DOCKED)),
    ("station_static", message(33, 0, STATIC)),
    ("sync_end", message(34, 2, field(8, version(4, 0x1122334456)))),
    ("block", message(35, 8, SUBNET, field(21, b""))),
    ("moved", message(50, 0x80000002, field(15, b"\x01"), BOUND)),
    ("moved_other", message(50, 0x80000002, field(10, mac("02:00:5e:10:00:0a")), DOCKED)),
    ("moved_ok", message(51, 0x80000002, field(16, u8(1)))),
    ("abort", message(52, 0, field(8, version(4, 1)), ADDR)),
    ("tunnel_close", message(53, 0)),
    ("departed", message(54, 0, ADDR)),
    ("returned", message(55, 0, ADDR)),
    ("probe", message(56, 9, ADDR, HW)),
    ("departed_answer", message(54, 9, ADDR)),
]


def check_document():
    """Compares the examples of the specification with the vectors. A block ```hex NAME is the
    vector NAME; each of its lines has bytes and then words.
    """
    blocks = re.findall(r"^```hex (\w+)\n(.*?)^```$", DOCUMENT.read_text(), re.M | re.S)
    if not blocks:
        sys.exit(f"{DOCUMENT}: no example found")
    for name, text in blocks:
        lines = [re.match(r"( *[0-9a-f]{2}(?![^ \n]))*", line) for line in text.splitlines()]
        data = b"".join(bytes.fromhex(line.group()) for line in lines)
        if data != dict(VECTORS)[name]:
            sys.exit(f"{DOCUMENT}: the example `{name}' is not what the protocol says")


def main():
    check_document()
    print("/* Made by tests/vectors/mlrp.py. */")
    for name, data in VECTORS:
        print(f"static const unsigned char vector_{name}[{len(data)}] = {{")
        for at in range(0, len(data), 16):
            print("\t" + ", ".join(f"0x{b:02x}" for b in data[at:at + 16]) + ",")
        print("};")


if __name__ == "__main__":
    main()
