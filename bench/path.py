# SPDX-License-Identifier: BSD-2-Clause
"""The way station - visited CN - parent CN - server, in three kinds that differ in nothing but what the CNs do.

    station wlan0 --- w0 CN 2 bb0 --- CN 1 (bridge bb0) --- bb0 server
                                           +--- bb0 MLR

tmip: the station's address belongs to CN 1, real agents and register serve; plain: the kernels route, without an agent;
vxlan: the kernels route, through a kernel VXLAN device between the CNs. The bridge in CN 1 stands for the switch of a
backbone: the packets of all kinds pass it twice.
"""
from world import Place, Station, World, WorldError, wait_for
from world.system import ip_batch

KINDS = ("tmip", "plain", "vxlan")
QUIET_KERNEL = "for f in /proc/sys/net/ipv4/conf/*/send_redirects /proc/sys/net/ipv4/conf/*/accept_redirects; do echo 0 > $f; done\n"
NO_OFFLOADS = ("tx", "tso", "gso", "gro")


class Path(World):
    def __init__(self, kind):
        super().__init__(cns=2, nat=())
        self.kind = kind
        self.parent, self.visited = self.cns
        self.station = Station(self, "station", 1)

    def build(self):
        """Instead of the world's routed backbone: one subnet for each place, all of them on one bridge in CN 1."""
        leaves = [self.server, self.mlr, self.visited]
        lines = [f"netns add {space.name}" for space in (self.air, self.station, self.parent, *leaves)]
        lines += [f"link add bb0 netns {leaf.name} type veth peer name {leaf.place} netns {self.parent.name}" for leaf in leaves]
        lines += [f"link add w0 netns {self.parent.name} type veth peer name w0 netns {self.air.name}",
                  f"link add w0 netns {self.visited.name} type veth peer name wlan0 address {self.station.mac} "
                  f"netns {self.station.name}"]
        ip_batch(lines)
        self.air.configure(["link set w0 up"])
        ports = [line for leaf in leaves for line in (f"link set {leaf.place} master bb0", f"link set {leaf.place} up")]
        self.build_router(self.parent, ["link add bb0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0", *ports])
        self.build_router(self.visited, [], [f"route add default via {self.parent.address} dev bb0 onlink"])
        for leaf in (self.server, self.mlr):
            self.configure_place(leaf, [], [f"route add default via {self.parent.address} dev bb0 onlink"])
        self.build_kind()

    def configure_place(self, place, before, after):
        others = [other.address for other in (self.server, self.mlr, *self.cns) if other is not place]
        place.configure([*before, f"address add {place.address}/24 dev bb0", "link set bb0 up",
                         *(f"route add {address} dev bb0" for address in others), *after], QUIET_KERNEL)

    def build_router(self, cn, before, after=()):
        cell = cn.cells[0]
        self.configure_place(cn, before, [f"address add {cell.gateway}/24 dev w0", "link set w0 up", *after])

    def build_kind(self):
        home = self.parent if self.kind == "tmip" else self.visited
        cell = home.cells[0]
        self.station.configure([f"address add {self.address}/24 dev wlan0", "link set wlan0 up", f"route add default via {cell.gateway}"],
                               QUIET_KERNEL)
        if self.kind == "tmip":
            return
        for cn in self.cns:
            cn.plain_routing()
        way = f"via {self.visited.address} dev bb0 onlink"
        if self.kind == "vxlan":
            way = "via 10.99.0.2"
            self.build_vxlan()
        self.parent.configure([f"route add {cell.subnet} {way}"])

    def build_vxlan(self):
        for number, (cn, other) in enumerate((self.cns, reversed(self.cns)), 1):
            cn.configure([f"link add vx0 type vxlan id 1 local {cn.address} remote {other.address} dstport 4789 dev bb0",
                          f"address add 10.99.0.{number}/24 dev vx0", "link set vx0 up"], QUIET_KERNEL)
        self.visited.configure(["route replace default via 10.99.0.1"])

    @property
    def address(self):
        """Of the station."""
        return "10.1.0.9" if self.kind == "tmip" else "10.2.0.9"

    def ready(self):
        """Returns when packets flow both ways; with TMip, through the tunnel."""
        if self.kind == "tmip":
            self.start()
        self.wait_ping(self.station, self.server.address)
        self.wait_ping(self.server, self.address)
        if self.kind == "tmip":
            self.check_states()
        return self

    @staticmethod
    def wait_ping(place, target):
        wait_for(lambda: Place.ping(place, target), f"an answer to {place.place} from {target}", 10)

    def check_states(self):
        states = [cn.state(self.address) for cn in self.cns]
        if states != ["away", "visiting"]:
            raise WorldError(f"the station is {states} in CN 1 and CN 2")

    def set_offloads(self, on):
        """Of both endpoints, as a machine without them would have them."""
        words = [word for name in NO_OFFLOADS for word in (name, "on" if on else "off")]
        self.station.run("ethtool", "-K", "wlan0", *words)
        self.server.run("ethtool", "-K", "bb0", *words)
