# SPDX-License-Identifier: BSD-2-Clause
"""A name server of a world, which knows the names that a test gives it, and a machine's own files
of the name service. Nothing here knows of TMip. This file, started as a program, is the server.
"""
import json
import os
import socket
import struct
import sys


def answer(question, names):
    """The answer to a question (RFC 1035, 4.1): one address, or that there is no such name."""
    number, at, labels = question[:2], 12, []
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += question[at] + 1
    end = at + 5
    kind = struct.unpack("!H", question[at + 1:at + 3])[0]
    address = names.get(".".join(labels).lower())
    flags = 0x8180 if address else 0x8183
    count = 1 if address and kind == 1 else 0
    head = number + struct.pack("!HHHHH", flags, 1, count, 0, 0)
    record = struct.pack("!HHHIH", 0xc00c, 1, 1, 0, 4) + socket.inet_aton(address or "0.0.0.0")
    return head + question[12:end] + record * count


def serve(address, path):
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind((address, 53))
    print("ready", flush=True)
    while True:
        question, client = port.recvfrom(4096)
        with open(path, encoding="ascii") as file:
            names = json.load(file)
        port.sendto(answer(question, names), client)


class NameServer:
    """Answers at the address of a place. `names`: {name: address}; put() changes them."""

    def __init__(self, world, place):
        self.address, self.path = place.address, os.path.join(world.folder, "names")
        self.put()
        self.program = world.program(place, sys.executable, os.path.abspath(__file__),
                                     self.address, self.path, name="nameserver")

    def put(self, **names):
        replace(self.path, json.dumps({name.replace("_", "."): address
                                       for name, address in names.items()}))


class Files:
    """The /etc of one daemon alone, with hosts and resolv.conf, in which its program runs."""

    def __init__(self, daemon):
        self.folder = os.path.join(daemon.folder, "etc")
        os.makedirs(self.folder)
        self.hosts()
        self.servers()
        script = os.path.join(daemon.folder, "program")
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n[ \"$INSIDE\" ] || INSIDE=1 exec unshare -m \"$0\" \"$@\"\n"
                       f"mount --bind {self.folder} /etc && exec {daemon.binary} \"$@\"\n")
        os.chmod(script, 0o755)
        daemon.binary = script

    def hosts(self, **names):
        lines = [f"{address} {name.replace('_', '.')}\n" for name, address in names.items()]
        replace(os.path.join(self.folder, "hosts"), "127.0.0.1 localhost\n" + "".join(lines))

    def servers(self, *addresses, more=""):
        lines = [f"nameserver {address}\n" for address in addresses]
        replace(os.path.join(self.folder, "resolv.conf"), "".join(lines) + more)

    def remove(self, name):
        os.unlink(os.path.join(self.folder, name))


def replace(path, text):
    """As editors and DHCP clients do: another file takes the place of the former."""
    with open(f"{path}.new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(f"{path}.new", path)


if __name__ == "__main__":
    serve(*sys.argv[1:])
