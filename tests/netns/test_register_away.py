# SPDX-License-Identifier: BSD-2-Clause
"""The register is away: known stations roam, and new ones get addresses of their CN's own block.

It returns, and all agree.
"""
import json

import pytest

from world import wait_for
from world.agreement import agree, leased


@pytest.fixture
def four(make_world):
    return make_world(cns=4, nat=()).start()


def away(world):
    """Kills the register, and returns when every CN has noticed."""
    world.mlr.kill()
    for cn in world.cns:
        wait_for(lambda cn=cn: cn.control("status")["register"]["state"] != "connected",
                 f"{cn.place} to notice")


def back(world):
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready(20)


def register(world, *words):
    words = (*words, "-f", world.mlr.config, "--json")
    return json.loads(world.mlr.run(world.mlr.binary, *words).stdout)


def held(world):
    """The addresses that the register has set aside, by CN."""
    found = {cn.place: set() for cn in world.cns}
    for record in register(world, "stations", "--all"):
        if record["state"] == "held":
            found[record["current"]].add(record["address"])
    return found


def file_of(cn):
    """Returns what the agent keeps for such a time, as {address: state}."""
    try:
        with open(f"{cn.folder}/state/{cn.world.network}.away.json", encoding="ascii") as file:
            block = json.load(file)["block"]
        return {entry["address"]: entry["state"] for entry in block}
    except FileNotFoundError:
        return {}


def blocks(world, count=16):
    """Waits until each CN has the block that the register has for it, and returns the blocks."""
    def agreed():
        return all(len(addresses) == count and addresses == set(file_of(world.cn(int(place[2:]))))
                   for place, addresses in held(world).items())

    wait_for(agreed, "the blocks to be the same on both sides", 5)
    return held(world)


def reaches(world, station):
    return wait_for(lambda: station.ping(world.server.address, seconds=0.3),
                    f"{station.place} to reach the server")


def current(world, station):
    records = (cn.station(station) for cn in world.cns)
    return {record["current"] for record in records if record}


def test_new_station_without_a_register(four):
    own = blocks(four)
    away(four)
    phone = leased(four, "phone", four.cn(1))
    address = phone.address()
    assert address in own["cn1"] and file_of(four.cn(1))[address] == "given"
    assert phone.client.events()[-1][2:5] == ("255.255.255.0", "10.1.0.1", "10.1.0.1")
    reaches(four, phone)
    for number in (2, 3, 4):  # they heard of it when it got the address
        phone.roam(four.cn(number))
        reaches(four, phone)
    assert phone.client.restart() == address  # the CN of any cell renews the lease
    other = leased(four, "other", four.cn(1))
    assert other.address() in own["cn1"] - {address}
    assert phone.ping(other.address(), count=2)
    back(four)
    agree(four, phone, other)
    assert current(four, phone) == {"cn4"} and current(four, other) == {"cn1"}
    assert address not in blocks(four)["cn1"]
    third = leased(four, "third", four.cn(1))
    assert third.address() not in (address, other.address())
    reaches(four, phone)
    agree(four, phone, other, third)


def test_agent_that_starts_without_a_register(four):
    """It serves its cells by its files, even if the maps are gone."""
    own = blocks(four)
    old = leased(four, "old", four.cn(1))
    guest = leased(four, "guest", four.cn(2))
    guest.roam(four.cn(1))
    reaches(four, guest)
    agree(four, old, guest)
    away(four)
    phone = leased(four, "phone", four.cn(1))
    four.cn(1).kill()
    reaches(four, phone)
    four.cn(1).start(wait=False)
    wait_for(lambda: four.cn(1).control("status")["cn"]["id"], "the agent to serve", 10)
    second = leased(four, "second", four.cn(1))
    assert {phone.address(), second.address()} < own["cn1"]
    assert phone.address() != second.address()
    for station in (old, guest, phone, second):
        address = station.address()
        station.roam(four.cn(3))
        reaches(four, station)
        assert station.client.restart() == address
    old.roam(four.cn(1))
    reaches(four, old)
    back(four)
    agree(four, old, guest, phone, second)


def test_there_and_back_without_a_register(four):
    """A to B to C to A; and a station that two CNs claim, as they cannot reach one another."""
    blocks(four)
    phone, pad = leased(four, "phone", four.cn(1)), leased(four, "pad", four.cn(1))
    agree(four, phone, pad)
    away(four)
    for number in (2, 3, 1, 4, 2, 1):
        phone.roam(four.cn(number))
        reaches(four, phone)
    # No CN hears another one, or the register: each CN that sees the station takes it.
    four.router.run("nft", "add table ip cut; "
                    "add chain ip cut forward { type filter hook forward priority 0; }; "
                    "add rule ip cut forward tcp dport 6554 drop; "
                    "add rule ip cut forward tcp sport 6554 drop")
    for number in (2, 3):
        pad.roam(four.cn(number))
        pad.run("ping", "-n", "-q", "-c", 1, "-W", 1, four.server.address, check=False)
        wait_for(lambda: four.cn(number).station(pad)["state"] == "visiting", "the CN to take it")
    four.router.run("nft", "delete table ip cut")
    back(four)
    agree(four, phone, pad, seconds=15)
    assert current(four, pad) == {"cn3"} and current(four, phone) == {"cn1"}


def test_a_register_from_an_old_copy_is_right(four):
    """A register that knows nothing of the block learns of its addresses from the CN."""
    blocks(four)
    away(four)
    phone = leased(four, "phone", four.cn(1))
    address = phone.address()
    four.cn(1).kill()
    database = f"{four.mlr.folder}/state/{four.network}.mlrd.db"
    four.mlr.run("sh", "-c", f"rm -f {database}*")
    four.mlr.start()
    for cn in four.cns[1:]:
        cn.wait_ready(20)
    four.cn(1).start()
    # The CN's word is all there is: the station keeps its address, and the register sets the rest
    # of the block aside again.
    agree(four, (phone, address), seconds=20)
    assert address not in blocks(four)["cn1"]


def test_an_address_that_the_register_gave_to_another(four):
    """The word of the register counts: it refuses the station, which asks for another address."""
    blocks(four)
    away(four)
    phone = leased(four, "phone", four.cn(1))
    address = phone.address()
    four.cn(1).kill()
    four.mlr.run("sh", "-c", f"rm -f {four.mlr.folder}/state/{four.network}.mlrd.db*")
    four.mlr.start()
    for cn in four.cns[1:]:
        cn.wait_ready(20)
    # A register that knows no cell of CN 1 gives out none of its addresses. So CN 1 comes without
    # its memory, and dies again.
    memory = f"{four.cn(1).folder}/state/{four.network}.away.json"
    four.mlr.run("mv", memory, memory + ".kept")
    four.cn(1).start()
    thief = four.add_station("thief", four.cn(1))
    thief.set_static(address, "10.1.0.1")
    phone.leave()
    wait_for(lambda: thief.ping("10.1.0.1", seconds=1) and four.cn(2).station(address),
             "the address to be another's", 10)
    four.cn(1).kill()
    four.mlr.run("mv", memory + ".kept", memory)
    phone.roam(four.cn(1))
    four.cn(1).start()
    four.cn(1).wait_ready(20)
    wait_for(lambda: file_of(four.cn(1)).get(address) != "given", "the CN to give in")
    assert {record["mac"] for record in (cn.station(address) for cn in four.cns)} == {thief.mac}
    fresh = wait_for(lambda: phone.client.restart() != address and phone.address(),
                     "the station to get another address", 20)
    agree(four, (thief, address), (phone, fresh))


def test_no_block(make_world):
    world = make_world(nat=(), directives={0: {"away_block": 0}}).start()
    assert not any(held(world).values())
    away(world)
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start(wait=False)

    def heard():
        trail = world.cn(1).control("why", station=phone.mac)["trail"]
        return any("own block of addresses is used up" in step["text"] for step in trail)

    wait_for(heard, "the DISCOVER to be heard", 10)
    back(world)
    assert phone.client.wait_bound(0, 20)
    agree(world, phone)
