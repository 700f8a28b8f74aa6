# SPDX-License-Identifier: BSD-2-Clause
"""Native XDP on the CNs' backbones: what the driver has counted of it, and traffic that must go through it."""
import re

from .system import wait_for
from .traffic import Transfer

REASONS = ("ENCAP_VISITED", "RELAY", "FORWARDED")  # what XDP can finish


def mode(cn):
    """native or off, and why it is off."""
    backbone = cn.control("status")["backbone"]
    return backbone["xdp"], backbone["xdp_reason"]


def finished(cn):
    """Frames that the driver of bb0 sent back by order of XDP."""
    counters = cn.run("ethtool", "-S", "bb0").stdout
    return sum(int(number) for number in re.findall(r"^\s*rx\w*_xdp_tx: (\d+)", counters, re.M))


def counted(cn):
    """Frames counted for each of the reasons that XDP knows."""
    found = {counter["reason"]: counter["packets"] for counter in cn.control("status")["counters"]}
    return {reason: found[reason] for reason in REASONS}


def put_pass(space, folder, *devices):
    """Gives devices of a namespace an XDP program that does nothing: a veth needs one that its peer may use XDP_TX."""
    with open(f"{folder}/pass.c", "w", encoding="ascii") as file:
        file.write('__attribute__((section("xdp"))) int pass(void *context) { return 2; }\n')
    space.run("clang", "-target", "bpf", "-O2", "-c", f"{folder}/pass.c", "-o", f"{folder}/pass.o")
    space.configure([f"link set dev {device} xdpdrv object {folder}/pass.o section xdp" for device in devices])


class Share:
    """How much of what a CN did for one reason was done by XDP: with Share(...) as share: ...; share.demand(...)."""

    def __init__(self, cn, reason):
        self.cn, self.reason = cn, reason

    def __enter__(self):
        self.before = finished(self.cn), counted(self.cn)
        return self

    def __exit__(self, *_):
        self.driver = finished(self.cn) - self.before[0]
        self.done = {reason: number - self.before[1][reason] for reason, number in counted(self.cn).items()}

    def demand(self, least):
        """Nearly all for that reason, at least so many, and nothing that was not counted."""
        assert self.done[self.reason] >= least, (self.reason, self.done)
        assert 0.9 * self.done[self.reason] <= self.driver <= sum(self.done.values()), (self.reason, self.driver, self.done)


def traffic_through(world, size):
    """For a world whose CN 1 has `fastpath home' and no CN route_optimisation: each way through CN 1's XDP program."""
    home, packets = world.cn(1), size // 1500
    one, two = (world.add_station(name, home) for name in ("one", "two"))
    addresses = [station.dhclient().start() for station in (one, two)]
    going = Transfer(world, world.server, one, size, rate=size, open_end=True)
    wait_for(going.received, "the transfer to begin")
    for station, number in ((one, 2), (two, 3), (one, 3), (one, 2)):
        station.roam(world.cn(number))
        station.reaches(world.server.address)
        world.settled(station)
    going.finish()
    with Share(home, "ENCAP_VISITED") as down:
        Transfer(world, world.server, one, size).finish()
    down.demand(packets)
    with Share(home, "FORWARDED") as up:
        Transfer(world, one, world.server, size, port=5011, address=addresses[0]).finish()
    up.demand(packets)
    with Share(home, "RELAY") as between:
        Transfer(world, one, two, size, port=5012, address=addresses[0]).finish()
    between.demand(packets)
    assert [station.address() for station in (one, two)] == addresses
    # 1480 bytes fit into the tunnel; of 1500 the sender is told, by tc and the kernel.
    assert world.server.ping(addresses[0], size=1452, more=("-M", "do"))
    assert not world.server.ping(addresses[0], size=1472, more=("-M", "do"))
