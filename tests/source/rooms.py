# SPDX-License-Identifier: BSD-2-Clause
"""Where a file belongs: to a module, which lies in a folder, which lies in a world.

A header and its .c file are one module, and NAME_internal.h belongs to NAME. A folder with C files
is a room; if it has rooms below it, its own files are a room called FOLDER/. (in user/agent: the
composition root).
"""
import os
import re

WORLDS = ("user/agent", "user/mlrd", "user/io", "user/core", "bpf", "include/tmip", "vmlinux")
ENDING = re.compile(r"(_internal)?(\.bpf)?\.[ch]$")


def world_of(path):
    """The world of a path, or None."""
    return next((world for world in WORLDS if path.startswith(world + "/")), None)


def module_of(path):
    return ENDING.sub("", path)


class Rooms:
    """The rooms of a tree, by the paths of its C files."""

    def __init__(self, paths):
        self.places = {os.path.dirname(path) for path in paths}
        self.paths = sorted(paths)
        self.folders = sorted({self.folder_of(path) for path in paths})
        self.modules = sorted({module_of(path) for path in paths})

    def folder_of(self, path):
        """The folder of a file or a module."""
        folder = os.path.dirname(path)
        has_rooms = any(other.startswith(folder + "/") for other in self.places)
        return f"{folder}/." if has_rooms else folder

    def modules_in(self, folder):
        return [module for module in self.modules if self.folder_of(module) == folder]

    def paths_in(self, folder):
        return [path for path in self.paths if self.folder_of(path) == folder]
