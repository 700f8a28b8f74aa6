# SPDX-License-Identifier: BSD-2-Clause
"""Packets as large as they can be, both ways, roamed: nothing may vanish.

A tunnel takes 20 bytes of the backbone's MTU.
"""
import errno
import socket
import struct

import pytest

from world import MEGABYTE, PATIENCE, Transfer, WorldError, wait_for
from world.agreement import agree, leased, reaches

IP_MTU_DISCOVER, PMTUDISC_DO, PMTUDISC_DONT, IP_MTU = 10, 2, 0, 14
TCP_MAXSEG, SOL_UDP, UDP_SEGMENT = 2, 17, 103
TUNNEL = 20


def roamed(make_world, home=2, **options):
    """A station of CN `home` in the cell of CN 3."""
    world = make_world(**options).start()
    phone = leased(world, "phone", world.cn(home))
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    agree(world, phone)
    return world, phone


def udp(place, *, fragment, port=0):
    """A UDP socket there, which may or may not let its packets be fragmented."""
    one = place.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(5 * PATIENCE)
    one.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT if fragment else PMTUDISC_DO)
    one.bind(("0.0.0.0", port))
    return one


def send_until_told(sender, size, to):
    """Sends packets of that size until the application sees EMSGSIZE; returns the MTU it learns."""
    sender.connect(to)

    def told():
        try:
            sender.send(b"x" * size)
            return False
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            return True

    wait_for(told, "EMSGSIZE", 5, every=0.02)
    # Each packet before was answered, too: without this the next call would still fail.
    sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return sender.getsockopt(socket.IPPROTO_IP, IP_MTU)


def connection(listener, caller, address, port):
    with listener.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.bind(("0.0.0.0", port))
        door.listen()
        door.settimeout(5 * PATIENCE)
        calling = caller.socket(socket.AF_INET, socket.SOCK_STREAM)
        calling.settimeout(5 * PATIENCE)
        calling.connect((address, port))
        return door.accept()[0], calling


@pytest.mark.parametrize("offloads", [True, False], ids=["offloads", "no offloads"])
@pytest.mark.parametrize("home", [1, 2], ids=["NAT", "routed"])
def test_tcp_both_ways(make_world, home, offloads):
    """Transfers compare contents by SHA-256.

    One goes between two stations that are both away, at different CNs.
    """
    world, phone = roamed(make_world, home, offloads=offloads)
    laptop = leased(world, "laptop", world.cn(home))
    laptop.roam(world.cn(2 if home == 1 else 1))
    reaches(laptop, world.server.address)
    ways = [(world.server, phone, world.server.address), (laptop, phone, laptop.address())]
    if home == 2:
        ways.append((phone, world.server, phone.address()))
    for port, (sender, receiver, address) in enumerate(ways, start=5200):
        transfer = Transfer(world, sender, receiver, 4 * MEGABYTE, port=port, address=address)
        assert transfer.finish(20)["stall_ms"] < 1000 * PATIENCE
    counters = [counter for cn in world.cns for counter in cn.control("status")["counters"]]
    drops = {counter["reason"]: counter["packets"] for counter in counters
             if counter["verdict"] == "drop" and counter["packets"] and
             counter["reason"] not in ("FOREIGN_SOURCE", "UNREGISTERED")}
    assert not drops


@pytest.mark.parametrize("mtu", [1400, 1500, 9000])
def test_segments_fit(make_world, mtu):
    """Both ends agree on segments that fit into a tunnel, also if they connected at home."""
    world = make_world(mtu=mtu).start()
    phone = leased(world, "phone", world.cn(2))
    fits = min(mtu - TUNNEL, 1500) - 40 - 12  # the last 12: time stamps
    for port, cell in ((6000, None), (6001, world.cn(3))):
        if cell:
            phone.roam(cell)
            reaches(phone, world.server.address)
            agree(world, phone)
        ends = ((world.server, phone, world.server.address),
                (phone, world.server, phone.address()))
        for number, (one, other, address) in enumerate(ends):
            for end in connection(one, other, address, port + 10 * number):
                assert end.getsockopt(socket.IPPROTO_TCP, TCP_MAXSEG) == fits
                end.close()
    down = Transfer(world, world.server, phone, 4 * MEGABYTE)
    assert down.finish(20)["stall_ms"] < 1000 * PATIENCE
    up = Transfer(world, phone, world.server, 4 * MEGABYTE, port=5011, address=phone.address())
    assert up.finish(20)["stall_ms"] < 1000 * PATIENCE


@pytest.mark.parametrize("mtu", [1400, 1500])
@pytest.mark.parametrize("home", [1, 2], ids=["NAT", "routed"])
def test_udp_that_must_not_be_cut(make_world, home, mtu):
    """The CN of the cell and the kernel of the parent CN tell both ends the size that fits."""
    world, phone = roamed(make_world, home, mtu=mtu)
    size = mtu - TUNNEL - 28
    server, station = udp(world.server, fragment=False, port=7000), udp(phone, fragment=False)
    target = (world.server.address, 7000)
    assert send_until_told(station, min(mtu, 1500) - 28, target) == mtu - TUNNEL
    station.send(b"y" * size)
    word, partner = server.recvfrom(9000)
    assert word == b"y" * size
    assert send_until_told(server, min(mtu, 1500) - 28, partner) == mtu - TUNNEL
    server.send(b"z" * size)
    assert station.recv(9000) == b"z" * size


@pytest.mark.parametrize("home", [1, 2], ids=["NAT", "routed"])
def test_udp_that_may_be_cut(make_world, home):
    """The parent's kernel fragments packets from the server.

    Packets from the station do not fit: it learns the size, and fragments them itself.
    """
    world, phone = roamed(make_world, home)
    server, station = udp(world.server, fragment=True, port=7000), udp(phone, fragment=True)
    station.connect((world.server.address, 7000))
    for size in (1472, 4000, 60000):
        word = bytes(byte & 255 for byte in range(size))

        def arrives():
            station.send(word)  # pylint: disable=cell-var-from-loop
            server.settimeout(0.3 * PATIENCE)
            return server.recvfrom(65535)

        heard, partner = wait_for(arrives, f"{size} bytes from the station", 5)
        assert heard == word
        server.sendto(word, partner)
        assert station.recv(65535) == word
    assert phone.ping(world.server.address, size=3000)


def send_in_one(sender, words, to, offloads):
    """Sends words of 1200 bytes, the last one shorter, in one call.

    Kernels before 6.11 refuse that without checksum offload: then it sends them one by one.
    """
    sender.setsockopt(SOL_UDP, UDP_SEGMENT, 1200)
    try:
        sender.sendto(b"".join(words), to)
    except OSError as error:
        if offloads or error.errno != errno.EIO:
            raise
        sender.setsockopt(SOL_UDP, UDP_SEGMENT, 0)
        for word in words:
            sender.sendto(word, to)


@pytest.mark.parametrize("offloads", [True, False], ids=["offloads", "no offloads"])
def test_udp_segmentation_offload(make_world, offloads):
    """Datagrams as QUIC sends them: one call passes many, and each arrives in its own size."""
    world, phone = roamed(make_world, offloads=offloads)
    server, station = udp(world.server, fragment=False, port=7000), udp(phone, fragment=False)
    station.sendto(b"hello", (world.server.address, 7000))
    _, partner = server.recvfrom(100)
    ways = (station, server, (world.server.address, 7000)), (server, station, partner)
    for sender, receiver, to in ways:
        words = [struct.pack("!I", number) * 300 for number in range(30)] + [b"the last one"]
        send_in_one(sender, words, to, offloads)
        assert sorted(receiver.recv(65535) for _ in words) == sorted(words)


def test_too_big_is_seen_as_such(make_world):
    """The CN counts offending packets, and answers at most one ICMP message for each.

    A broken way for ICMP must not be a black hole for TCP.
    """
    world, phone = roamed(make_world)
    phone.run("nft", "add table ip t; add chain ip t i { type filter hook input priority 0; }; "
              "add rule ip t i ip protocol icmp drop")
    transfer = Transfer(world, phone, world.server, 4 * MEGABYTE, address=phone.address())
    assert transfer.finish(20)["stall_ms"] < 1000 * PATIENCE
    station = udp(phone, fragment=False)
    station.sendto(b"x" * 1472, (world.server.address, 7000))
    counters = world.cn(3).control("status")["counters"]
    counted = {counter["reason"]: counter["packets"] for counter in counters}
    assert counted["ICMP_TOO_BIG"] == 1
    with pytest.raises(WorldError):
        send_until_told(station, 1472, (world.server.address, 7000))
