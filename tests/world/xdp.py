# SPDX-License-Identifier: BSD-2-Clause
"""Native XDP on the CNs' backbones: the driver's counters, and traffic that must go through XDP."""
import re

from .system import wait_for
from .traffic import Transfer

REASONS = ("ENCAP_VISITED", "RELAY", "FORWARDED")  # of packets that the XDP program can finish


def mode(cn):
    """(mode, reason): native or off, and why it is off."""
    backbone = cn.control("status")["backbone"]
    return backbone["xdp"], backbone["xdp_reason"]


def finished(cn):
    """The number of frames that the driver of bb0 sent back because XDP said so."""
    counters = cn.run("ethtool", "-S", "bb0").stdout
    return sum(int(number) for number in re.findall(r"^\s*rx\w*_xdp_tx: (\d+)", counters, re.M))


def counted(cn):
    """The CN's counters of the reasons in REASONS."""
    found = {counter["reason"]: counter["packets"] for counter in cn.control("status")["counters"]}
    return {reason: found[reason] for reason in REASONS}


def put_pass(space, folder, *devices):
    """Gives devices of a namespace an XDP program that passes all packets. XDP_TX on a veth works
    only if its peer has a program, too.
    """
    with open(f"{folder}/pass.c", "w", encoding="ascii") as file:
        file.write('__attribute__((section("xdp"))) int pass(void *context) { return 2; }\n')
    space.run("clang", "-target", "bpf", "-O2", "-c", f"{folder}/pass.c", "-o", f"{folder}/pass.o")
    space.configure([f"link set dev {device} xdpdrv object {folder}/pass.o section xdp"
                     for device in devices])


class Share:
    """The share of XDP in the packets that a CN counted for one reason during a block:

        with Share(cn, reason) as share:
            ...
        share.demand(least)
    """

    def __init__(self, cn, reason):
        self.cn, self.reason = cn, reason

    def __enter__(self):
        self.before = finished(self.cn), counted(self.cn)
        return self

    def __exit__(self, *_):
        self.driver = finished(self.cn) - self.before[0]
        self.done = {reason: number - self.before[1][reason]
                     for reason, number in counted(self.cn).items()}

    def demand(self, least):
        """Demands that the CN counted at least so many packets, that XDP did nearly all of them,
        and that XDP did none that the CN did not count.
        """
        done = self.done[self.reason]
        assert done >= least, (self.reason, self.done)
        seen = self.reason, self.driver, self.done
        assert 0.9 * done <= self.driver <= sum(self.done.values()), seen


def traffic_through(world, size):
    """Sends traffic each way through the XDP program of CN 1, in a world whose CN 1 has `fastpath
    home' and whose CNs have no route_optimisation.
    """
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
    # 1480 bytes fit into the tunnel. For 1500, tc and the kernel send the sender an ICMP error.
    assert world.server.ping(addresses[0], size=1452, more=("-M", "do"))
    assert not world.server.ping(addresses[0], size=1472, more=("-M", "do"))
