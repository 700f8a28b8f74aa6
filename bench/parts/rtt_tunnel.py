# SPDX-License-Identifier: BSD-2-Clause
"""Round trips through the tunnel: UDP requests of 64 bytes and their answers, one after the other.
Each end spins on a CPU of its own, so that the time is that of the way, without the wake-up of a
process.
"""
import os

from results import ratio_at_most
from tunnel import Tunnel, json_of
from world import BUILD, wait_for
from world.system import listens

NAMES = ("rtt_tunnel",)
TOOL = os.path.join(BUILD, "bench-tools", "udp_echo")
PORT, QUESTIONS = 7200, 10000


def sample(path, _):
    program = path.program(path.server, "taskset", "-c", 1, TOOL, "serve", PORT,
                           name=f"echo-{len(path.helpers)}")
    try:
        wait_for(lambda: listens(program.pid, PORT, "udp"), "the answering side")
        done = path.station.run("taskset", "-c", 0, TOOL, "-n", QUESTIONS, "ask",
                                path.server.address, PORT)
    finally:
        program.stop()
    return {"": json_of(done.stdout)["median_us"]}


def measure(names, rounds):
    note = (f"a sample is the median of up to {QUESTIONS} round trips of 64 bytes; both ends spin, "
            "each on its CPU")
    tunnel = Tunnel("rtt_tunnel", {"": "us"}, ("",), sample, ratio_at_most(1.1), turns=3, note=note)
    return {name: tunnel.measure(rounds) for name in names}
