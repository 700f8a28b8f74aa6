# SPDX-License-Identifier: BSD-2-Clause
"""Stations that move until the register damps them (flap_moves). Each new CN hears them."""
from .agreement import arrive
from .system import wait_for


def heard(world, station):
    """Lets the station ping until its CN has a time at which it heard the station."""
    def known():
        answered = station.ping(world.server.address, seconds=1)
        return answered and station.cell.cn.station(station)["heard_s"] is not None

    wait_for(known, f"{station.place} to be heard", 8)


def flap(world, station, numbers):
    """Moves the station through the cells of these CNs, and waits until the record of the last CN
    says that the register has damped the station.
    """
    def damped():
        record = station.cell.cn.station(station)
        return record["damped"] and not record["pending"]

    for number in numbers[:-1]:
        arrive(station, world.cn(number))
        world.settled(station)
        heard(world, station)
    arrive(station, world.cn(numbers[-1]))
    wait_for(damped, f"{station.place} to be damped", 8)
