# SPDX-License-Identifier: BSD-2-Clause
"""`mlr NAME`: the agent looks the name up as /etc/hosts and /etc/resolv.conf say at that moment,
and says which name it cannot resolve, and why.
"""
import json

import pytest

from world import wait_for
from world.agreement import leased
from world.nameserver import Files, NameServer

NAME = "mlr.example"


@pytest.fixture
def network(make_world):
    """One CN that knows its register by name, and a name server on the server's machine."""
    world = make_world(cns=1, nat=())
    world.mlr.start()
    cn = world.cn(1)
    cn.configure_with(mlr=NAME)
    cn.files, cn.names = Files(cn), NameServer(world, world.server)
    wait_for(lambda: "ready" in cn.names.program.text(), "the name server")
    return world


def state(cn):
    return cn.control("status")["register"]


def connected(cn, seconds=15):
    wait_for(lambda: state(cn)["state"] == "connected", "the register", seconds)
    assert not state(cn)["error"]


def unresolved(cn, *words, seconds=15):
    """Waits until the CN says that it cannot resolve the name, in these words."""
    wait_for(lambda: f"cannot resolve {NAME}" in state(cn)["error"] and
             all(word in state(cn)["error"] for word in words),
             f"{cn.place} to say what it cannot resolve", seconds)
    done = cn.agent("evaluate", "--json", check=False, timeout=60)
    failed = [check for check in json.loads(done.stdout)["checks"] if not check["ok"]]
    assert done.returncode == 1
    assert any(f"cannot resolve {NAME}" in check["detail"] for check in failed), failed
    assert f"cannot resolve {NAME}" in cn.agent("status").stdout


def test_a_name_of_the_name_server(network):
    cn = network.cn(1)
    cn.files.servers(network.server.address)
    cn.names.put(mlr_example=network.mlr.address)
    cn.start()
    leased(network, "station", cn)


def test_a_name_of_the_hosts_file_that_is_added_later(network):
    cn = network.cn(1)
    cn.files.servers(network.server.address)
    cn.start(wait=False)
    unresolved(cn, "no such name")
    cn.files.hosts(mlr_example=network.mlr.address)
    connected(cn)


def test_a_name_that_the_name_server_learns_later(network):
    cn = network.cn(1)
    cn.files.servers(network.server.address)
    cn.start(wait=False)
    unresolved(cn, "no such name")
    cn.names.put(mlr_example=network.mlr.address)
    connected(cn)


@pytest.mark.parametrize("wrong", ["mute", "refusing", "none", "missing"])
def test_a_wrong_name_server_is_corrected(network, wrong):
    cn = network.cn(1)
    cn.names.put(mlr_example=network.mlr.address)
    if wrong == "mute":  # an address where nobody lives
        cn.files.servers("10.250.0.99")
    elif wrong == "refusing":  # the port is closed
        cn.files.servers(network.mlr.address)
    elif wrong == "missing":
        cn.files.remove("resolv.conf")
    cn.start(wait=False)
    unresolved(cn, "name servers", seconds=25)
    cn.files.servers(network.server.address)
    connected(cn, 20)


def test_the_second_name_server_will_do(network):
    cn = network.cn(1)
    cn.names.put(mlr_example=network.mlr.address)
    cn.files.servers("10.250.0.99", network.server.address)
    cn.start(wait=False)
    connected(cn, 25)


def test_a_register_that_moves(network):
    """The name has another address when the agent has to connect anew."""
    cn, mlr = network.cn(1), network.mlr
    cn.files.hosts(mlr_example=mlr.address)
    cn.start()
    mlr.run("ip", "address", "add", "10.251.0.9/24", "dev", "bb0")
    mlr.run("ip", "address", "delete", f"{mlr.address}/24", "dev", "bb0")
    mlr.run("ip", "address", "replace", "10.251.0.9/24", "dev", "bb0")
    mlr.run("ip", "route", "replace", "default", "via", mlr.router)
    mlr.stop()
    cn.files.hosts(mlr_example="10.251.0.9")
    mlr.start()
    connected(cn)


def test_names_are_searched(network):
    """`mlr mlr` and a search list, as the machine's other programs do it."""
    cn = network.cn(1)
    cn.configure_with(mlr="mlr")
    cn.names.put(mlr_example=network.mlr.address)
    cn.files.servers(network.server.address, more="search example\n")
    cn.start()
