# SPDX-License-Identifier: BSD-2-Clause
"""Group traffic of stations: who says what to a group or to all, and who hears it."""
import socket
import sys

from .system import wait_for

MDNS, SSDP, PORT = "224.0.0.251", "239.255.255.250", 5353

# Prints what it hears of the groups and broadcasts: text, sender, hop limit. A responder for mDNS if it is given a question and the answer.
HEAR = """
import socket, sys
me, question, answer = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
for group in ("224.0.0.251", "239.255.255.250"):
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(me))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(me))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
s.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
print("ready", flush=True)
while True:
    data, more, _, who = s.recvmsg(9000, 64)
    ttl = next(int.from_bytes(value, sys.byteorder) for level, kind, value in more if kind == socket.IP_TTL)
    print(data.decode() if data.isascii() and data.decode().isprintable() else data.hex(), who[0], ttl, flush=True)
    if data.hex() == question:
        s.sendto(bytes.fromhex(answer), ("224.0.0.251", 5353))
"""


def listen(world, station, question=b"", answer=b""):
    program = world.program(station, sys.executable, "-c", HEAR, station.address(), question.hex(), answer.hex())
    wait_for(lambda: "ready" in program.text(), "the listener", 10)
    return program


def heard(program):
    return program.text().splitlines()[1:]


def say(place, target, text, address=None, ttl=1):
    """One datagram to a group or to all, from port 5353 of an address of the place."""
    address = address or place.address()
    with place.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        port.bind((address, 0))
        port.sendto(text if isinstance(text, bytes) else text.encode(), (target, PORT))
