# SPDX-License-Identifier: BSD-2-Clause
"""Runs the benchmarks: writes BUILD/bench/NAME.json for each part, and prints a table of medians and ratios.

    run.py [--build BUILD] [--only NAME]      with BENCH_ROUNDS=1: one round, to see that all works

Each module of parts/ has NAMES, the parts that it measures, and measure(names, rounds), which returns {name: [row, ...]}
for those asked for. One with ON_REQUEST runs only when it is named. Status 1: a part could not be measured. A goal that is
not reached is told, and is no failure.
"""
import argparse
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ("handover", "tcp_tunnel", "pps_tunnel", "rtt_tunnel", "fastpath_home", "prog_ns", "lossless", "delayed", "evpn", "soak", "wifi")


def arguments():
    parser = argparse.ArgumentParser(description="TMip's benchmarks")
    parser.add_argument("--build", default="build", help="build folder (build)")
    parser.add_argument("--only", metavar="NAME", help="one part")
    return parser.parse_args()


def main():
    options = arguments()
    os.environ["BUILD"] = os.path.abspath(options.build)
    sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests")]
    from results import print_table, rounds, write_rows  # they know where BUILD is from now on

    modules = [importlib.import_module(f"parts.{name}") for name in MODULES]
    known = [name for module in modules for name in module.NAMES]
    if options.only and options.only not in known:
        print(f"no benchmark {options.only!r}; there are: {' '.join(known)}", file=sys.stderr)
        return 2
    failed, found, load = [], [], os.getloadavg()[0]
    for module in modules:
        names = [name for name in module.NAMES if options.only == name or not options.only and not getattr(module, "ON_REQUEST", False)]
        if not names:
            continue
        print(f"{' '.join(names)} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            for name, rows in module.measure(names, rounds()).items():
                write_rows(name, rows)
                found += rows
        except Exception:  # one part that fails must not hide the others
            traceback.print_exc()
            failed += names
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print_table(found)
    print(f"\n{os.cpu_count()} CPUs; load average {'%.1f before, %.1f after, its own included' % (load, os.getloadavg()[0])}")
    if failed:
        print(f"NOT MEASURED: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
