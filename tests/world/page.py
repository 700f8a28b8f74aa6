# SPDX-License-Identifier: BSD-2-Clause
"""The network of docs/wlan.md, built from the files in that page as they stand. Each machine is a
network namespace with writable folders of its own, so that every program finds its files where the
page puts them.

In the page a comment `<!-- MACHINE: PATH -->` stands before each file. The caller provides wlan0 of
the access points.
"""
import os
import re

from .paths import AGENT, MLRD
from .system import Namespace, WorldError, wait_for

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "wlan.md")
BLOCK = re.compile(r"^<!-- (\S+): (\S.*?) -->\n```\n(.*?)^```$", re.M | re.S)
# Gives a machine a writable /etc, /run, /var/lib and /var/log, and a BPF file system of its own.
OWN = """set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/new /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/new,workdir=/mnt/work /etc
for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs $folder; done
mount -t bpf bpf /sys/fs/bpf
echo ready
exec sleep infinity
"""


def read():
    """{machine: {path: text}}"""
    found = {}
    with open(PAGE, encoding="utf-8") as file:
        for machine, path, text in BLOCK.findall(file.read()):
            found.setdefault(machine, {})[path] = text
    return found


def interfaces(text):
    """{interface: {word: value}} of /etc/network/interfaces."""
    found = {}
    for words in (line.split() for line in text.splitlines() if line.strip()):
        if words[0] == "iface":
            found[words[1]] = current = {}
        elif words[0] != "auto":
            current[words[0]] = words[1]
    return found


class Machine(Namespace):
    def __init__(self, world, place, files):
        super().__init__(world.prefix, place)
        self.world, self.files, self.enter = world, files, []

    def own(self, *words):
        """The words that run a command with the files of this machine."""
        return [*self.enter, *words]

    def run(self, *words, **options):
        return super().run(*self.own(*words), **options)

    def build(self, address, gateway):
        """Builds the machine. Its eth0 is a port of the backbone."""
        router = self.world.router
        router.configure([f"netns add {self.name}",
                          f"link add {self.place} type veth peer name eth0 netns {self.name}",
                          f"link set {self.place} master backbone up"])
        holder = self.world.program(self, "unshare", "--mount", "sh", "-c", OWN,
                                    name=f"{self.place}-holder")
        wait_for(lambda: "ready" in holder.text(), f"the files of {self.place}")
        self.enter = ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt"]
        self.configure([f"address add {address} dev eth0", "link set eth0 up",
                        f"route add default via {gateway}"])
        for path, text in self.files.items():
            self.run("sh", "-c", 'mkdir -p "$(dirname "$1")"; cat > "$1"', "sh", path, input=text)
        return self

    def settled_state(self, address):
        """The state of a station in this CN's listing if nothing of it is pending, else None."""
        listing = self.run(AGENT, "stations").stdout
        found = re.search(rf"^{re.escape(address)} +\S+ +(\w+)  ", listing, re.M)
        return found and found[1]


class PageNetwork:
    """The register and two CNs (`points`: library and cafeteria), in a World without CNs."""

    def __init__(self, world):
        files = read()
        self.world = world
        world.router.configure(["link add backbone type bridge forward_delay 0",
                                "address add 192.0.2.1/24 dev backbone", "link set backbone up"])
        self.register = Machine(world, "register", files["register"])
        self.points = [Machine(world, place, files[place]) for place in ("library", "cafeteria")]
        mlr = re.search(r"^mlr (\S+)$", files["library"]["/etc/tmip/tmipd.rc"], re.M)[1]
        self.register.build(f"{mlr}/24", "192.0.2.1")
        for point in self.points:
            point.links = interfaces(point.files["/etc/network/interfaces"])
            backbone = point.links["eth0"]
            point.build(backbone["address"], backbone["gateway"])
            point.gateway = point.links["wlan0"]["address"]
            subnet = f"{point.gateway.rsplit('.', 1)[0]}.0/24"
            world.router.configure([f"route add {subnet} via {backbone['address'].split('/')[0]}"])

    def start(self):
        self.register.run(MLRD)
        for point in self.points:
            point.run("nft", "-f", "/etc/nftables.conf")
            point.run(AGENT, "evaluate")
            point.run(AGENT, "run")
        for point in self.points:
            point.run(AGENT, "evaluate")

    def compare_trail(self, point, address):
        """Raises a WorldError unless `tmip-agent why` of a station prints there what the page
        shows, line by line.
        """
        title, shown = read()["output"].popitem()
        trail, at = point.run(AGENT, "why", address).stdout, 0
        example = re.escape(title.split()[-1])
        for line in re.findall(r"^  \d{4}-\S+ \S+  (.*)$", shown, re.M):
            text = re.sub(r"(version\\ )\S+$", r"\1\\d+\\.\\d+", re.escape(line))
            found = re.search(text.replace(example, re.escape(address)), trail[at:])
            if not found:
                raise WorldError(f"the page says {line!r}, the agent\n{trail}")
            at += found.end()
