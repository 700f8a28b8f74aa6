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
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from .dhcp import Dhclient, Udhcpc
from .paths import AGENT, MLRD
from .system import (PATIENCE, PIN_ROOT, Links, Namespace, Program, WorldError, ip_batch, listens,
                     remove_all, remove_leftovers, wait_for)

NETWORK = "world"
serial = itertools.count()


def write_config(path, directives):
    """Writes one directive a line. A list repeats its directive; None leaves it out."""
    with open(path, "w", encoding="ascii") as file:
        for name, value in directives.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if one is not None:
                    file.write(f"{name} {str(one).lower() if isinstance(one, bool) else one}\n")


class Place(Namespace):
    """A namespace with a link to the backbone router. Its device is bb0; the router's end bears the
    name of the place.
    """

    def __init__(self, world, place, subnet):
        super().__init__(world.prefix, place)
        self.world, self.address, self.router = world, f"{subnet}.1", f"{subnet}.254"

    def links(self):
        """Lines of the world's batch that make the links of this place."""
        return self.world.backbone_links(self)

    def router_lines(self):
        """Lines for the router."""
        return [f"address add {self.router}/24 dev {self.place}", f"link set {self.place} up"]

    def shell(self):
        if self.world.offloads:
            return ""
        return "ethtool -K bb0 tx off gso off tso off gro off >/dev/null\n"

    def build(self, more=()):
        lines = [f"address add {self.address}/24 dev bb0", "link set bb0 up",
                 f"route add default via {self.router}", *more]
        self.configure(lines, self.shell(), self.world.ipv6)

    def reaches(self, target, seconds=10):
        """Waits until the target answers a ping. A busy machine may keep packets for seconds."""
        what = f"an answer of {target} to {self.place}"
        wait_for(lambda: self.ping(target, seconds=0.5), what, seconds)

    def ping(self, target, count=1, seconds=2, size=56, more=()):
        """True if an answer came to each of `count` pings, which leave 50 ms apart. On an emulated
        machine the last one waits at least a second.
        """
        wait = max(seconds, PATIENCE / 10)
        done = self.run("ping", "-n", "-q", "-c", count, "-i", "0.05", "-W", wait, "-s", size,
                        *more, target, check=False)
        return done.returncode == 0 and " 0% packet loss" in done.stdout


class Daemon(Place):
    """A place with one of our daemons: its folders, its configuration, its start and its end."""

    binary = None

    def __init__(self, world, place, subnet):
        super().__init__(world, place, subnet)
        self.folder = os.path.join(world.folder, place)
        self.config = os.path.join(self.folder, "rc")
        self.log = os.path.join(self.folder, "output")
        self.program = None
        self.directives = {"network_name": world.network,
                           "run_dir": f"{self.folder}/run", "state_dir": f"{self.folder}/state",
                           "log_file": f"{self.folder}/log", "status_file": f"{self.folder}/status"}
        for name in ("run", "state"):
            os.makedirs(f"{self.folder}/{name}")

    def configure_with(self, **changes):
        """Writes the configuration anew with these directives; None removes one. The program reads
        it at its next start.
        """
        self.directives.update(changes)
        write_config(self.config, self.directives)

    def command_line(self):
        raise NotImplementedError

    def ready(self):
        raise NotImplementedError

    def start(self, wait=True, daemon=False):
        """Starts the program: in the foreground, with a pipe for its commands; or, with `daemon`,
        so that it goes into the background by itself.
        """
        if not os.path.exists(self.binary):
            raise WorldError(f"{self.binary} is missing: run make first")
        if daemon:
            self.run(*self.command_line(), timeout=20, stdin=subprocess.DEVNULL)
        else:
            self.program = Program(self, [*self.command_line(), "-F"], self.log)
        return self.wait_ready() if wait else self

    def wait_ready(self, seconds=20):
        def ready():
            if self.program and not self.program.alive:
                return "ended"
            return self.ready()

        if wait_for(ready, f"{self.place} to serve", seconds) == "ended":
            status = self.program.process.returncode
            raise WorldError(f"{self.place} ended with status {status}:\n{self.program.text()}")
        return self

    def pid_file(self):
        return f"{self.folder}/run/{self.world.network}.pid"

    def control_socket(self):
        return self.pid_file().removesuffix(".pid") + ".sock"

    def daemon_pid(self):
        with open(self.pid_file(), encoding="ascii") as file:
            return int(file.read())

    def pid(self):
        return self.program.pid if self.program else self.daemon_pid()

    def kill(self):
        """Kills the program with SIGKILL."""
        if self.program:
            self.program.kill()
        else:
            os.kill(self.daemon_pid(), signal.SIGKILL)

    def stop(self):
        if self.program:
            return self.program.stop()
        return os.kill(self.daemon_pid(), signal.SIGTERM)

    def texts(self):
        """All that the program has written: {name: text}."""
        found = {}
        for name in ("output", "log", "status"):
            try:
                with open(f"{self.folder}/{name}", encoding="utf-8", errors="replace") as file:
                    found[f"{self.place} {name}"] = file.read()
            except OSError:
                pass
        if found.get(f"{self.place} log") and found.get(f"{self.place} output"):
            del found[f"{self.place} log"]  # in the foreground both have the same text
        return found


class Mlr(Daemon):
    binary = MLRD

    def __init__(self, world, place, subnet, directives):
        super().__init__(world, place, subnet)
        # Stations of tests move faster than people walk, so the register does not damp them. The
        # tests of flap_moves set it themselves.
        self.configure_with(**{"port": 6554, "flap_moves": 0, **directives})

    def command_line(self):
        return [self.binary, "-f", self.config]

    def pid_file(self):
        return f"{self.folder}/run/{self.world.network}.mlrd.pid"

    def ready(self):
        return listens(self.pid(), self.directives["port"])


class Cell:
    """A cell of a CN: the device of the CN, and the bridge in the air."""

    def __init__(self, cn, number):
        self.cn, self.device, self.bridge = cn, f"w{number}", f"cell{cn.number}.{number}"
        self.port = f"{cn.number}.{number}"  # the other end of the CN's device, in the bridge
        self.subnet, self.gateway = f"10.{cn.number}.{number}.0/24", f"10.{cn.number}.{number}.1"
        self.ifindex = None

    def __repr__(self):
        return f"{self.cn.place}/{self.device}"


class Cn(Daemon):
    binary = AGENT

    def __init__(self, world, number, cells, directives):
        super().__init__(world, f"cn{number}", f"10.{200 + number}.0")
        self.number, self.nat = number, number in world.nat
        self.cells = [Cell(self, cell) for cell in range(cells)]
        self.configure_with(cn_name=self.place, mlr=world.mlr.address, cn_if="bb0",
                            mobile_if=[cell.device for cell in self.cells],
                            addr_pool=[f"{cell.device} * *" for cell in self.cells],
                            dns_server=world.server.address,
                            bpf_dir=f"{PIN_ROOT}/{world.prefix}/{self.place}", **directives)

    def links(self):
        air = self.world.air.name
        return [*super().links(),
                *(f"link add {cell.device} netns {self.name} "
                  f"type veth peer name {cell.port} netns {air}"
                  for cell in self.cells)]

    def router_lines(self):
        lines = super().router_lines()
        if not self.nat:
            lines += [f"route add {cell.subnet} via {self.address}" for cell in self.cells]
        return lines

    def shell(self):
        lines = super().shell()
        if self.nat:
            subnets = ", ".join(cell.subnet for cell in self.cells)
            lines += ("nft 'add table ip nat; "
                      "add chain ip nat leaving { type nat hook postrouting priority 100; }; "
                      f"add rule ip nat leaving ip saddr {{ {subnets} }} oifname bb0 masquerade'\n")
        return lines

    def build(self, more=()):
        lines = list(more)
        for cell in self.cells:
            lines += [f"address add {cell.gateway}/24 dev {cell.device}",
                      f"link set {cell.device} up"]
        super().build(lines)

    def command_line(self):
        return [self.binary, "run", "-f", self.config]

    def ready(self):
        return self.control("status")["register"]["state"] == "connected"

    def control(self, command, **more):
        """The result of a command over the control socket, without a process."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5 * PATIENCE)
            connection.connect(self.control_socket())
            connection.sendall(json.dumps({"command": command, **more}).encode() + b"\n")
            answer = json.loads(connection.makefile("r", encoding="utf-8").readline())
        if not answer["ok"]:
            raise WorldError(f"{self.place}: {command}: {answer['error']}")
        return answer["result"]

    def ask(self, *words):
        """The parsed output of `tmip-agent WORDS --json`."""
        return json.loads(self.run(self.binary, *words, "-f", self.config, "--json").stdout)

    def agent(self, *words, **options):
        """Runs `tmip-agent WORDS -f CONFIG`."""
        return self.run(self.binary, *words, "-f", self.config, **options)

    def station(self, station):
        """This CN's record of a station (a Station, an address or a MAC), or None."""
        wanted = station.mac if isinstance(station, Station) else station
        records = self.control("stations")
        return next((record for record in records
                     if wanted in (record["mac"], record["address"])), None)

    def state(self, station):
        """The state in this CN's record of a station; None if a handover is pending."""
        record = self.station(station)
        return record["state"] if record and not record.get("pending") else None

    def plain_routing(self):
        """Forwards packets without an agent."""
        self.sysctl("net.ipv4.ip_forward", 1)


class Station(Namespace):
    """An unmodified host with one device, wlan0, whose cable ends in the air."""

    device = "wlan0"

    def __init__(self, world, name, number, mac=None):
        super().__init__(world.prefix, name)
        self.world, self.port = world, f"port{number}"
        self.mac = mac or f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        self.cell, self.ifindex, self.client = None, None, None

    def build(self):
        # The device becomes wlan0 only in its namespace: kernels before 6.2 refuse that name on a
        # machine that has a wlan0 itself.
        air, new = self.world.air, f"w{self.port}"
        ip_batch([f"netns add {self.name}",
                  f"link add {self.port} netns {air.name} up "
                  f"type veth peer name {new} address {self.mac} netns {self.name}"])
        offloads = ""
        if not self.world.offloads:
            offloads = f"ethtool -K {new} tx off gso off tso off gro off >/dev/null\n"
        self.configure([f"link set {new} name wlan0 up"], offloads, self.world.ipv6)
        air.wait_links(self.port)
        self.ifindex = air.ifindex(self.port)

    def roam(self, cell):
        """Moves the station into a cell: a Cell, or a Cn for its first one."""
        cell = cell.cells[0] if isinstance(cell, Cn) else cell
        self.world.links.set_master(self.ifindex, cell.ifindex)
        self.cell = cell
        return self

    def leave(self):
        """Takes the station out of reach of all cells."""
        self.world.links.set_master(self.ifindex, 0)
        self.cell = None

    def dhclient(self, **options):
        self.client = Dhclient(self, **options)
        return self.client

    def udhcpc(self, **options):
        self.client = Udhcpc(self, **options)
        return self.client

    def address(self):
        """The IPv4 address that the station has now, or None."""
        shown = self.run("ip", "-j", "-4", "address", "show", "dev", self.device).stdout
        infos = [info for link in json.loads(shown or "[]") for info in link.get("addr_info", [])]
        return infos[0]["local"] if infos else None

    def set_static(self, address, gateway, length=24):
        """Gives the station a fixed address and a default route, without DHCP."""
        self.configure([f"address add {address}/{length} dev {self.device}",
                        f"route replace default via {gateway}"], "", True)

    ping, reaches = Place.ping, Place.reaches


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
        """The same one after the other, so that each CN gets its own number in the register."""
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
        """Ends all programs, newest first, then removes everything. It blocks SIGINT and SIGTERM
        meanwhile, and ends within a bounded time.
        """
        main = threading.current_thread() is threading.main_thread()
        blocked = None
        if main:
            signals = {signal.SIGINT, signal.SIGTERM}
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
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
        finally:
            if main:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
                if self.old_handler is not None:
                    signal.signal(signal.SIGTERM, self.old_handler)

    def __exit__(self, *_):
        self.close()
