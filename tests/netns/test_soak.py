# SPDX-License-Identifier: BSD-2-Clause
"""A crowd roams at random, with ping-pong and conflicting claims, and in the end all agree.

The long version is `make bench BENCH=soak`.
"""
import json

import pytest

from world import WorldError, run
from world.agreement import reaches
from world.bad_day import BadDay
from world.checker import demand_agreement, pins
from world.crowd import CrowdWorld
from world.docking import Laptop

STATIONS, SECONDS, RATE = 100, 20, 100
LAPTOP = "10.1.0.250"


@pytest.fixture
def crowd():
    with CrowdWorld(cns=4) as world:
        yield world.start()


@pytest.mark.quiet
def test_a_crowd_comes_to_rest(crowd):
    summary = crowd.roam(STATIONS, SECONDS, RATE)
    assert not summary["not_joined"] and not summary["not_answered"], summary
    assert not summary["stolen"], summary
    assert summary["moves"] > 0.8 * SECONDS * RATE, summary
    assert min(summary[name] for name in ("ping_pongs", "thefts", "clones")) > 10, summary
    crowd.wait_agreement()
    falsify(crowd)


@pytest.mark.quiet
def test_a_crowd_on_a_bad_day():
    """Cells go down, lose their address, are renamed; agents are stopped; a host with two MACs is
    docked and undocked. In the end all agree.
    """
    with CrowdWorld(cns=4) as world:
        laptop = Laptop(world)
        world.mlr.configure_with(host=laptop.lines("laptop", LAPTOP))
        world.start()
        laptop.wlan.roam(world.cn(1))
        laptop.give(laptop.wlan, LAPTOP)
        laptop.route(laptop.wlan, world.cn(1).cells[0].gateway)
        bad_day = BadDay(world.cns, laptop=laptop, address=LAPTOP)
        summary = world.roam(STATIONS, SECONDS, RATE, bad_day=bad_day)
        assert min(bad_day.count.values()) >= 2 and len(bad_day.count) == 5, bad_day.count
        assert not summary["not_joined"] and not summary["not_answered"], summary
        laptop.wlan.roam(world.cn(2))
        reaches(laptop.wlan, world.server.address)
        world.truth[LAPTOP] = laptop.wlan.mac, world.cn(2).cells[0]
        world.wait_agreement()


def falsify(crowd):
    """Makes one mistake after another: the comparison notices each of them."""
    address, (mac, cell) = next(iter(crowd.truth.items()))
    other = next(cn for cn in crowd.cns if cn is not cell.cn)
    key = [*([0] * 10), 255, 255, *map(int, address.split("."))]
    path = f"{pins(other)}/tmip_station"

    def notices(pattern, truth=crowd.truth):
        with pytest.raises(WorldError, match=pattern):
            demand_agreement(crowd, truth, crowd.before)

    notices("says of", {**crowd.truth, address: (mac, other.cells[0])})
    fewer = {one: where for one, where in crowd.truth.items() if one != address}
    notices("the database has stations: 1 too many", fewer)
    other.run("ip", "route", "add", "192.0.2.0/24", "dev", "bb0")
    notices(f"routes of {other.place}: 1 too many")
    other.run("ip", "route", "del", "192.0.2.0/24")
    other.run("ip", "neigh", "add", "192.0.2.1", "lladdr", mac, "dev", "bb0")
    notices(f"fixed neighbours of {other.place}: 1 too many")
    other.run("ip", "neigh", "del", "192.0.2.1", "dev", "bb0")
    value = bytearray(map_value(path, key))
    value[6] = 6  # enum tmip_station_state: blocked
    run("bpftool", "map", "update", "pinned", path, "key", *key, "value", *value)
    notices(f"map entry of {address} in {other.place}: state 6")
    run("bpftool", "map", "delete", "pinned", path, "key", *key)
    notices(f"{other.place} has map entries: 1 missing")


def map_value(path, key):
    entry = json.loads(run("bpftool", "-j", "map", "lookup", "pinned", path, "key", *key).stdout)
    return [int(byte, 16) for byte in entry["value"]]
