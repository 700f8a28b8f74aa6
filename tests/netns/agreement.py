# SPDX-License-Identifier: BSD-2-Clause
"""Do all who have a say agree on the stations of a world? The agents' records, the maps in the kernel, the tunnels between
the CNs and the register, compared with where the stations really are. Also: small conversations between two places.
"""
import json
import os
import socket

from world import WorldError, run, wait_for

STATES = {"home": 1, "next_door": 2, "away": 3, "visiting": 4, "elsewhere": 5, "blocked": 6}


def pins(cn):
    return f"{cn.directives['bpf_dir']}/{cn.world.network}"


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def ipv4(value):
    return ".".join(str(number(byte)) for byte in value["v4"])


def mac(value):
    return ":".join(f"{number(byte):02x}" for byte in value["octet"])


def dump(cn, name):
    """A pinned map as bpftool prints it, with the names of its fields."""
    entries = json.loads(run("bpftool", "-j", "map", "dump", "pinned", f"{pins(cn)}/{name}").stdout)
    return [entry.get("formatted", entry) for entry in entries]


def kernel_stations(cn):
    return {ipv4(entry["key"]): entry["value"] for entry in dump(cn, "tmip_station")}


def kernel_peers(cn):
    return {ipv4(entry["key"]): entry["value"] for entry in dump(cn, "tmip_peer")}


def parent_of(world, address):
    """The cell that an address belongs to, by the world's numbering."""
    _, cn, cell, _ = address.split(".")
    return world.cn(int(cn)).cells[int(cell)]


def expected_state(cn, home, cell):
    if cell.cn is cn:
        return "home" if cell is home else "next_door" if home.cn is cn else "visiting"
    return "away" if home.cn is cn else "elsewhere"


def demand(condition, *said):
    if not condition:
        raise WorldError(" ".join(str(part) for part in said))


def check_station(cn, station, address, kernel):
    home, record, entry = parent_of(cn.world, address), cn.station(address), kernel.get(address)
    state = expected_state(cn, home, station.cell)
    ifindex = cn.ifindex(station.cell.device) if station.cell.cn is cn else 0
    demand(record, cn.place, "does not know", address)
    demand(not record["pending"], cn.place, address, "is pending:", record)
    told = {name: record[name] for name in ("mac", "state", "cell", "parent", "current")}
    demand(told == {"mac": station.mac, "state": state, "cell": station.cell.device if ifindex else "", "parent": home.cn.place,
                    "current": station.cell.cn.place}, cn.place, "says", record, "where it should say", state)
    demand(entry, cn.place, "has no map entry of", address)
    found = (mac(entry["mac"]), number(entry["state"]), number(entry["ifindex"]), ipv4(entry["parent"]), ipv4(entry["current"]))
    demand(found == (station.mac, STATES[state], ifindex, home.cn.address, station.cell.cn.address), cn.place, "map entry", entry)
    demand((number(entry["epoch"]), number(entry["seq"])) == (record["epoch"], record["seq"]), cn.place, "map entry is older:", entry, record)
    return record["epoch"], record["seq"]


def check_tunnels(cn, stations):
    told, kernel = {peer["name"]: peer for peer in cn.control("peers")}, kernel_peers(cn)
    demand(set(told) == {other.place for other in cn.world.cns if other is not cn}, cn.place, "knows the CNs", sorted(told))
    for other in cn.world.cns:
        if other is cn:
            continue
        ends = [{parent_of(cn.world, address).cn, station.cell.cn} for station, address in stations]
        need, peer, entry = ends.count({cn, other}), told[other.place], kernel[other.address]
        demand((peer["stations"], peer["type"]) == (need, "4IN4" if need else "idle"), cn.place, "tunnel:", peer, "needed by", need)
        demand((number(entry["stations"]), number(entry["tunnel"])) == (need, int(need > 0)), cn.place, "map entry of", other.place, entry)


def register_stations(world):
    """What the register says, by address; None if this one cannot be asked."""
    done = world.mlr.run(world.mlr.binary, "stations", "-f", world.mlr.config, "--json", check=False)
    return {record["address"]: record for record in json.loads(done.stdout)} if done.returncode == 0 else None


def check_register(world, stations, versions):
    records = register_stations(world)
    if records is None:
        return
    bound = {address: record for address, record in records.items() if record["state"] == "bound"}
    demand(set(bound) == {address for _, address in stations}, "the register has", bound)
    for station, address in stations:
        record = bound[address]
        demand((record["mac"], record["parent"], record["current"]) ==
               (station.mac, parent_of(world, address).cn.place, station.cell.cn.place), "the register has", record)
        demand(versions[address] == {(record["epoch"], record["seq"])}, "versions", record, versions[address])


def check_all(world, stations, register=True):
    """stations: (Station, address) of all that are registered. A WorldError says what differs."""
    addresses, versions = {address for _, address in stations}, {address: set() for _, address in stations}
    for cn in world.cns:
        kernel = kernel_stations(cn)
        demand(set(kernel) == addresses, cn.place, "has map entries of", sorted(kernel), "not", sorted(addresses))
        told = {record["address"] for record in cn.control("stations")}
        demand(told == addresses, cn.place, "knows", sorted(told), "not", sorted(addresses))
        for station, address in stations:
            versions[address].add(check_station(cn, station, address, kernel))
        check_tunnels(cn, stations)
    for address, found in versions.items():
        demand(len(found) == 1, "the CNs have different versions of", address, found)
    if register:
        check_register(world, stations, versions)


def agree(world, *stations, seconds=8, register=True):
    """Waits until all agree on exactly these stations: each a Station with one address, or (Station, address)."""
    pairs = [one if isinstance(one, tuple) else (one, one.address()) for one in stations]

    def fine():
        check_all(world, pairs, register)
        return True

    wait_for(fine, "all to agree on the stations", seconds, every=0.05)


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
        port.bind(("wlan0", 0))
        port.send(b"\xff" * 6 + bytes.fromhex(station.mac.replace(":", "")) + bytes.fromhex("00060001af810100"))


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
            calling.settimeout(10)
            calling.connect((address, port))
            door.settimeout(10)
            called, self.seen_as = door.accept()
        called.settimeout(10)
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
