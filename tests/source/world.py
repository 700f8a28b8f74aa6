# SPDX-License-Identifier: BSD-2-Clause
"""One world in the picture: a frame with its rooms in rows, and the includes between them."""
import math
from collections import Counter

from layers import Layout, Pass
from rooms import world_of

KINDS = {"user/agent": "agent", "user/mlrd": "mlrd", "user/io": "io", "user/core": "core"}
SHORT = {"user/agent": "agent", "user/mlrd": "mlrd", "user/io": "io", "user/core": "core",
         "bpf": "bpf", "include/tmip": "tmip", "vmlinux": "vmlinux"}
TITLES = {"user/agent": "user/agent: tmip-agent", "user/mlrd": "user/mlrd: mlrd",
          "user/io": "user/io: system calls", "user/core": "user/core: pure",
          "bpf": "bpf: kernel programs", "include/tmip": "include/tmip: contract",
          "vmlinux": "vmlinux: kernel types"}
BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 168, 66, 14
PADDING, TITLE, BETWEEN = 16, 30, 54
WORDS = 3  # in a line of a box


def thickness(count):
    return 1 + math.log2(count) * 0.6


def bend(start, end):
    """A curve that leaves and arrives vertically."""
    middle = (start[1] + end[1]) / 2
    return f"C{start[0]:.1f} {middle:.1f} {end[0]:.1f} {middle:.1f} {end[0]:.1f} {end[1]:.1f}"


def on_bend(start, end, share):
    """A point of that curve."""
    return (start[0] + (end[0] - start[0]) * (3 * share ** 2 - 2 * share ** 3),
            start[1] + (end[1] - start[1]) * share)


class World:
    """`width` and `height` are what the rooms need; place() says where the frame is."""

    def __init__(self, name, structure):
        self.name, self.structure = name, structure
        self.rooms = [room for room in structure.rooms.folders if world_of(f"{room}/") == name]
        self.edges = {pair: count for pair, count in structure.between.items()
                      if set(pair) <= set(self.rooms)}
        self.layout = Layout(self.rooms, self.edges, BOX_WIDTH + BOX_GAP, f"{name}/.")
        self.width = max(self.layout.width, 8 * len(TITLES[name])) + 2 * PADDING
        rows = len(self.layout.rows)
        self.height = TITLE + PADDING + rows * BOX_HEIGHT + max(rows - 1, 0) * BETWEEN

    def place(self, left, right, bottom):
        self.left, self.right, self.bottom, self.top = left, right, bottom, bottom - self.height
        self.shift = left + (right - left - self.layout.width) / 2
        self.y = {node: self.top + TITLE + number * (BOX_HEIGHT + BETWEEN)
                  for number, row in enumerate(self.layout.rows) for node in row}

    def centre(self, node):
        return self.shift + self.layout.x[node]

    def in_circle(self, *rooms):
        return any(set(rooms) <= set(circle) for circle in self.structure.folder_circles)

    def kind(self, pair):
        """The composition root includes all that it starts, which says little about the rooms."""
        if self.in_circle(*pair):
            return "red"
        return "root" if pair[0].endswith("/.") else "strong"

    def draw(self, svg):
        svg.rect(self.left, self.top, self.right - self.left, self.height,
                 KINDS.get(self.name, "kernel"), 9)
        svg.text(self.left + 12, self.top + 18, TITLES[self.name], "world")
        for kind in ("root", "strong", "red"):
            for pair in self.layout.routes:
                if self.kind(pair) == kind:
                    self._draw_route(svg, pair)
        for room in self.rooms:
            self._draw_room(svg, room)
        for pair in self.layout.routes:
            self._draw_count(svg, pair)

    def _draw_room(self, svg, room):
        x, y = self.centre(room) - BOX_WIDTH / 2, self.y[room]
        name = room.removeprefix("user/").removeprefix(f"{SHORT[self.name]}/")
        svg.rect(x, y, BOX_WIDTH, BOX_HEIGHT, "box circle" if self.in_circle(room) else "box")
        svg.text(x + 9, y + 17, "composition root" if name == "." else name, "room")
        notes = [self._size(room), *self._outside(room, "→", 0), *self._outside(room, "←", 1)]
        for number, note in enumerate(notes):
            svg.text(x + 9, y + 31 + 13.5 * number, note, "note")

    def _size(self, room):
        rooms = self.structure.rooms
        lines = sum(len(self.structure.sources.lines[path]) for path in rooms.paths_in(room))
        modules = len(rooms.modules_in(room))
        return f"{modules} module{'s' * (modules != 1)}, {lines} lines"

    def _outside(self, room, arrow, end):
        """Lines of text: the includes of which the room is this end, by the world at the other."""
        counts = Counter()
        for pair, count in self.structure.between.items():
            if pair[end] == room and pair[1 - end] not in self.rooms:
                counts[world_of(f"{pair[1 - end]}/")] += count
        words = [f"{short} {counts[name]}" for name, short in SHORT.items() if name in counts]
        return [f"{arrow} {' · '.join(words[number:number + WORDS])}"
                for number in range(0, len(words), WORDS)]

    def _port(self, node, other, side):
        """Where the line to a neighbour above or below leaves the box: in the order of these."""
        y = self.y[node] + (BOX_HEIGHT if side == "below" else 0)
        if isinstance(node, Pass):
            return self.centre(node), y
        others = sorted(getattr(self.layout, side)[node], key=self.centre)
        share = (others.index(other) + 1) / (len(others) + 1)
        return self.centre(node) + (share - 0.5) * (BOX_WIDTH - 16), y

    def _steps(self, pair):
        """The route from row to row: pairs of points."""
        route = self.layout.routes[pair]
        return [(self._port(upper, lower, "below"), self._port(lower, upper, "above"))
                for upper, lower in zip(route, route[1:])]

    def _counts(self, pair):
        """The numbers of includes down and up."""
        return self.edges.get(pair, 0), self.edges.get(pair[::-1], 0)

    def _draw_route(self, svg, pair):
        path, letter = "", "M"
        for start, end in self._steps(pair):
            path += f"{letter}{start[0]:.1f} {start[1]:.1f}{bend(start, end)}"
            letter = "L"
        down, up = self._counts(pair)
        ways = [(*pair, down), (*pair[::-1], up)]
        hint = ", ".join(f"{start} includes {end}: {count}" for start, end, count in ways if count)
        svg.path(path, self.kind(pair), thickness(down + up), hint,
                 ["start"] * (up > 0) + ["end"] * (down > 0))

    def _draw_count(self, svg, pair):
        """Near that end of the line which has fewer others."""
        steps, (down, up) = self._steps(pair), self._counts(pair)
        at_start = len(self.layout.below[pair[0]]) <= len(self.layout.above[pair[1]])
        x, y = on_bend(*steps[0], 0.35) if at_start else on_bend(*steps[-1], 0.65)
        if down + up > 1:
            text = f"{down}↓ {up}↑" if down and up else str(down or up)
            svg.text(x, y + 4, text, f"count {self.kind(pair)}", "middle")
