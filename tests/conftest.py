# SPDX-License-Identifier: BSD-2-Clause
"""Makes tests/world importable, and gives tests small networks. A test that fails shows what the programs wrote."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import World  # noqa: E402

WORLDS = pytest.StashKey()


@pytest.fixture
def make_world(request):
    """make_world(...) builds a World (see its options), which is torn down after the test. It is not started."""
    worlds = request.node.stash.setdefault(WORLDS, [])

    def make(**options):
        world = World(**options)
        worlds.append(world)
        return world.__enter__()

    yield make
    while worlds:
        worlds.pop().close()


@pytest.fixture
def world(make_world):
    """Three CNs, a register, a server, all of them running."""
    return make_world().start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and report.when in ("setup", "call"):
        for world in item.stash.get(WORLDS, []):
            report.sections += [(f"{world.prefix}: {name}", text) for name, text in world.texts().items()]
