# SPDX-License-Identifier: BSD-2-Clause
"""The struct of everything: `struct agent`, which holds all parts of the running agent. It belongs
to the composition root: a room that sees its members can reach into every other room.
"""
import re
from collections import defaultdict

from rooms import module_of

DECLARED = re.compile(r"struct agent \{")
ROOT = "user/agent/."


def find_declaration(sources):
    """(path, line) of the header of user/agent that declares the struct; None if no header does."""
    for path, lines in sources.lines.items():
        if path.startswith("user/agent/") and path.endswith(".h"):
            for number, line in enumerate(lines, 1):
                if DECLARED.match(line):
                    return path, number
    return None


def who_includes(sources, header, through=False):
    """The modules that include the header, itself or `through` others; without the header's own."""
    includers = defaultdict(set)
    for include in sources.inside():
        includers[include.target].add(include.path)
    seen, waiting = set(), list(includers[header])
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += includers[path] if through else []
    return sorted({module_of(path) for path in seen} - {module_of(header)})


def state_errors(structure):
    """At most one error. If user/agent has no rooms, it has no composition root of its own."""
    declared = find_declaration(structure.sources)
    if not declared or ROOT not in structure.rooms.folders:
        return []
    path, line = declared
    outside = [module for module in who_includes(structure.sources, path, through=True)
               if structure.rooms.folder_of(module) != ROOT]
    return [f"{path}:{line}: struct agent is open to modules outside of {ROOT} ({len(outside)}): "
            f"{' '.join(outside)}"] if outside else []
