# SPDX-License-Identifier: BSD-2-Clause
"""`why` says where the packets of a station are lost: in the programs, in the kernel, at a device,
or behind this CN. Never nothing.
"""
import threading

import pytest

from world.agreement import demand, leased, reaches


def why_while_pinging(cn, phone, pinging, target):
    """What `why` prints while packets go astray."""
    done = threading.Event()

    def ping():
        while not done.is_set():
            pinging.ping(target, seconds=0.3)

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        return cn.agent("why", phone.address()).stdout
    finally:
        done.set()
        thread.join()


def last_second(text):
    return text[text.index("in the last second"):]


FAULTS = {
    "rules": (["nft", "add table ip wall; add chain ip wall pass "
               "{ type filter hook forward priority 0; policy drop; }"], "kernel IPv4"),
    "no_route": (["ip", "route", "add", "unreachable", "10.250.0.0/16"], "kernel IPv4"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_lost_in_the_kernel(make_world, fault):
    world = make_world(cns=1).start()
    cn, (words, said) = world.cn(1), FAULTS[fault]
    phone = leased(world, "phone", cn)
    reaches(phone, world.server.address)
    if fault == "no_route":
        words = [*words[:-1], f"{world.server.address}/32"]
    cn.run(*words)
    text = why_while_pinging(cn, phone, phone, world.server.address)
    demand("none by TMip's programs" in text, text)
    lines = [line for line in last_second(text).splitlines() if said in line]
    demand(lines and ("netfilter" in lines[0] or "by its routes" in lines[0]), text)


def test_lost_behind_this_cn(make_world):
    """The other CN's backbone is cut: packets leave by the tunnel, and nothing comes back."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    phone = leased(world, "phone", cn)
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    world.cn(2).run("nft", "add table ip wall; add chain ip wall stop "
                    "{ type filter hook ingress device bb0 priority -500; policy drop; }",
                    check=False)
    world.cn(2).configure(["link set bb0 down"])
    text = why_while_pinging(cn, phone, cn, phone.address())
    demand("tunnel cn2:" in last_second(text) and "nothing comes back" in last_second(text), text)


def test_lost_in_the_programs(make_world):
    """The station's cell is down: a counter of the programs moves, and the drop has its name."""
    world = make_world(cns=1, cells=2).start()
    cn = world.cn(1)
    phone, laptop = leased(world, "phone", cn), leased(world, "laptop", cn.cells[1])
    reaches(laptop, phone.address())
    cn.configure(["link set w0 down"])
    text = why_while_pinging(cn, phone, laptop, phone.address())
    demand("CELL_DOWN" in text and "dropped by TMip's programs" in last_second(text), text)


def test_no_packet_at_all(make_world):
    world = make_world(cns=1).start()
    phone = leased(world, "phone", world.cn(1))
    answer = world.cn(1).ask("why", phone.address())
    parts = {part["part"] for part in answer["path"]}
    demand(parts == {"cell", "kernel", "backbone"}, answer["path"])
