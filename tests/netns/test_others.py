# SPDX-License-Identifier: BSD-2-Clause
"""What is not TMip's: another router in a bridged cell, other people's DHCP servers and relay
agents, link-local addresses. Tunnels of others, which need the kernel's ipip, are in
tests/vm/test_ipip.py.
"""
import re
import socket

import pytest
from scapy.all import BOOTP, DHCP

from world import Namespace, wait_for
from world.agreement import agree, leased, reaches

LAN, ROUTER = "192.168.77.9", "10.1.0.200"


def bridge(world):
    """The cell of CN 1 is a bridge of two ports, so that the CN overhears what passes between."""
    cn = world.cn(1)
    cell, lines = cn.cells[0], ["link add br0 type bridge forward_delay 0"]
    for port in cn.cells:
        lines += [f"address flush dev {port.device}", f"link set {port.device} master br0"]
    cn.configure([*lines, f"address add {cell.gateway}/24 dev br0", "link set br0 up"])
    cn.wait_links()
    cn.second_port, cn.cells = cn.cells[1], [cell]
    cell.device = "br0"
    cn.configure_with(mobile_if="br0", addr_pool="br0 10.1.0.10 10.1.0.99")


def add_router(world):
    """A router with a LAN behind it, at the other port; the CN knows the way there by it, too."""
    cn = world.cn(1)
    router, lan = world.add_station("second"), Namespace(world.prefix, "lan")
    world.links.set_master(router.ifindex, cn.second_port.ifindex)
    router.cell = cn.cells[0]
    router.run("ip", "netns", "add", lan.name)
    router.configure([f"address add {ROUTER}/24 dev wlan0", "route add default via 10.1.0.1",
                      f"link add lan0 type veth peer name eth0 netns {lan.name}",
                      "address add 192.168.77.1/24 dev lan0", "link set lan0 up"],
                     "echo 1 > /proc/sys/net/ipv4/ip_forward", True)
    lan.configure([f"address add {LAN}/24 dev eth0", "link set eth0 up",
                   "route add default via 192.168.77.1"])
    lan.wait_links()
    cn.run("ip", "route", "add", "192.168.77.0/24", "via", ROUTER)
    return router


def answers(station, target, count=20):
    """The answers to so many pings, and how many of them are duplicates."""
    text = station.run("ping", "-n", "-c", count, "-i", "0.02", "-W", "2", target,
                       check=False).stdout
    return len(re.findall(r"icmp_seq=\d+ ttl", text)), text.count("DUP!")


@pytest.mark.parametrize("traffic", ["before", "after"])
def test_another_router_of_the_cell(make_world, traffic):
    """A frame for it is not forwarded by the CN as well: neither a station's nor a guest's."""
    world = make_world(cns=2, cells=2, nat=())
    world.cn(2).cells.pop()
    world.cn(2).configure_with(mobile_if="w0", addr_pool="w0 * *")
    bridge(world)
    world.mlr.start()
    router = add_router(world)
    phone = world.add_station("phone", world.cn(1))
    if traffic == "before":
        phone.configure(["address add 10.1.0.50/24 dev wlan0",
                         f"route add 192.168.77.0/24 via {ROUTER}"], "", True)
        assert answers(phone, LAN) == (20, 0)
        phone.run("ip", "address", "flush", "dev", "wlan0")
    for cn in world.cns:
        cn.start()
    phone.dhclient().start()
    phone.run("ip", "route", "replace", "192.168.77.0/24", "via", ROUTER)
    guest = leased(world, "guest", world.cn(2))
    guest.roam(world.cn(1))
    reaches(guest, world.server.address)
    guest.run("ip", "route", "add", ROUTER, "dev", "wlan0")
    guest.run("ip", "neigh", "replace", ROUTER, "lladdr", router.mac, "dev", "wlan0")
    guest.run("ip", "route", "add", "192.168.77.0/24", "via", ROUTER)
    router.run("ip", "route", "add", guest.address(), "dev", "wlan0")
    for station in (phone, guest):
        assert answers(station, LAN) == (20, 0), station.place
    # What the router forwards to the station is neither a drop nor a sighting of the sender.
    assert "FOREIGN_SOURCE" not in world.cn(1).agent("status").stdout
    assert world.cn(1).station(LAN) is None
    agree(world, phone, guest, router)
    reaches(phone, world.server.address)


def inform(station, server):
    """A DHCPINFORM to a server, by unicast. Returns the answer's server identifier, or None."""
    with station.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("0.0.0.0", 68))
        client.settimeout(2)
        hardware = bytes.fromhex(station.mac.replace(":", ""))
        client.sendto(bytes(BOOTP(chaddr=hardware, ciaddr=station.address(), xid=77) /
                            DHCP(options=[("message-type", "inform"), "end"])), (server, 67))
        try:
            answer = BOOTP(client.recv(2000))
        except TimeoutError:
            return None
    return dict(option for option in answer[DHCP].options if len(option) == 2)["server_id"]


def test_dhcp_server_of_others(make_world):
    """A server behind the backbone is asked and answers, from home and from abroad."""
    world = make_world(cns=2, nat=()).start()
    server = world.server
    program = world.program(server, "dnsmasq", "-k", "-d", "-p", "0", "-i", "bb0",
                            "--leasefile-ro", "--dhcp-authoritative", "--log-dhcp",
                            f"--dhcp-range={server.address},static",
                            "--dhcp-range=10.1.0.0,static,255.255.255.0", name="dnsmasq")
    wait_for(lambda: "DHCP" in program.text(), "the server to be ready")
    phone = leased(world, "phone", world.cn(1))
    phone.client.kill()  # which holds the port
    reaches(phone, server.address)
    assert inform(phone, server.address) == server.address
    phone.roam(world.cn(2))
    reaches(phone, server.address)
    assert inform(phone, server.address) == server.address
    assert inform(phone, "10.1.0.1") == "10.1.0.1"  # that one is the network's own
