# SPDX-License-Identifier: BSD-2-Clause
"""What the programs cost for a packet, encapsulated and decapsulated again, in test runs with many stations in the map."""
import os

from world import BUILD, WorldError

NAMES = ("prog_ns_1", "prog_ns_10k", "prog_ns_1m")
TOOL = os.path.join(BUILD, "bench-tools", "prog_ns")


def measure(names, rounds):
    if not os.path.exists(TOOL):
        raise WorldError(f"{TOOL} is missing")
    return {}
