# SPDX-License-Identifier: BSD-2-Clause
"""The maps as other programs find them: names, types, sizes, and where each member is in keys,
values and what the rings carry; names of pins and programs. Recorded as test_interface.py says; the
manual is docs/maps.md.
"""
import json
import os
import re

from world import TOP, run
from world.checker import pins
from world.recorded import Transcript

RINGS = {"tmip_events": "tmip_event", "tmip_punts": "tmip_punt"}
SHOWN = {"name": "name", "type": "type", "flags": "flags", "key": "bytes_key",
         "value": "bytes_value", "entries": "max_entries"}


def bpftool(*words):
    return json.loads(run("bpftool", "-j", *words).stdout)


class Types:
    """The types of a BTF object or file."""

    def __init__(self, *where):
        self.by_id = {one["id"]: one for one in bpftool("btf", "dump", *where)["types"]}

    def struct(self, name):
        structs = [one for one in self.by_id.values() if one["kind"] == "STRUCT"]
        return next(one for one in structs if one["name"] == name)

    def plain(self, number):
        """The type without typedefs and qualifiers, and the last name that it had."""
        one, name = self.by_id[number], None
        while one["kind"] in ("TYPEDEF", "CONST", "VOLATILE"):
            name = one["name"] if one["kind"] == "TYPEDEF" else name
            one = self.by_id[one["type_id"]]
        return one, name or one["name"]

    def members(self, number, path="", offset=0):
        """Lines of all members that are no structures: place, type and name of each."""
        (one, name), count = self.plain(number), ""
        while one["kind"] == "ARRAY":
            count += f"[{one['nr_elems']}]"
            one, name = self.plain(one["type_id"])
        if one["kind"] not in ("STRUCT", "UNION"):
            return [f"    {offset:4}  {name}{count}  {path}"]
        lines = []
        for member in one["members"]:
            inside = f"{path}{count}.{member['name']}".lstrip(".")
            lines += self.members(member["type_id"], inside, offset + member["bits_offset"] // 8)
        return lines

    def describe(self, what, one):
        if one["kind"] != "STRUCT":
            return [f"  {what}: {self.plain(one['id'])[1]}"]
        return [f"  {what}: struct {one['name']}, {one['size']} bytes", *self.members(one["id"])]


def types_of_rings(folder):
    """The types of the compiled header, as the BTF of the maps does not have them."""
    with open(f"{folder}/rings.c", "w", encoding="ascii") as file:
        file.write("#include <vmlinux.h>\n#include <tmip/event.h>\n")
        file.writelines(f"struct {name} {name};\n" for name in RINGS.values())
    run("clang", "-target", "bpf", "-g", "-I", f"{TOP}/include", "-I", f"{TOP}/vmlinux",
        "-c", f"{folder}/rings.c", "-o", f"{folder}/rings.o")
    return Types("file", f"{folder}/rings.o")


def describe_map(path, shown, types, rings):
    name = os.path.basename(path)
    lines = [", ".join(f"{what} {shown[member]}" for what, member in SHOWN.items())]
    if name in RINGS:
        return lines + rings.describe("data", rings.struct(RINGS[name]))
    for what in ("key", "value"):
        one = bpftool("btf", "dump", "map", "pinned", path, what)["types"][0]
        lines += types.describe(what, one)
    return lines


def programs_with(numbers):
    """Lines of name and type of the BPF programs that use one of these maps."""
    return sorted(f"{one['name']}  {one['type']}" for one in bpftool("prog", "show")
                  if numbers & set(one.get("map_ids", [])))


def test_maps_and_programs(make_world):
    """With XDP, so that every possible pin is there."""
    world = make_world(cns=1, nat=(), directives={1: {"xdp": "on"}}).start()
    cn = world.cn(1)
    folder, links = pins(cn), cn.links_by_name()
    devices = {str(number): f"<{name}>" for name, number in links.items()}
    # A kernel without TCX also has qdisc_... here.
    names = sorted(name for name in os.listdir(folder) if not name.startswith("qdisc_"))
    maps = {name: f"{folder}/{name}" for name in names if name.startswith("tmip_")}
    shown = {name: bpftool("map", "show", "pinned", path) for name, path in maps.items()}
    types, rings = Types("id", shown["tmip_station"]["btf_id"]), types_of_rings(world.folder)

    with Transcript("maps", world) as texts:
        def add(head, lines):
            texts.add(f"# {head}", "".join(f"{line}\n" for line in lines))

        add(folder, [re.sub(r"\d+", lambda found: devices[found[0]], name) for name in names])
        for name, path in maps.items():
            add(path, describe_map(path, shown[name], types, rings))
        add("programs", programs_with({one["id"] for one in shown.values()}))
