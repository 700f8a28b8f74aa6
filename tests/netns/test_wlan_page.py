# SPDX-License-Identifier: BSD-2-Clause
"""What docs/wlan.md says works: its files, as they stand, on machines of namespaces.

Cables stand in for radios; hostapd, if it is here, reads the radios' configuration. The files for
OpenWrt are parsed, and must say what the others say.
"""
import os
import re
import shutil
import types

import pytest

from world import AGENT, BUILD, run, wait_for
from world.agreement import arrive
from world.page import PageNetwork, read


@pytest.fixture
def network(make_world):
    world = make_world(cns=0, nat=())
    network = PageNetwork(world)
    for point in network.points:
        world.air.configure([f"link add {point.place} type bridge forward_delay 0",
                             f"link set {point.place} up",
                             f"link add to-{point.place} master {point.place} "
                             f"type veth peer name wlan0 netns {point.name}",
                             f"link set to-{point.place} up"])
        point.configure([f"address add {point.gateway} dev wlan0", "link set wlan0 up"])
        point.wait_links()
        point.cell = types.SimpleNamespace(ifindex=world.air.ifindex(point.place))
    network.start()
    return network


def test_the_network_of_the_page(network):
    world, (library, cafeteria) = network.world, network.points
    laptop = world.add_station("laptop").roam(library.cell)
    address = laptop.dhclient().start()
    assert address.startswith("10.20.1.")
    laptop.reaches(world.server.address)
    arrive(laptop, cafeteria.cell)
    laptop.reaches(world.server.address)
    for point, state in ((library, "away"), (cafeteria, "visiting")):
        wait_for(lambda at=point, wanted=state: at.settled_state(address) == wanted,
                 f"the handover at {point.place}")
    assert world.server.ping(address) and laptop.ping("10.20.1.1")
    network.compare_trail(cafeteria, address)


def test_hostapd_reads_its_files(tmp_path):
    """hostapd finds no radio, and must not complain of anything else."""
    root = os.path.join(BUILD, "vm", "root", "usr")  # where tests/vm/prepare unpacks it
    hostapd = shutil.which("hostapd", path=f"{os.environ['PATH']}:/usr/sbin:{root}/sbin")
    if not hostapd:
        pytest.skip("no hostapd is installed, nor unpacked by tests/vm/prepare")
    files, path = read(), tmp_path / "hostapd.conf"

    def complaints(text):
        path.write_text(text.replace("interface=wlan0", "interface=none0"))
        libraries = {"LD_LIBRARY_PATH": f"{root}/lib/x86_64-linux-gnu"}
        done = run(hostapd, path, check=False, timeout=10, env={**os.environ, **libraries})
        # "No such device" comes where the kernel knows WLAN.
        assert done.returncode, done
        assert re.search("Failed to initialize|No such device", done.stdout), done
        return [line for line in done.stdout.splitlines()
                if re.search(r"^Line \d+|errors? found|nvalid", line)]

    for machine in ("library", "cafeteria"):
        assert complaints(files[machine]["/etc/hostapd/hostapd.conf"]) == []
    assert complaints(files["library"]["/etc/hostapd/hostapd.conf"] + "ft_psk=1\n")


def uci(text):
    """Parses a file of OpenWrt: [(type, name or None, {option: value or list})]."""
    sections = []
    for line in filter(str.strip, text.splitlines()):
        match = re.fullmatch(r"\s*(config|option|list) ([\w-]+)(?: '([^']*)')?", line)
        word, name, value = match.groups()
        if word == "config":
            sections.append((name, value, {}))
        elif word == "option":
            assert name not in sections[-1][2], line
            sections[-1][2][name] = value
        else:
            sections[-1][2].setdefault(name, []).append(value)
    return sections


def directives(text):
    return dict(re.split(r"[ =]", line, maxsplit=1)
                for line in text.splitlines() if line and line[0] != "#")


def test_openwrt_says_the_same(tmp_path):
    files = read()
    there = {path: uci(text) for path, text in files["openwrt"].items()
             if path.startswith("/etc/config")}
    radio = there["/etc/config/wireless"][0][2]
    hostapd, cn = (directives(files["library"][f"/etc/{path}"])
                   for path in ("hostapd/hostapd.conf", "tmip/tmipd.rc"))
    for ours, theirs in (("ssid", "ssid"), ("key", "wpa_passphrase"), ("nasid", "nas_identifier")):
        assert radio[ours] == hostapd[theirs]
    for name in ("mobility_domain", "ft_psk_generate_local", "ft_over_ds",
                 "reassociation_deadline"):
        assert radio[name] == hostapd[name]
    assert radio["encryption"] == "psk2+ccmp"
    assert (hostapd["wpa"], hostapd["rsn_pairwise"]) == ("2", "CCMP")

    network = {name: options for kind, name, options in there["/etc/config/network"]
               if kind == "interface"}
    assert f'{network["campus"]["ipaddr"]}/24' in files["library"]["/etc/network/interfaces"]
    assert f'{network["wan"]["ipaddr"]}/24' in files["library"]["/etc/network/interfaces"]
    served = {section[2].get("interface") for section in there["/etc/config/dhcp"]}
    assert served == {radio["network"]} == {"campus"}
    bridge = next(options["name"] for kind, _, options in there["/etc/config/network"]
                  if kind == "device")
    agent = directives(files["openwrt"]["/etc/tmip/tmipd.rc"])
    assert agent["mobile_if"] == bridge == network["campus"]["device"]
    assert agent["addr_pool"].split()[0] == bridge
    for name in ("network_name", "cn_name", "mlr", "cn_if", "dns_server"):
        assert agent[name] == cn[name]
    path = tmp_path / "tmipd.rc"
    path.write_text(files["openwrt"]["/etc/tmip/tmipd.rc"])
    evaluation = run(AGENT, "evaluate", "-f", path, check=False).stdout
    wanted = r"^ok +configuration .* CN library of network campus, 1 cell"
    assert re.search(wanted, evaluation, re.M)


def test_the_two_access_points_differ_where_the_page_says():
    files = read()
    for path, text in files["library"].items():
        other = files["cafeteria"][path]
        for one, two in (("library", "cafeteria"), ("192.0.2.21", "192.0.2.22"),
                         ("10.20.1.1", "10.20.2.1"), ("channel=1", "channel=6")):
            text = text.replace(one, two)
        assert text == other
