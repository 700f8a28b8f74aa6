# SPDX-License-Identifier: BSD-2-Clause
"""Small TMip networks in namespaces, for the namespace tests, the demonstration and the
benchmarks; see network.py.
"""
from .machines import Cell, Cn, Mlr, Place, Station, write_config
from .network import World
from .paths import AGENT, BUILD, MLRD, STREAM, TMIPD, TOP
from .system import PATIENCE, Namespace, Program, WorldError, run, wait_for
from .traffic import MEGABYTE, Stream, Transfer, hears_once

__all__ = ["AGENT", "BUILD", "MEGABYTE", "MLRD", "PATIENCE", "STREAM", "TMIPD", "TOP",
           "Cell", "Cn", "Mlr", "Namespace", "Place", "Program", "Station", "Stream", "Transfer",
           "World", "WorldError", "hears_once", "run", "wait_for", "write_config"]
