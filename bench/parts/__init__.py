# SPDX-License-Identifier: BSD-2-Clause
"""One module for each benchmark, or for those that share a run; see run.py."""
