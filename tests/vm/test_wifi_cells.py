# SPDX-License-Identifier: BSD-2-Clause
"""Cells of access points that are more than a radio with an address: in a bridge beside a cable,
with several SSIDs and VLANs, with stations that are kept apart, that sleep, or that have others
behind them (4-address frames).
"""
import contextlib
import json
import os
import select
import socket
import struct

import pytest

import wifi
from wifi import (PASSPHRASE, AccessPoint, Security, WifiStation, attach_cell, load_radios,
                  make_bridge, move_radio, unload_radios)
from world import PATIENCE, Namespace, Station, run, wait_for
from world.agreement import Conversation, agree, leased
from world.groups import MDNS, heard, listen, say
from world.traffic import hears_once

# 2: the station sleeps except for beacons, and the access point knows; 0: it is awake again.
SLEEPS = "/sys/kernel/debug/ieee80211/{}/hwsim/ps"


class Laptop(WifiStation):
    """A station that also has a socket for a cable: eth0, with the MAC of the radio.

    One of the two is in use at a time.
    """

    def build(self, security="wpa2"):
        run("ip", "netns", "add", self.name)
        self.mac = move_radio(*self.radio, self, ["link set wlan0 up"])
        self.configure([f"link add eth0 address {self.mac} type veth "
                        f"peer name {self.port} netns {self.world.air.name}"])
        self.world.air.run("ip", "link", "set", self.port, "up")
        self.ifindex = self.world.air.ifindex(self.port)
        return self.join(security)

    def asks_anew(self):
        """Gets a lease with a client that knows of no former one. Returns the address."""
        if self.client:
            self.client.kill()
            for path in (self.client.base + ".leases", self.client.events_path):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
        for device in ("wlan0", "eth0"):
            self.run("ip", "address", "flush", "dev", device)
        return self.dhclient().start(seconds=20)

    def plug_in(self, cell):
        """Silences the radio, and connects a cable to a wired cell."""
        self.ask("DISCONNECT")
        self.run("ip", "link", "set", "eth0", "up")
        self.roam(cell)
        self.device = "eth0"
        self.world.air.wait_links(self.port)
        return self.asks_anew()

    def unplug(self, point):
        """Goes back to the WLAN, and roams to the access point."""
        self.run("ip", "link", "set", "eth0", "down")
        self.leave()
        self.device = "wlan0"
        seen = len(self.connections())
        self.ask("RECONNECT")
        wait_for(lambda: len(self.connections()) > seen, f"{self.place} to be let in", 20)
        self.be_at(point)
        return self.asks_anew()


@pytest.fixture
def radios():
    """radios(count): iterates over that many radios, (phy, device) each, for this test alone."""
    if os.path.exists("/sys/module/mac80211_hwsim"):
        unload_radios()
    yield lambda count: iter(sorted(load_radios(count).items()))
    unload_radios()


def serve(cn, *unused):
    """Starts the agent for the cells of a CN.

    unused: wired devices that the world made and that are no cells; they are deleted.
    """
    for device in unused:
        cn.run("ip", "link", "delete", device)
    cn.configure_with(mobile_if=[cell.device for cell in cn.cells],
                      addr_pool=[f"{cell.device} * *" for cell in cn.cells])
    return cn.start(daemon=True)


def joins(world, name, radio, point, security="wpa2"):
    """A station with a lease at that access point."""
    station = WifiStation(world, name, *radio).build(security)
    station.be_at(point)
    station.dhclient().start(seconds=20)
    station.reaches(world.server.address, 20)
    return station


def test_from_radio_to_cable(make_world, radios):
    """A laptop with one MAC moves between radios and cables.

    The cell of one CN is a bridge of a radio and a cable; the other CN has a cell of each kind.
    """
    world, radio = make_world(cns=2, cells=2, nat=()), radios(3)
    first, second = world.cns
    first.cells.pop()
    make_bridge(first, "w0")
    second.cells[1].device = "wlan0"
    world.mlr.start()
    at_home = AccessPoint(first, *next(radio), lines=["link set wlan0 up"], more=["bridge=br0"])
    abroad = AccessPoint(second, *next(radio), cell=second.cells[1])
    for cn in world.cns:
        serve(cn, "w1")
    desk = leased(world, "desk", first)
    laptop = Laptop(world, "laptop", *next(radio)).build()
    laptop.be_at(at_home)
    address = laptop.asks_anew()
    laptop.reaches(world.server.address, 20)
    assert address.startswith("10.1.0.")
    hears_once(desk, laptop)
    with Conversation(world.server, laptop, world.server.address) as call, \
            Conversation(desk, laptop, desk.address()) as near:
        def goes_on():
            call.say()
            near.say()
            agree(world, desk, laptop)
            hears_once(desk, laptop)
            hears_once(laptop, desk)

        assert laptop.plug_in(second.cells[0]) == address
        goes_on()
        assert laptop.unplug(abroad) == address  # another cell of the same CN
        goes_on()
        assert laptop.plug_in(first.cells[0]) == address  # home, by the other port of the bridge
        goes_on()
        assert laptop.unplug(at_home) == address  # no handover: another port of one bridge
        goes_on()
        laptop.associate(abroad)
        goes_on()


@pytest.fixture
def guests(monkeypatch):
    """The lines of hostapd for a second SSID on a radio, wlan0_1."""
    kind = Security("WPA-PSK", (), [f'psk="{PASSPHRASE}"'], ssid="guests")
    monkeypatch.setitem(wifi.SECURITIES, "guests", kind)
    return ["bss=wlan0_1", "ssid=guests", *wifi.AES, "wpa_key_mgmt=WPA-PSK",
            f"wpa_passphrase={PASSPHRASE}"]


def test_ssids_and_vlans(make_world, radios, guests, monkeypatch, tmp_path):
    """One radio with three cells: two SSIDs, one of which has a VLAN for another passphrase.

    hostapd is restarted.
    """
    keys, vlans = tmp_path / "keys", tmp_path / "vlans"
    keys.write_text(f"00:00:00:00:00:00 {PASSPHRASE}\n"
                    f"vlanid=10 00:00:00:00:00:00 {PASSPHRASE} of staff\n")
    vlans.write_text("* wlan0.#\n")
    point = [*wifi.AES, "wpa_key_mgmt=WPA-PSK", f"wpa_psk_file={keys}", "dynamic_vlan=1",
             "vlan_bridge=brvlan", f"vlan_file={vlans}"]
    for name, passphrase in (("here", PASSPHRASE), ("staff", f"{PASSPHRASE} of staff")):
        kind = Security("WPA-PSK", point, [f'psk="{passphrase}"'])
        monkeypatch.setitem(wifi.SECURITIES, name, kind)
    world, radio = make_world(cns=2, cells=3, nat=()), radios(3)
    first, second = world.cns
    second.cells = second.cells[:1]
    for cell, device in zip(first.cells, ("wlan0", "wlan0_1", "brvlan10")):
        cell.device = device
    first.configure(["link add brvlan10 type bridge stp_state 0 forward_delay 0",
                     f"address add {first.cells[2].gateway}/24 dev brvlan10",
                     "link set brvlan10 up"])
    second.cells[0].device = "wlan0"
    world.mlr.start()
    many = AccessPoint(first, *next(radio), security="here", more=guests)
    first.configure([f"address add {first.cells[1].gateway}/24 dev wlan0_1"])
    other = AccessPoint(second, *next(radio))
    for cn in world.cns:
        serve(cn, "w0", "w1", "w2")
    phone = WifiStation(world, "phone", *next(radio)).build("guests")
    phone.cell = first.cells[1]
    address = phone.dhclient().start(seconds=20)
    assert address.startswith("10.1.1.")
    with Conversation(world.server, phone, world.server.address) as call:
        def goes_on():
            phone.ping(world.server.address)  # an answer may be what it says first
            call.say()
            agree(world, phone)
            assert phone.address() == address

        goes_on()
        phone.join("staff")
        phone.cell = first.cells[2]
        goes_on()
        assert first.station(phone)["cell"] == "brvlan10"
        phone.join("here")
        for point in (many, other):
            phone.be_at(point)
            goes_on()
        many.serve("here")
        # What a network manager does for a new device.
        first.configure([f"address add {first.cells[1].gateway}/24 dev wlan0_1"])
        phone.join("guests")
        phone.cell = first.cells[1]
        goes_on()


class Bought(Namespace):
    """An access point as one buys it. It bridges the WLAN of each SSID into a VLAN of its cable.

    The cable leads to a CN, whose cells are those VLANs of w0.
    """

    def __init__(self, world, cn, *vlans):
        super().__init__(world.prefix, "bought")
        self.world = world
        run("ip", "netns", "add", self.name)
        world.air.run("ip", "link", "set", cn.cells[0].port, "netns", self.name,
                      "name", "cable")
        lines, cn_lines = ["link set cable up"], ["address flush dev w0"]
        for cell, vlan in zip(cn.cells, vlans):
            cell.device = f"w0.{vlan}"
            cn_lines += [f"link add link w0 name {cell.device} type vlan id {vlan}",
                         f"address add {cell.gateway}/24 dev {cell.device}",
                         f"link set {cell.device} up"]
            lines += [f"link add br{vlan} type bridge stp_state 0 forward_delay 0",
                      f"link set br{vlan} up",
                      f"link add link cable name cable.{vlan} type vlan id {vlan}",
                      f"link set cable.{vlan} master br{vlan} up"]
        self.configure(lines)
        cn.configure(cn_lines)


def test_access_point_that_only_bridges(make_world, radios, guests):
    """The CN is at the other end of the access point's cable, with a VLAN for each SSID."""
    world, radio = make_world(cns=2, cells=2, nat=()), radios(3)
    first, second = world.cns
    second.cells.pop()
    second.cells[0].device = "wlan0"
    world.mlr.start()
    place = Bought(world, first, 10, 20)
    bought = AccessPoint(place, *next(radio), cell=first.cells[0], lines=["link set wlan0 up"],
                         more=["bridge=br10", *guests, "bridge=br20"])
    other = AccessPoint(second, *next(radio))
    serve(first, "w1")
    serve(second, "w0", "w1")
    phone = joins(world, "phone", next(radio), bought)
    address = phone.address()
    assert address.startswith("10.1.0.")
    with Conversation(world.server, phone, world.server.address) as call:
        def goes_on():
            phone.ping(world.server.address)
            call.say()
            agree(world, phone)
            assert phone.address() == address

        for point in (other, bought):
            phone.associate(point)
            goes_on()
        phone.join("guests")
        phone.cell = first.cells[1]
        goes_on()


@pytest.mark.parametrize("kind", ["together", "apart", "hairpin"])
def test_stations_of_one_access_point(make_world, radios, kind):
    """Stations at one access point reach each other by it, by the bridge behind it, or not at all.

    Stations at different access points reach each other through the CNs.
    """
    world, radio = make_world(cns=2, nat=()), radios(4)
    world.mlr.start()
    isolate = [f"ap_isolate={int(kind != 'together')}"]
    points = [attach_cell(cn, *next(radio), bridged=kind == "hairpin", more=isolate)
              for cn in world.cns]
    if kind == "hairpin":
        for cn in world.cns:
            cn.run("bridge", "link", "set", "dev", "wlan0", "hairpin", "on")
    phone, tablet = (joins(world, name, next(radio), points[0]) for name in ("phone", "tablet"))

    def check():
        for station in (phone, tablet):
            station.reaches(world.server.address, 20)
        if kind == "apart" and phone.cell is tablet.cell:
            assert not phone.ping(tablet.address())
        else:
            phone.reaches(tablet.address(), 20)
            hears_once(phone, tablet)
            hears_once(tablet, phone)
        agree(world, phone, tablet)

    check()
    for station, number in ((phone, 1), (tablet, 1), (phone, 0), (tablet, 0)):
        station.associate(points[number])
        check()


class Behind(Station):
    """A machine with a cable to a station that is a bridge."""

    def __init__(self, world, name, front):
        super().__init__(world, name, len(world.stations) + 1)
        world.stations.append(self)
        run("ip", "netns", "add", self.name)
        front.configure([f"link add {name} type veth "
                         f"peer name wlan0 address {self.mac} netns {self.name}",
                         f"link set {name} master br0 up"])
        self.configure(["link set wlan0 up"])
        front.wait_links(name)


class Bridging(WifiStation):
    """A station in 4-address mode: its radio is a port of br0, which has its MAC and address."""

    device = "br0"

    def build(self, security="wpa2"):
        run("ip", "netns", "add", self.name)
        self.mac = move_radio(*self.radio, self)
        self.run("iw", "dev", "wlan0", "set", "4addr", "on")
        bridge = "type bridge stp_state 0 forward_delay 0"
        self.configure([f"link add br0 address {self.mac} {bridge}",
                        "link set wlan0 master br0", "link set wlan0 up", "link set br0 up"])
        return self.join(security, "-b", "br0")


def test_four_addresses(make_world, radios):
    """A robot arm behind a robot: both roam with the robot, the arm with its first packet."""
    world, radio = make_world(cns=2, nat=()), radios(3)
    world.mlr.start()
    points = [attach_cell(cn, *next(radio), bridged=True, more=["wds_sta=1"])
              for cn in world.cns]
    robot = Bridging(world, "robot", *next(radio)).build()
    robot.be_at(points[0])
    robot.dhclient().start(seconds=20)
    arm = Behind(world, "arm", robot)
    arm.dhclient().start(seconds=20)
    arm.cell = points[0].cell
    hears_once(robot, arm)
    with Conversation(world.server, robot, world.server.address) as call, \
            Conversation(world.server, arm, world.server.address, 6001) as other:
        for point in (points[1], points[0], points[1]):
            robot.associate(point)
            arm.cell = point.cell
            call.say()
            other.say()
            agree(world, robot, arm)
            hears_once(robot, arm)


class UnicastEar:
    """Group packets that reached a station in frames to its own MAC.

    An access point that sends a copy to each station does so.
    """

    def __init__(self, station):
        self.socket = station.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.bind((station.device, 0x0800))
        self.socket.setblocking(False)

    def heard(self):
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, _, kind, *_) = self.socket.recvfrom(2048)
                if kind == 0 and packet[16:20] == socket.inet_aton(MDNS):  # PACKET_HOST
                    found.append(packet[28:].decode())
        return found


def test_groups_in_unicast_frames(make_world, radios):
    world, radio = make_world(cns=2, nat=()), radios(4)
    world.mlr.start()
    points = [attach_cell(cn, *next(radio), more=["multicast_to_unicast=1"])
              for cn in world.cns]
    phone, printer = (joins(world, name, next(radio), points[0]) for name in ("phone", "printer"))
    ears = {station: (listen(world, station), UnicastEar(station)) for station in (phone, printer)}
    said = {phone: [], printer: []}
    for places in ((0, 0), (0, 1), (1, 1), (1, 0)):
        for station, place in zip((phone, printer), places):
            station.be_at(points[place])
            station.reaches(world.server.address, 20)
        agree(world, phone, printer)
        for one, other in ((phone, printer), (printer, phone)):
            said[one].append(f"{one.place} at {places}")
            say(one, MDNS, said[one][-1], ttl=255)
            wait_for(lambda whose=other, text=said[one][-1]:
                     any(line.startswith(text) for line in heard(ears[whose][0])),
                     f"{other.place} to hear it at {places}", 10)
        phone.reaches(printer.address(), 20)
        for one, other in ((phone, printer), (printer, phone)):
            assert [line.rsplit(" ", 2)[0] for line in heard(ears[other][0])] == said[one]
    for one, other in ((phone, printer), (printer, phone)):
        assert ears[other][1].heard() == said[one]


def test_who_sleeps_hears_it_later(make_world, radios):
    """The access point keeps packets for a station that sleeps, also after a roam."""
    world, radio = make_world(cns=2, nat=()), radios(3)
    world.mlr.start()
    points = [attach_cell(cn, *next(radio)) for cn in world.cns]
    chosen = next(radio)
    phone = joins(world, "phone", chosen, points[0])
    with phone.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, \
            world.server.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        ear.bind(("", 7000))
        ear.settimeout(2 * PATIENCE)
        for point in (points[0], points[1], points[0]):
            phone.be_at(point)
            phone.reaches(world.server.address, 20)
            agree(world, phone)
            sent = sent_packets(point)
            sleeps(chosen, True)
            for number in range(3):
                mouth.sendto(struct.pack("!H", number), (phone.address(), 7000))
            wait_for(lambda: sent_packets(point) >= sent + 3, "the CN to have sent them")
            assert not select.select([ear], [], [], 0)[0]
            sleeps(chosen, False)
            assert [struct.unpack("!H", ear.recv(16))[0] for _ in range(3)] == [0, 1, 2]
            phone.reaches(world.server.address, 20)


def sleeps(radio, asleep):
    with open(SLEEPS.format(radio[0]), "w", encoding="ascii") as file:
        file.write("2" if asleep else "0")


def sent_packets(point):
    """The packets that went to the radio of an access point."""
    shown = point.place.run("ip", "-j", "-s", "link", "show", "wlan0").stdout
    return json.loads(shown)[0]["stats64"]["tx"]["packets"]
