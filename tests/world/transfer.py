# SPDX-License-Identifier: BSD-2-Clause
"""One TCP connection whose receiver knows what it should get. Run as a program inside a namespace:

    transfer.py serve ADDRESS PORT BYTES[+] [BYTES_PER_SECOND]  sends to the first who connects; with a +, at least so many
                                                                bytes, and until a line comes on standard input
    transfer.py fetch ADDRESS PORT                              connects and receives

Both end with one JSON object: bytes and SHA-256 of what was sent or received; the receiver also tells its stalls of over
30 ms as [time when it began, ms], and the longest.
While it receives, it prints a line "TIME BYTES" about every 50 ms.
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
PATIENCE = float(os.environ.get("TMIP_PATIENCE", "1"))  # this runs alone, see system.py


def content(count):
    """Bytes that repeat nowhere, in blocks."""
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
        # What waits in the sender's queue was promised but is not on its way: keep it short, so that the pace is even.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, min(1 << 20, max(1 << 16, int(rate) // 2)))
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
    last = told = time.time()
    while True:
        block = connection.recv(1 << 18)
        now = time.time()
        if now - last > STALL:
            stalls.append((round(last, 6), round((now - last) * 1000, 3)))
        last = now
        if now - told >= 0.05 or not block:
            print(f"{now:.6f} {got}", flush=True)
            told = now
        if not block:
            return {"bytes": got, "sha256": digest.hexdigest(), "stalls": stalls,
                    "stall_ms": max((stall[1] for stall in stalls), default=0.0)}
        digest.update(block)
        got += len(block)


if __name__ == "__main__":
    print(json.dumps({"serve": serve, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])))
