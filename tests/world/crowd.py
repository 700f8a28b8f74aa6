# SPDX-License-Identifier: BSD-2-Clause
"""A world with a crowd: hundreds of stations, played by one tool (bench/tools/crowd.c) that has a
leg in each CN's cell.
"""
import json
import os
import time

from .checker import differences, snapshot, wait_agreement
from .network import World
from .paths import BUILD
from .system import Namespace, WorldError, ip_batch, wait_for
from .traffic import result

TOOL = os.path.join(BUILD, "bench-tools", "crowd")
DYNAMIC = (2, 127)  # host numbers of the pools; the crowd's static addresses lie above


class CrowdWorld(World):
    """A world of any number of CNs. Its register does not damp stations that move often."""

    def __init__(self, cns=8, **options):
        first, last = DYNAMIC
        pools = {number: f"10.{number}.0.{first} 10.{number}.0.{last}"
                 for number in range(1, cns + 1)}
        super().__init__(cns=cns, nat=(), pools=pools, mlr={"flap_moves": 0}, **options)
        self.crowd = Namespace(self.prefix, "crowd")
        self.before = self.summary = self.truth = self.tool = None

    def build(self):
        super().build()
        cells = [cn.cells[0] for cn in self.cns]
        legs = {f"leg{cell.cn.number}": cell for cell in cells}
        ip_batch([f"netns add {self.crowd.name}",
                  *(f"link add {cell.cn.place} netns {self.crowd.name} "
                    f"type veth peer name {leg} netns {self.air.name}"
                    for leg, cell in legs.items())])
        self.air.configure([f"link set {leg} master {cell.bridge} up"
                            for leg, cell in legs.items()])
        self.crowd.configure([f"link set {cn.place} arp off up" for cn in self.cns])

    def leg(self, cn):
        """A leg as an argument of the tool: name, address and MAC of the gateway."""
        link = json.loads(cn.run("ip", "-j", "link", "show", cn.cells[0].device).stdout)[0]
        return f"{cn.place}={cn.cells[0].gateway}={link['address']}"

    def roam(self, stations, seconds, rate=200, more=(), bad_day=None):
        """Lets the crowd join, roam and come to rest. After that the tool only answers ARP, until
        the world ends. A BadDay goes on for most of the time in which the crowd roams.
        """
        self.before = snapshot(self)
        path = os.path.join(self.folder, "truth")
        self.tool = self.program(self.crowd, TOOL, "-s", self.server.address, "-w", path,
                                 "-n", stations, "-t", seconds, "-r", rate, *more,
                                 *(self.leg(cn) for cn in self.cns), name="crowd")
        if bad_day:
            with bad_day:
                time.sleep(0.8 * seconds)
        wait_for(lambda: not self.tool.alive or self.tool.text().strip(),
                 "the crowd to come to rest", seconds + 150, every=0.1)
        self.summary = result(self.tool)
        cells = {cn.place: cn.cells[0] for cn in self.cns}
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
        self.truth = {address: (mac, cells[leg]) for mac, address, leg, _ in rows}
        if len(self.truth) != stations:
            without = stations - len(self.truth)
            raise WorldError(f"{without} stations have no address of their own: {self.summary}")
        return self.summary

    def differences(self):
        return differences(self, self.truth, self.before)

    def wait_agreement(self, seconds=60):
        """Waits longer than the kernel may regard a neighbour entry as confirmed that it learned
        before the register's decision (45 s).
        """
        wait_agreement(self, self.truth, self.before, seconds=seconds)
