# SPDX-License-Identifier: BSD-2-Clause
"""The wall clock of a register or of a CN is wrong, or somebody sets it.

Leases last as long as they were given for, also over a restart of the register.
"""
import json
import sqlite3
import time

import pytest

from world import wait_for
from world.agreement import leased
from world.clock import DAY, YEAR, WallClock
from world.system import PATIENCE

LEASE, GRACE = int(12 * PATIENCE), 1


def clock_of(daemon):
    clock = WallClock(f"{daemon.folder}/clock")
    daemon.environment = clock.environment
    return clock


@pytest.fixture
def world(make_world):
    return make_world(cns=2, nat=(), lease_time=LEASE, mlr={"lease_grace": GRACE})


def ask(daemon, *words):
    return json.loads(daemon.run(daemon.binary, *words, "-f", daemon.config, "--json").stdout)


def bound(world):
    """{address: lease_end} of all bound stations, as the register shows them."""
    return {record["address"]: record["lease_end"] for record in ask(world.mlr, "stations")
            if record["state"] == "bound"}


def pass_ticks(world, count=3):
    """Returns when the register has looked so often for leases that have ended."""
    before = ask(world.mlr, "status")["uptime_s"]
    wait_for(lambda: ask(world.mlr, "status")["uptime_s"] >= before + count + 1, "some ticks")


def give(world, name):
    """A lease, and when it was given."""
    before = time.monotonic()
    return leased(world, name, world.cn(1)), before


def check_ends(world, clock, *addresses):
    """What the register shows fits its wall clock."""
    ends = bound(world)
    for address in addresses:
        assert 0 < ends[address] - clock.now() <= LEASE + 1, (ends, clock.now())


def restart(world, how):
    how(world.mlr)
    wait_for(lambda: not world.mlr.program.alive, "the register to end")
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready()


@pytest.mark.parametrize("step", (10 * YEAR, -DAY, -40 * YEAR), ids=("years", "back", "past"))
def test_somebody_sets_the_register_s_clock(world, step):
    clock = clock_of(world.mlr)
    world.start()
    phone, _ = give(world, "phone")
    gone, given = give(world, "gone")
    left = gone.address()
    gone.client.program.kill()
    clock.step(step)
    pass_ticks(world)
    check_ends(world, clock, phone.address(), left)
    assert phone.client.wait_event({"RENEW"}, seconds=LEASE)[1] == phone.address()
    wait_for(lambda: left not in bound(world), "the other lease to end", 2 * LEASE)
    assert time.monotonic() - given >= LEASE
    check_ends(world, clock, phone.address())


@pytest.mark.parametrize("step", (10 * YEAR, -DAY), ids=("years", "back"))
@pytest.mark.parametrize("while_down", (False, True), ids=("up", "down"))
def test_and_starts_it_again(world, step, while_down):
    """The clock is set while the register runs, or while it is down."""
    clock = clock_of(world.mlr)
    world.start()
    phone, _ = give(world, "phone")
    gone, given = give(world, "gone")
    left = gone.address()
    gone.client.program.kill()
    if not while_down:
        clock.step(step)
    world.mlr.kill()
    wait_for(lambda: not world.mlr.program.alive, "the register to end")
    if while_down:
        clock.step(step)
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready()
    pass_ticks(world)
    check_ends(world, clock, phone.address(), left)
    restart(world, lambda mlr: mlr.stop())
    wait_for(lambda: left not in bound(world), "the other lease to end", 2 * LEASE)
    assert LEASE <= time.monotonic() - given
    check_ends(world, clock, phone.address())


def test_a_register_without_a_battery(world):
    """The machine starts in 1970; its clock is set right only later."""
    clock = clock_of(world.mlr)
    world.start()
    phone, _ = give(world, "phone")
    gone, _ = give(world, "gone")
    left = gone.address()
    gone.client.program.kill()
    world.mlr.stop()
    wait_for(lambda: not world.mlr.program.alive, "the register to end")
    with sqlite3.connect(f"{world.mlr.folder}/state/{world.network}.mlrd.db") as database:
        database.execute("UPDATE clock SET boot = 'another boot'")
    database.close()
    was = clock.ahead
    clock.step(int(60 - time.time()))
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready()
    started = time.monotonic()
    pass_ticks(world)
    check_ends(world, clock, phone.address(), left)
    clock.step(was - clock.ahead)
    pass_ticks(world)
    check_ends(world, clock, phone.address())
    wait_for(lambda: left not in bound(world), "the other lease to end", 2 * LEASE)
    assert time.monotonic() - started <= LEASE + GRACE + 8 * PATIENCE
    check_ends(world, clock, phone.address())


def test_a_cn_with_a_wrong_clock(world):
    """What it shows fits its own clock, and a step of either clock changes nothing."""
    register, cn = clock_of(world.mlr), clock_of(world.cn(2))
    cn.step(-30 * YEAR)
    world.start()
    phone, _ = give(world, "phone")

    def shown():
        return world.cn(2).station(phone)["lease_end"] - cn.now()

    assert 0 < shown() <= LEASE + 1
    register.step(10 * YEAR)
    cn.step(30 * YEAR)
    assert 0 < shown() <= LEASE + 1
    phone.client.wait_event({"RENEW"}, seconds=LEASE)
    wait_for(lambda: LEASE / 2 < shown() <= LEASE + 1, "the CN to show the new end")


@pytest.mark.parametrize("step", (10 * YEAR, -YEAR), ids=("years", "back"))
def test_a_retry_does_not_wait_for_the_wall_clock(world, step):
    """The register's database is busy while somebody sets the clock."""
    clock = clock_of(world.mlr)
    world.start()
    phone, _ = give(world, "phone")
    database = sqlite3.connect(f"{world.mlr.folder}/state/{world.network}.mlrd.db",
                               isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    phone.client.wait_event({"RENEW"}, seconds=LEASE)

    def failing():
        return ask(world.mlr, "status")["store"]["failing"]

    wait_for(failing, "the store to fail", 10)
    clock.step(step)
    database.execute("ROLLBACK")
    database.close()
    wait_for(lambda: not failing(), "the store to write again", 5)
