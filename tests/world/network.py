# SPDX-License-Identifier: BSD-2-Clause
"""A small TMip network in namespaces, which starts in a blink and leaves no trace.

    station --- [air: a bridge per cell] --- w0 CN bb0 --- router --- server
                                                             +------- MLR

The backbone is routed: each CN, the MLR and the server has a link and a subnet of its own to the
router. The router has a route to each cell's subnet through its CN, except for the cells of CNs
that do NAT. A station roams when the port of its cable in `air` gets another bridge as master:
one netlink message, of which no program learns.
"""
import itertools
import os
import shutil
import signal
import tempfile
import threading

from .machines import Cn, Mlr, Place, Station
from .system import Links, Namespace, Program
from .system import ip_batch, remove_all, remove_leftovers, undisturbed, wait_for

NETWORK = "world"
serial = itertools.count()


class World:
    """The network. As a context manager it takes everything down at the end of the block, also
    after an exception, Ctrl-C or SIGTERM.

    cns          number of CNs
    cells        number of cells of each CN
    nat          numbers of the CNs that masquerade their cells
    mtu          MTU of the backbone
    offloads     False turns the endpoints' segmentation and checksum offloads off
    ipv6         True leaves IPv6 on in all namespaces
    pools        {cn: "FIRST LAST"}
    lease_time   the directive of all CNs
    mlr          further directives of the register
    directives   {cn: {...}}, further directives of CNs, where CN 0 stands for all CNs
    network      name of the network
    """

    def __init__(self, cns=3, cells=1, nat=(1,), mtu=1500, offloads=True, ipv6=False, pools=None,
                 lease_time=None, mlr=None, directives=None, network=NETWORK):
        remove_leftovers()
        self.prefix = f"tmip-w{os.getpid()}x{next(serial)}"
        self.nat, self.mtu, self.offloads, self.ipv6 = tuple(nat), mtu, offloads, ipv6
        self.network = network
        self.folder = tempfile.mkdtemp(prefix=f"{self.prefix}-")
        self.router, self.air = Namespace(self.prefix, "router"), Namespace(self.prefix, "air")
        self.server = Place(self, "server", "10.250.0")
        self.mlr = Mlr(self, "mlr", "10.251.0", mlr or {})
        self.cns, directives = [], directives or {}
        for number in range(1, cns + 1):
            more = {**directives.get(0, {}), **directives.get(number, {})}
            if lease_time:
                more["lease_time"] = lease_time
            if pools and number in pools:
                more["addr_pool"] = f"w0 {pools[number]}"
            own = {name: value for name, value in more.items() if name != "addr_pool"}
            self.cns.append(Cn(self, number, cells, own))
            if "addr_pool" in more:
                self.cns[-1].configure_with(addr_pool=more["addr_pool"])
        self.stations, self.helpers, self.links, self.old_handler = [], [], None, None

    def cn(self, number):
        return self.cns[number - 1]

    # ---- building

    def __enter__(self):
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            self.old_handler = signal.signal(signal.SIGTERM, self.interrupted)
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    @staticmethod
    def interrupted(_number, _frame):
        raise KeyboardInterrupt

    def places(self):
        return [self.server, self.mlr, *self.cns]

    def build(self):
        lines = [f"netns add {space.name}" for space in (self.router, self.air, *self.places())]
        for place in self.places():
            lines += place.links()
        ip_batch(lines)
        lines = [line for place in self.places() for line in place.router_lines()]
        self.router.configure(lines, ipv6=self.ipv6)
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.build_air()
        for place in self.places():
            place.build()
        # Router and air have the ends of the links that came up first. The other ends carry packets
        # at once, except IPv6, which starts only when the kernel marks the link as running.
        for space in (self.router, self.air, *(self.places() if self.ipv6 else ())):
            space.wait_links()

    def backbone_links(self, place):
        """Lines that make the link between bb0 of a place and the router's device."""
        return [f"link add bb0 netns {place.name} mtu {self.mtu} "
                f"type veth peer name {place.place} netns {self.router.name} mtu {self.mtu}"]

    def build_air(self):
        cells = [cell for cn in self.cns for cell in cn.cells]
        lines = []
        for cell in cells:
            lines += [f"link add {cell.bridge} type bridge "
                      "stp_state 0 forward_delay 0 mcast_snooping 0",
                      f"link set {cell.bridge} up",
                      f"link set {cell.port} master {cell.bridge}", f"link set {cell.port} up"]
        self.air.configure(lines)
        index = self.air.links_by_name()
        for cell in cells:
            cell.ifindex = index[cell.bridge]
        self.links = Links(self.air)

    def add_station(self, name="station", cell=None, mac=None):
        """Builds a station in that cell (a Cell or a Cn), or out of reach of all cells."""
        station = Station(self, name, len(self.stations) + 1, mac)
        self.stations.append(station)
        station.build()
        return station.roam(cell) if cell else station

    # ---- running

    def start(self):
        """Starts the register and all agents; returns when all of them serve."""
        self.mlr.start()
        for cn in self.cns:
            cn.start(wait=False)
        for cn in self.cns:
            cn.wait_ready()
        return self

    def start_in_order(self):
        """Starts one after the other, so that each CN gets its own number in the register."""
        for daemon in (self.mlr, *self.cns):
            daemon.start()
        return self

    def program(self, namespace, *words, name=None, **options):
        """Starts a helper program in a namespace. It ends with the world at the latest."""
        name = name or f"{namespace.place}-{len(self.helpers)}"
        helper = Program(namespace, words, os.path.join(self.folder, f"{name}.output"), **options)
        self.helpers.append(helper)
        return helper

    def settled(self, station, seconds=5):
        """Waits until all CNs agree on where the station is and nothing is pending."""
        def agreed():
            records = [cn.station(station) for cn in self.cns]
            if not all(records) or any(record.get("pending") for record in records):
                return False
            current = {record["current"] for record in records}
            right = not station.cell or current == {station.cell.cn.place}
            return right and len(current) == 1

        wait_for(agreed, f"all CNs to agree on {station.place}", seconds)

    def texts(self, limit=6000):
        """The end of all that the programs of the world have written: {name: text}."""
        found = {}
        for daemon in (self.mlr, *self.cns):
            found.update(daemon.texts())
        for name in sorted(os.listdir(self.folder) if os.path.isdir(self.folder) else []):
            if name.endswith(".output"):
                path = os.path.join(self.folder, name)
                with open(path, encoding="utf-8", errors="replace") as file:
                    found[name] = file.read()
        return {name: text[-limit:] for name, text in found.items() if text.strip()}

    # ---- the end

    def close(self):
        """Ends all programs, newest first, then removes everything. Ends within a bounded time;
        SIGINT and SIGTERM take effect after it.
        """
        with undisturbed():
            for station in self.stations:
                if station.client:
                    station.client.kill()
            daemons = [daemon.program for daemon in (*self.cns, self.mlr) if daemon.program]
            programs = [*reversed(self.helpers), *daemons]
            for program in programs:
                program.send(signal.SIGTERM)
            for program in programs:
                program.stop(1)
            if self.links:
                self.links.close()
            remove_all(self.prefix)
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.old_handler is not None:
            signal.signal(signal.SIGTERM, self.old_handler)

    def __exit__(self, *_):
        self.close()
