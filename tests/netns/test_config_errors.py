# SPDX-License-Identifier: BSD-2-Clause
"""Bad input to the real programs: each case has a clear message, an exit status other than 0, and
leaves nothing behind.

"Nothing" covers pins, kernel settings, routes, pid files, sockets and processes. A mount namespace,
a user without capabilities, and a folder that is no BPF file system stand in for kernels without
BTF, rights or BPF.
"""
import os
import shutil
import signal
import subprocess
import time
import types

import pytest

import world.system
from world import PATIENCE

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
AGENT, TMIPD, MLRD = (os.path.join(BUILD, "bin", name) for name in ("tmip-agent", "tmipd", "mlrd"))
NAME = f"tmip-ce{os.getpid()}"
PINS = f"/sys/fs/bpf/{NAME}"
SETTINGS = ("ip_forward", "conf/all/rp_filter", "conf/w0/rp_filter", "conf/w0/forwarding",
            "conf/w0/proxy_arp", "conf/w0/send_redirects", "conf/bb0/rp_filter",
            "conf/bb0/forwarding", "conf/bb0/send_redirects")
# Says "ready" when it holds the port.
HOLD_PORT = """import socket, time
s = socket.create_server((%r, 6554))
print('ready', flush=True)
time.sleep(60)"""


def run(*words, check=True, **options):
    return subprocess.run(words, check=check, capture_output=True, text=True,
                          timeout=60 * PATIENCE, **options)


def processes_in(net):
    """Pids of the processes in that network namespace."""
    return world.system.processes_in(f"/run/netns/{net}")


@pytest.fixture
def cn(tmp_path):
    """A namespace with a backbone and a cell, and a right configuration without a register."""
    inside = ["nsenter", f"--net=/run/netns/{NAME}"]
    config = {"mlr": "192.0.2.9", "cn_name": "cn1", "cn_if": "bb0", "mobile_if": "w0",
              "network_name": "errors", "addr_pool": "w0 * *", "run_dir": tmp_path / "run",
              "state_dir": tmp_path / "state", "bpf_dir": PINS, "log_file": tmp_path / "log",
              "status_file": tmp_path / "status"}

    def call(*words, prefix=(), **changes):
        path = tmp_path / "tmipd.rc"
        values = {**config, **changes}
        path.write_text("".join(f"{key} {value}\n" for key, value in values.items()
                                if value is not None))
        return run(*inside, *prefix, *words, "-f", str(path), check=False,
                   stdin=subprocess.DEVNULL)

    def state():
        settings = {name: run(*inside, "cat", f"/proc/sys/net/ipv4/{name}").stdout
                    for name in SETTINGS}
        filters = run(*inside, "tc", "filter", "show", "dev", "w0", "ingress").stdout
        return settings, run(*inside, "ip", "route").stdout, filters

    run("ip", "netns", "add", NAME)
    try:
        for device, peer, addr in (("bb0", "bb1", "192.0.2.1/24"),
                                   ("w0", "w1", "10.9.0.1/24")):
            run(*inside, "ip", "link", "add", device, "type", "veth", "peer", "name", peer)
            run(*inside, "ip", "link", "set", peer, "up")
            run(*inside, "ip", "link", "set", device, "up")
            run(*inside, "ip", "address", "add", addr, "dev", device)
        yield types.SimpleNamespace(call=call, state=state, inside=inside, path=tmp_path)
    finally:
        for pid in processes_in(NAME):
            os.kill(pid, signal.SIGKILL)
        run("ip", "netns", "delete", NAME, check=False)
        shutil.rmtree(PINS, ignore_errors=True)


def remains(cn):
    """The files of a running agent that are still there."""
    found = [str(path) for folder in ("run", "state") for path in (cn.path / folder).glob("*")]
    return found + ([PINS] if os.path.isdir(PINS) and any(os.scandir(PINS)) else [])


def refuse(cn, *told, words=(AGENT, "run"), **options):
    """The call fails soon, says all of `told` on stderr, and leaves nothing behind."""
    before = cn.state()
    done = cn.call(*words, **options)
    assert done.returncode == 1, (done.returncode, done.stderr)
    for text in told:
        assert text in done.stderr, done.stderr
    assert cn.state() == before
    assert processes_in(NAME) == []
    assert remains(cn) == []


def test_unknown_directive(cn):
    refuse(cn, "tmipd.rc:12: unknown directive `moble_if'", "`mobile_if'", moble_if="w0")


def test_wrong_type(cn):
    refuse(cn, "tmipd.rc:12: directive `port': `http'", port="http")


def test_all_mistakes_at_once(cn):
    refuse(cn, "tmipd.rc:11: directive `port'", "tmipd.rc:12: directive `fastpath'",
           "directive `mlr' is missing", port="0", fastpath="maybe", mlr=None)


def test_missing_file(cn):
    done = run(*cn.inside, AGENT, "run", "-f", str(cn.path / "none.rc"), check=False)
    assert done.returncode == 1
    assert "none.rc" in done.stderr and "No such file" in done.stderr
    done = run(*cn.inside, TMIPD, "-f", str(cn.path), check=False)
    assert done.returncode == 1
    assert str(cn.path) in done.stderr


def test_file_that_is_no_text(cn):
    path = cn.path / "binary.rc"
    path.write_bytes(b"mlr a\n\0\1\2\n")
    done = run(*cn.inside, AGENT, "run", "-f", str(path), check=False)
    assert done.returncode == 1
    assert "binary.rc:2: NUL byte" in done.stderr


def test_no_cell(cn):
    refuse(cn, "`mobile_if' is missing", mobile_if=None, addr_pool=None)


def is_awaited(cn, words, cell, reason, **options):
    """The agent runs, and says which cell it waits for. It ends without a trace all the same."""
    done = cn.call(*words, mobile_if=cell, **options)
    assert done.returncode == 0, done.stderr
    assert f"{cell} cannot be a cell: {reason}" in done.stderr, done.stderr
    told = cn.call(AGENT, "status", mobile_if=cell, **options).stdout
    assert "awaited" in told and reason in told, told
    done = cn.call(AGENT, "detach", cell, mobile_if=cell, **options)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: processes_in(NAME) == [] and remains(cn) == [], "detach removes everything")


@pytest.mark.parametrize("words", [(AGENT, "run"), (TMIPD,)], ids=["run", "tmipd"])
def test_unknown_cell(cn, words):
    """Its interface may come later."""
    is_awaited(cn, words, "w9", "there is no such interface", addr_pool="w9 * *")


def test_port_as_a_cell(cn):
    """No change of the interface makes that right."""
    run(*cn.inside, "ip", "link", "add", "br0", "type", "bridge")
    run(*cn.inside, "ip", "link", "set", "w1", "master", "br0")
    refuse(cn, "w1 cannot be a cell: it is a port of br0", mobile_if="w1", addr_pool=None)


def test_attach_of_an_unknown_interface(cn):
    refuse(cn, "w9", words=(AGENT, "attach", "w9"))


def test_unknown_backbone(cn):
    refuse(cn, "bb9", cn_if="bb9")


def test_cell_without_address(cn):
    is_awaited(cn, (AGENT, "run"), "w1", "it has no IPv4 address", addr_pool=None)
    refuse(cn, "w1", words=(AGENT, "attach", "w1"))


def test_foreign_tunnel_address(cn):
    refuse(cn, "203.0.113.1", tunnel_addr="203.0.113.1")


def test_pool_outside_the_subnet(cn):
    refuse(cn, "w0", addr_pool="w0 10.99.0.1 10.99.0.9")


def test_port_in_use(cn):
    hold = [*cn.inside, "/usr/bin/python3", "-c", HOLD_PORT % "192.0.2.1"]
    holder = subprocess.Popen(hold, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "ready\n"
        before = cn.state()
        done = cn.call(AGENT, "run")
        assert done.returncode == 1
        assert "6554" in done.stderr and "in use" in done.stderr
        assert cn.state() == before
        assert processes_in(NAME) == [holder.pid]
        assert remains(cn) == []
    finally:
        holder.kill()
        holder.wait()


def test_log_in_a_folder_that_is_not_there(cn):
    refuse(cn, "/none/log", log_file="/none/log")


def test_kernel_without_btf(cn):
    """An empty folder over /sys/kernel/btf stands in for a kernel without BTF."""
    script = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
    hide = ["unshare", "--mount", "sh", "-c", script, "sh"]
    refuse(cn, "BTF", prefix=hide)


def test_pins_outside_a_bpf_file_system(cn):
    refuse(cn, str(cn.path / "pins"), bpf_dir=cn.path / "pins")


def test_no_right_to_use_bpf(cn):
    without = ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin"]
    refuse(cn, "ermi", prefix=without)


def wait_for(condition, what, seconds=15):
    deadline = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def mlrd_config(cn, network, port=6554):
    path = cn.path / "mlrd.rc"
    path.write_text(f"network_name {network}\nport {port}\nrun_dir {cn.path}/mrun\n"
                    f"state_dir {cn.path}/mstate\nlog_file {cn.path}/mlog\n")
    return str(path)


def test_wrong_network_name(cn):
    """The agent says what is wrong and goes on trying: the register may get corrected."""
    run(*cn.inside, "ip", "address", "add", "192.0.2.9/32", "dev", "lo")
    run(*cn.inside, "ip", "link", "set", "lo", "up")
    command = [*cn.inside, MLRD, "-F", "-f", mlrd_config(cn, "another", 7554)]
    mlrd = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        done = cn.call(AGENT, "evaluate", mlr="192.0.2.9:7554")
        wait_for(lambda: "another" in cn.call(AGENT, "evaluate", mlr="192.0.2.9:7554").stdout,
                 "the register answers")
        done = cn.call(AGENT, "evaluate", mlr="192.0.2.9:7554")
        assert done.returncode == 1
        assert "errors" in done.stdout and "same network_name" in done.stdout
        done = cn.call(AGENT, "run", mlr="192.0.2.9:7554")
        wait_for(lambda: "another" in (cn.path / "log").read_text(),
                 "the agent's log names the other network")
        done = cn.call(AGENT, "detach", "--all", mlr="192.0.2.9:7554")
        assert done.returncode == 0, done.stderr
        wait_for(lambda: remains(cn) == [], "detach removes everything")
    finally:
        mlrd.kill()
        mlrd.wait()


def test_second_agent_of_the_network(cn):
    done = cn.call(AGENT, "run")
    assert done.returncode == 0, done.stderr
    first = processes_in(NAME)
    done = cn.call(AGENT, "run")
    assert done.returncode == 1
    assert str(first[0]) in done.stderr
    assert processes_in(NAME) == first
    assert cn.call(AGENT, "status").returncode == 0
    assert cn.call(AGENT, "detach", "--all").returncode == 0
    wait_for(lambda: processes_in(NAME) == [] and remains(cn) == [], "detach removes everything")


def test_reload_of_a_wrong_file_changes_nothing(cn):
    assert cn.call(AGENT, "run").returncode == 0
    done = cn.call(AGENT, "reload", lease_time="soon")
    assert done.returncode == 1
    assert "lease_time" in done.stderr
    assert cn.call(AGENT, "status").returncode == 0
    assert cn.call(AGENT, "detach", "w0").returncode == 0
    wait_for(lambda: processes_in(NAME) == [] and remains(cn) == [], "detach removes everything")


def test_wrong_command_lines(cn):
    for words in ((AGENT, "frobnicate"), (AGENT,), (AGENT, "attach"), (AGENT, "why"),
                  (AGENT, "stations", "-x"), (AGENT, "detach"), (TMIPD, "-x"),
                  (TMIPD, "-E", "-F")):
        done = run(*words, check=False)
        assert done.returncode == 2, words
        assert done.stdout == "" and done.stderr, words
    for words in ((AGENT, "help"), (AGENT, "--help"), (AGENT, "why", "-h"), (AGENT, "version"),
                  (TMIPD, "-h"), (TMIPD, "-V")):
        done = run(*words, check=False)
        assert done.returncode == 0, words
        assert done.stdout and done.stderr == "", words


def test_commands_without_an_agent(cn):
    for words in (("status",), ("stations",), ("peers",), ("why", "10.9.0.5"), ("reload",)):
        done = cn.call(AGENT, *words)
        assert done.returncode == 1
        assert "no agent" in done.stderr


def test_register_port_in_use(cn):
    run(*cn.inside, "ip", "link", "set", "lo", "up")
    hold = [*cn.inside, "/usr/bin/python3", "-c", HOLD_PORT % ""]
    with_port = subprocess.Popen(hold, stdout=subprocess.PIPE, text=True)
    try:
        assert with_port.stdout.readline() == "ready\n"
        done = run(*cn.inside, MLRD, "-f", mlrd_config(cn, "errors"), check=False)
        assert done.returncode == 1
        assert "6554" in done.stderr
    finally:
        with_port.kill()
        with_port.wait()
