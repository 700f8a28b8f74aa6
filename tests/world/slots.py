# SPDX-License-Identifier: BSD-2-Clause
"""A second implementation of the map tmip_slot, which compares it with tmip_station: does each slot
agree with the station's entry, and does the slot count the stations that have none? It reads the
map through mmap, as bpftool takes long to print a hundred thousand slots.
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
        size = count * SLOT.size
        pages = -(-size // mmap.PAGESIZE)
        with mmap.mmap(fd, pages * mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return memory[:size]
    finally:
        os.close(fd)


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def packed(addr):
    """An IPv4 address as the BPF programs read it: a number in the host's order."""
    return struct.unpack("=I", bytes(number(byte) for byte in addr["v4"]))[0]


def wanted_of(entry):
    """What the slot of a station has to say, by the station's entry in tmip_station."""
    state = number(entry["state"])
    if state in (HOME, NEXT_DOOR, AWAY):
        home = number(entry["home_ifindex"])
    else:
        home = packed(entry["parent"])
    if state in (HOME, NEXT_DOOR, VISITING):
        here = number(entry["ifindex"])
    else:
        here = packed(entry["current"])
    mac = bytes(number(byte) for byte in entry["mac"]["octet"])
    return {"state": state, "flags": number(entry["flags"]), "mac": mac, "home": home, "here": here}


def first_slot(address, slots):
    """The slot that an address hashes to. Its neighbour (index ^ 1) is the other choice."""
    return (int(ipaddress.ip_address(address)) * GOLDEN % 2**32 * slots) >> 32


def used_slots(memory):
    """{index: fields} of all slots with an address."""
    return {at // SLOT.size: SLOT.unpack_from(memory, at)
            for at in range(0, len(memory), SLOT.size) if memory[at:at + 4] != bytes(4)}


def compare_slots(place, path, stations):
    """Yields one line for each difference. stations: {address: value of tmip_station}."""
    memory = read_slots(path)
    slots = len(memory) // SLOT.size
    found, missing = {}, {}
    for index, fields in used_slots(memory).items():
        v4, state, flags, _, turn, mac, _, turn_mac = fields[:8]
        home, _, _, turn_home, here, _, turn_here = fields[8:]
        address = str(ipaddress.ip_address(v4))
        found[address] = {"state": state, "flags": flags, "mac": mac, "home": home, "here": here}
        first = first_slot(address, slots)
        if index not in (first, first ^ 1) or {turn_mac, turn_home, turn_here} != {turn}:
            yield (f"slot {index} of {address} in {place}: it has no right to it, "
                   f"or turns {turn} {turn_mac} {turn_home} {turn_here}")
    for address in sorted(set(found) - set(stations)):
        yield f"slot of {address} in {place}: there is no such station"
    for address, entry in stations.items():
        wanted, slot = wanted_of(entry), found.get(address)
        first = first_slot(address, slots)
        if not slot:
            missing[first] = missing.get(first, 0) + 1
            continue
        if slot["state"] == BLOCKED:  # then these two have no meaning
            slot = {**slot, "home": wanted["home"], "here": wanted["here"]}
        if slot != wanted:
            yield f"slot of {address} in {place}: {slot} instead of {wanted}"
    for index, count in missing.items():
        others = memory[index * SLOT.size + 6]
        if others not in (count, OTHERS_MAX):
            yield (f"slot {index} in {place}: {others} stations without a slot "
                   f"instead of {count}")
