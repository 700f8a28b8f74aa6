# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator does with a running agent: commands, JSON, the console, signals, files,
interfaces that come and go, several agents on one machine, and bpftool.
"""
import json
import os
import signal

import pytest

from world import AGENT, MLRD, Program, run, wait_for, write_config
from world.agreement import Conversation, agree, leased, reaches
from world.checker import dump, pins

# As tmip-agent(8) names them.
STATION = {"address", "mac", "state", "cell", "parent", "current", "kind", "lease_end", "epoch",
           "seq", "pending"}
PEER = {"name", "id", "tunnel", "type", "link", "stations", "mtu",
        "rx_packets", "rx_bytes", "tx_packets", "tx_bytes"}
STATUS = {"network", "cn", "version", "pid", "uptime_s", "adopted", "register", "backbone",
          "stations", "handovers", "dhcp", "cells", "counters"}
INSIDE = {"cn": {"name", "id", "tunnel"},
          "register": {"address", "state", "since_s", "epoch", "seq", "error"},
          "backbone": {"interface", "hook", "mtu"},
          "stations": {"total", "home", "next_door", "away", "visiting", "elsewhere", "blocked"},
          "handovers": {"completed", "refused", "undone", "pending", "conflicts", "overflow"},
          "dhcp": {"received", "offered", "confirmed", "refused", "ignored", "malformed",
                   "unanswered", "not_sent"}}
CELL = {"interface", "subnet", "gateway", "pool", "hook", "stations"}
COUNTER = {"number", "reason", "verdict", "text", "packets", "bytes"}
WHY = {"address", "mac", "record", "trail", "drops"}


def page_words():
    path = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "man", "tmip-agent.8")
    with open(path, encoding="utf-8") as page:
        return set(page.read().replace(",", " ").split())


def has(found, wanted):
    """An object has the members that the manual page promises, and none that the page lacks."""
    assert wanted <= set(found), f"missing: {wanted - set(found)}"
    # The page describes the states of stations by a list of their own.
    unknown = set(found) - INSIDE["stations"] - page_words()
    assert not unknown, f"not in the manual page: {unknown}"
    return True


@pytest.fixture
def roamed(world):
    """A world with a station of CN 1 in the cell of CN 3."""
    phone = leased(world, "phone", world.cn(1))
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    agree(world, phone)
    return world


def test_json(roamed):
    cn, phone = roamed.cn(3), roamed.stations[0]
    for words in ((), (phone.mac,), (phone.address(),)):
        one = cn.ask("stations", *words)
        assert len(one) == 1 and has(one[0], STATION)
    assert cn.ask("stations", "10.1.0.250") == []
    assert [has(peer, PEER) for peer in cn.ask("peers")] == [True, True]
    status = cn.ask("status")
    has(status, STATUS)
    for name, keys in INSIDE.items():
        has(status[name], keys)
    assert [has(cell, CELL) for cell in status["cells"]] == [True]
    assert set.union(*(set(counter) for counter in status["counters"])) == COUNTER
    assert (status["register"]["state"], status["register"]["error"]) == ("connected", "")
    assert status["handovers"]["completed"] == 1 and status["stations"]["visiting"] == 1
    why = cn.ask("why", phone.mac)
    assert has(why, WHY) and has(why["record"], STATION)
    assert why["record"]["address"] == phone.address()
    assert all(set(step) == {"time", "text"} for step in why["trail"])


def test_tables_and_errors(roamed):
    cn, phone = roamed.cn(1), roamed.stations[0]
    stations = cn.agent("stations").stdout
    assert phone.address() in stations and "away" in stations
    assert "4IN4" in cn.agent("peers").stdout
    assert "cn1" in cn.agent("status").stdout
    assert "moved to cn3" in cn.agent("why", phone.address()).stdout
    for words, status, told in (
            (["why", "nonsense"], 1, "neither an IPv4 address nor a MAC"),
            (["attach", "none0"], 1, "no such interface"),
            (["attach", "bb0"], 1, "backbone"),
            (["detach", "none0"], 1, "not a cell"),
            (["detach"], 2, "usage")):
        done = cn.agent(*words, check=False)
        assert done.returncode == status and told in done.stderr, (words, done)


def test_roaming_log(roamed):
    """The log has the steps of a handover in the order of the system of 2003."""
    phone, cn = roamed.stations[0], roamed.cn(2)
    phone.roam(cn)
    reaches(phone, roamed.server.address)
    agree(roamed, phone)
    steps = ["station detected in cell w0 (IP activity)",
             f"allocation known from the register: {phone.address()}",
             "notifying the register",
             "attempting handover [migrated from cn3, parent cn1]",
             "contacting parent CN cn1",
             "contacting previous CN cn3",
             "requesting a tunnel between parent CN cn1 and this CN",
             "agreed on tunnel type 4IN4 with parent CN cn1",
             "all participants have answered",
             f"using {phone.address()} of 10.1.0.0/24, gateway 10.1.0.1",
             "committed to the register"]
    with open(f"{cn.folder}/log", encoding="utf-8") as file:
        lines = [line for line in file
                 if f"[{phone.mac}]" in line and "has moved" not in line]
    assert len(lines) == len(steps), lines
    for step, line in zip(steps, lines):
        assert step in line, (step, lines)


def test_console(roamed):
    cn, phone = roamed.cn(3), roamed.stations[0]
    program = cn.program

    def says(line, *texts):
        before = len(program.text())
        program.command(line)
        wait_for(lambda: all(text in program.text()[before:] for text in texts),
                 f"an answer to `{line}'")

    says("help", "debug N", "Ctrl-D")
    says("stations", phone.address(), "visiting")
    says("peers", "4IN4")
    says("status", "register")
    says(f"why {phone.mac}", "station detected in cell w0")
    says("nonsense", "no such command")
    says("debug 9", "0 (errors) to 4")
    says("debug 4", "log level 4")
    before = len(program.text())
    roamed.add_station("stranger", cn).set_static("10.3.0.99", "10.3.0.1")
    roamed.stations[1].ping("10.3.0.1", seconds=1)
    wait_for(lambda: "TRACE" in program.text()[before:], "a line for every event")
    with Conversation(roamed.server, phone, roamed.server.address) as call:
        program.process.stdin.close()
        assert program.wait() == 0
        assert "end of input" in program.text()
        call.say()


def test_reload(make_world):
    """SIGHUP brings another cell and other name servers, and opens the log file anew.

    A file with mistakes changes nothing.
    """
    world = make_world(cns=2, cells=2, nat=())
    cn = world.cn(1)
    cn.configure_with(mobile_if="w0", addr_pool="w0 * *")
    world.start()
    assert [cell["interface"] for cell in cn.ask("status")["cells"]] == ["w0"]
    os.rename(f"{cn.folder}/log", f"{cn.folder}/log.1")
    cn.configure_with(mobile_if=["w0", "w1"], addr_pool=["w0 * *", "w1 * *"],
                      dns_server="192.0.2.53 192.0.2.54")
    cn.program.send(signal.SIGHUP)
    phone = world.add_station("phone", cn.cells[1])
    phone.dhclient().start()
    options = "255.255.255.0", "10.1.1.1", "10.1.1.1", "3600", "192.0.2.53,192.0.2.54"
    assert phone.client.events()[-1][1:7] == (phone.address(), *options)
    agree(world, phone)
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    phone.client.restart()  # the options of its home, at every CN
    assert phone.client.events()[-1][6] == "192.0.2.53,192.0.2.54"
    with open(f"{cn.folder}/log", encoding="utf-8") as file:
        assert "read again" in file.read()
    # The command reports a mistake with file and line, and nothing changes.
    with open(cn.config, "a", encoding="ascii") as file:
        file.write("nonsense 1\n")
    done = cn.run(AGENT, "reload", "--socket", f"{cn.folder}/run/world.sock", check=False)
    assert done.returncode == 1 and f"{cn.config}:" in done.stderr and "nonsense" in done.stderr
    assert cn.program.alive and len(cn.control("status")["cells"]) == 2
    cn.configure_with(mobile_if="w0", addr_pool="w0 * *")
    cn.run(AGENT, "reload", "-f", cn.config)
    assert [cell["interface"] for cell in cn.ask("status")["cells"]] == ["w0"]


def test_status_file(world):
    phone = leased(world, "phone", world.cn(2))

    def written(number, *texts):
        with open(f"{world.cn(number).folder}/status", encoding="utf-8") as file:
            text = file.read()
        return all(word in text for word in texts)

    wait_for(lambda: written(2, phone.address(), "home", "connected"), "the status file")
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    wait_for(lambda: written(2, "away") and written(3, phone.address(), "visiting"),
             "the status files to follow")


def test_attach_and_detach(make_world):
    """Without mobile_if, attach names the cell and starts the agent as a daemon.

    The last detach ends it.
    """
    world = make_world(cns=2, cells=2, nat=())
    world.mlr.start()
    world.cn(2).start()
    cn = world.cn(1)
    cn.configure_with(mobile_if=None, addr_pool=["w0 * *", "w1 * *"])
    cn.agent("attach", "w0")
    pid = cn.daemon_pid()
    cn.agent("attach", "w1")
    assert cn.daemon_pid() == pid
    assert {cell["interface"] for cell in cn.ask("status")["cells"]} == {"w0", "w1"}
    phone = leased(world, "phone", cn.cells[0])
    laptop = leased(world, "laptop", cn.cells[1])
    assert phone.ping(laptop.address())
    agree(world, phone, laptop)
    cn.agent("detach", "w1")
    assert {cell["interface"] for cell in cn.ask("status")["cells"]} == {"w0"}
    assert phone.ping(world.server.address)
    cn.agent("detach", "w0")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the agent to end")
    assert not os.path.exists(pins(cn))
    done = cn.agent("status", check=False)
    assert done.returncode == 1 and "no agent runs" in done.stderr


def test_interface_comes_back(world):
    """The cell's interface is deleted and made anew, with another index and MAC."""
    cn, air = world.cn(2), world.air
    phone, guest = leased(world, "phone", cn), leased(world, "guest", world.cn(1))
    guest.roam(cn)
    reaches(guest, world.server.address)
    old = cn.ifindex("w0")
    cn.run("ip", "link", "delete", "w0")
    wait_for(lambda: cn.control("status")["cells"][0]["hook"] == "not served now",
             "the agent to notice")
    port = cn.cells[0].bridge[4:]
    run("ip", "link", "add", "w0", "index", str(old + 50), "netns", cn.name, "type", "veth",
        "peer", "name", port, "netns", air.name)
    air.run("ip", "link", "set", port, "master", cn.cells[0].bridge, "up")
    cn.run("ip", "address", "add", "10.2.0.1/24", "dev", "w0")
    cn.run("ip", "link", "set", "w0", "up")
    phone.run("ip", "neigh", "flush", "dev", "wlan0")
    for station in (phone, guest):
        reaches(station, world.server.address, 10)
    agree(world, phone, guest)
    assert "mtu 1480" in cn.run("ip", "route", "show", "10.2.0.0/24").stdout


def test_two_networks_on_one_machine(make_world):
    """Each CN and the register's machine serve a second network too.

    It has cells, tunnel addresses and ports of its own.
    """
    world = make_world(cns=2, cells=2, nat=())
    programs, configs = [], []
    rc = f"{world.folder}/other-mlrd.rc"
    write_config(rc, {"network_name": "other", "port": 6600, "run_dir": f"{world.mlr.folder}/run",
                      "state_dir": f"{world.folder}/other-state"})
    output = f"{world.folder}/other-mlrd.output"
    programs.append(Program(world.mlr, [MLRD, "-f", rc, "-F"], output))
    for cn in world.cns:
        cn.configure_with(mobile_if="w0", addr_pool="w0 * *")
    world.start()
    for cn in world.cns:
        cn.run("ip", "address", "add", f"10.20{cn.number}.0.2/24", "dev", "bb0")
        configs.append(f"{cn.folder}/other.rc")
        write_config(configs[-1], {
            **cn.directives, "network_name": "other", "mlr": f"{world.mlr.address}:6600",
            "mobile_if": "w1", "addr_pool": "w1 * *", "tunnel_addr": f"10.20{cn.number}.0.2",
            "port": 6601, "log_file": None, "status_file": None})
        output = f"{cn.folder}/other.output"
        programs.append(Program(cn, [AGENT, "run", "-f", configs[-1], "-F"], output))
    world.helpers += programs
    def other(cn, config, command):
        return json.loads(cn.run(AGENT, command, "--json", "-f", config).stdout)

    for cn, config in zip(world.cns, configs):
        wait_for(lambda at=(cn, config): other(*at, "status")["register"]["state"] == "connected",
                 "the second network to serve", 10)
    first = leased(world, "first", world.cn(1).cells[0])
    second = leased(world, "second", world.cn(1).cells[1])
    assert first.address().startswith("10.1.0.") and second.address().startswith("10.1.1.")
    with Conversation(world.server, first, world.server.address) as one, \
            Conversation(world.server, second, world.server.address, port=6001) as two:
        first.roam(world.cn(2).cells[0])
        second.roam(world.cn(2).cells[1])
        for call in (one, two):
            call.say()
        agree(world, first)
        known = other(world.cn(2), configs[1], "stations")
        assert [station["address"] for station in known] == [second.address()]
        # One network ends: the other goes on.
        for cn in world.cns:
            cn.agent("detach", "--all")
            assert cn.program.wait() == 0
        two.say()
        second.roam(world.cn(1).cells[1])
        two.say()
    for cn, config, program in zip(world.cns, configs, programs[1:]):
        cn.run(AGENT, "detach", "--all", "-f", config)
        assert program.wait() == 0
        assert cn.sysctl("net.ipv4.ip_forward") == "0"


def test_bpftool(roamed):
    """The maps show their fields by name, and the programs have our names."""
    cn, phone = roamed.cn(1), roamed.stations[0]
    station, = dump(cn, "tmip_station")
    assert set(station["value"]) >= {"mac", "state", "ifindex", "home_ifindex", "parent",
                                     "current", "epoch", "seq"}
    assert all(set(peer["value"]) >= {"name", "cn_id", "mtu", "tunnel", "stations"}
               for peer in dump(cn, "tmip_peer"))
    plain = run("bpftool", "map", "dump", "pinned", f"{pins(cn)}/tmip_station").stdout
    fields = "mac", "state", "parent", "current", "epoch", "seq"
    assert all(f'"{name}":' in plain for name in fields)
    assert phone.address().split(".")[3] in plain
    programs = json.loads(run("bpftool", "-j", "prog", "show").stdout)
    names = {program.get("name") for program in programs}
    assert {"tmip_cell_in", "tmip_cell_out", "tmip_bb_in"} <= names
    assert {name for name in os.listdir(pins(cn)) if name.startswith("tmip_")} == {
        "tmip_station", "tmip_macs", "tmip_slot", "tmip_peer", "tmip_peer_stat", "tmip_cell",
        "tmip_way", "tmip_subnet", "tmip_host", "tmip_group", "tmip_config", "tmip_alive",
        "tmip_seen", "tmip_drop",
        "tmip_stat", "tmip_events", "tmip_punts"}
