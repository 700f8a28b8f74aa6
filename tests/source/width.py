# SPDX-License-Identifier: BSD-2-Clause
"""Lines that are longer than 100 columns, with tabs of 8, in all files that git tracks: except
kernel types, which a program makes, inputs of fuzzers, pictures, and recorded texts of programs. A
line may be longer if it holds a URL that is too long by itself.
"""
import os
import re
import shutil
import subprocess

LIMIT = 100
LEFT_OUT = re.compile(r"vmlinux/vmlinux\.h|tests/fuzz/seeds/.*|.*\.svg|"
                      r"tests/netns/interface/[^/]*\.txt")
URL = re.compile(r"https?://[^\s)>\"]+")
NOT_SOURCE = {"build", "__pycache__", ".pytest_cache", ".git"}


def walk(tree):
    for folder, below, files in os.walk(tree):
        below[:] = [name for name in below if name not in NOT_SOURCE]
        yield from (os.path.relpath(os.path.join(folder, name), tree) for name in files)


def list_files(tree):
    """What git tracks, as it is now; all files where the tree is no checkout, or git is missing."""
    if os.path.exists(os.path.join(tree, ".git")) and shutil.which("git"):
        command = ["git", "-C", tree, "-c", "safe.directory=*", "ls-files", "-z"]
        names = subprocess.check_output(command, text=True).split("\0")
    else:
        names = walk(tree)
    return sorted(name for name in names
                  if os.path.isfile(os.path.join(tree, name)) and not LEFT_OUT.fullmatch(name))


def columns(line):
    return len(line.expandtabs(8))


def is_exempt(line):
    return any(len(url) > LIMIT for url in URL.findall(line))


def measure(tree):
    """(columns, path, number) of each line that counts."""
    for path in list_files(tree):
        with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file.read().split("\n"), 1):
                if not is_exempt(line):
                    yield columns(line), path, number


class Width:
    """`longest`: (columns, path, number); `over`: such triples of the lines beyond the limit."""

    def __init__(self, tree):
        lines = list(measure(tree))
        self.longest = max(lines, default=(0, "", 0))
        self.over = [line for line in lines if line[0] > LIMIT]

    def errors(self):
        return [f"{path}:{number}: {width} columns" for width, path, number in self.over]
