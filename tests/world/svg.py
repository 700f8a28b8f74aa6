# SPDX-License-Identifier: BSD-2-Clause
"""The plot of the demonstration: a small writer of SVG, and a picture of throughput and
interruptions over time that marks the handovers. The colours follow the reader's light or dark
scheme.
"""
import math
from xml.sax.saxutils import escape

LIGHT = {"ground": "#ffffff", "ink": "#1f2933", "soft": "#5f6b7a", "grid": "#e3e8ee",
         "line": "#9aa5b1", "rate": "#2b7a78", "up": "#c2410c", "down": "#2563c9",
         "cell1": "#f3d9b1", "cell2": "#c9dcf2", "cell3": "#cfe8d2"}
DARK = {"ground": "#14191f", "ink": "#e6eaef", "soft": "#9fabb8", "grid": "#27303a",
        "line": "#52606d", "rate": "#5cc8bd", "up": "#fb923c", "down": "#7fb2ff",
        "cell1": "#5b4526", "cell2": "#26405f", "cell3": "#28503a"}
SHAPES = """
  text { font-family: "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; font-size: 13px; }
  .title { font-size: 19px; font-weight: 600; } .small { font-size: 12px; }
  .move { stroke-dasharray: 3 4; } .rate { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
  .area { opacity: .16; } .noise { opacity: .45; } .mark { stroke-width: 1.2; }
"""


def colours(palette):
    """The rules of one scheme. They name the colours themselves, as not every viewer knows CSS
    variables.
    """
    fills = {"text": "ink", "text.soft": "soft", ".area": "rate"}
    fills.update({f".{name}": name for name in ("ground", "up", "down", "cell1", "cell2", "cell3")})
    strokes = {".grid": "grid", ".axis": "line", ".move": "line", ".rate": "rate",
               ".mark": "ground"}
    return " ".join([f"{kind} {{ fill: {palette[name]}; }}" for kind, name in fills.items()] +
                    [f"{kind} {{ stroke: {palette[name]}; }}" for kind, name in strokes.items()])


STYLE = f"{SHAPES}  {colours(LIGHT)}\n  @media (prefers-color-scheme: dark) {{ {colours(DARK)} }}\n"


class Svg:
    """The elements in the order of drawing. The names of their classes come from STYLE."""

    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = ['<svg xmlns="http://www.w3.org/2000/svg" '
                      f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                      'role="img">', f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>"]
        self.rect(0, 0, width, height, "ground")

    def rect(self, x, y, width, height, kind, radius=0):
        self.parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" '
                          f'width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>')

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" '
                          f'x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def path(self, points, kind, close=False):
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        shape = "polygon" if close else "polyline"
        self.parts.append(f'<{shape} class="{kind}" points="{steps}"/>')

    def dot(self, x, y, radius, kind, hint=""):
        inside = f"<title>{escape(hint)}</title>" if hint else ""
        self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">'
                          f'{inside}</circle>')

    def text(self, x, y, text, kind="", anchor="start", turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" '
                          f'text-anchor="{anchor}"{turned}>{escape(text)}</text>')

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([*self.parts, "</svg>", ""]))


class Frame:
    """The area of one chart: maps time and value to the page."""

    def __init__(self, svg, left, top, width, height, times, values, logarithmic=False):
        self.svg, self.left, self.top, self.width, self.height = svg, left, top, width, height
        self.times, self.values, self.logarithmic = times, values, logarithmic

    def x(self, time):
        start, end = self.times
        return self.left + (time - start) / (end - start) * self.width

    def y(self, value):
        low, high = self.values
        value = min(max(value, low), high)
        if self.logarithmic:
            share = math.log(value / low) / math.log(high / low)
        else:
            share = (value - low) / (high - low)
        return self.top + self.height * (1 - share)

    def axes(self, ticks, label, step, last):
        """Draws a grid line for each tick, the name of the vertical axis, and a mark every `step`
        seconds. The last chart has the numbers of the seconds below it.
        """
        bottom, right = self.top + self.height, self.left + self.width
        for tick in ticks:
            self.svg.line(self.left, self.y(tick), right, self.y(tick), "grid")
            self.svg.text(self.left - 8, self.y(tick) + 4, f"{tick:g}", "soft small", "end")
        for second in range(0, int(self.times[1]) + 1, step):
            self.svg.line(self.x(second), bottom, self.x(second), bottom + 4, "axis")
            if last:
                self.svg.text(self.x(second), bottom + 19, str(second), "soft small", "middle")
        self.svg.line(self.left, bottom, right, bottom, "axis")
        self.svg.text(self.left - 46, self.top + self.height / 2, label, "soft", "middle", -90)
        if last:
            self.svg.text(self.left + self.width / 2, bottom + 40, "time in s", "soft", "middle")


def nice_ceiling(value):
    """The next number whose quarters are round."""
    power = 10 ** math.floor(math.log10(value))
    steps = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
    return next(step * power for step in steps if value <= step * power * 1.0001)


def rates(points, width=0.25):
    """(time, MB/s) in steps of `width` seconds. points: (time, bytes so far)."""
    if len(points) < 2:
        return []
    found, start = [], 0
    for end in range(1, len(points)):
        seconds = points[end][0] - points[start][0]
        if seconds >= width or end == len(points) - 1:
            if seconds > width / 4:
                rate = (points[end][1] - points[start][1]) / seconds / 1e6
                found.append((points[end][0] - seconds / 2, rate))
            start = end
    return found


def draw_cells(svg, frame, top, cells):
    """Draws the band that shows where the station was. cells: (start, end, number)."""
    for start, end, number in cells:
        x, width = frame.x(start), frame.x(end) - frame.x(start)
        svg.rect(x + 1, top, width - 2, 22, f"cell{(number - 1) % 3 + 1}", 4)
        svg.text(x + width / 2, top + 15, f"CN {number}", "small", "middle")
    svg.text(frame.left - 8, top + 15, "station at", "soft small", "end")


def draw_rate(svg, frame, points):
    frame.axes([frame.values[1] * share / 4 for share in range(5)], "TCP download, MB/s", 2, False)
    line = [(frame.x(time), frame.y(rate)) for time, rate in points]
    if line:
        bottom = frame.top + frame.height
        svg.path([(line[0][0], bottom), *line, (line[-1][0], bottom)], "area", True)
        svg.path(line, "rate")


def draw_gaps(svg, frame, gaps, moves):
    ticks = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    ticks = [tick for tick in ticks if tick <= frame.values[1]]
    frame.axes(ticks, "pause of UDP stream, ms", 2, True)
    for way in ("up", "down"):
        for time, gap in gaps[way]:
            if gap > frame.values[0]:
                svg.dot(frame.x(time), frame.y(gap), 1.2, f"{way} noise")
    for move in moves:
        for way, offset in (("up", -3), ("down", 3)):
            svg.dot(frame.x(move["time"]) + offset, frame.y(move[way]), 4.6, f"{way} mark",
                    f"{move['from']} to {move['to']}, {way}: {move[way]:.1f} ms")


def draw_legend(svg, right, y):
    for way, text, x in (("up", "station to server", right - 262),
                         ("down", "server to station", right - 116)):
        svg.dot(x, y - 4, 4.6, f"{way} mark")
        svg.text(x + 10, y, text, "soft small")


def plot(path, title, subtitle, points, gaps, moves, cells, end):
    """Writes the plot to the file `path`. Times are seconds since the beginning.

    points   (time, bytes so far)
    gaps     {"up": [(time, ms)], "down": [(time, ms)]}
    moves    {"time", "from", "to", "up", "down"}
    cells    (start, end, number)
    end      time of the end
    """
    svg = Svg(1080, 640, title)
    left, width = 84, 966
    speed = rates(points)
    top_rate = nice_ceiling(max((rate for _, rate in speed), default=1) * 1.05)
    pauses = [gap for way in gaps.values() for _, gap in way]
    pauses += [move[way] for move in moves for way in ("up", "down")]
    top_gap = nice_ceiling(max([10, *pauses]))
    rate_frame = Frame(svg, left, 134, width, 170, (0, end), (0, top_rate))
    gap_frame = Frame(svg, left, 354, width, 220, (0, end), (0.1, top_gap), True)
    svg.text(left, 34, title, "title")
    svg.text(left, 56, subtitle, "soft")
    draw_cells(svg, rate_frame, 84, cells)
    for move in moves:
        x = rate_frame.x(move["time"])
        svg.line(x, 108, x, 304, "move")
        svg.line(x, 354, x, 574, "move")
    draw_rate(svg, rate_frame, speed)
    draw_gaps(svg, gap_frame, gaps, moves)
    draw_legend(svg, left + width, 342)
    svg.text(left, 342, "Large: interruption by a handover. Small: other pauses. "
             "Each less the sending period of 1 ms", "soft small")
    svg.save(path)
