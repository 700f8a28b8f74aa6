# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's own IPv4-in-IPv4 interface. At the other end of a tunnel, each end understands the
other's packets: a plain Linux box (plain_cn.py) is the visited CN, and then the parent CN. On the
same machine, tunnels that have nothing to do with TMip go on beside it.
"""
import pytest

from plain_cn import PlainCn
from world import PATIENCE, Transfer, wait_for
from world.xdp import put_pass

SIZE = 6 << 20


@pytest.fixture(params=[True, False], ids=["offloads", "no-offloads"])
def worlds(request, make_world):
    """A world whose second CN is a plain box."""
    world = make_world(cns=2, nat=(), offloads=request.param)
    world.mlr.start()
    world.cn(1).start()
    box = PlainCn(world.cn(2), world.cn(1)).start()
    yield world, box
    box.close()


def exchange(world, station, address):
    """Pings of all sizes, and a transfer each way whose checksums are compared."""
    server = world.server
    station.reaches(server.address)
    assert server.ping(address, seconds=1 * PATIENCE)
    for size in (0, 1000, 1452):  # the last one just fits into the tunnel
        assert station.ping(server.address, size=size, seconds=1 * PATIENCE,
                            more=("-M", "do")), size
    # The first one does not fit: the station learns the size, and fragments the next ones itself.
    wait_for(lambda: station.ping(server.address, size=3000, seconds=0.5 * PATIENCE),
             "a packet that is cut")
    Transfer(world, server, station, SIZE).finish()
    Transfer(world, station, server, SIZE, port=5011, address=address).finish()


def test_box_is_visited(worlds):
    world, box = worlds
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    phone.reaches(world.server.address)
    phone.roam(world.cn(2))
    box.handover(phone, address)
    wait_for(lambda: world.cn(1).state(phone) == "away", "CN 1 to hear of it")
    # A plain box does not take frames for another router's MAC.
    phone.run("ip", "neigh", "flush", "dev", "wlan0")
    exchange(world, phone, address)
    assert box.counted("rx_bytes") > SIZE and box.counted("tx_bytes") > SIZE
    assert box.counted("rx_errors") == 0 and box.counted("tx_errors") == 0
    peer = next(peer for peer in world.cn(1).control("peers") if peer["name"] == "cn2")
    assert peer["rx_bytes"] > SIZE and peer["tx_bytes"] > SIZE, peer

    phone.roam(world.cn(1))
    phone.reaches(world.server.address)
    wait_for(lambda: world.cn(1).state(phone) == "home", "the station to be home")


def test_box_is_parent(worlds):
    world, box = worlds
    address = "10.2.0.50"
    guest = world.add_station("guest", world.cn(2))
    guest.set_static(address, "10.2.0.1")
    box.claim(guest, address)
    guest.reaches(world.server.address)
    guest.roam(world.cn(1))
    # CN 1 hears it; answers find it when the box knows of the move.
    guest.ping(world.server.address, seconds=0.1)
    box.wait_gone(address)
    wait_for(lambda: world.cn(1).state(guest) == "visiting", "CN 1 to have a visitor")
    exchange(world, guest, address)
    assert box.counted("rx_bytes") > SIZE and box.counted("tx_bytes") > SIZE
    assert box.counted("rx_errors") == 0 and box.counted("tx_errors") == 0


def tunnel(one, other, number, size=1480):
    """A plain ipip tunnel between two machines. Returns the far end's address."""
    for place, far, side in ((one, other, 1), (other, one, 2)):
        place.configure([f"link add t{number} type ipip local {place.address} "
                         f"remote {far.address} nopmtudisc",
                         f"address add 172.16.{number}.{side}/30 dev t{number}",
                         f"link set t{number} mtu {size} up"], "", True)
    return f"172.16.{number}.2"


@pytest.mark.parametrize("xdp", ["off", "on"])
def test_tunnels_of_others(make_world, xdp):
    """Plain tunnels of a CN to a machine that is no CN, and to another CN."""
    world = make_world(cns=2, nat=(), offloads=xdp == "off")
    for cn in world.cns:
        cn.configure_with(xdp=xdp)
    if xdp == "on":
        put_pass(world.router, world.folder, *(cn.place for cn in world.cns))
    first, second = world.cns
    ends = tunnel(first, world.server, 1), tunnel(first, second, 2, size=1600)
    assert all(first.ping(end, seconds=1 * PATIENCE) for end in ends)
    world.start()
    phone = world.add_station("phone", first)
    phone.dhclient().start()
    phone.reaches(world.server.address)
    phone.roam(second)
    phone.reaches(world.server.address)
    for _ in range(3):
        assert phone.ping(world.server.address, seconds=1 * PATIENCE)
        for end in ends:
            assert first.ping(end, count=3, seconds=1 * PATIENCE), end
    # The kernel's tunnel cuts what is larger than the backbone's packets: fragments, too, are its.
    assert first.ping(ends[1], size=1560, count=3, seconds=1 * PATIENCE)
    text = first.agent("evaluate", check=False).stdout
    assert "t1" in text and "t2" in text, text
