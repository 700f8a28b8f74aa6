# SPDX-License-Identifier: BSD-2-Clause
"""Containers behind an ipvlan: hosts of their own, with one MAC among them. Each has a lease of its
own, by its client identifier, and all roam with the machine that they are on.
"""
import pytest

from world import wait_for
from world.agreement import reaches
from world.machines import Station
from world.system import ip_batch


class Container(Station):
    """A namespace whose wlan0 is an ipvlan on that of a station."""

    def __init__(self, machine, number):
        super().__init__(machine.world, f"container{number}", 100 + number, machine.mac)
        self.machine, self.number = machine, number

    def build(self):
        ip_batch([f"netns add {self.name}"])
        self.machine.configure([f"link add link {self.machine.device} name c{self.number} "
                                f"netns {self.name} type ipvlan mode l2"])
        self.configure([f"link set c{self.number} name wlan0 up"])
        return self

    def lease(self):
        """The kernel knows which container an answer is for only by its address, so the answers
        with it must be broadcasts.
        """
        return self.udhcpc(options=("-B", "-C", "-x", f"0x3d:ff00{self.number:02x}aabb")).start()


@pytest.fixture
def machine(make_world):
    world = make_world(cns=2, nat=()).start()
    return world.add_station("machine", world.cn(1))


def test_each_container_has_an_address_of_its_own(machine):
    world = machine.world
    containers = [Container(machine, number).build() for number in (1, 2, 3)]
    addresses = [container.lease() for container in containers]
    assert len(set(addresses)) == 3, addresses
    for number in (1, 2, 1):
        machine.roam(world.cn(number))
        for container, address in zip(containers, addresses):
            reaches(container, world.server.address)
            assert world.server.ping(address)
            assert container.client.renew() == address
    assert containers[0].ping(addresses[1])
    for container, address in zip(containers, addresses):
        assert world.cn(1).station(address)["mac"] == machine.mac

    containers[1].client.release()  # of one, and the others keep theirs
    wait_for(lambda: not world.cn(1).station(addresses[1]), "the lease to end")
    assert world.server.ping(addresses[0]) and world.server.ping(addresses[2])
