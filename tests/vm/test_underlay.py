# SPDX-License-Identifier: BSD-2-Clause
"""Backbones that are no Ethernet cable: WireGuard between the CNs, and a long and lossy line."""
import pytest

from world import PATIENCE, Transfer, wait_for


def roam(world, station, number, transfer):
    """Roams to a CN, and waits until all CNs agree and traffic flows."""
    station.roam(world.cn(number))
    station.reaches(world.server.address)
    world.settled(station, 20)
    assert transfer.alive
    at = transfer.received()
    wait_for(lambda: transfer.received() > at, "the transfer to go on", 20)


@pytest.fixture
def guarded(make_world):
    """CNs whose backbone is wg0, with the addresses 10.99.0.NUMBER."""
    world = make_world(nat=())
    keys = {}
    for cn in world.cns:
        cn.configure_with(cn_if="wg0")
        private = cn.run("wg", "genkey").stdout
        keys[cn] = cn.run("wg", "pubkey", input=private).stdout.strip()
        cn.configure(["link add wg0 type wireguard", f"address add 10.99.0.{cn.number}/24 dev wg0"])
        cn.run("wg", "set", "wg0", "listen-port", 51820, "private-key", "/dev/stdin", input=private)
    for cn in world.cns:
        for peer in world.cns:
            if peer is not cn:
                cn.run("wg", "set", "wg0", "peer", keys[peer],
                       "endpoint", f"{peer.address}:51820",
                       "allowed-ips", f"10.99.0.{peer.number}/32")
        cn.configure(["link set wg0 up"])
    return world.start()


def carried(cn):
    """The bytes that came through WireGuard."""
    shown = cn.run("wg", "show", "wg0", "transfer").stdout
    return sum(int(line.split()[1]) for line in shown.splitlines())


def test_wireguard(guarded):
    world = guarded
    for cn in world.cns:
        evaluation = cn.agent("evaluate", check=False)
        assert evaluation.returncode == 0, evaluation.stdout
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    transfer = Transfer(world, world.server, phone, 6 << 20, rate=2 << 20, open_end=True)
    wait_for(transfer.received, "the transfer to begin")
    for number in (2, 3, 1, 3):
        roam(world, phone, number, transfer)
    transfer.finish()
    before = carried(world.cn(3))
    Transfer(world, world.server, phone, 4 << 20, port=5011).finish()
    Transfer(world, phone, world.server, 4 << 20, port=5012, address=address).finish()
    assert carried(world.cn(3)) - before > 4 << 20
    assert phone.address() == address
    for size in (0, 1372):  # 1420 - 20 (tunnel) - 28
        assert phone.ping(world.server.address, size=size, seconds=PATIENCE,
                          more=("-M", "do")), size


def test_long_and_lossy(make_world):
    world = make_world(nat=())
    for cn in world.cns:
        cn.run("tc", "qdisc", "add", "dev", "bb0", "root", "netem", "delay", "20ms", "loss", "1%")
    world.start()
    stations = [world.add_station(f"phone{i}", world.cn(1)) for i in (1, 2)]
    addresses = [station.dhclient().start() for station in stations]
    transfer = Transfer(world, world.server, stations[0], 1 << 20, rate=1 << 18, open_end=True)
    wait_for(transfer.received, "the transfer to begin")
    for number in (2, 3, 1, 2, 1, 3):
        stations[1].roam(world.cn(number % 3 + 1))
        roam(world, stations[0], number, transfer)
        stations[1].reaches(world.server.address)
        world.settled(stations[1], 20)
    assert (stations[0].ping(addresses[1], count=3, seconds=PATIENCE) or
            stations[0].ping(addresses[1], count=5, seconds=PATIENCE))
    transfer.finish(120)
    for cn in world.cns:
        assert cn.control("status")["handovers"]["pending"] == 0
    assert [station.address() for station in stations] == addresses
