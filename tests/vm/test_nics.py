# SPDX-License-Identifier: BSD-2-Clause
"""CNs whose backbones are virtio NICs (tests/vm/run --cables 3).

Their driver has native XDP, which `xdp auto' uses.
"""
import glob
import json
import subprocess

import pytest

from world import MEGABYTE, Transfer, World, wait_for
from world.agreement import agree, leased, reaches
from world.sizes import (cell_mtu, connect, counted, cut_at_once, kernel_count, link_mtu, path_mtu,
                         pour, segment, station_mtu)
from world.xdp import mode, traffic_through

NATIVE = ("native", "")


CABLES = 3


def nics():
    """The NICs that are in no world: {name: the name that it shall have}."""
    shown = subprocess.run(["ip", "-j", "link"], check=True, capture_output=True, text=True).stdout
    names = {f"02:ca:b1:e0:{number:02x}:0{end}": f"nic{number}{end}"
             for number in range(CABLES) for end in "ab"}
    return {link["ifname"]: names[link["address"]] for link in json.loads(shown)
            if link["address"] in names}


def collect():
    """Waits for the NICs of former worlds, and renames them.

    They come back a while after their namespace is gone, with the names that they had there.
    """
    wait_for(lambda: len(nics()) == 2 * CABLES, "the NICs to come back from former worlds")
    for name, wanted in nics().items():
        if name != wanted:
            subprocess.run(["ip", "link", "set", name, "down", "name", wanted], check=True)


@pytest.fixture
def cables():
    """The NICs are there, with their own names, before a test and after it."""
    subprocess.run(["modprobe", "virtio_net"], check=False)
    if len(glob.glob("/sys/bus/virtio/drivers/virtio_net/virtio*")) < 2 * CABLES:
        pytest.skip(f"no NICs: tests/vm/run --cables {CABLES}")
    collect()
    yield
    collect()


@pytest.fixture
def cabled(cables, make_world, monkeypatch):  # pylint: disable=unused-argument
    """make_world, with a cable between each CN and the router.

    The worlds end before the cables are collected.
    """
    plain = World.backbone_links

    def links(world, place):
        if place not in world.cns:
            return plain(world, place)
        cable = f"nic{place.number - 1}"
        return [f"link set {cable}a netns {place.name} name bb0",
                f"link set {cable}b netns {world.router.name} name {place.place}"]

    monkeypatch.setattr(World, "backbone_links", links)
    return make_world


def test_auto_is_native(cabled):
    directives = {0: {"route_optimisation": "off"}, 1: {"fastpath": "home"}}
    world = cabled(nat=(), directives=directives).start()
    assert [mode(cn) for cn in world.cns] == [NATIVE] * 3
    traffic_through(world, 1 << 20)


@pytest.mark.parametrize("xdp", ["auto", "off"])
def test_merged_segments_keep_their_size(cabled, xdp):
    """The cards merge segments (GRO): those leave the parent as large as they were sent."""
    world = cabled(nat=(), directives={0: {"xdp": xdp}})
    for cn in world.cns:
        link_mtu(world, cn, 1600)
    phone = leased(world.start(), "phone", world.cn(2))
    cut_at_once(phone, phone.device)
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    Transfer(world, phone, world.server, MEGABYTE, address=phone.address()).finish()
    Transfer(world, world.server, phone, MEGABYTE, port=5002).finish()
    assert kernel_count(world.router, "OutDestUnreachs") == 0
    assert "ICMP_TOO_BIG" not in counted(world.cn(3))


@pytest.mark.parametrize("merged", ["on", "off"])
def test_a_small_cell_behind_real_cards(cabled, merged):
    """Frames of 3000 bytes, and a cell that takes 1500: the program makes the ICMP errors, except
    about segments that the card has merged (GRO).
    """
    world = cabled(mtu=3000, nat=(), directives={0: {"xdp": "off"}})
    for cn in world.cns:
        link_mtu(world, cn, 3000)
        cut_at_once(cn, "w0")
        if cn.number != 3:
            cell_mtu(world, cn, 3000)
    cut_at_once(world.server, "bb0")
    world.cn(3).run("ethtool", "-K", "bb0", "gro", merged)
    phone = world.start().add_station("phone", world.cn(2))
    cut_at_once(phone, phone.device)
    station_mtu(phone, 3000)
    phone.dhclient().start()
    agree(world, phone)
    ends = connect(phone, world.server, phone.address())
    pour(*ends)
    assert segment(ends[0]) > 2800
    station_mtu(phone, 1500)
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    pour(*ends)
    pour(*ends[::-1])
    assert segment(ends[0]) < 1460 and path_mtu(world.server, phone.address()) == 1500
    seen = counted(world.cn(3))
    assert seen["ICMP_CELL"] and not {"CELL_TOO_BIG", "HEADROOM"} & set(seen)
    assert merged == "on" or "FROM_AGENT" not in seen


def test_vlans_whose_tags_are_seen(cabled):
    """This driver leaves tags in the frame."""
    world = cabled(cns=1, nat=()).start()
    cn = world.cn(1)
    cn.configure(["link add link bb0 name bb0.7 type vlan id 7", "link set bb0.7 up"])
    cn.stop()
    cn.start()
    assert mode(cn) == NATIVE


def test_vlans_whose_tags_are_hidden(make_world):
    """veth keeps tags beside the frame."""
    world = make_world(cns=1, nat=(), directives={0: {"xdp": "on"}}).start()
    cn = world.cn(1)
    assert mode(cn) == NATIVE
    cn.configure(["link add link bb0 name bb0.7 type vlan id 7"])
    off = "off", "it has VLANs, and XDP does not see their tags (directive xdp)"
    wait_for(lambda: mode(cn) == off, "XDP to go")
    assert "xdp" not in cn.run("ip", "link", "show", "dev", "bb0").stdout
    cn.configure(["link delete bb0.7"])
    wait_for(lambda: mode(cn) == NATIVE, "XDP to come back")
