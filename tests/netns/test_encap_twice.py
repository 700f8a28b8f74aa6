# SPDX-License-Identifier: BSD-2-Clause
"""Packets that are encapsulated more than once in their life.

The kernel refuses to encapsulate a packet twice (-EALREADY), even after the first outer header was
taken off, and even on another host, as long as only veth lies between: here all CNs share one
kernel. So these ways work only if a relaying CN changes the outer header in place, and if the
second encapsulation manages without the kernel's flags.

Bulk TCP with checked content goes with the endpoints' offloads (super-packets that the tunnel must
not break), without them, and with GRO between the CNs; and so do the datagrams of UDP segmentation
offload.
"""
import json
import sys

import pytest

from world import MEGABYTE, PATIENCE, Transfer, wait_for

DATAGRAM, DATAGRAMS = 1200, 20
UDP_SEGMENT = 103

RECEIVE = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5600)); s.settimeout(5)
print("ready", flush=True)
print(*(len(s.recv(65535)) for _ in range(int(sys.argv[1]))), flush=True)
"""
SEND = f"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_UDP if hasattr(socket, "SOL_UDP") else 17, {UDP_SEGMENT}, {DATAGRAM})
s.sendto(bytes({DATAGRAM} * {DATAGRAMS}), (sys.argv[1], 5600))
"""


def counted(world, name):
    """The packets that all CNs counted for that reason."""
    counters = [counter for cn in world.cns for counter in cn.control("status")["counters"]]
    return sum(counter["packets"] for counter in counters if counter["reason"] == name)


@pytest.fixture(params=["offloads", "plain", "gro"])
def network(request, make_world):
    world = make_world(offloads=request.param != "plain", nat=(), cells=2,
                       directives={0: {"route_optimisation": "off"}})
    if request.param == "gro":
        for place in (*world.places(), world.router):
            for link in json.loads(place.run("ip", "-j", "link").stdout):
                if link["ifname"] != "lo":
                    place.run("ethtool", "-K", link["ifname"], "gro", "on")
    return world.start()


def pair(world, homes, places):
    """Two stations with these homes, each in a cell of the CN of its place.

    Place 2 is the first cell of CN 2, place 2.5 is its other one.
    """
    stations = [world.add_station(name, world.cn(home))
                for name, home in zip(("one", "two"), homes)]
    for station, place in zip(stations, places):
        station.dhclient().start()
        station.roam(world.cn(int(place)).cells[1 if place != int(place) else 0])
        wait_for(lambda: station.ping(world.server.address, seconds=0.3),
                 f"{station.place} to reach the server", 15)
        world.settled(station)
    assert stations[0].ping(stations[1].address(), count=3)
    return stations


def datagrams_keep_their_size(world, sender, receiver):
    program = world.program(receiver, sys.executable, "-c", RECEIVE, DATAGRAMS)
    wait_for(lambda: "ready" in program.text(), "the receiver of datagrams")
    sender.run(sys.executable, "-c", SEND, receiver.address())
    program.wait(10)
    assert program.text().split()[1:] == [str(DATAGRAM)] * DATAGRAMS


# Each way: the homes of both stations, where they are, and the reasons that must be counted.
WAYS = {
    "relay at the parent, different cells": ((1, 1), (2, 3), ["RELAY"]),
    "relay at the parent, back to the same CN": ((1, 1), (2, 2.5), ["RELAY"]),
    "one away, one at home": ((1, 1), (2, 1), ["DECAP_STATION"]),
    "through both parents, a third CN": ((2, 3), (1, 1), ["DECAP_KERNEL", "ENCAP_VISITED"]),
    "through both parents, each other's cell": ((2, 3), (3, 2), ["ENCAP_PARENT"]),
    "through both parents, one cell": ((2, 3), (3, 1), ["DECAP_KERNEL", "ENCAP_VISITED"]),
}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_encapsulated_again(network, way):
    homes, places, reasons = WAYS[way]
    one, two = pair(network, homes, places)
    for number, (sender, receiver) in enumerate(((one, two), (two, one))):
        transfer = Transfer(network, sender, receiver, 20 * MEGABYTE, port=5010 + number,
                            address=sender.address())
        done = transfer.finish()
        assert done["stall_ms"] < 1000 * PATIENCE
        if network.offloads:
            datagrams_keep_their_size(network, sender, receiver)
    for reason in reasons:
        assert counted(network, reason) > 0, reason
    assert counted(network, "HEADROOM") == 0
    assert counted(network, "MALFORMED") == 0
