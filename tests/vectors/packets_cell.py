# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests: frames of stations in the cell. Part of packets.py."""
from packet_world import (ALL, BIG, FITS, MSS, MTU, ROUTER_ALERT, SMALL, W, WHO_HAS, case, ether,
                          from_cell, hop, into_cell0, into_cell1, mac_of, syn, to_cn2, to_cn3,
                          to_kernel, too_big, udp)
from scapy.all import (ARP, BOOTP, DHCP, ICMP, IP, TCP, UDP, Dot1Q, Ether, IPOption, IPv6, Raw,
                       fragment)

# ---- DHCP
STRANGER_HARDWARE = bytes.fromhex(W.STRANGER_MAC.replace(":", ""))
case("dhcp_discover",
     Ether(src=W.STRANGER_MAC, dst=ALL) / IP(src="0.0.0.0", dst="255.255.255.255") /
     UDP(sport=68, dport=67) / BOOTP(chaddr=STRANGER_HARDWARE, xid=0x1234) /
     DHCP(options=[("message-type", "discover"), "end"]))
case("dhcp_renew",
     ether(W.VISITOR_MAC, W.OLD_GATEWAY_MAC, IP(src=W.VISITOR, dst=W.OLD_GATEWAY) /
           UDP(sport=68, dport=67) / BOOTP(ciaddr=W.VISITOR) /
           DHCP(options=[("message-type", "request"), "end"])))
case("dhcp_of_server",
     ether(W.HOME_MAC, W.CELL0_MAC,
           IP(src=W.HOME, dst=W.GATEWAY0) / UDP(sport=67, dport=68) / BOOTP()))



def dhcp(source, target, op="BOOTREQUEST", **fields):
    return (IP(src=source, dst=target, id=3) / UDP(sport=68, dport=67) /
            BOOTP(op=op, **fields) / DHCP(options=[("message-type", "request"), "end"]))


from_cell("dhcp_directed", "HOME", dhcp(W.HOME, "10.1.0.255"), dst=ALL)
# Messages to other servers, through other relay agents and of other servers
from_cell("dhcp_to_other", "HOME", dhcp(W.HOME, W.SERVER))
packet = dhcp(W.VISITOR, W.SERVER)
from_cell("dhcp_to_other_abroad", "VISITOR", packet, to_cn2(packet))
from_cell("dhcp_to_other_early", "STRANGER", dhcp("0.0.0.0", W.SERVER))
from_cell("dhcp_relayed", "HOME", dhcp(W.HOME, W.GATEWAY0, giaddr=W.HOME))
from_cell("dhcp_reply_to_relay", "HOME", dhcp(W.HOME, W.GATEWAY0, op="BOOTREPLY"))
from_cell("dhcp_port_only", "HOME", udp(W.HOME, W.GATEWAY0, size=8, dport=67))

# ---- link-local addresses: no route leads to them but the one that leads everywhere
from_cell("link_local_from_home", "HOME", udp(W.HOME, "169.254.169.254"))
from_cell("link_local_to_us", "HOME", udp("169.254.7.7", W.GATEWAY0))
packet = udp(W.VISITOR, "169.254.169.254")
from_cell("link_local_abroad", "VISITOR", packet, to_cn2(packet))

# ---- frames for another router of the cell, and from it
from_cell("router_home", "HOME", udp(W.HOME, W.SERVER), dst=W.NEIGHBOUR_MAC)
from_cell("router_home_to_home", "HOME", udp(W.HOME, W.HOME2), dst=W.NEIGHBOUR_MAC)
from_cell("router_home_to_away", "HOME", udp(W.HOME, W.AWAY), dst=W.NEIGHBOUR_MAC)
from_cell("router_visitor", "VISITOR", udp(W.VISITOR, W.SERVER), dst=W.NEIGHBOUR_MAC)
packet = udp(W.HOME, W.SERVER)
from_cell("router_long_ago", "HOME", packet, to_kernel("HOME", packet), dst=W.NEIGHBOUR_MAC)
packet = udp(W.HOME, W.AWAY)
from_cell("neighbour_away", "HOME", packet, to_cn2(packet), dst=W.AWAY_MAC)
for name, source in (("foreign", W.FOREIGN), ("unregistered", W.STRANGER2), ("away", W.AWAY)):
    from_cell(f"router_{name}_source", "NEIGHBOUR", udp(source, W.HOME), dst=W.HOME_MAC)

# ---- stations at home
packet = udp(W.HOME, W.SERVER)
from_cell("home_to_server", "HOME", packet)
from_cell("home_to_home", "HOME", udp(W.HOME, W.HOME2), dst=W.HOME2_MAC)
from_cell("home_old_gateway", "HOME", packet, to_kernel("HOME", packet), dst=W.OLD_GATEWAY_MAC)
packet = udp(W.HOME, W.HOME2)
from_cell("home_to_home_old_gateway", "HOME", packet, into_cell0("HOME2", packet),
          dst=W.OLD_GATEWAY_MAC)
packet = udp(W.HOME, W.AWAY)
from_cell("home_to_away", "HOME", packet, to_cn2(packet))
packet = udp(W.HOME, W.NEXT_DOOR)
from_cell("home_to_next_door", "HOME", packet, into_cell1("NEXT_DOOR", packet))
packet = udp(W.NEXT_DOOR, W.SERVER)
from_cell("next_door_to_server", "NEXT_DOOR", packet, to_kernel("NEXT_DOOR", packet),
          dst=W.CELL1_MAC)
packet = udp(W.NEXT_DOOR, W.HOME)
from_cell("next_door_to_home", "NEXT_DOOR", packet, into_cell0("HOME", packet), dst=W.CELL1_MAC)

# ---- stations of other CNs
for who in ("VISITOR", "ELSEWHERE"):
    packet = udp(getattr(W, who), W.SERVER)
    from_cell(f"{who.lower()}_to_server", who, packet, to_cn2(packet))
packet = udp(W.VISITOR, W.SERVER)
from_cell("visitor_old_gateway", "VISITOR", packet, to_cn2(packet), dst=W.OLD_GATEWAY_MAC)
from_cell("visitor_to_visitor", "VISITOR", udp(W.VISITOR, W.VISITOR2), dst=W.VISITOR2_MAC)
MARKED = udp(W.VISITOR, W.SERVER, tos=0xb9)
from_cell("visitor_dscp_ecn", "VISITOR", MARKED, to_cn2(MARKED))
OPTIONS = (IP(src=W.VISITOR, dst=W.SERVER, options=[IPOption(ROUTER_ALERT)]) /
           UDP(sport=1, dport=2) / b"router alert")
from_cell("visitor_ip_options", "VISITOR", OPTIONS, to_cn2(OPTIONS))
PIECES = fragment(udp(W.VISITOR, W.SERVER, size=600), fragsize=304)
from_cell("visitor_first_fragment", "VISITOR", PIECES[0], to_cn2(PIECES[0]))
from_cell("visitor_last_fragment", "VISITOR", PIECES[-1], to_cn2(PIECES[-1]))
# A later fragment is no DHCP message, even if it has the ports of DHCP at the place of the ports.
NO_DHCP = IP(src=W.VISITOR, dst=W.SERVER, frag=20, proto=17) / Raw(b"\x00\x44\x00\x43" * 8)
from_cell("visitor_fragment_like_dhcp", "VISITOR", NO_DHCP, to_cn2(NO_DHCP))
from_cell("visitor_padded", "VISITOR",
          IP(src=W.VISITOR, dst=W.SERVER) / UDP(sport=1, dport=2) / b"x" / Raw(bytes(18)))
from_cell("visitor_multicast", "VISITOR", udp(W.VISITOR, "224.0.0.251"), dst="01:00:5e:00:00:fb")
from_cell("visitor_broadcast", "VISITOR", udp(W.VISITOR, "255.255.255.255"), dst=ALL)
from_cell("visitor_no_route", "VISITOR5", udp(W.VISITOR5, W.SERVER))
from_cell("visitor_wrong_mac", "STRANGER", udp(W.VISITOR, W.SERVER))
from_cell("blocked", "BLOCKED", udp(W.BLOCKED, W.SERVER))

# ---- unknown stations
from_cell("stranger_home", "STRANGER", udp(W.STRANGER, W.SERVER))
from_cell("stranger_of_cn2", "STRANGER", udp(W.STRANGER2, W.SERVER))
from_cell("stranger_foreign", "STRANGER", udp(W.FOREIGN, W.SERVER))
from_cell("stranger_link_local", "STRANGER", udp("169.254.7.7", W.SERVER))
from_cell("stranger_unspecified", "STRANGER",
          udp("0.0.0.0", "255.255.255.255", dport=9999), dst=ALL)
from_cell("stranger_ipv6", "STRANGER",
          IPv6(src="fe80::1", dst="ff02::1") / UDP(sport=1, dport=2) / b"six",
          dst="33:33:00:00:00:01")
case("visitor_vlan",
     Ether(src=W.VISITOR_MAC, dst=W.CELL0_MAC) / Dot1Q(vlan=7) / udp(W.VISITOR, W.SERVER))


# ---- TCP's segment size
def odd(size):
    return [("NOP", None), ("MSS", size), ("NOP", None), ("SAckOK", b"")]


def late(size):
    return [("SAckOK", b""), ("Timestamp", (1, 0)), ("WScale", 7), ("NOP", None), ("MSS", size)]


from_cell("mss_visitor", "VISITOR", syn(W.VISITOR, W.SERVER, BIG),
          to_cn2(syn(W.VISITOR, W.SERVER, SMALL)))
for name, before, after in (("mss_home", BIG, SMALL), ("mss_odd_offset", odd(1460), odd(MSS)),
                            ("mss_late", late(1460), late(MSS))):
    from_cell(name, "HOME", syn(W.HOME, W.SERVER, before),
              to_kernel("HOME", syn(W.HOME, W.SERVER, after)))
from_cell("mss_small", "HOME", syn(W.HOME, W.SERVER, [("MSS", 536)]))
from_cell("mss_no_option", "HOME", syn(W.HOME, W.SERVER, []))
from_cell("mss_not_syn", "HOME", syn(W.HOME, W.SERVER, BIG, flags="A"))
from_cell("mss_unclamped", "HOME", syn(W.HOME, W.SERVER, BIG))
# At an option of length 0 the parser must not stand still.
from_cell("mss_zero_length", "HOME", IP(src=W.HOME, dst=W.SERVER) / TCP(flags="S", dataofs=7) /
          Raw(b"\x08\x00\x02\x04\x05\xb4\x01\x01"))


# ---- packets too big for the tunnel, which takes 1500 bytes less 20
def too_big_case(name, frame):
    case(name, frame, too_big(frame, W.GATEWAY0, W.CELL0_MAC, MTU - 20))


packet = udp(W.VISITOR, W.SERVER, size=FITS, flags="DF")
from_cell("visitor_just_fits", "VISITOR", packet, to_cn2(packet))
too_big_case("visitor_too_big",
             to_kernel("VISITOR", udp(W.VISITOR, W.SERVER, size=FITS + 1, flags="DF")))
too_big_case("visitor_too_big_without_df",
             to_kernel("VISITOR", udp(W.VISITOR, W.SERVER, size=FITS + 1)))
ECHO = IP(src=W.VISITOR, dst=W.SERVER, flags="DF", tos=0x10) / ICMP() / Raw(bytes(1472))
too_big_case("visitor_too_big_echo", ether(W.VISITOR_MAC, W.OLD_GATEWAY_MAC, ECHO))
from_cell("visitor_too_big_icmp_error", "VISITOR",
          IP(src=W.VISITOR, dst=W.SERVER, flags="DF") / ICMP(type=3, code=1) / Raw(bytes(1472)))
from_cell("visitor_too_big_later_fragment", "VISITOR",
          IP(src=W.VISITOR, dst=W.SERVER, flags="DF+MF", frag=200, proto=17) / Raw(bytes(1480)))


# ---- ARP in the cell
def arp(name, who, target, answer=None, mac=None, dst=ALL, sender=None, cell=W.CELL0_MAC):
    """A request for the MAC of `target`. With `answer`, this CN answers with that MAC."""
    mac = mac or mac_of(who)
    sender = sender or getattr(W, who)
    out = None
    if answer:
        out = ether(cell, mac, ARP(op=2, hwsrc=answer, psrc=target, hwdst=mac, pdst=sender))
    case(name, ether(mac, dst, ARP(hwsrc=mac, psrc=sender, pdst=target, **WHO_HAS)), out)


arp("arp_guest_gateway", "VISITOR", W.OLD_GATEWAY, W.CELL0_MAC)
arp("arp_guest_gateway_unicast", "VISITOR", W.OLD_GATEWAY, W.CELL0_MAC, dst=W.OLD_GATEWAY_MAC)
arp("arp_guest_unknown_neighbour", "VISITOR", "10.2.0.77")
arp("arp_guest_unknown_elsewhere", "VISITOR", "10.1.0.200")
arp("arp_next_door_unknown_neighbour", "NEXT_DOOR", "10.1.0.200")
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
arp("arp_probe_for_elsewhere", "VISITOR", W.ELSEWHERE, W.CELL0_MAC, sender="0.0.0.0")
arp("arp_probe_for_home", "VISITOR", W.HOME, sender="0.0.0.0")
arp("arp_probe_for_gateway", "VISITOR", W.OLD_GATEWAY, W.CELL0_MAC, sender="0.0.0.0")
arp("arp_probe_for_own_gateway", "VISITOR", W.GATEWAY0, sender="0.0.0.0")
arp("arp_probe_for_unknown", "VISITOR", "10.2.0.77", sender="0.0.0.0")
arp("arp_probe_for_blocked", "VISITOR", W.BLOCKED, sender="0.0.0.0")
arp("arp_probe_for_silent", "VISITOR", W.ELSEWHERE, sender="0.0.0.0")
arp("arp_probe_for_beside", "VISITOR", W.VISITOR2, sender="0.0.0.0")
arp("arp_blocked", "BLOCKED", W.OLD_GATEWAY)
arp("arp_wrong_mac", "VISITOR", W.VISITOR, mac=W.STRANGER_MAC)
arp("arp_wrong_mac_asks", "VISITOR", W.OLD_GATEWAY, mac=W.STRANGER_MAC)
arp("arp_stranger", "STRANGER", W.STRANGER)
arp("arp_stranger_asks", "STRANGER", W.GATEWAY0)
arp("arp_stranger_of_cn2", "STRANGER", W.OLD_GATEWAY, sender=W.STRANGER2)
from_cell("arp_reply_of_guest", "VISITOR",
          ARP(op=2, hwsrc=W.VISITOR_MAC, psrc=W.VISITOR, hwdst=W.CELL0_MAC, pdst=W.GATEWAY0))
from_cell("arp_other_hardware", "VISITOR",
          ARP(hwtype=6, hwsrc=W.VISITOR_MAC, psrc=W.VISITOR, pdst=W.OLD_GATEWAY, **WHO_HAS),
          dst=ALL)


# ---- straight to the CN where the other station is
def straight(name, src, dst, way, routed=True, **more):
    """A packet that this CN sends the direct way: way(packet) makes the frame. `routed`: this CN
    takes the part of a router, so that the packet's TTL falls by one.
    """
    packet = udp(getattr(W, src), getattr(W, dst), **more)
    from_cell(name, src, packet, way(hop(packet) if routed else packet))


def cell0(dst):
    return lambda packet: into_cell0(dst, packet)


straight("direct_visitor_to_home", "VISITOR", "HOME", cell0("HOME"))
straight("direct_visitor_to_next_door", "VISITOR", "NEXT_DOOR",
         lambda packet: into_cell1("NEXT_DOOR", packet))
straight("direct_visitor_to_away", "VISITOR", "AWAY3", to_cn3)
straight("direct_visitor_to_elsewhere", "VISITOR", "ELSEWHERE", to_cn3, routed=False)
straight("direct_visitor_to_settled", "VISITOR", "SETTLED", to_cn2, routed=False)
straight("direct_visitor5_to_settled", "VISITOR5", "SETTLED", to_cn2)
straight("direct_visitor_to_visitor", "VISITOR", "VISITOR5", cell0("VISITOR5"))
straight("direct_visitor_to_neighbour", "VISITOR", "VISITOR2", cell0("VISITOR2"), routed=False)
straight("direct_home_to_visitor", "HOME", "VISITOR", cell0("VISITOR"))
straight("direct_home_to_elsewhere", "HOME", "ELSEWHERE", to_cn3)
straight("direct_next_door_to_settled", "NEXT_DOOR", "SETTLED", to_cn2)
straight("direct_ttl2", "VISITOR", "HOME", cell0("HOME"), ttl=2)
straight("direct_neighbour_ttl1", "VISITOR", "VISITOR2", cell0("VISITOR2"), routed=False, ttl=1)
straight("direct_just_fits", "HOME", "ELSEWHERE", to_cn3, size=FITS, flags="DF")
from_cell("direct_mss", "VISITOR", syn(W.VISITOR, W.HOME, BIG),
          into_cell0("HOME", hop(syn(W.VISITOR, W.HOME, SMALL))))
packet = udp(W.VISITOR, W.HOME, ttl=1)
from_cell("direct_ttl1", "VISITOR", packet, to_cn2(packet))
from_cell("direct_home_ttl1", "HOME", udp(W.HOME, W.ELSEWHERE, ttl=1))
packet = (IP(src=W.VISITOR, dst=W.HOME, options=[IPOption(ROUTER_ALERT)]) /
          UDP(sport=1, dport=2) / b"router alert")
from_cell("direct_options", "VISITOR", packet, to_cn2(packet))
packet = udp(W.VISITOR, W.AWAY5)
from_cell("direct_no_route", "VISITOR", packet, to_cn2(packet))
packet = udp(W.VISITOR, W.BLOCKED)
from_cell("direct_to_blocked", "VISITOR", packet, to_cn2(packet))
from_cell("direct_home_to_settled", "HOME", udp(W.HOME, W.SETTLED))
from_cell("direct_home_to_cut", "HOME", udp(W.HOME, W.ELSEWHERE, size=FITS + 1))
too_big_case("direct_too_big",
             to_kernel("HOME", udp(W.HOME, W.ELSEWHERE, size=FITS + 1, flags="DF")))

# ---- the same stations by way of their parents
packet = udp(W.VISITOR, W.HOME)
from_cell("indirect_visitor_to_home", "VISITOR", packet, to_cn2(packet))
from_cell("indirect_home_to_visitor", "HOME", udp(W.HOME, W.VISITOR))
from_cell("indirect_home_to_elsewhere", "HOME", udp(W.HOME, W.ELSEWHERE))
