# SPDX-License-Identifier: BSD-2-Clause
"""Roams of Wi-Fi stations in the VM (tests/vm/run), where parts/wifi.py starts this program. Two
stations of the same make roam in turn, each with a stream both ways. One is in a network of two CNs
whose cells are WLANs ("tmip"), the other in a network of two access points that are bridged into
one. The other one roams as it is ("bridged"), and with its gateway's MAC entered by hand ("known").

    wifi_roams.py ROAMS ROUNDS SECONDS KIND...

The first kind of WLAN has ROUNDS rounds, each other kind has one. No round begins after SECONDS.

The program writes a line of JSON for each roam to /run/results/roams:
{kind, network, round, up, down}, the last two in ms from the association to the first packet that
arrives.
"""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tests"), os.path.join(HERE, "..", "tests", "vm")]

from wifi import AccessPoint, WifiStation, attach_cell, load_radios  # noqa: E402
from world import Namespace, Stream, World  # noqa: E402
from world.system import ip_batch  # noqa: E402

RATE = 250
BRIDGED_CHANNEL = 6  # of its own, so that the two networks do not hear each other


class Bridged(Namespace):
    """A host that is only an access point: wlan0 and a cable to the cell of the plain gateway, in
    one bridge.
    """

    def __init__(self, world, place, cell):
        super().__init__(world.prefix, place)
        self.world = world
        ip_batch([f"netns add {self.name}",
                  f"link add cable netns {self.name} "
                  f"type veth peer name {place} netns {world.air.name}"])
        world.air.configure([f"link set {place} master {cell.bridge}", f"link set {place} up"])
        self.configure(["link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                        "link set cable master br0", "link set cable up", "link set br0 up"])


class Network:
    def __init__(self, name, station, points, neighbour=None):
        """neighbour: the entry of the station's gateway, as words of ip(8). The station gets it
        before each series of roams.
        """
        self.name, self.station, self.points, self.neighbour = name, station, points, neighbour

    def serve(self, kind):
        for point in self.points:
            point.serve(kind)
        self.station.join(kind)
        self.station.reaches(self.station.world.server.address, 20)

    def roams(self, count, port):
        """Lets the station roam so many times. Returns [{up, down}, ...]."""
        station, found = self.station, []
        if self.neighbour:
            station.configure([f"neigh replace {self.neighbour}"], "", True)
        stream = Stream(station.world, station.world.server, station, rate=RATE, port=port)
        stream.flowing(20)
        for _ in range(count):
            here = station.connections()[-1][1]
            other = next(point for point in self.points if point.bssid != here)
            moment = station.associate(other)
            found.append({way: stream.first_after(way, moment, 20) for way in ("up", "down")})
        stream.stop()
        return found


def build(world, kind):
    """Builds the two networks, of this kind of WLAN. CN 3 is the gateway of the bridged one."""
    radios = sorted(load_radios(6).items())
    gateway = world.cn(3)
    gateway.plain_routing()
    world.mlr.start()
    cells = [attach_cell(cn, *radio, security=kind) for cn, radio in zip(world.cns[:2], radios)]
    bridged = []
    for number, radio in enumerate(radios[2:4]):
        host = Bridged(world, f"point{number}", gateway.cells[0])
        bridged.append(AccessPoint(host, *radio, channel=BRIDGED_CHANNEL, lines=(), security=kind,
                                   more=["bridge=br0"]))
    roamer = WifiStation(world, "roamer", *radios[4]).build(kind)
    roamer.set_static("10.1.0.77", "10.1.0.1")
    rival = WifiStation(world, "rival", *radios[5], channel=BRIDGED_CHANNEL).build(kind)
    rival.set_static("10.3.0.77", "10.3.0.1")
    mac = json.loads(gateway.run("ip", "-j", "link", "show", "w0").stdout)[0]["address"]
    neighbour = f"10.3.0.1 lladdr {mac} dev wlan0 nud"
    return [Network("tmip", roamer, cells),
            Network("bridged", rival, bridged, f"{neighbour} stale"),
            Network("known", rival, bridged, f"{neighbour} permanent")]


def main(roams, rounds, seconds, *kinds):
    end, port = time.monotonic() + float(seconds), 5200
    with World(cns=3, nat=()) as world, open("/run/results/roams", "w", encoding="ascii") as file:
        networks = build(world, kinds[0])
        for kind in kinds:
            for number in range(int(rounds) if kind == kinds[0] else 1):
                if time.monotonic() > end:
                    return
                for network in [*networks[number % 3:], *networks[:number % 3]]:
                    if kind != kinds[0] and network.name != "known":
                        network.serve(kind)
                    port += 1
                    head = {"kind": kind, "network": network.name, "round": number}
                    for roam in network.roams(int(roams), port):
                        print(json.dumps({**head, **roam}), file=file, flush=True)
                    print(f"{time.monotonic():.0f} s: {kind}, round {number + 1}, {network.name}",
                          flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
