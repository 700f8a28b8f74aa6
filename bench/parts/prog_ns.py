# SPDX-License-Identifier: BSD-2-Clause
"""What the programs cost for a packet, encapsulated and decapsulated again, in test runs with many stations in the map;
see bench/tools/prog_ns.c for the method. The cost of the measuring itself, the null program's, is taken off.
"""
import json
import os

from results import at_most, shorten
from world import BUILD, run

SIZES = {"prog_ns_1": 1, "prog_ns_10k": 10_000, "prog_ns_1m": 1_000_000}
NAMES = tuple(SIZES)
TOOL = os.path.join(BUILD, "bench-tools", "prog_ns")
GOALS = {"prog_ns_1m": at_most(250)}
NOTE = "net of the null program, which goes the same way; a sample is the mean of 1000 trips over pseudo-random stations"


def row_of(name, found, reference, goal=None):
    median = reference["median"]
    row = {"name": name, "unit": "ns", "n": found["n"], **{key: shorten(found[key]) for key in ("median", "p99", "min", "max")},
            "reference": {"name": reference["name"], "median": shorten(median)},
            "ratio": round(found["median"] / median, 3) if median else None, "goal": None, "reached": None, "note": NOTE}
    if goal:
        row["goal"], row["reached"] = goal.text, bool(goal.reached(row))
    return row


def measure(names, rounds):
    rows = {}
    for name in names:
        lines = run(TOOL, SIZES[name], 40 * rounds).stdout.splitlines()
        trip, lookups = (json.loads(line) for line in lines)
        rows[name] = [row_of(name, trip, trip["reference"], GOALS.get(name)),
                      row_of(name, trip, {"name": "two plain look-ups", "median": lookups["median"]})]
    return rows
