# SPDX-License-Identifier: BSD-2-Clause
"""The includes by folders and by modules, and the circles in them."""
from collections import Counter

from graph import find_circles, make_graph, shortest_circle
from rooms import Rooms, module_of


class Structure:
    """`between`: {(folder, folder): includes}. Circles are lists of folders or of modules; those of
    modules lie in one folder (`within`) or span several (`across`)."""

    def __init__(self, sources):
        self.sources = sources
        self.rooms = Rooms(sources.lines)
        pairs = map(self.folders_of, sources.inside())
        self.between = Counter(pair for pair in pairs if pair[0] != pair[1])
        self.folders = make_graph(self.rooms.folders, self.between)
        self.modules = make_graph(self.rooms.modules, map(self.modules_of, sources.inside()))
        self.folder_circles = find_circles(self.folders)
        self.within = find_circles({module: self.neighbours(module) for module in self.modules})
        self.across = [circle for circle in find_circles(self.modules)
                       if len(set(map(self.rooms.folder_of, circle))) > 1]

    def folders_of(self, include):
        return self.rooms.folder_of(include.path), self.rooms.folder_of(include.target)

    @staticmethod
    def modules_of(include):
        return module_of(include.path), module_of(include.target)

    def neighbours(self, module):
        """The modules of the same folder that it includes."""
        folder = self.rooms.folder_of(module)
        return {other for other in self.modules[module] if self.rooms.folder_of(other) == folder}


def way_round(what, circle, graph, sources, ends_of):
    """An error: the members, and one way round, with the first include that makes each step."""
    way, steps = shortest_circle(graph, circle), []
    for step in zip(way, [*way[1:], way[0]]):
        include = next(one for one in sources.inside() if ends_of(one) == step)
        steps.append(f"{include.place}: {step[0]} includes {step[1]} ({include.name})")
    head = f"{steps[0].split(': ')[0]}: {len(circle)} {what} in a circle: {' '.join(circle)}"
    return "\n    ".join([head, *steps])


def folder_errors(structure):
    """An error for each circle of folders."""
    return [way_round("folders", circle, structure.folders, structure.sources, structure.folders_of)
            for circle in structure.folder_circles]


def module_errors(structure):
    """An error for each circle of modules inside a folder."""
    return [way_round("modules", circle, structure.modules, structure.sources, structure.modules_of)
            for circle in structure.within]
