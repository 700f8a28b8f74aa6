# SPDX-License-Identifier: BSD-2-Clause
"""The map tmip_slot against tmip_station, by a second implementation: does each slot say what the station's entry says, and
does each station without a slot count? It is read through mmap, as printing a hundred thousand slots takes long.
"""
import ctypes
import ipaddress
import json
import mmap
import os
import struct

from .system import WorldError, run

SLOT = struct.Struct("=4s4B6s2BIH2BI3sB")
GOLDEN, OTHERS_MAX = 2654435769, 255
HOME, NEXT_DOOR, AWAY, VISITING, ELSEWHERE, BLOCKED = range(1, 7)
libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)


def read_slots(path):
    """The bytes of the whole map."""
    count = json.loads(run("bpftool", "-j", "map", "show", "pinned", path).stdout)["max_entries"]
    fd = libbpf.bpf_obj_get(path.encode())
    if fd < 0:
        raise WorldError(f"{path}: {os.strerror(ctypes.get_errno())}")
    try:
        with mmap.mmap(fd, -(-count * SLOT.size // mmap.PAGESIZE) * mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return memory[:count * SLOT.size]
    finally:
        os.close(fd)


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def packed(addr):
    """The IPv4 address as the programs read it, a number in the host's order."""
    return struct.unpack("=I", bytes(number(byte) for byte in addr["v4"]))[0]


def wanted_of(entry):
    state = number(entry["state"])
    home = number(entry["home_ifindex"]) if state in (HOME, NEXT_DOOR, AWAY) else packed(entry["parent"])
    here = number(entry["ifindex"]) if state in (HOME, NEXT_DOOR, VISITING) else packed(entry["current"])
    return {"state": state, "flags": number(entry["flags"]), "mac": bytes(number(byte) for byte in entry["mac"]["octet"]),
            "home": home, "here": here}


def compare_slots(place, path, stations):
    """stations: {address: value of tmip_station}. Yields a line for what differs."""
    memory = read_slots(path)
    slots = len(memory) // SLOT.size
    found, missing = {}, {}
    for index in {at // SLOT.size for at in range(0, len(memory), SLOT.size) if memory[at:at + 4] != bytes(4)}:
        v4, state, flags, _, turn, mac, _, turn_mac, home, _, _, turn_home, here, _, turn_here = SLOT.unpack_from(memory, index * SLOT.size)
        address = str(ipaddress.ip_address(v4))
        found[address] = {"state": state, "flags": flags, "mac": mac, "home": home, "here": here}
        first = (int(ipaddress.ip_address(v4)) * GOLDEN % 2**32 * slots) >> 32
        if index not in (first, first ^ 1) or {turn_mac, turn_home, turn_here} != {turn}:
            yield f"slot {index} of {address} in {place}: it has no right to it, or turns {turn} {turn_mac} {turn_home} {turn_here}"
    for address in sorted(set(found) - set(stations)):
        yield f"slot of {address} in {place}: there is no such station"
    for address, entry in stations.items():
        wanted, slot = wanted_of(entry), found.get(address)
        first = (int(ipaddress.ip_address(address)) * GOLDEN % 2**32 * slots) >> 32
        if not slot:
            missing[first] = missing.get(first, 0) + 1
        elif {**slot, **({"home": wanted["home"], "here": wanted["here"]} if slot["state"] == BLOCKED else {})} != wanted:
            yield f"slot of {address} in {place}: {slot} instead of {wanted}"
    for index, count in missing.items():
        if memory[index * SLOT.size + 6] not in (count, OTHERS_MAX):
            yield f"slot {index} in {place}: {memory[index * SLOT.size + 6]} stations without a slot instead of {count}"
