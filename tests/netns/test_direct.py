# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation: once one of two stations has roamed, their packets bypass the parent CNs."""
import pytest

from world import wait_for
from world.agreement import Conversation, agree, arrive, leased
from world.checker import kernel_stations

DIRECT, KERNEL = "ENCAP_DIRECT", "DECAP_KERNEL"


def counted(world, name):
    """The packets that each CN counted for that reason."""
    counters = [cn.control("status")["counters"] for cn in world.cns]
    return [next(one["packets"] for one in some if one["reason"] == name) for some in counters]


@pytest.mark.parametrize("setting", ["on", "off"])
def test_the_parent_has_no_part_in_it(make_world, setting):
    """One station has its home at CN 2 and is at CN 1, the other is at home at CN 3."""
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
    """A conversation goes on by kernels, direct tunnels and cells while the two stations move.

    So does one with the server.
    """
    world = make_world(nat=()).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(2))
    with Conversation(laptop, phone, laptop.address()) as call, \
            Conversation(world.server, phone, world.server.address) as far:
        for cells in ((1, 3), (3, 3), (3, 2), (2, 2), (2, 1), (1, 1), (1, 2)):
            for station, number in zip((laptop, phone), cells):
                arrive(station, world.cn(number))
            call.say()
            far.say()
            agree(world, laptop, phone)
            assert laptop.ping(phone.address()) and phone.ping(laptop.address())


def test_a_silent_register_leaves_stale_cns(make_world):
    """Without the register, the CN that gets the packets reports the third move to CN 1."""
    world = make_world(nat=()).start()
    laptop, phone = leased(world, "laptop", world.cn(1)), leased(world, "phone", world.cn(2))
    arrive(laptop, world.cn(1))
    arrive(phone, world.cn(3))
    agree(world, laptop, phone)
    with Conversation(phone, laptop, phone.address()) as call:
        world.mlr.stop()
        phone.roam(world.cn(2))
        call.say()
        def current(number):
            return kernel_stations(world.cn(number))[phone.address()]["current"]

        wait_for(lambda: current(1) == current(3), "that CN 3 corrects CN 1")
        relayed = counted(world, "RELAY")
        call.say()
        assert counted(world, "RELAY") == relayed
