# SPDX-License-Identifier: BSD-2-Clause
"""The worlds' view of the operating system: commands, network namespaces, processes with a log,
waiting, and the removal of what a killed run left behind. Nothing here knows of TMip.
"""
import contextlib
import ctypes
import fcntl
import glob
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

PIN_ROOT = "/sys/fs/bpf"
# How many times slower than a real machine this one is. The emulated machine of tests/vm sets it.
PATIENCE = float(os.environ.get("TMIP_PATIENCE", "1"))
LIBC = ctypes.CDLL(None, use_errno=True)
SIOCGIFFLAGS, IFF_UP, IFF_RUNNING = 0x8913, 0x1, 0x40


class WorldError(AssertionError):
    """Something in a world went wrong. The text says what, with the output of the programs."""


def run(*words, check=True, timeout=60, **options):
    """Runs a command to its end. With check, a failure raises a WorldError with its output."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout * PATIENCE,
                          check=False, **options)
    if check and done.returncode:
        text = f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
        raise WorldError(text.rstrip())
    return done


def wait_for(condition, what, seconds=5.0, every=0.01):
    """Returns the first true value of condition(). After the deadline it raises a WorldError, which
    names `what` and the last error of the condition.
    """
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
            why = f"; last: {last}" if last else ""
            raise WorldError(f"waited {seconds:g} s in vain for {what}{why}")
        time.sleep(every * PATIENCE)


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{value}\n")


def ip_batch(lines):
    """Runs many ip(8) commands in one process, in the namespace of the caller."""
    run("ip", "-batch", "-", input="\n".join(lines) + "\n")


def enter(path):
    """Moves the calling thread into the network namespace with that path."""
    with open(path, encoding="ascii") as there:
        if LIBC.setns(there.fileno(), 0):
            raise OSError(ctypes.get_errno(), f"setns {path}")


def link_flags(control, name):
    request = struct.pack("40s", name.encode())
    return struct.unpack_from("16xH", fcntl.ioctl(control, SIOCGIFFLAGS, request))[0]


class Namespace:
    """A network namespace. The world's batch makes it; the world deletes it."""

    def __init__(self, prefix, place):
        self.place, self.name = place, f"{prefix}-{place}"
        self.path = f"/run/netns/{self.name}"

    @contextlib.contextmanager
    def inside(self):
        """Moves the calling thread into this namespace for a while: the sockets that it opens, the
        processes that it starts, and /proc/sys/net belong to the namespace.
        """
        with open("/proc/thread-self/ns/net", encoding="ascii") as home:
            enter(self.path)
            try:
                yield
            finally:
                LIBC.setns(home.fileno(), 0)

    def run(self, *words, **options):
        with self.inside():
            return run(*words, **options)

    def configure(self, ip_lines, shell="", ipv6=False):
        """Sets up the namespace: shell commands, then ip(8) commands."""
        with self.inside():
            for who in () if ipv6 else ("all", "default"):
                path = f"/proc/sys/net/ipv6/conf/{who}/disable_ipv6"
                if os.path.exists(path):
                    write(path, 1)
            if shell:
                run("sh", "-e", "-c", shell)
            ip_batch(["link set lo up", *ip_lines])

    def sysctl(self, name, value=None):
        """Reads, or writes and reads, a setting such as net.ipv4.ip_forward."""
        path = "/proc/sys/" + name.replace(".", "/")
        with self.inside():
            if value is not None:
                write(path, value)
            with open(path, encoding="ascii") as file:
                return file.read().strip()

    def socket(self, *arguments):
        """A socket that lives in this namespace."""
        with self.inside():
            return socket.socket(*arguments)

    def wait_links(self, *names, seconds=15):
        """Waits until the links with these names pass packets; without names, all that are up.

        When the other end of a link comes up later, the kernel activates the queue of the link some
        time after that, and loses packets until then.
        """
        def active():
            with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                flags = [link_flags(control, name) for name in names or self.links_by_name()]
            return all(flag & IFF_RUNNING or not flag & IFF_UP for flag in flags)

        wait_for(active, f"the links of {self.place} to work", seconds)

    def links_by_name(self):
        """{name: ifindex} of all its links."""
        with self.inside():
            return {name: index for index, name in socket.if_nameindex()}

    def ifindex(self, device):
        with self.inside():
            return socket.if_nametoindex(device)


class Links:
    """Sets masters of links in one namespace, each by one netlink message, and waits for the
    kernel's acknowledgement.
    """

    RTM_SETLINK, REQUEST_ACK, IFLA_MASTER = 19, 0x5, 10

    def __init__(self, namespace):
        self.socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.settimeout(5 * PATIENCE)

    def set_master(self, ifindex, master):
        """Makes `master` the bridge of a link; 0 takes the link out of its bridge."""
        body = struct.pack("=BxHiII", 0, 0, ifindex, 0, 0)
        body += struct.pack("=HHI", 8, self.IFLA_MASTER, master)
        head = struct.pack("=IHHII", 16 + len(body), self.RTM_SETLINK, self.REQUEST_ACK, 1, 0)
        self.socket.send(head + body)
        answer = self.socket.recv(4096)
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise WorldError(f"link {ifindex} does not get master {master}: {os.strerror(-error)}")

    def close(self):
        self.socket.close()


class Program:
    """A process inside a namespace. It has a session of its own, so that the terminal's Ctrl-C does
    not reach it.

    Its standard input is a pipe that stays open: programs in the foreground read commands from it.
    Its output goes to the file `log`.
    """

    def __init__(self, namespace, words, log, environment=None):
        self.words, self.log = [str(word) for word in words], log
        variables = {**os.environ, **environment} if environment else None
        with open(log, "ab") as out, namespace.inside():
            self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=out,
                                            stderr=out, start_new_session=True, env=variables)
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
        """Writes a line to the standard input of the process."""
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
        """Kills the process with SIGKILL, which is like a crash."""
        self.send(signal.SIGKILL)
        self.wait()
        self.process.stdin.close()

    def stop(self, seconds=3, number=signal.SIGTERM):
        """Asks the process to end, and kills it after that time. Returns its exit status."""
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
    """True if a socket in the namespace of the process is bound to that port (and, for TCP,
    listens).
    """
    with open(f"/proc/{pid}/net/{protocol}", encoding="ascii") as table:
        for line in table:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and (protocol == "udp" or words[3] == "0A"):
                return True
    return False


# ---- cleaning up

@contextlib.contextmanager
def undisturbed():
    """Holds SIGINT and SIGTERM back meanwhile. To block them in the main thread is not enough:
    another thread takes them then, and Python's handlers run in the main thread all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held, handlers = [], {}
    for number in (signal.SIGINT, signal.SIGTERM):
        handlers[number] = signal.signal(number, lambda number, _: held.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in held[:1]:
            signal.raise_signal(number)


def processes_in(*paths):
    """Pids of the processes in the network namespaces with these paths."""
    wanted = set()
    for path in paths:
        with contextlib.suppress(OSError):
            wanted.add(os.stat(path).st_ino)
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/net").st_ino in wanted:
                found.append(int(pid))
    return found


def end_processes(paths, seconds=2):
    """Kills all processes in the namespaces with these paths, and waits until they are gone."""
    end = time.monotonic() + seconds
    while True:
        left = processes_in(*paths)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not left or time.monotonic() > end:
            return
        time.sleep(0.01)


def remove_all(prefix):
    """Removes all namespaces, pins and folders whose names begin with `prefix`-, and kills the
    processes in these namespaces.
    """
    paths = glob.glob(f"/run/netns/{prefix}-*")
    if paths:
        end_processes(paths)
        lines = "".join(f"netns delete {os.path.basename(path)}\n" for path in paths)
        run("ip", "-force", "-batch", "-", input=lines, check=False)
    shutil.rmtree(f"{PIN_ROOT}/{prefix}", ignore_errors=True)
    for folder in glob.glob(f"{tempfile.gettempdir()}/{prefix}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers():
    """Removes what worlds of dead processes left behind. Its names are tmip-wPIDxNUMBER-..., see
    World.
    """
    found = set()
    folders = ("/run/netns", PIN_ROOT, tempfile.gettempdir())
    for path in [path for folder in folders for path in glob.glob(f"{folder}/tmip-w*")]:
        match = re.match(r"(tmip-w(\d+)x\d+)(-|$)", os.path.basename(path))
        if match and not os.path.exists(f"/proc/{match[2]}"):
            found.add(match[1])
    for prefix in found:
        remove_all(prefix)
