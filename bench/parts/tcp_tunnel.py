# SPDX-License-Identifier: BSD-2-Clause
"""Throughput of one TCP connection through the tunnel, in both directions: iperf3, sender and receiver on a CPU each."""
import json

from results import ratio_at_least
from tunnel import measure_paths
from world import wait_for
from world.system import listens

NAMES = ("tcp_tunnel",)
PORT, SECONDS = 7300, 2


def sample(path, upwards):
    """Gbit/s, as the receiver has it."""
    server = path.program(path.server, "iperf3", "-s", "-1", "-B", path.server.address, "-A", 1 if upwards else 0, "-p", PORT, name=f"iperf-{len(path.helpers)}")
    wait_for(lambda: listens(server.pid, PORT), "the iperf3 server to listen")
    done = path.station.run("iperf3", "-c", path.server.address, "-p", PORT, "-A", 0 if upwards else 1, "-t", SECONDS, "-J",
                            *([] if upwards else ["-R"]), timeout=20)
    server.wait(10)
    return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9


def measure(names, rounds):
    rows = measure_paths("tcp_tunnel", "Gbit/s", {"_up": True, "_down": False}, sample, rounds, ratio_at_least(1.0),
                         "iperf3, one connection, 2 s for a sample, sender and receiver on a CPU each")
    return {name: rows for name in names}
