# SPDX-License-Identifier: BSD-2-Clause
"""Small packets a second through the tunnel: what of a flood of UDP packets of 18 bytes arrives. The sender, and with it
all that the kernel does on the way, has one CPU, the receiver the other.
"""
import os

from results import ratio_at_least
from tunnel import json_of, measure_paths
from world import BUILD, wait_for
from world.system import listens

NAMES = ("pps_tunnel",)
TOOL = os.path.join(BUILD, "bench-tools", "udp_rate")
PORT, SECONDS, SETTLE = 7100, 0.8, 0.2


def sample(path, upwards):
    sender, receiver = (path.station, path.server) if upwards else (path.server, path.station)
    target = path.server.address if upwards else path.address
    program = path.program(receiver, "taskset", "-c", 1, TOOL, "-d", SECONDS, "-i", SETTLE, "receive", PORT,
                           name=f"rate-{len(path.helpers)}")
    wait_for(lambda: listens(program.pid, PORT, "udp"), "the receiver")
    sender.run("taskset", "-c", 0, TOOL, "-d", SECONDS + SETTLE + 0.1, "send", target, PORT)
    program.wait(10)
    return json_of(program.text())["pps"]


def measure(names, rounds):
    rows = measure_paths("pps_tunnel", "packets/s", {"_up": True, "_down": False}, sample, rounds, ratio_at_least(1.3),
                         "UDP, 18 bytes of payload; the sender and the way on one CPU, the receiver on the other")
    return {name: rows for name in names}
