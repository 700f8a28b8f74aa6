# SPDX-License-Identifier: BSD-2-Clause
"""Which world may include which, and which headers of the system may be included where."""
from includes import BUILD
from rooms import world_of

MAY = {
    "user/agent": ("user/agent", "user/io", "user/core", "include/tmip"),
    "user/mlrd": ("user/mlrd", "user/io", "user/core", "include/tmip"),
    "user/io": ("user/io", "user/core", "include/tmip", BUILD),
    "user/core": ("user/core", "include/tmip"),
    "bpf": ("bpf", "include/tmip", "vmlinux"),
    "include/tmip": ("include/tmip",),
    "vmlinux": ("vmlinux",),
}
# All others are forbidden in these worlds. The pure core has no socket, clock, event loop, BPF,
# database or JSON; it uses byte orders and the text of addresses of arpa/inet.h, and snprintf of
# stdio.h. The parsers of bpf/ also compile into a fuzzer, where linux/ has the formats of packets.
SYSTEM = {
    "user/core": ("arpa/inet.h", "ctype.h", "errno.h", "stdarg.h", "stdbool.h", "stddef.h",
                  "stdint.h", "stdio.h", "stdlib.h", "string.h", "uthash.h", "utlist.h"),
    "bpf": ("bpf/bpf_endian.h", "bpf/bpf_helpers.h", "linux/if_ether.h", "linux/ip.h"),
    "include/tmip": ("linux/types.h",),
    "vmlinux": (),
}


def judge(include):
    """What is wrong with the include, or None."""
    world = world_of(include.path)
    if world is None:
        return "this file is in no world that tests/source/rooms.py knows"
    if include.target is None and include.quoted:
        return f'"{include.name}" is not in the tree'
    if include.target is None:
        allowed = include.name in SYSTEM.get(world, (include.name,))
        return None if allowed else f"{world} may not include <{include.name}>"
    other = BUILD if include.target == BUILD else world_of(include.target)
    return None if other in MAY[world] else f"{world} may not include {other} ({include.name})"


def forbidden(sources):
    """An error for each include that goes up, out of a pure world, or nowhere."""
    judged = [(include, judge(include)) for include in sources.includes]
    return [f"{include.place}: {wrong}" for include, wrong in judged if wrong]
