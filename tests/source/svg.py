# SPDX-License-Identifier: BSD-2-Clause
"""Writes the elements of the picture of the structure. Kinds of lines: `strong` inside a world,
`light` from world to world, `root` from the composition root, `red` for what is wrong.
"""
from xml.sax.saxutils import escape

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
LINES = {"strong": "#35597d", "light": "#b3bfca", "root": "#a3b0bd", "red": "#c8202c"}
STYLE = """
  .page{fill:#fff} .box{fill:#fff;stroke:#6b7885} .circle{stroke:#c8202c;stroke-width:1.8}
  .agent{fill:#eef7ea;stroke:#8fbf83} .mlrd{fill:#fdf2e2;stroke:#dcb26c}
  .io{fill:#f3eefa;stroke:#b49bd6} .core{fill:#e8f1fb;stroke:#8db3dc}
  .kernel{fill:#f1f3f5;stroke:#a9b4bf}
  text{fill:#1c2733} .title{font-size:17px;font-weight:600} .world{font-weight:600;font-size:13px}
  .room{font-weight:600} .note{font-size:10.5px;fill:#55626f}
  .count{font-size:10.5px;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
  .count.light,.count.root{fill:#6b7885} .count.strong{fill:#24415f} .count.red{fill:#c8202c}
""" + "  " + " ".join(f"path.{kind}{{stroke:{colour}}}" for kind, colour in LINES.items()) + "\n"


def markers():
    """A head for each kind; it turns round at the beginning of a line."""
    for name, colour in LINES.items():
        size = 13 if name == "light" else 8
        yield (f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}" '
               f'markerHeight="{size}" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
               f'<path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>')


class Svg:
    """Elements in the order of drawing. Classes come from STYLE."""

    def __init__(self):
        self.parts = []

    def rect(self, x, y, width, height, kind, radius=6):
        self.parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" rx="{radius}"/>')

    def text(self, x, y, text, kind, anchor="start"):
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
                          f"{escape(text)}</text>")

    def path(self, steps, kind, width, hint, heads=("end",)):
        """`heads`: where the line has them, at its "start", its "end"."""
        marks = "".join(f' marker-{where}="url(#{kind})"' for where in heads)
        self.parts.append(f'<path class="{kind}" fill="none" stroke-width="{width:.1f}"{marks} '
                          f'd="{steps}"><title>{escape(hint)}</title></path>')

    def save(self, path, width, height, title):
        size = f'width="{width:.0f}" height="{height:.0f}"'
        head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
                f'{size} font-family="{FONT}" font-size="12" role="img">',
                f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
                "<defs>", *markers(), "</defs>", f'<rect class="page" {size}/>']
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([*head, *self.parts, "</svg>", ""]))
