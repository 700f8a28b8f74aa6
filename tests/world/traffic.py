# SPDX-License-Identifier: BSD-2-Clause
"""Traffic between two places of a world: a TCP transfer with a check of its content, a UDP stream
in both directions, and pings that must arrive once.
"""
import bisect
import contextlib
import json
import os
import socket
import sys

from .paths import STREAM
from .system import PATIENCE, WorldError, listens, wait_for

ETH_P_IP, PACKET_HOST, ICMP_ECHO = 0x0800, 0, 8
TRANSFER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "transfer.py")
MEGABYTE = int((1 << 20) / PATIENCE)  # the unit of the tests' transfers, smaller on a slow machine


def result(program):
    """The JSON object in the last line that a program printed."""
    lines = program.text().strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        status = program.process.returncode
        raise WorldError(f"{program} ended with status {status} and printed no result:\n"
                         f"{program.text()}") from None


class Transfer:
    """A download: the station connects to the server and gets `count` bytes, at most `rate` bytes a
    second (0: no limit). With open_end it gets at least `count` bytes, and goes on until finish().
    """

    def __init__(self, world, server, station, count, rate=0, port=5001, address=None,
                 open_end=False):
        address = address or server.address
        self.count, self.open_end = count, open_end
        self.sender = world.program(server, sys.executable, TRANSFER, "serve", address, port,
                                    f"{count}{'+' if open_end else ''}", rate,
                                    name=f"tcp-{port}-send")
        wait_for(lambda: listens(self.sender.pid, port), "the TCP server to listen")
        self.receiver = world.program(station, sys.executable, TRANSFER, "fetch", address, port,
                                      name=f"tcp-{port}-receive")

    def points(self):
        """(time, bytes so far) of the receiver."""
        rows = [line.split() for line in self.receiver.text().splitlines()]
        return [(float(row[0]), int(row[1])) for row in rows if len(row) == 2 and row[1].isdigit()]

    def received(self):
        points = self.points()
        return points[-1][1] if points else 0

    @property
    def alive(self):
        return self.receiver.alive and self.sender.alive

    def finish(self, seconds=60):
        """Waits for the end, and raises a WorldError if the content is wrong. Returns what the
        receiver printed, with "bytes" and "stall_ms".
        """
        if self.open_end and self.sender.alive:
            self.sender.command("end")
        self.receiver.wait(seconds)
        got = result(self.receiver)
        self.sender.wait(5)
        sent = result(self.sender)
        right = got["bytes"] >= self.count if self.open_end else got["bytes"] == self.count
        if not right or got["sha256"] != sent["sha256"]:
            raise WorldError(f"sent {sent}, received {got}")
        return got


class Stream:
    """A UDP stream from station to server (up) and back (down), over one pair of sockets; see
    bench/tools/stream.c. Times are seconds since the epoch.
    """

    # A gap at the end of a time that is shorter than this is no silence: the tool writes its file
    # only every 50 ms.
    SILENCE = 0.2

    def __init__(self, world, server, station, rate=1000, port=5002, address=None, more=()):
        address, self.rate = address or server.address, rate
        self.files = {way: os.path.join(world.folder, f"stream-{port}.{way}")
                      for way in ("up", "down")}
        self.server = world.program(server, STREAM, "receive", "-b", "-r", rate,
                                    "-w", self.files["up"], *more, port, name=f"udp-{port}-server")
        wait_for(lambda: listens(self.server.pid, port, "udp"), "the UDP server to listen")
        self.station = world.program(station, STREAM, "send", "-b", "-r", rate,
                                     "-w", self.files["down"], *more, address, port,
                                     name=f"udp-{port}-station")
        self.offsets = {"up": 0, "down": 0}
        self.packets = {"up": [], "down": []}

    def read(self, way):
        """All packets that arrived so far that way: (sequence number, time sent, time received)."""
        if os.path.exists(self.files[way]):
            with open(self.files[way], "rb") as file:
                file.seek(self.offsets[way])
                data = file.read()
            whole = data.rfind(b"\n") + 1
            self.offsets[way] += whole
            for line in data[:whole].splitlines():
                number, sent, received = line.split()
                self.packets[way].append((int(number), int(sent) / 1e9, int(received) / 1e9))
        return self.packets[way]

    def flowing(self, seconds=5):
        """Waits until a new packet has arrived in each direction."""
        before = {way: len(self.read(way)) for way in self.files}
        wait_for(lambda: all(len(self.read(way)) > before[way] for way in self.files),
                 "a stream both ways", seconds)

    def gap(self, way, start, end, begin=None):
        """The interruption in ms between two times: the longest wait for a packet, less the sending
        period.

        The last packet before `start` counts, too, and so does silence at the end. With `begin`,
        only waits count that begin at most that many seconds after `start`.
        """
        times = [packet[2] for packet in self.read(way)]
        first, last = bisect.bisect_left(times, start), bisect.bisect_right(times, end)
        marks = times[max(first - 1, 0):last] or [start]
        if first == last or end - marks[-1] > self.SILENCE:
            marks.append(end)
        latest = end if begin is None else start + begin
        longest = max((b - a for a, b in zip(marks, marks[1:]) if a <= latest), default=0.0)
        return max(0.0, (longest - 1 / self.rate) * 1000)

    def first_after(self, way, moment, seconds=5):
        """Waits for the next packet to arrive after a time, and returns how many ms later it came.
        """
        def received():
            times = [packet[2] for packet in self.read(way)]
            return times[bisect.bisect_left(times, moment):][:1]

        return (wait_for(received, f"a packet {way}", seconds)[0] - moment) * 1000

    def stop(self):
        """Ends the stream. Returns the tool's report on the receiver of each direction:
        {"up": {...}, "down": {...}}.
        """
        self.station.stop()
        self.server.stop()
        up, down = result(self.server), result(self.station)
        self.read("up"), self.read("down")
        return {"up": up, "down": down}


def hears_once(sender, receiver, count=5):
    """Raises a WorldError unless pings of one station arrive at the device of the other in order,
    and each of them once.
    """
    with receiver.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as ear:
        ear.bind((receiver.device, ETH_P_IP))
        ear.setblocking(False)
        answered, heard = sender.ping(receiver.address(), count, 2 * PATIENCE), []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, _, kind, *_) = ear.recvfrom(2048)
                echo = packet[9] == socket.IPPROTO_ICMP and packet[20] == ICMP_ECHO
                if kind == PACKET_HOST and echo:
                    heard.append(packet[27])
    if not answered or heard != [number + 1 for number in range(count)]:
        how_many = "all were" if answered else "not all were"
        raise WorldError(f"pings {heard} of {count} came to {receiver.place}, {how_many} answered")
