# SPDX-License-Identifier: BSD-2-Clause
"""A CN that is a plain Linux box. It takes the place of one of a world's CNs, whose agent does not
start.

It has the kernel's `ipip` interface to one other CN, and routes; the second implementation of MLRP
(tests/vectors) sends a few messages to the register.
"""
import json
import os
import queue
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))

import mlrp  # noqa: E402

from world import PATIENCE  # noqa: E402

HELLO, WELCOME, PING, PONG = 1, 2, 4, 5
REGISTER, SYNC, CLAIM, HANDOVER, REGISTERED, STATION, SYNC_END = 10, 11, 14, 15, 30, 33, 34
ROLE_CN = 1
DEVICE, TABLE = "tmip0", 100


def decode(data):
    """The fields as {number: value}; of a repeated field the last value counts."""
    found = {}
    while data:
        number, length = struct.unpack_from("!HH", data)
        found[number], data = data[4:4 + length], data[4 + length:]
    return found


class Register:
    """The connection to the register. A thread answers its PINGs, whatever a test does."""

    def __init__(self, cn, network):
        self.cn, self.inbox, self.transaction = cn, queue.Queue(), 0
        self.socket = cn.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.connect((cn.world.mlr.address, 6554))
        threading.Thread(target=self.read, daemon=True).start()
        self.send(HELLO, 0, *mlrp.hello(ROLE_CN, network, cn.place, 1, 1))
        self.expect(WELCOME)

    def send(self, kind, transaction, *fields):
        self.socket.sendall(mlrp.message(kind, transaction, *fields))

    def take(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def read(self):
        try:
            while True:
                _, kind, _, length, transaction = struct.unpack("!BBHII", self.take(12))
                body = self.take(length)
                if kind == PING:
                    self.send(PONG, transaction)
                else:
                    self.inbox.put((kind, transaction, decode(body)))
        except OSError:
            pass

    def expect(self, kind, right=lambda transaction, fields: True, seconds=10):
        """Returns the fields of the next message of that kind that is right; drops all others."""
        while True:
            got, transaction, fields = self.inbox.get(timeout=seconds * PATIENCE)
            if got == kind and right(transaction, fields):
                return fields

    def ask(self, kind, answer, *fields):
        self.transaction += 1
        wanted = self.transaction
        self.send(kind, wanted, *fields)
        return self.expect(answer, lambda transaction, _: transaction == wanted)

    def close(self):
        self.socket.close()


class PlainCn:
    def __init__(self, cn, other):
        """cn: the CN whose place in the world it takes; other: the CN at the end of its tunnel."""
        self.cn, self.register, self.id = cn, None, None
        cn.plain_routing()
        cn.configure([f"link add {DEVICE} type ipip local {cn.address} remote {other.address}",
                      f"link set {DEVICE} up", f"route add default dev {DEVICE} table {TABLE}"])
        cn.sysctl("net.ipv4.conf.w0.proxy_arp", 1)
        cn.sysctl("net.ipv4.neigh.w0.proxy_delay", 0)

    def start(self):
        cn, cell = self.cn, self.cn.cells[0]
        last = cell.gateway.replace(".0.1", ".0.254")
        pool = cell.subnet.split("/")[0], 24, cell.gateway, cell.gateway, last
        self.register = Register(cn, cn.world.network)
        record = mlrp.cn(0, cn.place, cn.address, 6555, 0, mlrp.cell(*pool))
        fields = self.register.ask(REGISTER, REGISTERED, record)
        self.id = struct.unpack("!I", decode(fields[18])[1])[0]
        self.register.ask(SYNC, SYNC_END, mlrp.field(8, mlrp.version(0, 0)))
        return self

    def handover(self, station, address):
        """A station of the other CN is in our cell.

        Reports it to the register, and lets its packets go through the tunnel.
        """
        self.cn.configure([f"route replace {address}/32 dev w0",
                           f"rule add from {address} lookup {TABLE}"])
        self.register.ask(HANDOVER, STATION, mlrp.field(8, mlrp.version(0, 0)),
                          mlrp.field(9, mlrp.addr(address)),
                          mlrp.field(10, mlrp.mac(station.mac)))

    def claim(self, station, address):
        """A station with this address is at home here."""
        self.register.ask(CLAIM, STATION, mlrp.field(9, mlrp.addr(address)),
                          mlrp.field(10, mlrp.mac(station.mac)))

    def wait_gone(self, address):
        """Waits until the register says that our station is at another CN.

        From then on its packets go into the tunnel.
        """
        def gone(_, fields):
            record = decode(fields[17])
            current = struct.unpack("!I", record[6])[0]
            return record[1] == mlrp.addr(address) and current not in (0, self.id)

        self.register.expect(STATION, gone)
        self.cn.configure([f"route replace {address}/32 dev {DEVICE}"])

    def counted(self, name):
        """A counter of the tunnel's device."""
        way, _, what = name.partition("_")
        shown = json.loads(self.cn.run("ip", "-s", "-j", "link", "show", DEVICE).stdout)
        return shown[0]["stats64"][way][what]

    def close(self):
        if self.register:
            self.register.close()
