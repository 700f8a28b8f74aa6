# SPDX-License-Identifier: BSD-2-Clause
"""The whole picture: the worlds, so that what is included lies below, and the includes from world
to world as one light line each. An include that is forbidden is a red line from room to room.

    agent       mlrd
      io                Lines that pass a world: on the left those from agent,
     core        bpf    on the right those from mlrd and io.
    tmip     vmlinux
"""
from collections import Counter

from rooms import WORLDS, world_of
from rules import MAY
from svg import Svg
from world import BOX_HEIGHT, World, thickness

MARGIN, HEAD, LANE, ROW_GAP, FRAME_GAP = 20, 92, 30, 52, 22
OVERLAP = 64  # of io's frame with mlrd's
KEY = (("strong", "inside a world", 96),
       ("light", "from world to world, or from the composition root", 290),
       ("red", "in a circle of folders, or forbidden", 0))
NUMBERS = ("Numbers are lines with #include (none: 1). "
           "In a room, → io 3: it includes headers of io in 3 lines; "
           "← io 3: io includes its headers in 3 lines")


class Picture:
    def __init__(self, structure):
        self.structure = structure
        self.worlds = {name: World(name, structure) for name in WORLDS}
        self.trunks, self.wrong = Counter(), Counter()
        for (start, end), count in structure.between.items():
            pair = world_of(f"{start}/"), world_of(f"{end}/")
            if None not in pair and pair[1] not in MAY[pair[0]]:
                self.wrong[start, end] += count
            elif None not in pair and pair[0] != pair[1]:
                self.trunks[pair] += count
        self._place_columns()
        self._place_rows()

    def _place_columns(self):
        """Sets the left and right end of each frame, and the x of each line between worlds."""
        width = {name: world.width for name, world in self.worlds.items()}
        core, io = MARGIN + LANE, MARGIN + 2 * LANE
        mlrd = max(MARGIN + width["user/agent"] + FRAME_GAP, io + width["user/io"] - OVERLAP,
                   core + width["user/core"] - OVERLAP - LANE)
        io_right, core_right = mlrd + OVERLAP, mlrd + OVERLAP + LANE
        bpf = core_right + 2 * LANE + 10
        right = bpf + max(width["bpf"], width["vmlinux"] + width["bpf"] / 2,
                          width["user/mlrd"] - bpf + mlrd)
        vmlinux = right - width["vmlinux"]
        self.right = right
        self.ends = {"user/agent": (MARGIN, mlrd - FRAME_GAP), "user/mlrd": (mlrd, right),
                     "user/io": (io, io_right), "user/core": (core, core_right),
                     "bpf": (bpf, right), "include/tmip": (MARGIN, vmlinux - FRAME_GAP),
                     "vmlinux": (vmlinux, right)}
        self.lanes = {("user/agent", "include/tmip"): MARGIN + LANE / 2,
                      ("user/agent", "user/core"): core + LANE / 2,
                      ("user/agent", "user/io"): (io + mlrd - FRAME_GAP) / 2,
                      ("user/mlrd", "user/io"): mlrd + OVERLAP / 2,
                      ("user/mlrd", "user/core"): io_right + LANE / 2,
                      ("user/mlrd", "include/tmip"): core_right + 1.5 * LANE,
                      ("user/io", "user/core"): (io + io_right) / 2,
                      ("user/io", "include/tmip"): core_right + LANE / 2,
                      ("user/core", "include/tmip"): (core + core_right) / 2,
                      ("bpf", "include/tmip"): (bpf + vmlinux - FRAME_GAP) / 2,
                      ("bpf", "vmlinux"): vmlinux + width["vmlinux"] / 2}

    def _place_rows(self):
        top = MARGIN + HEAD
        for row in (("user/agent", "user/mlrd"), ("user/io",), ("user/core", "bpf"),
                    ("include/tmip", "vmlinux")):
            bottom = top + max(self.worlds[name].height for name in row)
            for name in row:
                self.worlds[name].place(*self.ends[name], bottom)
            top = bottom + ROW_GAP
        self.bottom = bottom + MARGIN

    def texts(self):
        structure = self.structure
        inside, across = (sum(map(len, some)) for some in (structure.within, structure.across))
        return (f"Who includes whom: {len(structure.modules)} modules in {len(structure.folders)} "
                f"folders, {len(structure.between)} edges",
                f"{sum(structure.between.values())} includes from folder to folder; "
                f"{sum(map(len, structure.folder_circles))} folders in circles; "
                f"modules in circles: {inside} inside a folder, {across} across folders")

    def save(self, path):
        svg = Svg()
        title, more = self.texts()
        svg.text(MARGIN, MARGIN + 18, title, "title")
        svg.text(MARGIN, MARGIN + 40, more, "note")
        self._draw_key(svg, MARGIN + 60)
        for world in self.worlds.values():
            world.draw(svg)
        for pair, count in sorted(self.trunks.items()):
            self._draw_trunk(svg, pair, count)
        for pair, count in sorted(self.wrong.items()):
            self._draw_wrong(svg, pair, count)
        svg.save(path, self.right + MARGIN, self.bottom, title)

    @staticmethod
    def _draw_key(svg, y):
        x = MARGIN
        for kind, text, width in KEY:
            svg.path(f"M{x:.1f} {y - 4:.1f}h30", kind, 2, text)
            svg.text(x + 36, y, text, "note")
            x += 36 + width
        svg.text(MARGIN, y + 16, NUMBERS, "note")

    def _draw_trunk(self, svg, pair, count):
        """Straight down, or round the corner if the upper world is not above its lane."""
        upper, lower = (self.worlds[name] for name in pair)
        x, y = self.lanes[pair], upper.bottom
        path = f"M{x:.1f} {y:.1f}"
        if x > upper.right:
            y -= BOX_HEIGHT / 2
            path = f"M{upper.right:.1f} {y:.1f}H{x - 8:.1f}q8 0 8 8"
        svg.path(f"{path}V{lower.top - 1:.1f}", "light", 1.5 * thickness(count),
                 f"{pair[0]} includes {pair[1]}: {count}")
        svg.text(x, y + ROW_GAP / 2, str(count), "count light", "middle")

    def _draw_wrong(self, svg, pair, count):
        (x1, y1), (x2, y2) = (self._middle(room) for room in pair)
        svg.path(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", "red", 2,
                 f"{pair[0]} includes {pair[1]}: {count}")
        svg.text((x1 + x2) / 2, (y1 + y2) / 2, str(count), "count red", "middle")

    def _middle(self, room):
        world = self.worlds[world_of(f"{room}/")]
        return world.centre(room), world.y[room] + BOX_HEIGHT / 2
