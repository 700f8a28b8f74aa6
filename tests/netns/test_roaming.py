# SPDX-License-Identifier: BSD-2-Clause
"""Stations roam: every way through the cells, both ends of a conversation, addresses of every kind.

After each way the CNs, the register and the kernel's maps must agree; see world/agreement.py.
"""
import itertools
import json
import signal

import pytest

from world import MEGABYTE, Stream, Transfer, WorldError, run, wait_for
from world.agreement import (Conversation, agree, arrive, check_all, kernel_stations, leased, pins,
                             reaches, static)

STRICT = ("all", "default", "bb0", "w0")


@pytest.fixture
def strict(make_world):
    """A world whose CNs accept a packet only from where an answer would go (RFC 3704, strict)."""
    world = make_world()
    for cn in world.cns:
        for name in STRICT:
            cn.sysctl(f"net.ipv4.conf.{name}.rp_filter", 1)
    return world.start()


def reason(cn, name):
    """The packets counted for that reason."""
    counters = cn.control("status")["counters"]
    return next(counter["packets"] for counter in counters if counter["reason"] == name)


def test_the_comparison_can_fail(world):
    phone = static(world, "phone", world.cn(2), "10.2.0.9")
    agree(world, phone)
    key = [*([0] * 10), 255, 255, 10, 2, 0, 9]
    entries = f"{pins(world.cn(3))}/tmip_station"
    run("bpftool", "map", "delete", "pinned", entries, "key", *key)
    with pytest.raises(WorldError, match="cn3 has map entries"):
        check_all(world, [(phone, "10.2.0.9")])
    phone.cell = world.cn(1).cells[0]
    with pytest.raises(WorldError):
        check_all(world, [(phone, "10.2.0.9")])


# ---- the ways through the cells

@pytest.mark.parametrize("way", [(1, 2), (1, 2, 1), (1, 2, 3), (2, 3, 1, 2)], ids=str)
def test_a_connection_survives(strict, way):
    phone = leased(strict, "phone", strict.cn(way[0]))
    address = phone.address()
    with Conversation(strict.server, phone, strict.server.address) as call:
        for number in way[1:]:
            phone.roam(strict.cn(number))
            call.say()
            agree(strict, phone)
            for target in (f"10.{way[0]}.0.1", "10.2.0.1", "10.3.0.1", strict.server.address):
                assert phone.ping(target)
            assert strict.cn(way[0]).ping(address)
            assert phone.address() == address
    assert sum(cn.sysctl("net.ipv4.conf.bb0.rp_filter") == "1" for cn in strict.cns) == 3


def test_a_download_while_roaming(world):
    phone = leased(world, "phone", world.cn(1))
    stream = Stream(world, world.server, phone)  # a station that only receives cannot be found
    stream.flowing()
    transfer = Transfer(world, world.server, phone, 40 * MEGABYTE, rate=20 * MEGABYTE)
    for number in (2, 3, 1, 2):
        before = transfer.received()
        wait_for(lambda: transfer.received() > before + 4 * MEGABYTE, "the download to go on", 10)
        phone.roam(world.cn(number))
    assert transfer.finish()["bytes"] == 40 * MEGABYTE
    agree(world, phone)


def test_there_and_back_within_the_first_handover(world):
    phone = leased(world, "phone", world.cn(2))
    stream = Stream(world, world.server, phone)
    stream.flowing()
    for packets in range(8):
        phone.roam(world.cn(3))
        seen = len(stream.read("up")) + packets
        wait_for(lambda: len(stream.read("up")) >= seen, "some packets of the stream")
        phone.roam(world.cn(2))
        stream.flowing()
    agree(world, phone)
    stream.flowing()


@pytest.mark.parametrize("asleep", ["parent", "new", "register"])
def test_back_before_somebody_has_heard_of_it(world, asleep):
    """A participant sleeps while the station goes and returns, and then hears of both at once."""
    phone = leased(world, "phone", world.cn(2))
    stream = Stream(world, world.server, phone)
    stream.flowing()
    sleeper = {"parent": world.cn(2), "new": world.cn(3), "register": world.mlr}[asleep].program
    up = reason(world.cn(3), "ENCAP_PARENT")
    sleeper.send(signal.SIGSTOP)
    try:
        phone.roam(world.cn(3))
        wait_for(lambda: int(counted(world.cn(3), 4)) > up + 20, "packets through the tunnel")
        phone.roam(world.cn(2))
        seen = len(stream.read("up"))
        wait_for(lambda: len(stream.read("up")) > seen + 20, "packets from home")
    finally:
        sleeper.send(signal.SIGCONT)
    stream.flowing()
    agree(world, phone, seconds=10)
    stream.flowing()


def counted(cn, number):
    """A counter read from the kernel, as the agent sleeps."""
    key = [*number.to_bytes(4, "little")]
    path = f"{pins(cn)}/tmip_stat"
    entry = run("bpftool", "-j", "map", "lookup", "pinned", path, "key", *key).stdout
    values = json.loads(entry)
    return sum(one["value"]["packets"] for one in values.get("formatted", values)["values"])


def test_many_fast_moves(world):
    phone = leased(world, "phone", world.cn(1))
    stream = Stream(world, world.server, phone)
    stream.flowing()
    ways = itertools.cycle((2, 3, 1, 3, 2, 1))
    for move in range(40):
        phone.roam(world.cn(next(ways)))
        seen = len(stream.read("up")) + move % 4 * 3
        wait_for(lambda: len(stream.read("up")) >= seen, "some packets of the stream")
    stream.flowing()
    agree(world, phone)
    stream.flowing()


# ---- both ends move

def test_both_ends_move_at_once(strict):
    """Two stations of CN 1: both away in one cell, in different cells, one home, both home."""
    laptop, phone = leased(strict, "laptop", strict.cn(1)), leased(strict, "phone", strict.cn(1))
    with Conversation(laptop, phone, laptop.address()) as call:
        for cells in ((3, 3), (2, 3), (1, 1), (1, 3), (3, 1), (1, 1), (2, 1), (3, 2), (2, 2),
                      (1, 1)):
            for station, number in zip((laptop, phone), cells):
                arrive(station, strict.cn(number))
            call.say()
            agree(strict, laptop, phone)
            call.say()


def test_stations_of_two_cns(world):
    """A station of CN 2 and one of CN 3: in each other's cell, in one cell, or both at CN 1."""
    laptop, phone = leased(world, "laptop", world.cn(2)), leased(world, "phone", world.cn(3))
    with Conversation(laptop, phone, laptop.address()) as call:
        for cells in ((3, 2), (3, 3), (2, 2), (1, 1), (1, 3), (2, 1), (2, 3)):
            for station, number in zip((laptop, phone), cells):
                arrive(station, world.cn(number))
            call.say()
            agree(world, laptop, phone)
            call.say()


def test_next_door(make_world):
    """CN 1 has two cells: a station in the other one talks to a roaming neighbour of its home."""
    world = make_world(cns=2, cells=2, nat=()).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(1))
    home, other = world.cn(1).cells
    with Conversation(laptop, phone, laptop.address()) as call, \
            Conversation(world.server, phone, world.server.address) as far:
        for cell in (home, other, *world.cn(2).cells):
            arrive(phone, other)
            arrive(laptop, cell)
            call.say()
            far.say()
            agree(world, laptop, phone)
            for gateway in (home.gateway, other.gateway, "10.2.0.1"):
                assert phone.ping(gateway)
            assert world.server.ping(phone.address()) and world.cn(1).ping(phone.address())
            arrive(phone, home)
            call.say()
            agree(world, laptop, phone)


# ---- others reach them

def test_behind_nat(world):
    """The translation made at home stays while the station is away.

    The server sees one address and one port.
    """
    phone = leased(world, "phone", world.cn(1))
    with Conversation(world.server, phone, world.server.address) as call:
        assert call.seen_as[0] == world.cn(1).address
        phone.roam(world.cn(2))
        call.say()
        agree(world, phone)
        with Conversation(world.server, phone, world.server.address, port=6001) as second:
            assert second.seen_as[0] == world.cn(1).address
        phone.roam(world.cn(3))
        call.say()


def test_behind_nat_to_a_guest(make_world):
    """A station behind NAT is away; its partner visits the CN that translates.

    The connection from before goes on.
    """
    world = make_world(directives={0: {"route_optimisation": "off"}}).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(3))
    with Conversation(phone, laptop, phone.address()) as call:
        assert call.seen_as[0] == world.cn(1).address
        phone.roam(world.cn(1))
        call.say()
        agree(world, laptop, phone)
        laptop.roam(world.cn(2))
        call.say()
        agree(world, laptop, phone)
        with Conversation(phone, laptop, phone.address(), port=6001) as second:
            assert second.seen_as[0] == world.cn(1).address


def test_calls_to_an_absent_station(world):
    """The server and all CNs open connections to a station of CN 2 that is away."""
    phone = leased(world, "phone", world.cn(2))
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    agree(world, phone)
    for port, caller in enumerate((world.server, *world.cns), start=6000):
        with Conversation(phone, caller, phone.address(), port=port) as call:
            call.say()


def test_neighbours_find_an_absent_station(world):
    """One neighbour at home has never heard of it; the other's ARP entry is older than its move."""
    phone, old = leased(world, "phone", world.cn(2)), leased(world, "old", world.cn(2))
    assert old.ping(phone.address())
    phone.roam(world.cn(3))
    reaches(phone, old.address())
    new = leased(world, "new", world.cn(2))
    for neighbour in (old, new):
        assert neighbour.ping(phone.address())
    arrive(phone, world.cn(2))
    for neighbour in (old, new):
        reaches(phone, neighbour.address())
        assert neighbour.ping(phone.address())
    agree(world, phone, old, new)


# ---- addresses

@pytest.mark.parametrize("at", [2, 3])
def test_static_address(world, at):
    """The station brings an address of a pool itself: in its own cell, or in a foreign one."""
    phone = static(world, "phone", world.cn(2), "10.2.0.77", world.cn(at))
    agree(world, phone)
    assert world.cn(1).station(phone)["kind"] == "static"
    assert phone.ping(world.server.address)
    with Conversation(world.server, phone, world.server.address) as call:
        phone.roam(world.cn(1))
        call.say()
        agree(world, phone)


def test_static_address_outside_the_pools(make_world):
    world = make_world(pools={2: "10.2.0.100 10.2.0.120"}).start()
    phone = static(world, "phone", world.cn(2), "10.2.0.9", world.cn(3))
    agree(world, phone)
    assert phone.ping(world.server.address)


def test_foreign_address(world):
    """A packet from an address of no cell is dropped and counted, and `why` shows it."""
    phone = world.add_station("phone", world.cn(2))
    phone.set_static("172.16.0.5", "172.16.0.1")
    phone.run("ip", "neigh", "replace", "172.16.0.1", "lladdr", "02:aa:00:00:00:01", "dev", "wlan0")
    assert not phone.ping(world.server.address, count=3, seconds=0.2)
    assert reason(world.cn(2), "FOREIGN_SOURCE") >= 3
    drops = world.cn(2).ask("why", "172.16.0.5")["drops"]
    drop = drops[0]
    assert drop["reason"] == "FOREIGN_SOURCE" and drop["count"] >= 3 and drop["interface"] == "w0"
    assert "belongs to no cell" in world.cn(2).agent("why", "172.16.0.5").stdout
    agree(world)


def test_borrowed_address(make_world):
    """A pool has one address: the second station gets an address of a neighbour's pool.

    The tunnel for it stands at once.
    """
    world = make_world(nat=(), pools={1: "10.1.0.10 10.1.0.10"}).start()
    first, second = leased(world, "first", world.cn(1)), leased(world, "second", world.cn(1))
    assert first.address() == "10.1.0.10"
    assert second.address().split(".")[1] in ("2", "3")
    assert second.ping(world.server.address)
    assert second.ping(first.address())
    agree(world, first, second)
    second.roam(world.cn(int(second.address().split(".")[1])))
    reaches(second, world.server.address)
    agree(world, first, second)


def test_conflict_of_macs(world):
    """A thief that uses a station's address gets nowhere, is logged, and harms nobody."""
    phone = leased(world, "phone", world.cn(2))
    thief = world.add_station("thief", world.cn(3))
    thief.set_static(phone.address(), "10.2.0.1")
    thief.run("ip", "neigh", "replace", "10.2.0.1", "lladdr", "02:aa:00:00:00:01", "dev", "wlan0")
    with Conversation(world.server, phone, world.server.address) as call:
        assert not thief.ping(world.server.address, seconds=0.2)
        wait_for(lambda: world.cn(3).control("status")["handovers"]["conflicts"] > 0,
                 "the conflict to be told")
        assert reason(world.cn(3), "WRONG_MAC") > 0
        call.say()
        trail = world.cn(3).control("why", station=phone.mac)["trail"]
        assert any(thief.mac in step["text"] for step in trail)
    agree(world, phone)


def test_nothing_leaks(world):
    """When stations give back their addresses, no table and no tunnel keeps anything of them."""
    stations = [leased(world, f"phone{number}", world.cn(1)) for number in range(3)]
    for station, number in zip(stations, (2, 3, 1)):
        station.roam(world.cn(number))
        reaches(station, world.server.address)
    agree(world, *stations)
    for station in stations:
        station.client.release()
    agree(world)
    for cn in world.cns:
        assert not kernel_stations(cn)
        assert not any(cn.control("status")["stations"].values())
