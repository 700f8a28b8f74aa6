#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The packets of the BPF tests, made by scapy: what goes in and what must come out, so that no byte is our own reckoning.

Prints a C header: the names of the world (addresses and MACs), and for each case `struct packet NAME` with both frames.
A case without a second frame is one whose frame must come out as it went in.
"""
import sys

from scapy.all import ARP, ICMP, IP, TCP, UDP, BOOTP, DHCP, Dot1Q, Ether, IPOption, IPv6, Raw, fragment, raw

# ---- the world; tests/bpf/world*.c build it of these names
WORLD = {
    "TUNNEL": "192.0.2.1", "CN2": "192.0.2.2", "CN3": "192.0.2.3",
    "CN4": "198.51.100.4",    # behind a router of the backbone
    "CN5": "203.0.113.5",     # no route leads there
    "CN6": "192.0.2.6",       # its MAC is not known
    "CN7": "192.0.2.7",       # is no peer
    "ROUTER": "192.0.2.254",
    "BACKBONE_MAC": "02:00:00:00:bb:01", "CN2_MAC": "02:00:00:00:bb:02", "CN3_MAC": "02:00:00:00:bb:03",
    "CN7_MAC": "02:00:00:00:bb:07", "ROUTER_MAC": "02:00:00:00:bb:fe",
    "GATEWAY0": "10.1.0.1", "CELL0_MAC": "02:00:00:00:ce:00", "GATEWAY1": "10.1.1.1", "CELL1_MAC": "02:00:00:00:ce:01",
    "OLD_GATEWAY": "10.2.0.1", "OLD_GATEWAY_MAC": "02:00:00:00:ce:22",
    "SERVER": "198.18.0.9",
    "HOME": "10.1.0.10", "HOME_MAC": "02:00:00:00:00:10",         # at home in cell0
    "HOME2": "10.1.0.11", "HOME2_MAC": "02:00:00:00:00:11",
    "AWAY": "10.1.0.20", "AWAY_MAC": "02:00:00:00:00:20",         # of cell0, in a cell of CN2
    "AWAY2": "10.1.0.21", "AWAY2_MAC": "02:00:00:00:00:21",       # of cell0, in a cell of CN2
    "AWAY3": "10.1.0.22", "AWAY3_MAC": "02:00:00:00:00:22",       # of cell0, in a cell of CN3
    "AWAY4": "10.1.0.23", "AWAY4_MAC": "02:00:00:00:00:23",       # of cell0, in a cell of CN4
    "AWAY5": "10.1.0.24", "AWAY5_MAC": "02:00:00:00:00:24",       # of cell0, in a cell of CN5
    "AWAY6": "10.1.0.25", "AWAY6_MAC": "02:00:00:00:00:25",       # of cell0, in a cell of CN6
    "NEXT_DOOR": "10.1.0.30", "NEXT_DOOR_MAC": "02:00:00:00:00:30",  # of cell0, in cell1
    "VISITOR": "10.2.0.10", "VISITOR_MAC": "02:00:00:00:02:10",   # of CN2, in cell0
    "VISITOR2": "10.2.0.11", "VISITOR2_MAC": "02:00:00:00:02:11", # of CN2, in cell0
    "VISITOR5": "10.5.0.10", "VISITOR5_MAC": "02:00:00:00:05:10", # of CN5, in cell0
    "ELSEWHERE": "10.2.0.20", "ELSEWHERE_MAC": "02:00:00:00:02:20",  # of CN2, in a cell of CN3
    "SETTLED": "10.2.0.30", "SETTLED_MAC": "02:00:00:00:02:30",   # of CN2, and at home there
    "BLOCKED": "10.2.0.66", "BLOCKED_MAC": "02:00:00:00:02:66",
    "BLOCKED_OWN": "10.1.0.66", "BLOCKED_OWN_MAC": "02:00:00:00:00:66",  # the same, of cell0
    "STRANGER": "10.1.0.99", "STRANGER_MAC": "02:00:00:00:00:99", # in no map; its address is one of cell0
    "STRANGER2": "10.2.0.99",                                     # one of CN2
    "FOREIGN": "172.16.0.5",                                      # one of nobody
}
OUTER_TTL, MSS, MTU = 64, 1400, 1500
NUMBERS = {"OUTER_TTL": OUTER_TTL, "MSS": MSS}
W = type("World", (), WORLD)
PACKETS = {}


def case(name, frame, out=None):
    PACKETS[name] = (raw(frame), raw(frame if out is None else out))


def ether(src, dst, payload):
    return Ether(src=src, dst=dst) / payload


def outer(remote, inner, src=W.TUNNEL, ttl=OUTER_TTL, **more):
    return IP(src=src, dst=remote, ttl=ttl, flags="DF", proto=4, **{"id": 0, "tos": inner[IP].tos, **more}) / inner


def sent(mac, remote, inner, **more):
    """As this CN sends it over the backbone."""
    return ether(W.BACKBONE_MAC, mac, outer(remote, inner, **more))


def received(inner, src=W.CN2, mac=W.CN2_MAC, ttl=60, **more):
    """As a CN sends it to this one."""
    return ether(mac, W.BACKBONE_MAC, outer(W.TUNNEL, inner, src=src, ttl=ttl, **more))


def udp(src, dst, size=64, sport=4000, dport=5000, **more):
    return IP(src=src, dst=dst, id=7, **more) / UDP(sport=sport, dport=dport) / Raw(bytes(i & 0xff for i in range(size)))


def hop(packet):
    """The same, one router later."""
    later = packet.copy()
    later.ttl -= 1
    del later.chksum
    return later


def syn(src, dst, options, flags="S", **more):
    return IP(src=src, dst=dst, id=9, flags="DF", **more) / TCP(sport=4000, dport=80, seq=1, flags=flags, options=options)


def too_big(frame, gateway, gateway_mac, mtu):
    """RFC 792, RFC 1191: the error about a packet, with the whole header and the first bytes of it."""
    packet = frame[IP]
    quote = raw(packet)[:68]
    return ether(gateway_mac, frame.src, IP(src=gateway, dst=packet.src, id=0, ttl=64, tos=0xc0) /
                 ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(quote))


# ---- DHCP
DISCOVER = Ether(src=W.STRANGER_MAC, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / \
    UDP(sport=68, dport=67) / BOOTP(chaddr=bytes.fromhex(W.STRANGER_MAC.replace(":", "")), xid=0x1234) / \
    DHCP(options=[("message-type", "discover"), "end"])
case("dhcp_discover", DISCOVER)
case("dhcp_renew", ether(W.VISITOR_MAC, W.OLD_GATEWAY_MAC, IP(src=W.VISITOR, dst=W.OLD_GATEWAY) / UDP(sport=68, dport=67) /
                         BOOTP(ciaddr=W.VISITOR) / DHCP(options=[("message-type", "request"), "end"])))
case("dhcp_of_server", ether(W.HOME_MAC, W.CELL0_MAC, IP(src=W.HOME, dst=W.GATEWAY0) / UDP(sport=67, dport=68) / BOOTP()))


# ---- stations of the cell
def from_cell(name, src, payload, out=None, dst=W.CELL0_MAC):
    case(name, ether(getattr(W, src + "_MAC", W.STRANGER_MAC), dst, payload), out)


from_cell("home_to_server", "HOME", udp(W.HOME, W.SERVER))
from_cell("home_to_home", "HOME", udp(W.HOME, W.HOME2), dst=W.HOME2_MAC)
from_cell("home_old_gateway", "HOME", udp(W.HOME, W.SERVER), ether(W.HOME_MAC, W.CELL0_MAC, udp(W.HOME, W.SERVER)), dst=W.OLD_GATEWAY_MAC)
from_cell("home_to_home_old_gateway", "HOME", udp(W.HOME, W.HOME2), ether(W.CELL0_MAC, W.HOME2_MAC, udp(W.HOME, W.HOME2)), dst=W.OLD_GATEWAY_MAC)
from_cell("home_to_away", "HOME", udp(W.HOME, W.AWAY), sent(W.CN2_MAC, W.CN2, udp(W.HOME, W.AWAY)), dst=W.CELL0_MAC)
from_cell("home_to_next_door", "HOME", udp(W.HOME, W.NEXT_DOOR), ether(W.CELL1_MAC, W.NEXT_DOOR_MAC, udp(W.HOME, W.NEXT_DOOR)))
from_cell("next_door_to_server", "NEXT_DOOR", udp(W.NEXT_DOOR, W.SERVER), ether(W.NEXT_DOOR_MAC, W.CELL0_MAC, udp(W.NEXT_DOOR, W.SERVER)),
          dst=W.CELL1_MAC)
from_cell("next_door_to_home", "NEXT_DOOR", udp(W.NEXT_DOOR, W.HOME), ether(W.CELL0_MAC, W.HOME_MAC, udp(W.NEXT_DOOR, W.HOME)), dst=W.CELL1_MAC)
for who, mac, remote in (("VISITOR", W.CN2_MAC, W.CN2), ("ELSEWHERE", W.CN2_MAC, W.CN2)):
    ip = getattr(W, who)
    from_cell(f"{who.lower()}_to_server", who, udp(ip, W.SERVER), sent(mac, remote, udp(ip, W.SERVER)))
from_cell("visitor_old_gateway", "VISITOR", udp(W.VISITOR, W.SERVER), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.SERVER)), dst=W.OLD_GATEWAY_MAC)
from_cell("visitor_to_visitor", "VISITOR", udp(W.VISITOR, W.VISITOR2), dst=W.VISITOR2_MAC)
from_cell("visitor_dscp_ecn", "VISITOR", udp(W.VISITOR, W.SERVER, tos=0xb9), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.SERVER, tos=0xb9)))
OPTIONS = IP(src=W.VISITOR, dst=W.SERVER, options=[IPOption(b"\x94\x04\x00\x00")]) / UDP(sport=1, dport=2) / b"router alert"
from_cell("visitor_ip_options", "VISITOR", OPTIONS, sent(W.CN2_MAC, W.CN2, OPTIONS))
PIECES = fragment(udp(W.VISITOR, W.SERVER, size=600), fragsize=304)
from_cell("visitor_first_fragment", "VISITOR", PIECES[0], sent(W.CN2_MAC, W.CN2, PIECES[0]))
from_cell("visitor_last_fragment", "VISITOR", PIECES[-1], sent(W.CN2_MAC, W.CN2, PIECES[-1]))
# A fragment is no DHCP message, whatever stands where the ports would be.
NO_DHCP = IP(src=W.VISITOR, dst=W.SERVER, frag=20, proto=17) / Raw(b"\x00\x44\x00\x43" * 8)
from_cell("visitor_fragment_like_dhcp", "VISITOR", NO_DHCP, sent(W.CN2_MAC, W.CN2, NO_DHCP))
from_cell("visitor_padded", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER) / UDP(sport=1, dport=2) / b"x" / Raw(bytes(18)))
from_cell("visitor_multicast", "VISITOR", udp(W.VISITOR, "224.0.0.251"), dst="01:00:5e:00:00:fb")
from_cell("visitor_broadcast", "VISITOR", udp(W.VISITOR, "255.255.255.255"), dst="ff:ff:ff:ff:ff:ff")
from_cell("visitor_no_route", "VISITOR5", udp(W.VISITOR5, W.SERVER))
from_cell("visitor_wrong_mac", "STRANGER", udp(W.VISITOR, W.SERVER))
from_cell("blocked", "BLOCKED", udp(W.BLOCKED, W.SERVER))
from_cell("stranger_home", "STRANGER", udp(W.STRANGER, W.SERVER))
from_cell("stranger_of_cn2", "STRANGER", udp(W.STRANGER2, W.SERVER))
from_cell("stranger_foreign", "STRANGER", udp(W.FOREIGN, W.SERVER))
from_cell("stranger_link_local", "STRANGER", udp("169.254.7.7", W.SERVER))
from_cell("stranger_unspecified", "STRANGER", udp("0.0.0.0", "255.255.255.255", dport=9999), dst="ff:ff:ff:ff:ff:ff")
from_cell("stranger_ipv6", "STRANGER", IPv6(src="fe80::1", dst="ff02::1") / UDP(sport=1, dport=2) / b"six", dst="33:33:00:00:00:01")
case("visitor_vlan", Ether(src=W.VISITOR_MAC, dst=W.CELL0_MAC) / Dot1Q(vlan=7) / udp(W.VISITOR, W.SERVER))

# ---- TCP's segment size
BIG, SMALL = [("MSS", 1460), ("SAckOK", b"")], [("MSS", MSS), ("SAckOK", b"")]
from_cell("mss_visitor", "VISITOR", syn(W.VISITOR, W.SERVER, BIG), sent(W.CN2_MAC, W.CN2, syn(W.VISITOR, W.SERVER, SMALL)))
from_cell("mss_home", "HOME", syn(W.HOME, W.SERVER, BIG), ether(W.HOME_MAC, W.CELL0_MAC, syn(W.HOME, W.SERVER, SMALL)))
ODD, ODD_SMALL = ([("NOP", None), ("MSS", size), ("NOP", None), ("SAckOK", b"")] for size in (1460, MSS))
from_cell("mss_odd_offset", "HOME", syn(W.HOME, W.SERVER, ODD), ether(W.HOME_MAC, W.CELL0_MAC, syn(W.HOME, W.SERVER, ODD_SMALL)))
LATE, LATE_SMALL = ([("SAckOK", b""), ("Timestamp", (1, 0)), ("WScale", 7), ("NOP", None), ("MSS", size)] for size in (1460, MSS))
from_cell("mss_late", "HOME", syn(W.HOME, W.SERVER, LATE), ether(W.HOME_MAC, W.CELL0_MAC, syn(W.HOME, W.SERVER, LATE_SMALL)))
from_cell("mss_small", "HOME", syn(W.HOME, W.SERVER, [("MSS", 536)]))
from_cell("mss_no_option", "HOME", syn(W.HOME, W.SERVER, []))
from_cell("mss_not_syn", "HOME", syn(W.HOME, W.SERVER, BIG, flags="A"))
from_cell("mss_unclamped", "HOME", syn(W.HOME, W.SERVER, BIG))
# An option of length 0 must not make the parser stand still.
from_cell("mss_zero_length", "HOME", IP(src=W.HOME, dst=W.SERVER) / TCP(flags="S", dataofs=7) / Raw(b"\x08\x00\x02\x04\x05\xb4\x01\x01"))

# ---- too big for the tunnel: 1500 bytes less 20
FITS = MTU - 20 - 28
from_cell("visitor_just_fits", "VISITOR", udp(W.VISITOR, W.SERVER, size=FITS, flags="DF"),
          sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.SERVER, size=FITS, flags="DF")))
BIG_FRAME = ether(W.VISITOR_MAC, W.CELL0_MAC, udp(W.VISITOR, W.SERVER, size=FITS + 1, flags="DF"))
case("visitor_too_big", BIG_FRAME, too_big(BIG_FRAME, W.GATEWAY0, W.CELL0_MAC, MTU - 20))
NO_DF = ether(W.VISITOR_MAC, W.CELL0_MAC, udp(W.VISITOR, W.SERVER, size=FITS + 1))
case("visitor_too_big_without_df", NO_DF, too_big(NO_DF, W.GATEWAY0, W.CELL0_MAC, MTU - 20))
BIG_ECHO = ether(W.VISITOR_MAC, W.OLD_GATEWAY_MAC, IP(src=W.VISITOR, dst=W.SERVER, flags="DF", tos=0x10) / ICMP() / Raw(bytes(1472)))
case("visitor_too_big_echo", BIG_ECHO, too_big(BIG_ECHO, W.GATEWAY0, W.CELL0_MAC, MTU - 20))
from_cell("visitor_too_big_icmp_error", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, flags="DF") / ICMP(type=3, code=1) / Raw(bytes(1472)))
from_cell("visitor_too_big_later_fragment", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, flags="DF+MF", frag=200, proto=17) / Raw(bytes(1480)))

# ---- ARP in the cell
WHO_HAS = {"hwdst": "00:00:00:00:00:00", "op": 1}


def arp(name, who, target, answer=None, mac=None, dst="ff:ff:ff:ff:ff:ff", sender=None, cell=W.CELL0_MAC):
    mac = mac or getattr(W, who + "_MAC")
    sender = sender or getattr(W, who)
    out = answer and ether(cell, mac, ARP(op=2, hwsrc=answer, psrc=target, hwdst=mac, pdst=sender))
    case(name, ether(mac, dst, ARP(hwsrc=mac, psrc=sender, pdst=target, **WHO_HAS)), out)


arp("arp_guest_gateway", "VISITOR", W.OLD_GATEWAY, W.CELL0_MAC)
arp("arp_guest_gateway_unicast", "VISITOR", W.OLD_GATEWAY, W.CELL0_MAC, dst=W.OLD_GATEWAY_MAC)
arp("arp_guest_neighbour", "VISITOR", "10.2.0.77", W.CELL0_MAC)
arp("arp_guest_elsewhere_neighbour", "VISITOR", W.ELSEWHERE, W.CELL0_MAC)
arp("arp_guest_beside", "VISITOR", W.VISITOR2)
arp("arp_elsewhere_gateway", "ELSEWHERE", W.OLD_GATEWAY, W.CELL0_MAC)
arp("arp_next_door_gateway", "NEXT_DOOR", W.GATEWAY0, W.CELL1_MAC, cell=W.CELL1_MAC)
arp("arp_home_for_away", "HOME", W.AWAY, W.CELL0_MAC)
arp("arp_home_for_next_door", "HOME", W.NEXT_DOOR, W.CELL0_MAC)
arp("arp_home_for_home", "HOME", W.HOME2)
arp("arp_home_for_gateway", "HOME", W.GATEWAY0)
arp("arp_home_for_unknown", "HOME", "10.1.0.200")
arp("arp_gratuitous", "VISITOR", W.VISITOR)
arp("arp_probe_for_away", "STRANGER", W.AWAY, W.CELL0_MAC, sender="0.0.0.0")
arp("arp_probe_own", "AWAY", W.AWAY, sender="0.0.0.0")
arp("arp_blocked", "BLOCKED", W.OLD_GATEWAY)
arp("arp_wrong_mac", "VISITOR", W.OLD_GATEWAY, mac=W.STRANGER_MAC)
arp("arp_stranger", "STRANGER", W.GATEWAY0)
arp("arp_stranger_of_cn2", "STRANGER", W.OLD_GATEWAY, sender=W.STRANGER2)
case("arp_reply_of_guest", ether(W.VISITOR_MAC, W.CELL0_MAC, ARP(op=2, hwsrc=W.VISITOR_MAC, psrc=W.VISITOR, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0)))
case("arp_other_hardware", ether(W.VISITOR_MAC, "ff:ff:ff:ff:ff:ff", ARP(hwtype=6, hwsrc=W.VISITOR_MAC, psrc=W.VISITOR, pdst=W.OLD_GATEWAY, **WHO_HAS)))


# ---- straight to where the other station is
def straight(name, src, dst, remote=None, mac=None, here=None, routed=True, **more):
    """Into the tunnel to `remote`, or into the cell whose MAC is `here`."""
    before = udp(getattr(W, src), getattr(W, dst), **more)
    after = hop(before) if routed else before
    from_cell(name, src, before, ether(here, getattr(W, dst + "_MAC"), after) if here else sent(mac, remote, after))


straight("direct_visitor_to_home", "VISITOR", "HOME", here=W.CELL0_MAC)
straight("direct_visitor_to_next_door", "VISITOR", "NEXT_DOOR", here=W.CELL1_MAC)
straight("direct_visitor_to_away", "VISITOR", "AWAY3", W.CN3, W.CN3_MAC)
straight("direct_visitor_to_elsewhere", "VISITOR", "ELSEWHERE", W.CN3, W.CN3_MAC, routed=False)
straight("direct_visitor_to_settled", "VISITOR", "SETTLED", W.CN2, W.CN2_MAC, routed=False)
straight("direct_visitor5_to_settled", "VISITOR5", "SETTLED", W.CN2, W.CN2_MAC)
straight("direct_visitor_to_visitor", "VISITOR", "VISITOR5", here=W.CELL0_MAC)
straight("direct_visitor_to_neighbour", "VISITOR", "VISITOR2", here=W.CELL0_MAC, routed=False)
straight("direct_home_to_visitor", "HOME", "VISITOR", here=W.CELL0_MAC)
straight("direct_home_to_elsewhere", "HOME", "ELSEWHERE", W.CN3, W.CN3_MAC)
straight("direct_next_door_to_settled", "NEXT_DOOR", "SETTLED", W.CN2, W.CN2_MAC)
straight("direct_ttl2", "VISITOR", "HOME", here=W.CELL0_MAC, ttl=2)
straight("direct_neighbour_ttl1", "VISITOR", "VISITOR2", here=W.CELL0_MAC, routed=False, ttl=1)
straight("direct_just_fits", "HOME", "ELSEWHERE", W.CN3, W.CN3_MAC, size=FITS, flags="DF")
from_cell("direct_mss", "VISITOR", syn(W.VISITOR, W.HOME, BIG), ether(W.CELL0_MAC, W.HOME_MAC, hop(syn(W.VISITOR, W.HOME, SMALL))))
from_cell("direct_ttl1", "VISITOR", udp(W.VISITOR, W.HOME, ttl=1), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.HOME, ttl=1)))
from_cell("direct_home_ttl1", "HOME", udp(W.HOME, W.ELSEWHERE, ttl=1))
ROUTED_OPTIONS = IP(src=W.VISITOR, dst=W.HOME, options=[IPOption(b"\x94\x04\x00\x00")]) / UDP(sport=1, dport=2) / b"router alert"
from_cell("direct_options", "VISITOR", ROUTED_OPTIONS, sent(W.CN2_MAC, W.CN2, ROUTED_OPTIONS))
from_cell("direct_no_route", "VISITOR", udp(W.VISITOR, W.AWAY5), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.AWAY5)))
from_cell("direct_to_blocked", "VISITOR", udp(W.VISITOR, W.BLOCKED), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.BLOCKED)))
from_cell("direct_home_to_settled", "HOME", udp(W.HOME, W.SETTLED))
from_cell("direct_home_to_cut", "HOME", udp(W.HOME, W.ELSEWHERE, size=FITS + 1))
TOO_LONG = ether(W.HOME_MAC, W.CELL0_MAC, udp(W.HOME, W.ELSEWHERE, size=FITS + 1, flags="DF"))
case("direct_too_big", TOO_LONG, too_big(TOO_LONG, W.GATEWAY0, W.CELL0_MAC, MTU - 20))

# ---- the same stations by way of their parents
from_cell("indirect_visitor_to_home", "VISITOR", udp(W.VISITOR, W.HOME), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, W.HOME)))
from_cell("indirect_home_to_visitor", "HOME", udp(W.HOME, W.VISITOR))
from_cell("indirect_home_to_elsewhere", "HOME", udp(W.HOME, W.ELSEWHERE))


# ---- the kernel's frames into the cell
def to_cell(name, dst_mac, payload, out=None):
    case(name, ether(W.CELL0_MAC, dst_mac, payload), out)


KERNEL_ASKS = {"hwsrc": W.CELL0_MAC, "psrc": W.GATEWAY0, **WHO_HAS}
for who in ("AWAY", "NEXT_DOOR"):
    ip, mac = getattr(W, who), getattr(W, who + "_MAC")
    case(f"arp_kernel_for_{who.lower()}", ether(W.CELL0_MAC, "ff:ff:ff:ff:ff:ff", ARP(pdst=ip, **KERNEL_ASKS)),
         ether(mac, W.CELL0_MAC, ARP(op=2, hwsrc=mac, psrc=ip, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0)))
case("arp_kernel_for_away_unicast", ether(W.CELL0_MAC, W.AWAY_MAC, ARP(pdst=W.AWAY, **KERNEL_ASKS)),
     ether(W.AWAY_MAC, W.CELL0_MAC, ARP(op=2, hwsrc=W.AWAY_MAC, psrc=W.AWAY, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0)))
to_cell("arp_kernel_for_home", "ff:ff:ff:ff:ff:ff", ARP(pdst=W.HOME, **KERNEL_ASKS))
to_cell("arp_kernel_announces", "ff:ff:ff:ff:ff:ff", ARP(op=2, hwsrc=W.CELL0_MAC, psrc=W.GATEWAY0, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0))
to_cell("out_home", W.HOME_MAC, udp(W.SERVER, W.HOME))
to_cell("out_home_wrong_neighbour", W.STRANGER_MAC, udp(W.SERVER, W.HOME), ether(W.CELL0_MAC, W.HOME_MAC, udp(W.SERVER, W.HOME)))
to_cell("out_away", W.AWAY_MAC, udp(W.SERVER, W.AWAY), sent(W.CN2_MAC, W.CN2, udp(W.SERVER, W.AWAY)))
to_cell("out_away_behind_router", W.AWAY4_MAC, udp(W.SERVER, W.AWAY4), sent(W.ROUTER_MAC, W.CN4, udp(W.SERVER, W.AWAY4)))
to_cell("out_away_no_route", W.AWAY5_MAC, udp(W.SERVER, W.AWAY5))
# The kernel fills in the MACs: they are still those of the cell's frame here.
to_cell("out_away_no_neighbour", W.AWAY6_MAC, udp(W.SERVER, W.AWAY6), ether(W.CELL0_MAC, W.AWAY6_MAC, outer(W.CN6, udp(W.SERVER, W.AWAY6))))
to_cell("out_away_too_big", W.AWAY_MAC, udp(W.SERVER, W.AWAY, size=1472))
to_cell("out_next_door", W.NEXT_DOOR_MAC, udp(W.SERVER, W.NEXT_DOOR), ether(W.CELL1_MAC, W.NEXT_DOOR_MAC, udp(W.SERVER, W.NEXT_DOOR)))
to_cell("out_broadcast", "ff:ff:ff:ff:ff:ff", udp(W.GATEWAY0, "255.255.255.255"))
to_cell("out_unknown", W.STRANGER_MAC, udp(W.SERVER, W.STRANGER))
to_cell("out_mss_home", W.HOME_MAC, syn(W.SERVER, W.HOME, BIG, flags="SA"), ether(W.CELL0_MAC, W.HOME_MAC, syn(W.SERVER, W.HOME, SMALL, flags="SA")))
to_cell("out_mss_away", W.AWAY_MAC, syn(W.SERVER, W.AWAY, BIG, flags="SA"), sent(W.CN2_MAC, W.CN2, syn(W.SERVER, W.AWAY, SMALL, flags="SA")))
to_cell("out_ipv6", W.HOME_MAC, IPv6(src="fe80::1", dst="fe80::2") / UDP(sport=1, dport=2) / b"six")


# ---- plain packets of the backbone
def from_backbone(name, payload, out=None, dst=W.BACKBONE_MAC):
    case(name, ether(W.ROUTER_MAC, dst, payload), out)


from_backbone("bb_away", udp(W.SERVER, W.AWAY), sent(W.CN2_MAC, W.CN2, hop(udp(W.SERVER, W.AWAY))))
from_backbone("bb_away_slow", udp(W.SERVER, W.AWAY))
for ttl in (2, 255):
    from_backbone(f"bb_away_ttl{ttl}", udp(W.SERVER, W.AWAY, ttl=ttl), sent(W.CN2_MAC, W.CN2, hop(udp(W.SERVER, W.AWAY, ttl=ttl))))


def with_checksum(wanted):
    """A packet whose header checksum is that: the edge of the arithmetic of ones' complement."""
    packet = udp(W.SERVER, W.AWAY)
    packet.id = 0
    packet.id = (IP(raw(packet)).chksum - wanted) % 65535
    assert IP(raw(packet)).chksum == wanted
    return packet


for wanted in (0xfeff, 0xff00, 0xfffe, 0x0001):
    from_backbone(f"bb_away_checksum_{wanted:04x}", with_checksum(wanted), sent(W.CN2_MAC, W.CN2, hop(with_checksum(wanted))))
from_backbone("bb_away_ttl1", udp(W.SERVER, W.AWAY, ttl=1))
from_backbone("bb_away_too_big", udp(W.SERVER, W.AWAY, size=1472, flags="DF"))
from_backbone("bb_away_other_mac", udp(W.SERVER, W.AWAY), dst=W.ROUTER_MAC)
OPTIONS_IN = IP(src=W.SERVER, dst=W.AWAY, options=[IPOption(b"\x94\x04\x00\x00")]) / UDP(sport=1, dport=2) / b"router alert"
from_backbone("bb_away_options", OPTIONS_IN, sent(W.CN2_MAC, W.CN2, hop(OPTIONS_IN)))
from_backbone("bb_mss_away", syn(W.SERVER, W.AWAY, BIG), sent(W.CN2_MAC, W.CN2, hop(syn(W.SERVER, W.AWAY, SMALL))))
for name, packet in {"segment": IP(src=W.SERVER, dst=W.AWAY) / TCP(flags="PA") / b"data", "short": IP(src=W.SERVER, dst=W.AWAY) / UDP(),
                     "last_fragment": fragment(udp(W.SERVER, W.AWAY, size=600), fragsize=304)[-1],
                     "flags_missing": IP(src=W.SERVER, dst=W.AWAY, proto=6) / Raw(bytes(12))}.items():
    from_backbone(f"bb_away_{name}", packet, sent(W.CN2_MAC, W.CN2, hop(packet)))
from_backbone("bb_away_no_route", udp(W.SERVER, W.AWAY5))
from_backbone("bb_away_no_neighbour", udp(W.SERVER, W.AWAY6), ether(W.ROUTER_MAC, W.BACKBONE_MAC, outer(W.CN6, hop(udp(W.SERVER, W.AWAY6)))))
from_backbone("bb_home", udp(W.SERVER, W.HOME))
from_backbone("bb_next_door", udp(W.SERVER, W.NEXT_DOOR))
from_backbone("bb_ipv6", IPv6(src="fe80::1", dst="fe80::2") / UDP(sport=1, dport=2) / b"six")
from_backbone("bb_arp", ARP(op=1, psrc=W.ROUTER, pdst=W.TUNNEL), dst="ff:ff:ff:ff:ff:ff")
case("bb_vlan", Ether(src=W.ROUTER_MAC, dst=W.BACKBONE_MAC) / Dot1Q(vlan=7) / udp(W.SERVER, W.AWAY))
case("bb_tunnel_of_others", ether(W.CN2_MAC, W.BACKBONE_MAC, outer(W.CN3, udp(W.SERVER, W.AWAY), src=W.CN2)))


# ---- out of the tunnel
def delivered(inner, who="VISITOR"):
    return ether(W.CELL0_MAC, getattr(W, who + "_MAC"), inner)


def as_from_cell(inner, who="AWAY"):
    return ether(getattr(W, who + "_MAC"), W.CELL0_MAC, inner)


TO_VISITOR = udp(W.SERVER, W.VISITOR)
case("tunnel_to_visitor", received(TO_VISITOR), delivered(TO_VISITOR))
case("tunnel_to_home", received(udp(W.SERVER, W.HOME)), delivered(udp(W.SERVER, W.HOME), "HOME"))
WITH_OPTIONS = IP(src=W.SERVER, dst=W.VISITOR, options=[IPOption(b"\x94\x04\x00\x00")]) / UDP() / b"x"
case("tunnel_to_visitor_options", received(WITH_OPTIONS), delivered(WITH_OPTIONS))
IN_PIECES = fragment(udp(W.SERVER, W.VISITOR, size=600), fragsize=304)
for at, name in ((0, "first"), (-1, "last")):
    case(f"tunnel_{name}_fragment", received(IN_PIECES[at]), delivered(IN_PIECES[at]))
case("tunnel_mss", received(syn(W.SERVER, W.VISITOR, BIG, flags="SA")), delivered(syn(W.SERVER, W.VISITOR, SMALL, flags="SA")))
case("tunnel_mss_to_kernel", received(syn(W.AWAY, W.SERVER, BIG)), as_from_cell(syn(W.AWAY, W.SERVER, SMALL)))
FROM_AWAY = udp(W.AWAY, W.SERVER)
case("tunnel_from_away", received(FROM_AWAY), as_from_cell(FROM_AWAY))
case("tunnel_from_away_to_home", received(udp(W.AWAY, W.HOME)), delivered(udp(W.AWAY, W.HOME), "HOME"))
case("tunnel_from_away_to_next_door", received(udp(W.AWAY, W.NEXT_DOOR)), ether(W.CELL1_MAC, W.NEXT_DOOR_MAC, udp(W.AWAY, W.NEXT_DOOR)))
case("tunnel_from_away_to_gateway", received(udp(W.AWAY, W.GATEWAY0)), as_from_cell(udp(W.AWAY, W.GATEWAY0)))
case("tunnel_from_away_to_away_same_cell", received(udp(W.AWAY, W.AWAY2)), sent(W.CN2_MAC, W.CN2, udp(W.AWAY, W.AWAY2), ttl=59))
case("tunnel_from_away_to_away_elsewhere", received(udp(W.AWAY, W.AWAY3)), sent(W.CN3_MAC, W.CN3, udp(W.AWAY, W.AWAY3), ttl=59))
case("tunnel_from_away_to_away_no_route", received(udp(W.AWAY, W.AWAY5)))
# The kernel fills in the MACs: they are still those of the frame here.
case("tunnel_from_away_to_away_no_neighbour", received(udp(W.AWAY, W.AWAY6)),
     ether(W.CN2_MAC, W.BACKBONE_MAC, outer(W.CN6, udp(W.AWAY, W.AWAY6), ttl=59)))
case("tunnel_from_home_to_visitor", received(udp(W.HOME, W.VISITOR)), delivered(udp(W.HOME, W.VISITOR)))
case("tunnel_from_away_to_visitor", received(udp(W.AWAY, W.VISITOR), src=W.CN3, mac=W.CN3_MAC), as_from_cell(udp(W.AWAY, W.VISITOR)))
# Straight from where the station is, which took the part of a router.
case("tunnel_direct_to_visitor", received(udp(W.AWAY, W.VISITOR), src=W.CN3, mac=W.CN3_MAC), delivered(udp(W.AWAY, W.VISITOR)))
case("tunnel_direct_to_elsewhere", received(udp(W.AWAY, W.ELSEWHERE)), sent(W.CN3_MAC, W.CN3, udp(W.AWAY, W.ELSEWHERE), ttl=59))
case("tunnel_direct_to_sender", received(udp(W.AWAY, W.ELSEWHERE), src=W.CN3, mac=W.CN3_MAC), as_from_cell(udp(W.AWAY, W.ELSEWHERE)))
case("tunnel_direct_ttl1", received(udp(W.AWAY, W.VISITOR, ttl=1), src=W.CN3, mac=W.CN3_MAC), as_from_cell(udp(W.AWAY, W.VISITOR, ttl=1)))
case("tunnel_direct_to_settled", received(udp(W.AWAY, W.SETTLED), src=W.CN3, mac=W.CN3_MAC), sent(W.CN2_MAC, W.CN2, udp(W.AWAY, W.SETTLED), ttl=59))
# Home again, while a straggler of it comes from where it was.
case("tunnel_from_home", received(udp(W.HOME, W.SERVER)), as_from_cell(udp(W.HOME, W.SERVER), "HOME"))
case("tunnel_from_blocked", received(udp(W.BLOCKED_OWN, W.SERVER)))
case("tunnel_to_blocked", received(udp(W.SERVER, W.BLOCKED)))
case("tunnel_relay_next", received(udp(W.SERVER, W.ELSEWHERE)), sent(W.CN3_MAC, W.CN3, udp(W.SERVER, W.ELSEWHERE), ttl=59))
case("tunnel_relay_back", received(udp(W.SERVER, W.ELSEWHERE), src=W.CN3, mac=W.CN3_MAC))
case("tunnel_relay_hops", received(udp(W.SERVER, W.ELSEWHERE), ttl=1))
case("tunnel_unknown_peer", received(TO_VISITOR, src=W.CN7, mac=W.CN7_MAC))
case("tunnel_not_here", received(udp(W.SERVER, "10.2.0.77")))
case("tunnel_wrong_source", received(udp(W.VISITOR, W.SERVER)))
case("tunnel_fragment", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4, flags="MF") / TO_VISITOR))
case("tunnel_later_fragment", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4, frag=5) / TO_VISITOR))
case("tunnel_outer_options", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4, options=[IPOption(b"\x94\x04\x00\x00")]) / TO_VISITOR))
case("tunnel_inner_not_ip", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4) / Raw(b"\x60" + bytes(60))))
case("tunnel_inner_ihl", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4) / Raw(b"\x44" + raw(TO_VISITOR)[1:])))
case("tunnel_inner_too_long", ether(W.CN2_MAC, W.BACKBONE_MAC, IP(src=W.CN2, dst=W.TUNNEL, proto=4) / IP(src=W.SERVER, dst=W.VISITOR, len=500) / UDP() / b"x"))
# RFC 6040, figure 4: rows are the inner packet, columns the outer header.
ECN = {"not": 0, "ect1": 1, "ect0": 2, "ce": 3}
FIGURE = {"not": ("not", "not", "not", None), "ect0": ("ect0", "ect1", "ect0", "ce"), "ect1": ("ect1", "ect1", "ect1", "ce"), "ce": ("ce",) * 4}
for inner, row in FIGURE.items():
    for outside, result in zip(("not", "ect1", "ect0", "ce"), row):
        packet = udp(W.SERVER, W.VISITOR, tos=0xb8 | ECN[inner])
        case(f"ecn_{inner}_in_{outside}", received(packet, tos=0x40 | ECN[outside]),
             delivered(udp(W.SERVER, W.VISITOR, tos=0xb8 | ECN[result])) if result else None)


# ---- the first packet of a station that comes, marked on its way to the parent
FIRST = int.from_bytes(b"TM", "big")
FROM_ELSEWHERE = udp(W.ELSEWHERE, W.SERVER)
case("first_of_guest", ether(W.ELSEWHERE_MAC, W.CELL0_MAC, FROM_ELSEWHERE), sent(W.CN2_MAC, W.CN2, FROM_ELSEWHERE, id=FIRST))
case("second_of_guest", ether(W.ELSEWHERE_MAC, W.CELL0_MAC, FROM_ELSEWHERE), sent(W.CN2_MAC, W.CN2, FROM_ELSEWHERE))
case("first_direct", ether(W.ELSEWHERE_MAC, W.CELL0_MAC, udp(W.ELSEWHERE, W.VISITOR)),
     ether(W.CELL0_MAC, W.VISITOR_MAC, udp(W.ELSEWHERE, W.VISITOR)))
case("first_back_home", ether(W.AWAY_MAC, W.CELL0_MAC, FROM_AWAY))
case("first_next_door", ether(W.AWAY_MAC, W.CELL1_MAC, FROM_AWAY), ether(W.AWAY_MAC, W.CELL0_MAC, FROM_AWAY))
case("first_from_home", received(udp(W.HOME, W.SERVER), id=FIRST), as_from_cell(udp(W.HOME, W.SERVER), "HOME"))
case("first_from_away", received(FROM_AWAY, src=W.CN3, mac=W.CN3_MAC, id=FIRST), as_from_cell(FROM_AWAY))
case("not_first_from_away", received(FROM_AWAY, src=W.CN3, mac=W.CN3_MAC), as_from_cell(FROM_AWAY))
case("first_of_stranger", received(FROM_AWAY, src=W.CN7, mac=W.CN7_MAC, id=FIRST))
case("first_relayed", received(udp(W.SERVER, W.ELSEWHERE), id=FIRST), sent(W.CN3_MAC, W.CN3, udp(W.SERVER, W.ELSEWHERE), ttl=59))

# ---- past netfilter, between the cell and the backbone
case("past_out", ether(W.HOME_MAC, W.CELL0_MAC, udp(W.HOME, W.SERVER)), ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(udp(W.HOME, W.SERVER))))
case("past_out_mss", ether(W.HOME_MAC, W.CELL0_MAC, syn(W.HOME, W.SERVER, BIG)), ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(syn(W.HOME, W.SERVER, SMALL))))
PAST_PIECE = fragment(udp(W.HOME, W.SERVER, size=600), fragsize=304)[-1]
case("past_out_fragment", ether(W.HOME_MAC, W.CELL0_MAC, PAST_PIECE), ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(PAST_PIECE)))
for name, packet in {"ttl1": udp(W.HOME, W.SERVER, ttl=1), "no_route": udp(W.HOME, "203.0.113.9"), "to_us": udp(W.HOME, W.GATEWAY0),
                     "to_tunnel_end": udp(W.HOME, W.TUNNEL), "neighbour_unknown": udp(W.HOME, W.CN6),
                     "options": IP(src=W.HOME, dst=W.SERVER, options=[IPOption(b"\x94\x04\x00\x00")]) / UDP(sport=1, dport=2) / b"x",
                     "too_big": udp(W.HOME, W.SERVER, size=1500)}.items():
    case(f"past_out_{name}", ether(W.HOME_MAC, W.CELL0_MAC, packet))
case("past_out_settled", ether(W.HOME_MAC, W.CELL0_MAC, udp(W.HOME, W.SETTLED)), ether(W.BACKBONE_MAC, W.CN2_MAC, hop(udp(W.HOME, W.SETTLED))))
case("past_in", ether(W.ROUTER_MAC, W.BACKBONE_MAC, udp(W.SERVER, W.HOME)), ether(W.CELL0_MAC, W.HOME_MAC, hop(udp(W.SERVER, W.HOME))))
case("past_in_mss", ether(W.ROUTER_MAC, W.BACKBONE_MAC, syn(W.SERVER, W.HOME, BIG)), ether(W.CELL0_MAC, W.HOME_MAC, hop(syn(W.SERVER, W.HOME, SMALL))))
case("past_in_ttl1", ether(W.ROUTER_MAC, W.BACKBONE_MAC, udp(W.SERVER, W.HOME, ttl=1)))
case("past_in_neighbour_unknown", ether(W.ROUTER_MAC, W.BACKBONE_MAC, udp(W.SERVER, W.HOME2)))
case("past_tunnel", received(FROM_AWAY), ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(FROM_AWAY)))
CAPABLE, CONGESTED = (udp(W.AWAY, W.SERVER, tos=tos) for tos in (2, 3))
case("past_tunnel_congested", received(CAPABLE, tos=3), ether(W.BACKBONE_MAC, W.ROUTER_MAC, hop(CONGESTED)))
case("past_tunnel_ttl1", received(udp(W.AWAY, W.SERVER, ttl=1)), as_from_cell(udp(W.AWAY, W.SERVER, ttl=1)))

# ---- broadcast and multicast, to the home subnet and from there
MDNS, MDNS_MAC, ALL = "224.0.0.251", "01:00:5e:00:00:fb", "ff:ff:ff:ff:ff:ff"
for name, dst, mac in (("mdns", MDNS, MDNS_MAC), ("ssdp", "239.255.255.250", "01:00:5e:7f:ff:fa"), ("broadcast", "255.255.255.255", ALL)):
    packet = udp(W.VISITOR, dst, ttl=1)
    from_cell(f"group_{name}", "VISITOR", packet, sent(W.CN2_MAC, W.CN2, packet), dst=mac)
    packet = udp(W.AWAY, dst, ttl=1)
    case(f"group_home_{name}", received(packet), ether(W.CELL0_MAC, mac, packet))
    case(f"group_home_{name}_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, packet))
    from_cell(f"group_at_home_{name}", "HOME", udp(W.HOME, dst, ttl=1), dst=mac)
    packet = udp(W.SETTLED, dst, ttl=1)
    case(f"group_down_{name}", received(packet))
    case(f"group_down_{name}_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, packet))
from_cell("group_directed", "VISITOR", udp(W.VISITOR, "10.2.0.255"), sent(W.CN2_MAC, W.CN2, udp(W.VISITOR, "10.2.0.255")), dst=ALL)
from_cell("group_of_others", "VISITOR", udp(W.VISITOR, "10.3.0.255"), dst=ALL)
from_cell("group_igmp", "VISITOR", IP(src=W.VISITOR, dst=MDNS, proto=2, ttl=1) / Raw(bytes(8)), dst=MDNS_MAC)
from_cell("group_at_home_directed", "HOME", udp(W.HOME, "10.1.0.255"), dst=ALL)
from_cell("group_at_home_of_others", "HOME", udp(W.HOME, "10.2.0.255"), dst=ALL)
STREAM = udp(W.HOME, "239.1.2.3")
from_cell("group_at_home_stream", "HOME", STREAM, dst="01:00:5e:01:02:03")
from_cell("group_at_home_vrrp", "HOME", IP(src=W.HOME, dst="224.0.0.18", proto=112) / Raw(bytes(20)), dst="01:00:5e:00:00:12")
from_cell("group_at_home_dhcp", "HOME", udp(W.HOME, "255.255.255.255", sport=67, dport=68), dst=ALL)
from_cell("group_at_home_first_piece", "HOME", fragment(udp(W.HOME, MDNS, size=600), fragsize=304)[0], dst=MDNS_MAC)
from_cell("group_at_home_last_piece", "HOME", fragment(udp(W.HOME, MDNS, size=600), fragsize=304)[-1], dst=MDNS_MAC)
from_cell("group_next_door_copy", "NEXT_DOOR", udp(W.NEXT_DOOR, MDNS), dst=MDNS_MAC)
from_cell("group_next_door", "NEXT_DOOR", udp(W.NEXT_DOOR, MDNS), ether(W.CELL0_MAC, MDNS_MAC, udp(W.NEXT_DOOR, MDNS)), dst=MDNS_MAC)
case("group_home_directed", received(udp(W.AWAY, "10.1.0.255")), ether(W.CELL0_MAC, ALL, udp(W.AWAY, "10.1.0.255")))
case("group_home_directed_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, udp(W.AWAY, "10.1.0.255")))
case("group_home_stream", received(udp(W.AWAY, "239.1.2.3")), ether(W.CELL0_MAC, "01:00:5e:01:02:03", udp(W.AWAY, "239.1.2.3")))
case("group_home_not_from_there", received(udp(W.AWAY, MDNS), src=W.CN3, mac=W.CN3_MAC))
# 10.1.0.22 ends in the same bits as a subnet's last address does not; 10.1.0.23 does, and is a station.
case("group_like_a_station", received(udp(W.AWAY, W.AWAY4)), ether(W.BACKBONE_MAC, W.ROUTER_MAC, outer(W.CN4, udp(W.AWAY, W.AWAY4), ttl=59)))
case("group_down_directed", received(udp(W.SETTLED, "10.2.0.255")))
case("group_down_directed_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, udp(W.SETTLED, "10.2.0.255")))
case("group_down_of_gateway", received(udp(W.OLD_GATEWAY, MDNS)))
case("group_down_of_gateway_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, udp(W.OLD_GATEWAY, MDNS)))
case("group_down_of_guest", received(udp(W.VISITOR, MDNS)))
case("group_down_of_guest_copy", ether(W.CN2_MAC, W.BACKBONE_MAC, udp(W.VISITOR, MDNS)))
case("group_down_not_of_parent", received(udp(W.SETTLED, MDNS), src=W.CN3, mac=W.CN3_MAC))
case("group_down_of_us", received(udp(W.GATEWAY0, MDNS)))
case("group_down_no_guest", received(udp("10.5.0.20", MDNS), src=W.CN5, mac=W.CN3_MAC))
case("group_down_stream", received(udp(W.SETTLED, "239.1.2.3")))
case("group_down_igmp", received(IP(src=W.SETTLED, dst=MDNS, proto=2, ttl=1) / Raw(bytes(8))))
case("out_group", ether(W.CELL0_MAC, MDNS_MAC, udp(W.GATEWAY0, MDNS, ttl=255)))
case("out_group_dhcp", ether(W.CELL0_MAC, ALL, udp(W.GATEWAY0, "255.255.255.255", sport=67, dport=68)))
case("out_group_of_others", ether(W.CELL0_MAC, MDNS_MAC, udp(W.SERVER, MDNS)))

# ---- what the agent writes to its device: copies for CNs, with the tunnel address in the Ethernet destination
def abroad(remote, packet):
    return Ether(src=W.CELL0_MAC, dst="02:00:" + ":".join(f"{int(byte):02x}" for byte in remote.split("."))) / packet


case("abroad_mdns", abroad(W.CN2, udp(W.HOME, MDNS, ttl=1)), sent(W.CN2_MAC, W.CN2, udp(W.HOME, MDNS, ttl=1)))
case("abroad_directed", abroad(W.CN4, udp(W.HOME, "10.1.0.255")), sent(W.ROUTER_MAC, W.CN4, udp(W.HOME, "10.1.0.255")))
case("abroad_no_peer", abroad(W.CN7, udp(W.HOME, MDNS)))
case("abroad_no_route", abroad(W.CN5, udp(W.HOME, MDNS)))
case("abroad_too_big", abroad(W.CN2, udp(W.HOME, MDNS, size=1472)))
case("abroad_unicast", abroad(W.CN2, udp(W.HOME, W.SERVER)))


# ---- and packets that were held, as they came to it
def held(name, who, out=None):
    case(name, ether(W.ROUTER_MAC, W.BACKBONE_MAC, udp(W.SERVER, getattr(W, who))), out)


def for_cell(who, cell=W.CELL0_MAC):
    return ether(cell, getattr(W, who + "_MAC"), udp(W.SERVER, getattr(W, who)))


for who in ("HOME", "VISITOR"):
    held(f"held_{who.lower()}", who, for_cell(who))
held("held_next_door", "NEXT_DOOR", for_cell("NEXT_DOOR", W.CELL1_MAC))
for who, mac, remote in (("AWAY", W.CN2_MAC, W.CN2), ("ELSEWHERE", W.CN3_MAC, W.CN3), ("AWAY4", W.ROUTER_MAC, W.CN4)):
    held(f"held_{who.lower()}", who, sent(mac, remote, udp(W.SERVER, getattr(W, who))))
held("held_no_route", "AWAY5", None)
held("held_blocked", "BLOCKED", None)
held("held_unknown", "STRANGER", None)
case("held_too_big", ether(W.ROUTER_MAC, W.BACKBONE_MAC, udp(W.SERVER, W.AWAY, size=1472)))
case("held_arp", ether(W.HOME_MAC, ALL, ARP(hwsrc=W.HOME_MAC, psrc=W.HOME, pdst=W.AWAY, **WHO_HAS)))

# ---- probes
def probe(kind, src, dst):
    return IP(src=src, dst=dst, id=3) / UDP(sport=6555, dport=6555, chksum=0) / Raw(bytes([kind]) + b"token of the prober")


def probe_frame(kind, src_mac, dst_mac, src, dst):
    return ether(src_mac, dst_mac, outer(dst, probe(kind, src, dst), src=src))


case("probe_request", probe_frame(1, W.CN2_MAC, W.BACKBONE_MAC, W.CN2, W.TUNNEL), probe_frame(2, W.BACKBONE_MAC, W.CN2_MAC, W.TUNNEL, W.CN2))
case("probe_reply", probe_frame(2, W.CN2_MAC, W.BACKBONE_MAC, W.CN2, W.TUNNEL))
case("probe_of_anyone", probe_frame(1, W.CN7_MAC, W.BACKBONE_MAC, W.CN7, W.TUNNEL), probe_frame(2, W.BACKBONE_MAC, W.CN7_MAC, W.TUNNEL, W.CN7))

# ---- headers that contradict themselves
from_cell("bad_ihl", "VISITOR", Raw(b"\x44" + raw(udp(W.VISITOR, W.SERVER))[1:]))
from_cell("bad_version", "VISITOR", Raw(b"\x65" + raw(udp(W.VISITOR, W.SERVER))[1:]))
from_cell("bad_total_long", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, len=1000) / UDP() / b"x")
from_cell("bad_total_short", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, len=19) / UDP() / b"x")
for name in ("bad_ihl", "bad_version"):
    frame = PACKETS[name][0]
    PACKETS[name] = (frame[:12] + b"\x08\x00" + frame[14:],) * 2


def emit(out):
    print("/* Made by packets.py. */\n#pragma once\n#include <stddef.h>\n", file=out)
    print("struct packet {\n\tconst unsigned char *in;\n\tsize_t in_len;\n\tconst unsigned char *out;\n\tsize_t out_len;\n};\n", file=out)
    for name, text in WORLD.items():
        print(f'#define W_{name} "{text}"', file=out)
    for name, number in NUMBERS.items():
        print(f"#define W_{name} {number}", file=out)
    for name, frames in PACKETS.items():
        for suffix, frame in zip(("in", "out"), frames):
            print(f"static const unsigned char {name}_{suffix}[] = {{{', '.join(map(str, frame))}}};", file=out)
        print(f"static const struct packet {name} = {{{name}_in, sizeof({name}_in), {name}_out, sizeof({name}_out)}};", file=out)
    names = ", ".join(f'{{"{name}", &{name}}}' for name in PACKETS)
    print(f"static const struct {{\n\tconst char *name;\n\tconst struct packet *packet;\n}} all_packets[] = {{{names}}};", file=out)


if __name__ == "__main__":
    emit(sys.stdout)
