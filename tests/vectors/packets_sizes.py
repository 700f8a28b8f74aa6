# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests that are too big for a cell or for the next tunnel, and the SYNs whose
options must stay. Part of packets.py. All devices take 1500 bytes, so a tunnel takes 1480.
"""
import socket
import struct

from packet_world import (FITS, MDNS, MDNS_MAC, MSS, MTU, W, case, ether, from_cell,
                          into_cell0, into_cell1, mac_of, outer, received, to_cn2, to_kernel,
                          too_big, udp)
from scapy.all import ICMP, IP, TCP, Ether, Raw, checksum, fragment, raw

CN, STATION, KERNEL = 1, 2, 4  # include/tmip/fragment.h
CELL_FITS, TUNNEL_FITS = MTU - 28, FITS
NOWHERE = "0.0.0.0"


def for_agent(way, to, mtu, packet, source=NOWHERE):
    """The frame that the agent gets. `source`: it makes an ICMP error from that address."""
    head = bytes([2, way]) + socket.inet_aton(to) + struct.pack("=H", mtu)
    return Ether(head + socket.inet_aton(source) + b"\x88\xb5") / Raw(raw(packet))


def by_agent(way, to, packet):
    """A frame that comes back from the agent."""
    return Ether(bytes([2, way]) + socket.inet_aton(to) + bytes(6) + b"\x08\x00") / packet


def error_about(packet, source, mtu):
    """The ICMP error about a packet, from `source`."""
    return too_big(ether(W.CELL0_MAC, W.CELL0_MAC, packet), source, W.CELL0_MAC, mtu)[IP]


def pair(name, packet_of, answered, fragmented, far):
    """A packet that is too big, with DF and without: the frame with an error, and that for the
    agent. far(packet): the frame as it comes in.
    """
    packet = packet_of(flags="DF")
    case(name, far(packet), answered(packet))
    packet = packet_of()
    case(f"{name}_without_df", far(packet), fragmented(packet))
    case(f"{name}_no_agent", far(packet), answered(packet))


# ---- out of a tunnel into a cell
def to_visitor(size=CELL_FITS + 1, **more):
    return udp(W.SERVER, W.VISITOR, size=size, **more)


def back_to_cn2(packet):
    return ether(W.BACKBONE_MAC, W.CN2_MAC,
                 outer(W.CN2, error_about(packet, W.VISITOR, MTU), tos=0xc0))


def in_cell(packet):
    return for_agent(STATION, NOWHERE, MTU, packet)


packet = to_visitor(CELL_FITS, flags="DF")
case("size_cell_fits", received(packet), into_cell0("VISITOR", packet))
pair("size_cell", to_visitor, back_to_cn2, in_cell, received)
case("size_cell_icmp_error",
     received(IP(src=W.SERVER, dst=W.VISITOR, flags="DF") / ICMP(type=3, code=1) /
              Raw(bytes(1500))))
case("size_cell_later_fragment",
     received(IP(src=W.SERVER, dst=W.VISITOR, flags="DF", frag=200, proto=17) / Raw(bytes(1500))))
SEGMENT = IP(src=W.SERVER, dst=W.VISITOR, flags="DF") / TCP(
    flags="A", options=[("NOP", None), ("NOP", None), ("Timestamp", (1, 1))]) / Raw(bytes(2000))
case("size_cell_segments", received(SEGMENT), back_to_cn2(SEGMENT))

# ---- out of one tunnel into another
pair("size_relay", lambda **more: udp(W.AWAY, W.AWAY2, size=TUNNEL_FITS + 1, **more),
     lambda packet: ether(W.BACKBONE_MAC, W.CN2_MAC,
                          outer(W.CN2, error_about(packet, W.AWAY2, MTU - 20), tos=0xc0)),
     lambda packet: for_agent(CN, W.CN2, MTU - 20, packet), received)
SEGMENT = IP(src=W.AWAY, dst=W.AWAY2, flags="DF") / TCP(flags="A", dataofs=8) / Raw(bytes(2012))
case("size_relay_segments_fit", received(SEGMENT), to_cn2(SEGMENT, ttl=59))
case("size_relay_segments", received(SEGMENT),
     ether(W.BACKBONE_MAC, W.CN2_MAC,
           outer(W.CN2, error_about(SEGMENT, W.AWAY2, MTU - 20), tos=0xc0)))

# ---- from a cell
pair("size_next_door", lambda **more: udp(W.HOME, W.NEXT_DOOR, size=CELL_FITS + 1, **more),
     lambda packet: too_big(to_kernel("HOME", packet), W.GATEWAY0, W.CELL0_MAC, MTU),
     in_cell, lambda packet: to_kernel("HOME", packet))
packet = udp(W.VISITOR, W.SERVER, size=TUNNEL_FITS + 1)
case("size_tunnel_without_df", to_kernel("VISITOR", packet), for_agent(CN, W.CN2, MTU - 20, packet))
piece = fragment(udp(W.VISITOR, W.SERVER, size=4000), fragsize=1480)[1]
case("size_tunnel_later_fragment", to_kernel("VISITOR", piece),
     for_agent(CN, W.CN2, MTU - 20, piece))


# ---- from the kernel, and what the agent gives back
def as_station(who):
    def answered(packet):
        station, cell = mac_of(who), W.CELL0_MAC
        return ether(station, cell, error_about(packet, getattr(W, who), MTU))
    return answered


pair("size_out_next_door", lambda **more: udp(W.SERVER, W.NEXT_DOOR, size=CELL_FITS + 1, **more),
     as_station("NEXT_DOOR"), in_cell,
     lambda packet: ether(W.CELL0_MAC, W.NEXT_DOOR_MAC, packet))
pair("size_out_away", lambda **more: udp(W.SERVER, W.AWAY, size=TUNNEL_FITS + 1, **more),
     lambda packet: ether(W.AWAY_MAC, W.CELL0_MAC, error_about(packet, W.AWAY, MTU - 20)),
     lambda packet: for_agent(CN, W.CN2, MTU - 20, packet),
     lambda packet: ether(W.CELL0_MAC, W.AWAY_MAC, packet))
pair("size_held_visitor", to_visitor,
     lambda packet: ether(W.BACKBONE_MAC, W.CN2_MAC,
                          outer(W.CN2, error_about(packet, W.VISITOR, MTU), tos=0xc0)),
     in_cell, lambda packet: ether(W.ROUTER_MAC, W.BACKBONE_MAC, packet))
packet = udp(W.HOME, MDNS, size=1472)
case("size_abroad_without_df", by_agent(0, W.CN2, packet), for_agent(CN, W.CN2, MTU - 20, packet))
packet = udp(W.VISITOR, W.SERVER)
case("by_agent_cn", by_agent(CN, W.CN2, packet), to_cn2(packet))
case("by_agent_no_cn", by_agent(CN, W.CN7, packet))
packet = udp(W.SERVER, W.NEXT_DOOR)
case("by_agent_station", by_agent(STATION, NOWHERE, packet), into_cell1("NEXT_DOOR", packet))
packet = udp(W.SERVER, W.AWAY)
case("by_agent_station_away", by_agent(STATION, NOWHERE, packet), to_cn2(packet))
packet = udp(W.AWAY, W.SERVER)
case("by_agent_kernel", by_agent(KERNEL, NOWHERE, packet), to_kernel("AWAY", packet))
packet = udp(W.VISITOR, W.SERVER)
case("by_agent_kernel_guest", by_agent(KERNEL, NOWHERE, packet), to_cn2(packet))
case("by_agent_kernel_stranger", by_agent(KERNEL, NOWHERE, udp(W.STRANGER, W.SERVER)))

# ---- groups
packet = udp(W.VISITOR, MDNS, size=1472)
from_cell("size_group", "VISITOR", packet, for_agent(CN, W.CN2, MTU - 20, packet), dst=MDNS_MAC)
from_cell("size_group_df", "VISITOR", udp(W.VISITOR, MDNS, size=1472, flags="DF"), dst=MDNS_MAC)
case("size_group_home_df", received(udp(W.AWAY, "239.1.2.3", size=1473, flags="DF")))

# ---- signed SYNs, and options that fill the header
def mss_case(name, before, after=None):
    """`before` and `after`: the options as bytes. Without `after` the SYN must stay as it is."""
    def frame(options):
        tcp = raw(TCP(sport=4000, dport=80, seq=1, flags="S", dataofs=5 + len(options) // 4))
        pseudo = socket.inet_aton(W.HOME) + socket.inet_aton(W.SERVER)
        pseudo += struct.pack("!HH", 6, len(tcp) + len(options))
        sum_of = checksum(pseudo + tcp[:16] + bytes(2) + tcp[18:] + options)
        tcp = tcp[:16] + struct.pack("!H", sum_of) + tcp[18:]
        packet = IP(src=W.HOME, dst=W.SERVER, id=9, flags="DF", proto=6)
        return to_kernel("HOME", packet / Raw(tcp + options))
    case(name, frame(before), frame(before if after is None else after))


def option(kind, data):
    return bytes([kind, len(data) + 2]) + data


BIG_MSS, SMALL_MSS = option(2, struct.pack("!H", 1460)), option(2, struct.pack("!H", MSS))
SIGNED = {"md5": option(19, bytes(range(16))), "ao": option(29, bytes(range(14)))}
for name, signature in SIGNED.items():
    filler = b"\x01" * (-len(signature) % 4)
    mss_case(f"mss_{name}_behind", BIG_MSS + signature + filler)
    mss_case(f"mss_{name}_before", filler + signature + BIG_MSS)
    mss_case(f"mss_{name}_after_nops", BIG_MSS + b"\x01" * (32 - len(signature)) + signature +
             b"\x01" * 4)
mss_case("mss_after_nops", b"\x01" * 36 + BIG_MSS, b"\x01" * 36 + SMALL_MSS)
mss_case("mss_twice", BIG_MSS + b"\x01" * 4 + BIG_MSS, SMALL_MSS + b"\x01" * 4 + SMALL_MSS)
mss_case("mss_before_broken", BIG_MSS + b"\x08\x0a\x00\x00", SMALL_MSS + b"\x08\x0a\x00\x00")
mss_case("mss_behind_end", b"\x00" * 4 + BIG_MSS)
mss_case("mss_md5_behind_end", BIG_MSS + b"\x00" + SIGNED["md5"] + b"\x00",
         SMALL_MSS + b"\x00" + SIGNED["md5"] + b"\x00")
