# SPDX-License-Identifier: BSD-2-Clause
"""A 10 kHz stream in both directions over handovers without a radio gap: from one packet to the
next the station sends over the new leg, and for 20 ms it still hears the old one. How many packets
does the network lose, deliver twice, or deliver out of order?
"""
import bisect

from parts.handover import RoamerWorld
from results import Goal, make_row

NAMES = ("handover_lost", "handover_reordered")
RATE, OVERLAP_MS, MOVES, QUICK_MOVES = 10000, 20, 25, 6
BEFORE_NS, AFTER_NS, NEAR_NS = 200_000_000, 100_000_000, 50_000_000
REORDERED_PERCENT = 0.1


class Account:
    """An account of the packets of one direction that were sent from BEFORE_NS before the first
    move to AFTER_NS after the last one.
    """

    def __init__(self, moves, packets):
        start, end = moves[0]["time_ns"] - BEFORE_NS, moves[-1]["time_ns"] + AFTER_NS
        self.packets = [packet for packet in packets if start <= packet[1] <= end]
        self.times = [move["time_ns"] for move in moves]
        numbers = [packet[0] for packet in self.packets]
        self.seen = set(numbers)
        self.sent = max(numbers) - min(numbers) + 1
        self.duplicates = len(numbers) - len(self.seen)
        self.missing = sorted(set(range(min(numbers), max(numbers) + 1)) - self.seen)
        self.reordered = self.count_reordered()

    def count_reordered(self):
        highest, count = -1, 0
        for number, _, _ in self.packets:
            count += number < highest
            highest = max(highest, number)
        return count

    def lost_near_moves(self):
        """The number of missing packets that were sent within 50 ms of a move."""
        by_number = sorted((number, sent) for number, sent, _ in self.packets)
        near = 0
        for number in self.missing:
            sent = by_number[bisect.bisect_left(by_number, (number, 0)) - 1][1]
            at = bisect.bisect_left(self.times, sent)
            near += any(abs(sent - time) <= NEAR_NS for time in self.times[max(0, at - 1):at + 1])
        return near


def none(what):
    return Goal(f"no {what}", lambda row: row["max"] == 0)


def measure(names, rounds):
    accounts, overflow, moved = {"up": [], "down": []}, 0, 0
    with RoamerWorld() as world:
        world.start()
        for _ in range(rounds):
            moves, up, down = world.roam(MOVES if rounds > 1 else QUICK_MOVES, down_rate=RATE,
                                         rate=RATE, more=("-o", OVERLAP_MS))
            accounts["up"].append(Account(moves, up))
            accounts["down"].append(Account(moves, down))
            overflow += world.overflow
            moved += len(moves)
    rows = {name: [] for name in NAMES}
    few = Goal(f"max < {REORDERED_PERCENT:g}", lambda row: row["max"] < REORDERED_PERCENT)
    for way, found in accounts.items():
        sent, near = sum(one.sent for one in found), sum(one.lost_near_moves() for one in found)
        lost, duplicates = [len(one.missing) for one in found], [one.duplicates for one in found]
        reordered = sum(one.reordered for one in found)
        shares = [100 * one.reordered / one.sent for one in found]
        note = f"{moved} handovers, {sent} packets in {rounds} runs"
        rows["handover_lost"] += [
            make_row(f"handover_lost_{way}", "packets", lost, None, none("loss"),
                     f"{note}: {sum(lost)} lost, {near} of them sent within 50 ms of a move; "
                     f"{overflow} had no room at a receiver"),
            make_row(f"handover_duplicates_{way}", "packets", duplicates, None,
                     none("duplicate"), note)]
        rows["handover_reordered"].append(
            make_row(f"handover_reordered_{way}", "%", shares, None, few,
                     f"{note}: {reordered} overtaken"))
    return {name: rows[name] for name in names}
