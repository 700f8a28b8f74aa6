# SPDX-License-Identifier: BSD-2-Clause
"""Real 802.11 association and roaming: two WPA2 access points are CNs of different subnets by `tmip-agent attach wlan0`, a
station roams between them with one address and one download.
"""
import statistics

import pytest

from wifi import AccessPoint, WifiStation, load_radios
from world import PATIENCE, Stream, Transfer, wait_for

ROAMS = 6


@pytest.fixture
def air(make_world):
    """(world, access points, station that is associated with one of them)."""
    world = make_world(cns=2, nat=())
    radios = sorted(load_radios(3).items())
    world.mlr.start()
    points = []
    for cn, radio in zip(world.cns, radios):
        cn.run("ip", "link", "delete", "w0")
        points.append(AccessPoint(cn, *radio))
        cn.configure_with(mobile_if=None, addr_pool="wlan0 * *")
        cn.command_line = lambda cn=cn: [cn.binary, "attach", "wlan0", "-f", cn.config]
        cn.start(daemon=True)
    station = WifiStation(world, "laptop", *radios[2]).build()
    bssid = station.connections()[-1][1]
    return world, sorted(points, key=lambda point: point.bssid != bssid), station


def first_after(stream, way, moment):
    """ms from then to the next packet received."""
    return min((packet[2] - moment for packet in stream.read(way) if packet[2] >= moment), default=9) * 1000


def test_roams_between_access_points(air):
    world, points, laptop = air
    address = laptop.dhclient().start(seconds=20)
    home = points[0].cn
    assert address.rsplit(".", 1)[0] + ".1" == home.cells[0].gateway
    laptop.reaches(world.server.address)
    wait_for(lambda: home.state(laptop) == "home", "the home CN to know it")

    stream = Stream(world, world.server, laptop, rate=200)
    stream.flowing()
    transfer = Transfer(world, world.server, laptop, 1 << 20, rate=1 << 18, open_end=True)
    wait_for(transfer.received, "the download to begin")
    found = {"up": [], "down": []}
    for number in range(ROAMS):
        point = points[(number + 1) % 2]
        moment = laptop.associate(point)
        stream.flowing(20)
        expected = ("home" if point is points[0] else "visiting")
        wait_for(lambda at=point.cn, state=expected: at.state(laptop) == state, f"{point.cn.place} to have the station as {expected}", 10)
        for way in found:
            found[way].append(first_after(stream, way, moment))
        at = transfer.received()
        wait_for(lambda before=at: transfer.received() > before, "the download to go on", 20)
        assert laptop.address() == address
    transfer.finish(120)
    stream.stop()
    for way, times in found.items():
        print(f"{way}: ms from association to the first packet: median {statistics.median(times):.1f}, all {[round(ms, 1) for ms in times]}")
        assert statistics.median(times) < 50 * PATIENCE, (way, times)
