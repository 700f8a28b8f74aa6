# SPDX-License-Identifier: BSD-2-Clause
"""Throughput of one TCP connection through the tunnel, in both directions, by iperf3. The sender
and the receiver have a CPU each.
"""
import json

from results import ratio_at_least
from tunnel import Tunnel
from world import wait_for
from world.system import listens

NAMES = ("tcp_tunnel",)
PORT, SECONDS = 7300, 2


def sample(path, direction):
    """The throughput at the receiver."""
    up = direction == "_up"
    server = path.program(path.server, "iperf3", "-s", "-1", "-B", path.server.address,
                          "-A", int(up), "-p", PORT, name=f"iperf-{len(path.helpers)}")
    wait_for(lambda: listens(server.pid, PORT), "the iperf3 server to listen")
    done = path.station.run("iperf3", "-c", path.server.address, "-p", PORT, "-A", int(not up),
                            "-t", SECONDS, "-J", *([] if up else ["-R"]), timeout=20)
    server.wait(10)
    return {"": json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9}


def measure(names, rounds):
    note = "iperf3, one connection, 2 s for a sample, sender and receiver on a CPU each"
    tunnel = Tunnel("tcp_tunnel", {"": "Gbit/s"}, ("_up", "_down"), sample, ratio_at_least(1.0),
                    note=note)
    return {name: tunnel.measure(rounds) for name in names}
