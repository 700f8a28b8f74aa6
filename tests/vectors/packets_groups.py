# SPDX-License-Identifier: BSD-2-Clause
"""Packets of the BPF tests: broadcast and multicast, to the home subnet and from there. Part of
packets.py. NAME_copy is the copy that the program of the case NAME sends to the agent's device.
"""
from packet_world import (ALL, MDNS, MDNS_MAC, W, case, ether, from_cell, outer, received,
                          received_from_cn3, to_cn2, udp)
from scapy.all import IP, Raw, fragment


def copy_of(packet):
    return ether(W.CN2_MAC, W.BACKBONE_MAC, packet)


def to_subnet(mac, packet):
    """The packet as this CN sends it into the cell, to a group or to all."""
    return ether(W.CELL0_MAC, mac, packet)


GROUPS = (("mdns", MDNS, MDNS_MAC), ("ssdp", "239.255.255.250", "01:00:5e:7f:ff:fa"),
          ("broadcast", "255.255.255.255", ALL))
for name, dst, mac in GROUPS:
    packet = udp(W.VISITOR, dst, ttl=1)
    from_cell(f"group_{name}", "VISITOR", packet, to_cn2(packet), dst=mac)
    packet = udp(W.AWAY, dst, ttl=1)
    case(f"group_home_{name}", received(packet), to_subnet(mac, packet))
    case(f"group_home_{name}_copy", copy_of(packet))
    from_cell(f"group_at_home_{name}", "HOME", udp(W.HOME, dst, ttl=1), dst=mac)
    packet = udp(W.SETTLED, dst, ttl=1)
    case(f"group_down_{name}", received(packet))
    case(f"group_down_{name}_copy", copy_of(packet))

# ---- from the cell
packet = udp(W.VISITOR, "10.2.0.255")
from_cell("group_directed", "VISITOR", packet, to_cn2(packet), dst=ALL)
from_cell("group_of_others", "VISITOR", udp(W.VISITOR, "10.3.0.255"), dst=ALL)
from_cell("group_igmp", "VISITOR",
          IP(src=W.VISITOR, dst=MDNS, proto=2, ttl=1) / Raw(bytes(8)), dst=MDNS_MAC)
from_cell("group_at_home_directed", "HOME", udp(W.HOME, "10.1.0.255"), dst=ALL)
from_cell("group_at_home_of_others", "HOME", udp(W.HOME, "10.2.0.255"), dst=ALL)
from_cell("group_at_home_stream", "HOME", udp(W.HOME, "239.1.2.3"), dst="01:00:5e:01:02:03")
from_cell("group_at_home_vrrp", "HOME",
          IP(src=W.HOME, dst="224.0.0.18", proto=112) / Raw(bytes(20)), dst="01:00:5e:00:00:12")
from_cell("group_at_home_dhcp", "HOME",
          udp(W.HOME, "255.255.255.255", sport=67, dport=68), dst=ALL)
PIECES = fragment(udp(W.HOME, MDNS, size=600), fragsize=304)
from_cell("group_at_home_first_piece", "HOME", PIECES[0], dst=MDNS_MAC)
from_cell("group_at_home_last_piece", "HOME", PIECES[-1], dst=MDNS_MAC)
packet = udp(W.NEXT_DOOR, MDNS)
from_cell("group_next_door_copy", "NEXT_DOOR", packet, dst=MDNS_MAC)
from_cell("group_next_door", "NEXT_DOOR", packet, to_subnet(MDNS_MAC, packet), dst=MDNS_MAC)

# ---- out of the tunnel, at the parent
packet = udp(W.AWAY, "10.1.0.255")
case("group_home_directed", received(packet), to_subnet(ALL, packet))
case("group_home_directed_copy", copy_of(packet))
packet = udp(W.AWAY, "239.1.2.3")
case("group_home_stream", received(packet), to_subnet("01:00:5e:01:02:03", packet))
case("group_home_not_from_there", received_from_cn3(udp(W.AWAY, MDNS)))
# The last bits of 10.1.0.23 are all ones, as those of a subnet's last address. It is a station.
packet = udp(W.AWAY, W.AWAY4)
case("group_like_a_station", received(packet),
     ether(W.BACKBONE_MAC, W.ROUTER_MAC, outer(W.CN4, packet, ttl=59)))

# ---- out of the tunnel, at the CN where guests are
for name, packet in (("directed", udp(W.SETTLED, "10.2.0.255")),
                     ("of_gateway", udp(W.OLD_GATEWAY, MDNS)),
                     ("of_guest", udp(W.VISITOR, MDNS))):
    case(f"group_down_{name}", received(packet))
    case(f"group_down_{name}_copy", copy_of(packet))
case("group_down_not_of_parent", received_from_cn3(udp(W.SETTLED, MDNS)))
case("group_down_of_us", received(udp(W.GATEWAY0, MDNS)))
case("group_down_no_guest", received(udp("10.5.0.20", MDNS), src=W.CN5, mac=W.CN3_MAC))
case("group_down_stream", received(udp(W.SETTLED, "239.1.2.3")))
case("group_down_igmp", received(IP(src=W.SETTLED, dst=MDNS, proto=2, ttl=1) / Raw(bytes(8))))

# ---- from the kernel
case("out_group", to_subnet(MDNS_MAC, udp(W.GATEWAY0, MDNS, ttl=255)))
case("out_group_dhcp", to_subnet(ALL, udp(W.GATEWAY0, "255.255.255.255", sport=67, dport=68)))
case("out_group_of_others", to_subnet(MDNS_MAC, udp(W.SERVER, MDNS)))
