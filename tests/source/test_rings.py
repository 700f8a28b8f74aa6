# SPDX-License-Identifier: BSD-2-Clause
"""tests/rings.py with a make that only prints what the real one would."""
import os
import signal
import subprocess
import sys
import time

import pytest

RINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rings.py")
MAKE = """#!/bin/sh
for word; do case $word in check-*|fuzz|PART=*|AGAIN=*) line="$line $word" ;; esac; done
echo "$line" >> calls
case $line in
{cases}
esac
"""
GOOD = {"check-build": "", "check-source": "echo '1 passed in 0.10s'",
        "check-unit": "echo '[  PASSED  ] 2 test(s).'",
        "check-bpf": "echo '[  PASSED  ] 3 test(s).'",
        "fuzz": "echo 'stat::number_of_executed_units: 9'",
        "check-sanitized": "echo '[  PASSED  ] 5 test(s).'",
        "check-netns PART=busy": "echo '== 4 passed, 1 skipped in 9.00s (0:00:09) =='",
        "check-netns PART=quiet": "echo '2 passed in 1.00s'",
        "check-vm": "echo '3 passed in 1.00s'"}


@pytest.fixture
def start(tmp_path):
    """start({make's arguments: what it does}) starts rings.py with these over the good ones."""
    if os.geteuid():
        pytest.skip("rings that need root are skipped without")
    (tmp_path / "tests/vm").mkdir(parents=True)
    for name in ("make", "tests/vm/prepare"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="ascii")
        (tmp_path / name).chmod(0o755)

    def run(changes, **environment):
        cases = "".join(f"' {words}') {action} ;;\n"
                        for words, action in {**GOOD, **changes}.items())
        (tmp_path / "make").write_text(MAKE.format(cases=cases), encoding="ascii")
        return subprocess.Popen([sys.executable, "-B", RINGS], cwd=tmp_path, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
                                     "VM": "1", **environment})
    return run


def result(process):
    """(exit status, {ring: what the summary says of it}, last line)."""
    lines = process.communicate(timeout=60)[0].splitlines()
    table = lines[lines.index("ring       passed  failed  skipped") + 1:]
    rings = {line.split()[0]: line.split()[1:] for line in table if line}
    return process.returncode, rings, lines[-1]


def test_all_pass(start, tmp_path):
    status, rings, last = result(start({}))
    assert (status, last) == (0, "21 passed, 0 failed, 1 skipped")
    assert rings["netns"][:3] == ["6", "0", "1"] and rings["fuzz"][:3] == ["1", "0", "0"]
    calls = (tmp_path / "calls").read_text(encoding="ascii").splitlines()
    assert calls[0] == " check-build" and calls[-1] == " check-netns PART=quiet"


@pytest.mark.parametrize("target, action, ring", [
    ("check-unit", "exit 2", "unit"),
    ("check-bpf", "printf '[  FAILED  ] 1 test(s), listed below:\\n[  FAILED  ] it\\n'; exit 2",
     "bpf"),
    ("fuzz", "echo '==7==ERROR: libFuzzer: deadly signal'; exit 2", "fuzz"),
    ("check-sanitized", "echo '==7==ERROR: LeakSanitizer: detected memory leaks'; exit 2",
     "sanitized"),
    ("check-netns PART=busy", "exit 4", "netns"),
    ("check-netns PART=quiet", "exit 4", "netns"),
    ("check-vm", "exit 1", "vm"),
])
def test_ring_fails(start, target, action, ring):
    status, rings, last = result(start({target: action}))
    assert status == 1 and rings[ring][1] == "1" and ", 1 failed, " in last


def test_does_not_build(start):
    status, rings, last = result(start({"check-build": "echo wrong; exit 2"}))
    assert (status, last) == (1, "0 passed, 1 failed, 0 skipped") and "build" in rings


@pytest.mark.parametrize("failed, repeated", [(5, True), (6, False)])
def test_few_that_fail_in_worlds_are_repeated(start, tmp_path, failed, repeated):
    status, rings, _ = result(start({
        "check-netns PART=busy": f"echo '{failed} failed, 1 passed in 2.00s'; exit 1",
        "check-netns AGAIN=1": "echo '1 failed, 4 passed in 1.00s'; exit 1"}))
    calls = (tmp_path / "calls").read_text(encoding="ascii").splitlines()
    assert status == 1 and (" check-netns AGAIN=1" in calls) is repeated
    assert rings["netns"][:2] == (["7", "1"] if repeated else ["3", "6"])
    assert ("repeated," in rings["netns"]) is repeated


def test_what_cannot_be_started_fails(start, tmp_path):
    process = start({})
    (tmp_path / "tests/vm/prepare").unlink()
    assert "tests/vm/prepare" in process.communicate(timeout=60)[0] and process.returncode == 1


def test_without_vm(start):
    status, rings, last = result(start({}, VM="0"))
    assert (status, last) == (0, "18 passed, 0 failed, 2 skipped")
    assert rings["vm"][-1] == "VM=0"


SLOW = """
import os, signal, sys, time

def end(*_):
    time.sleep(1)
    open("ended", "w").close()
    sys.exit()

signal.signal(signal.SIGTERM, end)
with open("pid.new", "w") as file:
    file.write(str(os.getpid()))
os.rename("pid.new", "pid")
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted(start, tmp_path, number):
    """All ends, also what does so in its own time."""
    (tmp_path / "slow.py").write_text(SLOW)  # one process: a child of a shell could miss the signal
    process = start({"check-vm": f"exec {sys.executable} slow.py"})
    end = time.monotonic() + 30
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130 and "interrupted" in said
    assert (tmp_path / "ended").exists()
