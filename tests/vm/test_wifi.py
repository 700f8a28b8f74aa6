# SPDX-License-Identifier: BSD-2-Clause
"""Real 802.11 association and roaming: two access points are CNs of different subnets by
`tmip-agent attach wlan0', and a station roams between them with one address and one download.

The same network takes each kind of WLAN in turn.
"""
import contextlib
import os
import statistics

import pytest

from wifi import SECURITIES, WifiStation, attach_cell, load_radios, unload_radios
from world import PATIENCE, Stream, Transfer, WorldError, wait_for

ROAMS = 10
KINDS = ("wpa2", "sae", "ft", "open")


@pytest.fixture(scope="module")
def air(make_module_world):
    """(world, access points, station), for all tests here, as an emulated machine starts slowly."""
    world = make_module_world(cns=2, nat=())
    radios = sorted(load_radios(3).items())
    world.mlr.start()
    points = [attach_cell(cn, *radio) for cn, radio in zip(world.cns, radios)]
    yield world, points, WifiStation(world, "laptop", *radios[2]).build()
    unload_radios()


def lease(laptop):
    """Gets a lease with a client that knows of no former one."""
    if laptop.client:
        laptop.client.kill()
        for path in (laptop.client.events_path, laptop.client.base + ".leases"):
            os.remove(path)
        laptop.run("ip", "address", "flush", "dev", "wlan0")
    return laptop.dhclient().start(seconds=20)


@contextlib.contextmanager
def traffic(world, laptop, port):
    """A stream and a download. They end with the test, as the next one shares the air."""
    stream = Stream(world, world.server, laptop, rate=100, port=port)
    programs = [stream.station, stream.server]
    try:
        stream.flowing(20)
        transfer = Transfer(world, world.server, laptop, 1 << 18, rate=1 << 17, port=port + 1,
                            open_end=True)
        programs += [transfer.receiver, transfer.sender]
        wait_for(transfer.received, "the download to begin", 20)
        yield stream, transfer
    finally:
        for program in programs:
            program.stop()


def four_way_handshakes(points):
    """How many there were since the access points serve.

    Fast transition needs none: the keys come with the association (IEEE 802.11, 13.5).
    """
    return sum(point.program.text().count("EAPOL-4WAY-HS-COMPLETED") for point in points)


def first_packets(laptop, point, stream):
    """Roams. Returns when the first packet passed in each direction, in ms.

    On a slow machine an access point may answer an association twice and then give up the station,
    which a protected station does not believe. Then the station begins anew.
    """
    gone, moment = point.gave_up(laptop), laptop.associate(point)
    while True:
        try:
            return {way: stream.first_after(way, moment, 5) for way in ("up", "down")}
        except WorldError:
            if point.gave_up(laptop) == gone:
                raise
            gone, moment = point.gave_up(laptop), laptop.reconnect()


def begin(air, kind):
    """Starts this kind of WLAN, and gets a lease in it. Returns the address and its CN."""
    world, points, laptop = air
    for point in points:
        point.serve(kind)
    laptop.join(kind)
    assert SECURITIES[kind].shown in laptop.ask("STATUS").splitlines()
    address = lease(laptop)
    gateway = address.rsplit(".", 1)[0] + ".1"
    home = next(cn for cn in world.cns if cn.cells[0].gateway == gateway)
    laptop.reaches(world.server.address, 20)
    wait_for(lambda: home.state(laptop), "the home CN to know it")
    return address, home


@pytest.mark.parametrize("kind", KINDS)
def test_roams_between_access_points(air, kind):
    world, points, laptop = air
    address, home = begin(air, kind)
    here = laptop.connections()[-1][1]
    others = sorted(points, key=lambda point: point.bssid == here)
    found, handshakes = {"up": [], "down": []}, four_way_handshakes(points)
    connections = len(laptop.connections())
    with traffic(world, laptop, 5100 + 10 * KINDS.index(kind)) as (stream, transfer):
        for number in range(ROAMS):
            point = others[number % 2]
            for way, took in first_packets(laptop, point, stream).items():
                found[way].append(took)
            expected = "home" if point.cn is home else "visiting"
            wait_for(lambda at=point.cn, state=expected: at.state(laptop) == state,
                     f"{point.cn.place} to have the station as {expected}", 10, every=0.05)
            at = transfer.received()
            wait_for(lambda before=at: transfer.received() > before, "the download to go on", 20)
            assert laptop.address() == address
        transfer.finish(60)
    handshakes = four_way_handshakes(points) - handshakes
    connections = len(laptop.connections()) - connections
    if kind in ("wpa2", "sae"):
        assert handshakes >= ROAMS
    else:  # a station that begins anew, since its roam was too slow, needs a handshake for that
        assert connections - handshakes >= ROAMS // 2, (connections, handshakes)
    for way, times in found.items():
        print(f"{way}: ms from association to the first packet: "
              f"median {statistics.median(times):.1f}, all {[round(ms, 1) for ms in times]}")
        assert statistics.median(times) < 50 * PATIENCE, (way, times)
