# SPDX-License-Identifier: BSD-2-Clause
"""Broadcast and multicast: who hears a station that has roamed, and that nothing comes back."""
import sys

import pytest

from agreement import agree, arrive, leased
from world import wait_for

HEAR = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.251") + socket.inet_aton(sys.argv[1]))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(100)
    print(data.decode(), who[0], flush=True)
"""
SAY = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
for to in ("224.0.0.251", sys.argv[2]):
    s.sendto(to.encode(), (to, 5353))
"""


@pytest.mark.parametrize("setting", ["local", "home"])
def test_who_hears_a_station_that_is_away(make_world, setting):
    world = make_world(nat=(), directives={0: {"multicast": setting}}).start()
    phone, home, elsewhere = leased(world, "phone", world.cn(2)), leased(world, "home", world.cn(2)), leased(world, "elsewhere", world.cn(1))
    heard = {}
    for station in (phone, home, elsewhere):
        heard[station] = world.program(station, sys.executable, "-c", HEAR, station.address())
        wait_for(lambda station=station: "ready" in heard[station].text(), "the listener")
    arrive(phone, world.cn(3))
    agree(world, phone, home, elsewhere)
    phone.run(sys.executable, "-c", SAY, phone.address(), "10.2.0.255")
    said = [f"{to} {phone.address()}" for to in ("224.0.0.251", "10.2.0.255")]
    if setting == "home":
        wait_for(lambda: heard[home].text().splitlines()[1:] == said, "the neighbours at home to hear both, once")
    assert phone.ping(home.address())  # behind them, had they come
    assert heard[home].text().splitlines()[1:] == (said if setting == "home" else [])
    assert heard[elsewhere].text().splitlines()[1:] == []
    assert heard[phone].text().splitlines()[1:] == said[1:]  # its own kernel's echo of a broadcast
