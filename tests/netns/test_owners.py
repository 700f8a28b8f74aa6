# SPDX-License-Identifier: BSD-2-Clause
"""Who a DHCP client is (RFC 2131, 4.2): several clients on one MAC have a lease each; one client
identifier on two MACs is one client with a new interface, or two clones of one machine.
"""
import os
import re
import signal

import pytest

from world import Program, wait_for
from world.agreement import reaches
from world.dhcp import Dhclient

SCRIPT = """#!/bin/sh
case $1 in
bound|renew) ip address replace "$ip/$mask" dev "$interface"
	[ "$router" ] && ip route replace default via "${router%% *}" dev "$interface" ;;
nak) ip address del "$ip/$mask" dev "$interface" 2>/dev/null ;;
esac
echo "$1 $ip" >> "$TMIP_DHCP_EVENTS"
"""


class Container:
    """A udhcpc with a client identifier of its own, beside others on one interface."""

    def __init__(self, station, number, words):
        self.station = station
        self.base = f"{station.world.folder}/{station.place}-{number}"
        script = f"{self.base}.script"
        with open(script, "w", encoding="ascii") as file:
            file.write(SCRIPT)
        os.chmod(script, 0o755)
        self.program = Program(station, ["udhcpc", "-f", "-i", station.device, "-s", script,
                                         "-p", f"{self.base}.pid", "-t", "8", "-T", "1", "-A", "1",
                                         *words], f"{self.base}.output",
                               environment={"TMIP_DHCP_EVENTS": f"{self.base}.events"})
        station.world.helpers.append(self.program)
        self.address = self.wait(0)

    def events(self):
        try:
            with open(f"{self.base}.events", encoding="ascii") as file:
                return [line.split() for line in file]
        except FileNotFoundError:
            return []

    def wait(self, seen):
        return wait_for(lambda: next((event[1] for event in self.events()[seen:]
                                      if event[0] in ("bound", "renew")), None),
                        f"a lease of {self.base}", 10)

    def renew(self):
        seen = len(self.events())
        self.program.send(signal.SIGUSR1)
        return self.wait(seen)


def three(station):
    return [Container(station, number, ["-C", "-x", f"0x3d:ff00{number:02x}aabb"])
            for number in (1, 2, 3)]


def lost(world, station, address, count=100):
    """Pings from the server of which no answer came."""
    text = world.server.run("ping", "-n", "-q", "-c", count, "-i", "0.02", "-W", "2", address,
                            check=False).stdout
    return count - int(re.search(r"(\d+) received", text)[1])


def test_three_clients_on_one_mac(make_world):
    """As behind an ipvlan: three addresses, at home and away; each renewal is for its own."""
    world = make_world(cns=2, nat=()).start()
    host = world.add_station("host", world.cn(1))
    clients = three(host)
    addresses = [client.address for client in clients]
    assert len(set(addresses)) == 3, addresses
    for number in (1, 2, 1):
        host.roam(world.cn(number))
        for address in addresses:
            wait_for(lambda address=address: host.run(
                "ping", "-n", "-c", 1, "-W", "1", "-I", address, world.server.address,
                check=False).returncode == 0, f"answers to {address}", 5)
            assert lost(world, host, address, 10) == 0
        assert [client.renew() for client in clients] == addresses
        records = [world.cn(number).station(address) for address in addresses]
        assert {record["mac"] for record in records} == {host.mac}
        assert {record["kind"] for record in records} == {"dynamic"}
    # One gives its lease back, the others keep theirs.
    clients[0].program.send(signal.SIGUSR2)
    wait_for(lambda: world.cn(1).station(addresses[0]) is None, "the release", 5)
    assert [client.renew() for client in clients[1:]] == addresses[1:]


def test_firmware_and_then_the_system(make_world):
    """PXE without an identifier, and then a system with one: a lease each, which both keep."""
    world = make_world(cns=1, nat=()).start()
    host = world.add_station("host", world.cn(1))
    firmware = Container(host, 1, ["-C"])
    system = Container(host, 2, ["-C", "-x", "0x3d:ff001122334455"])
    assert firmware.address != system.address
    assert (firmware.renew(), system.renew()) == (firmware.address, system.address)
    # 01 and the MAC is the MAC.
    other = Container(host, 3, ["-C", "-x", "0x3d:01" + host.mac.replace(":", "")])
    assert other.address == firmware.address


def test_a_short_identifier_is_none(make_world):
    world = make_world(cns=1, nat=()).start()
    host = world.add_station("host", world.cn(1))
    assert Container(host, 1, ["-C", "-x", "0x3d:07"]).address == \
        Container(host, 2, ["-C"]).address


def clone(world, name, cn):
    station = world.add_station(name, cn)
    station.client = Dhclient(station, 'send dhcp-client-identifier "machine";\n')
    station.client.start()
    return station


def test_clones(make_world):
    """Two machines with one identifier live side by side, and each keeps its address."""
    world = make_world(cns=2, nat=(), lease_time=60).start()
    first = clone(world, "first", world.cn(1))
    reaches(first, world.server.address)
    second = clone(world, "second", world.cn(1))
    reaches(second, world.server.address)
    addresses = [station.address() for station in (first, second)]
    assert addresses[0] != addresses[1]
    for number in (1, 2):
        second.roam(world.cn(number))
        reaches(second, world.server.address)
        for station, address in zip((first, second), addresses):
            assert station.client.restart() == address  # INIT-REBOOT
            reaches(station, world.server.address)
            assert lost(world, station, address) == 0, station.place
    assert [world.cn(1).station(station)["address"] for station in (first, second)] == addresses


@pytest.mark.parametrize("gone", [True, False])
def test_a_new_interface(make_world, gone):
    """The machine has another MAC: it keeps its address, unless its former MAC is still there."""
    world = make_world(cns=2, nat=()).start()
    former = clone(world, "former", world.cn(1))
    reaches(former, world.server.address)
    address = former.address()
    if gone:
        former.leave()
    new = clone(world, "new", world.cn(2))
    assert (new.address() == address) == gone
    reaches(new, world.server.address)


def test_a_clone_goes_on_alone(make_world):
    """When the original is gone for good, the clone goes on as it is."""
    world = make_world(cns=1, nat=(), lease_time=60).start()
    first = clone(world, "first", world.cn(1))
    reaches(first, world.server.address)
    second = clone(world, "second", world.cn(1))
    address = second.address()
    first.client.release()
    assert second.client.restart() == address
    reaches(second, world.server.address)
