# SPDX-License-Identifier: BSD-2-Clause
"""The machines of a world (see network.py): places on the backbone, the daemons on them, CNs with
their cells, and stations.
"""
import json
import os
import signal
import socket
import subprocess

from .dhcp import Dhclient, Dhcpcd, Udhcpc
from .paths import AGENT, MLRD
from .system import PATIENCE, PIN_ROOT, Namespace, Program, WorldError, ip_batch, listens, wait_for


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
        self.program, self.environment = None, None
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
            self.program = Program(self, [*self.command_line(), "-F"], self.log,
                                   self.environment)
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

    def dhcpcd(self, **options):
        self.client = Dhcpcd(self, **options)
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
