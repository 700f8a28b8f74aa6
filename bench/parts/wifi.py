# SPDX-License-Identifier: BSD-2-Clause
"""The time that TMip adds to the roam of a real Wi-Fi station between two cells, in the VM with
Debian's kernel (tests/vm/run): the time from the association to the first packet each way, against
the same roam between two access points that are bridged into one network. bench/wifi_roams.py lets
the stations roam there. The part runs only with --only, as emulation takes minutes.
"""
import json
import os
import shutil
import statistics
import subprocess
import tempfile

from results import at_most, make_row
from world import TOP, WorldError

NAMES = ("wifi",)
ON_REQUEST = True
KINDS = ("wpa2", "sae", "ft", "open")  # the first one has all rounds
NETWORKS = ("tmip", "bridged", "known")  # see bench/wifi_roams.py
ROAMS, QUICK_ROAMS = 10, 3
SECONDS = 300  # no round begins later
MORE_SECONDS = 180  # for the start of the VM and the end of the last round
ADDED_MS = 5
VM = os.path.join(TOP, "tests", "vm", "run")


def run_there(roams, rounds, kinds):
    """Lets the stations roam in the VM. Returns [{kind, network, round, up, down}, ...]."""
    folder = tempfile.mkdtemp(prefix="tmip-wifi-")
    try:
        program = os.path.join(TOP, "bench", "wifi_roams.py")
        command = [VM, "--cpus", 2, "--seconds", SECONDS + MORE_SECONDS, "--keep", folder, "--",
                   "/usr/bin/python3", program, roams, rounds, SECONDS, *kinds]
        done = subprocess.run([str(word) for word in command], cwd=TOP, check=False)
        if done.returncode:
            raise WorldError(f"the run in the VM ended with status {done.returncode}")
        with open(f"{folder}/roams", encoding="ascii") as file:
            return [json.loads(line) for line in file]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def both(roam):
    return max(roam["up"], roam["down"])


def added(name, ours, theirs, note):
    """A row of differences between the two networks, each of two roams with the same number."""
    medians = [statistics.median(map(both, found)) for found in (ours, theirs)]
    differences = [both(one) - both(other) for one, other in zip(ours, theirs)]
    return make_row(name, "ms", differences, None, at_most(ADDED_MS),
                    f"from association until packets came both ways, less {note}; "
                    f"medians: {medians[0]:.1f} and {medians[1]:.1f}")


def rows_of(kind, roams, suffix):
    found = {name: [roam for roam in roams if roam["network"] == name] for name in NETWORKS}
    if not all(found.values()):
        return []
    rows = [added(f"wifi_added_ms{suffix}", found["tmip"], found["bridged"],
                  f"the same with bridged access points ({kind})"),
            added(f"wifi_added_known_ms{suffix}", found["tmip"], found["known"],
                  "the same where the station knows its gateway's MAC by heart")]
    for way in ("up", "down"):
        times = {name: [roam[way] for roam in found[name]] for name in NETWORKS}
        rows.append(make_row(f"wifi_gap_tmip_{way}{suffix}", "ms", times["tmip"],
                             ("bridged access points", times["bridged"])))
        rows += [make_row(f"wifi_gap_{name}_{way}{suffix}", "ms", times[name])
                 for name in NETWORKS[1:]]
    return rows


def measure(_names, rounds):
    quick = rounds == 1
    found = run_there(QUICK_ROAMS if quick else ROAMS, rounds, KINDS[:1] if quick else KINDS)
    rows = []
    for kind in KINDS:
        suffix = "" if kind == KINDS[0] else f"_{kind}"
        rows += rows_of(kind, [roam for roam in found if roam["kind"] == kind], suffix)
    return {"wifi": rows}
