# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: a station roams through a network of three subnets, and keeps its address and
its connections.

The program builds a world (see network.py) with a register, a server, and three CNs, the first of
which does NAT. The station gets a lease by dhclient, downloads over TCP, and exchanges a UDP stream
of 1000 packets/s with the server in each direction, while the program moves it from cell to cell.
The program shows all that live, sums it up in a table, and draws a plot. Its exit status is 0 if
all was well.
"""
import argparse
import os
import statistics
import sys
import time

from .network import World
from .paths import AGENT, BUILD, MLRD
from .svg import plot
from .system import WorldError, wait_for
from .terminal import Terminal
from .traffic import Stream, Transfer

# The CNs of the cells after the first, which is that of CN 1. The 3rd, 6th and 9th move lead home.
ROUTE = (2, 3, 1, 3, 2, 1, 2, 3, 1)
WAYS = ("up", "down")
BEGIN = 0.2  # a pause counts as an interruption by a move if it begins within this time (s) of it


class Demo:
    def __init__(self, options, terminal):
        self.options, self.terminal = options, terminal
        self.world = self.station = self.address = self.download = self.stream = None
        self.began, self.moves, self.addresses = 0.0, [], set()
        self.came = 0.0  # when the station came into its present cell
        self.shown = 0.0  # the time of the last line shown of the roaming log of the CN there
        self.problems = []

    def say(self, text="", *styles):
        self.terminal.say(self.terminal.paint(text, *styles) if styles else text)

    # ---- the picture

    def draw(self):
        paint, here, cns = self.terminal.paint, self.station.cell.cn.number, self.world.cns
        wire = "          ╤═════════╧═════════╤═════════╧═════════╤"
        present, absent = paint(f"{'((●))':^20}", "green", "bold"), f"{'·':^20}"
        tunnel = "" if here == 1 else f", tunnel CN {here} – CN 1"
        names = [f"CN {cn.number}{', NAT' if cn.nat else ''}" for cn in cns]
        lines = ["", f"{'MLR':>22}{'server':>21}", paint(wire + "   routed backbone", "dim"),
                 "".join(f"{name:^20}" for name in names),
                 paint("".join(f"{cn.cells[0].subnet:^20}" for cn in cns), "dim"),
                 "".join(present if cn.number == here else absent for cn in cns),
                 f"  station {self.address}, home CN 1, now at CN {here}{tunnel}"]
        if self.download:
            lines += self.draw_traffic()
        self.terminal.show(lines)

    def draw_traffic(self):
        lines = [f"  download {self.draw_download()}     UDP packets/s: "
                 f"up {self.packets_lately('up')}, down {self.packets_lately('down')}"]
        for way in WAYS:
            gaps = "  ".join(f"{move[way]:.1f}" for move in self.moves if way in move)
            lines.append(f"  interruption {way:>4}, ms: {gaps}")
        return lines

    def draw_download(self):
        """The bar of the download, and its rate over the last second."""
        points, now = self.download.points(), time.time()
        recent = [point for point in points if point[0] > now - 1] or points[-1:]
        rate = 0
        if recent:
            seconds = max(recent[-1][0] - recent[0][0], 0.05)
            rate = (recent[-1][1] - recent[0][1]) / seconds / 1e6
        share = min(1, self.download.received() / self.download.count)
        bar = "█" * int(share * 30) + "░" * (30 - int(share * 30))
        return f"{bar} {share:4.0%}  {rate:5.1f} MB/s"

    def packets_lately(self, way):
        """The number of packets of one second. It ends 50 ms ago, as the tool writes its file only
        every 50 ms.
        """
        oldest = time.time() - 1.05
        return sum(1 for packet in self.stream.read(way)[-1100:] if packet[2] > oldest)

    def pause(self, seconds):
        """Lets the world go on for that time, and shows it."""
        end = time.time() + seconds
        while time.time() < end:
            self.show_trail()
            self.draw()
            time.sleep(min(0.1, max(0, end - time.time())))

    # ---- the story

    def show_trail(self):
        """Shows the new lines of the roaming log at the station's present CN, with the time since
        the station came there.
        """
        cn = self.station.cell.cn
        try:
            trail = cn.control("why", station=self.station.mac)["trail"]
        except (WorldError, OSError):
            return
        for step in trail:
            if step["time"] > self.shown:
                self.shown = step["time"]
                after = (self.shown - self.came) * 1000
                self.say(f"    {cn.place} {after:+8.1f} ms  {step['text']}", "dim")

    def build(self):
        self.say("Building a network of namespaces: MLR, three CNs on a routed backbone, "
                 "NAT at CN 1, a server", "bold")
        self.world.start()
        for cn in self.world.cns:
            cell, nat = cn.cells[0], ", NAT to the backbone" if cn.nat else ""
            self.say(f"  {cn.place} serves {cell.subnet}, gateway {cell.gateway}, "
                     f"tunnels from {cn.address}{nat}")
        self.say("A station comes into the cell of CN 1; dhclient asks for an address", "bold")
        self.came = self.shown = time.time()
        self.station = self.world.add_station("station", self.world.cn(1))
        self.address = self.station.dhclient().start()
        self.addresses.add(self.address)
        self.say(f"  lease: {self.address}, router {self.station.client.events()[-1][3]}")
        self.show_trail()
        self.station.reaches(self.world.server.address)

    def start_traffic(self):
        size, rate = int(self.options.megabytes * 1e6), self.options.rate * 1e6
        self.say(f"Download of at least {size / 1e6:.0f} MB by TCP at {rate / 1e6:.0f} MB/s, "
                 "and a UDP stream of 1000 packets/s each way", "bold")
        self.stream = Stream(self.world, self.world.server, self.station, more=("-p", "10"))
        self.stream.flowing()
        self.download = Transfer(self.world, self.world.server, self.station, size,
                                 rate=int(rate), open_end=True)
        wait_for(self.download.received, "the download to begin")
        self.began = time.time()

    def roam(self, number):
        cn, old = self.world.cn(number), self.station.cell.cn
        move = {"number": len(self.moves) + 1, "from": f"CN {old.number}", "to": f"CN {number}",
                "time": time.time() - self.began}
        self.moves.append(move)
        self.say(f"Handover {move['number']}: {move['from']} → {move['to']}", "bold", "cyan")
        self.came = self.shown = time.time()
        self.station.roam(cn)
        move["switch"] = (time.time() - self.came) * 1000

    def settle(self, move):
        """Notes the outcome of the last move: the state there, the address, the gaps until now."""
        cn = self.station.cell.cn
        try:
            self.world.settled(self.station, 2)
            move["state"] = cn.station(self.station)["state"]
        except WorldError as error:
            move["state"] = "?"
            self.problems.append(str(error))
        self.addresses.add(self.station.address())
        start = self.began + move["time"]
        for way in WAYS:
            move[way] = self.stream.gap(way, start, time.time(), BEGIN)
        if not self.download.alive:
            number = move["number"]
            self.problems.append(f"the download had ended before handover {number} was over")
        self.say(f"  interruption: up {move['up']:.1f} ms, down {move['down']:.1f} ms; "
                 f"the station is {move['state']}", "green")

    def run(self):
        self.build()
        self.start_traffic()
        self.pause(1.5)
        for number in ROUTE[:self.options.handovers]:
            self.roam(number)
            self.pause(self.options.stay)
            self.settle(self.moves[-1])
        self.say("Waiting for the end of the download", "bold")
        end = self.began + self.options.limit
        while self.download.alive and time.time() < end:
            if self.download.received() >= self.download.count:
                break
            self.pause(0.2)
        self.terminal.close()
        return self.finish()

    # ---- the end

    def finish(self):
        try:
            got = self.download.finish(10)
        except WorldError as error:
            got = {"bytes": self.download.received(), "stall_ms": float("nan")}
            self.problems.append(f"download: {error}")
        right = not any(problem.startswith("download") for problem in self.problems)
        ended = self.download.points()[-1][0] if self.download.points() else time.time()
        reports = self.stream.stop()
        if self.addresses != {self.address}:
            addresses = ", ".join(str(one) for one in self.addresses)
            self.problems.append(f"addresses of the station: {addresses}")
        self.table()
        others = {way: self.others(way, ended - self.began) for way in WAYS}
        self.verdict(got, right, reports, others, ended)
        self.picture(others, ended)
        for problem in self.problems:
            self.say(f"PROBLEM: {problem}", "red")
        return 1 if self.problems else 0

    def table(self):
        self.say()
        self.say("      at s  from  to    state        up ms  down ms  switch ms", "bold")
        for move in self.moves:
            self.say(f"  {move['number']:>2} {move['time']:5.1f}  "
                     f"{move['from']:<5} {move['to']:<5} {move['state']:<9} "
                     f"{move['up']:8.1f} {move['down']:8.1f} {move['switch']:10.1f}")
        self.say("  up, down: the longest pause of the 1 kHz stream, less its period of 1 ms, "
                 "that began at most 200 ms")
        self.say("  after the move. The station announces nothing: its next data packet is "
                 "the first sign. This contains")
        self.say("  `switch`, the time that the simulated air takes to change the station's "
                 "bridge, during which nothing")
        self.say("  is carried, and what a busy machine adds.")

    def verdict(self, got, right, reports, others, ended):
        same = self.addresses == {self.address}
        stall = "no stall over 30 ms"
        if got["stall_ms"]:
            stall = f"longest stall {got['stall_ms']:.0f} ms"
        home = sum(move["state"] == "home" for move in self.moves)
        rows = [("same IP throughout", f"yes, {self.address}" if same else "NO"),
                ("checksum (SHA-256) right", "yes" if right else "NO"),
                ("received", f"{got['bytes']:,} bytes in {ended - self.began:.1f} s, {stall}"),
                ("handovers", f"{len(self.moves)}, {home} of them home again")]
        for way, text in (("up", "station → server"), ("down", "server → station")):
            gaps, report = [move[way] for move in self.moves], reports[way]
            lost, sent = report["lost"], report["lost"] + report["received"]
            other = max((gap for _, gap in others[way]), default=0)
            rows.append((f"interruption {text}",
                         f"median {statistics.median(gaps):.1f} ms, maximum {max(gaps):.1f} ms; "
                         f"{lost} of {sent} packets lost, {report['duplicates']} twice; "
                         f"longest other pause {other:.1f} ms"))
        self.say()
        for name, value in rows:
            self.say(f"  {name:<31} {value}", *(["red"] if value == "NO" else []))

    def others(self, way, end, width=0.02):
        """(time, ms) of the longest pause in each 20 ms, without the pauses that the plot shows as
        large points of the moves.
        """
        times = [received - self.began for _, _, received in self.stream.read(way)]
        longest = {}
        for a, b in zip(times, times[1:]):
            gap, slot = (b - a) * 1000 - 1000 / self.stream.rate, int(a / width)
            if 0 <= a <= end and gap > longest.get(slot, (0, 0))[1]:
                longest[slot] = (a, gap)
        shown = [move[way] for move in self.moves]
        return [point for point in longest.values()
                if not any(abs(point[1] - gap) < 1e-6 for gap in shown)]

    def picture(self, others, ended):
        end = ended - self.began
        starts = [(0.0, 1), *((move["time"], int(move["to"].split()[1])) for move in self.moves)]
        ends = [*(start for start, _ in starts[1:]), end]
        cells = [(start, stop, number) for (start, number), stop in zip(starts, ends)]
        medians = {way: statistics.median(move[way] for move in self.moves) for way in WAYS}
        title = (f"One TCP connection and a 1 kHz UDP stream over {len(self.moves)} handovers "
                 "between three subnets")
        subtitle = (f"Station {self.address} all the time; "
                    f"interruption, median: {medians['up']:.1f} ms to the server, "
                    f"{medians['down']:.1f} ms to the station")
        points = [(when - self.began, count) for when, count in self.download.points()]
        path = os.path.join(self.options.out, "handover.svg")
        os.makedirs(self.options.out, exist_ok=True)
        plot(path, title, subtitle, points, others, self.moves, cells, end)
        self.say(f"  plot                            {os.path.relpath(path)}")


def arguments():
    what = "Roams a station through a small TMip network, live."
    parser = argparse.ArgumentParser(prog="tests/demo", description=what)
    parser.add_argument("--handovers", type=int, default=len(ROUTE),
                        help=f"at most {len(ROUTE)} (the default)")
    parser.add_argument("--stay", type=float, default=2.3, metavar="S",
                        help="seconds in each cell (2.3)")
    parser.add_argument("--megabytes", type=float, default=220, metavar="MB",
                        help="least size of the download, which goes on over all handovers (220)")
    parser.add_argument("--rate", type=float, default=10, metavar="MB/s", help="its pace (10)")
    parser.add_argument("--out", default=os.path.join(BUILD, "demo"), metavar="DIR",
                        help="where the plot goes (build/demo)")
    options = parser.parse_args()
    options.limit = options.megabytes / options.rate * 2 + 20
    return options


def main():
    options, terminal = arguments(), Terminal()
    for program in (AGENT, MLRD):
        if not os.path.exists(program):
            sys.exit(f"demo: {program} is missing: run make")
    if os.geteuid() != 0:
        sys.exit("demo: network namespaces need root")
    demo = Demo(options, terminal)
    try:
        with World(network="demo") as demo.world:
            try:
                return demo.run()
            except WorldError:
                terminal.close()
                for name, text in demo.world.texts(1500).items():
                    print(f"---- {name}\n{text}", file=sys.stderr)
                raise
    except WorldError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        terminal.close()
        print("\ndemo: interrupted; everything is taken away again", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
