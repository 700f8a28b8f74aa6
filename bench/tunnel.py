# SPDX-License-Identifier: BSD-2-Clause
"""What the tunnel benchmarks have in common: the three kinds of path side by side, their samples taken in turn, the rows."""
import contextlib
import json

from path import Path
from results import make_row
from world import WorldError

REFERENCES = {"plain": "plain routing", "vxlan": "kernel VXLAN"}
KINDS = ("tmip", *REFERENCES, "bare")
OFFLOADS = {"": True, "_nooffload": False}


class Tunnel:
    """A benchmark of the tunnel. sample(path, direction) is one sample: {suffix: value}; units: {suffix: unit} tells what
    they are, and the first of them has the goal. In each round every kind of path has `turns` samples, in changing order. The
    first kind is ours, the others are its references.
    """

    def __init__(self, name, units, directions, sample, goal, turns=1, note="", kinds=KINDS):
        self.kinds = kinds
        self.name, self.units, self.directions, self.sample = name, units, directions, sample
        self.goal, self.turns, self.note = goal, turns, note
        self.samples = {}

    def measure(self, rounds):
        """The rows, with and without the endpoints' offloads."""
        with contextlib.ExitStack() as stack:
            paths = [stack.enter_context(Path(kind)).ready() for kind in self.kinds]
            for turn in range(rounds * (self.turns if rounds > 1 else 1)):
                order = paths[turn % len(paths):] + paths[:turn % len(paths)]
                for offloads, on in OFFLOADS.items():
                    for path in paths:
                        path.set_offloads(on)
                    self.round(order, offloads)
        return self.rows()

    def round(self, paths, offloads):
        for direction in self.directions:
            for path in paths:
                for suffix, value in self.sample(path, direction).items():
                    self.samples.setdefault((direction, offloads, suffix, path.kind), []).append(value)

    def rows(self):
        rows = []
        first = next(iter(self.units))
        for suffix, unit in self.units.items():
            for direction in self.directions:
                for offloads in OFFLOADS:
                    for kind in filter(REFERENCES.get, self.kinds):
                        ours, theirs = (self.samples[direction, offloads, suffix, one] for one in (self.kinds[0], kind))
                        rows.append(make_row(f"{self.name}{direction}{suffix}{offloads}", unit, ours, (REFERENCES[kind], theirs),
                                             self.goal if kind == "plain" and suffix == first else None, self.note))
        return rows + self.best_rows()

    def best_rows(self):
        """What no router could do better on this path, against plain routing: CNs that only redirect."""
        return [make_row(f"{self.name}{direction}{suffix}{offloads}_best", unit, self.samples[direction, offloads, suffix, "bare"],
                         (REFERENCES["plain"], self.samples[direction, offloads, suffix, "plain"]), None, "CNs that only redirect, tools/bare.c")
                for suffix, unit in self.units.items() for direction in self.directions for offloads in OFFLOADS if "bare" in self.kinds]


def json_of(text):
    """The last line that a tool printed."""
    try:
        return json.loads(text.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise WorldError(f"no result in {text!r}") from None
