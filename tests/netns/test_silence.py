# SPDX-License-Identifier: BSD-2-Clause
"""Stations that leave a cell without a word, or whose departure is reported."""
import threading
import time

import pytest

from world import wait_for
from world.system import WorldError

QUICK = {0: {"probe_idle": 1, "probe_count": 2}}


def silent(cn, station):
    record = cn.station(station)
    return bool(record) and record["silent"]


def texts(cn, station):
    return [step["text"] for step in cn.ask("why", station.mac)["trail"]]


@pytest.mark.parametrize("visiting", [False, True])
def test_left_without_a_word(make_world, visiting):
    world = make_world(cns=2, directives=QUICK).start()
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    cn = world.cn(2 if visiting else 1)
    if visiting:
        phone.roam(cn)
        wait_for(lambda: phone.ping(world.server.address, seconds=0.3), "the station to roam")
        world.settled(phone)
    assert phone.ping(world.server.address)
    before = cn.station(phone)
    assert before["silent"] is False and before["heard_s"] <= 2
    assert before["state"] == ("visiting" if visiting else "home")
    phone.leave()
    wait_for(lambda: silent(cn, phone), "the silence to be found", 15)
    told = [text for text in texts(cn, phone) if "silent" in text]
    assert len(told) == 1 and "2 probes without an answer" in told[0]
    assert cn.control("status")["stations"]["silent"] == 1
    assert "(silent)" in cn.agent("stations", address).stdout

    # Idle is not gone: record, lease and map entry are as they were, and nothing more is
    # reported.
    after = cn.station(phone)
    for key in ("address", "state", "cell", "parent", "current", "epoch", "seq", "lease_end"):
        assert after[key] == before[key], key

    # Its next frame ends the silence.
    phone.roam(cn)
    assert phone.ping(world.server.address)
    wait_for(lambda: not silent(cn, phone), "the silence to end", 2)
    assert any("heard again" in text for text in texts(cn, phone))
    assert cn.control("status")["stations"]["silent"] == 0
    assert cn.station(phone)["heard_s"] <= 2


def test_idle_stations_answer(make_world, listen):
    world = make_world(cns=2, directives=QUICK).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    greeted = listen(phone)
    phone.roam(world.cn(2))
    wait_for(lambda: phone.ping(world.server.address, seconds=0.3), "the station to roam")
    wait_for(lambda: len(greeted.probes()) >= 3, "the end of the greeting")
    ear = listen(phone)
    wait_for(lambda: len(ear.probes()) >= 3, "an idle station to be probed", 20)
    assert not silent(world.cn(2), phone)
    assert not [text for text in texts(world.cn(2), phone) if "silent" in text]
    times = [one.when for one in ear.probes()]
    assert all(b - a > 0.7 for a, b in zip(times, times[1:])), times
    # The question comes from the gateway that the station knows.
    question = ear.probes()[0]
    assert question.address == "10.1.0.1"
    assert question.frame[6:12].hex(":") == question.mac


def test_who_talks_is_not_probed(make_world, listen):
    world = make_world(cns=1, directives={0: {"probe_idle": 2}}).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    ear = listen(phone)
    world.program(phone, "ping", "-q", "-i", "0.2", world.server.address)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 5, "five seconds of traffic", 10)
    assert not ear.probes()


def test_probing_off(make_world, listen):
    world = make_world(cns=1, directives={0: {"probe_idle": 0}}).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    ear = listen(phone)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 4, "four seconds", 10)
    assert not ear.probes()


def test_departure_is_told(world):
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    assert world.cn(1).control("departed", mac=phone.mac) == 1
    assert silent(world.cn(1), phone)
    assert any("as the link layer says" in text for text in texts(world.cn(1), phone))
    assert world.cn(1).control("departed", mac=phone.mac) == 0  # known

    # It is still there after all.
    assert phone.ping(world.server.address)
    wait_for(lambda: not silent(world.cn(1), phone), "the silence to end", 2)

    # By the command line; then it appears elsewhere.
    assert world.cn(1).agent("departed", phone.mac).stdout == ""
    assert silent(world.cn(1), phone)
    phone.roam(world.cn(2))
    wait_for(lambda: phone.ping(world.server.address, seconds=0.3), "the station to roam")
    world.settled(phone)
    assert not any(silent(cn, phone) for cn in world.cns)
    assert "no cell of this CN" in world.cn(1).agent("departed", phone.mac).stdout


def test_departure_of_nobody(world):
    with pytest.raises(WorldError, match="no MAC"):
        world.cn(1).control("departed", mac="hello")
    with pytest.raises(WorldError, match="`mac' is missing"):
        world.cn(1).control("departed")
    with pytest.raises(WorldError, match="no station"):
        world.cn(1).control("departed", mac="02:00:00:00:77:77")
    done = world.cn(1).run(world.cn(1).binary, "departed", "-f", world.cn(1).config, check=False)
    assert done.returncode == 2


def test_adopted_stations_are_watched(make_world):
    world = make_world(cns=1, directives=QUICK).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    world.cn(1).kill()
    phone.leave()
    world.cn(1).start()
    wait_for(lambda: silent(world.cn(1), phone), "the silence to be found", 15)
