# SPDX-License-Identifier: BSD-2-Clause
"""The shared part of the tunnel benchmarks: the kinds of path side by side, their samples in turn,
and the rows.
"""
import contextlib
import itertools
import json

from path import Path
from results import make_row
from world import WorldError

REFERENCES = {"plain": "plain routing", "vxlan": "kernel VXLAN"}
KINDS = ("tmip", *REFERENCES, "bare")
OFFLOADS = {"": True, "_nooffload": False}


class Tunnel:
    """A benchmark of the tunnel. In each round every kind of path gives `turns` samples, and the
    order of the kinds changes.

    units    {suffix: unit}, where the goal is that of the first suffix
    sample   sample(path, direction) takes one sample: {suffix: value}
    kinds    the kinds of path: first ours, then its references
    """

    def __init__(self, name, units, directions, sample, goal, turns=1, note="", kinds=KINDS):
        self.kinds = kinds
        self.name, self.units, self.directions, self.sample = name, units, directions, sample
        self.goal, self.turns, self.note = goal, turns, note
        self.samples = {}

    def measure(self, rounds):
        """Takes the samples, with and without the endpoints' offloads. Returns the rows."""
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
                    key = direction, offloads, suffix, path.kind
                    self.samples.setdefault(key, []).append(value)

    def rows(self):
        cases = list(itertools.product(self.units, self.directions, OFFLOADS))
        references = [kind for kind in self.kinds if kind in REFERENCES]
        rows = [self.row(*case, kind) for case in cases for kind in references]
        if "bare" in self.kinds:
            rows += [self.best_row(*case) for case in cases]
        return rows

    def row(self, suffix, direction, offloads, kind):
        """Ours against one reference."""
        ours, theirs = (self.samples[direction, offloads, suffix, one]
                        for one in (self.kinds[0], kind))
        goal = self.goal if kind == "plain" and suffix == next(iter(self.units)) else None
        return make_row(f"{self.name}{direction}{suffix}{offloads}", self.units[suffix], ours,
                        (REFERENCES[kind], theirs), goal, self.note)

    def best_row(self, suffix, direction, offloads):
        """CNs that only redirect, against plain routing. No router can do better on this path."""
        best, plain = (self.samples[direction, offloads, suffix, one] for one in ("bare", "plain"))
        return make_row(f"{self.name}{direction}{suffix}{offloads}_best", self.units[suffix], best,
                        (REFERENCES["plain"], plain), None, "CNs that only redirect, tools/bare.c")


def json_of(text):
    """The JSON object in the last line that a tool printed."""
    try:
        return json.loads(text.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise WorldError(f"no result in {text!r}") from None
