# SPDX-License-Identifier: BSD-2-Clause
"""These tests need what Debian's kernel has and others may not.

Run them by tests/vm/run, or all of them by make check-vm.
"""
import os

import pytest


def pytest_runtest_setup():
    if not os.environ.get("TMIP_VM"):
        pytest.skip("only in the VM: tests/vm/run -- python3 -m pytest tests/vm")
