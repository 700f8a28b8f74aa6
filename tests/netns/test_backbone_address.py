# SPDX-License-Identifier: BSD-2-Clause
"""The address of a CN's backbone changes under the running agent: tunnels follow it, with a
register and without one.
"""
import json
import time

import pytest

from world import PATIENCE, Stream, wait_for
from world.agreement import agree, frozen, leased, reaches
from world.checker import dump, ipv4, kernel_peers

GAP_MS = 400  # that packets may be lost after the commands that change an address


def renumber(cn, address, keep=False):
    """Gives the backbone of this CN another address. The router and the routes follow, as they
    would with the DHCP server or the administrator that did it.
    """
    world, former = cn.world, cn.address
    lines = [f"route replace {cell.subnet} via {address}" for cell in cn.cells]
    world.router.configure(lines, ipv6=True)
    if keep:
        cn.run("ip", "address", "add", f"{address}/24", "dev", "bb0")
        cn.run("sysctl", "-qw", "net.ipv4.conf.bb0.promote_secondaries=1")
        cn.run("ip", "address", "delete", f"{former}/24", "dev", "bb0")
    else:
        cn.run("ip", "address", "delete", f"{former}/24", "dev", "bb0")
        cn.run("ip", "address", "add", f"{address}/24", "dev", "bb0")
    cn.run("ip", "route", "replace", "default", "via", cn.router)
    cn.address = address


def follows(cn, others, seconds=10):
    """Waits until the CN, the others and their kernels have its address."""
    def done():
        status = cn.control("status")
        views = [next(peer for peer in other.control("peers") if peer["name"] == cn.place)
                 for other in others]
        return status["cn"]["tunnel"] == cn.address and \
            ipv4(dump(cn, "tmip_config")[0]["value"]["tunnel"]) == cn.address and \
            all(view["tunnel"] == cn.address and view["link"] == "up" for view in views) and \
            all(cn.address in kernel_peers(other) for other in others)

    wait_for(done, f"all to know {cn.place} at {cn.address}", seconds)


def away(world):
    world.mlr.kill()
    for cn in world.cns:
        wait_for(lambda cn=cn: cn.control("status")["register"]["state"] != "connected",
                 f"{cn.place} to notice")


def passes(cn):
    done = cn.agent("evaluate", "--json", check=False, timeout=60)
    return [check for check in json.loads(done.stdout)["checks"] if not check["ok"]]


@pytest.fixture
def network(make_world):
    """Each CN has a station that is away and a guest. Of two CNs the lower number connects."""
    world = make_world(cns=3, nat=()).start_in_order()
    one, two, three = (leased(world, f"s{cn.number}", cn) for cn in world.cns)
    for station, cn in ((one, 2), (two, 3), (three, 1)):
        station.roam(world.cn(cn))
        reaches(station, world.server.address)
    agree(world, one, two, three)
    return world


def all_reach(world, seconds=5):
    """From each station to the server and to each other one: through all tunnels."""
    for station in world.stations:
        reaches(station, world.server.address, seconds)
        for other in world.stations:
            if other is not station:
                reaches(station, other.address(), seconds)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_tunnels_follow(network, number, keep):
    cn = network.cn(number)
    others = [other for other in network.cns if other is not cn]
    renumber(cn, f"10.{200 + number}.0.77", keep)
    follows(cn, others)
    all_reach(network)
    wait_for(lambda: cn.control("status")["register"]["state"] == "connected", "the register")
    agree(network, *network.stations)
    for other in network.cns:
        assert f"10.{200 + number}.0.1" not in kernel_peers(other)
        assert not passes(other)
    # A new station, a roam and a renewal, as ever.
    guest = leased(network, "guest", cn)
    guest.roam(others[0])
    reaches(guest, network.server.address)
    agree(network, *network.stations)


@pytest.mark.parametrize("register", ["there", "away"])
@pytest.mark.parametrize("number", [1, 2])
def test_how_long_packets_are_lost(network, number, register):
    """A stream of a station that is away: the address of its parent, or of its visited CN, changes.

    The time begins before the first command that changes it.
    """
    cn, station = network.cn(number), network.stations[0]
    if register == "away":
        away(network)
    stream = Stream(network, network.server, station)
    stream.flowing()
    began = time.time()
    renumber(cn, f"10.{200 + number}.0.77")
    took = (time.time() - began) * 1000
    follows(cn, [other for other in network.cns if other is not cn])
    stream.flowing()
    gaps = {way: stream.gap(way, began, time.time()) for way in ("up", "down")}
    print(f"CN {number}, register {register}: the commands took {took:.0f} ms; "
          f"up {gaps['up']:.0f} ms, down {gaps['down']:.0f} ms")
    assert max(gaps.values()) < took + GAP_MS * PATIENCE


@pytest.mark.parametrize("number", [1, 2, 3])
def test_while_the_register_is_away(network, number):
    """The CN tells the others itself, and the register when that is back."""
    cn = network.cn(number)
    others = [other for other in network.cns if other is not cn]
    away(network)
    renumber(cn, f"10.{200 + number}.0.77")
    follows(cn, others)
    all_reach(network)
    network.mlr.start()
    for other in others:
        other.wait_ready()
    all_reach(network)  # though the register knows the former address only
    cn.wait_ready(25)
    follows(cn, others)
    all_reach(network)
    agree(network, *network.stations)


def test_the_register_is_frozen_meanwhile(network):
    """Its connection is half open when the CN comes from another address."""
    cn = network.cn(2)
    with frozen(network.mlr):
        renumber(cn, "10.202.0.77")
        follows(cn, [network.cn(1), network.cn(3)])
        all_reach(network)
    wait_for(lambda: cn.control("status")["register"]["state"] == "connected", "the register", 25)
    agree(network, *network.stations)


def test_there_and_back(network):
    cn = network.cn(2)
    for _ in range(3):
        for address in ("10.202.0.77", "10.202.0.78", "10.202.0.1"):
            renumber(cn, address)
            follows(cn, [network.cn(1), network.cn(3)])
    all_reach(network)
    wait_for(lambda: cn.control("status")["register"]["state"] == "connected", "the register")
    agree(network, *network.stations)


def test_an_agent_that_starts_with_another_address(network):
    """Its machine was off, and the register believes its former connection to be alive."""
    cn = network.cn(2)
    network.router.run("ip", "link", "set", cn.place, "down")
    cn.kill()
    network.router.run("ip", "link", "set", cn.place, "up")
    renumber(cn, "10.202.0.77")
    cn.start()
    follows(cn, [network.cn(1), network.cn(3)])
    all_reach(network)
    agree(network, *network.stations)


def test_without_an_address(network):
    """It says so, and goes on when there is one again."""
    cn = network.cn(2)
    cn.run("ip", "address", "flush", "dev", "bb0")
    wait_for(lambda: "no IPv4 address" in cn.control("status")["backbone"]["fault"],
             "the fault to be told")
    assert "no IPv4 address" in cn.agent("status").stdout
    assert any("10.202.0.1" in check["detail"] for check in passes(cn))
    cn.run("ip", "address", "add", f"{cn.address}/24", "dev", "bb0")
    cn.run("ip", "route", "replace", "default", "via", cn.router)
    wait_for(lambda: not cn.control("status")["backbone"]["fault"], "the fault to be gone")
    all_reach(network, 20)
    assert not passes(cn)


def test_a_directive_names_the_address(make_world):
    """It holds, whatever the interface has; and that it is not there is said."""
    world = make_world(cns=2, nat=(), directives={2: {"tunnel_addr": "10.202.0.9"}})
    cn = world.cn(2)
    cn.run("ip", "address", "add", "10.202.0.9/32", "dev", "lo")
    world.start_in_order()
    station = leased(world, "station", world.cn(2))
    station.roam(world.cn(1))
    world.router.run("ip", "route", "add", "10.202.0.9", "via", cn.address)
    reaches(station, world.server.address)
    renumber(cn, "10.202.0.77")
    world.router.run("ip", "route", "replace", "10.202.0.9", "via", cn.address)
    reaches(station, world.server.address)
    assert cn.control("status")["cn"]["tunnel"] == "10.202.0.9"
    assert not cn.control("status")["backbone"]["fault"]
    cn.run("ip", "address", "delete", "10.202.0.9/32", "dev", "lo")
    wait_for(lambda: "tunnel_addr 10.202.0.9" in cn.control("status")["backbone"]["fault"],
             "the fault to be told")
    assert any("10.202.0.9" in check["detail"] for check in passes(cn))
    cn.run("ip", "address", "add", "10.202.0.9/32", "dev", "lo")
    wait_for(lambda: not cn.control("status")["backbone"]["fault"], "the fault to be gone")
    reaches(station, world.server.address)
