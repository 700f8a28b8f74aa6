# SPDX-License-Identifier: BSD-2-Clause
"""The programs hand a station over; the agents, which get no CPU here, only confirm it."""
import socket

import pytest

from world import Stream, WorldError, wait_for
from world.agreement import agree, frozen, leased
from world.checker import kernel_stations, register_stations
from world.frames import ipv4, udp

HANDOVER = 0x544d  # the mark in the outer header


def shown(cn, address):
    """(state, CN where the station is) in the kernel's map."""
    entry = kernel_stations(cn)[address]
    return entry["state"], entry["current"]


@pytest.mark.parametrize("nat", [(), (1,)], ids=["plain", "masqueraded"])
def test_no_agent_is_needed(make_world, nat):
    """From home to a visited cell, on to another, and home again.

    Packets flow in both directions, and later all agree.
    """
    world = make_world(nat=nat).start()
    laptop = leased(world, "laptop", world.cn(1))
    address = laptop.address()
    stream = Stream(world, world.server, laptop)
    stream.flowing()
    for number in (2, 3, 1):
        with frozen(*world.cns):
            laptop.roam(world.cn(number))
            stream.flowing()
        agree(world, laptop)
        assert laptop.address() == address
        stream.flowing()
    stream.stop()


def test_who_asks_first_needs_no_agent_either(make_world):
    """The station has forgotten the MAC of its gateway: its first frame is a question by ARP."""
    world = make_world(nat=()).start()
    laptop = leased(world, "laptop", world.cn(1))
    for number in (2, 3, 1):
        with frozen(*world.cns):
            laptop.roam(world.cn(number))
            laptop.run("ip", "neigh", "flush", "dev", "wlan0")
            assert laptop.ping(world.server.address)  # one packet, and its answer
        agree(world, laptop)


def test_switched_off(make_world):
    """Without it the parent sends packets to where its agent believes the station to be."""
    world = make_world(nat=(), directives={0: {"fast_handover": "off"}}).start()
    laptop = leased(world, "laptop", world.cn(1))
    stream = Stream(world, world.server, laptop)
    stream.flowing()
    before = shown(world.cn(1), laptop.address())
    with frozen(*world.cns):
        laptop.roam(world.cn(2))
        received = len(stream.read("up"))
        wait_for(lambda: len(stream.read("up")) > received + 100, "what it sends to arrive")
        assert shown(world.cn(1), laptop.address()) == before
        with pytest.raises(WorldError):
            stream.flowing(1)
    stream.flowing()
    agree(world, laptop)
    stream.stop()


def test_nobody_confirms(make_world):
    """The agent of the visited CN is frozen, and the parent's is not.

    The parent tells the register for it, and all is well when the frozen agent wakes.
    """
    world = make_world(cns=2, nat=(), directives={0: {"handover_timeout": 300}}).start()
    laptop = leased(world, "laptop", world.cn(1))
    address = laptop.address()
    stream = Stream(world, world.server, laptop)
    stream.flowing()
    with frozen(world.cn(2)):
        laptop.roam(world.cn(2))
        wait_for(lambda: register_stations(world)[address]["current"] == "cn2",
                 "the register to be told")
        assert "whose agent is away" in world.cn(1).agent("why", laptop.mac).stdout
        stream.flowing()
    stream.flowing()
    agree(world, laptop)
    stream.stop()


def test_a_mark_that_is_not_true(make_world):
    """A packet with the address of a CN says that a station is there. The programs of that CN know
    better, so the parent goes back to the record, though the station does not hear its question.
    """
    world = make_world(cns=2, nat=(), directives={0: {"handover_timeout": 300}}).start()
    laptop = leased(world, "laptop", world.cn(1))
    address = laptop.address()
    assert laptop.ping(world.server.address)
    before = shown(world.cn(1), address)
    laptop.leave()
    forged = ipv4(world.cn(2).address, world.cn(1).address, socket.IPPROTO_IPIP,
                  udp(address, world.server.address), HANDOVER)
    with world.router.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(forged, (world.cn(1).address, 0))
    wait_for(lambda: "nobody confirmed the move" in world.cn(1).agent("why", laptop.mac).stdout,
             "the parent to go back to the record")
    assert shown(world.cn(1), address) == before
    laptop.roam(world.cn(1))
    wait_for(lambda: world.server.ping(address, seconds=0.3), "the station")
    agree(world, laptop)
