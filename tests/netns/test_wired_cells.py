# SPDX-License-Identifier: BSD-2-Clause
"""Cells that are no single Ethernet device: a bridge of the CN with several ports, and a macvlan.

Access points in bridges, and VLAN, which the kernel of this machine may lack, are in
tests/vm/test_wifi_cells.py.
"""
import json

import pytest

from world import WorldError, hears_once, wait_for
from world.agreement import Conversation, agree, arrive, leased, reaches


def bridge(cn, options):
    """Makes the two cells of a CN ports of br0, its only cell, with the first one's address."""
    cell, lines = cn.cells[0], [f"link add br0 type bridge {options}"]
    for port in cn.cells:
        lines += [f"address flush dev {port.device}", f"link set {port.device} master br0"]
    cn.configure([*lines, f"address add {cell.gateway}/24 dev br0", "link set br0 up"])
    cn.wait_links()
    wait_for(lambda: all(port["state"] == "forwarding" for port in
                         json.loads(cn.run("bridge", "-j", "link").stdout)),
             "the ports to forward", 10)
    cell.device, cn.other_port, cn.cells = "br0", cn.cells[1].ifindex, [cell]
    cn.configure_with(mobile_if="br0", addr_pool="br0 * *")


def change_port(station):
    """Moves the station to the other port of the bridge of its cell."""
    station.world.links.set_master(station.ifindex, station.cell.cn.other_port)


@pytest.fixture(params=["forward_delay 0", "stp_state 1 forward_delay 200"], ids=["no-stp", "stp"])
def bridged(request, make_world):
    """Two CNs whose cell is a bridge of two ports each. CN 1 does NAT.

    If this kernel can do it (bridge-nf-call-iptables), bridged packets pass the rules of netfilter.
    """
    world = make_world(cns=2, cells=2)
    for cn in world.cns:
        bridge(cn, request.param)
        cn.run("sh", "-c", "[ ! -d /proc/sys/net/bridge ] || "
               "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables")
    return world.start()


def moves(world):
    """The handovers that each CN has completed."""
    return [cn.control("status")["handovers"]["completed"] for cn in world.cns]


def test_a_bridge_is_a_cell(bridged):
    world = bridged
    phone, laptop = leased(world, "phone", world.cn(1)), leased(world, "laptop", world.cn(1))
    change_port(laptop)
    address = phone.address()
    reaches(phone, laptop.address())
    hears_once(phone, laptop)
    with Conversation(world.server, phone, world.server.address) as call, \
            Conversation(laptop, phone, laptop.address()) as near:
        before = moves(world)
        change_port(phone)
        call.say()
        near.say()
        hears_once(phone, laptop)
        agree(world, phone, laptop)
        assert moves(world) == before

        # The station knows the MACs of gateway and neighbour as they are at home, and so does the
        # bridge that it has left.
        phone.roam(world.cn(2))
        call.say()
        near.say()
        agree(world, phone, laptop)
        hears_once(phone, laptop)
        hears_once(laptop, phone)
        arrive(laptop, world.cn(2))
        change_port(laptop)
        near.say()
        agree(world, phone, laptop)
        hears_once(laptop, phone)
        for station in (phone, laptop):
            station.run("ip", "neigh", "flush", "dev", "wlan0")
        hears_once(laptop, phone)  # now by each other's MAC
        phone.roam(world.cn(1))
        call.say()
        near.say()
        agree(world, phone, laptop)
        assert moves(world) == [before[0] + 1, before[1] + 2]
    assert phone.address() == address


def flags(cn, device):
    return json.loads(cn.run("ip", "-j", "link", "show", "dev", device).stdout)[0]["flags"]


def test_a_port_is_no_cell(make_world):
    """The attempt to attach a port names its bridge.

    A cell that becomes a port is not served until it is none any more.
    """
    world = make_world(cns=1, nat=())
    cn = world.cn(1)
    world.start()
    cn.run("sh", "-c", "ip link add br7 type bridge; "
           "ip link add t0 master br7 type veth peer name t1; ip address add 10.9.0.1/24 dev t0")
    with pytest.raises(WorldError, match="t0 cannot be a cell: it is a port of br7, "
                                         "which would be the cell: attach br7"):
        cn.agent("attach", "t0")
    cn.run("ip", "link", "set", "w0", "master", "br7")
    wait_for(lambda: cn.control("status")["cells"][0]["hook"] == "not served now",
             "the cell to be given up")
    assert "w0 cannot be a cell: it is a port of br7" in cn.texts()["cn1 output"]
    assert "PROMISC" not in flags(cn, "w0")
    cn.run("ip", "link", "set", "w0", "nomaster")
    phone = leased(world, "phone", cn)
    reaches(phone, world.server.address)
    assert "PROMISC" in flags(cn, "w0")


def test_what_was_promiscuous_stays_so(make_world):
    world = make_world(cns=1, cells=2, nat=())
    cn = world.cn(1)
    cn.run("ip", "link", "set", "w0", "promisc", "on")
    world.start()
    assert "PROMISC" in flags(cn, "w1")
    cn.agent("detach", "--all")
    assert cn.program.wait() == 0
    assert "PROMISC" in flags(cn, "w0") and "PROMISC" not in flags(cn, "w1")


def test_a_bridge_gets_another_mac(make_world):
    """The first port that joins or leaves may change the MAC of the bridge.

    Stations in the cell, at home or as guests, go on.
    """
    world = make_world(cns=2, cells=2, nat=())
    cn = world.cn(1)
    bridge(cn, "forward_delay 0")
    world.cn(2).cells.pop()
    world.cn(2).configure_with(mobile_if="w0", addr_pool="w0 * *")
    world.start()
    phone, guest = leased(world, "phone", cn), leased(world, "guest", world.cn(2))
    guest.roam(cn)
    with Conversation(world.server, phone, world.server.address) as call, \
            Conversation(world.server, guest, world.server.address, 6001) as other:
        call.say()
        other.say()
        agree(world, phone, guest)
        def mac():
            return json.loads(cn.run("ip", "-j", "link", "show", "br0").stdout)[0]["address"]

        add = "link add lowest address 00:00:00:00:00:02 master br0 type veth peer name other"
        for line in (add, "link delete lowest"):
            before = mac()
            cn.run("ip", *line.split())
            assert mac() != before
            call.say()
            other.say()
            wait_for(lambda: cn.control("status")["cells"][0]["hook"] != "not served now",
                     "the cell to be served")
            call.say()
            other.say()
            assert phone.ping(cn.cells[0].gateway) and guest.ping("10.2.0.1")
        agree(world, phone, guest)


def macvlan(cn, mode):
    """Makes the cell a macvlan above the device that it was before."""
    cell = cn.cells[0]
    cn.configure([f"address flush dev {cell.device}",
                  f"link add link {cell.device} name mv0 type macvlan mode {mode}",
                  f"address add {cell.gateway}/24 dev mv0", "link set mv0 up"])
    cell.device = "mv0"
    cn.configure_with(mobile_if="mv0", addr_pool="mv0 * *")


@pytest.mark.parametrize("mode", ["passthru", "bridge"])
def test_a_macvlan_is_a_cell(make_world, mode):
    """Only a macvlan in mode passthru hears frames to MACs that are not here.

    With another mode, a station must ask for the MAC.
    """
    world = make_world(cns=2, nat=())
    for cn in world.cns:
        macvlan(cn, mode)
    world.start()
    phone, laptop = leased(world, "phone", world.cn(1)), leased(world, "laptop", world.cn(1))
    reaches(phone, laptop.address())
    hears_once(phone, laptop)
    with Conversation(world.server, phone, world.server.address) as call, \
            Conversation(laptop, phone, laptop.address()) as near:
        for cn in (2, 1):
            phone.roam(world.cn(cn))
            if mode == "bridge":
                # A station does so when its cable is pulled.
                phone.run("ip", "neigh", "flush", "dev", "wlan0")
            call.say()
            near.say()
            agree(world, phone, laptop)
            hears_once(phone, laptop)
            hears_once(laptop, phone)
    evaluation = json.loads(world.cn(1).agent("evaluate", "--json", check=False).stdout)
    deaf = any("does not hear" in check["detail"] for check in evaluation["checks"])
    assert deaf == (mode == "bridge") == ("does not hear" in world.cn(1).texts()["cn1 output"])
