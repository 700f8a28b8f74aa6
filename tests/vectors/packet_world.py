# SPDX-License-Identifier: BSD-2-Clause
"""The world of the BPF tests, and the functions that make its frames with scapy. packets.py and its
parts use them. tests/bpf/world*.c builds the maps from the names in WORLD.
"""
import functools

from scapy.all import ICMP, IP, TCP, UDP, Ether, Raw, raw

WORLD = {
    "TUNNEL": "192.0.2.1", "CN2": "192.0.2.2", "CN3": "192.0.2.3",
    "CN4": "198.51.100.4",    # behind a router of the backbone
    "CN5": "203.0.113.5",     # no route leads there
    "CN6": "192.0.2.6",       # the kernel does not know its MAC
    "CN7": "192.0.2.7",       # no peer
    "ROUTER": "192.0.2.254",
    "BACKBONE_MAC": "02:00:00:00:bb:01",
    "CN2_MAC": "02:00:00:00:bb:02", "CN3_MAC": "02:00:00:00:bb:03",
    "CN7_MAC": "02:00:00:00:bb:07", "ROUTER_MAC": "02:00:00:00:bb:fe",
    "GATEWAY0": "10.1.0.1", "CELL0_MAC": "02:00:00:00:ce:00",
    "GATEWAY1": "10.1.1.1", "CELL1_MAC": "02:00:00:00:ce:01",
    "NEIGHBOUR_MAC": "02:00:00:00:ce:fe",  # another router of cell0, whose address is no matter
    "OLD_GATEWAY": "10.2.0.1", "OLD_GATEWAY_MAC": "02:00:00:00:ce:22",
    "SERVER": "198.18.0.9",
    # stations of cell0: at home there
    "HOME": "10.1.0.10", "HOME_MAC": "02:00:00:00:00:10",
    "HOME2": "10.1.0.11", "HOME2_MAC": "02:00:00:00:00:11",
    # stations of cell0: in cells of other CNs, as the comment says
    "AWAY": "10.1.0.20", "AWAY_MAC": "02:00:00:00:00:20",            # CN2
    "AWAY2": "10.1.0.21", "AWAY2_MAC": "02:00:00:00:00:21",          # CN2
    "AWAY3": "10.1.0.22", "AWAY3_MAC": "02:00:00:00:00:22",          # CN3
    "AWAY4": "10.1.0.23", "AWAY4_MAC": "02:00:00:00:00:23",          # CN4
    "AWAY5": "10.1.0.24", "AWAY5_MAC": "02:00:00:00:00:24",          # CN5
    "AWAY6": "10.1.0.25", "AWAY6_MAC": "02:00:00:00:00:25",          # CN6
    # a station of cell0, in cell1
    "NEXT_DOOR": "10.1.0.30", "NEXT_DOOR_MAC": "02:00:00:00:00:30",
    # stations of other CNs
    "VISITOR": "10.2.0.10", "VISITOR_MAC": "02:00:00:00:02:10",      # of CN2, in cell0
    "VISITOR2": "10.2.0.11", "VISITOR2_MAC": "02:00:00:00:02:11",    # of CN2, in cell0
    "VISITOR5": "10.5.0.10", "VISITOR5_MAC": "02:00:00:00:05:10",    # of CN5, in cell0
    "ELSEWHERE": "10.2.0.20", "ELSEWHERE_MAC": "02:00:00:00:02:20",  # of CN2, in a cell of CN3
    "SETTLED": "10.2.0.30", "SETTLED_MAC": "02:00:00:00:02:30",      # of CN2, and at home there
    # stations that the register refused
    "BLOCKED": "10.2.0.66", "BLOCKED_MAC": "02:00:00:00:02:66",          # of CN2
    "BLOCKED_OWN": "10.1.0.66", "BLOCKED_OWN_MAC": "02:00:00:00:00:66",  # of cell0
    # addresses in no map
    "STRANGER": "10.1.0.99", "STRANGER_MAC": "02:00:00:00:00:99",    # in the subnet of cell0
    "STRANGER2": "10.2.0.99",                                        # in the subnet of CN2
    "FOREIGN": "172.16.0.5",                                         # in no subnet of a CN
}
OUTER_TTL, MSS, MTU, NARROW = 64, 1400, 1500, 1300
NUMBERS = {"OUTER_TTL": OUTER_TTL, "MSS": MSS, "NARROW": NARROW}
W = type("World", (), WORLD)
FITS = MTU - 20 - 28  # the most data of a UDP packet that fits into the tunnel
BIG, SMALL = [("MSS", 1460), ("SAckOK", b"")], [("MSS", MSS), ("SAckOK", b"")]
WHO_HAS = {"hwdst": "00:00:00:00:00:00", "op": 1}
MDNS, MDNS_MAC, ALL = "224.0.0.251", "01:00:5e:00:00:fb", "ff:ff:ff:ff:ff:ff"
ROUTER_ALERT = b"\x94\x04\x00\x00"  # an IP option
PACKETS = {}


def case(name, frame, out=None):
    """Adds a case. Without `out` the frame must come out as it went in."""
    PACKETS[name] = (raw(frame), raw(frame if out is None else out))


def ether(src, dst, payload):
    return Ether(src=src, dst=dst) / payload


def mac_of(who):
    return getattr(W, who + "_MAC")


# ---- packets

def udp(src, dst, size=64, sport=4000, dport=5000, **more):
    data = bytes(i & 0xff for i in range(size))
    return IP(src=src, dst=dst, id=7, **more) / UDP(sport=sport, dport=dport) / Raw(data)


def syn(src, dst, options, flags="S", **more):
    tcp = TCP(sport=4000, dport=80, seq=1, flags=flags, options=options)
    return IP(src=src, dst=dst, id=9, flags="DF", **more) / tcp


def hop(packet):
    """The packet one router later."""
    later = packet.copy()
    later.ttl -= 1
    del later.chksum
    return later


def too_big(frame, gateway, gateway_mac, mtu):
    """The ICMP error about a packet (RFC 792, RFC 1191). It quotes the packet's whole header and
    its first bytes.
    """
    packet = frame[IP]
    error = ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(raw(packet)[:68])
    return ether(gateway_mac, frame.src,
                 IP(src=gateway, dst=packet.src, id=0, ttl=64, tos=0xc0) / error)


# ---- the tunnel

def outer(remote, inner, src=W.TUNNEL, ttl=OUTER_TTL, **more):
    fields = {"id": 0, "tos": inner[IP].tos, **more}
    return IP(src=src, dst=remote, ttl=ttl, flags="DF", proto=4, **fields) / inner


def sent(mac, remote, inner, **more):
    """The packet as this CN sends it over the backbone, encapsulated."""
    return ether(W.BACKBONE_MAC, mac, outer(remote, inner, **more))


to_cn2 = functools.partial(sent, W.CN2_MAC, W.CN2)
to_cn3 = functools.partial(sent, W.CN3_MAC, W.CN3)


def received(inner, src=W.CN2, mac=W.CN2_MAC, ttl=60, **more):
    """The packet as another CN, usually CN2, sends it to this one."""
    return ether(mac, W.BACKBONE_MAC, outer(W.TUNNEL, inner, src=src, ttl=ttl, **more))


received_from_cn3 = functools.partial(received, src=W.CN3, mac=W.CN3_MAC)


# ---- the cells

def from_cell(name, who, payload, out=None, dst=W.CELL0_MAC):
    """A case whose frame a station of cell0 sends."""
    case(name, ether(mac_of(who), dst, payload), out)


def into_cell0(who, packet):
    """The packet as this CN sends it to a station in cell0."""
    return ether(W.CELL0_MAC, mac_of(who), packet)


def into_cell1(who, packet):
    return ether(W.CELL1_MAC, mac_of(who), packet)


def from_router(packet):
    """A plain packet from the backbone."""
    return ether(W.ROUTER_MAC, W.BACKBONE_MAC, packet)


def to_kernel(who, packet):
    """The packet as the kernel gets it: from cell0, with the MAC of the gateway."""
    return ether(mac_of(who), W.CELL0_MAC, packet)
