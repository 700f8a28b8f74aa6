# SPDX-License-Identifier: BSD-2-Clause
"""Do all who have a say agree on these stations of a world (see world/checker.py)? Also: small conversations between two
places.
"""
import contextlib
import os
import signal
import socket

from .checker import demand_agreement, kernel_stations, pins, register_stations, wait_agreement  # noqa: F401
from .system import PATIENCE, WorldError, wait_for


def truth_of(pairs):
    """What checker.py calls a truth, of (Station, address) of all that are registered."""
    return {address: (station.mac, station.cell) for station, address in pairs}


def check_all(world, stations, register=True):
    """stations: (Station, address) of all that are registered. A WorldError says what differs."""
    demand_agreement(world, truth_of(stations), register=register)


def agree(world, *stations, seconds=8, register=True):
    """Waits until all agree on exactly these stations: each a Station with one address, or (Station, address)."""
    pairs = [one if isinstance(one, tuple) else (one, one.address()) for one in stations]

    wait_agreement(world, truth_of(pairs), register=register, seconds=seconds)


def demand(condition, *said):
    if not condition:
        raise WorldError(" ".join(str(part) for part in said))


# ---- stations with an address

def leased(world, name, cell, **options):
    """A station that got its address from dhclient."""
    station = world.add_station(name, cell)
    station.dhclient(**options).start()
    return station


def static(world, name, cell, address, at=None):
    """A station with an address of its own that belongs to `cell`, in that cell or in `at`, that made itself known."""
    cell = getattr(cell, "cells", [cell])[0]
    station = world.add_station(name, at or cell)
    station.set_static(address, cell.gateway)
    wait_for(lambda: station.ping(cell.gateway, seconds=1), f"{name} to be served", 8)
    return station


def arrive(station, cell):
    """Roams, and is heard in the new cell as a station of an access point is: by a layer-2 update frame (an 802.2 XID).

    Without any such sign a station that only talks to a neighbour on a bridge could not be seen by its CN.
    """
    station.roam(cell)
    with station.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.bind((station.device, 0))
        port.send(b"\xff" * 6 + bytes.fromhex(station.mac.replace(":", "")) + bytes.fromhex("00060001af810100"))


@contextlib.contextmanager
def frozen(*cns):
    """Their agents stand still meanwhile: the kernels forward, and nobody hears anything."""
    for cn in cns:
        os.kill(cn.pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        for cn in cns:
            os.kill(cn.pid(), signal.SIGCONT)


def reaches(station, target, seconds=5):
    """Waits until an answer to a ping comes."""
    return wait_for(lambda: station.ping(target, seconds=1), f"{station.place} to reach {target}", seconds)


class Conversation:
    """A TCP connection whose ends talk when they are told to; each word is checked."""

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
        """Both ends send, then both receive. (A station that is silent cannot be found in its new cell.)"""
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
