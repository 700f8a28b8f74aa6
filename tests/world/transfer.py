# SPDX-License-Identifier: BSD-2-Clause
"""One TCP connection with a check of its content. A program that runs inside a namespace:

    transfer.py serve ADDRESS PORT BYTES[+] [BYTES_PER_SECOND]
        Sends to the first client that connects. With a +, sends at least BYTES bytes, and goes on
        until a line comes on standard input.
    transfer.py fetch ADDRESS PORT
        Connects and receives. Meanwhile prints a line "TIME BYTES" about every 50 ms.

At the end each prints one JSON object: the number and the SHA-256 of the bytes that it sent or
received. The receiver adds its stalls of over 30 ms as [time of the beginning, ms], and the longest
one in ms.
"""
import hashlib
import json
import math
import os
import select
import socket
import sys
import time

SO_MAX_PACING_RATE = 47
BLOCK = 1 << 16
STALL = 0.03
PATIENCE = float(os.environ.get("TMIP_PATIENCE", "1"))  # as in system.py; this program runs alone


def content(count):
    """Yields blocks of bytes that nowhere repeat."""
    number = 0
    while count > 0:
        block = hashlib.shake_128(number.to_bytes(8, "big")).digest(min(BLOCK, count))
        number += 1
        count -= len(block)
        yield block


def serve(address, port, count, rate=0):
    listener = socket.create_server((address, int(port)))
    connection, _ = listener.accept()
    if int(rate):
        connection.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, int(rate))
        # A short queue in the sender keeps the pace even.
        queue = min(1 << 20, max(1 << 16, int(rate) // 2))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, queue)
    digest, sent, least, open_end = hashlib.sha256(), 0, int(count.rstrip("+")), count.endswith("+")
    for block in content(math.inf if open_end else least):
        connection.sendall(block)
        digest.update(block)
        sent += len(block)
        if open_end and sent >= least and select.select([sys.stdin], [], [], 0)[0]:
            break
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)  # the receiver closes when it has all
    return {"bytes": sent, "sha256": digest.hexdigest()}


def fetch(address, port):
    connection = socket.create_connection((address, int(port)), timeout=20 * PATIENCE)
    digest, got, stalls = hashlib.sha256(), 0, []
    last = printed = time.time()
    while True:
        block = connection.recv(1 << 18)
        now = time.time()
        if now - last > STALL:
            stalls.append((round(last, 6), round((now - last) * 1000, 3)))
        last = now
        if now - printed >= 0.05 or not block:
            print(f"{now:.6f} {got}", flush=True)
            printed = now
        if not block:
            return {"bytes": got, "sha256": digest.hexdigest(), "stalls": stalls,
                    "stall_ms": max((stall[1] for stall in stalls), default=0.0)}
        digest.update(block)
        got += len(block)


if __name__ == "__main__":
    print(json.dumps({"serve": serve, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])))
