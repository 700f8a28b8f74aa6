# SPDX-License-Identifier: BSD-2-Clause
"""Frames with a VLAN tag: the kernel keeps the tag beside the frame, and our programs check it."""
import json
import sys

from test_encap_twice import counted
from world import wait_for

FRAME = """
import sys
from scapy.all import Dot1Q, Ether, IP, UDP, sendp
mac, gateway, src, vlan = sys.argv[1:]
tag = Dot1Q(vlan=int(vlan)) if vlan != "none" else None
frame = Ether(src=mac, dst=gateway)
packet = (frame / tag if tag else frame) / IP(src=src, dst="10.250.0.1") / UDP(dport=9)
sendp(packet, iface="wlan0", count=3, verbose=False)
"""


def test_a_tagged_frame_is_not_tunnelled(make_world):
    world = make_world(nat=()).start()
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    phone.roam(world.cn(2))
    wait_for(lambda: phone.ping(world.server.address, seconds=0.3), "the server to answer", 15)
    world.settled(phone)

    def send(vlan):
        before = counted(world, "ENCAP_PARENT"), counted(world, "NOT_OURS")
        shown = world.cn(2).run("ip", "-j", "link", "show", "dev", "w0").stdout
        gateway = json.loads(shown)[0]["address"]
        phone.run(sys.executable, "-c", FRAME, phone.mac, gateway, address, vlan)
        return counted(world, "ENCAP_PARENT") - before[0], counted(world, "NOT_OURS") - before[1]

    assert send("none")[0] == 3
    tunnelled, ours = send("7")
    assert tunnelled == 0 and ours >= 3
