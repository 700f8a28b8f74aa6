# SPDX-License-Identifier: BSD-2-Clause
"""Real DHCP clients in a station: Debian's dhclient, udhcpc and dhcpcd. Each has lease, pid and
configuration files of its own, and a script (dhcp-script) that sets address and route in the
station and leaves the machine's resolver alone.
"""
import os
import signal

from .system import Program, wait_for

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dhcp-script")
BOUND = {"BOUND", "RENEW", "REBIND", "REBOOT", "bound", "renew"}


class Client:
    """A DHCP client. events() returns the calls of its script: (reason, address, mask, router,
    server, lease time, name servers with commas between them, domain).
    """

    def __init__(self, station):
        self.station, self.program = station, None
        self.base = os.path.join(station.world.folder, station.place)
        self.events_path, self.log = self.base + ".events", self.base + "-dhcp.output"
        self.environment = {"TMIP_DHCP_EVENTS": self.events_path}

    def events(self):
        try:
            with open(self.events_path, encoding="ascii") as file:
                return [tuple(line.rstrip("\n").split(" ", 7)) for line in file]
        except FileNotFoundError:
            return []

    def words(self):
        raise NotImplementedError

    def start(self, wait=True, seconds=10):
        """Starts the client. With wait, waits until it has an address, and returns that."""
        seen = len(self.events())
        self.program = Program(self.station, self.words(), self.log, environment=self.environment)
        return self.wait_bound(seen, seconds) if wait else None

    def wait_bound(self, seen=0, seconds=10):
        """The address of the first lease, renewal or confirmation after `seen` events."""
        def bound():
            return next((event[1] for event in self.events()[seen:] if event[0] in BOUND), None)

        return wait_for(bound, f"a lease of {self.station.place}", seconds)

    def wait_event(self, reasons, seen=0, seconds=10):
        def come():
            return next((event for event in self.events()[seen:] if event[0] in reasons), None)

        return wait_for(come, f"{' or '.join(reasons)} of {self.station.place}", seconds)

    def kill(self):
        """Ends the client without a word to the server; address and lease file stay."""
        if self.program:
            self.program.kill()

    def restart(self, seconds=10):
        """Starts the client anew, as after a change of the network: the client asks the server to
        confirm the lease that it remembers.
        """
        self.kill()
        return self.start(seconds=seconds)


class Dhclient(Client):
    def __init__(self, station, config=""):
        super().__init__(station)
        with open(self.base + ".conf", "w", encoding="ascii") as file:
            file.write("timeout 10;\nretry 1;\nreboot 3;\n"
                       "select-timeout 0;\ninitial-interval 1;\nbackoff-cutoff 2;\n"
                       "request subnet-mask, routers, domain-name-servers, domain-name;\n" + config)

    def words(self, *more):
        return ["dhclient", "-4", "-v", *(more or ("-d",)), "-cf", self.base + ".conf",
                "-lf", self.base + ".leases", "-pf", self.base + ".pid", "-sf", SCRIPT,
                "-e", f"TMIP_DHCP_EVENTS={self.events_path}", self.station.device]

    def release(self):
        """Gives the lease back. dhclient does that in a new process, which ends the old one."""
        self.station.run(*self.words("-r"))
        self.program.wait()


class Udhcpc(Client):
    def __init__(self, station, options=()):
        super().__init__(station)
        self.options = options

    def words(self):
        return ["udhcpc", "-f", "-i", self.station.device, "-s", SCRIPT, "-p", self.base + ".pid",
                "-t", "8", "-T", "1", "-A", "1", "-R", *self.options, *self.again()]

    def again(self):
        """The words by which a restarted client asks for its old address: udhcpc has no lease file.
        """
        address = next((event[1] for event in reversed(self.events()) if event[0] in BOUND), None)
        return ["-r", address] if address else []

    def renew(self, seconds=10):
        seen = len(self.events())
        self.program.send(signal.SIGUSR1)
        return self.wait_bound(seen, seconds)

    def release(self):
        seen = len(self.events())
        self.program.send(signal.SIGUSR2)
        self.wait_event({"deconfig"}, seen)


class Dhcpcd(Client):
    """Probes an address before it uses it, and defends it (RFC 5227). It sets the address itself,
    and keeps its files where nobody else sees them.
    """

    def words(self):
        hidden = " && ".join(f"mount -t tmpfs none {path}" for path in ("/run", "/var/lib/dhcpcd"))
        return ["unshare", "-m", "sh", "-c", f'{hidden} && exec "$@"', "sh",
                "dhcpcd", "-4", "-B", "-d", "-f", "/dev/null", "-c", SCRIPT,
                "-e", f"TMIP_DHCP_EVENTS={self.events_path}", self.station.device]
