# SPDX-License-Identifier: BSD-2-Clause
"""Stations that leave a cell without a word, or whose departure is reported."""
import threading
import time

import pytest

from world import wait_for
from world.system import WorldError

QUICK = {0: {"probe_idle": 1, "probe_count": 2}}


class Listener:
    """ARP requests that reach a station, as (time, bytes)."""

    def __init__(self, station):
        # AF_PACKET, SOCK_RAW, ETH_P_ARP in network order
        self.socket = station.socket(17, 3, 0x0608)
        self.socket.bind(("wlan0", 0x0806))
        self.socket.settimeout(0.1)
        self.requests, self.running = [], True
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while self.running:
            try:
                frame, where = self.socket.recvfrom(100)
            except TimeoutError:
                continue
            except OSError:
                return
            if where[2] != 4 and frame[20:22] == b"\0\1":  # not our own
                self.requests.append((time.monotonic(), frame))

    def probes(self, mac):
        """The requests to this MAC alone."""
        wanted = bytes.fromhex(mac.replace(":", ""))
        return [request for request in self.requests if request[1][:6] == wanted]

    def stop(self):
        self.running = False
        self.thread.join()
        self.socket.close()


def silent(cn, station):
    record = cn.station(station)
    return bool(record) and record["silent"]


def texts(cn, station):
    return [step["text"] for step in cn.ask("why", station.mac)["trail"]]


@pytest.fixture
def listen():
    listeners = []

    def start(station):
        listeners.append(Listener(station))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.stop()


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
    phone.roam(world.cn(2))
    wait_for(lambda: phone.ping(world.server.address, seconds=0.3), "the station to roam")
    listener = listen(phone)
    wait_for(lambda: len(listener.probes(phone.mac)) >= 3, "an idle station to be probed", 20)
    assert not silent(world.cn(2), phone)
    assert not [text for text in texts(world.cn(2), phone) if "silent" in text]
    times = [when for when, _ in listener.probes(phone.mac)]
    assert all(b - a > 0.7 for a, b in zip(times, times[1:])), times
    # The question comes from the gateway that the station knows.
    frame = listener.probes(phone.mac)[0][1]
    assert frame[28:32] == bytes([10, 1, 0, 1]) and frame[6:12] == frame[22:28]


def test_who_talks_is_not_probed(make_world, listen):
    world = make_world(cns=1, directives={0: {"probe_idle": 2}}).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    listener = listen(phone)
    world.program(phone, "ping", "-q", "-i", "0.2", world.server.address)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 5, "five seconds of traffic", 10)
    assert not listener.probes(phone.mac)


def test_probing_off(make_world, listen):
    world = make_world(cns=1, directives={0: {"probe_idle": 0}}).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    listener = listen(phone)
    start = time.monotonic()
    wait_for(lambda: time.monotonic() - start > 4, "four seconds", 10)
    assert not listener.probes(phone.mac)


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
