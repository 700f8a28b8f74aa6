# SPDX-License-Identifier: BSD-2-Clause
"""What an operator does to the network by commands of the register: a CN gets another name, a
subnet goes to another CN, a CN is forgotten. Stations and leases stay, or the command says what it
cuts.
"""
import json

import pytest

from world import WorldError, wait_for
from world.agreement import Conversation, agree, leased, reaches
from world.checker import register_stations


def mlrd(world, *words, check=True):
    return world.mlr.run(world.mlr.binary, *words, "-f", world.mlr.config, check=check)


def cns(world):
    return {cn["name"]: cn for cn in json.loads(mlrd(world, "cns", "--json").stdout)}


def connected(world, name):
    cn = cns(world).get(name)
    return cn and cn["connected"]


# ---- names

@pytest.mark.parametrize("when", ["connected", "stopped", "file first"])
def test_rename(world, when):
    """The CN keeps number, stations and leases; its name may change in either order."""
    home, guest = leased(world, "home", world.cn(2)), leased(world, "guest", world.cn(2))
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, home, guest)
    number, before = cns(world)["cn2"]["id"], register_stations(world)
    cn = world.cn(2)
    with Conversation(world.server, guest, world.server.address) as call:
        if when == "stopped":
            cn.stop()
        if when == "file first":
            cn.stop()
            cn.place_in_file = cn.configure_with(cn_name="harbour")
            cn.start(wait=False)
            wait_for(lambda: "10.202.0.1 is that of CN cn2" in cn.program.text() or
                     "overlaps" in cn.program.text(), "the register to refuse the new name", 8)
        mlrd(world, "rename-cn", "cn2", "harbour")
        call.say()
        assert cns(world)["harbour"]["id"] == number and "cn2" not in cns(world)
        if when == "connected":
            wait_for(lambda: "write `cn_name harbour'" in cn.program.text(), "the agent to hear")
            other = leased(world, "other", world.cn(1))  # the network goes on meanwhile
            other.roam(world.cn(2))
            reaches(other, world.server.address)
            other.client.kill()
            other.leave()
            mlrd(world, "free", other.address())
            cn.stop()
        if when != "file first":
            cn.configure_with(cn_name="harbour")
            cn.start()
        wait_for(lambda: connected(world, "harbour"), "the CN under its new name", 10)
        call.say()
        after = register_stations(world)
        assert cns(world)["harbour"]["id"] == number
        assert {address: entry["lease_end"] for address, entry in after.items()} == \
            {address: entry["lease_end"] for address, entry in before.items()}
        assert {entry["parent"] for entry in after.values()} == {"harbour"}
    home.roam(world.cn(1))
    reaches(home, world.server.address)
    guest.roam(world.cn(2))
    reaches(guest, world.server.address)


def test_rename_says_what_it_cannot(world):
    for words, said in ((("rename-cn", "nobody", "x"), "no CN nobody is known"),
                        (("rename-cn", "cn1", "cn2"), "CN cn2 is known, too"),
                        (("rename-cn", "cn1", "a b"), "a name has letters"),
                        (("move-subnet", "10.9.0.0/24", "cn1"), "no cell of the network"),
                        (("move-subnet", "10.1.0.0/24", "cn1"), "has 10.1.0.0/24 already"),
                        (("move-subnet", "10.1.0.0", "cn1"), "which subnet")):
        done = mlrd(world, *words, check=False)
        assert done.returncode == 1 and said in done.stderr, done
    for words in (("rename-cn", "cn1"), ("move-subnet",), ("rename-cn", "cn1", "a", "b")):
        assert mlrd(world, *words, check=False).returncode == 2


def test_the_former_name_still_counts(world):
    """The agent starts again before its configuration has the new name."""
    number = cns(world)["cn2"]["id"]
    mlrd(world, "rename-cn", "cn2", "harbour")
    world.cn(2).kill()
    world.cn(2).start()
    assert connected(world, "harbour") and cns(world)["harbour"]["id"] == number
    assert "write `cn_name harbour'" in world.cn(2).program.text()


# ---- subnets

def hand_over(world):
    """The cell of CN 2 gets a new router: CN 3 has its subnet, on a second cell."""
    world.router.run("ip", "route", "replace", "10.2.0.0/24", "via", world.cn(3).address)
    world.cn(3).run("ip", "address", "add", "10.2.0.1/24", "dev", "w1")


def test_move_subnet(make_world):
    """Its stations keep their addresses, wherever they are; the other CN is their parent then."""
    world = make_world(cells=2).start()
    cn3 = world.cn(3)
    home, guest = leased(world, "home", world.cn(2)), leased(world, "guest", world.cn(2))
    guest.roam(world.cn(1))
    reaches(guest, world.server.address)
    before = register_stations(world)
    # The new router is there, and the register does not let it in yet.
    cn3.run("ip", "address", "flush", "dev", "w1")
    hand_over(world)
    wait_for(lambda: "10.2.0.0/24" in cn3.program.text(), "CN 3 to have the subnet", 8)
    result = json.loads(mlrd(world, "move-subnet", "10.2.0.0/24", "cn3", "--json").stdout)
    assert {key: result[key] for key in ("cn", "to", "stations", "leases", "away")} == \
        {"cn": "cn2", "to": "cn3", "stations": 2, "leases": 2, "away": 1}

    def moved():
        return {entry["parent"] for entry in register_stations(world).values()} == {"cn3"}

    wait_for(moved, "the subnet to move", 12)
    assert "10.2.0.0/24" not in json.dumps(cns(world)["cn2"])
    with Conversation(world.server, guest, world.server.address) as call:
        guest.roam(cn3.cells[1])
        call.say()
        home.roam(cn3.cells[1])
        reaches(home, world.server.address)
        call.say()
        # The former CN may start again with the subnet in its configuration.
        world.cn(2).stop()
        world.cn(2).start()
        assert "went to CN cn3" in world.mlr.program.text()
        guest.roam(world.cn(1))
        call.say()
    after = register_stations(world)
    assert {a: e["lease_end"] for a, e in after.items()} == \
        {a: e["lease_end"] for a, e in before.items()}


# ---- forgetting

def test_forget_says_what_it_cuts(world):
    home, guest = leased(world, "home", world.cn(2)), leased(world, "guest", world.cn(2))
    visitor = leased(world, "visitor", world.cn(1))
    guest.roam(world.cn(3))
    visitor.roam(world.cn(2))
    for station in (guest, visitor):
        reaches(station, world.server.address)
    agree(world, home, guest, visitor)
    assert "is connected" in mlrd(world, "forget-cn", "cn2", check=False).stderr
    world.cn(2).stop()
    wait_for(lambda: not connected(world, "cn2"), "the register to miss it")
    done = mlrd(world, "forget-cn", "cn2", check=False)
    assert done.returncode == 1
    assert "2 stations have addresses of CN cn2 (2 leases; 1 are at other CNs" in done.stderr
    assert "1 stations of other CNs are in its cells" in done.stderr
    assert "cn2" in cns(world) and len(register_stations(world)) == 3
    said = mlrd(world, "forget-cn", "cn2", "--force").stdout
    assert "2 stations lost their addresses" in said
    assert "cn2" not in cns(world) and len(register_stations(world)) == 1
    with pytest.raises(WorldError):
        mlrd(world, "forget-cn", "cn2")


@pytest.mark.parametrize("how", ["forget-cn", "free"])
def test_what_was_freed_by_mistake_comes_back_as_a_lease(make_world, how):
    """The CN comes back, and its stations go on: with the leases that they had, until their end."""
    world = make_world(lease_time=3600).start()
    home, guest = leased(world, "home", world.cn(2)), leased(world, "guest", world.cn(2))
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, home, guest)
    before = register_stations(world)
    if how == "forget-cn":
        world.cn(2).stop()
        wait_for(lambda: not connected(world, "cn2"), "the register to miss it")
        mlrd(world, "forget-cn", "cn2", "--force")
        assert not register_stations(world)
        world.mlr.stop()
        world.mlr.start()
        world.cn(2).start()
    else:
        for station in (home, guest):
            mlrd(world, "free", station.address())

    def back(station):  # a ping may still pass before all CNs know of the end
        return (station.ping(world.server.address, seconds=1) and
                station.address() in register_stations(world))

    for station in (home, guest):
        wait_for(lambda one=station: back(one), f"{station.place} to be known again", 12)
    agree(world, home, guest)
    after = register_stations(world)
    for address, entry in before.items():
        assert after[address]["kind"] == "dynamic"
        assert abs(after[address]["lease_end"] - entry["lease_end"]) <= 2
    for station in (home, guest):
        station.client.restart()
    assert {station.address() for station in (home, guest)} == set(before)
