# SPDX-License-Identifier: BSD-2-Clause
"""mlrd against CNs that this file plays itself.

Their MLRP is written from the specification, not from the codec of the program.
"""
import ctypes
import json
import os
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import time
import types

import pytest

from world import PATIENCE

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
MLRD = os.path.join(BUILD, "bin", "mlrd")
NAME = f"tmip-ml{os.getpid()}"
INSIDE = ["nsenter", f"--net=/run/netns/{NAME}"]
SECONDS = 15 * PATIENCE

HELLO, WELCOME, ERROR, PING, PONG = 1, 2, 3, 4, 5
REGISTER, SYNC, ALLOCATE, BIND, CLAIM, HANDOVER, RENEW, RELEASE, DECLINE = range(10, 19)
REGISTERED, CN, SYNC_START, STATION, SYNC_END = range(30, 35)
FREE, OFFERED, BOUND, DECLINED = 1, 2, 3, 4
DYNAMIC, STATIC, RESERVED = 1, 2, 3
E_NETWORK, E_NOT_REGISTERED, E_CONFLICT, E_EXHAUSTED = 3, 4, 5, 6
E_UNKNOWN, E_NOT_IN_POOL, E_STORE, E_REFUSED = 7, 8, 11, 12

# ---- MLRP


def field(number, value):
    return struct.pack("!HH", number, len(value)) + value


def message(kind, transaction, *fields):
    body = b"".join(fields)
    return struct.pack("!BBHII", 1, kind, 0, len(body), transaction) + body


def fields(data):
    """The fields as {number: [value, ...]}."""
    found, at = {}, 0
    while at < len(data):
        number, length = struct.unpack_from("!HH", data, at)
        found.setdefault(number, []).append(data[at + 4:at + 4 + length])
        at += 4 + length
    return found


def address(text):
    return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(text)


def mac(number):
    return b"\2\0\0\0" + struct.pack("!H", number)


def cn_field(name, net, tunnel, first, last, number=0):
    cell = field(1, address(f"10.{net}.0.0") + b"\x18") + field(2, address(f"10.{net}.0.1"))
    if first:
        cell += field(3, address(f"10.{net}.0.{first}")) + field(4, address(f"10.{net}.0.{last}"))
    return field(18, field(1, struct.pack("!I", number)) + field(2, name.encode()) +
                 field(3, address(tunnel)) + field(4, struct.pack("!H", 7001)) +
                 field(5, b"\0") + field(6, cell))


def station(data):
    f = {number: values[0] for number, values in fields(data).items()}
    epoch, seq = struct.unpack("!IQ", f[7])
    parent, current = (struct.unpack("!I", f[number])[0] for number in (5, 6))
    lease_end = struct.unpack("!Q", f[8])[0] if 8 in f else 0
    return types.SimpleNamespace(addr=socket.inet_ntoa(f[1][12:]), mac=f[2], kind=f[3][0],
                                 state=f[4][0], version=(epoch, seq), parent=parent,
                                 current=current, lease_end=lease_end)


CLONE_NEWNET = 0x40000000


def socket_inside():
    """A TCP socket of the test's namespace: a socket stays in the namespace where it was made."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as here, open(f"/run/netns/{NAME}") as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            assert libc.setns(here.fileno(), CLONE_NEWNET) == 0


class Peer:
    """A CN's (or prober's) end of a connection."""

    def __init__(self, port=6554, network="net", name="cn1", role=1):
        self.socket, self.data, self.queue = socket_inside(), b"", []
        self.transaction, self.name = 0, name
        self.socket.settimeout(SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.send(HELLO, field(1, b"\1"), field(2, b"\1"), field(3, bytes([role])),
                  field(4, network.encode()), field(5, name.encode()), transaction=0)
        kind, _, f = self.take()
        self.welcome = f
        self.epoch = struct.unpack("!IQ", f[8][0])[0] if kind == WELCOME else None

    def send(self, kind, *parts, transaction=None):
        if transaction is None:
            self.transaction += 1
            transaction = self.transaction
        self.socket.sendall(message(kind, transaction, *parts))
        return transaction

    def take(self, wait=SECONDS):
        """Returns the next message (kind, transaction, fields), or None when the peer closes."""
        deadline = time.monotonic() + wait
        while True:
            if len(self.data) >= 12:
                _, kind, _, length, transaction = struct.unpack("!BBHII", self.data[:12])
                if len(self.data) >= 12 + length:
                    body, self.data = self.data[12:12 + length], self.data[12 + length:]
                    if kind == PING:
                        self.socket.sendall(message(PONG, transaction))
                        continue
                    return kind, transaction, fields(body)
            left = max(0, deadline - time.monotonic())
            ready = select.select([self.socket], [], [], left)[0]
            assert ready, "no message came"
            more = self.socket.recv(1 << 20)
            if not more:
                return None
            self.data += more

    def ask(self, kind, *parts):
        """Sends, and returns the answer; `queue` keeps the pushes that come before it."""
        transaction = self.send(kind, *parts)
        while True:
            answer = self.take()
            assert answer, "the connection ended"
            if answer[1] == transaction:
                return answer
            self.queue.append(answer)

    def record(self, kind, *parts):
        answered, _, f = self.ask(kind, *parts)
        assert answered == STATION, (answered, f.get(7))
        return station(f[17][0])

    def refused(self, kind, *parts):
        answered, _, f = self.ask(kind, *parts)
        assert answered == ERROR
        return struct.unpack("!H", f[6][0])[0]

    def register(self, net, tunnel=None, first=10, last=20):
        """Registers the CN, and returns its number."""
        self.net = net
        cn = cn_field(self.name, net, tunnel or f"192.0.2.{net}", first, last)
        kind, _, f = self.ask(REGISTER, cn)
        assert kind == REGISTERED, f.get(7)
        self.id = struct.unpack("!I", fields(f[18][0])[1][0])[0]
        return self.id

    def sync(self, version=(0, 0)):
        """Returns (full, {address: record}, version) of a snapshot or delta.

        Each MLRP_CN before its end goes to `queue`.
        """
        self.send(SYNC, field(8, struct.pack("!IQ", *version)))
        full, found = None, {}
        while True:
            kind, _, f = self.take()
            if kind == SYNC_START:
                full = f[14][0][0]
            elif kind == STATION:
                found[station(f[17][0]).addr] = station(f[17][0])
            elif kind == SYNC_END:
                return full, found, struct.unpack("!IQ", f[8][0])
            else:
                self.queue.append((kind, 0, f))

    def allocate(self, number, wish=None):
        subnet = address(f"10.{self.net}.0.0") + b"\x18"
        return self.record(ALLOCATE, field(10, mac(number)), field(13, subnet),
                           *([field(9, address(wish))] if wish else []))

    def bind(self, number, addr, lease=600):
        return self.record(BIND, *self.who(number, addr), field(12, struct.pack("!I", lease)))

    def handover(self, number, addr, version=(0, 0)):
        return self.record(HANDOVER, *self.who(number, addr),
                           field(8, struct.pack("!IQ", *version)))

    @staticmethod
    def who(number, addr):
        return field(10, mac(number)), field(9, address(addr))

    def push(self):
        """The next push of a station."""
        while True:
            kind, transaction, f = self.queue.pop(0) if self.queue else self.take()
            if kind == STATION and not transaction:
                return station(f[17][0])

    def close(self):
        self.socket.close()


# ---- the program


def run(*words, check=True, **options):
    return subprocess.run(words, check=check, capture_output=True, text=True,
                          timeout=60 * PATIENCE, **options)


def wait_for(condition, what, seconds=SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Register:
    def __init__(self, path, network, port):
        self.path, self.network, self.port = path / network, network, port
        self.config = str(path / f"{network}.rc")
        self.log, self.status_file = path / f"{network}.log", path / f"{network}.status"
        self.database = self.path / "state" / f"{network}.mlrd.db"
        self.pid_file = self.path / "run" / f"{network}.mlrd.pid"

    def write(self, *lines, **values):
        values = {"network_name": self.network, "port": self.port, "run_dir": self.path / "run",
                  "state_dir": self.path / "state", "log_file": self.log,
                  "status_file": self.status_file, **values}
        given = [f"{key} {value}" for key, value in values.items() if value is not None]
        with open(self.config, "w") as file:
            file.write("".join(line + "\n" for line in (*given, *lines)))

    def call(self, *words, check=False, **options):
        return run(*INSIDE, MLRD, *words, "-f", self.config, check=check,
                   stdin=subprocess.DEVNULL, **options)

    def start(self):
        done = self.call()
        assert done.returncode == 0, done.stderr
        self.pid = int(self.pid_file.read_text())

    def ask(self, *words):
        """Asks by the socket, as the configuration may be wrong just now."""
        path = self.path / "run" / f"{self.network}.mlrd.sock"
        done = run(*INSIDE, MLRD, *words, "--json", "--socket", str(path))
        return json.loads(done.stdout)

    def alive(self):
        """Also while only its writer thread is left, which keeps its files and locks open."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            return False
        state, threads = fields[0], int(fields[17])
        return state != "Z" or threads > 1

    def end(self, how=signal.SIGTERM):
        if self.pid and self.alive():
            os.kill(self.pid, how)
            wait_for(lambda: not self.alive(), "mlrd ends")

    pid = 0


@pytest.fixture
def net():
    run("ip", "netns", "add", NAME)
    try:
        run(*INSIDE, "ip", "link", "set", "lo", "up")
        yield
    finally:
        run("ip", "netns", "delete", NAME, check=False)


@pytest.fixture
def make(net, tmp_path):
    made = []

    def register(network="net", port=6554, *lines, **values):
        made.append(Register(tmp_path, network, port))
        made[-1].write(*lines, **values)
        return made[-1]

    yield register
    for one in made:
        one.end(signal.SIGKILL)


@pytest.fixture
def mlrd(make):
    register = make()
    register.start()
    return register


# ---- its life


def test_nothing_acknowledged_is_lost(mlrd):
    """kill -9 right after an answer keeps stations, numbers of CNs and the order of epochs."""
    one, two = Peer(name="cn1"), Peer(name="cn2")
    ids = one.register(1), two.register(2)
    bound = {}
    for number in range(1, 8):
        offer = one.allocate(number)
        bound[number] = one.bind(number, offer.addr)
        assert bound[number].state == BOUND and bound[number].current == ids[0]
    released = one.record(RELEASE, *one.who(7, bound[7].addr))
    assert released.state == FREE
    claimed = two.record(CLAIM, *two.who(99, "10.1.0.200"))
    assert (claimed.kind, claimed.parent, claimed.current) == (STATIC, ids[0], ids[1])
    mlrd.end(signal.SIGKILL)

    mlrd.start()
    again = Peer(name="cn2")
    assert again.epoch == one.epoch + 1
    assert again.register(2) == ids[1]
    full, records, version = again.sync(claimed.version)
    assert full == 1 and version[0] == again.epoch
    expected = {bound[number].addr: mac(number) for number in range(1, 7)}
    expected["10.1.0.200"] = mac(99)
    there = {record.addr: record.mac for record in records.values() if record.state == BOUND}
    assert there == expected
    assert all(records[addr].lease_end for addr in expected if addr != "10.1.0.200")
    back = Peer(name="cn1")
    assert back.register(1) == ids[0]
    assert back.allocate(7).addr == bound[7].addr  # the former owner finds its address again


def test_handover_is_pushed_and_stored(mlrd):
    one, two, three = (Peer(name=f"cn{i}") for i in (1, 2, 3))
    for i, peer in enumerate((one, two, three), 1):
        peer.register(i)
        peer.sync()
    addr = one.bind(5, one.allocate(5).addr).addr
    first = [peer.push() for peer in (one, two, three)]
    assert [(record.addr, record.current) for record in first] == [(addr, one.id)] * 3
    moved = two.handover(5, addr, first[1].version)
    assert moved.current == two.id and moved.parent == one.id and moved.version > first[0].version
    assert one.push().version == three.push().version == moved.version
    again = two.handover(5, addr, moved.version)
    assert again.version == moved.version  # reported twice: the record stands
    back = one.handover(5, addr, first[0].version)  # A-B-A, based on an old record
    assert back.current == one.id and back.version > moved.version
    assert two.push().version == back.version
    nothing = field(8, struct.pack("!IQ", 0, 0))
    assert two.refused(HANDOVER, *two.who(6, addr), nothing) == E_CONFLICT
    assert two.refused(HANDOVER, *two.who(6, "10.1.0.77"), nothing) == E_UNKNOWN

    def stored():
        query = "SELECT current FROM station WHERE addr = ?"
        with sqlite3.connect(f"file:{mlrd.database}?mode=ro", uri=True) as database:
            return database.execute(query, (addr,)).fetchall() == [(one.id,)]

    wait_for(stored, "the last move is in the database")
    (shown,) = mlrd.ask("stations")
    members = shown["address"], shown["current"], shown["state"]
    assert members == (addr, "cn1", "bound")


def test_delta_and_snapshot(mlrd):
    one, two = Peer(name="cn1"), Peer(name="cn2")
    one.register(1), two.register(2)
    full, records, version = two.sync()
    assert (full, records) == (1, {})
    two.close()
    addrs = [one.bind(number, one.allocate(number).addr).addr for number in (1, 2, 3)]
    one.record(RELEASE, *one.who(2, addrs[1]))
    wait_for(lambda: mlrd.ask("status")["cns"]["connected"] == 1,
             "the end of cn2's connection is noticed")
    two = Peer(name="cn2")
    two.register(2)
    full, records, version = two.sync(version)
    states = {addr: record.state for addr, record in records.items()}
    assert full == 0 and states == {addrs[0]: BOUND, addrs[1]: FREE, addrs[2]: BOUND}
    assert two.sync(version) == (0, {}, version)
    assert two.sync((version[0], version[1] + 1))[0] == 1  # a version that was never given
    assert two.sync((version[0] + 1, 1))[0] == 1


def test_cns_and_probers(mlrd):
    one = Peer(name="cn1")
    wish = field(10, mac(1)), field(13, address("10.1.0.0") + b"\x18")
    assert one.refused(ALLOCATE, *wish) == E_NOT_REGISTERED
    one.register(1)
    one.sync()
    two = Peer(name="cn2")
    answer = two.ask(REGISTER, cn_field("cn2", 1, "192.0.2.2", 10, 20))
    assert answer[0] == ERROR and struct.unpack("!H", answer[2][6][0])[0] == E_CONFLICT
    assert b"cn1" in answer[2][7][0]
    assert two.take() is None  # it can do nothing here, and tries again later
    two = Peer(name="cn2")
    answer = two.ask(REGISTER, cn_field("cn2", 2, "192.0.2.1", 10, 20))
    assert answer[0] == ERROR and b"192.0.2.1" in answer[2][7][0]
    two = Peer(name="cn2")
    two.register(2)
    kind, _, f = two.take()
    assert kind == CN and fields(f[18][0])[2][0] == b"cn1"
    kind, _, f = one.take()
    assert kind == CN and fields(f[18][0])[2][0] == b"cn2"
    prober = Peer(name="anybody", role=3)
    named = [fields(prober.take()[2][18][0])[2][0] for _ in range(2)]
    assert sorted(named) == [b"cn1", b"cn2"]
    prober.send(PING)
    assert prober.take()[0] == PONG
    assert prober.refused(SYNC, field(8, struct.pack("!IQ", 0, 0))) == E_REFUSED
    newer = Peer(name="cn1")
    assert newer.register(1) == one.id
    assert one.take() is None  # replaced
    stranger = Peer(network="other")
    assert struct.unpack("!H", stranger.welcome[6][0])[0] == E_NETWORK
    assert Peer(name="other", role=2).take()[0] == ERROR


def test_forgetting_a_cn(mlrd):
    one, two = Peer(name="cn1"), Peer(name="cn2")
    one.register(1), two.register(2)
    two.sync()
    addr = one.bind(1, one.allocate(1).addr).addr
    done = mlrd.call("forget-cn", "cn1")
    assert done.returncode == 1 and "connected" in done.stderr
    one.close()
    wait_for(lambda: mlrd.ask("status")["cns"]["connected"] == 1,
             "the end of the connection is noticed")
    done = mlrd.call("forget-cn", "cn1")
    assert done.returncode == 1 and "--force" in done.stderr
    assert mlrd.call("forget-cn", "cn1", "--force").returncode == 0
    two.push()
    assert (two.push().addr, two.queue) == (addr, [])
    kind, _, f = two.take()
    assert kind == CN and fields(f[18][0])[5][0] == b"\1"
    assert [cn["name"] for cn in mlrd.ask("cns")] == ["cn2"]


def test_borrowing_and_exhaustion(mlrd):
    one, two = Peer(name="cn1"), Peer(name="cn2")
    one.register(1, first=10, last=11), two.register(2, first=10, last=11)
    given = [one.allocate(number).addr for number in range(1, 5)]
    assert sorted(given) == ["10.1.0.10", "10.1.0.11", "10.2.0.10", "10.2.0.11"]
    assert given[2][3] == "2"
    wish = field(10, mac(9)), field(13, address("10.1.0.0") + b"\x18")
    assert one.refused(ALLOCATE, *wish) == E_EXHAUSTED
    assert one.bind(3, given[2]).parent == two.id
    assert two.allocate(3).addr == given[2]


def test_leases_end(make):
    mlrd = make("net", 6554, lease_grace=0, offer_time=1)
    mlrd.start()
    one = Peer(name="cn1")
    one.register(1, first=10, last=10)
    one.sync()
    addr = one.bind(1, one.allocate(1).addr, lease=1).addr
    assert one.push().state == BOUND
    gone = one.push()
    assert (gone.addr, gone.state) == (addr, FREE)
    assert one.allocate(2).addr == addr
    wait_for(lambda: mlrd.ask("status")["stations"]["offered"] == 0, "the offer ends")
    assert one.allocate(3).addr == addr


def test_registered_hosts(make):
    mlrd = make("net", 6554, "host desk 02:00:00:00:00:63 10.1.0.15",
                "host desk 02:00:00:00:00:64 10.1.0.15")
    mlrd.start()
    one, two = Peer(name="cn1"), Peer(name="cn2")
    one.register(1, first=10, last=16), two.register(2)
    assert two.allocate(99).addr == "10.1.0.15"
    bound = two.bind(99, "10.1.0.15")
    assert (bound.kind, bound.lease_end) == (RESERVED, 0)
    assert one.refused(CLAIM, *one.who(5, "10.1.0.15")) == E_CONFLICT
    changed = one.record(CLAIM, *one.who(100, "10.1.0.15"))  # its other MAC
    assert changed.mac == mac(100) and changed.current == one.id
    assert "10.1.0.15" not in [one.allocate(number).addr for number in range(1, 6)]


# ---- bad input and signals


def test_wrong_configuration(make):
    mlrd = make()
    for lines, told in ((["colour red"], "net.rc:7: unknown directive `colour'"),
                        (["offer_time soon"], "net.rc:7: directive `offer_time'"),
                        (["grant_primary.linux-magazin.de"], "write `grant HOST'"),
                        (["host x 1 2"], "net.rc:7: directive `host'")):
        mlrd.write(*lines)
        done = mlrd.call()
        assert done.returncode == 1 and told in done.stderr, done.stderr
    mlrd.write(network_name=None)
    assert "`network_name' is missing" in mlrd.call().stderr
    done = run(*INSIDE, MLRD, "-f", "/none/mlrd.rc", check=False)
    assert done.returncode == 1
    assert "/none/mlrd.rc" in done.stderr and "No such file" in done.stderr
    (mlrd.path.parent / "plain").write_text("")
    mlrd.write(state_dir=mlrd.path.parent / "plain" / "state")
    done = mlrd.call()
    assert done.returncode == 1 and "plain/state" in done.stderr
    assert list((mlrd.path / "run").glob("*")) == []


def test_second_register_and_port_in_use(mlrd, make):
    done = mlrd.call()
    assert done.returncode == 1 and str(mlrd.pid) in done.stderr
    other = make("other", 6554)
    done = other.call()
    assert done.returncode == 1 and "6554" in done.stderr and "in use" in done.stderr
    assert list(other.path.glob("*/*")) == []
    same = make("net", 6600, run_dir=other.path / "run")
    done = same.call()
    assert done.returncode == 1 and "in use by another process" in done.stderr
    assert mlrd.ask("status")["network"] == "net"


NO_DATABASE = b"no database at all, but a text that is long enough" * 40
NEWER = "CREATE TABLE meta(layout, epoch); INSERT INTO meta VALUES(99, 1)"


@pytest.mark.parametrize("content, told", [(NO_DATABASE, "not a database"),
                                           (None, "newer version"),
                                           ("CREATE TABLE x(y)", "not that of a register")])
def test_wrong_database(make, content, told):
    mlrd = make()
    mlrd.database.parent.mkdir(parents=True)
    if isinstance(content, bytes):
        mlrd.database.write_bytes(content)
    else:
        with sqlite3.connect(mlrd.database) as database:
            database.executescript(content or NEWER)
    done = mlrd.call()
    assert done.returncode == 1 and told in done.stderr, done.stderr
    assert list((mlrd.path / "run").glob("*")) == []


def test_database_that_cannot_be_written(mlrd):
    """Another process holds the database.

    Requests that need it get an error, handovers go on, and in the end nothing is lost.
    """
    one, two = Peer(name="cn1"), Peer(name="cn2")
    one.register(1), two.register(2)
    addr = one.bind(1, one.allocate(1).addr).addr
    offer = one.allocate(2)
    database = sqlite3.connect(mlrd.database, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    bind = (*one.who(2, offer.addr), field(12, struct.pack("!I", 60)))
    assert one.refused(BIND, *bind) == E_STORE
    assert two.handover(1, addr).current == two.id
    assert mlrd.ask("status")["store"]["failing"]
    database.execute("ROLLBACK")
    wait_for(lambda: not mlrd.ask("status")["store"]["failing"], "mlrd writes again")
    assert one.bind(2, offer.addr).state == BOUND
    query = "SELECT addr, current FROM station WHERE state = 3"
    rows = lambda: dict(database.execute(query))
    wait_for(lambda: rows() == {addr: two.id, offer.addr: one.id}, "everything is in the database")


def test_reload(mlrd):
    mlrd.write("host desk 02:00:00:00:00:63 10.1.0.15", debug=3)
    os.kill(mlrd.pid, signal.SIGHUP)
    wait_for(lambda: mlrd.ask("status")["hosts"] == 1, "the host is known")
    mlrd.write("host desk nonsense 10.1.0.15")
    os.kill(mlrd.pid, signal.SIGHUP)
    wait_for(lambda: "nonsense" in mlrd.log.read_text(), "the mistake is told")
    assert mlrd.ask("status")["hosts"] == 1
    done = mlrd.call("reload")
    assert done.returncode == 1 and "net.rc:7" in done.stderr
    mlrd.write()
    mlrd.log.rename(str(mlrd.log) + ".1")
    assert mlrd.call("reload").returncode == 0
    assert mlrd.ask("status")["hosts"] == 0
    assert "read again" in mlrd.log.read_text()


def test_commands_in_the_foreground(make):
    mlrd = make()
    process = subprocess.Popen([*INSIDE, MLRD, "-F", "-f", mlrd.config], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate("status\nstations\ncns\ndebug 4\nnonsense\n", timeout=SECONDS)
    assert process.returncode == 0
    for told in ("network   net", "no station is known", "no CN is known", "log level 4",
                 "no command `nonsense'"):
        assert told in out
    assert "register of network net" in err and "end of input" in err
    assert list(mlrd.path.glob("run/*")) == []


def test_command_lines(net):
    for words in (("-x",), ("frobnicate",), ("forget-cn",), ("status", "--all"),
                  ("stations", "a", "b")):
        done = run(MLRD, *words, check=False)
        assert done.returncode == 2 and done.stdout == "" and done.stderr, words
    for words in (("-h",), ("-V",), ("stations", "-h")):
        done = run(MLRD, *words, check=False)
        assert done.returncode == 0 and done.stdout and done.stderr == "", words


def test_two_networks_side_by_side(make):
    registers = [make("red", 6554), make("blue", 6555)]
    for register in registers:
        register.start()
    red, blue = Peer(6554, "red"), Peer(6555, "blue")
    red.register(1), blue.register(1)
    first, second = red.allocate(1).addr, blue.allocate(2).addr
    assert red.bind(1, first).addr == blue.bind(2, second).addr
    assert [register.ask("stations")[0]["mac"][-1] for register in registers] == ["1", "2"]
    for register in registers:
        register.end()
        assert list(register.path.glob("run/*")) == []


def test_status_file(mlrd):
    one = Peer(name="cn1")
    one.register(1)
    one.bind(1, one.allocate(1).addr)

    def follows():
        text = mlrd.status_file.read_text()
        return "1 bound" in text and "cn1" in text

    wait_for(follows, "the status file follows")


def test_strangers_are_bounded(mlrd):
    sockets = []
    for _ in range(300):
        sockets.append(socket_inside())
        sockets[-1].connect(("127.0.0.1", 6554))
    wait_for(lambda: mlrd.ask("status")["cns"]["strangers_refused"] >= 40,
             "those above the limit are refused")
    assert mlrd.ask("status")["cns"]["strangers"] <= 256
    for one in sockets:
        one.close()
    wait_for(lambda: mlrd.ask("status")["cns"]["strangers"] == 0, "they are gone")
    Peer(name="cn1").register(1)
