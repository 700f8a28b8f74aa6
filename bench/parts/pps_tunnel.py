# SPDX-License-Identifier: BSD-2-Clause
"""Small packets a second through the tunnel: how many of a flood of UDP packets of 18 bytes arrive.
The sender, and with it all work of the kernel on the way, has one CPU, the receiver the other. The
sender's CPU time for a packet is a second result: other load on the machine changes it less than
the rate.
"""
import os

from results import ratio_at_least
from tunnel import Tunnel, json_of
from world import BUILD, wait_for
from world.system import listens

NAMES = ("pps_tunnel",)
TOOL = os.path.join(BUILD, "bench-tools", "udp_rate")
PORT, SECONDS, SETTLE = 7100, 0.4, 0.1


def sample(path, direction):
    up = direction == "_up"
    sender, receiver = (path.station, path.server) if up else (path.server, path.station)
    target = path.server.address if up else path.address
    program = path.program(receiver, "taskset", "-c", 1, TOOL, "-d", SECONDS, "-i", SETTLE,
                           "receive", PORT, name=f"rate-{len(path.helpers)}")
    wait_for(lambda: listens(program.pid, PORT, "udp"), "the receiver")
    sent = sender.run("taskset", "-c", 0, TOOL, "-d", SECONDS + SETTLE + 0.1, "send", target, PORT)
    program.wait(10)
    return {"": json_of(program.text())["pps"], "_cpu": json_of(sent.stdout)["cpu_ns"]}


def measure(names, rounds):
    note = ("UDP, 18 bytes of payload; the sender and the way on one CPU, the receiver on the "
            "other; cpu: of the sender and the way, for a packet")
    tunnel = Tunnel("pps_tunnel", {"": "packets/s", "_cpu": "ns"}, ("_up", "_down"), sample,
                    ratio_at_least(1.3), turns=3, note=note)
    return {name: tunnel.measure(rounds) for name in names}
