# SPDX-License-Identifier: BSD-2-Clause
"""The results of the benchmarks: rows with statistics, JSON files, the table. A row compares the
samples of one thing with those of its reference, from the same run, and with its goal.
"""
import json
import os
import statistics

COLUMNS = ("name", "median", "p99", "unit", "reference", "its median", "ratio", "goal", "")


def rounds():
    return max(1, int(os.environ.get("BENCH_ROUNDS", "5")))


def percentile(samples, share):
    """The smallest sample that `share` percent of all do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


class Goal:
    """A text, and a test: reached(row) is true if the row reaches the goal."""

    def __init__(self, text, reached):
        self.text, self.reached = text, reached


def ratio_at_least(bound):
    return Goal(f"ratio >= {bound:g}",
                lambda row: row["ratio"] is not None and row["ratio"] >= bound)


def ratio_at_most(bound):
    return Goal(f"ratio <= {bound:g}",
                lambda row: row["ratio"] is not None and row["ratio"] <= bound)


def at_most(median, p99=None):
    text = f"median <= {median:g}"
    if p99 is not None:
        text += f", p99 <= {p99:g}"
    return Goal(text, lambda row: row["median"] <= median and (p99 is None or row["p99"] <= p99))


def shorten(value):
    return None if value is None else float(f"{value:.5g}")


def make_row(name, unit, samples, reference=None, goal=None, note=""):
    """A row. reference: (name, samples) or None. Members without a value are None (null)."""
    row = {"name": name, "unit": unit, "n": len(samples),
           "median": shorten(statistics.median(samples)), "p99": shorten(percentile(samples, 99)),
           "min": shorten(min(samples)), "max": shorten(max(samples)),
           "reference": None, "ratio": None, "goal": None, "reached": None, "note": note}
    if reference:
        median = statistics.median(reference[1])
        row["reference"] = {"name": reference[0], "median": shorten(median)}
        row["ratio"] = round(statistics.median(samples) / median, 3) if median else None
    if goal:
        row["goal"], row["reached"] = goal.text, bool(goal.reached(row))
    return row


def write_rows(name, rows):
    folder = os.path.join(os.environ["BUILD"], "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")


def cells_of(row):
    reference = row["reference"] or {"name": "", "median": None}
    reached = {True: "reached", False: "NOT REACHED", None: ""}[row["reached"]]
    values = (row["median"], row["p99"], reference["median"], row["ratio"])
    median, p99, its_median, ratio = ("" if value is None else f"{value:.5g}" for value in values)
    return (row["name"], median, p99, row["unit"], reference["name"], its_median, ratio,
            row["goal"] or "", reached)


def print_table(rows):
    lines = [COLUMNS, *(cells_of(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    numeric = {1, 2, 5, 6}
    print()
    for line in lines:
        cells = [cell.rjust(width) if column in numeric else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
