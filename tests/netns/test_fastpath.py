# SPDX-License-Identifier: BSD-2-Clause
"""The short cut past netfilter: what the rules of a parent CN see of its stations' packets.

The answer depends on the setting of `fastpath'.
"""
import pytest

from world.agreement import Conversation, agree, arrive, leased

COUNT = ("add table ip seen; "
         "add chain ip seen transit { type filter hook forward priority 0; }; "
         "add counter ip seen up; add counter ip seen down; "
         "add rule ip seen transit ip saddr 10.2.0.0/24 counter name up; "
         "add rule ip seen transit ip daddr 10.2.0.0/24 counter name down")
# Does netfilter see packets up from the station, and down to it? At home, and away.
SEEN = {"off": {"home": (True, True), "away": (True, True)},
        "away": {"home": (True, True), "away": (True, False)},
        "home": {"home": (False, False), "away": (False, False)}}


def counted(cn, name):
    listed = cn.run("nft", "list", "counter", "ip", "seen", name).stdout
    return int(listed.split("packets")[1].split()[0])


@pytest.mark.parametrize("setting", SEEN)
def test_what_netfilter_sees(make_world, setting):
    world = make_world(nat=(), directives={0: {"fastpath": setting}}).start()
    parent = world.cn(2)
    parent.run("nft", COUNT)
    phone = leased(world, "phone", parent)
    with Conversation(world.server, phone, world.server.address) as call:
        for place, at in (("home", 2), ("away", 3), ("home", 2), ("away", 1)):
            arrive(phone, world.cn(at))
            call.say()
            agree(world, phone)
            assert phone.ping(parent.cells[0].gateway) and world.server.ping(phone.address())
            before = counted(parent, "up"), counted(parent, "down")
            call.say()
            grown = counted(parent, "up") > before[0], counted(parent, "down") > before[1]
            assert grown == SEEN[setting][place]


@pytest.mark.parametrize("entry", ("wrong", "missing"))
def test_a_station_at_home_needs_no_neighbour_entry(make_world, entry):
    """The kernel's neighbour table names the MAC of somebody else, or cannot learn any."""
    world = make_world(nat=(), directives={0: {"fastpath": "home"}}).start()
    parent = world.cn(2)
    parent.run("nft", COUNT)
    phone = leased(world, "phone", parent)
    device = parent.cells[0].device
    with Conversation(world.server, phone, world.server.address) as call:
        call.say()
        agree(world, phone)
        parent.run("ip", "neigh", "flush", "dev", device)
        parent.run("ip", "link", "set", device, "arp", "off")
        if entry == "wrong":
            parent.run("ip", "neigh", "replace", phone.address(), "lladdr", "02:00:00:00:66:66",
                       "dev", device, "nud", "permanent")
        before = counted(parent, "down")
        call.say()
        assert counted(parent, "down") == before
