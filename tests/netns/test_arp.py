# SPDX-License-Identifier: BSD-2-Clause
"""ARP as hosts mean it (RFC 826, RFC 4436, RFC 5227): who gets answers for which addresses, what a
question says about who asks, and what a station hears of its own address.
"""
import json
import re
import socket
import struct
import time

import pytest

from world import PATIENCE, wait_for
from world.agreement import frozen, leased, static

FREE, NOBODY = "10.1.0.200", "0.0.0.0"


def is_answered(station, address, probe=False):
    """Does anybody answer the host by ARP? `probe`: RFC 5227, before a host uses an address."""
    how = ["-D"] if probe else ["-s", station.address()]
    text = station.run("arping", "-c", "2", "-w", "1", *how, "-I", "wlan0", address,
                       check=False).stdout
    return int(re.search(r"Received (\d+) resp", text)[1]) > 0


def ask(station, sender, target, to="ff:ff:ff:ff:ff:ff"):
    """Sends one ARP request. sender, target: IPv4 addresses."""
    mac = bytes.fromhex(station.mac.replace(":", ""))
    frame = (bytes.fromhex(to.replace(":", "")) + mac + struct.pack("!HHHBBH", 0x806, 1, 0x800, 6,
                                                                   4, 1) +
             mac + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target))
    with station.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind(("wlan0", 0))
        raw.send(frame)


def settle(world, station):
    """Everything that a frame of the station has set off is done: a later one has an answer."""
    wait_for(lambda: station.ping(station.cell.gateway, seconds=0.3), f"{station.name} to be heard")
    for cn in world.cns:
        wait_for(lambda cn=cn: not cn.control("status")["handovers"]["pending"], "quiet")


# ---- who gets an answer

@pytest.mark.parametrize("probe", [True, False], ids=["probe", "question"])
def test_a_guest_gets_answers_for_what_is_in_use(make_world, probe):
    world = make_world(cns=3, nat=()).start()
    guest = leased(world, "guest", world.cn(1))
    near = static(world, "near", world.cn(1), "10.1.0.11")
    far = static(world, "far", world.cn(1), "10.1.0.12")
    beside = static(world, "beside", world.cn(1), "10.1.0.13")
    for station, cn in ((guest, 2), (beside, 2), (far, 3)):
        station.roam(world.cn(cn))
        wait_for(lambda station=station: station.ping(world.server.address, seconds=0.3), "roaming")
    own = guest.address()
    for address, wanted in ((near.address(), True), (far.address(), True), (FREE, False),
                            (beside.address(), True), ("10.1.0.1", True), ("10.2.0.1", True),
                            (own, False)):
        if address != own or probe:  # a host that asks for its own address announces it
            assert is_answered(guest, address, probe) == wanted, address
    assert guest.ping(near.address()) and guest.ping(far.address()) and guest.ping(
        beside.address())


def test_who_is_at_home_gets_answers_for_what_is_in_use(make_world):
    world = make_world(cns=2, nat=()).start()
    one = static(world, "one", world.cn(1), "10.1.0.11")
    away = static(world, "away", world.cn(1), "10.1.0.12")
    away.roam(world.cn(2))
    wait_for(lambda: away.ping(world.server.address, seconds=0.3), "roaming")
    new = world.add_station("new", world.cn(1))
    for station in (one, new):  # new has no address: it wants one
        assert is_answered(station, "10.1.0.12", probe=True)
        assert is_answered(station, "10.1.0.11", probe=True) == (station is new)
        assert is_answered(station, "10.1.0.1", probe=True)
        assert not is_answered(station, FREE, probe=True)
    assert is_answered(one, "10.1.0.12") and not is_answered(one, FREE)
    assert not is_answered(one, "10.2.0.1")  # not on its link, and no guest


def test_the_address_of_a_station_that_is_gone_can_be_taken(make_world):
    """By a host that probes it first: the CN knows that nobody answers for it any more."""
    world = make_world(cns=2, nat=(), directives={0: {"probe_idle": 1, "probe_count": 2}}).start()
    gone = static(world, "gone", world.cn(1), "10.1.0.11")
    gone.roam(world.cn(2))
    wait_for(lambda: gone.ping(world.server.address, seconds=0.3), "roaming")
    new = static(world, "new", world.cn(1), "10.1.0.12")
    assert is_answered(new, "10.1.0.11", probe=True)
    gone.leave()
    wait_for(lambda: not is_answered(new, "10.1.0.11", probe=True), "the silence", 20)
    new.run("ip", "address", "add", "10.1.0.11/32", "dev", "wlan0")
    new.run("arping", "-q", "-U", "-c", "1", "-I", "wlan0", "10.1.0.11", check=False)
    wait_for(lambda: world.server.ping("10.1.0.11", seconds=0.3), "the new host", 10)
    wait_for(lambda: (world.cn(1).station("10.1.0.11") or {}).get("mac") == new.mac, "the record")


@pytest.mark.parametrize("static", ["true", "false"])
@pytest.mark.parametrize("place", ["another CN", "next door"])
def test_a_guest_reaches_a_neighbour_that_is_no_station(make_world, static, place):
    """It has said nothing yet, or the network takes no addresses of hosts' own."""
    world = make_world(cns=2, cells=2, nat=(),
                       directives={0: {"static_stations": static}}).start()
    guest = leased(world, "guest", world.cn(1))
    printer = world.add_station("printer", world.cn(1))
    printer.set_static("10.1.0.240", "10.1.0.1")
    if static == "false":
        assert printer.ping("10.1.0.1")
    assert not world.cn(1).station("10.1.0.240")
    guest.roam(world.cn(2) if place == "another CN" else world.cn(1).cells[1])
    wait_for(lambda: guest.ping(world.server.address, seconds=0.3), "roaming")
    assert guest.ping("10.1.0.240", count=1, seconds=5)
    assert not is_answered(guest, "10.1.0.241")


# ---- what a question says

@pytest.mark.parametrize("to", ["all", "the gateway alone"])
def test_a_question_is_no_use(make_world, to):
    """A host that finds out where it is asks for its former gateways, with the address that it had
    there (RFC 4436, 4.1).
    """
    world = make_world(cns=2, nat=()).start()
    phone = leased(world, "phone", world.cn(2))
    holder = static(world, "holder", world.cn(1), "10.1.0.11")
    shown = world.cn(1).run("ip", "-j", "link", "show", "w0").stdout
    to = [] if to == "all" else [json.loads(shown)[0]["address"]]
    for sender in ("10.1.0.50", holder.address()):
        ask(phone, sender, "10.1.0.1", *to)
        ask(phone, sender, "10.2.0.1", *to)
        settle(world, phone)
    assert not world.cn(2).station("10.1.0.50")
    assert world.cn(2).control("status")["handovers"]["conflicts"] == 0
    holder.leave()  # nor does anybody who only asks take an address over
    ask(phone, "10.1.0.11", "10.1.0.1", *to)
    settle(world, phone)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 2, "two seconds")
    assert world.cn(2).station("10.1.0.11")["mac"] == holder.mac
    phone.client.kill()
    phone.run("ip", "address", "flush", "dev", "wlan0")
    phone.roam(world.cn(1)).dhclient().start()
    assert world.cn(1).station(phone)["kind"] == "dynamic"


@pytest.mark.parametrize("cell", [1, 2])
def test_who_answers_for_an_address_uses_it(make_world, cell):
    """A new host with a fixed address begins with a question, at home or elsewhere."""
    world = make_world(cns=2, nat=()).start()
    new = world.add_station("new", world.cn(cell))
    new.set_static("10.1.0.50", "10.1.0.1")
    wait_for(lambda: new.ping(world.server.address, seconds=0.5), "the new host", 5)
    wait_for(lambda: (world.cn(2).station("10.1.0.50") or {}).get("kind") == "static", "the record")


def test_a_question_finds_the_successor(make_world):
    """A host takes over the address of a dead one and does not announce it, but asks."""
    world = make_world(cns=2, nat=()).start()
    dead = static(world, "dead", world.cn(1), "10.1.0.11")
    heir = static(world, "heir", world.cn(1), "10.1.0.12", at=world.cn(2))
    dead.leave()
    heir.run("ip", "address", "flush", "dev", "wlan0")
    heir.set_static("10.1.0.11", "10.1.0.1")
    heir.run("ip", "neigh", "flush", "dev", "wlan0")
    wait_for(lambda: heir.ping(world.server.address, seconds=0.5), "the heir", 10)
    wait_for(lambda: (world.cn(1).station("10.1.0.11") or {}).get("mac") == heir.mac, "the record")


# ---- what a station hears

@pytest.mark.parametrize("away_ms", [25, 60, 90])
def test_back_at_home_at_once(make_world, away_ms):
    """The CN learns late that its station was with another CN, when it is back. The station must
    not hear that its address is at the CN: a client that defends its address gives up the lease at
    the second time.
    """
    world = make_world(cns=2, nat=(), lease_time=600).start()
    phone, home = world.add_station("phone", world.cn(1)), world.cn(1)
    phone.dhcpcd().start(seconds=20)
    address = phone.address()
    world.program(phone, "ping", "-q", "-i", "0.002", world.server.address)
    for _ in range(4):
        with frozen(home):
            phone.roam(world.cn(2))
            start = time.monotonic()
            wait_for(lambda start=start: time.monotonic() - start > away_ms / 1000, "a moment",
                     every=0.001)
            phone.roam(home)
        wait_for(lambda: home.state(phone) == "home", "the return")
        settle(world, phone)
    text = phone.client.program.text()
    assert "defence" not in text and "claims" not in text, text
    shown = json.loads(world.mlr.run(world.mlr.binary, "status", "-f", world.mlr.config,
                                     "--json").stdout)
    assert shown["counters"]["declines"] == 0
    assert phone.address() == address and phone.ping(world.server.address)


def test_the_gateway_is_found_without_flooding(make_world):
    """A switch does not flood frames for unknown MACs. The station announces itself, as after a
    change of its link, and still has the MAC of the gateway that it had.
    """
    world = make_world(cns=2, cells=2, nat=()).start()
    phone = leased(world, "phone", world.cn(1))
    cells = [world.cn(2).cells[0], world.cn(1).cells[1], world.cn(1).cells[0]]
    for cell in cells:
        world.air.run("bridge", "link", "set", "dev", cell.port, "flood", "off")
    for cell in cells:
        phone.roam(cell)
        start = time.monotonic()
        phone.run("arping", "-q", "-U", "-c", "1", "-I", "wlan0", phone.address(), check=False)
        wait_for(lambda: phone.ping(world.server.address, seconds=0.2), f"a way out of {cell}", 5)
        assert time.monotonic() - start < 2 * PATIENCE
