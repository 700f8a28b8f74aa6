# SPDX-License-Identifier: BSD-2-Clause
"""Runs the benchmarks: writes BUILD/bench/NAME.json for each part, and prints a table of medians
and ratios.

    run.py [--build BUILD] [--only NAME]

With BENCH_ROUNDS=1 in the environment it runs one round, which only shows that all works.

Each module of parts/ has NAMES, the parts that it measures, and measure(names, rounds), which
returns {name: [row, ...]} for the parts `names`. A module with ON_REQUEST runs only with --only.
Exit status 1 means that a part failed to measure. If a goal is not reached, the table says so; that
is no failure.
"""
import argparse
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ("handover", "tcp_tunnel", "pps_tunnel", "rtt_tunnel", "fastpath_home", "prog_ns",
           "lossless", "delayed", "evpn", "soak", "wifi")


def arguments():
    parser = argparse.ArgumentParser(description="TMip's benchmarks")
    parser.add_argument("--build", default="build", help="build folder (build)")
    parser.add_argument("--only", metavar="NAME", help="run only this part")
    return parser.parse_args()


def chosen(module, only):
    """The names of a module's parts that shall run."""
    if only:
        return [name for name in module.NAMES if name == only]
    return [] if getattr(module, "ON_REQUEST", False) else list(module.NAMES)


def main():
    options = arguments()
    os.environ["BUILD"] = os.path.abspath(options.build)
    sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests")]
    from results import print_table, rounds, write_rows  # from here on BUILD is known

    modules = [importlib.import_module(f"parts.{name}") for name in MODULES]
    known = [name for module in modules for name in module.NAMES]
    if options.only and options.only not in known:
        print(f"no benchmark {options.only!r}; there are: {' '.join(known)}", file=sys.stderr)
        return 2
    failed, found, load = [], [], os.getloadavg()[0]
    for module in modules:
        names = chosen(module, options.only)
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
    after = os.getloadavg()[0]
    print(f"\n{os.cpu_count()} CPUs; load average {load:.1f} before, {after:.1f} after, "
          "its own included")
    if failed:
        print(f"NOT MEASURED: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
