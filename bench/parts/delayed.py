# SPDX-License-Identifier: BSD-2-Clause
"""The interruption by a handover over a long backbone: a round trip takes 20 ms between any two
CNs, and to the register.

The link of each CN and of the register has a delay line (tools/delay.c) of 5 ms each way, so that a
packet takes 10 ms from CN to CN. The server's link has none. A visited CN notifies the parent of a
station, and then gets the station's first packet from there, which takes one round trip: 20 ms.
"""
import json
import os

from parts.handover import AT_ONCE, RoamerWorld, add_gaps, medians
from results import at_most, make_row
from world import BUILD, Namespace, wait_for
from world.system import ip_batch

NAMES = ("handover_20ms",)
TOOL = os.path.join(BUILD, "bench-tools", "delay")
ROUND_TRIP_MS, MORE_MS = 20, 3
MOVES, QUICK_MOVES = 22, 6
INTERVAL = "350-450"  # ms between moves, so that the register has answered before the next one
AROUND_NS = 60_000_000
PRIORITY = 60


class LongWorld(RoamerWorld):
    """The station's world, and a namespace with delay lines between the CNs, the register and the
    router.
    """

    def __init__(self):
        super().__init__(offloads=False)
        self.lines = Namespace(self.prefix, "lines")
        self.delayed = [self.mlr, *self.cns]

    def backbone_links(self, place):
        if place not in self.delayed:
            return super().backbone_links(place)
        return [f"link add bb0 netns {place.name} "
                f"type veth peer name near-{place.place} netns {self.lines.name}",
                f"link add {place.place} netns {self.router.name} "
                f"type veth peer name far-{place.place} netns {self.lines.name}"]

    def build(self):
        ip_batch([f"netns add {self.lines.name}"])
        super().build()
        links = [f"near-{place.place}:far-{place.place}" for place in self.delayed]
        self.tool = self.program(self.lines, TOOL, "-d", ROUND_TRIP_MS / 4, "-p", PRIORITY, *links,
                                 name="delay")

    def build_air(self):
        """Sets up the links between the places and the router, too."""
        super().build_air()
        ends = [f"{side}-{place.place}" for place in self.delayed for side in ("near", "far")]
        self.lines.configure([f"link set {end} up" for end in ends])
        commands = [f"ethtool -K {place.place} tx off gso off tso off gro off >/dev/null\n"
                    for place in self.delayed]
        self.router.run("sh", "-e", "-c", "".join(commands))

    def round_trip(self):
        """The round trip from CN 2 to CN 1, in ms."""
        parent, cn = self.cns[0].address, self.cns[1]
        wait_for(lambda: cn.ping(parent), "CN 1 to answer through the delay lines")
        text = cn.run("ping", "-n", "-q", "-c", 10, "-i", "0.05", parent).stdout
        return float(text.rsplit("=", 1)[1].split("/")[1])


def measure(names, rounds):
    gaps = {way: {} for way in ("up", "down")}
    with LongWorld() as world:
        measured = world.round_trip()
        world.start()
        for _ in range(rounds):
            moves, up, down = world.roam(MOVES if rounds > 1 else QUICK_MOVES,
                                         more=("-i", INTERVAL, *AT_ONCE))
            add_gaps(gaps, moves, {"up": up, "down": down}, world.legs[0], AROUND_NS)
        world.tool.stop()
        line = json.loads(world.tool.text().strip().splitlines()[-1])
    rows = []
    for way, kinds in gaps.items():
        samples = [gap for found in kinds.values() for gap in found]
        note = (f"round trip between two CNs {measured:.1f} ms; medians: {medians(kinds)}; "
                f"delay lines: at most {line['latest_ms']:.2f} ms late, {line['dropped']} dropped")
        rows.append(make_row(f"handover_20ms_{way}link", "ms", samples, None,
                             at_most(ROUND_TRIP_MS + MORE_MS), note))
    return {"handover_20ms": rows}
