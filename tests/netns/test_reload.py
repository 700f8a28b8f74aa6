# SPDX-License-Identifier: BSD-2-Clause
"""A new configuration of a running agent or register is taken over as a whole or not at all, and
the command says which, with what needs a restart.
"""
import pytest

from world import AGENT, MLRD, wait_for
from world.agreement import agree, demand, leased, reaches

POOL = "w0 10.1.0.100 10.1.0.110"


def reload(daemon, *words, **changes):
    """Changes directives of the file, and lets the program read it again."""
    daemon.configure_with(**changes)
    return daemon.run(*words, "-f", daemon.config, check=False)


def pool_of(world):
    """The pool of CN 1, as the register has it."""
    return world.mlr.run(MLRD, "cns", "-f", world.mlr.config).stdout


WRONG = {
    "pool": ({"addr_pool": "w0 10.9.0.1 10.9.0.20"}, "does not lie in its subnet 10.1.0.0/24"),
    "cell": ({"mobile_if": ["w0", "bb0"]}, "bb0 cannot be a cell: it is the backbone"),
    "log": ({"log_file": "/nowhere/tmip.log"}, "log_file /nowhere/tmip.log"),
    "value": ({"lease_time": "soon"}, "lease_time"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_all_or_nothing(make_world, wrong):
    """What is right beside the mistake is not taken over either, and the cell stays in service."""
    world = make_world(cns=1).start()
    cn, (changes, said) = world.cn(1), WRONG[wrong]
    phone = leased(world, "phone", cn)
    done = reload(cn, AGENT, "reload", domain_name="new.example", **changes)
    demand(done.returncode == 1 and said in done.stderr, done)
    demand(cn.control("status")["cells"][0]["hook"] != "not served now", "the cell is gone")
    demand("10.1.0.254" in pool_of(world), pool_of(world))
    laptop = world.add_station("laptop", cn)
    laptop.udhcpc().start()
    demand(not any("new.example" in event for event in laptop.client.events()),
           laptop.client.events())
    reaches(phone, laptop.address())
    agree(world, phone, laptop)


def test_what_needs_a_restart_is_said(make_world):
    """The rest is taken over."""
    world = make_world(cns=1).start()
    cn, mlr = world.cn(1), world.mlr
    done = reload(cn, AGENT, "reload", port=7000, cn_name="another", domain_name="new.example")
    demand(done.returncode == 3, done)
    demand(all(f"needs a restart: directive {name}\n" in done.stdout
               for name in ("port", "cn_name")), done.stdout)
    laptop = world.add_station("laptop", cn)
    laptop.udhcpc().start()
    demand(any("new.example" in event for event in laptop.client.events()), laptop.client.events())
    done = reload(mlr, MLRD, "reload", port=7001, lease_grace=11)
    demand(done.returncode == 3 and "directive port\n" in done.stdout, done)
    done = reload(mlr, MLRD, "reload", port=6554)
    demand(done.returncode == 0 and not done.stdout, done)


def test_a_cell_that_is_not_there_yet(make_world):
    world = make_world(cns=1).start()
    cn = world.cn(1)
    done = reload(cn, AGENT, "reload", mobile_if=["w0", "later0"])
    demand(done.returncode == 0 and "not served yet: cell later0" in done.stdout, done)
    cn.configure(["link add later0 type bridge", "address add 10.77.0.1/24 dev later0",
                  "link set later0 up"])
    wait_for(lambda: "10.77.0.0/24" in pool_of(world), "the register to know the cell", 8)


def test_a_pool_that_shrinks(make_world):
    """The block of the CN, which is at the end of the pool, gives way at once: with the register
    away clients get addresses of the new pool.
    """
    world = make_world(cns=1, pools={1: "10.1.0.2 10.1.0.200"}).start()
    cn = world.cn(1)
    phone = leased(world, "phone", cn)
    done = reload(cn, AGENT, "reload", addr_pool=POOL)
    demand(done.returncode == 0, done)
    wait_for(lambda: "10.1.0.100 - 10.1.0.110" in pool_of(world), "the register to know it", 5)
    wait_for(lambda: cn.run("cat", f"{cn.folder}/state/world.away.json").stdout
             .count('"10.1.0.1') >= 2, "a block of the new pool", 5)
    world.mlr.kill()
    wait_for(lambda: cn.control("status")["register"]["state"] != "connected", "the outage", 25)
    laptop = leased(world, "laptop", cn)
    demand(laptop.address() in [f"10.1.0.{n}" for n in range(100, 111)], laptop.address())
    world.mlr.start()
    agree(world, phone, laptop, seconds=20)
