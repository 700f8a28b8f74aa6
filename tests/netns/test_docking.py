# SPDX-License-Identifier: BSD-2-Clause
"""One host with two MACs: a laptop that is docked and undocked, with both interfaces up or one.

It keeps its address and its connections, whichever MAC it sends by: in one cell, in two cells of a
CN, in cells of two CNs.
"""
import re
import signal
import time

import pytest

from world import PATIENCE, wait_for
from world.docking import Laptop
from world.traffic import Stream, Transfer

ADDRESS = "10.1.0.15"
PLACES = ["one cell", "two cells", "two CNs"]
SHORT = 60  # a lease: a client renews at half of it


def build(make_world, place, lease_time=None, pool=True, **directives):
    """A world with a laptop that is a registered host. Returns both, with its cells."""
    world = make_world(cns=2, cells=2, nat=(), lease_time=lease_time, directives={0: directives})
    laptop = Laptop(world)
    world.mlr.configure_with(host=laptop.lines("anna", ADDRESS) if pool else None)
    world.start()
    near = world.cn(1).cells[0]
    far = {"one cell": near, "two cells": world.cn(1).cells[1], "two CNs": world.cn(2).cells[0]}
    wait_for(lambda: all(peer["link"] == "up" for cn in world.cns for peer in cn.control("peers")),
             "the CNs to be connected")
    return world, laptop, near, far[place]


def received(world, count=50, interval=0.02, address=ADDRESS):
    """Answers to so many pings from the server."""
    text = world.server.run("ping", "-n", "-q", "-c", count, "-i", interval, "-W", "1", address,
                            check=False).stdout
    return int(re.search(r"(\d+) received", text)[1])


def echoes(world):
    """Pings that the server has got."""
    names, values = (line.split() for line in world.server.run("cat", "/proc/net/snmp")
                     .stdout.splitlines() if line.startswith("Icmp:"))
    return int(values[names.index("InEchos")])


def lives(world, laptop, by, gateway="10.1.0.1", address=ADDRESS):
    """The host sends by that interface: what it says arrives at once, and soon the answer comes by
    the same interface.
    """
    laptop.route(by, gateway)
    wait_for(lambda: laptop.wlan.ping(world.server.address, seconds=0.3), "an answer", 3)
    assert received(world, address=address) == 50
    pings = world.program(laptop.wlan, "ping", "-n", "-q", "-i", "0.05", "-w", "8",
                          world.server.address)
    laptop.gets_by(by, world.server, address)
    pings.stop()


def bind(laptop, interface, cell, kind="dhclient", **options):
    laptop.plug(interface, cell)
    client = getattr(interface, kind)(**options)
    return client.start()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["dhclient", "udhcpc"])
def test_both_ask_and_both_renew(make_world, place, kind):
    """WLAN first, then the cable beside it. No renewal of either moves or ends anything."""
    world, laptop, near, far = build(make_world, place, lease_time=SHORT)
    assert bind(laptop, laptop.wlan, near, kind) == ADDRESS
    lives(world, laptop, laptop.wlan)
    assert bind(laptop, laptop.cable, far, kind) == ADDRESS
    lives(world, laptop, laptop.cable)
    for interface in (laptop.wlan, laptop.cable, laptop.wlan):
        client = interface.client
        seen = len(client.events())
        if kind == "udhcpc":
            assert client.renew() == ADDRESS
        else:
            assert client.restart() == ADDRESS  # INIT-REBOOT
        assert {event[0] for event in client.events()[seen:]} <= {
            "RENEW", "REBOOT", "BOUND", "PREINIT", "renew"}
        laptop.route(laptop.cable, near.gateway)
        assert received(world) == 50
        lives(world, laptop, laptop.cable)
    where = world.cn(1).station(ADDRESS)
    assert where["mac"] == laptop.cable.mac and where["other_macs"] == laptop.wlan.mac
    assert where["current"] == far.cn.place


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["dhclient", "udhcpc"])
def test_leases_are_renewed(make_world, place, kind):
    """Two renewals of each at a lease of 20 s, while the host uses the cable: nothing is lost."""
    world, laptop, near, far = build(make_world, place, lease_time=20)
    bind(laptop, laptop.wlan, near, kind)
    bind(laptop, laptop.cable, far, kind)
    lives(world, laptop, laptop.cable)
    clients = laptop.wlan.client, laptop.cable.client
    before = [len(client.events()) for client in clients]
    down = world.program(world.server, "ping", "-n", "-q", "-i", "0.05", "-w", "60", "-W", "1",
                         ADDRESS)
    up = world.program(laptop.wlan, "ping", "-n", "-q", "-i", "0.05", "-w", "60", "-W", "1",
                       world.server.address)
    wait_for(lambda: all(len(client.events()) >= seen + 2
                         for client, seen in zip(clients, before)), "two renewals of each", 50)
    for pings in (down, up):
        pings.send(signal.SIGINT)
        pings.wait()
        sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+)", pings.text()).groups())
        assert sent - got <= 1, pings.text()  # the last one may be on its way
    for client, seen in zip(clients, before):
        assert {event[0] for event in client.events()[seen:]} <= {"RENEW", "REBIND", "renew"}


@pytest.mark.parametrize("place", PLACES)
def test_twenty_changes(make_world, place):
    """A download and a stream live through them; both interfaces stay up."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    bind(laptop, laptop.cable, far)
    transfer = Transfer(world, world.server, laptop.wlan, 1 << 20, rate=1 << 20, open_end=True)
    stream = Stream(world, world.server, laptop.wlan, rate=500)
    stream.flowing()
    start = time.time()
    for number in range(20):
        laptop.route((laptop.wlan, laptop.cable)[number % 2], near.gateway)
        end = time.monotonic() + 0.7 * PATIENCE
        wait_for(lambda end=end: time.monotonic() >= end, "the next change")
        assert transfer.alive
    gaps = {way: stream.gap(way, start, time.time()) for way in ("up", "down")}
    stream.flowing()
    got = transfer.finish()
    print(f"{place}: gaps up {gaps['up']:.0f} ms, down {gaps['down']:.0f} ms, "
          f"TCP stall {got['stall_ms']:.0f} ms")
    assert max(gaps.values()) < 1000 * PATIENCE


def docked(laptop, number, kind, near, far):
    """The change with that number. The interface that goes does not say so; the one that comes asks
    for its address, or is used as it is.
    """
    new, old = ((laptop.cable, laptop.wlan), (laptop.wlan, laptop.cable))[number % 2]
    old.leave()
    if new.client:
        new.client.kill()
    laptop.plug(new, (far, near)[number % 2])
    if kind == "silent":
        laptop.give(new, ADDRESS)
    elif new.client:
        new.client.restart()
    else:
        getattr(new, kind)().start()
    laptop.route(new, near.gateway)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["dhclient", "udhcpc", "silent"])
def test_twenty_times_docked_and_undocked(make_world, place, kind):
    """One interface at a time. The host only receives, so its TCP says nothing by itself."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near, "udhcpc" if kind == "udhcpc" else "dhclient")
    transfer = Transfer(world, world.server, laptop.wlan, 1 << 20, rate=1 << 20, open_end=True)
    stalls = []
    for number in range(20):
        start = time.monotonic()
        docked(laptop, number, kind, near, far)
        before = transfer.received()
        wait_for(lambda before=before: transfer.received() > before + 100000, "TCP to go on", 10)
        stalls.append(time.monotonic() - start)
    got = transfer.finish()
    print(f"{place}, {kind}: TCP stall {got['stall_ms']:.0f} ms, with the next 100 kB at most "
          f"{max(stalls) * 1000:.0f} ms, mean {sum(stalls) * 50:.0f} ms")


@pytest.mark.parametrize("place", PLACES)
def test_docked_again_without_a_word(make_world, place):
    """Twice the host speaks at once, by ARP, while the CN still asks where it was before. Then it
    only asks for its lease: what was answered before counts no more.
    """
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    laptop.plug(laptop.cable, far)
    laptop.cable.dhclient().start()
    laptop.unplug(laptop.cable)
    for number in range(4):
        docked(laptop, number, "dhclient", near, far)
        interface = (laptop.cable, laptop.wlan)[number % 2]
        if number < 2:
            laptop.wlan.run("arping", "-c", 1, "-w", 1, "-I", interface.device, "-s", ADDRESS,
                            near.gateway, check=False)
        start = time.monotonic()
        wait_for(lambda: received(world, 1), "an answer", 6)
        print(f"{place}, change {number}: reached after {time.monotonic() - start:.1f} s")


@pytest.mark.parametrize("place", PLACES)
def test_wlan_comes_up_while_docked(make_world, place):
    """It associates, asks for the address and sends nothing else: the cable goes on."""
    world, laptop, near, far = build(make_world, place)
    assert bind(laptop, laptop.cable, near) == ADDRESS
    lives(world, laptop, laptop.cable)
    pings = world.program(world.server, "ping", "-n", "-q", "-i", "0.02", "-c", "150", "-W", "1",
                          ADDRESS)
    laptop.plug(laptop.wlan, far)
    client = laptop.wlan.dhclient()
    client.start(wait=False)
    assert client.wait_bound() == ADDRESS
    laptop.route(laptop.cable, near.gateway)
    pings.wait(10)
    assert " 0% packet loss" in pings.text(), pings.text()
    lives(world, laptop, laptop.cable)


@pytest.mark.parametrize("place", PLACES)
def test_the_cable_is_unplugged(make_world, place):
    """The host says nothing afterwards: it is found by its other MAC."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    bind(laptop, laptop.cable, far)
    lives(world, laptop, laptop.cable)
    laptop.unplug(laptop.cable)
    laptop.route(laptop.wlan, near.gateway)
    start = time.monotonic()
    wait_for(lambda: received(world, 1), "an answer", 8)
    print(f"{place}: found after {time.monotonic() - start:.1f} s")
    assert received(world) == 50
    assert received(world, 100) == 100


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gone", [True, False], ids=["the first is gone", "both are up"])
def test_the_second_mac_uses_the_address_without_dhcp(make_world, place, gone):
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    lives(world, laptop, laptop.wlan)
    laptop.plug(laptop.cable, far)
    laptop.give(laptop.cable, ADDRESS)
    if gone:
        laptop.unplug(laptop.wlan)
    start = time.monotonic()
    laptop.route(laptop.cable, near.gateway)
    wait_for(lambda: laptop.wlan.ping(world.server.address, seconds=0.2), "an answer", 3)
    print(f"{place}: {1000 * (time.monotonic() - start):.0f} ms")
    assert received(world) == 50
    wait_for(lambda: {cn.station(ADDRESS)["mac"] for cn in world.cns} == {laptop.cable.mac},
             "all CNs to know the MAC")


@pytest.mark.parametrize("place", PLACES)
def test_both_chatter(make_world, place):
    """No flapping, and nothing is lost in either direction."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    bind(laptop, laptop.cable, far)
    lives(world, laptop, laptop.cable)
    before = world.cn(1).station(ADDRESS)["seq"]
    laptop.wlan.run("ip", "route", "add", "default", "via", near.gateway, "dev", "wlan0",
                    "metric", "600")
    heard = echoes(world)
    # An answer that comes by the other interface is not for a ping that is bound to one.
    both = [world.program(laptop.wlan, "ping", "-n", "-q", "-i", "0.02", "-c", "400", "-w", "9",
                          "-I", interface.device, world.server.address)
            for interface in (laptop.wlan, laptop.cable)]
    asked = world.program(world.server, "ping", "-n", "-q", "-i", "0.02", "-c", "400", "-W", "1",
                          ADDRESS)
    for pings in (*both, asked):
        pings.wait(20)
    assert " 0% packet loss" in asked.text(), asked.text()
    sent = sum(int(re.search(r"(\d+) packets transmitted", pings.text())[1]) for pings in both)
    assert echoes(world) - heard >= sent
    changes = world.cn(1).station(ADDRESS)["seq"] - before
    print(f"{place}: {changes} versions in 8 s")
    assert changes < 10


@pytest.mark.parametrize("place", PLACES)
def test_one_client_identifier(make_world, place):
    """No `host` line: both interfaces ask with one identifier, and have one lease."""
    world, laptop, near, far = build(make_world, place, pool=False)
    name = 'send dhcp-client-identifier "laptop";\n'
    address = bind(laptop, laptop.wlan, near, config=name)
    lives(world, laptop, laptop.wlan, address=address)
    assert bind(laptop, laptop.cable, far, config=name) == address
    lives(world, laptop, laptop.cable, address=address)
    assert laptop.wlan.client.restart() == address
    laptop.route(laptop.cable, near.gateway)
    lives(world, laptop, laptop.cable, address=address)
    lives(world, laptop, laptop.wlan, address=address)
    # One of them gives the lease back: the other one has it still.
    laptop.cable.client.release()
    laptop.route(laptop.wlan, near.gateway)
    assert received(world, address=address) == 50
    assert laptop.wlan.client.restart() == address


@pytest.mark.parametrize("place", ["one cell", "two CNs"])
def test_both_ask_at_once(make_world, place):
    """No conflict: each gets the address, and neither is told that it must not use it."""
    world, laptop, near, far = build(make_world, place)
    for interface, cell in ((laptop.wlan, near), (laptop.cable, far)):
        laptop.plug(interface, cell)
        interface.dhclient().start(wait=False)
    for interface in (laptop.wlan, laptop.cable):
        assert interface.client.wait_bound() == ADDRESS
    for interface in (laptop.cable, laptop.wlan, laptop.cable):
        lives(world, laptop, interface)
    for cn in world.cns:
        status = cn.control("status")
        assert status["handovers"]["conflicts"] == 0
        assert not any(c["reason"] == "WRONG_MAC" and c["packets"] for c in status["counters"])


def test_the_second_mac_comes_later(make_world):
    """The host has its address when the register learns of its other MAC, and loses it again."""
    world, laptop, near, far = build(make_world, "two CNs", pool=False)
    world.mlr.configure_with(host=laptop.lines("anna", ADDRESS)[:1])
    world.mlr.program.send(signal.SIGHUP)
    assert bind(laptop, laptop.wlan, near) == ADDRESS
    lives(world, laptop, laptop.wlan)
    world.mlr.configure_with(host=laptop.lines("anna", ADDRESS))
    world.mlr.program.send(signal.SIGHUP)
    wait_for(lambda: all(cn.station(ADDRESS).get("other_macs") for cn in world.cns),
             "the CNs to know")
    assert bind(laptop, laptop.cable, far) == ADDRESS
    lives(world, laptop, laptop.cable)
    lives(world, laptop, laptop.wlan)
    world.mlr.configure_with(host=laptop.lines("anna", ADDRESS)[:1])
    world.mlr.program.send(signal.SIGHUP)
    wait_for(lambda: not any(cn.station(ADDRESS).get("other_macs") for cn in world.cns),
             "the CNs to know")
    laptop.route(laptop.cable, near.gateway)
    assert not laptop.wlan.ping(world.server.address, seconds=1)


@pytest.mark.parametrize("who", ["register", "CN 1", "CN 2"])
@pytest.mark.parametrize("known", ["host", "identifier"])
def test_somebody_starts_again(make_world, who, known):
    """What the network knows of the MACs outlives its programs."""
    world, laptop, near, far = build(make_world, "two CNs", pool=known == "host")
    name = 'send dhcp-client-identifier "laptop";\n'
    address = bind(laptop, laptop.wlan, near, config=name)
    lives(world, laptop, laptop.wlan, address=address)
    assert bind(laptop, laptop.cable, far, config=name) == address
    lives(world, laptop, laptop.cable, address=address)
    daemon = {"register": world.mlr, "CN 1": world.cn(1), "CN 2": world.cn(2)}[who]
    pings = world.program(world.server, "ping", "-n", "-q", "-i", "0.02", "-c", "200", "-W", "1",
                          address)
    daemon.kill()
    daemon.start()
    wait_for(lambda: all(cn.ready() for cn in world.cns), "the register to be connected", 10)
    wait_for(lambda: all((cn.station(address) or {}).get("other_macs") for cn in world.cns),
             "the CNs to know the MACs")
    pings.wait(10)
    assert " 0% packet loss" in pings.text(), pings.text()
    for interface in (laptop.wlan, laptop.cable):
        lives(world, laptop, interface, address=address)


@pytest.mark.parametrize("place", PLACES)
def test_the_register_is_away(make_world, place):
    """The host changes its MAC all the same, and the register learns of it."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    bind(laptop, laptop.cable, far)
    lives(world, laptop, laptop.cable)
    world.mlr.kill()
    wait_for(lambda: not any(cn.ready() for cn in world.cns), "the register to be missed")
    lives(world, laptop, laptop.wlan)
    lives(world, laptop, laptop.cable)
    lives(world, laptop, laptop.wlan)
    world.mlr.start()
    wait_for(lambda: {cn.station(ADDRESS)["mac"] for cn in world.cns} == {laptop.wlan.mac}
             and all(cn.ready() for cn in world.cns), "all to agree", 10)
    lives(world, laptop, laptop.cable)


@pytest.mark.parametrize("place", PLACES)
def test_a_stranger_is_none_of_them(make_world, place):
    """A third MAC does not get the address that both of them answer for."""
    world, laptop, near, far = build(make_world, place)
    bind(laptop, laptop.wlan, near)
    bind(laptop, laptop.cable, far)
    lives(world, laptop, laptop.cable)
    thief = world.add_station("thief", near)
    thief.set_static(ADDRESS, near.gateway)
    thief.run("arping", "-q", "-U", "-c", "3", "-I", "wlan0", ADDRESS, check=False)
    assert not thief.ping(world.server.address, seconds=1)
    assert {cn.station(ADDRESS)["mac"] for cn in world.cns} <= set(laptop.macs)
    lives(world, laptop, laptop.cable)
