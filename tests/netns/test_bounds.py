# SPDX-License-Identifier: BSD-2-Clause
"""One station, or one cell, that asks for everything: it gets, claims and takes out of use no more
than its share, and others are served.
"""
import json
import socket
import struct

from scapy.all import ARP, BOOTP, DHCP, IP, UDP, Ether

from world import MLRD, wait_for
from world.agreement import leased, reaches

ALL = "ff:ff:ff:ff:ff:ff"


def hardware(number, first=0x06):
    return f"{first:02x}:00:00:00:{number >> 8:02x}:{number & 255:02x}"


class Raw:
    """A packet socket in a station, for frames of any MAC."""

    def __init__(self, station):
        self.socket = station.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.socket.bind(("wlan0", 0))
        self.socket.settimeout(0.5)

    def send(self, frame):
        self.socket.send(bytes(frame))

    def dhcp(self, mac, kind, xid, *options, **fields):
        raw = bytes.fromhex(mac.replace(":", ""))
        self.send(Ether(src=mac, dst=ALL) / IP(src="0.0.0.0", dst="255.255.255.255") /
                  UDP(sport=68, dport=67) / BOOTP(chaddr=raw, xid=xid, flags=0x8000, **fields) /
                  DHCP(options=[("message-type", kind), *options, "end"]))

    def ask(self, mac, kind, xid, *options):
        """The address and the server of the answer, an OFFER or an ACK; None: there is none."""
        self.dhcp(mac, kind, xid, *options)
        while True:
            try:
                data = self.socket.recv(2000)
            except TimeoutError:
                return None
            at = 14 + (data[14] & 15) * 4 + 8
            if data[23] != 17 or len(data) < at + 240 or data[at] != 2 or \
                    struct.unpack_from("!I", data, at + 4)[0] != xid:
                continue
            found = BOOTP(data[at:])
            kinds = dict(option for option in found[DHCP].options if len(option) == 2)
            return (found.yiaddr, kinds["server_id"]) if kinds["message-type"] != 6 else None


def small(make_world):
    """CN 1 has 32 dynamic addresses."""
    world = make_world(cns=2, nat=(), directives={0: {"dhcp_burst": 1000}})
    world.cn(1).configure_with(addr_pool="w0 10.1.0.10 10.1.0.41")
    return world.start()


def status(world):
    return json.loads(world.mlr.run(MLRD, "status", "-f", world.mlr.config, "--json").stdout)


def out_of_use(world):
    return status(world)["stations"]["declined"]


def decline_all(world, station, macs, rounds=60):
    thief = Raw(station)
    for number in range(rounds):
        mac = macs(number)
        name = ("client_id", b"\xff" + bytes([number, 1, 2]))
        offered = thief.ask(mac, "discover", 1000 + number, name)
        if not offered:
            continue
        options = ("server_id", offered[1]), ("requested_addr", offered[0]), name
        if thief.ask(mac, "request", 2000 + number, *options):
            thief.dhcp(mac, "decline", 3000 + number, *options)


def test_who_declines_everything(make_world):
    """It takes three of 32 addresses out of use; with changing MACs a cell takes four."""
    world = small(make_world)
    thief = world.add_station("thief", world.cn(1))
    decline_all(world, thief, lambda _number: hardware(1))
    assert 0 < out_of_use(world) <= 3
    decline_all(world, thief, hardware)
    assert out_of_use(world) == 4
    phone = leased(world, "phone", world.cn(1))
    assert phone.address().startswith("10.1.0.")
    reaches(phone, world.server.address)
    assert status(world)["counters"]["bounded"] > 0


def test_who_discovers_everything(make_world):
    """Many clients on one MAC are offered as many addresses as one MAC may have."""
    world = small(make_world)
    thief = Raw(world.add_station("thief", world.cn(1)))
    for number in range(100):
        thief.dhcp(hardware(1), "discover", number, ("client_id", b"\xff\x01" + bytes([number])))
    phone = leased(world, "phone", world.cn(1))
    assert phone.address().startswith("10.1.0.")
    assert status(world)["stations"]["offered"] <= 16


def test_who_claims_everything(make_world):
    """One MAC with all addresses of three subnets in its ARP gets as many as one MAC may have."""
    world = small(make_world)
    thief = Raw(world.add_station("thief", world.cn(1)))
    for host in range(2, 240):
        for net in ("10.1.0", "10.2.0"):
            address = f"{net}.{host}"
            thief.send(Ether(src=hardware(1), dst=ALL) /
                       ARP(op=1, hwsrc=hardware(1), psrc=address, pdst=address))
    wait_for(lambda: status(world)["stations"]["bound"] > 0, "claims", 5)
    phone = leased(world, "phone", world.cn(1))
    reaches(phone, world.server.address)
    guest = leased(world, "guest", world.cn(2))
    assert phone.address().startswith("10.1.0.") and guest.address().startswith("10.2.0.")
    assert status(world)["stations"]["bound"] <= 16 + 2
