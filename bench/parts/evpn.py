# SPDX-License-Identifier: BSD-2-Clause
"""The same station, streams and moves in our network and in two networks of FRR's EVPN-VXLAN with
an anycast gateway (see frr.py): full mesh and route reflector. The three run side by side, and each
has its turn in every round.
"""
import contextlib

import frr
from parts.handover import AT_ONCE, RoamerWorld, add_gaps, medians
from results import make_row, ratio_at_most

NAMES = ("handover_vs_evpn",)
MOVES, QUICK_MOVES = 21, 6
INTERVAL = "400-600"  # ms between moves, long enough for the slowest of the three
AROUND_NS = 50_000_000
KINDS = {"mesh": "FRR EVPN, full mesh", "reflector": "FRR EVPN, route reflector"}
TIMES_SHORTER = 50


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
                world = worlds[kind]
                moves, up, down = world.roam(MOVES if rounds > 1 else QUICK_MOVES,
                                             more=("-i", INTERVAL, *AT_ONCE))
                add_gaps(gaps[kind], moves, {"up": up, "down": down}, world.legs[0], AROUND_NS)
    rows = [row_of(way, gaps["tmip"][way], kind, gaps[kind][way])
            for way in ("down", "up") for kind in KINDS]
    return {"handover_vs_evpn": rows}


def row_of(way, ours, kind, theirs):
    note, goal = f"medians: ours {medians(ours)}; EVPN {medians(theirs)}", None
    if way == "down":
        goal = ratio_at_most(1 / TIMES_SHORTER)
    else:
        note += "; a leaf routes what its station sends by itself"
    return make_row(f"handover_vs_evpn_{way}link", "ms", flat(ours), (KINDS[kind], flat(theirs)),
                    goal, note)
