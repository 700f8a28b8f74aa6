# SPDX-License-Identifier: BSD-2-Clause
"""Builds, runs the rings of tests, and sums up. tests/run starts this in the top folder.

Rings that need no quiet machine run side by side, in lanes; then come, one after the other, the
tests that need one, and what failed in a world and is repeated. A ring's output appears when it has
ended, and is in build/tests/RING.log. A ring that cannot run here is skipped, with the reason, and
never counts as passed. The last line is `N passed, N failed, N skipped'; the exit status is 0 if
nothing failed. SIGTERM and Ctrl-C end all that runs.

FUZZ_SECONDS=n is for each fuzzer; VM=0 leaves out the ring in the VM.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time

LOGS = "build/tests"
MAKE = ["make", "--no-print-directory"]
PYTHON = "PYTHON=env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
REPEATED = 5  # tests that failed in worlds of many processes; more are no accident
LAST_SECONDS = 60  # for all that runs to end when it is told to
LEFT_OUT = re.compile(rb"# Uses: |^###### ")  # a fuzzer's remarks


# ---- what the tools print

class Counts:
    """Tests that passed, failed and were skipped."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self


def number_before(words, line):
    """Sum of the numbers before these words in a line."""
    return sum(int(found) for found in re.findall(rf"(\d+) (?:{words})", line))


def count(text):
    """The Counts of what cmocka, pytest and the fuzzers printed."""
    found, broken = Counts(), False
    for line in text.splitlines():
        if line.startswith("[  PASSED  ] "):
            found.passed += number_before("test", line)
        elif line.startswith("[  FAILED  ] ") and line.endswith(" listed below:"):
            found.failed += number_before("test", line)
        elif line.startswith("[  SKIPPED ] ") and line.endswith(" listed below:"):
            found.skipped += number_before("test", line)
        elif re.match(r"(=+ .*|\d+ [a-z]+.*) in [0-9.]+s", line):
            found.passed += number_before("passed", line)
            found.failed += number_before("failed|error", line)
            found.skipped += number_before("skipped", line)
        elif line.startswith("stat::number_of_executed_units"):
            found.passed += 1
        elif re.match(r"==\d+==ERROR|SUMMARY: (libFuzzer|.*Sanitizer)|.*: runtime error: ", line):
            broken = True
    found.failed += broken
    return found


# ---- processes

def works(*words):
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


class Runner:
    """Runs commands, each in a process group of its own, until it is told to end."""

    def __init__(self):
        self.lock, self.running, self.ending = threading.Lock(), set(), False

    def run(self, words, log):
        """Runs a command to its end. Returns its exit status; its output is in the file `log`."""
        with self.lock:
            if self.ending:
                return 1
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            self.running.add(process)
        with process.stdout, open(log, "wb") as file:
            for line in process.stdout:
                if not LEFT_OUT.search(line):
                    file.write(line)
        status = process.wait()
        with self.lock:
            self.running.discard(process)
        return status

    def signal(self, name):
        """Sends a signal to all that runs. False: nothing runs any more."""
        with self.lock:
            groups = [f"-{process.pid}" for process in self.running]
        return any([works(*AS_ROOT, "kill", f"-{name}", "--", group) for group in groups])

    def end(self):
        """Ends all that runs, and what would be started."""
        with self.lock:
            self.ending = True
            if not self.running:
                return
        end = time.monotonic() + LAST_SECONDS
        self.signal("TERM")
        while self.signal("0") and time.monotonic() < end:
            time.sleep(0.1)
        self.signal("KILL")


# ---- rings

class Ring:
    """A ring of tests: make targets with the same outcome, which the summary shows in one line."""

    def __init__(self, name, root=True, low=False):
        self.name, self.root, self.low = name, root, low
        self.counts, self.seconds, self.remark = Counts(), 0, ""
        self.ended, self.skipped = True, None

    def words(self, *arguments):
        """The command line of make. A ring that is low leaves the CPUs to the others."""
        return [*(["nice", "-n", "10"] if self.low else []), *(AS_ROOT if self.root else []),
                *MAKE, PYTHON, *arguments]

    def skip(self, reason):
        self.skipped, self.counts = reason, Counts(skipped=1)

    def run(self, runner, title, log, *arguments):
        """Runs a target, shows what it printed. Returns (exit status, Counts)."""
        start, path = time.monotonic(), f"{LOGS}/{log}.log"
        status = runner.run(self.words(*arguments), path)
        self.seconds += time.monotonic() - start
        if runner.ending:
            return status, Counts()
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        say(f"\n==== {title}\n{text}")
        return status, count(text)

    def test(self, runner, *arguments, part=""):
        """Runs a target whose tests count."""
        if self.skipped:
            return
        name = f"{self.name}-{part}" if part else self.name
        status, counts = self.run(runner, name.replace("-", ", "), name, *arguments)
        if status and not counts.failed:
            counts.failed, self.ended = 1, False
            self.remark += f"; ended with exit status {status}, see {LOGS}/{name}.log"
        self.counts += counts

    def test_again(self, runner, *arguments):
        """Repeats what failed, alone: worlds of many processes share the machine with all else."""
        if not self.ended or not 0 < self.counts.failed <= REPEATED:
            return
        _, counts = self.run(runner, f"{self.name}, those that failed once more",
                             f"{self.name}-again", *arguments, "AGAIN=1")
        self.counts.passed += counts.passed
        self.counts.failed -= counts.passed
        self.remark += f"; {counts.passed} passed only when repeated, see {LOGS}/{self.name}*.log"

    def line(self):
        counts, remark = self.counts, f"{self.seconds:.0f} s{self.remark}"
        if self.skipped:
            remark = f"the whole ring is skipped: {self.skipped}"
        elif not counts.passed + counts.failed + counts.skipped:
            remark += "; no tests"
        return (f"{self.name:9} {counts.passed:7} {counts.failed:7} {counts.skipped:8}   "
                f"{remark}")


printing = threading.Lock()


def say(text):
    with printing:
        print(text, end="" if text.endswith("\n") else "\n", flush=True)


# ---- what stands in the way

def obstacle():
    """Why rings with BPF programs and namespaces cannot run here, or None."""
    with open("/proc/mounts", encoding="utf-8") as file:
        mounted = " /sys/fs/bpf bpf " in file.read()
    if not works(*AS_ROOT, "true"):
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF (/sys/kernel/btf/vmlinux)"
    if not works(*AS_ROOT, "unshare", "-n", "true"):
        return "no network namespace can be made here"
    if not works(*AS_ROOT, "/usr/sbin/bpftool", "prog", "show"):
        return "BPF is not permitted here"
    if not mounted and not works(*AS_ROOT, "mount", "-t", "bpf", "bpf", "/sys/fs/bpf"):
        return "no BPF file system can be mounted at /sys/fs/bpf"
    return None


def vm_obstacle(runner):
    """Why there can be no VM, or None. Fetches what it needs."""
    if os.environ.get("VM") == "0":
        return "VM=0"
    if not works(*AS_ROOT, "true"):
        return "needs root"
    log = f"{LOGS}/vm-prepare.log"
    if runner.run(["tests/vm/prepare"], log) == 0:
        return None
    with open(log, encoding="utf-8", errors="replace") as file:
        return (file.read().splitlines() or ["tests/vm/prepare failed"])[-1]


# ---- all of it

class Lane(threading.Thread):
    """Does one thing beside others."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.error = work, None
        self.start()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def wait(self):
        self.join()
        if self.error:
            raise self.error


class Rings:
    def __init__(self, runner):
        self.runner = runner
        self.source, self.unit, self.fuzz = (Ring(name, root=False)
                                             for name in ("source", "unit", "fuzz"))
        self.bpf, self.sanitized, self.netns = map(Ring, ("bpf", "sanitized", "netns"))
        self.vm = Ring("vm", low=True)
        self.all = [self.source, self.unit, self.fuzz, self.bpf, self.sanitized, self.netns,
                    self.vm]

    def test_small(self):
        self.source.test(self.runner, "check-source")
        self.unit.test(self.runner, "check-unit")
        self.bpf.test(self.runner, "check-bpf")
        self.fuzz.test(self.runner, "fuzz")
        self.sanitized.test(self.runner, "check-sanitized")

    def test_worlds(self):
        self.netns.test(self.runner, "check-netns", "PART=busy")

    def test_vm(self):
        reason = vm_obstacle(self.runner)
        if reason:
            self.vm.skip(reason)
        self.vm.test(self.runner, "check-vm")

    def run(self):
        reason = obstacle()
        for ring in (self.bpf, self.sanitized, self.netns) if reason else ():
            ring.skip(reason)
        say("==== side by side; what each prints appears when it has ended")
        for lane in [Lane(self.test_small), Lane(self.test_worlds), Lane(self.test_vm)]:
            lane.wait()
        self.netns.test(self.runner, "check-netns", "PART=quiet", part="quiet")
        self.netns.test_again(self.runner, "check-netns")
        self.vm.test_again(self.runner, "check-vm")


def build(runner):
    """Whether all could be built. Says so."""
    log, jobs = f"{LOGS}/build.log", os.cpu_count() or 1
    say("==== build")
    if runner.run([*MAKE, f"-j{jobs}", "check-build"], log) == 0:
        say(f"done, see {log}")
        return True
    with open(log, encoding="utf-8", errors="replace") as file:
        say(file.read())
    return False


def sum_up(rings, seconds):
    """Prints the summary. Returns the exit status."""
    total = Counts()
    for ring in rings:
        total += ring.counts
    lines = [f"{'ring':9} {'passed':>7} {'failed':>7} {'skipped':>8}",
             *(ring.line() for ring in rings), "", f"{seconds:.0f} s in all",
             f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped"]
    say("\n" + "\n".join(lines))
    with open(f"{LOGS}/summary", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return 1 if total.failed else 0


def interrupted(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    os.makedirs(LOGS, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    start, runner = time.monotonic(), Runner()
    rings = Rings(runner)
    try:
        if build(runner):
            rings.run()
            return sum_up(rings.all, time.monotonic() - start)
    except KeyboardInterrupt:
        say("\ninterrupted: what runs is ended")
        return 130
    finally:
        runner.end()
    failed = Ring("build")
    failed.counts.failed, failed.remark = 1, "; does not build"
    return sum_up([failed], time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
