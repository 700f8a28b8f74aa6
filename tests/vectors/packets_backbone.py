# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests: frames of the kernel into the cell, plain packets of the backbone,
packets out of the tunnel, and the way past netfilter. Part of packets.py.
"""
from packet_world import (ALL, BIG, ROUTER_ALERT, SMALL, W, WHO_HAS, case, ether, from_router, hop,
                          into_cell0, into_cell1, mac_of, outer, received, received_from_cn3, sent,
                          syn, to_cn2, to_cn3, to_kernel, udp)
from scapy.all import ARP, IP, TCP, UDP, Dot1Q, Ether, IPOption, IPv6, Raw, fragment, raw

ALERTED = {"options": [IPOption(ROUTER_ALERT)]}


# ---- frames of the kernel into the cell
def to_cell(name, dst_mac, payload, out=None):
    case(name, ether(W.CELL0_MAC, dst_mac, payload), out)


KERNEL_ASKS = {"hwsrc": W.CELL0_MAC, "psrc": W.GATEWAY0, **WHO_HAS}


def answer_for(who):
    """The answer to the kernel's ARP request, in the name of a station that is not in the cell."""
    mac, address = mac_of(who), getattr(W, who)
    return ether(mac, W.CELL0_MAC,
                 ARP(op=2, hwsrc=mac, psrc=address, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0))


for who in ("AWAY", "NEXT_DOOR"):
    to_cell(f"arp_kernel_for_{who.lower()}", ALL, ARP(pdst=getattr(W, who), **KERNEL_ASKS),
            answer_for(who))
to_cell("arp_kernel_for_away_unicast", W.AWAY_MAC, ARP(pdst=W.AWAY, **KERNEL_ASKS),
        answer_for("AWAY"))
to_cell("arp_kernel_for_home", ALL, ARP(pdst=W.HOME, **KERNEL_ASKS))
to_cell("arp_kernel_announces", ALL,
        ARP(op=2, hwsrc=W.CELL0_MAC, psrc=W.GATEWAY0, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0))
packet = udp(W.SERVER, W.HOME)
to_cell("out_home", W.HOME_MAC, packet)
to_cell("out_home_wrong_neighbour", W.STRANGER_MAC, packet, into_cell0("HOME", packet))
packet = udp(W.SERVER, W.AWAY)
to_cell("out_away", W.AWAY_MAC, packet, to_cn2(packet))
packet = udp(W.SERVER, W.AWAY4)
to_cell("out_away_behind_router", W.AWAY4_MAC, packet, sent(W.ROUTER_MAC, W.CN4, packet))
to_cell("out_away_no_route", W.AWAY5_MAC, udp(W.SERVER, W.AWAY5))
# The kernel fills in the MACs later. Here the frame still has those of the cell.
packet = udp(W.SERVER, W.AWAY6)
to_cell("out_away_no_neighbour", W.AWAY6_MAC, packet, into_cell0("AWAY6", outer(W.CN6, packet)))
packet = udp(W.SERVER, W.NEXT_DOOR)
to_cell("out_next_door", W.NEXT_DOOR_MAC, packet, into_cell1("NEXT_DOOR", packet))
# The agent gets the frame as it is, while the station is held or the cell has no entry.
to_cell("held_out_away", W.AWAY_MAC, udp(W.SERVER, W.AWAY))
to_cell("held_out_next_door", W.NEXT_DOOR_MAC, udp(W.SERVER, W.NEXT_DOOR))
to_cell("out_blocked_own", W.BLOCKED_OWN_MAC, udp(W.SERVER, W.BLOCKED_OWN))
to_cell("out_guest", W.VISITOR_MAC, udp(W.SERVER, W.VISITOR))
to_cell("out_broadcast", ALL, udp(W.GATEWAY0, "255.255.255.255"))
to_cell("out_unknown", W.STRANGER_MAC, udp(W.SERVER, W.STRANGER))
to_cell("out_mss_home", W.HOME_MAC, syn(W.SERVER, W.HOME, BIG, flags="SA"),
        into_cell0("HOME", syn(W.SERVER, W.HOME, SMALL, flags="SA")))
to_cell("out_mss_away", W.AWAY_MAC, syn(W.SERVER, W.AWAY, BIG, flags="SA"),
        to_cn2(syn(W.SERVER, W.AWAY, SMALL, flags="SA")))
to_cell("out_ipv6", W.HOME_MAC,
        IPv6(src="fe80::1", dst="fe80::2") / UDP(sport=1, dport=2) / b"six")


# ---- plain packets of the backbone
def from_backbone(name, payload, out=None, dst=W.BACKBONE_MAC):
    case(name, ether(W.ROUTER_MAC, dst, payload), out)


def to_away(name, packet):
    """A packet that this CN forwards to AWAY, which is in a cell of CN2."""
    from_backbone(name, packet, to_cn2(hop(packet)))


def with_checksum(wanted):
    """A packet with that header checksum. The wanted ones are the edges of the arithmetic of ones'
    complement.
    """
    packet = udp(W.SERVER, W.AWAY)
    packet.id = 0
    packet.id = (IP(raw(packet)).chksum - wanted) % 65535
    assert IP(raw(packet)).chksum == wanted
    return packet


to_away("bb_away", udp(W.SERVER, W.AWAY))
from_backbone("bb_away_slow", udp(W.SERVER, W.AWAY))
for ttl in (2, 255):
    to_away(f"bb_away_ttl{ttl}", udp(W.SERVER, W.AWAY, ttl=ttl))
for wanted in (0xfeff, 0xff00, 0xfffe, 0x0001):
    to_away(f"bb_away_checksum_{wanted:04x}", with_checksum(wanted))
from_backbone("bb_away_ttl1", udp(W.SERVER, W.AWAY, ttl=1))
from_backbone("bb_away_too_big", udp(W.SERVER, W.AWAY, size=1472, flags="DF"))
from_backbone("bb_away_other_mac", udp(W.SERVER, W.AWAY), dst=W.ROUTER_MAC)
to_away("bb_away_options",
        IP(src=W.SERVER, dst=W.AWAY, **ALERTED) / UDP(sport=1, dport=2) / b"router alert")
from_backbone("bb_mss_away", syn(W.SERVER, W.AWAY, BIG), to_cn2(hop(syn(W.SERVER, W.AWAY, SMALL))))
to_away("bb_away_segment", IP(src=W.SERVER, dst=W.AWAY) / TCP(flags="PA") / b"data")
to_away("bb_away_short", IP(src=W.SERVER, dst=W.AWAY) / UDP())
to_away("bb_away_last_fragment", fragment(udp(W.SERVER, W.AWAY, size=600), fragsize=304)[-1])
to_away("bb_away_flags_missing", IP(src=W.SERVER, dst=W.AWAY, proto=6) / Raw(bytes(12)))
from_backbone("bb_away_no_route", udp(W.SERVER, W.AWAY5))
packet = udp(W.SERVER, W.AWAY6)
from_backbone("bb_away_no_neighbour", packet,
              ether(W.ROUTER_MAC, W.BACKBONE_MAC, outer(W.CN6, hop(packet))))
from_backbone("bb_home", udp(W.SERVER, W.HOME))
from_backbone("bb_next_door", udp(W.SERVER, W.NEXT_DOOR))
from_backbone("bb_ipv6", IPv6(src="fe80::1", dst="fe80::2") / UDP(sport=1, dport=2) / b"six")
from_backbone("bb_arp", ARP(op=1, psrc=W.ROUTER, pdst=W.TUNNEL), dst=ALL)
case("bb_vlan",
     Ether(src=W.ROUTER_MAC, dst=W.BACKBONE_MAC) / Dot1Q(vlan=7) / udp(W.SERVER, W.AWAY))
case("bb_tunnel_of_others",
     ether(W.CN2_MAC, W.BACKBONE_MAC, outer(W.CN3, udp(W.SERVER, W.AWAY), src=W.CN2)))


# ---- packets out of the tunnel
def delivered(name, who, packet):
    case(name, received(packet), into_cell0(who, packet))


def relayed(name, packet, way):
    """A packet that goes back into a tunnel: way(packet, ttl=) makes the frame."""
    case(name, received(packet), way(packet, ttl=59))


def tunnel_head(**more):
    """An outer header from CN2, with fields of the caller's choice."""
    return Ether(src=W.CN2_MAC, dst=W.BACKBONE_MAC) / IP(src=W.CN2, dst=W.TUNNEL, proto=4, **more)


TO_VISITOR = udp(W.SERVER, W.VISITOR)
FROM_AWAY = udp(W.AWAY, W.SERVER)
delivered("tunnel_to_visitor", "VISITOR", TO_VISITOR)
delivered("tunnel_to_home", "HOME", udp(W.SERVER, W.HOME))
delivered("tunnel_to_visitor_options", "VISITOR",
          IP(src=W.SERVER, dst=W.VISITOR, **ALERTED) / UDP() / b"x")
PIECES = fragment(udp(W.SERVER, W.VISITOR, size=600), fragsize=304)
delivered("tunnel_first_fragment", "VISITOR", PIECES[0])
delivered("tunnel_last_fragment", "VISITOR", PIECES[-1])
case("tunnel_mss", received(syn(W.SERVER, W.VISITOR, BIG, flags="SA")),
     into_cell0("VISITOR", syn(W.SERVER, W.VISITOR, SMALL, flags="SA")))
case("tunnel_mss_to_kernel", received(syn(W.AWAY, W.SERVER, BIG)),
     to_kernel("AWAY", syn(W.AWAY, W.SERVER, SMALL)))
case("tunnel_from_away", received(FROM_AWAY), to_kernel("AWAY", FROM_AWAY))
delivered("tunnel_from_away_to_home", "HOME", udp(W.AWAY, W.HOME))
packet = udp(W.AWAY, W.NEXT_DOOR)
case("tunnel_from_away_to_next_door", received(packet), into_cell1("NEXT_DOOR", packet))
packet = udp(W.AWAY, W.GATEWAY0)
case("tunnel_from_away_to_gateway", received(packet), to_kernel("AWAY", packet))
relayed("tunnel_from_away_to_away_same_cell", udp(W.AWAY, W.AWAY2), to_cn2)
relayed("tunnel_from_away_to_away_elsewhere", udp(W.AWAY, W.AWAY3), to_cn3)
case("tunnel_from_away_to_away_no_route", received(udp(W.AWAY, W.AWAY5)))
# The kernel fills in the MACs later. Here the frame still has those with which it came.
packet = udp(W.AWAY, W.AWAY6)
case("tunnel_from_away_to_away_no_neighbour", received(packet),
     ether(W.CN2_MAC, W.BACKBONE_MAC, outer(W.CN6, packet, ttl=59)))
delivered("tunnel_from_home_to_visitor", "VISITOR", udp(W.HOME, W.VISITOR))
packet = udp(W.AWAY, W.VISITOR)
case("tunnel_from_away_to_visitor", received_from_cn3(packet), to_kernel("AWAY", packet))
# Straight from the CN where the sender is. That CN has taken the part of a router.
case("tunnel_direct_to_visitor", received_from_cn3(packet), into_cell0("VISITOR", packet))
packet = udp(W.AWAY, W.ELSEWHERE)
relayed("tunnel_direct_to_elsewhere", packet, to_cn3)
case("tunnel_direct_to_sender", received_from_cn3(packet), to_kernel("AWAY", packet))
packet = udp(W.AWAY, W.VISITOR, ttl=1)
case("tunnel_direct_ttl1", received_from_cn3(packet), to_kernel("AWAY", packet))
packet = udp(W.AWAY, W.SETTLED)
case("tunnel_direct_to_settled", received_from_cn3(packet), to_cn2(packet, ttl=59))
# The station is home again, and a late packet of it comes from its former CN.
packet = udp(W.HOME, W.SERVER)
case("tunnel_from_home", received(packet), to_kernel("HOME", packet))
case("tunnel_from_blocked", received(udp(W.BLOCKED_OWN, W.SERVER)))
case("tunnel_to_blocked", received(udp(W.SERVER, W.BLOCKED)))
packet = udp(W.SERVER, W.ELSEWHERE)
relayed("tunnel_relay_next", packet, to_cn3)
case("tunnel_relay_back", received_from_cn3(packet))
case("tunnel_relay_hops", received(packet, ttl=1))
case("tunnel_unknown_peer", received(TO_VISITOR, src=W.CN7, mac=W.CN7_MAC))
case("tunnel_of_others", received(udp("172.16.1.1", W.FOREIGN)))
case("tunnel_of_others_inner_not_ip",
     ether(W.CN7_MAC, W.BACKBONE_MAC, IP(src=W.CN7, dst=W.TUNNEL, proto=4)) / Raw(bytes(60)))
case("tunnel_of_others_into_network", received(udp(W.FOREIGN, "10.1.0.77")))
case("tunnel_link_local", received(udp(W.AWAY, "169.254.169.254")))
case("tunnel_link_local_source", received(udp("169.254.7.7", W.VISITOR)))
case("tunnel_multicast_source", received(udp("224.0.0.5", W.VISITOR)))
case("tunnel_not_here", received(udp(W.SERVER, "10.2.0.77")))
case("tunnel_wrong_source", received(udp(W.VISITOR, W.SERVER)))
case("tunnel_fragment", tunnel_head(flags="MF") / TO_VISITOR)
case("tunnel_later_fragment", tunnel_head(frag=5) / TO_VISITOR)
case("tunnel_outer_options", tunnel_head(**ALERTED) / TO_VISITOR)
case("tunnel_inner_not_ip", tunnel_head() / Raw(b"\x60" + bytes(60)))
case("tunnel_inner_ihl", tunnel_head() / Raw(b"\x44" + raw(TO_VISITOR)[1:]))
case("tunnel_inner_too_long",
     tunnel_head() / IP(src=W.SERVER, dst=W.VISITOR, len=500) / UDP() / b"x")

# RFC 6040, figure 4. Rows are the inner packet, columns the outer header.
ECN = {"not": 0, "ect1": 1, "ect0": 2, "ce": 3}
COLUMNS = ("not", "ect1", "ect0", "ce")
FIGURE = {
    "not": ("not", "not", "not", None),
    "ect0": ("ect0", "ect1", "ect0", "ce"),
    "ect1": ("ect1", "ect1", "ect1", "ce"),
    "ce": ("ce", "ce", "ce", "ce"),
}
for inner, row in FIGURE.items():
    for outside, result in zip(COLUMNS, row):
        packet, out = udp(W.SERVER, W.VISITOR, tos=0xb8 | ECN[inner]), None
        if result:
            out = into_cell0("VISITOR", udp(W.SERVER, W.VISITOR, tos=0xb8 | ECN[result]))
        case(f"ecn_{inner}_in_{outside}", received(packet, tos=0x40 | ECN[outside]), out)

# ---- the first packet of a station that arrives, which its CN marks on the way to the parent
FIRST = int.from_bytes(b"TM", "big")
packet = udp(W.ELSEWHERE, W.SERVER)
case("first_of_guest", to_kernel("ELSEWHERE", packet), to_cn2(packet, id=FIRST))
case("second_of_guest", to_kernel("ELSEWHERE", packet), to_cn2(packet))
packet = udp(W.ELSEWHERE, W.VISITOR)
case("first_direct", to_kernel("ELSEWHERE", packet), into_cell0("VISITOR", packet))
case("first_back_home", to_kernel("AWAY", FROM_AWAY))
case("first_next_door", ether(W.AWAY_MAC, W.CELL1_MAC, FROM_AWAY), to_kernel("AWAY", FROM_AWAY))
packet = udp(W.HOME, W.SERVER)
case("first_from_home", received(packet, id=FIRST), to_kernel("HOME", packet))
case("first_from_away", received_from_cn3(FROM_AWAY, id=FIRST), to_kernel("AWAY", FROM_AWAY))
case("not_first_from_away", received_from_cn3(FROM_AWAY), to_kernel("AWAY", FROM_AWAY))
case("first_of_stranger", received(FROM_AWAY, src=W.CN7, mac=W.CN7_MAC, id=FIRST))
packet = udp(W.SERVER, W.ELSEWHERE)
case("first_relayed", received(packet, id=FIRST), to_cn3(packet, ttl=59))


# ---- past netfilter, between the cell and the backbone
def to_router(packet):
    return ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(packet))


packet = udp(W.HOME, W.SERVER)
case("past_out", to_kernel("HOME", packet), to_router(packet))
case("past_out_mss", to_kernel("HOME", syn(W.HOME, W.SERVER, BIG)),
     to_router(syn(W.HOME, W.SERVER, SMALL)))
piece = fragment(udp(W.HOME, W.SERVER, size=600), fragsize=304)[-1]
case("past_out_fragment", to_kernel("HOME", piece), to_router(piece))
FOR_KERNEL = {  # packets that the program leaves to the kernel
    "ttl1": udp(W.HOME, W.SERVER, ttl=1),
    "no_route": udp(W.HOME, "203.0.113.9"),
    "to_us": udp(W.HOME, W.GATEWAY0),
    "to_tunnel_end": udp(W.HOME, W.TUNNEL),
    "neighbour_unknown": udp(W.HOME, W.CN6),
    "options": IP(src=W.HOME, dst=W.SERVER, **ALERTED) / UDP(sport=1, dport=2) / b"x",
    "too_big": udp(W.HOME, W.SERVER, size=1500),
}
for name, packet in FOR_KERNEL.items():
    case(f"past_out_{name}", to_kernel("HOME", packet))
packet = udp(W.HOME, W.SETTLED)
case("past_out_settled", to_kernel("HOME", packet), ether(W.BACKBONE_MAC, W.CN2_MAC, hop(packet)))
packet = udp(W.SERVER, W.HOME)
case("past_in", from_router(packet), into_cell0("HOME", hop(packet)))
case("past_in_mss", from_router(syn(W.SERVER, W.HOME, BIG)),
     into_cell0("HOME", hop(syn(W.SERVER, W.HOME, SMALL))))
case("past_in_ttl1", from_router(udp(W.SERVER, W.HOME, ttl=1)))
packet = udp(W.SERVER, W.HOME2)
case("past_in_neighbour_unknown", from_router(packet), into_cell0("HOME2", hop(packet)))
case("past_in_too_big", from_router(udp(W.SERVER, W.HOME2, size=1501)))
case("past_tunnel", received(FROM_AWAY), to_router(FROM_AWAY))
CAPABLE, CONGESTED = (udp(W.AWAY, W.SERVER, tos=tos) for tos in (2, 3))
case("past_tunnel_congested", received(CAPABLE, tos=3), to_router(CONGESTED))
packet = udp(W.AWAY, W.SERVER, ttl=1)
case("past_tunnel_ttl1", received(packet), to_kernel("AWAY", packet))
