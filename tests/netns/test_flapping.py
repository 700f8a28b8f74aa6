# SPDX-License-Identifier: BSD-2-Clause
"""Stations that move too often are damped; two with one MAC or one address are reported."""
import json

import pytest

from world import PATIENCE, wait_for
from world.agreement import agree, leased

HOLD = 2


@pytest.fixture
def flaps(make_world):
    """A register that damps: more than 6 moves in 20 s."""
    damping = {"flap_moves": 6, "flap_window": 20, "flap_hold": HOLD}
    return make_world(mlr=damping, nat=()).start()


def register(world, *words):
    done = world.mlr.run(world.mlr.binary, *words, "-f", world.mlr.config, check=False)
    return done


def record(world, station):
    return json.loads(register(world, "stations", station.mac, "--json").stdout)[0]


def trail(cn, what):
    return [step["text"] for step in cn.ask("why", what)["trail"]]


def move(world, station, number):
    station.roam(world.cn(number))
    return wait_for(lambda: (station.ping(world.server.address, seconds=0.3) or
                             record(world, station)["damped"]), "the move to be heard", 5)


def flap(world, station):
    """Moves the station back and forth until the register has enough.

    Returns the CN where the register keeps the station, and the one where it really is.
    """
    for at in range(9):
        number = 2 - at % 2
        move(world, station, number)
        if record(world, station)["damped"]:
            return record(world, station)["current"], world.cn(number)
        world.settled(station)
    raise AssertionError(f"it moved {at} times and was not damped: {record(world, station)}")


def test_flapping_station_is_damped_and_goes_on(flaps):
    phone = leased(flaps, "phone", flaps.cn(1))
    kept, there = flap(flaps, phone)
    assert kept != there.place
    found = record(flaps, phone)
    assert found["moves"] > 6 and f"kept at {kept}" in found["damped_why"]
    assert "(damped)" in register(flaps, "stations").stdout
    assert json.loads(register(flaps, "status", "--json").stdout)["stations"]["damped"] == 1
    # The CN shows it, too, and does not ask again while the station sends there.
    wait_for(lambda: there.station(phone)["damped"], "the CN to wait")
    texts = trail(there, phone.mac)
    assert any("refused: the station is damped" in text for text in texts), texts
    assert there.control("status")["handovers"]["damped"] == 1
    # What it sends is not lost: it goes the way of the record, and the server gets it.
    with flaps.server.socket(2, 2) as ear, phone.socket(2, 2) as mouth:
        ear.bind(("0.0.0.0", 7000))
        ear.settimeout(3 * PATIENCE)
        mouth.sendto(b"heard", (flaps.server.address, 7000))
        assert ear.recv(100) == b"heard"
    # The station stays there, and is served when the hold ends.
    wait_for(lambda: phone.ping(flaps.server.address, seconds=0.3), "the hold to end", HOLD + 5)
    agree(flaps, phone)
    assert not record(flaps, phone)["damped"]


def test_damping_is_cleared_by_command(flaps):
    flaps.mlr.configure_with(flap_hold=600)
    register(flaps, "reload")
    phone = leased(flaps, "phone", flaps.cn(1))
    assert register(flaps, "clear", phone.mac).returncode == 1
    flap(flaps, phone)
    assert not phone.ping(flaps.server.address, seconds=1)
    assert register(flaps, "clear", phone.mac).returncode == 0
    wait_for(lambda: phone.ping(flaps.server.address, seconds=0.3), "the station to be let go", 5)
    agree(flaps, phone)
    flap(flaps, phone)
    assert register(flaps, "clear", phone.address()).returncode == 0


def test_two_stations_with_one_mac(flaps):
    one = leased(flaps, "one", flaps.cn(1))
    two = flaps.add_station("two", flaps.cn(2), mac=one.mac)
    two.set_static(one.address(), "10.1.0.1")
    for station in (one, two):
        flaps.program(station, "ping", "-n", "-q", "-i", "0.1", flaps.server.address)
    both = "two stations seem to have this MAC"
    wait_for(lambda: both in record(flaps, one).get("damped_why", ""), "the two to be told", 40)
    why = record(flaps, one)["damped_why"]
    assert "cn1" in why and "cn2" in why
    assert both in open(f"{flaps.mlr.folder}/log", encoding="utf-8").read()
    wait_for(lambda: any("two stations seem" in text for cn in flaps.cns[:2]
                         for text in trail(cn, one.mac)), "the CNs to be told", 15)


def test_two_stations_with_one_address(world):
    """Two stations use one address, first in one cell, then in the cells of two CNs."""
    phone = leased(world, "phone", world.cn(1))
    for number in (1, 2):
        cn, other = world.cn(number), world.add_station(f"other{number}", world.cn(number))
        other.set_static(phone.address(), "10.1.0.1")
        ping = world.program(other, "ping", "-n", "-q", "-i", "0.05", world.server.address)
        wait_for(lambda: cn.control("status")["handovers"]["conflicts"] >= 2,
                 "the conflict to be counted", 10)
        texts = trail(cn, other.mac)
        assert any(f"belongs to station {phone.mac}" in text for text in texts), texts
        used = f"{other.mac} in cell w0 uses the address"
        assert any(used in text for text in trail(cn, phone.address()))
        with open(f"{cn.folder}/log", encoding="utf-8") as log:
            assert log.read().count(used) == 1
        ping.stop()
    assert phone.ping(world.server.address, count=3)
