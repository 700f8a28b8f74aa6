# SPDX-License-Identifier: BSD-2-Clause
"""The benchmarks in their quick mode: they run and report every field. Speed is no test."""
import json
import os
import subprocess
import sys

import pytest

from world import BUILD, PATIENCE, TOP

FIELDS = {"name", "unit", "n", "median", "p99", "min", "max", "reference", "ratio", "goal",
          "reached", "note"}
RUN = [sys.executable, os.path.join(TOP, "bench", "run.py"), "--build"]


def bench(build, name):
    """Runs one part in quick mode, in a build folder of its own that has our programs.

    Returns the finished process and the rows of the result, or None if there is no result.
    """
    for folder in ("bin", "bench-tools"):
        os.symlink(os.path.join(BUILD, folder), build / folder)
    done = subprocess.run([*RUN, str(build), "--only", name], capture_output=True, text=True,
                          timeout=120 * PATIENCE, check=False,
                          env={**os.environ, "BENCH_ROUNDS": "1"})
    path = build / "bench" / f"{name}.json"
    return done, json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


@pytest.mark.parametrize("way", ["uplink", "downlink"])
def test_handover(tmp_path, way):
    done, rows = bench(tmp_path, f"handover_{way}")
    assert done.returncode == 0, done.stderr
    for row in rows:
        assert set(row) == FIELDS
        assert row["unit"] == "ms" and row["n"] >= 3
        assert 0 <= row["min"] <= row["median"] <= row["p99"] <= row["max"]
        assert row["name"] in done.stdout
    assert rows[0]["name"] == f"handover_{way}"
    assert set(rows[0]["reference"]) == {"name", "median"}
    assert isinstance(rows[0]["reached"], bool) and rows[0]["goal"]
    for kind in ("home to visited", "visited to home", "visited to visited"):
        assert kind in rows[0]["note"]


def test_unknown_name(tmp_path):
    done, rows = bench(tmp_path, "nonsense")
    assert done.returncode == 2 and "handover_uplink" in done.stderr and rows is None
