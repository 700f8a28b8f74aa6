# SPDX-License-Identifier: BSD-2-Clause
"""Paths: the top of the tree, the build folder (the variable BUILD names another one), and the
programs in it.
"""
import os

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
AGENT, TMIPD, MLRD = (os.path.join(BUILD, "bin", name) for name in ("tmip-agent", "tmipd", "mlrd"))
STREAM = os.path.join(BUILD, "bench-tools", "stream")
