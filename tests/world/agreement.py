# SPDX-License-Identifier: BSD-2-Clause
"""Do all parts of a world agree on these stations (see world/checker.py)? Also: stations with an
address, and small conversations between two places.
"""
import contextlib
import os
import signal
import socket

from .checker import (demand_agreement, kernel_stations, pins, register_stations,  # noqa: F401
                      wait_agreement)
from .system import PATIENCE, WorldError, wait_for


def truth_of(pairs):
    """The truth, as checker.py calls it. pairs: (Station, address) of all registered stations."""
    return {address: (station.mac, station.cell) for station, address in pairs}


def check_all(world, stations, register=True):
    """stations: (Station, address) of all registered stations. A WorldError says what differs."""
    demand_agreement(world, truth_of(stations), register=register)


def agree(world, *stations, seconds=8, register=True):
    """Waits until all parts of the world agree on exactly these stations. Each is a Station with
    one address, or (Station, address).
    """
    pairs = [one if isinstance(one, tuple) else (one, one.address()) for one in stations]
    wait_agreement(world, truth_of(pairs), register=register, seconds=seconds)


def demand(condition, *said):
    if not condition:
        raise WorldError(" ".join(str(part) for part in said))


# ---- stations with an address

def leased(world, name, cell, **options):
    """Builds a station that gets its address by dhclient."""
    station = world.add_station(name, cell)
    station.dhclient(**options).start()
    return station


def static(world, name, cell, address, at=None):
    """Builds a station with a fixed address of `cell`, in that cell or in `at`, and lets it make
    itself known by a ping.
    """
    cell = getattr(cell, "cells", [cell])[0]
    station = world.add_station(name, at or cell)
    station.set_static(address, cell.gateway)
    wait_for(lambda: station.ping(cell.gateway, seconds=1), f"{name} to be served", 8)
    return station


def arrive(station, cell):
    """Lets a station roam, and sends what an access point sends for a station that it authorises: a
    layer-2 update frame (an 802.2 XID).

    Without such a frame a CN does not see a station that only talks to a neighbour on a bridge.
    """
    station.roam(cell)
    with station.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.bind((station.device, 0))
        source = bytes.fromhex(station.mac.replace(":", ""))
        port.send(b"\xff" * 6 + source + bytes.fromhex("00060001af810100"))


@contextlib.contextmanager
def frozen(*cns):
    """Stops the agents of these CNs for a while. Their kernels forward; the agents hear nothing."""
    for cn in cns:
        os.kill(cn.pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        for cn in cns:
            os.kill(cn.pid(), signal.SIGCONT)


def reaches(station, target, seconds=5):
    """Waits until the target answers a ping of the station."""
    what = f"{station.place} to reach {target}"
    return wait_for(lambda: station.ping(target, seconds=1), what, seconds)


class Conversation:
    """A TCP connection whose ends send when say() is called, and check all that they receive."""

    def __init__(self, listener, caller, address, port=6000):
        self.ends = []
        with listener.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("0.0.0.0", port))
            door.listen()
            calling = caller.socket(socket.AF_INET, socket.SOCK_STREAM)
            calling.settimeout(10 * PATIENCE)
            calling.connect((address, port))
            door.settimeout(10 * PATIENCE)
            called, self.seen_as = door.accept()
        called.settimeout(10 * PATIENCE)
        self.ends = [called, calling]
        self.say()

    def say(self, size=40000):
        """Both ends send, then both receive. Both have to send, as a CN does not find a silent
        station in its new cell.
        """
        words = [os.urandom(size) for _ in self.ends]
        for end, word in zip(self.ends, words):
            end.sendall(word)
        for end, word in zip(self.ends[::-1], words):
            heard = b""
            while len(heard) < size:
                more = end.recv(size - len(heard))
                demand(more, "the connection has ended")
                heard += more
            demand(heard == word, "the words differ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in self.ends:
            end.close()
