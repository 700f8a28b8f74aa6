# SPDX-License-Identifier: BSD-2-Clause
"""What other programs rely on, byte for byte: what tmip-agent and mlrd print, as text and as JSON,
by the command line, the control socket and the console; help and mistakes; status files, and names
of files.

Recorded in tests/netns/interface. `TMIP_RECORD=1 make check-netns TEST=interface' records anew; git
diff shows what is different. How to read the files: tests/world/recorded.py; what may differ from
run to run: tests/world/placeholders.py. Commands that change something: test_interface_actions.py;
maps: test_interface_maps.py.
"""
import contextlib
import os
import socket
import sqlite3

import pytest

from world import wait_for, write_config
from world.agreement import agree, arrive, leased, reaches, static
from world.flapping import flap, heard
from world.recorded import PROGRAMS, Transcript

COMMANDS = ("attach", "detach", "run", "stations", "peers", "status", "why", "evaluate", "departed",
            "reload", "help", "version")
ARP_REQUEST = bytes.fromhex("08060001080006040001")


def use_address(station, address):
    """One frame of the station: gratuitous ARP for an address that is another station's."""
    mac = bytes.fromhex(station.mac.replace(":", ""))
    with station.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.bind((station.device, 0))
        port.send(b"\xff" * 6 + mac + ARP_REQUEST + mac + socket.inet_aton(address) + bytes(6) +
                  socket.inet_aton(address))


@pytest.fixture(scope="module")
def net(make_module_world):
    """Three CNs with two cells each, at rest; stations in all states except blocked."""
    hosts = "printer 02:00:00:00:00:03 10.2.0.77", "scanner 02:00:00:00:00:77 10.2.0.78"
    world = make_module_world(
        cns=3, cells=2, nat=(),
        mlr={"host": hosts, "flap_moves": 2, "flap_window": 3600, "flap_hold": 3600},
        directives={0: {"away_block": 2, "probe_idle": 0}, 1: {"hostapd": "w0 /nowhere/w0"}})
    one, two, three = world.start_in_order().cns
    phone, laptop = leased(world, "phone", one), leased(world, "laptop", two)
    printer, camera = leased(world, "printer", two), static(world, "camera", three, "10.3.0.200")
    tablet, ferry = leased(world, "tablet", one.cells[1]), leased(world, "ferry", two)
    guest = leased(world, "guest", three)
    everybody = phone, laptop, printer, camera, tablet, ferry
    agree(world, *everybody, guest)
    guest.client.release()
    for station, cell in ((phone, three), (tablet, one.cells[0]), (camera, one)):
        arrive(station, cell)
        reaches(station, world.server.address)
        agree(world, *everybody)
    for station in everybody:
        heard(world, station)
    flap(world, ferry, (3, 2, 3))
    use_address(world.add_station("stranger", two), laptop.address())
    wait_for(lambda: two.control("status")["handovers"]["conflicts"], "CN 2 to see the stranger")
    return world


# ---- help, and mistakes on the command line

def test_help_of_the_agent():
    with Transcript("agent-help") as texts:
        texts.ask("tmip-agent help", name="the help")
        texts.ask("tmip-agent", *(f"tmip-agent {words}" for words in (
            "-h", "--help", "version", "-V", "--version", *(f"help {name}" for name in COMMANDS),
            *(f"{name} -h" for name in COMMANDS), "status --help", "nonsense", "help nonsense",
            "help help help", "help --json", "--json", "attach", "attach w0 w1", "detach",
            "detach w0 --all", "detach w0 w1", "run w0", "run --json", "stations a b",
            "stations --nonsense", "stations -x", "stations -f", "stations --socket", "peers a",
            "status --all", "status --json=1", "why", "why a b", "why -F a", "evaluate a",
            "evaluate -n world", "departed", "reload a", "reload --json", "version a")))


def test_help_of_tmipd():
    with Transcript("tmipd-help") as texts:
        texts.ask("tmipd -h", name="the help")
        texts.ask("tmipd -V", "tmipd -x", "tmipd -f", "tmipd word", "tmipd -F -E", "tmipd --json")


def test_help_of_the_register():
    with Transcript("mlrd-help") as texts:
        texts.ask("mlrd -h", name="the help")
        texts.ask(*(f"mlrd {words}" for words in (
            "--help", "-V", "--version", "stations -h", "free --help", "cns -V", "nonsense", "-x",
            "--nonsense", "-f", "--json", "--socket /nowhere", "-f rc stations", "stations a b",
            "stations --force", "stations -F", "cns a", "cns --all", "status --all",
            "status --json=1", "reload a", "reload --json", "forget-cn", "forget-cn a b",
            "forget-cn a --json", "free", "free a b", "clear", "clear a b", "clear --socket")))


def test_nobody_is_there():
    """Without a configuration, and without a running program."""
    with Transcript("nobody") as texts:
        texts.ask(*(f"{line} -f /nowhere/rc" for line in (
            "tmip-agent run", "tmip-agent stations", "tmip-agent attach w0", "tmip-agent detach w0",
            "tmip-agent detach --all", "tmip-agent evaluate", "tmip-agent evaluate --json", "tmipd",
            "tmipd -E", "mlrd", "mlrd stations")))
        texts.ask(*(f"tmip-agent {words} -n nowhere" for words in (
            "stations", "attach w0", "detach --all")))
        texts.ask(*(f"{line} --socket /nowhere/sock" for line in (
            "tmip-agent status --json", "mlrd status --json", "mlrd free 10.1.0.2")))


# ---- the agent

@pytest.mark.parametrize("kind", ["text", "json"])
def test_the_agent_shows(net, kind):
    phone, laptop, _, camera, tablet, ferry, _, stranger = net.stations
    option = " --json" if kind == "json" else ""
    with Transcript(f"agent-{kind}", net) as texts:
        def show(cn, *commands):
            texts.ask(*(f"tmip-agent {words} -f {cn.config}{option}" for words in commands),
                      place=cn)

        for cn in net.cns:
            show(cn, "stations", "peers", f"why {ferry.mac}", f"why {phone.address()}")
        for cn in net.cns if kind == "text" else net.cns[:1]:
            show(cn, "status")
        show(net.cn(2), f"stations {camera.mac}", f"stations {tablet.address()}",
             "stations 10.1.0.250", "stations nonsense", f"why {laptop.address()}",
             f"why {stranger.mac}", "why 192.0.2.9", "why nonsense")
        texts.ask(f"tmip-agent peers --socket {cn.control_socket()}{option}", place=cn)


def test_the_agent_answers_by_its_socket(net):
    with Transcript("agent-socket", net) as texts:
        for number in (1, 3):
            texts.send(net.cn(number), '{"command":"stations"}', '{"command":"peers"}',
                       '{"command":"status"}', '{"command":"why","station":"02:00:00:00:00:01"}')
        texts.send(net.cn(1), '{"command":"stations","station":"02:00:00:00:00:01"}',
                   '{"command":"stations","station":"10.1.0.250"}', '{"command":"why"}',
                   '{"command":"why","station":"nonsense"}', '{"command":"attach"}',
                   '{"command":"attach","interface":"none0"}', '{"command":"detach"}',
                   '{"command":"detach","all":false}', '{"command":"detach","interface":"none0"}',
                   '{"command":"departed"}', '{"command":"departed","mac":"nonsense"}',
                   '{"command":"departed","mac":"02:00:00:00:00:99"}', '{"command":"nonsense"}',
                   '{"command":1}', "{}", "[]", "nonsense", "")


def test_the_agents_console(net):
    laptop = net.stations[1]
    with Transcript("agent-console", net) as texts:
        texts.type_in(net.cn(2), "help", "stations", f"stations {laptop.mac}", "stations nonsense",
                      "peers", "status", f"why {laptop.address()}", "why", "why nonsense", "attach",
                      "attach none0", "detach", "detach none0", "departed", "departed nonsense",
                      "reload", "debug", "debug 9", "debug nonsense", "debug 1", "nonsense",
                      "evaluate", "")


# ---- the register

@pytest.mark.parametrize("kind", ["text", "json"])
def test_the_register_shows(net, kind):
    mlr, phone, camera = net.mlr, net.stations[0], net.stations[3]
    option = " --json" if kind == "json" else ""
    with Transcript(f"mlrd-{kind}", net) as texts:
        texts.ask(*(f"mlrd {words} -f {mlr.config}{option}" for words in (
            "stations", "stations --all", f"stations {phone.mac}", f"stations {camera.address()}",
            "stations 10.1.0.250", "stations nonsense", "cns", "status")), place=mlr)
        texts.ask(f"mlrd cns --socket {mlr.control_socket()}{option}", place=mlr)


def test_the_register_answers_by_its_socket(net):
    with Transcript("mlrd-socket", net) as texts:
        texts.send(net.mlr, '{"command":"stations"}', '{"command":"stations","all":true}',
                   '{"command":"stations","station":"10.3.0.200"}',
                   '{"command":"stations","station":"nonsense"}', '{"command":"cns"}',
                   '{"command":"status"}', '{"command":"forget-cn"}',
                   '{"command":"forget-cn","cn":"nonsense"}', '{"command":"free"}',
                   '{"command":"free","address":"nonsense"}',
                   '{"command":"free","address":"10.1.0.250"}', '{"command":"clear"}',
                   '{"command":"clear","station":"nonsense"}',
                   '{"command":"clear","station":"10.1.0.250"}', '{"command":"nonsense"}',
                   '{"command":1}', "{}", "[]", "nonsense", "")


def test_the_registers_console(net):
    with Transcript("mlrd-console", net) as texts:
        texts.type_in(net.mlr, "help", "stations", "stations 10.1.0.2", "cns", "status", "debug",
                      "debug 9", "debug nonsense", "debug 1", "reload", "nonsense", "")


# ---- files

def written(texts, daemon, program, commands):
    """The text of the status file if it begins with what these commands show, or None."""
    shown = [daemon.run(PROGRAMS[program], word, "-f", daemon.config).stdout for word in commands]
    with open(f"{daemon.folder}/status", encoding="utf-8") as file:
        text = file.read()
    reports = text.partition("\n")[2]  # the first line says when it was written
    return text if texts.tidy(reports).startswith(texts.tidy("\n".join(shown))) else None


def test_status_files(net):
    with Transcript("status-files", net) as texts:
        for what in ((net.cn(1), "tmip-agent", ("status", "peers")),
                     (net.mlr, "mlrd", ("status", "cns"))):
            text = wait_for(lambda what=what: written(texts, *what), "a status file to follow", 10)
            texts.add(f"# {what[0].folder}/status", text)


def test_names_of_files(net):
    """Where the programs are found, and what the register keeps."""
    cn, mlr = net.cn(1).folder, net.mlr.folder
    path, tables = f"{mlr}/state/world.mlrd.db", "SELECT sql FROM sqlite_master ORDER BY name"
    with Transcript("files", net) as texts:
        for folder in (f"{cn}/run", f"{cn}/state", f"{mlr}/run", f"{mlr}/state"):
            texts.add(f"# {folder}", "".join(f"{name}\n" for name in sorted(os.listdir(folder))))
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            rows = [row[0] for row in database.execute(tables) if row[0]]
        texts.add(f"# {path}", "".join(f"{row}\n" for row in rows))


# ---- the evaluation

MISTAKES = (
    {"colour": "red", "tunnel_ttl": "many"}, {"mobile_if": None, "addr_pool": None},
    {"cn_if": "bb9"}, {"mobile_if": ["w0", "w9"]}, {"mobile_if": ["w0", "w9"], "addr_pool": None},
    {"mobile_if": "lo", "addr_pool": None}, {"addr_pool": ["w0 10.1.9.1 10.1.9.9", "w1 * *"]},
    {"tunnel_addr": "203.0.113.9"}, {"network_name": "other"}, {"bpf_dir": "/tmp"}, {"port": 6999},
    {"hostapd": "w0 /dev/null"}, {"cn_name": "cn9", "mobile_if": "w0", "addr_pool": None},
    {"mlr": "10.251.0.1:6"}, {"mlr": "10.202.0.1:6554"})


def test_evaluation(net):
    """The evaluation beside the running agent, and of wrong configurations."""
    one = net.cn(1)
    with Transcript("evaluate", net) as texts:
        texts.ask(f"tmip-agent evaluate -f {one.config}", f"tmipd -E -f {one.config}",
                  f"tmip-agent evaluate -f {one.config} --json", place=one)
        for number, changes in enumerate(MISTAKES):
            path = f"{net.folder}/evaluate-{number}.rc"
            write_config(path, {**one.directives, **changes})
            texts.ask(f"tmip-agent evaluate -f {path}", place=one)
            if number < 2:
                texts.ask(f"tmip-agent evaluate -f {path} --json", place=one)
