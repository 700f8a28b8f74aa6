# SPDX-License-Identifier: BSD-2-Clause
"""What the tunnel benchmarks have in common: the three kinds of path side by side, their samples taken in turn, the rows."""
import contextlib
import json

from path import KINDS, Path
from results import make_row
from world import WorldError

REFERENCES = {"plain": "plain kernel routing", "vxlan": "kernel VXLAN"}
OFFLOADS = {"": True, "_nooffload": False}


def measure_paths(name, unit, directions, sample, rounds, goal, note=""):
    """Rows of `name` for each of the directions ({suffix: argument of sample}), with and without the endpoints' offloads.

    sample(path, argument) is one sample. In each round every kind of path has its turn, and another one begins.
    """
    samples = {}
    with contextlib.ExitStack() as stack:
        paths = [stack.enter_context(Path(kind)).ready() for kind in KINDS]
        for offloads, on in OFFLOADS.items():
            for path in paths:
                path.set_offloads(on)
            for turn in range(rounds):
                for direction, argument in directions.items():
                    for path in paths[turn % len(paths):] + paths[:turn % len(paths)]:
                        value = sample(path, argument)
                        samples.setdefault((direction, offloads, path.kind), []).append(value)
    rows = []
    for direction in directions:
        for offloads in OFFLOADS:
            ours = samples[direction, offloads, "tmip"]
            for kind, reference in REFERENCES.items():
                rows.append(make_row(f"{name}{direction}{offloads}", unit, ours, (reference, samples[direction, offloads, kind]),
                                     goal if kind == "plain" else None, note))
    return rows


def json_of(text):
    """The last line that a tool printed."""
    try:
        return json.loads(text.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise WorldError(f"no result in {text!r}") from None
