# SPDX-License-Identifier: BSD-2-Clause
"""The interruption of a 1 kHz stream by a handover, in both directions: the longest gap between two
received packets around the move, less the sending period. Both directions come from the same run.

The station (tools/roamer.c) changes legs when it sends a packet, so that the new cell hears it as
it arrives. Otherwise the gap would contain the station's own silence, which has a row of its own.

The reference is the same measure half way between two moves, in the same run. It shows the part of
the machine itself in the gaps of such a stream.
"""
import bisect
import os
import statistics

from results import at_most, make_row
from tunnel import json_of
from world import BUILD, STREAM, World, WorldError, wait_for
from world.system import ip_batch, listens

NAMES = ("handover_uplink", "handover_downlink")
TOOL = os.path.join(BUILD, "bench-tools", "roamer")
ADDRESS, MAC, PORT = "10.1.0.77", "02:00:00:00:77:77", 7400
RATE, PERIOD_MS, FINE_RATE = 1000, 1.0, 4000
UP_RATE = 1003  # a little more than RATE, so that the two streams meet in every phase
AT_ONCE = ("-f",)
MOVES_A_ROUND, QUICK_MOVES = 24, 6
BEFORE_NS, AROUND_NS = 5_000_000, 20_000_000
PRIORITY = 50


class RoamerWorld(World):
    """Three CNs on the world's routed backbone, and a station with a leg in the cell of each."""

    def __init__(self, **options):
        super().__init__(nat=(), **options)
        self.legs = [f"cn{cn.number}" for cn in self.cns]
        self.overflow = 0  # packets of the last streams for which a receiver had no room

    def build(self):
        super().build()
        self.roamer = self.add_station("roamer")
        lines, ports = [], []
        for leg, cn in zip(self.legs, self.cns):
            lines += [f"link add {leg} address {MAC} netns {self.roamer.name} "
                      f"type veth peer name leg-{leg} netns {self.air.name}"]
            ports += [f"link set leg-{leg} master {cn.cells[0].bridge}", f"link set leg-{leg} up"]
        ip_batch(lines)
        self.air.configure(ports)
        self.roamer.configure([f"link set {leg} up" for leg in self.legs])

    def roam(self, moves, down_rate=RATE, rate=UP_RATE, more=AT_ONCE):
        """Lets the station roam during a stream both ways. Returns a list of moves, the packets
        received up, and those received down. A packet is (sequence number, sent, received), the
        times in ns.

        more: options of the station.
        """
        up, down = (os.path.join(self.folder, f"roamer.{way}") for way in ("up", "down"))
        server = self.program(self.server, STREAM, "receive", "-b", "-r", down_rate, "-w", up,
                              "-p", PRIORITY, PORT, name=f"roamer-server-{len(self.helpers)}")
        wait_for(lambda: listens(server.pid, PORT, "udp"), "the server to listen")
        gateway, target = self.cns[0].cells[0].gateway, f"{self.server.address}:{PORT}"
        program = self.program(self.roamer, TOOL, "-m", MAC, "-a", ADDRESS, "-g", gateway,
                               "-s", target, "-n", moves, "-r", rate, "-w", down, "-p", PRIORITY,
                               *more, *self.legs, name=f"roamer-station-{len(self.helpers)}")
        status = program.wait(30 + 2 * moves)
        self.overflow = udp_drops(server.pid, PORT)
        server.stop()
        if status:
            raise WorldError(f"{program} ended with status {status}:\n{program.text()}")
        lines = program.text().strip().splitlines()
        self.overflow += json_of(lines[-1])["overflow"]
        return [json_of(line) for line in lines[:-1]], read_packets(up), read_packets(down)


def udp_drops(pid, port):
    """The number of packets for which the socket at that port had no room."""
    with open(f"/proc/{pid}/net/udp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return sum(int(row[-1]) for row in rows[1:] if row[1].endswith(f":{port:04X}"))


def read_packets(path):
    with open(path, encoding="ascii") as file:
        packets = [tuple(map(int, line.split())) for line in file]
    return sorted(packets, key=lambda packet: packet[2])


class Direction:
    """The packets that arrived in one direction."""

    def __init__(self, packets):
        self.times = [received for _, _, received in packets]

    def interruption(self, time_ns, around_ns=AROUND_NS):
        """The interruption around a time, in ms: the longest of the gaps that begin from BEFORE_NS
        before that time to around_ns after it, less the period.
        """
        first = max(0, bisect.bisect_left(self.times, time_ns - BEFORE_NS) - 1)
        last = bisect.bisect_right(self.times, time_ns + around_ns)
        marks = self.times[first:last + 1]
        if len(marks) < 2 or marks[-1] <= time_ns:
            raise WorldError("the stream has ended")
        return max(0.0, max(b - a for a, b in zip(marks, marks[1:])) / 1e6 - PERIOD_MS)

    def first_after(self, time_ns):
        return self.times[bisect.bisect_right(self.times, time_ns)]


def add_gaps(gaps, moves, packets, home, around_ns=AROUND_NS):
    """Adds the interruptions of one run, in ms, to gaps[way][kind of move]. Returns
    {way: Direction}.
    """
    ways = {way: Direction(found) for way, found in packets.items()}
    for way, direction in ways.items():
        for move in moves:
            gap = direction.interruption(move["time_ns"], around_ns)
            gaps[way].setdefault(kind_of(move, home), []).append(gap)
    return ways


def kind_of(move, home):
    start, end = ("home" if move[leg] == home else "visited" for leg in ("from", "to"))
    return f"{start} to {end}"


def medians(samples):
    return ", ".join(f"{kind} {statistics.median(values):.3f}"
                     for kind, values in sorted(samples.items()))


class Result:
    def __init__(self):
        self.gaps = {way: {} for way in ("up", "down")}
        self.still = {way: [] for way in ("up", "down")}
        self.network, self.mute = [], []

    def add(self, moves, packets, home):
        times = [move["time_ns"] for move in moves]
        for way, direction in add_gaps(self.gaps, moves, packets, home).items():
            self.still[way] += [direction.interruption((time + following) // 2)
                                for time, following in zip(times, times[1:])]

    def add_fine(self, moves, down):
        direction = Direction(down)
        self.network += [(direction.first_after(move["sent_ns"]) - move["sent_ns"]) / 1e6
                         for move in moves]

    def add_mute(self, moves, down):
        direction = Direction(down)
        self.mute += [direction.interruption(move["time_ns"]) for move in moves]

    def row(self, way, goal, note):
        samples = [value for values in self.gaps[way].values() for value in values]
        return make_row(f"handover_{way}link", "ms", samples, self.reference(way), goal,
                        f"{note}; medians: {medians(self.gaps[way])}")

    def reference(self, way):
        return "same stream, no handover", self.still[way]

    def more_rows(self, goal):
        """Further rows of the downlink."""
        return [
            make_row("handover_downlink_mute", "ms", self.mute, self.reference("down"), None,
                     "the station moves at a random moment and says nothing before its next "
                     "packet, up to 1 ms later"),
            make_row("handover_downlink_network", "ms", self.network, None, goal,
                     "from the station's first packet in the new cell to the first that it gets "
                     f"there, of {FINE_RATE} a second")]


def measure(names, rounds):
    result = Result()
    with RoamerWorld() as world:
        world.start()
        for _ in range(rounds):
            count = MOVES_A_ROUND if rounds > 1 else QUICK_MOVES
            moves, up, down = world.roam(count)
            result.add(moves, {"up": up, "down": down}, world.legs[0])
            moves, _, down = world.roam(count // 2, FINE_RATE)
            result.add_fine(moves, down)
            moves, _, down = world.roam(count, more=())
            result.add_mute(moves, down)
    goal = at_most(1, 5)
    rows = {
        "handover_uplink": [result.row("up", goal, "received by the server")],
        "handover_downlink": [result.row("down", goal, "received in the new cell"),
                              *result.more_rows(goal)],
    }
    return {name: rows[name] for name in names}
