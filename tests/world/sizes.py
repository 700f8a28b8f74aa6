# SPDX-License-Identifier: BSD-2-Clause
"""MTUs of cells and links, offloads of single devices, and what the places of a world say of sizes.
"""
import json
import socket
import struct
import threading

from .system import PATIENCE
from .traffic import MEGABYTE

TCP_MAXSEG, TCP_MD5SIG_EXT = 2, 32
IP_MTU_DISCOVER, PMTUDISC_DONT, PMTUDISC_DO, PMTUDISC_OMIT = 10, 0, 2, 5


def cell_mtu(world, cell, mtu):
    """Gives a cell that MTU: the CN's device and the bridge in the air."""
    cell = getattr(cell, "cells", [cell])[0]
    cell.cn.configure([f"link set {cell.device} mtu {mtu}"])
    world.air.configure([f"link set {cell.port} mtu {mtu}", f"link set {cell.bridge} mtu {mtu}"])


def station_mtu(station, mtu):
    """Gives a station that MTU, and both ends of its cable."""
    station.configure([f"link set {station.device} mtu {mtu}"], "", True)
    station.world.air.configure([f"link set {station.port} mtu {mtu}"])


def link_mtu(world, place, mtu):
    """Gives the link between a place and the router that MTU."""
    place.configure([f"link set bb0 mtu {mtu}"], "", True)
    world.router.configure([f"link set {place.place} mtu {mtu}"])


def cut_at_once(place, *devices):
    """Lets devices send what fits on a wire, as network cards do. A veth with TSO sends
    super-packets, which no MTU stops.
    """
    for device in devices:
        place.run("ethtool", "-K", device, "tso", "off", "gso", "off")


def merge_on_arrival(world, *places):
    """Lets the links of places merge segments that arrive (GRO), as network cards do. Where a veth
    sends super-packets, its peer merges nothing.
    """
    for place in places:
        cut_at_once(place, "bb0")
        cut_at_once(world.router, place.place)
        place.run("ethtool", "-K", "bb0", "gro", "on")
        world.router.run("ethtool", "-K", place.place, "gro", "on")


def kernel_count(place, name, protocol="Icmp"):
    """A counter of /proc/net/snmp."""
    lines = [line.split() for line in place.run("cat", "/proc/net/snmp").stdout.splitlines()]
    names, values = (line for line in lines if line[0] == f"{protocol}:")
    return int(values[names.index(name)])


def path_mtu(place, target):
    """The MTU that the place's kernel uses for packets to the target, or None: that of the device.
    """
    shown = json.loads(place.run("ip", "-j", "route", "get", target).stdout)[0]
    return next((metric["mtu"] for metric in shown.get("metrics", []) if "mtu" in metric), None)


def counted(cn):
    """The CN's counters that are not 0: {reason: packets}."""
    return {counter["reason"]: counter["packets"] for counter in cn.control("status")["counters"]
            if counter["packets"]}


def udp_socket(place, discover, port=0, seconds=5):
    """A UDP socket there, with that value of IP_MTU_DISCOVER."""
    one = place.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(seconds)
    one.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
    one.bind(("0.0.0.0", port))
    return one


def words(size):
    """That many bytes, which nowhere repeat."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


def sign(end, key):
    """Signs all segments of a socket with that key, whoever is at the other end (RFC 2385)."""
    family = struct.pack("=HH4s120s", socket.AF_INET, 0, bytes(4), b"")
    any_address = struct.pack("=BBHI", 1, 0, len(key), 0)  # TCP_MD5SIG_FLAG_PREFIX, length 0
    end.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG_EXT, family + any_address + key.ljust(80, b"\0"))


def connect(listener, caller, address, port=5001, behind=None, key=None):
    """A TCP connection: (socket of the caller, socket of the listener). `behind`: the port where
    the listener really listens, if somebody translates addresses.
    """
    with listener.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        if key:
            sign(door, key)
        door.bind(("0.0.0.0", behind or port))
        door.listen()
        door.settimeout(5 * PATIENCE)
        calling = caller.socket(socket.AF_INET, socket.SOCK_STREAM)
        if key:
            sign(calling, key)
        calling.settimeout(5 * PATIENCE)
        calling.connect((address, port))
        return calling, door.accept()[0]


def pour(sender, receiver, size=MEGABYTE, seconds=10):
    """Sends that many bytes through a connection, and demands that they arrive as they were."""
    data, got = words(size), bytearray()
    for end in (sender, receiver):
        end.settimeout(seconds * PATIENCE)
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    try:
        while len(got) < size:
            got += receiver.recv(1 << 18)
    finally:
        sender.settimeout(0.1)
        thread.join()
    assert got == data


def segment(end):
    """The size of the segments that this end of a connection sends."""
    return end.getsockopt(socket.IPPROTO_TCP, TCP_MAXSEG)
