# SPDX-License-Identifier: BSD-2-Clause
"""Do all parts of a world agree on its stations? The checker compares with the true cells of the
stations: the agents' records, the maps in the kernel, the tunnels between the CNs, the register and
its database. With an earlier snapshot it compares: routes, neighbours, and the maps that no station
changes.

A truth is {address: (mac, Cell)} of all stations that are registered. The checker reads each source
once for all stations, so that a thousand of them take no longer than one.
"""
import json
import os
import sqlite3

from .slots import compare_slots
from .system import WorldError, run, wait_for

STATES = {"home": 1, "next_door": 2, "away": 3, "visiting": 4, "elsewhere": 5, "blocked": 6}
BOUND = 3  # of enum record_state, as in the database
CONSTANT_MAPS = ("tmip_cell", "tmip_subnet", "tmip_config")
SHOWN = 12


# ---- reading

def pins(cn):
    return f"{cn.directives['bpf_dir']}/{cn.world.network.replace('.', ':')}"


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def ipv4(value):
    return ".".join(str(number(byte)) for byte in value["v4"])


def mac(value):
    return ":".join(f"{number(byte):02x}" for byte in value["octet"])


def dump(cn, name):
    """The entries of a pinned map as bpftool prints them, with the names of their fields."""
    path = f"{pins(cn)}/{name}"
    entries = json.loads(run("bpftool", "-j", "map", "dump", "pinned", path).stdout)
    return [entry.get("formatted", entry) for entry in entries]


def kernel_stations(cn):
    return {ipv4(entry["key"]): entry["value"] for entry in dump(cn, "tmip_station")}


def kernel_peers(cn):
    return {ipv4(entry["key"]): entry["value"] for entry in dump(cn, "tmip_peer")}


def register_stations(world):
    """The register's records of bound stations, by address."""
    mlr = world.mlr
    printed = mlr.run(mlr.binary, "stations", "-f", mlr.config, "--json").stdout
    return {record["address"]: record for record in json.loads(printed)
            if record["state"] == "bound"}


def database_stations(world):
    """The bound stations in the register's database:
    {address: (mac, parent, current, (epoch, seq))}.
    """
    folder = world.mlr.directives["state_dir"]
    name = next(name for name in sorted(os.listdir(folder)) if name.endswith(".db"))
    path = os.path.join(folder, name)
    query = "SELECT addr, mac, parent, current, epoch, seq FROM station WHERE state = ?"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        names = dict(connection.execute("SELECT id, name FROM cn"))
        return {row[0]: (row[1], names.get(row[2]), names.get(row[3]), tuple(row[4:]))
                for row in connection.execute(query, (BOUND,))}
    finally:
        connection.close()


# ---- what the truth demands

def parent_of(world, address):
    """The cell that an address belongs to, by the world's numbering."""
    _, cn, cell, _ = address.split(".")
    return world.cn(int(cn)).cells[int(cell)]


def expected_state(cn, home, cell):
    if cell.cn is cn:
        return "home" if cell is home else "next_door" if home.cn is cn else "visiting"
    return "away" if home.cn is cn else "elsewhere"


# ---- comparing: each function yields one line for each difference

def compare_sets(what, found, wanted):
    more, fewer = sorted(set(found) - set(wanted)), sorted(set(wanted) - set(found))
    if more:
        yield f"{what}: {len(more)} too many: {' '.join(more[:SHOWN])}"
    if fewer:
        yield f"{what}: {len(fewer)} missing: {' '.join(fewer[:SHOWN])}"


def compare_agent(cn, truth, records):
    yield from compare_sets(f"{cn.place} knows stations", records, truth)
    for address, (owner, cell) in truth.items():
        record, home = records.get(address), parent_of(cn.world, address)
        if not record:
            continue
        wanted = {"mac": owner, "state": expected_state(cn, home, cell),
                  "cell": cell.device if cell.cn is cn else "",
                  "parent": home.cn.place, "current": cell.cn.place, "pending": False}
        found = {name: record[name] for name in wanted}
        if found != wanted:
            yield f"{cn.place} says of {address}: {differing(found, wanted)}"


def compare_kernel(cn, truth, records, ifindexes):
    kernel = kernel_stations(cn)
    yield from compare_sets(f"{cn.place} has map entries", kernel, truth)
    for address, (owner, cell) in truth.items():
        entry, record = kernel.get(address), records.get(address)
        home = parent_of(cn.world, address)
        if not entry:
            continue
        found = {name: number(entry[name]) for name in ("state", "ifindex", "home_ifindex")}
        found.update(mac=mac(entry["mac"]), parent=ipv4(entry["parent"]),
                     current=ipv4(entry["current"]))
        wanted = {"mac": owner, "state": STATES[expected_state(cn, home, cell)],
                  "ifindex": ifindexes[cell.device] if cell.cn is cn else 0,
                  "home_ifindex": ifindexes[home.device] if home.cn is cn else 0,
                  "parent": home.cn.address, "current": cell.cn.address}
        if record:
            found["version"] = number(entry["epoch"]), number(entry["seq"])
            wanted["version"] = record["epoch"], record["seq"]
        if found != wanted:
            yield f"map entry of {address} in {cn.place}: {differing(found, wanted)}"


def differing(found, wanted):
    return ", ".join(f"{name} {found[name]!r} instead of {wanted[name]!r}"
                     for name in wanted if found[name] != wanted[name])


def compare_tunnels(cn, truth):
    peers, kernel = {peer["name"]: peer for peer in cn.control("peers")}, kernel_peers(cn)
    others = {other.place: other for other in cn.world.cns if other is not cn}
    addresses = {other.address for other in others.values()}
    yield from compare_sets(f"{cn.place} knows CNs", peers, others)
    yield from compare_sets(f"{cn.place} has map entries of CNs", kernel, addresses)
    ends = [{parent_of(cn.world, address).cn, cell.cn} for address, (_, cell) in truth.items()]
    for name, other in others.items():
        need, peer, entry = ends.count({cn, other}), peers.get(name), kernel.get(other.address)
        if peer and (peer["stations"], peer["type"]) != (need, "4IN4" if need else "idle"):
            yield (f"{cn.place}'s tunnel to {name}: {peer['type']}, "
                   f"of {peer['stations']} stations, {need} need it")
        if entry and (number(entry["stations"]), number(entry["tunnel"])) != (need, int(need > 0)):
            yield (f"map entry of {name} in {cn.place}: tunnel {entry['tunnel']}, "
                   f"of {entry['stations']} stations, {need} need it")


def compare_register(world, truth, versions):
    records, rows = register_stations(world), database_stations(world)
    yield from compare_sets("the register knows stations", records, truth)
    yield from compare_sets("the database has stations", rows, truth)
    for address in sorted(set(records) - set(truth))[:SHOWN]:
        same = [one for one, (owner, _) in truth.items() if owner == records[address]["mac"]]
        yield f"the register has {records[address]}; truly this MAC has {same or 'no address'}"
    for address, (owner, cell) in truth.items():
        wanted = owner, parent_of(world, address).cn.place, cell.cn.place
        record, row = records.get(address), rows.get(address)
        if record and (record["mac"], record["parent"], record["current"]) != wanted:
            yield f"the register says of {address}: {record} instead of {wanted}"
        if row and row[:3] != wanted:
            yield f"the database says of {address}: {row[:3]} instead of {wanted}"
        if record and row and row[3] != (record["epoch"], record["seq"]):
            yield (f"the database has {address} in version {row[3]}, "
                   f"the register in {record['epoch']}.{record['seq']}")
        if record and versions[address] - {(record["epoch"], record["seq"])}:
            yield (f"versions of {address}: {versions[address]} at the CNs, "
                   f"{record['epoch']}.{record['seq']} in the register")


def compare_versions(versions):
    for address, found in versions.items():
        if len(found) > 1:
            yield f"the CNs have {address} in different versions: {sorted(found)}"


# ---- state that no station may change

def routes(cn):
    return sorted(cn.run("ip", "-4", "route", "show", "table", "all").stdout.splitlines())


def fixed_neighbours(cn):
    """The neighbour entries that a program or a person has made. Those that the kernel learns come
    and go.
    """
    permanent = cn.run("ip", "-4", "neigh", "show", "nud", "permanent").stdout
    proxy = cn.run("ip", "-4", "neigh", "show", "proxy").stdout
    return sorted((permanent + proxy).splitlines())


def snapshot(world):
    """{what: lines}, for a later comparison."""
    found = {}
    for cn in world.cns:
        links = json.loads(cn.run("ip", "-j", "link").stdout)
        found[f"routes of {cn.place}"] = routes(cn)
        found[f"fixed neighbours of {cn.place}"] = fixed_neighbours(cn)
        found[f"rules of {cn.place}"] = cn.run("ip", "-4", "rule").stdout.splitlines()
        found[f"devices of {cn.place}"] = sorted(link["ifname"] for link in links)
        for name in CONSTANT_MAPS:
            entries = [json.dumps(entry, sort_keys=True) for entry in dump(cn, name)]
            found[f"map {name} of {cn.place}"] = sorted(entries)
    return found


def compare_snapshot(world, before):
    after = snapshot(world)
    for what, lines in before.items():
        yield from compare_sets(what, after[what], lines)


def compare_neighbours(cn, truth):
    """Compares the neighbour entries that the kernel regards as confirmed. Older ones, which the
    kernel itself no longer trusts, may be wrong.
    """
    entries = cn.run("ip", "-j", "-4", "neigh", "show", "nud", "reachable").stdout or "[]"
    for entry in json.loads(entries):
        owner = truth.get(entry["dst"])
        if owner and entry.get("lladdr") not in (None, owner[0]):
            yield (f"neighbour {entry['dst']} of {cn.place} has MAC {entry['lladdr']}, "
                   f"the station's is {owner[0]}")


# ---- everything

def differences(world, truth, before=None, register=True):
    """One line for each difference from the truth and, with `before`, from that snapshot."""
    lines, versions = [], {address: set() for address in truth}
    for cn in world.cns:
        records = {record["address"]: record for record in cn.control("stations")}
        ifindexes = {cell.device: cn.ifindex(cell.device) for cell in cn.cells}
        for address in truth:
            if address in records:
                versions[address].add((records[address]["epoch"], records[address]["seq"]))
        lines += compare_agent(cn, truth, records)
        lines += compare_kernel(cn, truth, records, ifindexes)
        lines += compare_tunnels(cn, truth)
        lines += compare_neighbours(cn, truth)
        lines += compare_slots(cn.place, f"{pins(cn)}/tmip_slot", kernel_stations(cn))
    lines += compare_versions(versions)
    if register:  # its differences explain most of the others, so they come first
        lines = [*compare_register(world, truth, versions), *lines]
    if before:
        lines += compare_snapshot(world, before)
    return lines


def demand_agreement(world, truth, before=None, register=True):
    lines = differences(world, truth, before, register)
    if lines:
        more = f"\n... and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        raise WorldError("not all agree on the stations:\n" + "\n".join(lines[:SHOWN]) + more)
    return True


def wait_agreement(world, truth, before=None, register=True, seconds=8):
    wait_for(lambda: demand_agreement(world, truth, before, register),
             "all to agree on the stations", seconds, every=0.05)
