# SPDX-License-Identifier: BSD-2-Clause
"""The benchmarks: one module for each of them, or for several that share a run; see run.py."""
