# SPDX-License-Identifier: BSD-2-Clause
"""The world itself, without our programs: all other tests rely on it."""
import os
import subprocess
import sys
import time

import pytest

from world import MEGABYTE, PATIENCE, Stream, Transfer, World, WorldError, run, wait_for


@pytest.fixture
def plain(make_world):
    """Routers only, with a station that has an address in the cell of CN 2."""
    world = make_world()
    for cn in world.cns:
        cn.plain_routing()
    world.add_station("phone", world.cn(2)).set_static("10.2.0.9", "10.2.0.1")
    return world


def test_backbone_and_nat(plain):
    phone = plain.stations[0]
    behind_nat = plain.add_station("hidden", plain.cn(1))
    behind_nat.set_static("10.1.0.9", "10.1.0.1")
    for target in (plain.server.address, plain.mlr.address, "10.3.0.1"):
        phone.reaches(target)
    behind_nat.reaches(plain.server.address)
    plain.server.reaches("10.2.0.9")
    assert not plain.server.ping("10.1.0.9", seconds=0.2)


def test_a_station_hears_only_its_cell(plain):
    phone = plain.stations[0]
    phone.reaches("10.2.0.1")
    phone.roam(plain.cn(3))
    assert not phone.ping("10.2.0.1", seconds=0.2)
    phone.leave()
    assert not phone.ping("10.2.0.1", seconds=0.2)
    phone.roam(plain.cn(2))
    phone.reaches("10.2.0.1")


def test_gap_of_a_stream(plain):
    phone = plain.stations[0]
    stream = Stream(plain, plain.server, phone)
    stream.flowing()
    started = stream.read("up")[-1][2]
    phone.leave()
    back = time.monotonic() + 0.2
    wait_for(lambda: time.monotonic() > back, "200 ms to pass")
    phone.roam(plain.cn(2))
    stream.flowing()
    end = stream.read("up")[-1][2]
    for way in ("up", "down"):
        assert 150 < stream.gap(way, started, end) < 1000 * PATIENCE
    for report in stream.stop().values():
        assert 150 < report["lost"] < 1000 * PATIENCE


def test_transfer_is_checked(plain):
    transfer = Transfer(plain, plain.server, plain.stations[0], 5 * MEGABYTE)
    assert transfer.finish()["bytes"] == 5 * MEGABYTE
    transfer = Transfer(plain, plain.server, plain.stations[0], 5 * MEGABYTE, port=5011)
    transfer.count += 1
    with pytest.raises(WorldError):
        transfer.finish()


# Another thread takes the signal, in the middle of the end; Python's handler has its turn after it.
INTERRUPT_AT_END = """threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    world.links.close = lambda: (os.kill(os.getpid(), 15), time.sleep(0.1))"""


@pytest.mark.parametrize("end", ["exception", "interrupt", "interrupt at the end", "kill -9"])
def test_nothing_is_left_behind(end):
    script = {"exception": "raise ValueError",
              "interrupt": "os.kill(os.getpid(), 15); time.sleep(9)",
              "interrupt at the end": INTERRUPT_AT_END,
              "kill -9": "os.kill(os.getpid(), 9)"}[end]
    folder = os.path.dirname(os.path.dirname(__file__))
    code = (f"import os, sys, threading, time; sys.path.insert(0, {folder!r})\n"
            f"from world import World\nwith World(cns=1) as world:\n"
            f"    world.program(world.server, 'sleep', '100')\n"
            f"    print(world.prefix, flush=True)\n    {script}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=30 * PATIENCE, check=False)
    assert done.returncode != 0
    prefix = done.stdout.strip()
    assert prefix.startswith("tmip-w")
    if end == "kill -9":
        assert prefix in run("ip", "netns").stdout
        with World(cns=1):  # the next one cleans up
            pass
    assert prefix not in run("ip", "netns").stdout
    assert not [name for name in os.listdir("/tmp") if name.startswith(prefix)]


def test_network_name_with_dots():
    with World(cns=1, nat=(), network="campus.example") as world:
        world.start()
        station = world.add_station(cell=world.cn(1))
        station.dhclient().start()
        station.reaches(world.server.address)
        assert os.path.isdir(f"{world.cn(1).directives['bpf_dir']}/campus:example")
