# SPDX-License-Identifier: BSD-2-Clause
"""A laptop: a host with two interfaces, WLAN and cable, each with a MAC and a place of its own."""
import json

from .machines import Station
from .system import ip_batch, wait_for


class Interface(Station):
    """An interface of a host, with a DHCP client of its own. The first one is the host itself."""

    def __init__(self, host, device, number):
        super().__init__(host.world, f"{host.place}-{device}", number)
        self.host, self.device = host, device
        self.name, self.path = host.name, host.path

    def build(self):
        air, new = self.world.air, f"w{self.port}"
        ip_batch([f"link add {self.port} netns {air.name} up "
                  f"type veth peer name {new} address {self.mac} netns {self.name}"])
        self.configure([f"link set {new} name {self.device} up"], "", True)
        air.wait_links(self.port)
        self.ifindex = air.ifindex(self.port)


class Laptop:
    """`wlan` and `cable` are in cells, or in none; `route` says by which one the host sends."""

    def __init__(self, world, name="laptop"):
        self.world = world
        self.wlan = world.add_station(name)
        self.cable = Interface(self.wlan, "eth0", len(world.stations) + 1)
        world.stations.append(self.cable)
        self.cable.build()

    @property
    def macs(self):
        return [self.wlan.mac, self.cable.mac]

    def lines(self, host, address):
        """`host` lines for the register."""
        return [f"{host} {mac} {address}" for mac in self.macs]

    def route(self, interface, gateway):
        self.wlan.run("ip", "route", "replace", "default", "via", gateway, "dev", interface.device)

    def give(self, interface, address):
        """An address without DHCP."""
        self.wlan.run("ip", "address", "replace", f"{address}/24", "dev", interface.device)

    def unplug(self, interface):
        """Out of its cell, and the host knows it."""
        interface.leave()
        self.wlan.run("ip", "link", "set", interface.device, "down")

    def plug(self, interface, cell):
        self.wlan.run("ip", "link", "set", interface.device, "up")
        interface.roam(cell)
        self.world.air.wait_links(interface.port)

    def frames(self, interface):
        """IP packets that the interface has received."""
        shown = self.wlan.run("ip", "-j", "-s", "link", "show", "dev", interface.device).stdout
        return json.loads(shown)[0]["stats64"]["rx"]["packets"]

    def gets_by(self, interface, source, address, seconds=5):
        """Waits until what `source` sends to the address comes by that interface."""
        def comes():
            before = self.frames(interface)
            source.run("ping", "-n", "-q", "-c", 10, "-i", "0.01", "-W", "1", address, check=False)
            return self.frames(interface) - before >= 10

        wait_for(comes, f"{interface.device} to get the packets", seconds)
