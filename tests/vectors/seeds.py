#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the messages of the vectors as seeds for the fuzzers, one file for each message:

    seeds.py FUZZER DIRECTORY
"""
import pathlib
import sys


def messages(fuzzer):
    if fuzzer == "fuzz_mlrp":
        import mlrp
        return dict(mlrp.VECTORS) | {"stream": b"".join(data for _, data in mlrp.VECTORS)}
    if fuzzer == "fuzz_dhcp":
        import dhcp
        return dhcp.REQUESTS | dhcp.FAULTS
    if fuzzer == "fuzz_frame":
        import packets
        return {name: b"\xff" + frames[0] for name, frames in packets.PACKETS.items()}
    if fuzzer == "fuzz_fragment":
        import fragments
        return {name: mtu.to_bytes(2, "big") + bytes(whole)
                for name, (whole, mtu, _) in fragments.CASES.items()}
    return {}


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in messages(sys.argv[1]).items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
