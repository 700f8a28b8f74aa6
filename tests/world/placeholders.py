# SPDX-License-Identifier: BSD-2-Clause
"""Placeholders for the parts of the output of tmip-agent and mlrd that differ from run to run, so
that a test can compare the rest byte for byte.

Each rule names the value that it replaces, by the member, the column or the words around it, and
replaces only a value of the right type. JSON keeps the order of its members and the digits of its
numbers, and must have the form that the programs give it: compact, or indented by two. Tables must
have the layout that the programs give them, with each column as wide as its widest cell; the
placeholders get the same layout.
"""
import json
import os
import re

from .paths import TOP
from .system import PIN_ROOT, WorldError

PORT, VERSION, HOOK, SPAN = r"(.*):\d+", r"\d+\.\d+\.\d+", "tcx|clsact", r"(?:\d+[dhms])+"
# A client that gets no answer in time asks again, and its CN then asks the register again.
DHCP = ("received", "offered", "confirmed", "ignored", "unanswered")
ASKED = ("binds", "claims", "renewals")
TRAFFIC = ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")

# ---- JSON


class Literal(str):
    """A value that has no quotation marks in JSON."""


class Integer(Literal):
    pass


class Float(Literal):
    pass


class Members(list):
    """An object: its (name, value) pairs, in order."""


def parse(text):
    return json.loads(text, object_pairs_hook=Members, parse_int=Integer, parse_float=Float)


def dump(value, indent, level=0):
    """The text that jansson writes with JSON_INDENT(indent), or with JSON_COMPACT for None."""
    if isinstance(value, Literal):
        return str(value)
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    colon, before, after = ":", "", ""
    if indent is not None:
        colon, after = ": ", "\n" + " " * indent * level
        before = after + " " * indent
    if isinstance(value, Members):
        brackets = "{}"
        items = [f"{json.dumps(name)}{colon}{dump(one, indent, level + 1)}" for name, one in value]
    else:
        brackets = "[]"
        items = [dump(one, indent, level + 1) for one in value]
    inside = before + f",{before}".join(items) + after if items else ""
    return brackets[0] + inside + brackets[1]


def integer(value):
    return Literal("<integer>") if isinstance(value, Integer) else value


def real(value):
    return Literal("<float>") if isinstance(value, Float) else value


def moment(value):
    """A time; 0 stands for none, and stays."""
    return Literal("<time>") if isinstance(value, Integer) and value != "0" else value


def matching(pattern, instead):
    """A rule for strings that match the pattern as a whole."""
    def rule(value):
        is_string = isinstance(value, str) and not isinstance(value, Literal)
        return re.sub(f"^(?:{pattern})$", instead, value) if is_string else value

    return rule


WIFI = ["associated", "arrived", "departed", "dropped", "overflow"]


def wifi(value):
    """The counters of WLAN, which are null on machines without WLAN."""
    same = value is None
    if isinstance(value, Members):
        integers = all(isinstance(one, Integer) for _, one in value)
        same = integers and [name for name, _ in value] == WIFI
    return Literal(f"<null, or integers: {', '.join(WIFI)}>") if same else value


# By the name of the member, or by the last two names on the way to it.
RULES = {
    **{name: integer for name in ("pid", "uptime_s", "since_s", "heard_s", "seq", *TRAFFIC)},
    **{f"counters.{name}": integer for name in ("packets", "bytes", *ASKED)},
    **{f"dhcp.{name}": integer for name in DHCP},
    "store.commits": integer, "store.written": integer, "store.commit_ms": real,
    **{f"path.{name}": integer for name in ("sent", "received", "dropped")},
    "trail.time": real, "drops.age_s": real, "lease_end": moment, "hook": matching(HOOK, "<hook>"),
    "peer": matching(PORT, r"\1:<integer>"), "version": matching(VERSION, "<version>"),
    "wifi": wifi,
}


def is_dhcp(step):
    return isinstance(step, Members) and dict(step).get("text", "").startswith("DHCP: ")


def without_repeats(steps):
    """The steps of a trail without the repetitions of a client that got no answer in time."""
    pairs = zip(steps, [None, *steps])
    return [step for step, former in pairs if step != former or not is_dhcp(step)]


def place(value, path=("", "")):
    """The value with placeholders. path: the last two names on the way to it."""
    rule = RULES.get(path[1]) or RULES.get(".".join(path))
    if rule:
        return rule(value)
    if isinstance(value, Members):
        return Members((name, place(one, (path[1], name))) for name, one in value)
    if isinstance(value, list):
        return without_repeats([place(one, path) for one in value])
    return value


def json_text(text):
    value, indent = parse(text), None if text.count("\n") < 2 else 2
    if dump(value, indent) + "\n" != text:
        raise WorldError(f"this JSON is spelt otherwise:\n{text}\nthan\n{dump(value, indent)}")
    return dump(place(value), indent) + "\n"


# ---- tables

TITLES = re.compile(r" *[A-Z]{2,}(?: [A-Z]+)*(?: {2,}[A-Z]+(?: [A-Z]+)*)+ *")
NUMBER = (r"\d+", "<integer>")
COLUMNS = {
    "RX PACKETS": NUMBER, "RX BYTES": NUMBER, "TX PACKETS": NUMBER, "TX BYTES": NUMBER,
    "PACKETS": NUMBER, "BYTES": NUMBER, "LEASE": (SPAN, "<span>"), "HOOK": (HOOK, "<hook>"),
    "RX": NUMBER, "TX": NUMBER, "SENT": NUMBER, "RECEIVED": NUMBER, "DROPPED": NUMBER,
    "VERSION": (r"(\d+)\.\d+", r"\1.<integer>"), "CONNECTED": (PORT, r"\1:<integer>"),
}
COUNTERS = ["PACKETS", "BYTES", "VERDICT", "REASON"]
# Rows of counters that every run shows; others come and go with ARP and the like.
CERTAIN = ("NOT_OURS", "HOME", "ENCAP_PARENT", "ENCAP_VISITED", "DECAP_STATION", "DECAP_KERNEL",
           "NEXT_DOOR", "DHCP_TAKEN", "WRONG_MAC")


def reasons():
    """[verdict, name, text] of each reason, as the counters show it."""
    with open(os.path.join(TOP, "include", "tmip", "reason.h"), encoding="utf-8") as file:
        found = re.findall(r'^\tX\(\d+, (\w+), (\w+), "(.*)"\)', file.read(), re.M)
    return [[verdict.lower(), name, text] for name, verdict, text in found]


def lay_out(rows, right):
    """The lines of a table. right: for each column, whether its cells are right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    if not right[-1]:
        widths[-1] = 0  # no blanks at the end of the line
    return ["  ".join(cell.rjust(width) if at_right else cell.ljust(width)
                      for cell, width, at_right in zip(row, widths, right)) for row in rows]


def unwrapped(lines):
    """The lines of a table, with a last cell of several lines in one."""
    whole = []
    for line in lines:
        if re.match(" {24,}[^ ]", line) and "  " not in line.strip():
            whole[-1] += " " + line.strip()
        else:
            whole.append(line)
    return whole


def read_table(lines):
    """The rows of a table, and for each column whether it is right-aligned. The last column may
    have no title.
    """
    rows, right, start = [re.split(" {2,}", line.strip()) for line in lines], [], 0
    rows[0] += [""] * (len(rows[-1]) - len(rows[0]))
    if any(len(row) != len(rows[0]) for row in rows):
        raise WorldError("\n".join(["this is no table:", *lines]))
    for column in zip(*rows):
        pairs = zip(lines, column)
        right.append(any(line[start:start + len(cell)] != cell for line, cell in pairs))
        start += max(map(len, column)) + 2
    wanted = lay_out(rows, right)
    if wanted != lines:
        raise WorldError("\n".join(["this table is laid out otherwise:", *lines, "than", *wanted]))
    return rows, right


def certain(rows):
    """The rows of the counters in CERTAIN."""
    known = reasons()
    strange = [row for row in rows if row[2:] not in known]
    if strange:
        raise WorldError(f"not in reason.h: {strange}")
    return [row for row in rows if row[3] in CERTAIN]


def in_column(title, cell):
    pattern, instead = COLUMNS.get(title, ("", ""))
    return re.sub(f"^(?:{pattern})$", instead, cell)


def table(lines):
    (titles, *rows), right = read_table(unwrapped(lines))
    if titles[:4] == COUNTERS:
        rows = certain(rows)
    cells = [[in_column(*one) for one in zip(titles, row)] for row in rows]
    return lay_out([titles, *cells], right)


def tables(text):
    """The text with placeholders in its tables. A table ends at an empty line, or with the text."""
    found, lines = [], text.split("\n")
    while lines:
        end = lines.index("") if TITLES.fullmatch(lines[0]) else 0
        found += table(lines[:end]) if end else lines[:1]
        lines = lines[end or 1:]
    return "\n".join(found)


# ---- words

PHRASES = [(re.compile(pattern, re.M), instead) for pattern, instead in (
    (r"^written   \S+ \S+ by", "written   <time> by"),
    (r"^in the last second\n(?:  .*\n)+", "in the last second\n  <what moved>\n"),
    (rf"\b(version|tmip-agent|tmipd|mlrd) {VERSION}", r"\1 <version>"),
    (r"\bversion (\d+)\.\d+\b(?!\.)", r"version \1.<integer>"),  # of a record
    (r"\b\d+\.\d+, programs attach by (?:TCX|clsact)", "<version>, programs attach by <hook>"),
    (rf"\bhook (?:{HOOK})\b", "hook <hook>"),
    (r"\bprocess \d+", "process <integer>"),
    (r", sequence \d+", ", sequence <integer>"),
    (r"\b(connected from [0-9.]+):\d+", r"\1:<integer>"),
    (r"\b\d+ commits of \d+ records", "<integer> commits of <integer> records"),
    (r"^machine-\d+\.", "machine-<integer>."),
    (rf" for {SPAN}(?=[,\s])", " for <span>"),
    (rf", last {SPAN} ago", ", last <span> ago"),
    (r"\b(round trip|came back in|the last took) \d+\.\d+ ms", r"\1 <float> ms"),
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} ", "<time> "),
    (r"^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  ", "  <time>  "),
    (r"^(  <time>  DHCP: .*\n)\1+", r"\1"),
    # What a station sends itself, or answers to a probe: either may come first.
    (r"\((?:link-layer|ARP) activity\)", "(<activity>)"),
    (r"^Wi-Fi     \d+ associated, \d+ arrived, \d+ departed, \d+ dropped\n", ""),
)]
LINES = {"DHCP": DHCP, "since": ASKED}


def numbers(line):
    """Replaces the numbers in a line whose names are in LINES."""
    return re.sub(rf"\d+ ({'|'.join(LINES[line[1]])})\b", r"<integer> \1", line[0])


def words(text):
    for pattern, instead in PHRASES:
        text = pattern.sub(instead, text)
    return re.sub(rf"^({'|'.join(LINES)}) .*", numbers, text, flags=re.M)


def tidy(text, world=None):
    """The text with placeholders, also for the folders of the world."""
    if world:
        text = text.replace(world.folder, "<world>").replace(f"{PIN_ROOT}/{world.prefix}", "<pins>")
    return words(json_text(text) if text[:1] in ("{", "[") else tables(text))
