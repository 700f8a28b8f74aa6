# SPDX-License-Identifier: BSD-2-Clause
"""The time that the programs take for a packet, which they encapsulate and decapsulate again, in
test runs with many stations in the map; see bench/tools/prog_ns.c for the method. The figures do
not contain the time of the measurement itself, which is that of a null program.

The goal is 250 ns where a minimal tunnel with two plain hash look-ups takes 516. The goal for their
ratio holds on other machines, too.
"""
import json
import os

from results import at_most, ratio_at_most, shorten
from world import BUILD, run

SIZES = {"prog_ns_1": 1, "prog_ns_10k": 10_000, "prog_ns_1m": 1_000_000}
NAMES = tuple(SIZES)
TOOL = os.path.join(BUILD, "bench-tools", "prog_ns")
REFERENCES = {"null_ns": "null program", "least_ns": "encap, decap and two plain hash look-ups",
              "lookups_ns": "two plain hash look-ups alone"}
GOALS = {("prog_ns_1m", "null_ns"): at_most(250), ("prog_ns_1m", "least_ns"): ratio_at_most(0.48)}
NOTE = ("net of the null program, which goes the same way; a sample is the mean of 1000 trips over "
        "pseudo-random stations")


def row_of(name, found, kind, reference):
    median, goal = reference["median"], GOALS.get((name, kind))
    row = {"name": name, "unit": "ns", "n": found["n"],
           **{key: shorten(found[key]) for key in ("median", "p99", "min", "max")},
           "reference": {"name": REFERENCES[kind], "median": shorten(median)},
           "ratio": round(found["median"] / median, 3) if median else None,
           "goal": None, "reached": None, "note": NOTE}
    if goal:
        row["goal"], row["reached"] = goal.text, bool(goal.reached(row))
    return row


def measure(names, rounds):
    rows = {}
    for name in names:
        lines = map(json.loads, run(TOOL, SIZES[name], 40 * rounds).stdout.splitlines())
        found = {line["name"].rsplit("_", 1)[0]: line for line in lines}
        rows[name] = [row_of(name, found["prog_ns"], kind, found[kind]) for kind in REFERENCES]
    return rows
