# SPDX-License-Identifier: BSD-2-Clause
"""A thousand stations roam at random over eight CNs for ten minutes, with ping-pong and conflicting
claims. How many differences are there, when all is quiet, between their true places and the records
of every CN, of the register and of the kernel's maps?

tests/world/checker.py makes the comparison, bench/tools/crowd.c plays the stations. The part runs
only with --only. The variable BENCH_SOAK_SECONDS sets another length; with BENCH_SOAK_BAD_DAY=1
cells go down, lose their addresses and names, and agents are stopped (tests/world/bad_day.py).
"""
import os
import sys
import time

from results import Goal, make_row
from world.bad_day import BadDay
from world.crowd import CrowdWorld

NAMES = ("soak",)
ON_REQUEST = True
CNS, STATIONS, RATE = 8, 1000, 200
SECONDS = float(os.environ.get("BENCH_SOAK_SECONDS", "600"))
BAD_DAY = os.environ.get("BENCH_SOAK_BAD_DAY") == "1"
# Longer than the kernel may regard a neighbour entry as confirmed that it learned before the
# register's decision.
REST = 60
NONE = Goal("none", lambda row: row["max"] == 0)


def settle(world):
    """Compares until there are no differences, or until REST has passed. Returns the differences
    that stay, the seconds until there were none, and the number that each comparison found.
    """
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
        bad_day = BadDay(world.cns) if BAD_DAY else None
        summary = world.roam(STATIONS, SECONDS, RATE, bad_day=bad_day)
        lines, seconds, found = settle(world)
        handovers = [cn.control("status")["handovers"] for cn in world.cns]
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    total = {name: sum(cn[name] for cn in handovers) for name in handovers[0]}
    enough = Goal(f">= {0.9 * RATE:g}", lambda row: row["median"] >= 0.9 * RATE)
    counts = ", ".join(f"{name} {total[name]}" for name in sorted(total))
    crowd = ", ".join(f"{name} {number}" for name, number in summary.items())
    unreachable = summary["not_joined"] + summary["not_answered"]
    return {"soak": [
        make_row("soak_differences", "", [len(lines)], None, NONE,
                 f"{STATIONS} stations, {CNS} CNs, {SECONDS:g} s; {crowd}"),
        make_row("soak_unreachable", "", [unreachable], None, NONE,
                 "stations without an answer in their cell"),
        make_row("soak_stolen", "", [summary["stolen"]], None, NONE,
                 "packets that came to another MAC with the same address"),
        make_row("soak_settled", "s", [seconds], None, None,
                 "from the last answer to the end of the last comparison; "
                 f"differences found by each: {' '.join(map(str, found))}"),
        make_row("soak_handovers", "1/s", [total["completed"] / SECONDS], None, enough,
                 f"completed at the new CN; {counts}")]}
