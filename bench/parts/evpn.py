# SPDX-License-Identifier: BSD-2-Clause
"""The same station, the same streams and the same moves in our network and in two of FRR's EVPN-VXLAN with an anycast gateway
(see frr.py): full mesh and route reflector. The three stand side by side, and each has its turn in every round.
"""
import contextlib

import frr
from parts.handover import AT_ONCE, Direction, RoamerWorld, kind_of, medians
from results import make_row, ratio_at_most

NAMES = ("handover_vs_evpn",)
MOVES, QUICK_MOVES = 21, 6
INTERVAL = "400-600"  # for the slowest of the three
AROUND_NS = 50_000_000
KINDS = {"mesh": "FRR EVPN, full mesh", "reflector": "FRR EVPN, route reflector"}
TIMES_SHORTER = 50


def gaps_of(world, count):
    """{way: {kind of move: [ms, ...]}} of one run."""
    moves, up, down = world.roam(count, more=("-i", INTERVAL, *AT_ONCE))
    found = {"up": {}, "down": {}}
    for way, packets in (("up", up), ("down", down)):
        direction = Direction(packets)
        for move in moves:
            gap = direction.interruption(move["time_ns"], AROUND_NS)
            found[way].setdefault(kind_of(move, world.legs[0]), []).append(gap)
    return found


def add(all_of_them, more):
    for way, kinds in more.items():
        for kind, gaps in kinds.items():
            all_of_them[way].setdefault(kind, []).extend(gaps)


def flat(kinds):
    return [gap for gaps in kinds.values() for gap in gaps]


def measure(names, rounds):
    frr.install()
    gaps = {kind: {"up": {}, "down": {}} for kind in ("tmip", *KINDS)}
    with contextlib.ExitStack() as stack:
        worlds = {"tmip": stack.enter_context(RoamerWorld()),
                  **{kind: stack.enter_context(frr.EvpnWorld(kind)) for kind in KINDS}}
        for world in worlds.values():
            world.start()
        order = list(worlds)
        for turn in range(rounds):
            for kind in order[turn % len(order):] + order[:turn % len(order)]:
                add(gaps[kind], gaps_of(worlds[kind], MOVES if rounds > 1 else QUICK_MOVES))
    rows = []
    for way in ("down", "up"):
        for kind, reference in KINDS.items():
            rows.append(make_row(
                f"handover_vs_evpn_{way}link", "ms", flat(gaps["tmip"][way]), (reference, flat(gaps[kind][way])),
                ratio_at_most(1 / TIMES_SHORTER) if way == "down" else None,
                f"medians: ours {medians(gaps['tmip'][way])}; EVPN {medians(gaps[kind][way])}"
                + ("" if way == "down" else "; a leaf routes what its station sends by itself")))
    return {"handover_vs_evpn": rows}
