# SPDX-License-Identifier: BSD-2-Clause
"""Group traffic: sends datagrams to a group or to all, and lists what stations receive of them."""
import socket
import sys

from .system import wait_for

MDNS, SSDP, PORT = "224.0.0.251", "239.255.255.250", 5353

# A program that prints each datagram that it receives for the groups or by broadcast: text, sender
# and hop limit. With a question and an answer it is also a responder for mDNS.
HEAR = """
import socket, sys
me, question, answer = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
for group in ("224.0.0.251", "239.255.255.250"):
    member = socket.inet_aton(group) + socket.inet_aton(me)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(me))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
s.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
print("ready", flush=True)
while True:
    data, more, _, who = s.recvmsg(9000, 64)
    ttl = next(int.from_bytes(value, sys.byteorder)
               for level, kind, value in more if kind == socket.IP_TTL)
    plain = data.isascii() and data.decode().isprintable()
    print(data.decode() if plain else data.hex(), who[0], ttl, flush=True)
    if data.hex() == question:
        s.sendto(bytes.fromhex(answer), ("224.0.0.251", 5353))
"""


def listen(world, station, question=b"", answer=b""):
    program = world.program(station, sys.executable, "-c", HEAR, station.address(),
                            question.hex(), answer.hex())
    wait_for(lambda: "ready" in program.text(), "the listener", 10)
    return program


def heard(program):
    return program.text().splitlines()[1:]


def say(place, target, text, address=None, ttl=1):
    """Sends one datagram from an address of the place to port 5353 of a group or of all."""
    address = address or place.address()
    with place.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        port.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        port.bind((address, 0))
        port.sendto(text if isinstance(text, bytes) else text.encode(), (target, PORT))
