# SPDX-License-Identifier: BSD-2-Clause
"""Names and numbers of CNs that collide: the newcomer is refused, the incumbent stays as it is, and
whoever looks at the newcomer reads why.
"""
import json

import pytest

from world import WorldError, wait_for
from world.agreement import agree, leased


def register_of(cn):
    return cn.control("status")["register"]


def refused(cn, *words, seconds=15):
    """Waits until the CN says that the register refuses it, in these words. Returns the text."""
    def said():
        reg = register_of(cn)
        return reg["state"] == "refused" and all(word in reg["error"] for word in words) and \
            reg["error"]

    return wait_for(said, f"{cn.place} to be refused: {words}", seconds)


def log_of(daemon):
    with open(daemon.log, encoding="utf-8") as file:
        return file.read()


def evaluation(cn):
    done = cn.agent("evaluate", "--json", check=False, timeout=60)
    failed = [check for check in json.loads(done.stdout)["checks"] if not check["ok"]]
    return done.returncode, failed


@pytest.fixture
def network(make_world):
    """Two CNs that serve, and the third one not started yet."""
    world = make_world(cns=3, nat=())
    world.mlr.start()
    for cn in world.cns[:2]:
        cn.start()
    return world


def steady(world, station, seconds=12):
    """Loses this station a packet in that time? One leaves each 20 ms."""
    done = station.run("ping", "-n", "-q", "-c", seconds * 50, "-i", "0.02", "-W", 1,
                       world.server.address, timeout=seconds + 20, check=False)
    return "0% packet loss" in done.stdout.replace(".0%", "%") and \
        " 0% packet loss" in done.stdout


def copy_of(world, cn, original):
    """CN `cn` has a copied configuration: the name of the other."""
    cn.configure_with(cn_name=original.place)
    return cn


# ---- one name

def test_a_copied_file(network):
    world, (first, second, copy) = network, network.cns
    station = leased(world, "station", first)
    guest = leased(world, "guest", second)
    guest.roam(first)
    guest.reaches(world.server.address)
    agree_two(world, station, guest)
    wait_for(lambda: first.control("peers")[0]["link"] == "up", "the two to be connected")
    so_far = log_of(first)
    copy_of(world, copy, second)
    copy.start(wait=False)
    refused(copy, "its name", second.address, copy.address)
    before = register_of(second)
    assert steady(world, guest, 10)
    after = register_of(second)
    assert after["state"] == before["state"] == "connected"
    assert after["since_s"] >= before["since_s"] + 9
    assert log_of(first) == so_far and "closed" not in register_of(copy)["error"]
    # Whoever looks at the copy reads it; whoever looks at the incumbent reads that all is well.
    text = copy.agent("status").stdout
    assert "refused" in text and second.address in text and copy.address in text
    status, failed = evaluation(copy)
    assert status == 1
    assert any(second.address in check["detail"] and copy.address in check["detail"]
               for check in failed), failed
    assert evaluation(second)[0] == 0
    with open(f"{copy.folder}/status", encoding="utf-8") as file:
        assert "refused" in file.read()
    # Its log, and the register's, say it once.
    assert log_of(copy).count("the register refuses this CN") == 1
    assert log_of(world.mlr).count("is refused") == 1
    listed = json.loads(world.mlr.run(world.mlr.binary, "status", "-f", world.mlr.config,
                                      "--json").stdout)["refused"]
    assert [(one["name"], one["tunnel"]) for one in listed] == [(second.place, copy.address)]


def agree_two(world, *stations):
    """The first two CNs and the register agree; the third does not run."""
    cns, world.cns = world.cns, world.cns[:2]
    try:
        agree(world, *stations)
    finally:
        world.cns = cns


def test_an_incumbent_that_starts_anew_keeps_its_name(network):
    """However long a copy waits for that moment."""
    _, (_, second, copy) = network, network.cns
    copy_of(network, copy, second).start(wait=False)
    refused(copy, second.address)
    for end in (second.kill, second.stop):
        end()
        wait_for(lambda: "CN cn2 at" in log_of(network.mlr) and "away" in log_of(network.mlr),
                 "the register to notice")
        second.start()
        assert register_of(second)["state"] == "connected"
        refused(copy, second.address)


def test_the_name_of_a_dead_incumbent(network):
    """The cause is gone: the copy gets the name, and says so."""
    world, (first, second, copy) = network, network.cns
    copy_of(world, copy, second).start(wait=False)
    refused(copy, second.address)
    second.stop()
    wait_for(lambda: register_of(copy)["state"] == "connected", "the copy to be accepted", 25)
    assert not register_of(copy)["error"] and register_of(copy)["confirmed"]
    second.start(wait=False)
    refused(second, copy.address, second.address)
    copy.stop()
    wait_for(lambda: register_of(second)["state"] == "connected", "the other again", 25)
    assert first.control("peers")


def test_a_cut_incumbent_gives_way(network):
    """The machine is off, and its connection half open: another takes its place at once."""
    world, (_, second, copy) = network, network.cns
    world.router.run("ip", "link", "set", second.place, "down")
    copy_of(world, copy, second)
    copy.start()
    assert register_of(copy)["state"] == "connected"


def test_after_a_restart_of_the_register(network):
    """The register knows from its database whose name it is, however fast the copy is."""
    world, (_, second, copy) = network, network.cns
    copy_of(world, copy, second).start(wait=False)
    refused(copy, second.address)
    for _ in range(3):
        world.mlr.kill()
        world.mlr.start()
        second.wait_ready()
        refused(copy, second.address)
        assert register_of(second)["state"] == "connected"


# ---- a subnet or a tunnel address of somebody else

def test_a_subnet_of_another(network):
    world, (first, _, third) = network, network.cns
    station = leased(world, "station", first)
    cell = third.cells[0].device
    third.run("ip", "address", "flush", "dev", cell)
    third.run("ip", "address", "add", "10.1.0.129/25", "dev", cell)
    third.start(wait=False)
    said = refused(third, "10.1.0.128/25", "10.1.0.0/24", "cn1", first.address, third.address)
    assert "closed" not in said
    status, failed = evaluation(third)
    assert status == 1 and any("10.1.0.0/24" in check["detail"] and first.address in check["detail"]
                               for check in failed)
    assert steady(world, station, 3)
    third.run("ip", "address", "flush", "dev", cell)
    third.run("ip", "address", "add", f"{third.cells[0].gateway}/24", "dev", cell)
    wait_for(lambda: register_of(third)["state"] == "connected", "the cause to be gone", 15)
    assert evaluation(third)[0] == 0


def test_attach_of_such_a_cell(network):
    """The agent runs, and is registered: the command says what the register says."""
    world, (first, _, third) = network, network.cns
    station = leased(world, "station", first)
    third.start()
    third.run("ip", "link", "add", "x0", "type", "veth", "peer", "name", "x1")
    third.run("ip", "address", "add", "10.1.0.1/24", "dev", "x0")
    third.run("ip", "link", "set", "x0", "up")
    done = third.agent("attach", "x0", check=False)
    assert done.returncode == 1
    assert "10.1.0.0/24" in done.stderr and "cn1" in done.stderr and first.address in done.stderr
    reg = register_of(third)
    assert reg["state"] == "connected" and not reg["confirmed"] and "10.1.0.0/24" in reg["error"]
    assert evaluation(third)[0] == 1
    guest = leased(world, "guest", third)
    guest.roam(first)
    guest.reaches(world.server.address)
    station.roam(third)
    station.reaches(world.server.address)
    assert station.address().startswith("10.1.0.")
    third.run("ip", "address", "flush", "dev", "x0")
    third.run("ip", "address", "add", "10.3.7.1/24", "dev", "x0")
    wait_for(lambda: register_of(third)["confirmed"], "the cause to be gone", 15)
    assert not register_of(third)["error"] and evaluation(third)[0] == 0
    assert third.agent("attach", "x0").returncode == 0


def test_one_of_two_cells(network):
    """The other one need not wait, also when the agent or the register starts anew."""
    world, (_, _, third) = network, network.cns
    third.run("ip", "link", "add", "x0", "type", "veth", "peer", "name", "x1")
    third.run("ip", "address", "add", "10.1.0.1/24", "dev", "x0")
    third.run("ip", "link", "set", "x0", "up")
    third.configure_with(mobile_if=["x0", "w0"])
    done = third.run(third.binary, "run", "-f", third.config, check=False, stdin=-3)
    try:
        assert done.returncode == 1 and "10.1.0.0/24" in done.stderr
        wait_for(lambda: register_of(third)["state"] == "connected", "the other cell", 5)
        station = leased(world, "station", third)
        assert station.address().startswith("10.3.0.")
        assert "10.1.0.0/24" in register_of(third)["error"]
        world.mlr.stop()
        world.mlr.start()
        wait_for(lambda: register_of(third)["state"] == "connected", "the other cell again", 15)
        assert "10.1.0.0/24" in register_of(third)["error"]
        station.roam(network.cn(1))
        station.reaches(world.server.address)
        assert world.cn(1).agent("evaluate", check=False, timeout=60).returncode == 0
        third.run("ip", "address", "flush", "dev", "x0")
        third.run("ip", "address", "add", "10.3.7.1/24", "dev", "x0")
        wait_for(lambda: register_of(third)["confirmed"], "the cause to be gone", 15)
    finally:
        third.stop()
        wait_for(lambda: not running(third), "its end")


@pytest.mark.parametrize("command", ["run", "attach"])
def test_the_start_of_a_daemon_says_it(network, command):
    world, (_, second, copy) = network, network.cns
    copy_of(world, copy, second)
    words = [copy.binary, "run"] if command == "run" else [copy.binary, "attach", "w0"]
    done = copy.run(*words, "-f", copy.config, check=False, stdin=-3)
    try:
        assert done.returncode == 1
        assert second.address in done.stderr and copy.address in done.stderr
        refused(copy, second.address)  # it stays, and asks again
        second.stop()
        wait_for(lambda: register_of(copy)["state"] == "connected", "it to be accepted", 25)
    finally:
        copy.stop()
        wait_for(lambda: not running(copy), "its end")


def running(cn):
    try:
        cn.control("status")
        return True
    except OSError:
        return False


def test_a_cn_that_was_renamed(network):
    """`evaluate` knows that it is this CN, and says what to correct."""
    world, second = network, network.cn(2)
    world.mlr.run(world.mlr.binary, "rename-cn", "cn2", "west", "-f", world.mlr.config)
    status, failed = evaluation(second)
    assert status == 1 and len(failed) == 1 and "west" in failed[0]["detail"]
    assert register_of(second)["state"] == "connected"
    second.configure_with(cn_name="west")
    second.stop()
    second.start()
    assert evaluation(second)[0] == 0


def test_another_network(network):
    """A register that turns the CN away before it can say its name."""
    third = network.cn(3)
    third.configure_with(network_name="elsewhere", control_socket=third.control_socket())
    done = third.run(third.binary, "run", "-f", third.config, check=False, stdin=-3)
    try:
        assert done.returncode == 1
        assert "another network" in done.stderr and "elsewhere" in done.stderr
        refused(third, "another network", "elsewhere", network.network)
    finally:
        third.agent("detach", "--all")
        wait_for(lambda: not running(third), "its end")


def test_a_start_without_a_register_is_no_refusal(network):
    """As before: the daemon serves what it knows."""
    third = network.cn(3)
    network.mlr.stop()
    done = third.run(third.binary, "run", "-f", third.config, check=False, stdin=-3)
    assert done.returncode == 0, done.stderr
    third.stop()
    wait_for(lambda: not running(third), "its end")
    with pytest.raises((OSError, WorldError)):
        register_of(third)
