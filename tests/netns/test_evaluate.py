# SPDX-License-Identifier: BSD-2-Clause
"""tmip-agent evaluate against a network that this file plays itself.

Three namespaces in a row: the CN that is evaluated, a router, and a far host. On the far host this
file, started again as `test_evaluate.py serve ...`, plays the register, another CN and the far end
of the tunnel. Its MLRP is written from the specification, not from the codec of the program.
"""
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time
import types

import pytest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
AGENT = os.path.join(BUILD, "bin", "tmip-agent")
# This file is a program as well, which cannot import world: see world/system.py.
PATIENCE = float(os.environ.get("TMIP_PATIENCE", "1"))
NEAR, FAR, CELL = "192.0.2.1", "198.51.100.1", "10.9.0.1"

# ---- the far side


def field(number, value):
    return struct.pack("!HH", number, len(value)) + value


def message(kind, transaction, *fields):
    body = b"".join(fields)
    return struct.pack("!BBHII", 1, kind, 0, len(body), transaction) + body


def address(text):
    return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(text)


def cn_field(number, name, tunnel, port, cell):
    cell_fields = field(1, address(cell) + b"\x18") + field(2, address(cell[:-1] + "1"))
    return field(18, field(1, struct.pack("!I", number)) + field(2, name.encode()) +
                 field(3, address(tunnel)) + field(4, struct.pack("!H", port)) +
                 field(5, b"\0") + field(6, cell_fields))


def welcome(role, network, name):
    return message(2, 0, field(1, b"\1"), field(2, b"\1"), field(3, bytes([role])),
                   field(4, network.encode()), field(5, name.encode()),
                   field(8, struct.pack("!IQ", 7, 0)))


class Client:
    def __init__(self, connection, greeting):
        self.socket, self.greeting, self.data = connection, greeting, b""

    def feed(self):
        """False at the end of the connection."""
        more = self.socket.recv(65536)
        self.data += more
        while len(self.data) >= 12:
            _, kind, _, length, transaction = struct.unpack("!BBHII", self.data[:12])
            if len(self.data) < 12 + length:
                break
            self.data = self.data[12 + length:]
            if kind == 1:
                self.socket.sendall(self.greeting)
            elif kind == 4:
                self.socket.sendall(message(5, transaction))
        return bool(more)


def reflect(raw):
    packet = raw.recv(65535)
    inner = bytearray(packet[(packet[0] & 15) * 4:])
    if inner[28] != 1:
        return
    inner[12:16], inner[16:20] = inner[16:20], inner[12:16]
    inner[26:28] = b"\0\0"
    inner[28] = 2
    raw.sendto(bytes(inner), (socket.inet_ntoa(packet[12:16]), 0))


def serve(network, cell, cn_name, tunnel):
    """Plays until it is killed. tunnel: "yes" (probes come back), "deaf" (they vanish)."""
    far = message(31, 0, cn_field(9, "far", FAR, 7001, cell))
    greetings = {6554: welcome(2, network, "far-mlr") + far, 7001: welcome(1, network, cn_name)}
    listeners, clients = {}, {}
    for port, greeting in greetings.items():
        listener = socket.create_server((FAR, port))
        listeners[listener] = greeting
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
    raw.setsockopt(socket.IPPROTO_IP, 10, 3)  # IP_MTU_DISCOVER, IP_PMTUDISC_PROBE
    print("ready", flush=True)
    while True:
        for ready in select.select([*listeners, *clients, raw], [], [])[0]:
            if ready is raw:
                if tunnel == "yes":
                    reflect(raw)
                else:
                    raw.recv(65535)
            elif ready in listeners:
                connection, _ = ready.accept()
                clients[connection] = Client(connection, listeners[ready])
            elif not clients[ready].feed():
                del clients[ready]
                ready.close()


# ---- the near side


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True,
                          timeout=60 * PATIENCE)


@pytest.fixture
def row():
    """Namespaces near, router, far in a row; tests may lower the MTU of the far link."""
    names = {place: f"tmip-ev{os.getpid()}-{place}" for place in ("near", "router", "far")}
    nets = {place: f"--net=/run/netns/{name}" for place, name in names.items()}

    def inside(place, *words, **options):
        return run("nsenter", nets[place], *words, **options)

    try:
        for name in names.values():
            run("ip", "netns", "add", name)
        inside("near", "ip", "link", "add", "bb0", "type", "veth",
               "peer", "name", "left", "netns", names["router"])
        inside("far", "ip", "link", "add", "bb0", "type", "veth",
               "peer", "name", "right", "netns", names["router"])
        inside("near", "ip", "link", "add", "w0", "type", "veth", "peer", "name", "w1")
        for place, device, addr in (("near", "bb0", NEAR + "/24"), ("near", "w0", CELL + "/24"),
                                    ("near", "w1", None), ("far", "bb0", FAR + "/24"),
                                    ("router", "left", "192.0.2.254/24"),
                                    ("router", "right", "198.51.100.254/24")):
            inside(place, "ip", "link", "set", device, "up")
            if addr:
                inside(place, "ip", "address", "add", addr, "dev", device)
        inside("near", "ip", "route", "add", "default", "via", "192.0.2.254")
        inside("far", "ip", "route", "add", "default", "via", "198.51.100.254")
        inside("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        yield types.SimpleNamespace(nets=nets, inside=inside)
    finally:
        for name in names.values():
            run("ip", "netns", "delete", name, check=False)


@pytest.fixture
def far(row):
    """Starts the far side: far(network, cell=, cn_name=, tunnel=)."""
    started = []

    def start(network="evalnet", cell="10.8.0.0", cn_name="far", tunnel="yes"):
        words = [sys.executable, __file__, "serve", network, cell, cn_name, tunnel]
        process = subprocess.Popen(["nsenter", row.nets["far"], *words],
                                   stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"

    yield start
    for process in started:
        process.kill()
        process.wait()


def evaluate(row, tmp_path, *more, **changes):
    """The exit status and the checks as {(check, subject): check}."""
    values = {"mlr": FAR, "cn_name": "near", "cn_if": "bb0", "mobile_if": "w0",
              "network_name": "evalnet", "addr_pool": "w0 * *", "run_dir": str(tmp_path), **changes}
    config = tmp_path / "tmipd.rc"
    config.write_text("".join(f"{key} {value}\n" for key, value in values.items() if value))
    done = row.inside("near", AGENT, "evaluate", "-f", str(config), "--json", *more, check=False)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    assert report["ok"] == all(check["ok"] for check in report["checks"])
    for check in report["checks"]:
        assert check["ok"] or check["advice"], check
    checks = {(check["check"], check["subject"]): check for check in report["checks"]}
    return done.returncode, checks


def failed(checks):
    return sorted(key for key, check in checks.items() if not check["ok"])


def test_all_is_well(row, far, tmp_path):
    far()
    status, checks = evaluate(row, tmp_path)
    assert failed(checks) == []
    assert status == 0
    assert "epoch 7" in checks["register", FAR + ":6554"]["detail"]
    assert "7001" in checks["CN", "far"]["detail"]
    assert "came back" in checks["tunnel", "far"]["detail"]
    assert checks["MTU", "far"]["detail"].startswith("1500 ")
    for needed in (("kernel", "BTF"), ("backbone", "bb0"), ("cell", "w0"), ("pool", "w0"),
                   ("port", "TCP 6554"), ("setting", "ip_forward")):
        assert needed in checks


def test_tmipd_prints_a_line_per_check(row, far, tmp_path):
    far()
    evaluate(row, tmp_path)
    tmipd = os.path.join(BUILD, "bin", "tmipd")
    done = row.inside("near", tmipd, "-f", str(tmp_path / "tmipd.rc"), "-E", check=False)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert re.fullmatch(r"all \d+ checks passed", lines[-1])
    assert "\033" not in done.stdout


def test_nobody_is_at_the_register(row, tmp_path):
    started = time.monotonic()
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    assert failed(checks) == [("register", FAR + ":6554")]
    check = checks["register", FAR + ":6554"]
    assert "refused" in check["detail"] and "start mlrd" in check["advice"]
    assert time.monotonic() - started < 10 * PATIENCE


def test_register_of_another_network(row, far, tmp_path):
    far(network="othernet")
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    check = checks["register", FAR + ":6554"]
    assert "evalnet" in check["detail"] and "othernet" in check["detail"]
    assert "same network_name" in check["advice"]


def test_register_is_a_cn(row, far, tmp_path):
    far()
    status, checks = evaluate(row, tmp_path, mlr=FAR + ":7001")
    assert status == 1
    assert "not a register" in checks["register", FAR + ":7001"]["detail"]


def test_tunnel_packets_vanish(row, far, tmp_path):
    far(tunnel="deaf")
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    assert failed(checks) == [("tunnel", "far")]
    assert "protocol 4" in checks["tunnel", "far"]["advice"]


def test_a_link_of_the_way_has_a_small_mtu(row, far, tmp_path):
    row.inside("router", "ip", "link", "set", "right", "mtu", "1400")
    row.inside("far", "ip", "link", "set", "bb0", "mtu", "1400")
    far()
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    assert failed(checks) == [("MTU", "far")]
    assert "1400 do" in checks["MTU", "far"]["detail"]


def test_another_cn_has_our_subnet(row, far, tmp_path):
    far(cell="10.9.0.0")
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    assert failed(checks) == [("cell", "w0")]
    assert "10.9.0.0/24 of CN far" in checks["cell", "w0"]["detail"]


def test_another_cn_answers_there(row, far, tmp_path):
    far(cn_name="stranger")
    status, checks = evaluate(row, tmp_path)
    assert status == 1
    assert failed(checks) == [("CN", "far")]
    assert "stranger" in checks["CN", "far"]["detail"]


def test_interfaces_and_pools(row, tmp_path):
    _, checks = evaluate(row, tmp_path, cn_if="bb9")
    assert ("backbone", "bb9") in failed(checks)
    _, checks = evaluate(row, tmp_path, mobile_if="w9", addr_pool="w9 * *")
    assert ("cell", "w9") in failed(checks)
    _, checks = evaluate(row, tmp_path, mobile_if="w1", addr_pool=None)
    assert "no IPv4 address" in checks["cell", "w1"]["detail"]
    _, checks = evaluate(row, tmp_path, addr_pool="w0 10.9.1.1 10.9.1.9")
    assert ("pool", "w0") in failed(checks)
    _, checks = evaluate(row, tmp_path, tunnel_addr="203.0.113.9")
    assert "not an address of this machine" in checks["backbone", "bb0"]["detail"]
    row.inside("near", "ip", "link", "set", "w0", "down")
    _, checks = evaluate(row, tmp_path)
    assert "down" in checks["cell", "w0"]["detail"]


def test_rules_that_packets_pass_by(row, far, tmp_path):
    """NAT rules, and settings that let packets bypass them, make warnings.

    They are no failures, as the rules may concern other packets.
    """
    far()

    def warned(**changes):
        status, checks = evaluate(row, tmp_path, **changes)
        assert status == 0
        return {subject: check["detail"] for (what, subject), check in checks.items()
                if what == "NAT"}

    assert warned(fastpath="home") == {}
    row.inside("near", "nft", "add table inet t; "
               "add chain inet t out { type nat hook postrouting priority 100; }; "
               "add chain inet t in { type nat hook prerouting priority -100; }; "
               "add rule inet t in tcp dport 1 redirect")
    assert warned(fastpath="home") == {}  # no rules there, and none for sources elsewhere
    row.inside("near", "nft", "add rule inet t out oifname bb0 masquerade")
    told = warned()
    assert list(told) == ["route_optimisation"]
    what = "warning: rules of t out do not see packets between two stations"
    assert told["route_optimisation"].startswith(what)
    assert set(warned(fastpath="home")) == {"fastpath", "route_optimisation"}
    assert set(warned(fastpath="home", route_optimisation="off")) == {"fastpath"}
    assert warned(route_optimisation="off") == {}


def test_mistakes_of_the_configuration_are_checks(row, tmp_path):
    status, checks = evaluate(row, tmp_path, tunnel_ttl="many", colour="red")
    assert status == 1
    done = row.inside("near", AGENT, "evaluate", "-f", str(tmp_path / "tmipd.rc"), check=False)
    assert done.stdout.count("FAIL") == 2
    assert "tmipd.rc:9" in done.stdout


def test_missing_rights(row, tmp_path):
    evaluate(row, tmp_path)
    done = row.inside("near", "setpriv", "--bounding-set=-all", "--inh-caps=-all", AGENT,
                      "evaluate", "-f", str(tmp_path / "tmipd.rc"), "--json", check=False)
    checks = {(check["check"], check["subject"]): check
              for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert ("kernel", "BPF programs") in failed(checks)
    assert "run as root" in checks["kernel", "BPF programs"]["advice"]


if __name__ == "__main__" and sys.argv[1:2] == ["serve"]:
    serve(*sys.argv[2:])
