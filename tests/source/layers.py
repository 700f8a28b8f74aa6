# SPDX-License-Identifier: BSD-2-Clause
"""Places the nodes of a directed graph in rows so that edges lead down (the method of Sugiyama).
Edges that a circle forces up are treated as if they led down. An edge that crosses a row gets a
place there, too: a Pass. x is the centre of a node, in pixels from the left end of the widest row.
"""
from collections import defaultdict, namedtuple

GAP = 12
PASS_WIDTH = 6
SWEEPS = 60
STIFFNESS = 8  # a line that crosses several rows goes straight rather than short
Pass = namedtuple("Pass", "start end row")


def downward_order(nodes, edges, top):
    """The nodes so that few includes lead back (heuristic of Eades, Lin and Smyth); `top` first."""
    rest, head, tail = sorted(nodes), [], []
    if top in rest:
        head.append(top)
        rest.remove(top)
    while rest:
        out, into = dict.fromkeys(rest, 0), dict.fromkeys(rest, 0)
        for (start, end), count in edges.items():
            if start in out and end in out:
                out[start] += count
                into[end] += count
        node = next((node for node in rest if not out[node]), None)
        if node is not None:
            tail.insert(0, node)
        else:
            node = min(rest, key=lambda node: (into[node] > 0, into[node] - out[node], node))
            head.append(node)
        rest.remove(node)
    return head + tail


def downward_pairs(order, edges):
    """The pairs of nodes between which there are edges, the upper one first."""
    place = {node: number for number, node in enumerate(order)}
    return sorted({tuple(sorted(pair, key=place.get)) for pair in edges})


def assign_rows(order, pairs):
    """{node: row}, 0 on top: below all includers; without any, just above what it includes."""
    row = dict.fromkeys(order, 0)
    for node in order:
        row[node] = max((row[start] + 1 for start, end in pairs if end == node), default=0)
    for node in order:
        below = [row[end] for start, end in pairs if start == node]
        if below and not row[node]:
            row[node] = min(below) - 1
    return row


def make_route(pair, row):
    start, end = pair
    passes = [Pass(start, end, number) for number in range(row[start] + 1, row[end])]
    return [start, *passes, end]


class Layout:
    """`rows`: lists of nodes and passes from left to right; `x`: {node or pass: centre}; `width`;
    `routes`: {(upper, lower): nodes and passes on the way}; `above` and `below`: {node or pass:
    what it is joined with in the row above or below}."""

    def __init__(self, nodes, edges, node_width, top=None):
        self.node_width = node_width
        order = downward_order(nodes, edges, top)
        pairs = downward_pairs(order, edges)
        row = assign_rows(order, pairs)
        self.routes = {pair: make_route(pair, row) for pair in pairs}
        self.rows = [[node for node in order if row[node] == number]
                     for number in range(max(row.values(), default=-1) + 1)]
        self._join()
        self._sort()
        self._place()

    def _join(self):
        self.above, self.below = defaultdict(list), defaultdict(list)
        for route in self.routes.values():
            for stop in route[1:-1]:
                self.rows[stop.row].append(stop)
            for upper, lower in zip(route, route[1:]):
                self.below[upper].append(lower)
                self.above[lower].append(upper)

    def _crossings(self):
        found = 0
        for upper, lower in zip(self.rows, self.rows[1:]):
            place = {node: number for number, node in enumerate(lower)}
            ends = [(number, place[end])
                    for number, node in enumerate(upper) for end in self.below[node]]
            found += sum(a < c and b > d for a, b in ends for c, d in ends)
        return found

    def _sweep(self):
        """The rows downwards with the neighbours above, upwards with those below, and so on."""
        for number in range(SWEEPS):
            near = self.below if number % 2 else self.above
            for row in self.rows[::-1] if number % 2 else self.rows:
                yield row, near

    def _sort(self):
        """The order inside the rows: by the mean place of the neighbours. The best one stays."""
        best, least = [list(row) for row in self.rows], self._crossings()
        for row, near in self._sweep():
            place = {node: number / len(other)
                     for other in self.rows for number, node in enumerate(other, 1)}
            mean = {node: sum(map(place.get, near[node] or [node])) / (len(near[node]) or 1)
                    for node in row}
            row.sort(key=mean.get)
            now = self._crossings()
            if now < least:
                best, least = [list(row) for row in self.rows], now
        self.rows = best

    def size(self, node):
        return PASS_WIDTH if isinstance(node, Pass) else self.node_width

    def _row_width(self, row):
        return sum(map(self.size, row)) + GAP * (len(row) - 1)

    def _place(self):
        """Rows centred at first; then each node moves towards its neighbours."""
        self.width = max(map(self._row_width, self.rows), default=0)
        self.x = {}
        for row in self.rows:
            left = (self.width - self._row_width(row)) / 2
            for node in row:
                self.x[node] = left + self.size(node) / 2
                left += self.size(node) + GAP
        for row, _ in self._sweep():
            self._straighten(row)

    def _wanted(self, node):
        """The mean x of its neighbours, above and below."""
        near = [(self.x[other], STIFFNESS if {type(node), type(other)} == {Pass} else 1)
                for other in self.above[node] + self.below[node]]
        weight = sum(weight for _, weight in near)
        return sum(x * weight for x, weight in near) / weight if near else self.x[node]

    def _straighten(self, row):
        wanted = {node: self._wanted(node) for node in row}
        right, left = self._packed(row, wanted), self._packed_back(row, wanted)
        for node in row:
            self.x[node] = (right[node] + left[node]) / 2

    def _packed(self, row, wanted):
        """From the left: each where it wants to be, or further right where others come before."""
        placed, edge, rest = {}, 0, self._row_width(row)
        for node in row:
            half = self.size(node) / 2
            placed[node] = min(max(wanted[node], edge + half), self.width - rest + half)
            rest -= 2 * half + GAP
            edge = placed[node] + half + GAP
        return placed

    def _packed_back(self, row, wanted):
        """The same from the right."""
        mirrored = {node: self.width - x for node, x in wanted.items()}
        return {node: self.width - x for node, x in self._packed(row[::-1], mirrored).items()}
