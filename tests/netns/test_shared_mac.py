# SPDX-License-Identifier: BSD-2-Clause
"""Frames without an address say where a MAC is, not where all its addresses are: hosts whose
interfaces share a MAC, as VLAN interfaces do, and hosts that move without a word of their own.
"""
import itertools
import time

import pytest

from world import PATIENCE, wait_for
from world.system import ip_batch

EVERYBODY = "ff:ff:ff:ff:ff:ff"


def raw(text):
    return bytes.fromhex(text.replace(":", "").replace(" ", ""))


def frames(mac):
    """{kind: frame} from that MAC; none of them has an IPv4 address."""
    ether = raw(EVERYBODY) + raw(mac)
    return {
        "IPv6": ether + raw("86dd 60000000 0000 3a ff") + bytes(40),
        "LLDP": ether + raw("88cc 0000") + bytes(44),
        "unknown": ether + raw("88b5") + bytes(46),
        "ARP probe": (ether + raw("0806 0001 0800 06 04 0001") + raw(mac) + bytes(4) + bytes(6)
                      + raw("0a010063") + bytes(18)),
        "DHCP": (ether + raw("0800 4500 0120 0000 0000 4011") + checksum_of_dhcp()
                 + raw("00000000 ffffffff 0044 0043 010c 0000") + bytes(260)),
        "RARP": (ether + raw("8035 0001 0800 06 04 0003") + raw(mac) + bytes(4) + raw(mac)
                 + bytes(4) + bytes(18)),
        "IEEE 802.2": ether + raw("0006 0001 af 81 01 00") + bytes(40),
    }


def checksum_of_dhcp():
    words = raw("4500 0120 0000 0000 4011 0000 00000000 ffffffff")
    total = sum(int.from_bytes(words[i:i + 2], "big") for i in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return (total ^ 0xffff).to_bytes(2, "big")


KINDS = list(frames("02:00:00:00:00:01"))


def second_interface(world, station, cell, address=None):
    """Another interface of the host with the same MAC, in another cell."""
    port = f"{station.port}b"
    ip_batch([f"link add {port} netns {world.air.name} up "
              f"type veth peer name wlan1 address {station.mac} netns {station.name}"])
    station.configure(["link set wlan1 up", *([f"address add {address}/24 dev wlan1"]
                                              if address else [])], "", True)
    world.air.wait_links(port)
    world.links.set_master(world.air.ifindex(port), cell.ifindex)


def mouth(station, device):
    socket = station.socket(17, 3, 0)
    socket.bind((device, 0))
    return socket


def flow(world, station, count):
    """Pings from the server; returns what ping says."""
    return world.program(world.server, "ping", "-q", "-n", "-i", "0.05", "-c", count, "-W", "1",
                         station, name="flow")


def moves(world, address):
    """The moves of that address: those that the CNs remember, and the version of its record."""
    texts = [step["text"] for cn in world.cns
             for step in cn.ask("why", address)["trail"]]
    record = world.cn(1).station(address)
    return sum("station detected in" in text for text in texts), record and record["seq"]


def connected(world):
    """Waits until the CNs can ask each other."""
    wait_for(lambda: all(peer["link"] == "up" for cn in world.cns for peer in cn.control("peers")),
             "the CNs to be connected")


def is_in(cell, address):
    record = cell.cn.station(address)
    return bool(record) and (record["cell"], record["current"]) == (cell.device, cell.cn.place)


@pytest.mark.parametrize("place", ["one CN", "two CNs"])
@pytest.mark.parametrize("both", [True, False], ids=["two addresses", "one address"])
def test_an_address_stays_where_it_is_used(make_world, place, both):
    """A host with an address in each of two cells, or in one of them, sends frames of all kinds."""
    world = make_world(cns=2, cells=2, nat=()).start()
    near = world.cn(1).cells[0]
    far = world.cn(1).cells[1] if place == "one CN" else world.cn(2).cells[0]
    other = f"{far.subnet[:-4]}5"
    station = world.add_station("host", near)
    station.set_static("10.1.0.5", near.gateway)
    second_interface(world, station, far, other if both else None)
    wait_for(lambda: station.ping(near.gateway, seconds=0.3), "the first address to be known")
    if both:
        wait_for(lambda: station.ping(far.gateway, seconds=0.3, more=("-I", "wlan1")),
                 "the second address to be known")
    connected(world)
    before = moves(world, "10.1.0.5"), moves(world, other)
    pings = flow(world, "10.1.0.5", 80)
    # A MAC that is announced with its only address has moved.
    kinds = KINDS if both else KINDS[:-2]
    told = frames(station.mac)
    with mouth(station, "wlan1") as there, mouth(station, "wlan0") as here:
        for kind in itertools.cycle(kinds):
            if not pings.alive:
                break
            there.send(told[kind])
            if both:
                here.send(told[kind])
            time.sleep(0.01)
    assert " 0% packet loss" in pings.text(), pings.text()
    assert (moves(world, "10.1.0.5"), moves(world, other)) == before
    assert world.cn(1).station("10.1.0.5")["cell"] == near.device
    assert world.server.ping("10.1.0.5")
    if both:
        assert station.ping(far.gateway, more=("-I", "wlan1"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["one CN", "two CNs"])
def test_a_host_that_moves_is_found_by_any_frame(make_world, place, kind):
    """It says nothing of its own but that one frame, and answers ARP."""
    world = make_world(cns=2, cells=2, nat=()).start()
    near = world.cn(1).cells[0]
    far = world.cn(1).cells[1] if place == "one CN" else world.cn(2).cells[0]
    station = world.add_station("host", near)
    station.set_static("10.1.0.5", near.gateway)
    wait_for(lambda: station.ping(world.server.address, seconds=0.3)
             and near.cn.state("10.1.0.5") == "home", "the host to be known")
    station.roam(far)
    with mouth(station, "wlan0") as out:
        start = time.monotonic()
        out.send(frames(station.mac)[kind])
        wait_for(lambda: is_in(far, "10.1.0.5"), "the host to be found", 2)
        took = time.monotonic() - start
    print(f"{place}, {kind}: {took * 1000:.0f} ms")
    assert took < 0.3 * PATIENCE, took
    assert world.server.ping("10.1.0.5")
    assert is_in(far, "10.1.0.5")


@pytest.mark.parametrize("place", ["one CN", "two CNs"])
def test_a_mute_host_moves_when_it_is_gone(make_world, place):
    """It does not even answer ARP. Its passive second address follows the first one."""
    world = make_world(cns=2, cells=2, nat=()).start()
    near = world.cn(1).cells[0]
    far = world.cn(1).cells[1] if place == "one CN" else world.cn(2).cells[0]
    station = world.add_station("host", near)
    station.set_static("10.1.0.5", near.gateway)
    station.run("ip", "address", "add", "10.1.0.6/24", "dev", "wlan0")
    for address in ("10.1.0.5", "10.1.0.6"):
        wait_for(lambda: station.ping(near.gateway, seconds=0.3, more=("-I", address))
                 and near.cn.state(address) == "home", "the address to be known")
    station.run("ip", "link", "set", "wlan0", "arp", "off")
    station.roam(far)
    with mouth(station, "wlan0") as out:
        out.send(frames(station.mac)["IPv6"])
        for address in ("10.1.0.5", "10.1.0.6"):
            wait_for(lambda: is_in(far, address), f"{address} to be found", 4)
