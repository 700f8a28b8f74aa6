# SPDX-License-Identifier: BSD-2-Clause
"""A thousand stations roam at random over eight CNs for ten minutes, with ping-pong and conflicting claims: how many
differences are there between where they are and what every CN, the register and the kernel's maps say, when all is quiet?
See tests/world/checker.py for what is compared, bench/tools/crowd.c for what the stations do. Runs only when it is named;
BENCH_SOAK_SECONDS is another length.
"""
import os
import sys
import time

from results import Goal, make_row
from world.crowd import CrowdWorld

NAMES = ("soak",)
ON_REQUEST = True
CNS, STATIONS, RATE = 8, 1000, 200
SECONDS = float(os.environ.get("BENCH_SOAK_SECONDS", "600"))
REST = 60  # the kernel may hold a neighbour for confirmed so long that it learned before the register had decided
NONE = Goal("none", lambda row: row["max"] == 0)


def settle(world):
    """(differences that stay, seconds until there were none, how many each comparison found)"""
    started, found = time.monotonic(), []
    while True:
        lines = world.differences()
        seconds = time.monotonic() - started
        found.append(len(lines))
        if not lines or seconds > REST:
            return lines, seconds, found
        time.sleep(0.2)


def measure(_names, _rounds):
    with CrowdWorld(cns=CNS) as world:
        world.start()
        summary = world.roam(STATIONS, SECONDS, RATE)
        lines, seconds, found = settle(world)
        handovers = [cn.control("status")["handovers"] for cn in world.cns]
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    total = {name: sum(cn[name] for cn in handovers) for name in handovers[0]}
    enough = Goal(f">= {0.9 * RATE:g}", lambda row: row["median"] >= 0.9 * RATE)
    rate = make_row("soak_handovers", "1/s", [total["completed"] / SECONDS], None, enough,
                    "completed at the new CN; " + ", ".join(f"{name} {total[name]}" for name in sorted(total)))
    told = ", ".join(f"{name} {number}" for name, number in summary.items())
    return {"soak": [
        make_row("soak_differences", "", [len(lines)], None, NONE, f"{STATIONS} stations, {CNS} CNs, {SECONDS:g} s; {told}"),
        make_row("soak_unreachable", "", [summary["not_joined"] + summary["not_answered"]], None, NONE,
                 "stations without an answer in their cell"),
        make_row("soak_stolen", "", [summary["stolen"]], None, NONE, "packets that came to another MAC with the same address"),
        make_row("soak_settled", "s", [seconds], None, None,
                 f"from the last answer to the end of the last comparison; differences found by each: {' '.join(map(str, found))}"),
        rate]}
