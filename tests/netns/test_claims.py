# SPDX-License-Identifier: BSD-2-Clause
"""Addresses that move to another MAC: virtual addresses (keepalived, arping), registered hosts with
two MACs; and thieves, who are told (RFC 5227, 2.4).
"""
import json
import os
import time

import pytest

from world import PATIENCE, wait_for
from world.agreement import leased, static

VIP = "10.1.0.77"
PLACES = ["one cell", "two cells", "two CNs"]


def cells_of(world, place):
    return {"one cell": (world.cn(1).cells[0], world.cn(1).cells[0]),
            "two cells": (world.cn(1).cells[0], world.cn(1).cells[1]),
            "two CNs": (world.cn(1).cells[0], world.cn(2).cells[0])}[place]


def host(world, name, cell, address):
    """A host in that cell with a fixed address of the first cell of CN 1."""
    return static(world, name, world.cn(1), address, at=cell)


def counts(cn):
    return cn.control("status")["handovers"]


def holder(world, address=VIP):
    """The MAC that all CNs have for the address, or None."""
    macs = {(cn.station(address) or {}).get("mac") for cn in world.cns}
    return macs.pop() if len(macs) == 1 else None


def all_agree(world, mac, address=VIP):
    wait_for(lambda: holder(world, address) == mac, f"all CNs to have {address} at {mac}")


def take(station, address=VIP):
    """The host gets the address and announces it, as cluster software does. Returns when."""
    station.run("ip", "address", "add", f"{address}/32", "dev", "wlan0")
    return announce(station, "-U", address)


def announce(station, how, address):
    """One gratuitous ARP packet, a request (-U) or a reply (-A). Returns when, in seconds."""
    start = time.monotonic()
    station.world.program(station, "arping", "-q", how, "-c", "1", "-I", "wlan0", address)
    return start


def drop(station, address=VIP):
    station.run("ip", "address", "del", f"{address}/32", "dev", "wlan0")


def moves(world, address, mac, asker, start, seconds=3):
    """Waits until `asker` reaches the address at that MAC. Returns how long it took, in seconds."""
    wait_for(lambda: holder(world, address) == mac, f"{address} to move to {mac}", seconds)
    wait_for(lambda: asker.ping(address, seconds=0.2), f"an answer of {address}", seconds)
    return time.monotonic() - start


@pytest.mark.parametrize("place", PLACES)
def test_a_virtual_address_moves(make_world, place):
    """Its host gives it up and lives on; the next one announces it by gratuitous ARP. And back."""
    world = make_world(cns=2, cells=2, nat=()).start()
    near, far = cells_of(world, place)
    one, two = host(world, "one", near, "10.1.0.11"), host(world, "two", far, "10.1.0.12")
    take(one)
    wait_for(lambda: world.server.ping(VIP, seconds=0.2), "the address to be served")
    all_agree(world, one.mac)
    for former, new in ((one, two), (two, one), (one, two)):
        drop(former)
        took = moves(world, VIP, new.mac, world.server, take(new))
        print(f"{place}: {took * 1000:.0f} ms")
        assert took < 1.2 * PATIENCE, took
    for station in (one, two):  # their own addresses have stayed
        assert world.server.ping(station.address())
        all_agree(world, station.mac, station.address())
    assert sum(counts(cn)["taken"] for cn in world.cns) == 3


@pytest.mark.parametrize("place", PLACES)
def test_who_uses_the_address_of_a_living_host_is_told(make_world, place, listen):
    world = make_world(cns=2, cells=2, nat=()).start()
    near, far = cells_of(world, place)
    one, thief = host(world, "one", near, "10.1.0.11"), host(world, "thief", far, "10.1.0.12")
    ear = listen(thief)
    take(thief, one.address())
    wait_for(lambda: ear.defences(one.address()), "the thief to be told", 3)
    mac = ear.defences(one.address())[0].mac
    cell = json.loads(far.cn.run("ip", "-j", "link", "show", far.device).stdout)[0]["address"]
    assert mac == (one.mac if place == "one cell" else cell)
    thief.run("ping", "-q", "-c", "40", "-i", "0.1", "-W", "1", "-I", one.address(),
              world.server.address, check=False)
    all_agree(world, one.mac, one.address())
    assert world.server.ping(one.address()) and one.ping(world.server.address)
    status = counts(far.cn)
    assert status["conflicts"] >= 2 and status["taken"] == 0
    times = [defence.when for defence in ear.defences(one.address())]
    assert status["defended"] >= 2 and all(b - a > 0.9 for a, b in zip(times, times[1:])), times
    with open(f"{far.cn.folder}/log", encoding="utf-8") as log:
        assert log.read().count("uses the address") == 1


def test_a_newcomer_whose_holder_dies_gets_the_address(make_world):
    """The holder answers at first. It dies, and the newcomer just goes on."""
    world = make_world(cns=2, nat=()).start()
    one, two = host(world, "one", world.cn(1), VIP), host(world, "two", world.cn(2), "10.1.0.12")
    take(two)
    wait_for(lambda: counts(world.cn(2))["defended"], "the newcomer to be told")
    world.program(two, "ping", "-q", "-i", "0.2", "-I", VIP, world.server.address)
    one.leave()
    wait_for(lambda: holder(world) == two.mac, "the address to move", 10)
    assert world.server.ping(VIP)


def test_a_lease_goes_to_another_mac(make_world):
    """Its former holder comes back: DHCP says NAK, and who uses the address even so is told."""
    world = make_world(cns=2, nat=(), lease_time=120).start()
    phone = leased(world, "phone", world.cn(1))
    address = phone.address()
    other = world.add_station("other", world.cn(1))
    phone.leave()
    phone.client.kill()
    other.set_static(address, "10.1.0.1")
    moves(world, address, other.mac, world.server, announce(other, "-A", address))
    assert world.cn(1).station(address)["kind"] == "dynamic"
    assert world.cn(1).station(address)["lease_end"] > 0
    phone.roam(world.cn(1))
    announce(phone, "-U", address)
    wait_for(lambda: counts(world.cn(1))["defended"], "the former holder to be told", 3)
    all_agree(world, other.mac, address)
    phone.dhclient().start()  # asks for its former lease first
    assert phone.address() != address
    assert phone.ping(world.server.address) and world.server.ping(address)


def test_a_registered_host_changes_its_mac_at_once(make_world):
    wired, wireless = "02:00:00:00:77:01", "02:00:00:00:77:02"
    world = make_world(cns=2, nat=(), mlr={"host": [f"printer {wired} {VIP}",
                                                    f"printer {wireless} {VIP}"]}).start()
    one = world.add_station("one", world.cn(1), mac=wired)
    two = world.add_station("two", world.cn(2), mac=wireless)
    three = world.add_station("three", world.cn(2))
    one.set_static(VIP, "10.1.0.1")
    wait_for(lambda: one.ping(world.server.address, seconds=0.3), "the host to be served")
    wait_for(lambda: holder(world) == wired, "all to know the host")
    two.set_static(VIP, "10.1.0.1")
    start = time.monotonic()
    wait_for(lambda: two.ping(world.server.address, seconds=0.1), "its other MAC to be served", 3)
    assert time.monotonic() - start < 0.6 * PATIENCE
    all_agree(world, wireless)
    one.leave()
    two.leave()
    three.set_static(VIP, "10.1.0.1")
    assert not three.ping(world.server.address, count=3, seconds=1)
    all_agree(world, wireless)  # the address is reserved for others


def test_a_register_that_is_away_changes_nothing(make_world):
    """When it is back, the address moves without a new announcement."""
    world = make_world(cns=2, nat=()).start()
    one, two = host(world, "one", world.cn(1), "10.1.0.11"), host(world, "two", world.cn(2),
                                                                 "10.1.0.12")
    take(one)
    wait_for(lambda: holder(world) == one.mac, "the address to be known")
    world.mlr.kill()
    for cn in world.cns:
        wait_for(lambda cn=cn: cn.control("status")["register"]["state"] != "connected",
                 "the register to be missed")
    drop(one)
    take(two)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 2, "two seconds")
    all_agree(world, one.mac)
    world.mlr.start()
    moves(world, VIP, two.mac, world.server, start, 20)


def test_a_site_that_is_down_loses_the_address(make_world):
    """The CN of the holder is gone with the holder. Nobody can ask it, but the register misses it,
    too.
    """
    world = make_world(cns=2, nat=()).start()
    one, two = host(world, "one", world.cn(2), "10.1.0.11"), host(world, "two", world.cn(1),
                                                                 "10.1.0.12")
    take(one)
    wait_for(lambda: holder(world) == one.mac, "the address to be known")
    world.cn(2).kill()
    world.cn(2).run("ip", "link", "set", "bb0", "down")
    one.leave()
    take(two)
    start = time.monotonic()

    def moved():
        return world.cn(1).station(VIP)["mac"] == two.mac

    wait_for(lambda: moved() or time.monotonic() - start > 5, "five seconds", 10)
    assert not moved()  # the link may just be down for a moment
    wait_for(moved, "the address to move", 30)
    assert world.server.ping(VIP)


def test_an_agent_that_is_away_costs_no_address(make_world):
    """The CN of the holder forwards without its agent. Nobody can ask the holder, so it stays."""
    world = make_world(cns=2, nat=()).start()
    one, two = host(world, "one", world.cn(2), "10.1.0.11"), host(world, "two", world.cn(1),
                                                                 "10.1.0.12")
    take(one)
    wait_for(lambda: holder(world) == one.mac, "the address to be known")
    world.cn(2).kill()
    take(two)
    start = time.monotonic()

    def moved():
        return world.cn(1).station(VIP)["mac"] == two.mac

    def much_later():  # than the register waits for a CN that is away
        return time.monotonic() - start > 20

    wait_for(lambda: moved() or much_later(), "twenty seconds", 30)
    assert not moved()
    assert world.server.ping(VIP)
    world.cn(2).start()
    one.leave()
    wait_for(moved, "the address to move", 30)


# ---- keepalived

def keepalived(world, host_, priority, peer):
    """Starts keepalived with a virtual address, without virtual MACs."""
    path = os.path.join(world.folder, f"{host_.place}.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"""global_defs {{
    router_id {host_.place}
}}
vrrp_instance vip {{
    state BACKUP
    interface wlan0
    virtual_router_id 51
    priority {priority}
    advert_int 0.3
    unicast_src_ip {host_.address()}
    unicast_peer {{
        {peer.address()}
    }}
    virtual_ipaddress {{
        {VIP}/32 dev wlan0
    }}
}}
""")
    return path, world.program(host_, "keepalived", "-n", "-l", "-f", path,
                               "-p", f"{path}.pid", "-r", f"{path}.vrrp", "-c", f"{path}.check")


@pytest.mark.parametrize("place", PLACES)
def test_keepalived(make_world, place):
    """The master is killed, and gets the address back; then it lowers its priority, and lives."""
    world = make_world(cns=2, cells=2, nat=()).start()
    near, far = cells_of(world, place)
    one, two = host(world, "one", near, "10.1.0.11"), host(world, "two", far, "10.1.0.12")
    path, master = keepalived(world, one, 150, two)
    wait_for(lambda: world.server.ping(VIP, seconds=0.2), "the master to serve", 10)
    all_agree(world, one.mac)
    keepalived(world, two, 100, one)
    one.leave()  # the host dies
    wait_for(lambda: holder(world) == two.mac, "the backup to get the address", 10)
    wait_for(lambda: world.server.ping(VIP, seconds=0.2), "the backup to serve", 2)
    one.roam(near)
    wait_for(lambda: holder(world) == one.mac, "the master to get the address back", 15)
    wait_for(lambda: world.server.ping(VIP, seconds=0.2), "the master to serve again", 2)
    with open(path, encoding="ascii") as file:
        text = file.read()
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace("priority 150", "priority 50"))
    master.send(1)  # SIGHUP
    wait_for(lambda: holder(world) == two.mac, "the other to get the address", 15)
    wait_for(lambda: world.server.ping(VIP, seconds=0.2), "the other to serve", 2)
    assert world.server.ping(one.address())
