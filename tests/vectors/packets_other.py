# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests: frames that the agent writes to its device, probes of the tunnel, and
headers that contradict themselves. Part of packets.py.
"""
import socket

from packet_world import (ALL, MDNS, PACKETS, W, WHO_HAS, case, ether, from_cell, into_cell0,
                          into_cell1, outer, sent, to_cn2, to_cn3, udp)
from scapy.all import ARP, IP, UDP, Ether, Raw, raw


# ---- the agent's copies for CNs, with the tunnel address in the Ethernet destination
def abroad(remote, packet):
    tunnel = ":".join(f"{int(byte):02x}" for byte in remote.split("."))
    return Ether(src=W.CELL0_MAC, dst="02:00:" + tunnel) / packet


packet = udp(W.HOME, MDNS, ttl=1)
case("abroad_mdns", abroad(W.CN2, packet), to_cn2(packet))
packet = udp(W.HOME, "10.1.0.255")
case("abroad_directed", abroad(W.CN4, packet), sent(W.ROUTER_MAC, W.CN4, packet))
case("abroad_no_peer", abroad(W.CN7, udp(W.HOME, MDNS)))
case("abroad_no_route", abroad(W.CN5, udp(W.HOME, MDNS)))
case("abroad_too_big", abroad(W.CN2, udp(W.HOME, MDNS, size=1472, flags="DF")))
case("abroad_unicast", abroad(W.CN2, udp(W.HOME, W.SERVER)))


# ---- packets held for a station, as the backbone delivered them
def held(who, way=None):
    """way(packet) makes the frame that the program sends."""
    packet = udp(W.SERVER, getattr(W, who))
    return ether(W.ROUTER_MAC, W.BACKBONE_MAC, packet), way and way(packet)


case("held_home", *held("HOME", lambda packet: into_cell0("HOME", packet)))
case("held_visitor", *held("VISITOR", lambda packet: into_cell0("VISITOR", packet)))
case("held_next_door", *held("NEXT_DOOR", lambda packet: into_cell1("NEXT_DOOR", packet)))
case("held_away", *held("AWAY", to_cn2))
case("held_elsewhere", *held("ELSEWHERE", to_cn3))
case("held_away4", *held("AWAY4", lambda packet: sent(W.ROUTER_MAC, W.CN4, packet)))
case("held_no_route", *held("AWAY5"))
case("held_blocked", *held("BLOCKED"))
case("held_unknown", *held("STRANGER"))
case("held_arp", ether(W.HOME_MAC, ALL, ARP(hwsrc=W.HOME_MAC, psrc=W.HOME, pdst=W.AWAY, **WHO_HAS)))

# ---- probes
REQUEST, REPLY, HERE, WHERE = 1, 2, 3, 4


def probe(kind, src, dst, token=b"token of the prober"):
    """A probe from CN `src` to CN `dst`, where `TUNNEL` is this CN."""
    macs = {"TUNNEL": W.BACKBONE_MAC, "CN2": W.CN2_MAC, "CN3": W.CN3_MAC, "CN7": W.CN7_MAC}
    source, target = getattr(W, src), getattr(W, dst)
    inner = (IP(src=source, dst=target, id=3) / UDP(sport=6555, dport=6555, chksum=0) /
             Raw(bytes([kind]) + token))
    return ether(macs[src], macs[dst], outer(target, inner, src=source))


case("probe_request", probe(REQUEST, "CN2", "TUNNEL"), probe(REPLY, "TUNNEL", "CN2"))
case("probe_reply", probe(REPLY, "CN2", "TUNNEL"))
case("probe_of_anyone", probe(REQUEST, "CN7", "TUNNEL"), probe(REPLY, "TUNNEL", "CN7"))


def about(name, kind, station, cn="CN3", number=b"\1\2\3\4", answered=True):
    """A probe of a CN about a station, and the answer."""
    address = bytes(10) + b"\xff\xff" + socket.inet_aton(getattr(W, station))
    token = bytes(3) + number + b"a secret" + address
    case(name, probe(kind, cn, "TUNNEL", token),
         probe(REPLY, "TUNNEL", cn, token) if answered else None)


about("here_away", HERE, "AWAY")
about("here_away_unheard", HERE, "AWAY", answered=False)
about("here_home", HERE, "HOME")
about("here_visitor", HERE, "VISITOR")
about("here_elsewhere", HERE, "ELSEWHERE", "CN2")
about("here_unknown", HERE, "STRANGER", answered=False)
about("here_of_stranger", HERE, "AWAY", "CN7", answered=False)
about("here_of_programs", HERE, "AWAY", number=bytes(4), answered=False)
about("where_visitor", WHERE, "VISITOR")
about("where_home", WHERE, "HOME")
about("where_away", WHERE, "AWAY", answered=False)
about("where_of_stranger", WHERE, "HOME", "CN7", answered=False)

# ---- headers that contradict themselves
VALID = raw(udp(W.VISITOR, W.SERVER))
from_cell("bad_ihl", "VISITOR", Raw(b"\x44" + VALID[1:]))
from_cell("bad_version", "VISITOR", Raw(b"\x65" + VALID[1:]))
from_cell("bad_total_long", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, len=1000) / UDP() / b"x")
from_cell("bad_total_short", "VISITOR", IP(src=W.VISITOR, dst=W.SERVER, len=19) / UDP() / b"x")
for name in ("bad_ihl", "bad_version"):  # scapy sets the EtherType only above an IP of its own
    frame = PACKETS[name][0]
    PACKETS[name] = (frame[:12] + b"\x08\x00" + frame[14:],) * 2
