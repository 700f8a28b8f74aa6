# SPDX-License-Identifier: BSD-2-Clause
"""Networks whose links are not all of one size: nothing grows on its way, nothing vanishes.

A cell of 1500 bytes in a network with jumbo frames: what does not fit is fragmented, or its sender
learns what fits, wherever it is.
"""
import errno
import socket

import pytest

from world import MEGABYTE, PATIENCE, Transfer, wait_for
from world.agreement import agree, arrive, frozen, leased, reaches
from world.groups import MDNS, PORT
from world.sizes import (PMTUDISC_DO, PMTUDISC_DONT, PMTUDISC_OMIT, IP_MTU_DISCOVER, cell_mtu,
                         connect, counted, cut_at_once, kernel_count, link_mtu, merge_on_arrival,
                         path_mtu, pour, segment, station_mtu, udp_socket, words)

DISCOVER = pytest.mark.parametrize("discover", [PMTUDISC_DONT, PMTUDISC_OMIT],
                                   ids=["learns", "never learns"])
OPTIMISED = pytest.mark.parametrize("optimised", ["on", "off"])
HOMES = pytest.mark.parametrize("home", [1, 2], ids=["NAT", "routed"])


def away(world, station, cell):
    arrive(station, cell)
    reaches(station, world.server.address)
    agree(world, *world.stations)


@pytest.mark.parametrize("mtu, uplink", [(1600, 1500), (1500, 1492)])
def test_merged_segments_keep_their_size(make_world, mtu, uplink):
    """The parent merges what comes out of the tunnel (GRO): it leaves as large as it was sent."""
    world = make_world(mtu=mtu, nat=())
    merge_on_arrival(world, *world.cns, world.server)
    link_mtu(world, world.server, uplink)
    phone = leased(world.start(), "phone", world.cn(2))
    cut_at_once(phone, phone.device)
    away(world, phone, world.cn(3))
    up = Transfer(world, phone, world.server, 8 * MEGABYTE, address=phone.address())
    assert up.finish(20)["stall_ms"] < 1000 * PATIENCE
    down = Transfer(world, world.server, phone, 8 * MEGABYTE, port=5002)
    assert down.finish(20)["stall_ms"] < 1000 * PATIENCE
    assert kernel_count(world.router, "OutDestUnreachs") == 0
    assert "ICMP_TOO_BIG" not in counted(world.cn(3))


# ---- a small cell in a network with jumbo frames

def jumbo(make_world, small=(), **options):
    """Jumbo frames everywhere but in some cells: numbers of CNs, or pairs (CN, cell)."""
    world = make_world(mtu=9000, **options)
    for cn in world.cns:
        for number, cell in enumerate(cn.cells):
            if cn.number not in small and (cn.number, number) not in small:
                cell_mtu(world, cell, 9000)
            cut_at_once(cn, cell.device)
        cut_at_once(cn, "bb0")
    cut_at_once(world.server, "bb0")
    return world.start()


def station_in(world, name, cell, mtu=9000):
    station = world.add_station(name, cell)
    cut_at_once(station, station.device)
    station_mtu(station, mtu)
    station.dhclient().start()
    return station


def jumbo_connection(listener, caller, address, **more):
    """A connection whose segments fill jumbo frames in both directions."""
    ends = connect(listener, caller, address, **more)
    for one, other in (ends, ends[::-1]):
        pour(one, other)
        assert segment(one) > 8800
    return ends


def goes_on(ends):
    """The connection goes on, and segments to the small cell are small now."""
    caller, listener = ends
    pour(caller, listener)
    pour(listener, caller)


def forward_port(cn, port, to):
    """The NAT of a CN lets others connect to a port of a station."""
    cn.run("nft", "add chain ip nat door { type nat hook prerouting priority -100; }; "
           f"add rule ip nat door iifname bb0 tcp dport {port} dnat to {to}:{port + 1}")


@HOMES
@OPTIMISED
@pytest.mark.parametrize("merged", [False, True], ids=["single", "merged"])
def test_connections_made_at_home(make_world, home, optimised, merged):
    """They go on in the small cell, in both directions: with a server (behind the parent's NAT, or
    routed), with one that connects to the station, with the CN, and with other stations.
    """
    world = jumbo(make_world, small=(3,), nat=(1,) if home == 1 else (),
                  directives={0: {"route_optimisation": optimised}})
    if merged:
        merge_on_arrival(world, *world.cns)
    parent = world.cn(home)
    phone, neighbour = (station_in(world, name, parent) for name in ("phone", "neighbour"))
    other = station_in(world, "other", world.cn(3 - home)) if home == 2 else None
    address, port = phone.address(), {}
    agree(world, *world.stations)
    if home == 1:
        forward_port(parent, 5002, address)
        address, port = parent.address, {"behind": 5003}
    ends = [jumbo_connection(world.server, phone, world.server.address),
            jumbo_connection(phone, world.server, address, port=5002, **port),
            jumbo_connection(phone, neighbour, phone.address(), port=5004),
            jumbo_connection(parent, phone, parent.cells[0].gateway, port=5005)]
    if other:
        ends.append(jumbo_connection(phone, other, phone.address(), port=5006))
    station_mtu(phone, 1500)
    away(world, phone, world.cn(3))
    for one in ends:
        goes_on(one)
    # Those at the far ends have learned the size.
    far = [ends[0][1], ends[1][0], ends[2][0], ends[3][1], *(one[0] for one in ends[4:])]
    assert max(segment(end) for end in far) < 1460
    seen = counted(world.cn(3))
    assert seen["ICMP_CELL"] and not {"CELL_TOO_BIG", "HEADROOM", "MALFORMED"} & set(seen)
    assert path_mtu(world.server, address) == 1500


def test_connection_next_door(make_world):
    """The small cell is one of the parent itself."""
    world = jumbo(make_world, small=((2, 1),), cells=2, cns=2, nat=())
    parent = world.cn(2)
    phone, neighbour = (station_in(world, name, parent) for name in ("phone", "neighbour"))
    agree(world, *world.stations)
    ends = [jumbo_connection(world.server, phone, world.server.address),
            jumbo_connection(neighbour, phone, neighbour.address(), port=5002),
            jumbo_connection(parent, phone, parent.cells[0].gateway, port=5003)]
    station_mtu(phone, 1500)
    away(world, phone, parent.cells[1])
    for one in ends:
        goes_on(one)
        assert segment(one[1]) < 1460
    seen = counted(parent)
    assert seen["ICMP_CELL"] >= 3 and not {"CELL_TOO_BIG", "HEADROOM"} & set(seen)


@HOMES
def test_every_packet_is_counted_as_what_became_of_it(make_world, home):
    """Datagrams that must not be fragmented: none counts as delivered that did not arrive."""
    world = jumbo(make_world, small=(3,))
    phone = station_in(world, "phone", world.cn(home))
    away(world, phone, world.cn(3))
    station_mtu(phone, 1500)
    visited = world.cn(3)
    server = udp_socket(world.server, PMTUDISC_DO, 7000)
    station = udp_socket(phone, PMTUDISC_DO, 7000)
    station.sendto(b"hello", (world.server.address, 7000))
    _, partner = server.recvfrom(100)
    server.connect(partner)
    before = counted(visited)
    server.send(words(1472))
    assert station.recv(9000) == words(1472)
    server.send(words(1473))
    wait_for(lambda: path_mtu(world.server, partner[0]) == 1500, "the server to learn the size")
    after = counted(visited)
    assert after["DECAP_STATION"] == before["DECAP_STATION"] + 1
    assert after["ICMP_CELL"] == before.get("ICMP_CELL", 0) + 1
    with pytest.raises(OSError) as refused:
        server.send(words(1473))
        server.send(words(1473))
    assert refused.value.errno == errno.EMSGSIZE


def test_the_mtu_that_counts_is_that_of_now(make_world):
    """Somebody lowers the MTU of the cell, and the agent does not know it yet."""
    world = jumbo(make_world, cns=2, nat=())
    phone = station_in(world, "phone", world.cn(1))
    away(world, phone, world.cn(2))
    ends = jumbo_connection(world.server, phone, world.server.address)
    with frozen(world.cn(2)):
        cell_mtu(world, world.cn(2), 1400)
    station_mtu(phone, 1400)
    goes_on(ends)
    assert segment(ends[1]) < 1400
    assert path_mtu(world.server, phone.address()) == 1400


def test_a_route_larger_than_its_device(make_world):
    """The administrator's routes claim more than the device sends."""
    world = make_world(nat=(), directives={0: {"fastpath": "home"}}).start()
    phone, other = (leased(world, name, world.cn(2)) for name in ("phone", "other"))
    away(world, phone, world.cn(3))
    for cn in world.cns:
        cn.configure([f"route replace default via {cn.router} mtu lock 9000"])
    cut_at_once(phone, phone.device)
    for station, fits in ((phone, 1480), (other, 1500)):
        ends = connect(world.server, station, world.server.address, port=fits)
        pour(*ends)
        mouth = udp_socket(station, PMTUDISC_DO)
        ear = udp_socket(world.server, PMTUDISC_DO, 7000)
        mouth.sendto(words(1472), (world.server.address, 7000))
        if fits == 1480:
            wait_for(lambda: path_mtu(phone, world.server.address) == 1480, "it to learn the size")
            mouth.sendto(words(1452), (world.server.address, 7000))
        assert ear.recv(9000) == words(fits - 28)
        ear.close()


def test_a_home_cell_smaller_than_the_visited_one(make_world):
    """What enters the parent's kernel as if it came from the small cell is as large as it is."""
    world = jumbo(make_world, small=(2,), nat=())
    phone = station_in(world, "phone", world.cn(2), 1500)
    station_mtu(phone, 9000)
    away(world, phone, world.cn(1))
    station, server = udp_socket(phone, PMTUDISC_DO, 7000), udp_socket(world.server, 0, 7000)
    send_sized(station, server, (world.server.address, 7000), (1472, 1473, 8000))
    send_sized(server, station, (phone.address(), 7000), (1472, 1473, 8000))


@pytest.mark.parametrize("roamed", [False, True], ids=["at home", "roamed"])
def test_signed_connections(make_world, roamed):
    """A signed SYN keeps its MSS. Its connection learns what fits by the size of its packets."""
    world = make_world(nat=()).start()
    phone = leased(world, "phone", world.cn(2))
    if roamed:
        away(world, phone, world.cn(3))
    ends = connect(world.server, phone, world.server.address, key=b"secret")
    assert segment(ends[0]) == 1460
    for one in (ends, connect(phone, world.server, phone.address(), key=b"secret")):
        pour(*one)
        pour(*one[::-1])


# ---- packets that may be fragmented

def send_sized(sender, receiver, to, sizes):
    """Sends one datagram of each size, and demands that each arrives at the first try."""
    for size in sizes:
        sender.sendto(words(size), to)
        assert receiver.recv(65535) == words(size), size


def send_to_and_fro(world, phone, discover, up, down):
    """Datagrams between a station and the server, a station at home, and one of another CN."""
    station = udp_socket(phone, discover, 7000)
    for number, place in enumerate((world.server, *world.stations[1:]), 7001):
        address = place.address if place is world.server else place.address()
        far = udp_socket(place, discover, number)
        for _ in range(2):
            send_sized(station, far, (address, number), up)
            send_sized(far, station, (phone.address(), 7000), down)
    seen = counted(world.cn(3))
    assert seen["TO_FRAGMENT"] and seen["FROM_AGENT"] >= 2 * seen["TO_FRAGMENT"]
    assert not {"ICMP_CELL", "ICMP_TOO_BIG", "CELL_TOO_BIG", "TOO_BIG", "HEADROOM"} & set(seen)


@DISCOVER
@OPTIMISED
def test_datagrams_for_a_small_tunnel(make_world, discover, optimised):
    """Each arrives at once, and each later one, too, whether or not the sender lowers its size."""
    world = make_world(nat=(), directives={0: {"route_optimisation": optimised}}).start()
    phone, _ = (leased(world, name, world.cn(2)) for name in ("phone", "neighbour"))
    leased(world, "other", world.cn(1))
    away(world, phone, world.cn(3))
    sizes = 1452, 1453, 1472, 4000, 60000
    send_to_and_fro(world, phone, discover, sizes, sizes)
    assert phone.ping(world.server.address, size=3000, more=("-M", "dont"))
    assert world.server.ping(phone.address(), size=3000, more=("-M", "dont"))


@DISCOVER
@OPTIMISED
def test_datagrams_for_a_small_cell(make_world, discover, optimised):
    world = jumbo(make_world, small=(3,), nat=(),
                  directives={0: {"route_optimisation": optimised}})
    phone, _ = (station_in(world, name, world.cn(2)) for name in ("phone", "neighbour"))
    station_in(world, "other", world.cn(1))
    station_mtu(phone, 1500)
    away(world, phone, world.cn(3))
    send_to_and_fro(world, phone, discover, (1472, 1473, 60000), (1472, 1473, 8000, 60000))
    assert world.server.ping(phone.address(), size=8000, more=("-M", "dont"))


def test_datagrams_next_door(make_world):
    world = jumbo(make_world, small=((1, 1),), cells=2, cns=1, nat=())
    parent = world.cn(1)
    phone, neighbour = (station_in(world, name, parent) for name in ("phone", "neighbour"))
    station_mtu(phone, 1500)
    away(world, phone, parent.cells[1])
    station = udp_socket(phone, PMTUDISC_OMIT, 7000)
    for place in (world.server, neighbour):
        far = udp_socket(place, PMTUDISC_OMIT)
        send_sized(far, station, (phone.address(), 7000), (1472, 1473, 8000, 60000))
    assert counted(parent)["TO_FRAGMENT"] >= 4


def test_without_an_agent_the_sender_is_told(make_world):
    """Nobody can fragment. The station that lowers its size is heard all the same."""
    world = make_world(nat=()).start()
    phone = leased(world, "phone", world.cn(2))
    away(world, phone, world.cn(3))
    world.cn(3).kill()
    station = udp_socket(phone, PMTUDISC_DONT)
    far = udp_socket(world.server, PMTUDISC_DONT, 7000, seconds=0.5)

    def arrives():
        station.sendto(words(1472), (world.server.address, 7000))
        try:
            return far.recv(9000)
        except TimeoutError:
            return None

    assert wait_for(arrives, "the datagram", 5) == words(1472)
    world.cn(3).start()
    assert counted(world.cn(3))["ICMP_TOO_BIG"]


def test_held_packets(make_world):
    """What was held for a station that comes back in a small cell: fragmented or answered."""
    world = jumbo(make_world, small=((1, 1), 2), cells=2, cns=2, nat=(),
                  directives={0: {"buffer_time": 20000}})
    home = world.cn(1)
    phone = station_in(world, "phone", home)
    agree(world, phone)
    may, must_not = (udp_socket(world.server, how) for how in (PMTUDISC_OMIT, PMTUDISC_DO))
    for target in (home.cells[1], world.cn(2)):
        station = udp_socket(phone, PMTUDISC_DO, 7000)
        phone.leave()
        station_mtu(phone, 1500)
        assert home.control("departed", mac=phone.mac) == 1
        for one in (must_not, may):
            one.sendto(words(8000), (phone.address(), 7000))
        wait_for(lambda: home.control("status")["buffer"]["packets"] == 2, "two to be held")
        arrive(phone, target)
        assert station.recv(9000) == words(8000)
        wait_for(lambda: path_mtu(world.server, phone.address()) == 1500, "the server to learn")
        station.close()
        world.server.run("ip", "route", "flush", "cache")
        phone.leave()
        station_mtu(phone, 9000)
        away(world, phone, home)


# ---- errors

def test_an_error_that_leaves_by_hardware(make_world):
    """The checksum of the packet that the error is about was left to the hardware. That must not
    fill it in on the error.
    """
    world = make_world(nat=()).start()
    phone = leased(world, "phone", world.cn(2))
    away(world, phone, world.cn(3))
    world.cn(3).run("ethtool", "-K", "w0", "tx", "off")
    station = udp_socket(phone, PMTUDISC_DO)
    station.sendto(words(1472), (world.server.address, 7000))
    wait_for(lambda: path_mtu(phone, world.server.address) == 1480, "the station to learn")
    assert kernel_count(phone, "InCsumErrors") == 0


# ---- groups

MANY = {0: {"multicast_burst": 1000}}  # fragments count, too


def listener(place, seconds=5):
    ear = udp_socket(place, PMTUDISC_DONT, PORT, seconds)
    member = socket.inet_aton(MDNS) + socket.inet_aton(place.address())
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return ear


def say_sized(place, size, discover=PMTUDISC_DONT):
    """Sends a datagram of that size to the group, as avahi does (no DF) or otherwise."""
    with place.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                         socket.inet_aton(place.address()))
        mouth.sendto(words(size), (MDNS, PORT))


def hear_each_other(one, other, sizes):
    """Datagrams of these sizes arrive whole, from each of the two at the other."""
    for speaker, hearer in ((one, other), (other, one)):
        with listener(hearer) as ear:
            for size in sizes:
                say_sized(speaker, size)
                assert ear.recv(65535) == words(size), (speaker.place, size)


def test_large_answers_of_mdns(make_world):
    """As long as an Ethernet frame, and longer: 9000 bytes are the limit of mDNS (RFC 6762, 17)."""
    world = make_world(nat=(), directives=MANY).start()
    phone, printer, guest = (leased(world, name, world.cn(2))
                             for name in ("phone", "printer", "guest"))
    away(world, phone, world.cn(3))
    arrive(guest, world.cn(1))
    agree(world, *world.stations)
    hear_each_other(phone, printer, (1452, 1453, 1472, 1473, 8972))
    hear_each_other(phone, guest, (1452, 1453, 1472, 8972))
    with listener(printer, seconds=1) as ear:
        say_sized(phone, 1472, PMTUDISC_DO)
        with pytest.raises(TimeoutError):
            ear.recv(65535)
    assert counted(world.cn(3))["TOO_BIG"] == 1
    say_sized(printer, 1472, PMTUDISC_DO)
    wait_for(lambda: counted(world.cn(2)).get("TOO_BIG") == 2, "one of each CN to be counted")


def test_groups_between_cells_of_different_sizes(make_world):
    world = jumbo(make_world, small=(3, (2, 1)), cells=2, nat=(), directives=MANY)
    phone, printer, tablet = (station_in(world, name, world.cn(2))
                              for name in ("phone", "printer", "tablet"))
    station_mtu(phone, 1500)
    station_mtu(tablet, 1500)
    away(world, phone, world.cn(3))
    away(world, tablet, world.cn(2).cells[1])
    hear_each_other(phone, printer, (1472, 1473, 8972))
    hear_each_other(tablet, printer, (1472, 1473, 8972))
    hear_each_other(tablet, phone, (1472, 1473, 8972))


@pytest.mark.parametrize("next_door", [False, True], ids=["tunnel", "next door"])
def test_a_small_home_cell(make_world, next_door):
    """What a guest says in a large cell is fragmented for its home cell."""
    world = jumbo(make_world, small=(2, (1, 1)), cells=2, cns=2, nat=(), directives=MANY)
    home = world.cn(1).cells[1] if next_door else world.cn(2)
    phone, printer = (station_in(world, name, home, 1500) for name in ("phone", "printer"))
    station_mtu(phone, 9000)
    away(world, phone, world.cn(1))
    hear_each_other(phone, printer, (1472, 1473, 8900))
