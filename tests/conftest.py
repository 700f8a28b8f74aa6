# SPDX-License-Identifier: BSD-2-Clause
"""Makes tests/world importable, and gives tests small networks.

When a test fails, its report shows what the programs wrote. SIGTERM ends a run as Ctrl-C does, so
that all that was built is torn down.
"""
import functools
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import World  # noqa: E402
from world.ear import Ear  # noqa: E402

WORLDS = pytest.StashKey()


def interrupt(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def pytest_configure(config):
    signal.signal(signal.SIGTERM, interrupt)
    config.addinivalue_line("markers",
                            "quiet: bounds a time so tightly that nothing may run beside it")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests whose file shares a world go to one worker, the others one by one to whoever is free:
    no worker is left alone with a long file at the end.
    """
    from xdist.scheduler import LoadScopeScheduling

    @functools.cache
    def shares_world(path):
        with open(os.path.join(config.rootpath, path), encoding="utf-8") as file:
            return "make_module_world" in file.read()

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.split("::", 1)[0]
            return path if shares_world(path) else nodeid

    return Scheduling(config, log)


def maker(node):
    """Makes worlds that are torn down when the node, a test or a module, is through."""
    worlds = node.stash.setdefault(WORLDS, [])

    def make(**options):
        world = World(**options)
        worlds.append(world)
        return world.__enter__()

    yield make
    while worlds:
        worlds.pop().close()


@pytest.fixture
def make_world(request):
    """make_world(...) builds a World (see its options) and tears it down after the test.

    The caller starts it.
    """
    yield from maker(request.node)


@pytest.fixture(scope="module")
def make_module_world(request):
    """The same for worlds that all tests of a module share."""
    yield from maker(request.node)


@pytest.fixture
def listen():
    """listen(station) keeps what the station hears by ARP from then on (an Ear)."""
    ears = []

    def start(station):
        ears.append(Ear(station))
        return ears[-1]

    yield start
    for ear in ears:
        ear.stop()


@pytest.fixture
def world(make_world):
    """Three CNs, a register and a server, all of them running."""
    return make_world().start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and report.when in ("setup", "call"):
        worlds = [world for node in item.listchain() for world in node.stash.get(WORLDS, [])]
        for world in worlds:
            texts = world.texts().items()
            report.sections += [(f"{world.prefix}: {name}", text) for name, text in texts]
