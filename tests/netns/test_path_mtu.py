# SPDX-License-Identifier: BSD-2-Clause
"""A link between the CNs is smaller than their interfaces: the CNs find the MTU of the path, by
what routers say (ICMP) and by probes where nobody says anything, and tell senders on both sides.
"""
import pytest
from test_mtu import connection, send_until_told, udp

from world import MEGABYTE, PATIENCE, Transfer, wait_for
from world.agreement import leased, reaches

NARROW = 1400


def narrow(world, cn, mtu=NARROW, silent=False):
    """The router's link to a CN takes smaller packets; the CN's own interface does not know it."""
    lines = [f"link set {cn.place} mtu {mtu}"]
    rules = ("nft 'add table ip mute; "
             "add chain ip mute out { type filter hook output priority 0; }; "
             "add rule ip mute out icmp type destination-unreachable drop'\n") if silent else ""
    world.router.configure(lines, rules, True)


def path(cn, other):
    peer = next(peer for peer in cn.control("peers") if peer["name"] == other.place)
    return peer["mtu"], peer["mtu_source"]


@pytest.fixture(params=["icmp", "silent"])
def silent(request):
    return request.param == "silent"


@pytest.mark.parametrize("side,silent", [(1, False), (2, False), (2, True)],
                         ids=["at home", "abroad", "abroad, silent"])
def test_a_narrow_link(make_world, side, silent):
    """It was there before the station roams.

    Of two devices on one link the smaller one drops what the larger one sends: there, no router
    says anything in one direction. What probes find on the way to the MTU is less than it.
    """
    world = make_world(cns=2, nat=())
    narrow(world, world.cn(side), silent=silent)
    world.start()
    phone = leased(world, "phone", world.cn(1))
    reaches(phone, world.server.address)
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    ways = [(world.server, phone, world.server.address), (phone, world.server, phone.address())]
    for port, (sender, receiver, address) in enumerate(ways, start=5200):
        Transfer(world, sender, receiver, 2 * MEGABYTE, port=port, address=address).finish(20)
    wait_for(lambda: all(path(cn, other)[0] == NARROW for cn, other in
                         (world.cns, reversed(world.cns))), "both CNs to know the MTU", 10)
    assert {path(*world.cns)[1], path(*reversed(world.cns))[1]} <= {"icmp", "probe"}
    # UDP with DF: the application hears of it, here and there. Without DF it arrives.
    pairs = ((phone, world.server, world.server.address), (world.server, phone, phone.address()))
    for sender, receiver, address in pairs:
        told = send_until_told(udp(sender, fragment=False), NARROW - 28, (address, 7000))
        assert NARROW - 60 < told <= NARROW - 20
        with udp(receiver, fragment=True, port=7000) as ear, udp(sender, fragment=True) as mouth:
            mouth.sendto(b"x" * 3000, (address, 7000))
            assert ear.recv(9000) == b"x" * 3000
    text = world.cn(1).agent("evaluate", check=False).stdout
    assert f"{NARROW} do" in text, text
    assert f"{NARROW}" in world.cn(1).agent("peers").stdout


def test_a_link_becomes_narrow(make_world, silent):
    """A connection goes on while it shrinks, and the MTU rises again with the link's."""
    world = make_world(cns=2, nat=()).start()
    phone = leased(world, "phone", world.cn(1))
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    one, two = connection(world.server, phone, world.server.address, 5300)
    with one, two:
        for sender, receiver in ((one, two), (two, one)):
            sender.settimeout(10 * PATIENCE)
            receiver.settimeout(10 * PATIENCE)

        def exchange():
            for sender, receiver in ((one, two), (two, one)):
                data = b"x" * 30000
                sender.sendall(data)
                got = 0
                while got < len(data):
                    got += len(receiver.recv(65536))

        exchange()
        narrow(world, world.cn(2), silent=silent)
        exchange()
        wait_for(lambda: path(*world.cns)[0] == NARROW, "CN 1 to know the MTU", 10)
        exchange()
        world.router.configure([f"link set {world.cn(2).place} mtu 1500"], "", True)
        world.cn(1).agent("reload")
        wait_for(lambda: path(*world.cns) == (1500, "route"), "CN 1 to know the MTU", 10)
        exchange()
