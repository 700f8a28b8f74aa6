# SPDX-License-Identifier: BSD-2-Clause
"""A wall clock of a program that a test sets while the program runs, by libfaketime. Its other
clocks go right. Nothing here knows of TMip.
"""
import glob
import os
import time

from .system import WorldError, write

DAY = 86400
YEAR = 365 * DAY


class WallClock:
    """`environment` is for the program. The clock is right until step()."""

    def __init__(self, path):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            raise WorldError("libfaketime is missing: tests/install-deps")
        self.path, self.ahead = path, 0
        self.environment = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": path,
                            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.step(0)

    def step(self, seconds):
        """Sets the clock ahead, or back."""
        self.ahead += seconds
        write(f"{self.path}.new", f"{self.ahead:+d}")
        os.replace(f"{self.path}.new", self.path)

    def now(self):
        return time.time() + self.ahead
