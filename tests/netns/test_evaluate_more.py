# SPDX-License-Identifier: BSD-2-Clause
"""What `evaluate' and `status' find at a CN: rules of netfilter in the way, cells and backbones
that cannot carry packets, paths that cannot be used, and who else is in the cell. And `run' and
`attach' do not fail where `evaluate' passed. What evaluate asks the network: test_evaluate.py.
"""
import contextlib
import json
import os
import signal
import subprocess

import pytest

from world import TMIPD, Program, wait_for
from world.agreement import leased


@pytest.fixture(scope="module")
def net(make_module_world):
    """The register runs; the agent of CN 1 does not."""
    world = make_module_world(cns=1, nat=())
    world.mlr.start()
    return world


def evaluate(cn, config=None):
    """The exit status, and the findings: [(check, subject, "FAIL" or "warn", detail)]."""
    done = cn.run(cn.binary, "evaluate", "-f", config or cn.config, "--json", check=False)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    found = [(check["check"], check["subject"], "warn" if check["ok"] else "FAIL",
              check["detail"]) for check in report["checks"]
             if not check["ok"] or check.get("warning")]
    assert done.returncode == int(any(kind == "FAIL" for _, _, kind, _ in found))
    for check in report["checks"]:
        assert check["ok"] or check["advice"], check
    return done.returncode, found


def of(found, *checks):
    """The findings of these checks, without details."""
    return sorted((check, subject, kind) for check, subject, kind, _ in found if check in checks)


def details(found):
    return "\n".join(detail for *_, detail in found)


# ---- rules of netfilter

TABLE = ("add table inet f; "
         "add chain inet f way { type filter hook forward priority 0; policy %s; };")
RULE = " add rule inet f way %s;"
OUT = 'iifname "w0" oifname "bb0"'
USUAL = RULE % "ct state established,related accept"
STAND_IN_RULE = RULE % 'iifname "tmiphome*" accept'
RULES = {
    "policy": (TABLE % "drop", "FAIL", "the policy of chain inet f way"),
    "drop": (TABLE % "accept" + RULE % 'iifname "w0" drop', "FAIL", "rule 1 of chain inet f way"),
    "reject": (TABLE % "accept" + RULE % "counter" + RULE % 'oifname "bb*" counter reject', "FAIL",
               "rule 2 of chain"),
    "set": (TABLE % "accept" + RULE % 'iifname { "w0", "w7" } drop', "FAIL", "rule 1 of chain"),
    "ifindex": (TABLE % "accept" + RULE % "iif w0 drop", "FAIL", "rule 1 of chain"),
    "subnet": (TABLE % "accept" + RULE % "ip saddr 10.1.0.0/16 drop", "FAIL", "rule 1 of chain"),
    "not the backbone": (TABLE % "accept" + RULE % 'iifname "w0" oifname != "eth7" drop', "FAIL",
                         "rule 1 of chain"),
    "jump": (TABLE % "accept" + " add chain inet f no; add rule inet f no log drop;" +
             RULE % 'iifname "w0" jump no', "FAIL", "rule 1 of chain inet f no"),
    "answers": (TABLE % "drop" + RULE % (OUT + " accept"), "FAIL", "answers as well"),
    "second chain": (TABLE % "accept" + "add table ip g; add chain ip g c { type filter hook "
                     "forward priority 10; policy drop; };", "FAIL", "the policy of chain ip g c"),
    "new connections": (TABLE % "drop" + USUAL, "FAIL", "packets from w0 to bb0 are dropped: by"),
    "set of states": (TABLE % "drop" + RULE % "ct state { established, related } accept", "FAIL",
                      "the policy of chain"),
    "map of states": (TABLE % "drop" + RULE %
                      "ct state vmap { established : accept, related : accept, invalid : drop }",
                      "FAIL", "packets from w0 to bb0 are dropped: by the policy"),
    "map of interfaces": (TABLE % "accept" + " add chain inet f no; add rule inet f no drop;" +
                          RULE % 'iifname vmap { "w0" : jump no, "w7" : accept }', "FAIL",
                          "rule 1 of chain inet f no"),
    "map with a wildcard": (TABLE % "drop" + RULE %
                            'iifname vmap { "w*" : accept, "x0" : drop }', "warn",
                            "unless a rule with conditions accepts"),
    "usual map": (TABLE % "drop" + RULE %
                  "ct state vmap { established : accept, related : accept, invalid : drop }" +
                  STAND_IN_RULE + RULE % 'iifname vmap { "w0" : accept, "bb0" : drop }', None, ""),
    "conditions": (TABLE % "drop" + USUAL + RULE % (OUT + " tcp dport 80 accept"), "warn",
                   "unless a rule with conditions accepts them"),
    "stand-in": (TABLE % "drop" + USUAL + RULE % (OUT + " accept"), "warn", "tmiphome0"),
    "usual": (TABLE % "drop" + USUAL + STAND_IN_RULE + RULE % (OUT + " accept"), None, ""),
    "invalid": (TABLE % "accept" + RULE % "ct state invalid drop", None, ""),
    "elsewhere": (TABLE % "accept" + RULE % 'iifname "w1" drop' +
                  RULE % "ip saddr 10.2.0.0/16 drop", None, ""),
    "returns": (TABLE % "drop" + " add chain inet f some; add rule inet f some iifname w7 drop;" +
                RULE % "jump some" + RULE % "accept", None, ""),
    "dormant": ("add table inet f { flags dormant; };" + (TABLE % "drop").split(";", 1)[1], None,
                ""),
    "other families": ("add table ip6 f; add chain ip6 f way { type filter hook forward "
                       "priority 0; policy drop; }; add table ip i; add chain ip i in "
                       "{ type filter hook input priority 0; policy accept; };", None, ""),
}


@contextlib.contextmanager
def rules(cn, text):
    cn.run("nft", text)
    try:
        yield
    finally:
        cn.run("nft", "flush ruleset")


@pytest.mark.parametrize("kind", RULES)
def test_rules_of_netfilter(net, kind):
    cn, (text, wanted, told) = net.cn(1), RULES[kind]
    with rules(cn, text):
        status, found = evaluate(cn)
        kinds = {kind for check, _, kind, _ in found if check == "firewall"}
        assert ("FAIL" if "FAIL" in kinds else "warn" if kinds else None) == wanted, found
        assert status == int(wanted == "FAIL"), found
        assert told in details(found)


def test_the_way_out_is_not_the_backbone(net):
    """Rules may keep stations off a backbone that has nothing but CNs."""
    cn = net.cn(1)
    with link(cn, "link add x0 type veth peer name x1", "link set x0 up", "link set x1 up",
              "address add 203.0.113.1/24 dev x0", "route add default dev x0 metric 5",
              f"route add {net.mlr.address} via {cn.router}", "route delete default dev bb0",
              undo=f"route delete {net.mlr.address}"):
        try:
            strict = TABLE % "drop" + USUAL + STAND_IN_RULE
            with rules(cn, strict + RULE % 'iifname "w0" oifname "x0" accept'):
                assert {kind for _, _, kind, _ in evaluate(cn)[1]} == {"warn"}
            with rules(cn, strict + RULE % (OUT + " accept")):
                status, found = evaluate(cn)
                assert status == 1 and "packets from w0 to x0 are dropped" in details(found)
        finally:
            cn.configure(["link delete x0", f"route add default via {cn.router}"])


def test_fastpath_home_needs_no_netfilter(net):
    """What passes it is the exception then."""
    cn = net.cn(1)
    cn.configure_with(fastpath="home")
    try:
        with rules(cn, TABLE % "drop"):
            status, found = evaluate(cn)
    finally:
        cn.configure_with(fastpath=None)
    assert status == 0
    assert set(of(found, "firewall")) == {("firewall", "w0", "warn")}


def test_the_verdict_is_that_of_packets(make_world):
    """A station's pings, and what `status' says, agree with each rule."""
    world = make_world(cns=1, nat=()).start()
    cn = world.cn(1)
    phone = leased(world, "phone", cn)
    for kind in ("policy", "drop", "subnet", "jump", "answers", "usual", "returns", "dormant"):
        text, wanted, _ = RULES[kind]
        with rules(cn, text):
            _, found = evaluate(cn)
            passes = not of(found, "firewall")
            assert passes == (wanted is None)
            assert phone.ping(world.server.address, seconds=1) == passes, kind
    with rules(cn, RULES["policy"][0]):
        wait_for(lambda: "policy of chain inet f way" in " ".join(cn.control("status")["problems"]),
                 "the status to name the policy", 20)
        shown = cn.agent("status").stdout
        assert "problem   firewall, cell w0: packets from w0 to bb0 are dropped" in shown
    wait_for(lambda: cn.control("status")["problems"] == [], "the status to name nothing", 20)


# ---- interfaces

@contextlib.contextmanager
def link(cn, *lines, undo="link delete x0"):
    cn.configure(list(lines))
    try:
        yield
    finally:
        cn.configure([undo])


CELLS = {
    "down": (["link add x0 type veth peer name x1", "address add 10.77.0.1/24 dev x0"], "FAIL",
             "is down"),
    "empty": (["link add x0 type bridge", "address add 10.77.0.1/24 dev x0", "link set x0 up"],
              "FAIL", "is empty"),
    "port down": (["link add x0 type bridge", "address add 10.77.0.1/24 dev x0", "link set x0 up",
                   "link add x1 type veth peer name x2", "link set x1 master x0 up"],
                  "FAIL", "is empty"),
    "no carrier": (["link add x0 type veth peer name x1", "address add 10.77.0.1/24 dev x0",
                    "link set x0 up"], "warn", "no carrier"),
    "no address": (["link add x0 type veth peer name x1", "link set x0 up"], "FAIL",
                   "no IPv4 address"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_cells(net, kind):
    cn, (lines, wanted, told) = net.cn(1), CELLS[kind]
    cn.configure_with(mobile_if=["w0", "x0"], addr_pool=["w0 * *", "x0 * *"])
    try:
        with link(cn, *lines):
            if kind == "port down":
                cn.configure(["link set x1 down"])
            status, found = evaluate(cn)
            if kind == "port down":
                cn.configure(["link delete x1"])
    finally:
        cn.configure_with(mobile_if="w0", addr_pool="w0 * *")
    assert of(found, "cell") == [("cell", "x0", wanted)], found
    assert told in details(found)
    assert status == int(wanted == "FAIL")


def test_backbone_without_carrier(net):
    cn = net.cn(1)
    net.router.configure([f"link set {cn.place} down"])
    try:
        status, found = evaluate(cn)
    finally:
        net.router.configure([f"link set {cn.place} up"])
        cn.wait_links("bb0")
        cn.reaches(net.mlr.address)
    assert status == 1
    assert ("backbone", "bb0", "FAIL") in of(found, "backbone")
    assert "no carrier" in details(found)


# ---- who else is in the cell

@contextlib.contextmanager
def program(host, words):
    running = Program(host, words, f"{host.world.folder}/{host.place}.output")
    try:
        yield running
    finally:
        running.kill()


def static_host(world, cell, address):
    host = world.add_station(f"host{len(world.stations)}", cell)
    host.configure([f"address add {address}/24 dev wlan0"], "", True)
    return host


def test_a_station_with_the_gateways_address(make_world):
    world = make_world(cns=1, nat=()).start()
    cn = world.cn(1)
    host = static_host(world, cn, "10.1.0.1")
    status, found = evaluate(cn)
    assert status == 1
    assert of(found, "survey") == [("survey", "w0", "FAIL")]
    assert host.mac in details(found) and "10.1.0.1" in details(found)
    wait_for(lambda: host.run("arping", "-c", 1, "-I", "wlan0", "10.1.0.77", check=False) and
             host.mac in " ".join(cn.control("status")["problems"]), "the status to name the host",
             10)
    assert cn.station(host) is None
    assert f"{host.mac} in cell w0 uses the gateway's address 10.1.0.1" in cn.agent("status").stdout
    with open(f"{cn.folder}/log", encoding="utf-8") as log:
        assert log.read().count("uses the gateway's address") == 1


@pytest.mark.parametrize("running", [True, False], ids=["beside an agent", "without an agent"])
@pytest.mark.parametrize("server", ["dnsmasq", "udhcpd"])
def test_another_dhcp_server(make_world, server, running):
    world = make_world(cns=1, nat=())
    world.mlr.start()
    cn = world.cn(1)
    if running:
        cn.start()
    host = static_host(world, cn, "192.168.7.1")
    words = {"dnsmasq": ["dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null",
                         "--leasefile-ro", "--dhcp-range=192.168.7.10,192.168.7.99"],
             "udhcpd": ["busybox", "udhcpd", "-f", f"{world.folder}/udhcpd.conf"]}[server]
    with open(f"{world.folder}/udhcpd.conf", "w", encoding="ascii") as file:
        file.write("start 192.168.7.10\nend 192.168.7.99\ninterface wlan0\n"
                   f"lease_file {world.folder}/udhcpd.leases\n"
                   f"pidfile {world.folder}/udhcpd.pid\n")
    with open(f"{world.folder}/udhcpd.leases", "w", encoding="ascii"):
        pass
    with program(host, words):
        wait_for(lambda: ":67 " in host.run("ss", "-uln").stdout, "the server to listen")
        status, found = evaluate(cn)
    assert status == 1
    assert of(found, "survey") == [("survey", "w0", "FAIL")], found
    assert "192.168.7.1," in details(found) and host.mac in details(found)


def test_the_agent_of_another_cn_in_the_cell(make_world):
    """Two cells on one switch."""
    world = make_world(cns=2, nat=())
    world.mlr.start()
    one, two = world.cns
    two.start()
    world.air.configure([f"link set {two.cells[0].port} master {one.cells[0].bridge}"])
    status, found = evaluate(one)
    assert status == 1
    assert "the agent of CN cn2 serves this cell, too: 10.2.0.1" in details(found)


def test_strange_frames(net):
    """Answers with wrong lengths, and texts for the terminal, do not come up."""
    cn = net.cn(1)
    host = static_host(net, cn, "10.1.0.9")
    code = r'''
import socket, struct

def ip(payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0,
                       bytes([10, 1, 0, 9]), b"\xff" * 4)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:] + payload

s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800))
s.bind(("wlan0", 0))
print("ready", flush=True)
mac = s.getsockname()[4]
while True:
    asked = s.recv(2048)[42:]
    if len(asked) < 240 or asked[0] != 1:
        continue
    for options in (b"\x36", b"\x36\xff", b"\x36\x04\x01", b"\x0c\x10\x1b[2Jboo\n\x07",
                    bytes(9), bytes(range(256)), b"\x36\x04\x1b[2J\xff"):
        for length in (0, 3, 230, 239, 240, 241, 600):
            reply = (b"\2" + asked[1:240] + options)[:length]
            udp = struct.pack("!HHHH", 67, 68, 8 + len(reply), 0) + reply
            s.send(b"\xff" * 6 + mac + b"\x08\0" + ip(udp))
'''
    with program(host, ["/usr/bin/python3", "-c", code]) as server:
        wait_for(lambda: server.text() == "ready\n", "the host to answer")
        done = cn.run(cn.binary, "evaluate", "-f", cn.config, check=False)
    host.leave()
    assert done.returncode == 1
    assert "\033" not in done.stdout and "\a" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("FAIL  survey")]
    assert 1 <= len(lines) <= 4 and all(host.mac in line for line in lines)


# ---- run and attach do not fail where evaluate passed

def remains(folder):
    """Everything below the folder, and what it is."""
    return sorted((os.path.join(place, name), os.lstat(os.path.join(place, name)).st_mode)
                  for place, folders, files in os.walk(folder) for name in folders + files)


@pytest.fixture
def spot(net):
    """A folder with things that get in the way, and a configuration in which nothing is there."""
    cn = net.cn(1)
    folder = f"{net.folder}/spot{len(os.listdir(net.folder))}"
    for name in ("run", "state", "full", "locked"):
        os.makedirs(f"{folder}/{name}")
    with open(f"{folder}/file", "w", encoding="ascii") as file:
        file.write("kept")
    os.symlink(f"{folder}/nowhere/at/all", f"{folder}/link")
    cn.run("mount", "-t", "tmpfs", "-o", "ro", "none", f"{folder}/locked")
    cn.run("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "none", f"{folder}/full")
    cn.configure_with(run_dir=f"{folder}/run", state_dir=f"{folder}/state",
                      log_file=f"{folder}/log", status_file=f"{folder}/status")
    yield folder
    for name in ("full", "locked"):
        cn.run("umount", f"{folder}/{name}")


# What is said of each: the directive, and a part of the detail; None: all is well.
PATHS = {
    "nothing wrong": ({}, None, ""),
    "folders to be made": ({"run_dir": "a/b/run", "state_dir": "c/d"}, None, ""),
    "run_dir a file": ({"run_dir": "file"}, "run_dir", "Not a directory"),
    "run_dir below a file": ({"run_dir": "file/x"}, "run_dir", "Not a directory"),
    "run_dir read-only": ({"run_dir": "locked/run"}, "run_dir", "Read-only"),
    "run_dir full": ({"run_dir": "full/run"}, "run_dir", "No space"),
    "run_dir long": ({"run_dir": "x" * 120}, "control_socket", "too long"),
    "run_dir to nowhere": ({"run_dir": "link/run"}, "run_dir", "No such file"),
    "state_dir a file": ({"state_dir": "file"}, "state_dir", "Not a directory"),
    "state_dir read-only": ({"state_dir": "locked"}, "state_dir", "Read-only"),
    "state_dir full": ({"state_dir": "full"}, "state_dir", "No space"),
    "log a folder": ({"log_file": "state"}, "log_file", "Is a directory"),
    "log in no folder": ({"log_file": "none/log"}, "log_file", "No such file"),
    "log read-only": ({"log_file": "locked/log"}, "log_file", "Read-only"),
    "socket in no folder": ({"control_socket": "none/sock"}, "control_socket", "No such file"),
    "socket a file": ({"control_socket": "file"}, "control_socket", "non-socket"),
    "socket a folder": ({"control_socket": "state"}, "control_socket", "non-socket"),
    "socket long": ({"control_socket": "y" * 120}, "control_socket", "too long"),
    "socket read-only": ({"control_socket": "locked/sock"}, "control_socket", "Read-only"),
}


def comes_up(cn, *words):
    """Does the daemon start? It ends again without a trace."""
    done = cn.run(*words, "-f", cn.config, check=False, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        assert cn.agent("detach", "--all").returncode == 0
    return done.returncode == 0


@pytest.mark.parametrize("fault", PATHS)
def test_run_and_evaluate_agree_on_paths(net, spot, fault):
    cn, (changes, directive, told) = net.cn(1), PATHS[fault]
    own = {name: f"{spot}/{path}" for name, path in changes.items()}
    cn.configure_with(**own)
    try:
        before = remains(spot)
        status, found = evaluate(cn)
        assert remains(spot) == before
        assert of(found, "path") == ([("path", directive, "FAIL")] if directive else []), found
        assert told in details(found)
        assert comes_up(cn, TMIPD) == (status == 0)
        assert comes_up(cn, cn.binary, "attach", "w0") == (status == 0)
        with open(f"{spot}/file", encoding="ascii") as file:
            assert file.read() == "kept"
    finally:
        cn.configure_with(control_socket=None)


def test_paths_without_which_the_agent_runs(net, spot):
    """A status file and a hostapd that cannot be used are found, though they do not stop it."""
    cn = net.cn(1)
    for wrong in ("state", "none/status", "locked/status"):
        cn.configure_with(status_file=f"{spot}/{wrong}")
        status, found = evaluate(cn)
        assert status == 1 and of(found, "path") == [("path", "status_file", "FAIL")]
    cn.configure_with(status_file=None, hostapd=[f"w0 {spot}/file"])
    try:
        status, found = evaluate(cn)
        assert status == 1 and of(found, "hostapd") == [("hostapd", "w0", "FAIL")]
    finally:
        cn.configure_with(hostapd=None)


def test_run_and_evaluate_agree_on_the_rest(net, spot):
    """Other faults of the machine: the pins, the port, and maps of another size."""
    cn = net.cn(1)
    pins = cn.directives["bpf_dir"]
    try:
        for changes in ({"bpf_dir": spot}, {"tunnel_addr": "203.0.113.1"}, {"cn_if": "none0"},
                        {"addr_pool": "w0 10.99.0.1 10.99.0.9"}, {"mobile_if": "lo"},
                        {"mobile_if": "bb0"}):
            kept = {name: cn.directives.get(name) for name in changes}
            cn.configure_with(**changes)
            status, _ = evaluate(cn)
            assert status == 1, changes
            assert not comes_up(cn, TMIPD), changes
            cn.configure_with(**kept)
        cn.run(TMIPD, "-f", cn.config, stdin=subprocess.DEVNULL)
        assert evaluate(cn)[0] == 0
        pid_file = f"{spot}/run/world.pid"
        with open(pid_file, encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGTERM)
        wait_for(lambda: not os.path.exists(pid_file), "the agent to end")
        cn.configure_with(stations_max=1000)
        status, found = evaluate(cn)
        assert status == 1 and ("kernel", "data path", "FAIL") in of(found, "kernel")
        assert not comes_up(cn, TMIPD)
    finally:
        cn.configure_with(stations_max=None, bpf_dir=pins)
        cn.agent("detach", "--all", check=False)


def test_the_agent_has_another_address(make_world):
    """Beside a running agent, too, evaluate says what the next start will be like."""
    world = make_world(cns=1, nat=()).start()
    cn = world.cn(1)
    cn.configure(["address add 10.201.0.9/24 dev bb0"])
    cn.configure_with(tunnel_addr="10.201.0.9")
    status, found = evaluate(cn)
    assert status == 0 and [check for check, *_ in found] == ["agent"]
    assert "tunnels end at 10.201.0.1: tunnel_addr counts when" in details(found)
    cn.configure_with(tunnel_addr="10.201.0.99")
    status, found = evaluate(cn)
    assert status == 1 and ("backbone", "bb0", "FAIL") in of(found, "backbone")


# ---- status

def problems(cn):
    return " ".join(cn.control("status")["problems"])


def test_status_names_cells_and_backbone(make_world):
    world = make_world(cns=1, cells=2, nat=()).start()
    cn = world.cn(1)
    assert problems(cn) == ""
    cn.configure(["link set w0 down"])
    wait_for(lambda: "cell w0: the interface is down" in problems(cn), "the cell to be named", 10)
    cn.configure(["link set w0 up", "link delete w1"])
    wait_for(lambda: "cell w1: " in problems(cn) and "w0" not in problems(cn),
             "the lost cell to be named", 10)
    world.router.configure([f"link set {cn.place} down"])
    wait_for(lambda: "backbone bb0: no carrier" in problems(cn), "the backbone to be named", 20)
    shown = cn.agent("status").stdout
    assert "problem   backbone bb0: no carrier\n" in shown
