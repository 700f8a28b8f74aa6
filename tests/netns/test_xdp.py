# SPDX-License-Identifier: BSD-2-Clause
"""Native XDP on the backbone (`xdp'), here over veth.

veth has it, but loses checksums that a sender left to the hardware: so the endpoints' offloads are
off. tests/vm/test_nics.py has real drivers, tests/bpf/test_backbone_xdp.c single packets.
"""
import json
import signal

import pytest

from world import wait_for
from world.xdp import mode, put_pass, traffic_through

NATIVE = ("native", "")


def link(cn, device="bb0"):
    """Returns (native, id) of the XDP program on a device, or None."""
    shown = json.loads(cn.run("ip", "-j", "link", "show", "dev", device).stdout)[0].get("xdp")
    return shown and (shown["mode"] == 1, shown["prog"]["id"])


def becomes(cn, *wanted):
    wait_for(lambda: mode(cn) == wanted, f"XDP of {cn.place} to be {wanted}", 5)
    assert bool(link(cn)) == (wanted == NATIVE)


def configured(cn, setting):
    cn.configure_with(xdp=setting)
    cn.program.send(signal.SIGHUP)


def test_traffic(make_world):
    directives = {0: {"xdp": "on", "route_optimisation": "off"}, 1: {"fastpath": "home"}}
    world = make_world(nat=(), offloads=False, directives=directives)
    put_pass(world.router, world.folder, *(cn.place for cn in world.cns))
    world.start()
    assert all(mode(cn) == NATIVE and link(cn)[0] for cn in world.cns)
    traffic_through(world, 4 << 20)


def test_life_of_the_link(make_world):
    """The setting decides; a new agent takes over the link of a killed one; detach removes it."""
    world = make_world(cns=2, nat=()).start()
    cn = world.cn(1)
    becomes(cn, "off", "no hardware (veth)")
    configured(cn, "on")
    becomes(cn, *NATIVE)
    assert link(cn)[0]
    assert "xdp       native on bb0\n" in cn.agent("status").stdout
    before = link(cn)
    cn.kill()
    assert link(cn) == before
    cn.start()
    becomes(cn, *NATIVE)
    assert link(cn) != before  # the new agent's program
    configured(cn, "off")
    becomes(cn, "off", "directive xdp")
    assert "xdp       off on bb0: directive xdp\n" in cn.agent("status").stdout
    configured(cn, "on")
    becomes(cn, *NATIVE)
    cn.kill()
    cn.configure_with(xdp="off")
    cn.start()
    becomes(cn, "off", "directive xdp")
    configured(cn, "on")
    becomes(cn, *NATIVE)
    cn.agent("detach", "--all")
    assert cn.program.wait() == 0 and not link(cn)


@pytest.mark.parametrize("alive", [True, False])
def test_detach_removes_it(make_world, alive):
    world = make_world(cns=1, nat=(), directives={0: {"xdp": "on"}}).start()
    cn = world.cn(1)
    assert link(cn)
    if not alive:
        cn.kill()
    cn.agent("detach", "--all")
    assert not link(cn)
    find = f"find {cn.directives['bpf_dir']} -type f 2>/dev/null"
    assert not cn.run("sh", "-c", find, check=False).stdout


def test_a_driver_without_it(make_world):
    world = make_world(cns=1, nat=(), directives={0: {"xdp": "on"}})
    cn = world.cn(1)
    cn.configure_with(cn_if="br0")
    cn.configure(["link add br0 type bridge", "link set bb0 master br0",
                  f"address del {cn.address}/24 dev bb0", f"address add {cn.address}/24 dev br0",
                  "link set br0 up", f"route replace default via {cn.router}"])
    world.start()
    assert mode(cn) == ("off", "its driver has no native XDP")
    line = "backbone br0: no XDP, tc does all: its driver has no native XDP"
    assert line in cn.texts()["cn1 output"]


def test_a_device_without_link_headers(make_world):
    world = make_world(cns=1, nat=(), directives={0: {"xdp": "on"}})
    cn = world.cn(1)
    cn.configure_with(cn_if="tun0")
    cn.configure(["tuntap add dev tun0 mode tun", "address add 10.99.0.1/24 dev tun0",
                  "link set tun0 up"])
    world.start()
    assert mode(cn) == ("off", "no Ethernet headers") and not link(cn, "tun0")


def test_another_program_is_there(make_world):
    world = make_world(cns=1, nat=(), directives={0: {"xdp": "on"}})
    cn = world.cn(1)
    put_pass(cn, world.folder, "bb0")
    theirs = link(cn)
    world.start()
    assert mode(cn) == ("off", "another XDP program is there")
    assert link(cn) == theirs
