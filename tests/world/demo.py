# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: a station roams through a network of three subnets and keeps its address and its connections.

Builds a world (see network.py) with a register, three CNs of which the first does NAT, and a server; gives a station a
lease by dhclient; lets it download over TCP and exchange a 1 kHz UDP stream with the server in both directions; and
moves it from cell to cell. Shows all that live, sums up in a table, and draws a plot. Exit status 0 if all was well.
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

ROUTE = (2, 3, 1, 3, 2, 1, 2, 3, 1)  # cells after the first, which is CN 1's: home again after the 3rd, 6th and 9th move
WAYS = ("up", "down")
BEGIN = 0.2  # a pause that begins within this time of a move, in s, is taken for an interruption by it


class Demo:
    def __init__(self, options, terminal):
        self.options, self.terminal = options, terminal
        self.world = self.station = self.address = self.download = self.stream = None
        self.began, self.moves, self.addresses = 0.0, [], set()
        self.came = self.told = 0.0  # when the station came where it is; time of the last line told of the CN's log there
        self.problems = []

    def say(self, text="", *styles):
        self.terminal.say(self.terminal.paint(text, *styles) if styles else text)

    # ---- the picture

    def draw(self):
        paint, here, cns = self.terminal.paint, self.station.cell.cn.number, self.world.cns
        wire = "          ╤═════════╧═════════╤═════════╧═════════╤"
        row = "".join(paint(f"{'((●))':^20}", "green", "bold") if cn.number == here else f"{'·':^20}" for cn in cns)
        tunnel = "" if here == 1 else f", tunnel CN {here} – CN 1"
        lines = ["", f"{'MLR':>22}{'server':>21}", paint(wire + "   routed backbone", "dim"),
                 "".join(f"{'CN ' + str(cn.number) + (', NAT' if cn.nat else ''):^20}" for cn in cns),
                 paint("".join(f"{cn.cells[0].subnet:^20}" for cn in cns), "dim"), row,
                 f"  station {self.address}, home CN 1, now at CN {here}{tunnel}"]
        if self.download:
            lines += self.draw_traffic()
        self.terminal.show(lines)

    def draw_traffic(self):
        points, now = self.download.points(), time.time()
        recent = [point for point in points if point[0] > now - 1] or points[-1:]
        rate = (recent[-1][1] - recent[0][1]) / max(recent[-1][0] - recent[0][0], 0.05) / 1e6 if recent else 0
        share = min(1, self.download.received() / self.download.count)
        bar = "█" * int(share * 30) + "░" * (30 - int(share * 30))
        counts = {way: sum(1 for packet in self.stream.read(way)[-1100:] if packet[2] > now - 1.05) for way in WAYS}
        lines = [f"  download {bar} {share:4.0%}  {rate:5.1f} MB/s     UDP packets/s: up {counts['up']}, down {counts['down']}"]
        for way in WAYS:
            lines.append(f"  interruption {way:>4}, ms: " + "  ".join(f"{move[way]:.1f}" for move in self.moves if way in move))
        return lines

    def pause(self, seconds):
        """Lets the world go on for that time, and shows it."""
        end = time.time() + seconds
        while time.time() < end:
            self.tell_trail()
            self.draw()
            time.sleep(min(0.1, max(0, end - time.time())))

    # ---- the story

    def tell_trail(self):
        """The new lines of the roaming log of the CN where the station is, with the time since it came."""
        cn = self.station.cell.cn
        try:
            trail = cn.control("why", station=self.station.mac)["trail"]
        except (WorldError, OSError):
            return
        for step in trail:
            if step["time"] > self.told:
                self.told = step["time"]
                self.say(f"    {cn.place} {(self.told - self.came) * 1000:+8.1f} ms  {step['text']}", "dim")

    def build(self):
        self.say("Building a network of namespaces: MLR, three CNs on a routed backbone, NAT at CN 1, a server", "bold")
        self.world.start()
        for cn in self.world.cns:
            self.say(f"  {cn.place} serves {cn.cells[0].subnet}, gateway {cn.cells[0].gateway}, tunnels from {cn.address}"
                     f"{', NAT to the backbone' if cn.nat else ''}")
        self.say("A station comes into the cell of CN 1; dhclient asks for an address", "bold")
        self.came = self.told = time.time()
        self.station = self.world.add_station("station", self.world.cn(1))
        self.address = self.station.dhclient().start()
        self.addresses.add(self.address)
        self.say(f"  lease: {self.address}, router {self.station.client.events()[-1][3]}")
        self.tell_trail()
        self.station.reaches(self.world.server.address)

    def start_traffic(self):
        size, rate = int(self.options.megabytes * 1e6), self.options.rate * 1e6
        self.say(f"Download of at least {size / 1e6:.0f} MB by TCP at {rate / 1e6:.0f} MB/s, and a UDP stream of 1000 packets/s each way",
                 "bold")
        self.stream = Stream(self.world, self.world.server, self.station, more=("-p", "10"))
        self.stream.flowing()
        self.download = Transfer(self.world, self.world.server, self.station, size, rate=int(rate), open_end=True)
        wait_for(self.download.received, "the download to begin")
        self.began = time.time()

    def roam(self, number):
        cn, old = self.world.cn(number), self.station.cell.cn
        move = {"number": len(self.moves) + 1, "from": f"CN {old.number}", "to": f"CN {number}", "time": time.time() - self.began}
        self.moves.append(move)
        self.say(f"Handover {move['number']}: {move['from']} → {move['to']}", "bold", "cyan")
        self.came = self.told = time.time()
        self.station.roam(cn)
        move["switch"] = (time.time() - self.came) * 1000

    def settle(self, move):
        """Looks what became of the last move: the state there, the address, the gaps until now."""
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
            self.problems.append(f"the download had ended before handover {move['number']} was over")
        self.say(f"  interruption: up {move['up']:.1f} ms, down {move['down']:.1f} ms; the station is {move['state']}", "green")

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
        while self.download.alive and self.download.received() < self.download.count and time.time() < end:
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
            self.problems.append(f"addresses of the station: {', '.join(str(one) for one in self.addresses)}")
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
            self.say(f"  {move['number']:>2} {move['time']:5.1f}  {move['from']:<5} {move['to']:<5} {move['state']:<9} "
                     f"{move['up']:8.1f} {move['down']:8.1f} {move['switch']:10.1f}")
        self.say("  up, down: the longest pause of the 1 kHz stream, less its period of 1 ms, that began at most 200 ms")
        self.say("  after the move. The station announces nothing: its next data packet is the first sign. This contains")
        self.say("  `switch`, the time that the simulated air takes to change the station's bridge, during which nothing")
        self.say("  is carried, and what a busy machine adds.")

    def verdict(self, got, right, reports, others, ended):
        stall = f"longest stall {got['stall_ms']:.0f} ms" if got["stall_ms"] else "no stall over 30 ms"
        rows = [("same IP throughout", "yes, " + self.address if self.addresses == {self.address} else "NO"),
                ("checksum (SHA-256) right", "yes" if right else "NO"),
                ("received", f"{got['bytes']:,} bytes in {ended - self.began:.1f} s, {stall}"),
                ("handovers", f"{len(self.moves)}, {sum(move['state'] == 'home' for move in self.moves)} of them home again")]
        for way, text in (("up", "station → server"), ("down", "server → station")):
            gaps, other = [move[way] for move in self.moves], max((gap for _, gap in others[way]), default=0)
            rows.append((f"interruption {text}", f"median {statistics.median(gaps):.1f} ms, maximum {max(gaps):.1f} ms; "
                         f"{reports[way]['lost']} of {reports[way]['lost'] + reports[way]['received']} packets lost, "
                         f"{reports[way]['duplicates']} twice; longest other pause {other:.1f} ms"))
        self.say()
        for name, value in rows:
            self.say(f"  {name:<31} {value}", *(["red"] if value == "NO" else []))

    def others(self, way, end, width=0.02):
        """(time, ms) of pauses, the longest of each 20 ms, without those that the moves' large points show."""
        times = [received - self.began for _, _, received in self.stream.read(way)]
        longest = {}
        for a, b in zip(times, times[1:]):
            gap, slot = (b - a) * 1000 - 1000 / self.stream.rate, int(a / width)
            if 0 <= a <= end and gap > longest.get(slot, (0, 0))[1]:
                longest[slot] = (a, gap)
        shown = [move[way] for move in self.moves]
        return [point for point in longest.values() if not any(abs(point[1] - gap) < 1e-6 for gap in shown)]

    def picture(self, others, ended):
        end = ended - self.began
        starts = [(0.0, 1), *((move["time"], int(move["to"].split()[1])) for move in self.moves)]
        cells = [(start, after[0], number) for (start, number), after in zip(starts, [*starts[1:], (end, 0)])]
        medians = {way: statistics.median(move[way] for move in self.moves) for way in WAYS}
        path = os.path.join(self.options.out, "handover.svg")
        os.makedirs(self.options.out, exist_ok=True)
        plot(path, f"One TCP connection and a 1 kHz UDP stream over {len(self.moves)} handovers between three subnets",
             f"Station {self.address} all the time; interruption, median: {medians['up']:.1f} ms to the server, "
             f"{medians['down']:.1f} ms to the station",
             [(when - self.began, count) for when, count in self.download.points()], others,
             self.moves, cells, end)
        self.say(f"  plot                            {os.path.relpath(path)}")


def arguments():
    parser = argparse.ArgumentParser(prog="tests/demo", description="Roams a station through a small TMip network, live.")
    parser.add_argument("--handovers", type=int, default=len(ROUTE), help=f"at most {len(ROUTE)} (the default)")
    parser.add_argument("--stay", type=float, default=2.3, metavar="S", help="seconds in each cell (2.3)")
    parser.add_argument("--megabytes", type=float, default=220, metavar="MB", help="least size of the download, which goes on over all handovers (220)")
    parser.add_argument("--rate", type=float, default=10, metavar="MB/s", help="its pace (10)")
    parser.add_argument("--out", default=os.path.join(BUILD, "demo"), metavar="DIR", help="where the plot goes (build/demo)")
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
