# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation: what two stations say to each other takes no way over their parents, once one of them has roamed."""
import pytest

from world import wait_for
from world.agreement import Conversation, agree, arrive, leased
from world.checker import kernel_stations

DIRECT, KERNEL = "ENCAP_DIRECT", "DECAP_KERNEL"


def counted(world, name):
    """Packets of each CN counted for that reason."""
    return [next(counter["packets"] for counter in cn.control("status")["counters"] if counter["reason"] == name) for cn in world.cns]


@pytest.mark.parametrize("setting", ["on", "off"])
def test_the_parent_has_no_part_in_it(make_world, setting):
    """One is of CN 2 and with CN 1, the other at home with CN 3."""
    world = make_world(nat=(), directives={0: {"route_optimisation": setting}}).start()
    laptop, phone = leased(world, "laptop", world.cn(2)), leased(world, "phone", world.cn(3))
    with Conversation(laptop, phone, laptop.address()) as call:
        arrive(laptop, world.cn(1))
        agree(world, laptop, phone)
        before = counted(world, KERNEL)
        direct = counted(world, DIRECT)
        call.say()
        if setting == "on":
            assert counted(world, KERNEL) == before
            assert counted(world, DIRECT)[0] > direct[0] and counted(world, DIRECT)[2] > direct[2]
        else:
            assert counted(world, KERNEL)[1] > before[1]
            assert counted(world, DIRECT) == direct


def test_roaming_while_direct(make_world):
    """A conversation goes on through kernels, direct tunnels and cells, in the order in which the two move; also one with the server."""
    world = make_world(nat=()).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(2))
    with Conversation(laptop, phone, laptop.address()) as call, Conversation(world.server, phone, world.server.address) as far:
        for cells in ((1, 3), (3, 3), (3, 2), (2, 2), (2, 1), (1, 1), (1, 2)):
            for station, number in zip((laptop, phone), cells):
                arrive(station, world.cn(number))
            call.say()
            far.say()
            agree(world, laptop, phone)
            assert laptop.ping(phone.address()) and phone.ping(laptop.address())


def test_a_silent_register_leaves_stale_cns(make_world):
    """Without the register nobody tells CN 1 of the third move: the CN that gets the packets does."""
    world = make_world(nat=()).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(2))
    arrive(laptop, world.cn(1))
    arrive(phone, world.cn(3))
    agree(world, laptop, phone)
    with Conversation(phone, laptop, phone.address()) as call:
        world.mlr.stop()
        phone.roam(world.cn(2))
        call.say()
        wait_for(lambda: kernel_stations(world.cn(1))[phone.address()]["current"] == kernel_stations(world.cn(3))[phone.address()]["current"],
                 "that CN 3 corrects CN 1")
        relayed = counted(world, "RELAY")
        call.say()
        assert counted(world, "RELAY") == relayed
