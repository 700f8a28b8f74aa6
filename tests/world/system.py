# SPDX-License-Identifier: BSD-2-Clause
"""What the worlds need of the system: commands, network namespaces, processes with a log, waiting, and cleaning up
behind a run that was killed. Nothing here knows TMip.
"""
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PIN_ROOT = "/sys/fs/bpf"
PATIENCE = float(os.environ.get("TMIP_PATIENCE", "1"))  # how much slower than a machine this one is: an emulated one says so
QUIET = """for f in /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6; do
[ -e $f ] && echo 1 > $f; done; """


class WorldError(AssertionError):
    """Something in a world did not go as it should; the text says what, with what was printed about it."""


def run(*words, check=True, timeout=60, **options):
    """Runs a command to its end. With check, a failure is a WorldError with its output."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout * PATIENCE, check=False, **options)
    if check and done.returncode:
        raise WorldError(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
    return done


def wait_for(condition, what, seconds=5.0, every=0.01):
    """The first true value of condition(), or a WorldError that names what did not come. What it raises is told, too."""
    seconds *= PATIENCE
    end, last = time.monotonic() + seconds, None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = None
        except (OSError, ValueError, LookupError, WorldError) as error:
            last = error
        if time.monotonic() >= end:
            raise WorldError(f"waited {seconds:g} s in vain for {what}" + (f"; last: {last}" if last else ""))
        time.sleep(every)


def ip_batch(lines):
    """Many ip(8) commands in one process, in the namespace of the caller."""
    run("ip", "-batch", "-", input="\n".join(lines) + "\n")


class Namespace:
    """A network namespace: made by the world's batch, deleted by the world."""

    def __init__(self, prefix, place):
        self.place, self.name = place, f"{prefix}-{place}"
        self.path = f"/run/netns/{self.name}"
        self.enter = ["nsenter", f"--net={self.path}"]

    def run(self, *words, **options):
        return run(*self.enter, *words, **options)

    def configure(self, ip_lines, shell="", ipv6=False):
        """One process that sets up the namespace: shell commands, then ip(8) commands."""
        script = ("" if ipv6 else QUIET) + shell + "\nexec ip -batch -"
        self.run("sh", "-e", "-c", script, input="\n".join(["link set lo up", *ip_lines]) + "\n")

    def sysctl(self, name, value=None):
        """Reads, or writes and reads, a setting such as net.ipv4.ip_forward."""
        path = "/proc/sys/" + name.replace(".", "/")
        script = f"cat {path}" if value is None else f"echo {value} > {path}; cat {path}"
        return self.run("sh", "-e", "-c", script).stdout.strip()

    def socket(self, *arguments):
        """A socket that lives in this namespace; the calling thread comes back from there at once."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", encoding="ascii") as home, open(self.path, encoding="ascii") as there:
            if libc.setns(there.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"setns {self.path}")
            try:
                return socket.socket(*arguments)
            finally:
                libc.setns(home.fileno(), 0)

    def wait_links(self, seconds=15):
        """Waits until every link that is up passes packets: the kernel activates the queue of a link whose other end came up
        later in its own time, and loses packets until then."""
        def active():
            links = [link for link in json.loads(self.run("ip", "-j", "link").stdout) if "UP" in link["flags"]]
            return all(link["operstate"] in ("UP", "UNKNOWN") for link in links)

        wait_for(active, f"the links of {self.place} to work", seconds)

    def ifindex(self, device):
        return int(self.run("ip", "-o", "link", "show", device).stdout.split(":")[0])


class Links:
    """Sets masters of links in one namespace, each by a single netlink message whose acknowledgement is awaited."""

    RTM_SETLINK, REQUEST_ACK, IFLA_MASTER = 19, 0x5, 10

    def __init__(self, namespace):
        self.socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.settimeout(5)

    def set_master(self, ifindex, master):
        """master 0 takes the link out of its bridge."""
        body = struct.pack("=BxHiII", 0, 0, ifindex, 0, 0) + struct.pack("=HHI", 8, self.IFLA_MASTER, master)
        self.socket.send(struct.pack("=IHHII", 16 + len(body), self.RTM_SETLINK, self.REQUEST_ACK, 1, 0) + body)
        answer = self.socket.recv(4096)
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise WorldError(f"link {ifindex} does not get master {master}: {os.strerror(-error)}")

    def close(self):
        self.socket.close()


class Program:
    """A process inside a namespace, in a session of its own so that the terminal's Ctrl-C does not reach it.

    Its standard input is a pipe that stays open (programs in the foreground take commands from it); what it prints
    goes to the file `log`.
    """

    def __init__(self, namespace, words, log, environment=None):
        self.words, self.log = [str(word) for word in words], log
        with open(log, "ab") as out:
            self.process = subprocess.Popen([*namespace.enter, *self.words], stdin=subprocess.PIPE, stdout=out, stderr=out,
                                            start_new_session=True, env={**os.environ, **environment} if environment else None)
        self.pid = self.process.pid

    def __repr__(self):
        return f"{os.path.basename(self.words[0])} ({self.pid})"

    @property
    def alive(self):
        return self.process.poll() is None

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def command(self, line):
        """A line for its standard input."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def send(self, number):
        if self.alive:
            self.process.send_signal(number)

    def wait(self, seconds=10):
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise WorldError(f"{self} has not ended within {seconds} s") from None

    def kill(self):
        """kill -9, like a crash."""
        self.send(signal.SIGKILL)
        self.wait()
        self.process.stdin.close()

    def stop(self, seconds=3, number=signal.SIGTERM):
        """Asks it to end and waits; kills it after that time. Returns its exit status."""
        self.send(number)
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.process.returncode


def listens(pid, port, protocol="tcp"):
    """Whether a socket is bound to that port in the namespace of the process (for TCP: listens)."""
    with open(f"/proc/{pid}/net/{protocol}", encoding="ascii") as table:
        for line in table:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and (protocol == "udp" or words[3] == "0A"):
                return True
    return False


# ---- cleaning up

def processes_in(path):
    """Pids of the processes in the network namespace with that path."""
    try:
        wanted = os.stat(path).st_ino
    except OSError:
        return []
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}/ns/net").st_ino == wanted:
                found.append(int(pid))
        except OSError:
            pass
    return found


def end_processes(path, seconds=2):
    """Kills what still runs in the namespace with that path, and waits until it is gone."""
    end = time.monotonic() + seconds
    while True:
        left = processes_in(path)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not left or time.monotonic() > end:
            return
        time.sleep(0.01)


def remove_all(prefix):
    """Processes in namespaces, namespaces, pins and folders with names that begin with `prefix`-."""
    paths = glob.glob(f"/run/netns/{prefix}-*")
    for path in paths:
        end_processes(path)
    if paths:
        lines = "".join(f"netns delete {os.path.basename(path)}\n" for path in paths)
        run("ip", "-force", "-batch", "-", input=lines, check=False)
    shutil.rmtree(f"{PIN_ROOT}/{prefix}", ignore_errors=True)
    for folder in glob.glob(f"{tempfile.gettempdir()}/{prefix}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers():
    """What worlds of dead processes left behind. Names are tmip-wPIDxNUMBER-..., see World."""
    found = set()
    for path in [path for folder in ("/run/netns", PIN_ROOT, tempfile.gettempdir()) for path in glob.glob(f"{folder}/tmip-w*")]:
        match = re.match(r"(tmip-w(\d+)x\d+)(-|$)", os.path.basename(path))
        if match and not os.path.exists(f"/proc/{match[2]}"):
            found.add(match[1])
    for prefix in found:
        remove_all(prefix)
