# SPDX-License-Identifier: BSD-2-Clause
"""The path station - visited CN - parent CN - server, in five kinds that differ only in the CNs.

    station wlan0 --- w0 CN 2 bb0 --- switch --- bb0 CN 1
                                        +--- bb0 server
                                        +--- bb0 MLR

    tmip    Real agents and a real register serve. The station's address belongs to CN 1.
    home    The same with `fastpath home`, but the address belongs to CN 2, where the station is.
    plain   The kernels route, without agents.
    vxlan   The kernels route, through a kernel VXLAN device between the CNs.
    bare    Programs that only redirect take the place of the CNs (tools/bare.c).

The packets of all kinds pass the switch twice. It is a bridge in a namespace of its own: as a
device of CN 1 it would cut every super-packet that was in a tunnel before into its segments.
"""
import json
import os

from world import BUILD, Place, Station, World, WorldError, wait_for
from world.system import ip_batch

STATES = {"tmip": ["away", "visiting"], "home": ["elsewhere", "home"]}  # at CN 1 and CN 2
QUIET_KERNEL = ("for f in /proc/sys/net/ipv4/conf/*/send_redirects "
                "/proc/sys/net/ipv4/conf/*/accept_redirects; do echo 0 > $f; done\n")
FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward\n"
# A switch has no netfilter.
SWITCH_ONLY = "f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo 0 > $f\n"
BARE = os.path.join(BUILD, "bench-tools", "bare")
NO_OFFLOADS = ("tx", "tso", "gso", "gro")


def mac_of(place, device):
    return json.loads(place.run("ip", "-j", "link", "show", device).stdout)[0]["address"]


class Path(World):
    def __init__(self, kind):
        directives = {0: {"fastpath": "home"}} if kind == "home" else None
        super().__init__(cns=2, nat=(), directives=directives)
        self.kind = kind
        self.parent, self.visited = self.cns
        self.station = Station(self, "station", 1)

    def build(self):
        """Builds one subnet for each place, all of them on one switch, instead of the world's
        routed backbone.
        """
        spaces = [self.router, self.air, self.station, *self.places()]
        lines = [f"netns add {space.name}" for space in spaces]
        for place in (self.server, self.mlr, *self.cns):
            lines += Place.links(place)
        lines += [f"link add w0 netns {self.parent.name} "
                  f"type veth peer name w0 netns {self.air.name}",
                  f"link add w0 netns {self.visited.name} type veth "
                  f"peer name wlan0 address {self.station.mac} netns {self.station.name}"]
        ip_batch(lines)
        self.air.configure(["link set w0 up"])
        self.build_switch()
        for place in self.places():
            self.build_place(place)
        self.build_kind()

    def build_switch(self):
        lines = ["link add switch type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                 "link set switch up"]
        for place in self.places():
            lines += [f"link set {place.place} master switch", f"link set {place.place} up"]
        self.router.configure(lines, SWITCH_ONLY)

    def build_place(self, place):
        """Gives each place a route through CN 1, although all are on the same switch, so that every
        packet takes the same path.
        """
        lines = [f"address add {place.address}/24 dev bb0", "link set bb0 up"]
        if place is self.parent:
            others = [other for other in self.places() if other is not place]
            lines += [f"route add {other.address} dev bb0" for other in others]
        else:
            lines += [f"route add default via {self.parent.address} dev bb0 onlink"]
        if place in self.cns:
            lines += [f"address add {place.cells[0].gateway}/24 dev w0", "link set w0 up"]
        place.configure(lines, QUIET_KERNEL + FORWARD)

    def build_kind(self):
        home = self.parent if self.kind == "tmip" else self.visited
        cell = home.cells[0]
        self.station.configure([f"address add {self.address}/24 dev wlan0", "link set wlan0 up",
                                f"route add default via {cell.gateway}"], QUIET_KERNEL)
        if self.kind == "tmip":
            return
        way = f"via {self.visited.address} dev bb0 onlink"
        if self.kind == "vxlan":
            way = "via 10.99.0.2"
            self.build_vxlan()
        self.parent.configure([f"route add {cell.subnet} {way}"])

    def start_bare(self):
        station, server = mac_of(self.station, "wlan0"), mac_of(self.server, "bb0")
        parent, visited = mac_of(self.parent, "bb0"), mac_of(self.visited, "bb0")
        up, down = f"{self.server.address}:bb0", self.address
        for cn, *words in ((self.visited, "w0", f"{up}:{parent}"),
                           (self.visited, "bb0", f"{down}:w0:{station}"),
                           (self.parent, "bb0", f"{up}:{server}", f"{down}:bb0:{visited}")):
            program = self.program(cn, BARE, *words, name=f"bare-{len(self.helpers)}")
            wait_for(lambda running=program: "ready" in running.text(), "the program to redirect")

    def build_vxlan(self):
        for number, (cn, other) in enumerate((self.cns, reversed(self.cns)), 1):
            cn.configure([f"link add vx0 type vxlan id 1 local {cn.address} "
                          f"remote {other.address} dstport 4789 dev bb0",
                          f"address add 10.99.0.{number}/24 dev vx0", "link set vx0 up"],
                         QUIET_KERNEL)
        self.visited.configure([f"route add {self.parent.address} dev bb0",
                                "route replace default via 10.99.0.1"])

    @property
    def address(self):
        """The address of the station."""
        return "10.1.0.9" if self.kind == "tmip" else "10.2.0.9"

    def ready(self):
        """Returns when packets flow both ways; with TMip, through the tunnel."""
        if self.kind in STATES:
            self.start()
        self.wait_ping(self.station, self.server.address)
        self.wait_ping(self.server, self.address)
        if self.kind in STATES:
            self.check_states()
        if self.kind == "bare":
            self.start_bare()
            self.wait_ping(self.station, self.server.address)
        return self

    @staticmethod
    def wait_ping(place, target):
        what = f"an answer to {place.place} from {target}"
        wait_for(lambda: Place.ping(place, target), what, 10)

    def check_states(self):
        states = [cn.state(self.address) for cn in self.cns]
        if states != STATES[self.kind]:
            raise WorldError(f"the station is {states} in CN 1 and CN 2")

    def set_offloads(self, on):
        """Turns the offloads of both endpoints on or off."""
        words = [word for name in NO_OFFLOADS for word in (name, "on" if on else "off")]
        self.station.run("ethtool", "-K", "wlan0", *words)
        self.server.run("ethtool", "-K", "bb0", *words)
