# SPDX-License-Identifier: BSD-2-Clause
"""One agent of the network is dead (SIGKILL) or stopped (SIGSTOP), and known stations move.

Both directions work within BOUND seconds of the station's first frame in its new cell, whatever
that frame is, and go on to work: by the programs alone, or because the other agents heal it. When
the agent goes on, or another one is started, all agree.
"""
import os
import signal
import socket
import struct
import time

import pytest

from world import wait_for
from world.agreement import agree, leased, static
from world.frames import ALL, ARP, IP, arp_request, octets, send_frame, udp

BOUND = 5
AWAY_S = 1.5  # after so long the programs know that their agent is away

# What the CN is in the move whose agent is away: (CN where the station is, CN it moves to, that CN)
ROLES = {"new": (2, 3, 3), "parent": (1, 2, 1), "previous": (2, 3, 2),
         "parent, third": (2, 3, 1), "parent, new": (2, 1, 1)}


def gateway_mac(station):
    """The MAC that the station believes its gateway to have: that of the cell it comes from."""
    shown = station.run("ip", "neigh", "show", "dev", station.device).stdout.split()
    return shown[shown.index("lladdr") + 1]


def first_frame(world, station, kind):
    """The station has just come to a cell, and sends one frame there, or begins with DHCP."""
    address = station.address()
    gateway = world.cn(1).cells[0].gateway
    if kind == "IP":
        send_frame(station, gateway_mac(station), IP, udp(address, world.server.address))
    elif kind == "ARP request":
        send_frame(station, ALL, ARP, arp_request(station.mac, address, gateway))
    elif kind == "gratuitous ARP":
        send_frame(station, ALL, ARP, arp_request(station.mac, address, address))
    else:
        station.client.kill()
        station.client.start(wait=False)


def take_away(cn, how):
    if how == "dead":
        cn.kill()
    else:
        os.kill(cn.pid(), signal.SIGSTOP)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > AWAY_S, "the agent to be missed", 2 * AWAY_S)


def bring_back(cn, how):
    if how == "dead":
        cn.start()
    else:
        os.kill(cn.pid(), signal.SIGCONT)


def steady(world, station, count=20):
    """Both directions work, without a loss: packet by packet."""
    assert station.ping(world.server.address, count=count), "from the station"
    assert world.server.ping(station.address(), count=count), "to the station"


def known_station(world, cn):
    """A station of CN 1 that the network knows to be with that CN."""
    station = leased(world, "phone", world.cn(1))
    if cn != 1:
        station.roam(world.cn(cn))
    wait_for(lambda: station.ping(world.server.address, seconds=0.5), "the station to be served")
    agree(world, station)
    return station


@pytest.mark.parametrize("how", ["dead", "stopped"])
@pytest.mark.parametrize("kind", ["IP", "ARP request", "gratuitous ARP", "DHCP"])
@pytest.mark.parametrize("role", ROLES)
def test_a_station_moves(make_world, role, kind, how):
    """The station says nothing more than its first frame until the other side has reached it. Only
    a DHCP client that nobody answers must use its address once: it says no address before.
    """
    world = make_world(nat=(), directives={0: {"handover_timeout": 500}}).start()
    start, target, number = ROLES[role]
    station, away = known_station(world, start), world.cn(number)
    address = station.address()
    take_away(away, how)
    station.roam(world.cn(target))
    first_frame(world, station, kind)
    if kind == "DHCP" and target == number:
        wait_for(lambda: station.ping(world.server.address, seconds=0.3), "the server", BOUND)
    wait_for(lambda: world.server.ping(address, seconds=0.3), "the station", BOUND)
    wait_for(lambda: station.ping(world.server.address, seconds=0.3), "the server", BOUND)
    for _ in range(2):  # several times handover_timeout
        steady(world, station)
    bring_back(away, how)
    wait_for(lambda: world.server.ping(address, seconds=0.3), "the station", BOUND)
    agree(world, station, seconds=25)
    assert station.address() == address
    steady(world, station, 10)


@pytest.mark.parametrize("how", ["dead", "stopped"])
def test_its_neighbours_follow(make_world, how):
    """The previous CN's agent is away: a host of its cell still reaches the station that has gone.
    """
    world = make_world(nat=(), directives={0: {"handover_timeout": 500}}).start()
    station = known_station(world, 2)
    beside = static(world, "beside", world.cn(2), "10.2.0.77")
    assert beside.ping(station.address()) and station.ping(beside.address())
    agree(world, station, beside)
    take_away(world.cn(2), how)
    station.roam(world.cn(3))
    first_frame(world, station, "IP")
    wait_for(lambda: beside.ping(station.address(), seconds=0.3), "the station", BOUND)
    wait_for(lambda: station.ping(beside.address(), seconds=0.3), "its neighbour", BOUND)
    bring_back(world.cn(2), how)
    agree(world, station, beside, seconds=25)


@pytest.mark.parametrize("how", ["dead", "stopped"])
@pytest.mark.parametrize("kind", ["IP", "gratuitous ARP"])
def test_in_and_out_again(make_world, kind, how):
    """Two moves while the agent of the CN in the middle is away: into its cell, and out of it."""
    world = make_world(nat=(), directives={0: {"handover_timeout": 500}}).start()
    station, address = known_station(world, 1), None
    take_away(world.cn(2), how)
    address = station.address()
    for number in (2, 3, 2, 1):
        station.roam(world.cn(number))
        first_frame(world, station, kind)
        wait_for(lambda: world.server.ping(address, seconds=0.3), "the station", BOUND)
        wait_for(lambda: station.ping(world.server.address, seconds=0.3), "the server", BOUND)
        steady(world, station, 20)
    bring_back(world.cn(2), how)
    agree(world, station, seconds=25)
    steady(world, station, 10)


@pytest.mark.parametrize("how", ["dead", "stopped"])
def test_its_packets_were_held(make_world, how):
    """The agent of the parent held packets for a station that had left, when it went away itself.
    """
    world = make_world(nat=(), directives={0: {"handover_timeout": 500}}).start()
    station = known_station(world, 1)
    station.leave()
    world.cn(1).agent("departed", station.mac)
    take_away(world.cn(1), how)
    station.roam(world.cn(2))
    first_frame(world, station, "IP")
    wait_for(lambda: world.server.ping(station.address(), seconds=0.3), "the station", BOUND)
    steady(world, station)
    bring_back(world.cn(1), how)
    agree(world, station, seconds=25)


@pytest.mark.parametrize("how", ["dead", "stopped"])
def test_nobody_reads_the_ring(make_world, how):
    """More strangers than the ring has room for come by while the agent of the parent is away."""
    world = make_world(nat=(), directives={0: {"handover_timeout": 500},
                                           1: {"event_burst": 1000000}}).start()
    station = known_station(world, 1)
    crowd = world.add_station("crowd", world.cn(1))
    take_away(world.cn(1), how)
    with crowd.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind((crowd.device, 0))
        for number in range(6000):
            mac = b"\x02\x77" + struct.pack("!I", number)
            raw.send(octets(ALL) + mac + b"\x86\xdd" + bytes(46))
    station.roam(world.cn(2))
    first_frame(world, station, "IP")
    wait_for(lambda: world.server.ping(station.address(), seconds=0.3), "the station", BOUND)
    steady(world, station)
    bring_back(world.cn(1), how)
    agree(world, station, seconds=25)
    steady(world, station, 10)
