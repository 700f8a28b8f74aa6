# SPDX-License-Identifier: BSD-2-Clause
"""Reads the C files of a tree, and finds what they include as the Makefile's compilers do."""
import os
import re
from dataclasses import dataclass

TOPS = ("user", "include", "bpf", "vmlinux")
SEARCH = {"user": ("include", "user"), "include": ("include",), "vmlinux": (),
          "bpf": ("include", "vmlinux", "bpf")}
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
BUILT = re.compile(r"[^/]+\.skel\.h")  # bpftool makes these below build/
BUILD = "build"


@dataclass(frozen=True)
class Include:
    """One line. `target`: a file of the tree, BUILD, or None (the system's header, or missing)."""
    path: str
    line: int
    name: str
    quoted: bool
    target: str | None

    @property
    def place(self):
        return f"{self.path}:{self.line}"


def find_sources(tree):
    """The paths of all .c and .h files, relative to the tree, sorted."""
    found = []
    for top in TOPS:
        for folder, _, names in os.walk(os.path.join(tree, top)):
            found += [os.path.relpath(os.path.join(folder, name), tree)
                      for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def read_lines(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def resolve(name, quoted, path, files):
    places = [os.path.dirname(path)] if quoted else []
    for place in [*places, *SEARCH[path.split("/")[0]]]:
        target = os.path.normpath(os.path.join(place, name))
        if target in files:
            return target
    return BUILD if quoted and BUILT.fullmatch(name) else None


class Sources:
    """`lines`: {path: lines of the file}; `includes`: every Include, by file and line."""

    def __init__(self, tree):
        self.lines = {path: read_lines(tree, path) for path in find_sources(tree)}
        self.includes = [include for path in self.lines for include in self._read(path)]

    def _read(self, path):
        for number, line in enumerate(self.lines[path], 1):
            match = INCLUDE.match(line)
            if match:
                quoted = match[1] is not None
                name = match[1] if quoted else match[2]
                yield Include(path, number, name, quoted,
                              resolve(name, quoted, path, self.lines))

    def inside(self):
        """The includes whose target is a file of the tree."""
        return [include for include in self.includes if include.target in self.lines]
