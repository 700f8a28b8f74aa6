# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests: the path to another CN is narrower than its route. Part of packets.py.

The MTU of each path is NARROW (world_narrow in tests/bpf/world_maps.c).
"""
from packet_world import (MDNS, NARROW, W, case, ether, from_cell, from_router, hop, into_cell0,
                          mac_of, received, sent, to_cn2, to_cn3, to_kernel, too_big, udp)
from packets_sizes import CN, error_about, for_agent
from scapy.all import ICMP, IP, UDP, Raw, fragment

FITS = NARROW - 20 - 28  # the most data of a UDP packet that fits into the tunnel
STILL, MORE = {"size": FITS, "flags": "DF"}, {"size": FITS + 1, "flags": "DF"}


def told(name, frame, gateway=W.GATEWAY0, mac=W.CELL0_MAC):
    """The station that sent the frame learns the size."""
    case(name, frame, too_big(frame, gateway, mac, NARROW - 20))


def as_station(who, packet):
    """The kernel learns it from the station, as if that were at home."""
    error = error_about(packet, getattr(W, who), NARROW - 20)
    return ether(mac_of(who), W.CELL0_MAC, error)


# ---- from stations
packet = udp(W.VISITOR, W.SERVER, **STILL)
from_cell("narrow_visitor_fits", "VISITOR", packet, to_cn2(packet))
told("narrow_visitor", to_kernel("VISITOR", udp(W.VISITOR, W.SERVER, **MORE)))
packet = udp(W.HOME, W.AWAY, **STILL)
from_cell("narrow_home_fits", "HOME", packet, to_cn2(packet))
told("narrow_home", to_kernel("HOME", udp(W.HOME, W.AWAY, **MORE)))
packet = udp(W.HOME, W.ELSEWHERE, **STILL)
from_cell("narrow_direct_fits", "HOME", packet, to_cn3(hop(packet)))
told("narrow_direct", to_kernel("HOME", udp(W.HOME, W.ELSEWHERE, **MORE)))
# The next hop's MAC is not known: the kernel's table says nothing about the MTU.
told("narrow_no_neighbour", to_kernel("HOME", udp(W.HOME, W.AWAY6, **MORE)))

# ---- from the kernel and from the backbone
packet = udp(W.SERVER, W.AWAY, **STILL)
case("narrow_out_fits", into_cell0("AWAY", packet), to_cn2(packet))
large = udp(W.SERVER, W.AWAY, **MORE)
case("narrow_out", into_cell0("AWAY", large), as_station("AWAY", large))
case("narrow_away_fits", from_router(packet), to_cn2(hop(packet)))
case("narrow_away", from_router(udp(W.SERVER, W.AWAY, **MORE)))

# ---- from the agent's device
case("narrow_held_fits", ether(W.ROUTER_MAC, W.BACKBONE_MAC, packet), to_cn2(packet))
case("narrow_held", ether(W.ROUTER_MAC, W.BACKBONE_MAC, large), as_station("AWAY", large))
CN2_AS_MAC = "02:00:c0:00:02:02"
packet = udp(W.HOME, MDNS, size=FITS)
case("narrow_abroad_fits", ether(W.CELL0_MAC, CN2_AS_MAC, packet), to_cn2(packet))
packet = udp(W.HOME, MDNS, size=FITS + 1)
case("narrow_abroad", ether(W.CELL0_MAC, CN2_AS_MAC, packet),
     for_agent(CN, W.CN2, NARROW - 20, packet))


# ---- out of one tunnel and into another
def returned(name, packet):
    """The sender inside learns the size through the tunnel that the packet came from."""
    error = too_big(ether(None, None, packet), packet[IP].dst, None, NARROW - 20)[IP]
    case(name, received(packet), sent(W.CN2_MAC, W.CN2, error))


packet = udp(W.AWAY, W.AWAY3, **STILL)
case("narrow_relay_fits", received(packet), to_cn3(packet, ttl=59))
returned("narrow_relay", udp(W.AWAY, W.AWAY3, **MORE))
packet = udp(W.AWAY, W.AWAY3, size=FITS + 1)
case("narrow_relay_without_df", received(packet), for_agent(CN, W.CN3, NARROW - 20, packet))
returned("narrow_relay_options", IP(src=W.AWAY, dst=W.AWAY3, flags="DF",
                                    options=[b"\x94\x04\x00\x00"]) / UDP() / Raw(bytes(FITS)))
packet = udp(W.SERVER, W.ELSEWHERE, **STILL)
case("narrow_stale_fits", received(packet), to_cn3(packet, ttl=59))
returned("narrow_stale", udp(W.SERVER, W.ELSEWHERE, **MORE))
piece = fragment(udp(W.AWAY, W.AWAY3, size=2800), fragsize=1400)[1]
case("narrow_relay_later_fragment", received(piece),
     for_agent(CN, W.CN3, NARROW - 20, piece))
echo = IP(src=W.AWAY, dst=W.AWAY3, flags="DF") / ICMP() / Raw(bytes(FITS + 1))
returned("narrow_relay_echo", echo)
case("narrow_relay_icmp_error",
     received(IP(src=W.AWAY, dst=W.AWAY3, flags="DF") / ICMP(type=3, code=1) /
              Raw(bytes(FITS + 1))))
