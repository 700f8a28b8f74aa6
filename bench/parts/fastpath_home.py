# SPDX-License-Identifier: BSD-2-Clause
"""A station at home, whose CN has `fastpath home`, against plain kernel routing: TCP throughput and
small packets a second, measured as for the tunnel. In both cases the other CN only routes.
"""
from results import ratio_at_least
from tunnel import Tunnel

from parts import pps_tunnel, tcp_tunnel

NAMES = ("fastpath_home_tcp", "fastpath_home_pps")
KINDS = ("home", "plain")


def measure(names, rounds):
    goal = ratio_at_least(1.0)
    tunnels = {
        "fastpath_home_tcp": Tunnel("fastpath_home_tcp", {"": "Gbit/s"}, ("_up", "_down"),
                                    tcp_tunnel.sample, goal, kinds=KINDS),
        "fastpath_home_pps": Tunnel("fastpath_home_pps", {"": "packets/s", "_cpu": "ns"},
                                    ("_up", "_down"), pps_tunnel.sample, goal, turns=3,
                                    kinds=KINDS),
    }
    return {name: tunnels[name].measure(rounds) for name in names}
