# SPDX-License-Identifier: BSD-2-Clause
"""Debian's dhclient and udhcpc with the agents' DHCP server: they get, renew, rebind and give back
leases, at home and away, and a client that starts anew in a foreign cell keeps its address.
"""
import os

import pytest

from world import PATIENCE, wait_for
from world.agreement import agree, arrive, leased, reaches, register_stations
from world.dhcp import Dhclient, Udhcpc

CLIENTS = [Dhclient, Udhcpc]
DOMAIN = {"directives": {0: {"domain_name": "cells.example"}}}


@pytest.fixture
def named(make_world):
    """A world with all options that a station may ask for."""
    return make_world(**DOMAIN, lease_time=600).start()


def client_of(station, kind, **options):
    station.client = kind(station, **options)
    return station.client


@pytest.mark.parametrize("kind", CLIENTS)
def test_lease_at_home_and_away(named, kind):
    """A lease with all options is renewed, confirmed after a restart, and given back."""
    phone = named.add_station("phone", named.cn(2))
    client = client_of(phone, kind)
    address = client.start()
    mask = "24" if kind is Udhcpc else "255.255.255.0"
    told = (address, mask, "10.2.0.1", "10.2.0.1", "600", named.server.address, "cells.example")
    assert address.startswith("10.2.0.") and address != "10.2.0.1"
    assert client.wait_bound() == address and client.events()[-1][1:] == told
    agree(named, phone)
    for number in (3, 1, 2):
        phone.roam(named.cn(number))
        if kind is Udhcpc:
            assert client.renew() == address  # the first that this CN hears of it
        seen = len(client.events())
        assert client.restart() == address
        event = client.wait_event({"REBOOT", "bound"}, seen)
        assert event[1:] == told
        agree(named, phone)
        reaches(phone, named.server.address)
    phone.roam(named.cn(3))
    reaches(phone, named.server.address)
    client.release()
    agree(named)
    assert not phone.address()


def test_renewing_and_rebinding(make_world):
    """Short leases of three stations.

    Two of them, one at home and one away, renew by unicast at the server that gave the lease. The
    unicasts of the third get lost: it asks everybody.
    """
    world = make_world(lease_time=int(10 * PATIENCE)).start()
    home, away, lost = (leased(world, name, world.cn(2)) for name in ("home", "away", "lost"))
    lost.run("nft", "add table ip t; add chain ip t o { type filter hook output priority 0; }; "
             "add rule ip t o udp dport 67 drop")
    listeners = [world.program(station, "tcpdump", "-lne", "-i", "wlan0", "udp port 67",
                               name=f"heard-{station.place}")
                 for station in (home, away)]
    for listener in listeners:
        wait_for(lambda at=listener: "listening" in at.text(), "tcpdump to listen")
    arrive(away, world.cn(3))
    agree(world, home, away, lost)
    ends = {station: world.cn(1).station(station)["lease_end"]
            for station in (home, away, lost)}
    for station, listener in zip((home, away), listeners):
        event = station.client.wait_event({"RENEW"}, seconds=15)
        assert event[1] == station.address() and event[4] == "10.2.0.1"
        wait_for(lambda at=listener: "> 10.2.0.1.67: BOOTP/DHCP, Request" in at.text(),
                 "tcpdump to tell")
        assert "255.255.255.255.67" not in listener.text()
    assert lost.client.wait_event({"RENEW", "REBIND"}, seconds=15)[1] == lost.address()
    text = lost.client.program.text()
    refused = text.index("Operation not permitted")
    assert refused < text.rindex("to 255.255.255.255 port 67") < text.rindex("DHCPACK")
    for station, end in ends.items():
        wait_for(lambda at=station, old=end: world.cn(1).station(at)["lease_end"] > old,
                 "all to know the new end")
    agree(world, home, away, lost)


def test_two_clients_at_once(world):
    """Many stations ask at the same moment, in two cells: each gets an address of its own."""
    stations = [world.add_station(f"phone{number}", world.cn(1 + number % 2))
                for number in range(6)]
    for number, station in enumerate(stations):
        client_of(station, CLIENTS[number // 2 % 2]).start(wait=False)
    addresses = [station.client.wait_bound(seconds=15) for station in stations]
    assert len(set(addresses)) == len(stations)
    assert all(address.startswith(f"10.{1 + number % 2}.")
               for number, address in enumerate(addresses))
    agree(world, *stations)


class CheckingUdhcpc(Udhcpc):
    """Asks by ARP whether another station uses the address already."""

    def words(self):
        return [*super().words(), "-a"]


def test_decline(make_world):
    """A stranger that says nothing except ARP replies uses the first address of the pool."""
    world = make_world(pools={2: "10.2.0.50 10.2.0.60"}).start()
    stranger = world.add_station("stranger", world.cn(2))
    stranger.run("ip", "address", "add", "10.2.0.50/24", "dev", "wlan0")
    phone = world.add_station("phone", world.cn(2))
    client = client_of(phone, CheckingUdhcpc)
    assert client.start(seconds=20) == "10.2.0.51"
    assert "declin" in client.program.text().lower()
    agree(world, phone)
    # Nobody gets the declined address.
    assert leased(world, "next", world.cn(2)).address() == "10.2.0.52"
    assert register_stations(world).get("10.2.0.50", {}).get("state") != "bound"


@pytest.mark.parametrize("remembered", ["192.168.77.7", "10.2.0.2"], ids=["foreign", "taken"])
def test_refused_address(world, remembered):
    """A client remembers an address of another network, or one that another station has now.

    It gets a NAK, and another address.
    """
    other = leased(world, "other", world.cn(2))
    assert other.address() == "10.2.0.2"
    phone = world.add_station("phone", world.cn(2))
    client = client_of(phone, Dhclient)
    with open(client.base + ".leases", "w", encoding="ascii") as file:
        file.write(f'lease {{\n  interface "wlan0";\n  fixed-address {remembered};\n'
                   "  option subnet-mask 255.255.255.0;\n  option dhcp-lease-time 86400;\n"
                   "  option dhcp-message-type 5;\n"
                   "  option dhcp-server-identifier 192.168.77.1;\n"
                   "  renew 0 2037/01/01 00:00:00;\n  rebind 0 2037/01/02 00:00:00;\n"
                   "  expire 0 2037/01/03 00:00:00;\n}\n")
    assert client.start(seconds=15) == "10.2.0.3"
    assert "DHCPNAK" in client.program.text()
    agree(world, other, phone)


def test_the_same_address_again(world):
    """A station that gave back its address, or forgot it, gets the same one again."""
    phone = leased(world, "phone", world.cn(2))
    address = phone.address()
    phone.client.release()
    agree(world)
    leased(world, "other", world.cn(2))
    os.unlink(phone.client.base + ".leases")
    assert phone.dhclient().start() == address
    phone.client.kill()
    phone.run("ip", "address", "flush", "dev", "wlan0")
    os.unlink(phone.client.base + ".leases")
    phone.roam(world.cn(3))
    assert phone.dhclient().start() == address
    agree(world, phone, world.stations[1])
