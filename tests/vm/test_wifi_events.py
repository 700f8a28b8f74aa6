# SPDX-License-Identifier: BSD-2-Clause
"""What access points and their hostapds report of stations.

Stations arrive, leave, have moved on, and have names.
"""
import os
import socket
import struct
import time

import pytest

import wifi
from wifi import Security, WifiStation, ask_control, attach_cell, load_radios, unload_radios
from world import PATIENCE, wait_for

LAYER2_UPDATE, EAPOL = range(1536), 0x888e
NAMES = {"alice": "the secret of alice", "bob": "the secret of bob"}
RSN = ["wpa=2", "rsn_pairwise=CCMP"]


def eap(name):
    return [f'identity="{name}"', f'password="{NAMES[name]}"']


def key(name):
    return [f'psk="{NAMES[name]}"']


@pytest.fixture
def securities(tmp_path, monkeypatch):
    """WLANs whose hostapd knows who a station is.

    It learns that by 802.1X with its own server, or by the key that the station uses.
    """
    users, keys = tmp_path / "users", tmp_path / "keys"
    users.write_text("".join(f'"{name}" PWD "{secret}"\n' for name, secret in NAMES.items()))
    keys.write_text("".join(f"keyid={name} 00:00:00:00:00:00 {secret}\n"
                            for name, secret in NAMES.items()))
    points = {"eap": [*RSN, "wpa_key_mgmt=WPA-EAP", "ieee8021x=1", "eap_server=1",
                      f"eap_user_file={users}"],
              "keys": [*RSN, "wpa_key_mgmt=WPA-PSK", f"wpa_psk_file={keys}"]}
    for kind, of in (("eap", eap), ("keys", key)):
        for name in NAMES:
            station = ["eap=PWD", *of(name)] if kind == "eap" else of(name)
            management = "WPA-EAP" if kind == "eap" else "WPA-PSK"
            monkeypatch.setitem(wifi.SECURITIES, f"{kind}-{name}",
                                Security(management, points[kind], station))


class Air:
    """Two access points that are CNs, and stations.

    hostapd: the agents know its socket. bridge: the cell is a bridge, and the access point a port
    of it.
    """

    def __init__(self, world, security, stations=1, hostapd=True, bridge=False):
        self.world, self.security = world, security
        if os.path.exists("/sys/module/mac80211_hwsim"):
            unload_radios()  # those of the test before, which may be fewer
        radios = iter(sorted(load_radios(2 + stations).items()))
        world.mlr.start()
        self.points = [self.point(cn, next(radios), hostapd, bridge) for cn in world.cns]
        self.radios = radios

    def point(self, cn, radio, hostapd, bridge):
        door = f"{cn.folder}/hostapd"
        told = {}
        if hostapd:
            told = {"hostapd": f"wlan0 {door}/wlan0", "station_identity": "association"}
        point = attach_cell(cn, *radio, bridge, [f"ctrl_interface={door}"],
                            {"debug": 4, **told}, security=self.security)
        point.door = f"{door}/wlan0"
        if hostapd:
            wait_for(lambda: cn.control("status")["hostapd"]["links"][0]["state"] == "connected",
                     "hostapd to be connected")
        return point

    def station(self, name, security=None, address=None):
        station = WifiStation(self.world, name, *next(self.radios))
        station.build(security or self.security)
        if address:
            station.set_static(address, address.rsplit(".", 1)[0] + ".1")
        return station

    def at(self, station):
        """Returns the station's access point, and then the other one."""
        bssid = station.connections()[-1][1]
        return sorted(self.points, key=lambda point: point.bssid != bssid)


def in_kernel(point):
    return point.cn.run("iw", "dev", "wlan0", "station", "dump").stdout


def in_hostapd(point):
    """The MAC of the first station that hostapd has, or nothing."""
    answer = ask_control(point.door, f"{point.cn.folder}/ask-hostapd", "STA-FIRST")
    return answer.split("\n", 1)[0] if answer and not answer.startswith("FAIL") else ""


def trail(cn, station):
    steps = cn.control("why", station=station.mac)["trail"]
    return [(step["time"], step["text"]) for step in steps]


def told(cn, station, text):
    """The time of the first step in the trail with that text, or None."""
    return next((when for when, line in trail(cn, station) if text in line), None)


def is_silent(cn, station):
    record = cn.station(station)
    return record and record["silent"]


class Ear:
    """Hears what a station sends into a cell, as (time, Ethernet type or length)."""

    def __init__(self, cn, station):
        self.station = bytes.fromhex(station.mac.replace(":", ""))
        self.socket = cn.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("wlan0", 3))
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        self.socket.setblocking(False)

    def heard(self):
        frames = []
        while True:
            try:
                frame, ancillary, _, where = self.socket.recvmsg(2048, 256)
            except BlockingIOError:
                return frames
            if frame[6:12] == self.station and where[2] != 4:  # PACKET_OUTGOING
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                frames.append((seconds + nanoseconds / 1e9, struct.unpack("!H", frame[12:14])[0]))


def test_handover_begins_before_the_first_packet(make_world):
    """A mute station: no client, no packet. Its first word is its answer to the CN's question."""
    air = Air(make_world(cns=2, nat=()), "wpa2")
    laptop = air.station("laptop")
    address = laptop.dhclient().start(seconds=20)
    laptop.client.kill()
    here, there = air.at(laptop)
    wait_for(lambda: here.cn.state(laptop) == "home", "the home CN to know it")
    ear = Ear(there.cn, laptop)
    laptop.associate(there)
    wait_for(lambda: there.cn.state(laptop) == "visiting" and here.cn.state(laptop) == "away",
             "the handover")
    began = told(there.cn, laptop, "station detected in cell wlan0")
    packets = [when for when, kind in ear.heard()
               if kind not in LAYER2_UPDATE and kind != EAPOL]
    first = [round((when - began) * 1000, 1) for when in packets[:1]]
    print(f"handover begun, first packet after it: {first} ms")
    assert not packets or min(packets) > began
    assert laptop.address() == address
    laptop.reaches(air.world.server.address)


@pytest.mark.parametrize("hostapd", [True, False], ids=["hostapd", "kernel"])
def test_arrives_without_layer2_update(make_world, hostapd):
    air = Air(make_world(cns=2, nat=()), "wpa2", hostapd=hostapd)
    laptop = air.station("laptop")
    laptop.dhclient().start(seconds=20)
    laptop.client.kill()
    here, there = air.at(laptop)
    wait_for(lambda: here.cn.state(laptop) == "home", "the home CN to know it")
    # This filter drops all before ours, which has another priority: the CN hears of the station
    # only from hostapd and the kernel.
    there.cn.run("modprobe", "cls_matchall", check=False)
    there.cn.run("tc", "filter", "add", "dev", "wlan0", "ingress", "pref", "1", "protocol", "all",
                 "matchall", "action", "drop")
    laptop.associate(there)
    wait_for(lambda: there.cn.state(laptop) == "visiting" and here.cn.state(laptop) == "away",
             "the handover", 10)
    assert told(there.cn, laptop, "station detected in cell wlan0 (association)")
    there.cn.run("tc", "filter", "delete", "dev", "wlan0", "ingress", "pref", "1")
    laptop.reaches(air.world.server.address)


@pytest.mark.parametrize("hostapd, bridge",
                         [(True, False), (False, False), (True, True), (False, True)],
                         ids=["hostapd", "kernel", "bridge-hostapd", "bridge-kernel"])
def test_former_access_point_drops_it(make_world, hostapd, bridge):
    air = Air(make_world(cns=2, nat=()), "wpa2", hostapd=hostapd, bridge=bridge)
    laptop = air.station("laptop")
    laptop.dhclient().start(seconds=20)
    here, there = air.at(laptop)
    laptop.reaches(air.world.server.address)
    for former, now in ((here, there), (there, here)):
        laptop.associate(now)
        laptop.reaches(air.world.server.address)
        wait_for(lambda point=former: laptop.mac not in in_kernel(point),
                 "the kernel to forget the station", 10)
        if hostapd:
            wait_for(lambda point=former: laptop.mac not in in_hostapd(point),
                     "hostapd to forget the station", 10)
        else:
            # This is why an agent that knows the socket of hostapd asks hostapd to drop it.
            assert laptop.mac in in_hostapd(former)
        assert former.cn.control("status")["wifi"]["dropped"] == 1
        assert now.cn.control("status")["wifi"]["associated"] == 1
        assert laptop.mac in in_kernel(now)
        assert laptop.ping(air.world.server.address, count=5, seconds=PATIENCE)

    # There and back before the former access point would drop the station.
    laptop.associate(there)
    laptop.associate(here)
    laptop.reaches(air.world.server.address)
    seen = len(laptop.connections())
    end = time.monotonic() + 3 * PATIENCE
    while time.monotonic() < end:
        assert laptop.ping(air.world.server.address, count=20, seconds=PATIENCE)
        assert laptop.mac in in_kernel(here)
    assert len(laptop.connections()) == seen


def departures_at_reassociations(cn, laptop, times):
    """How many departures the agent saw at each of them. It should see none; but it waits 50 ms
    for a station that the kernel has removed, and an emulated machine may need more than that.
    """
    counts = []
    for _ in range(times):
        seen, before = len(laptop.connections()), cn.control("status")["wifi"]["departed"]
        laptop.ask("REASSOCIATE")
        wait_for(lambda seen=seen: len(laptop.connections()) > seen, "the station to be back", 10)
        wait_for(lambda: not is_silent(cn, laptop), "the agent to hear it again", 10)
        counts.append(cn.control("status")["wifi"]["departed"] - before)
    return counts


def test_leaving_is_seen(make_world):
    air = Air(make_world(cns=2, nat=()), "wpa2", hostapd=False)
    laptop = air.station("laptop")
    laptop.dhclient().start(seconds=20)
    cn = air.at(laptop)[0].cn
    laptop.reaches(air.world.server.address)
    counts = departures_at_reassociations(cn, laptop, 5)
    assert 0 in counts, counts
    laptop.reaches(air.world.server.address)
    laptop.ask("DISCONNECT")
    wait_for(lambda: is_silent(cn, laptop), "its departure to be noticed", 3)
    assert told(cn, laptop, "it has left, as the link layer says")
    laptop.ask("RECONNECT")
    wait_for(lambda: not is_silent(cn, laptop), "its return to be noticed", 10)
    laptop.reaches(air.world.server.address)


def changed_mac(laptop, mac):
    """Leaves without a word to DHCP, forgets all, and gets another MAC."""
    laptop.client.kill()
    laptop.supplicant.stop()
    laptop.configure(["address flush dev wlan0", "link set wlan0 down",
                      f"link set wlan0 address {mac}", "link set wlan0 up"])
    laptop.mac = mac
    laptop.run("rm", "-f", laptop.client.base + ".leases", laptop.client.events_path)


@pytest.mark.parametrize("kind", ["eap", "keys"])
def test_identity_keeps_the_address(make_world, securities, kind):
    air = Air(make_world(cns=2, nat=()), f"{kind}-alice", stations=2)
    world = air.world
    laptop = air.station("laptop", f"{kind}-alice")
    address = laptop.dhclient().start(seconds=20)
    laptop.reaches(world.server.address)
    for mac in ("02:00:00:aa:00:01", "02:00:00:aa:00:02"):
        changed_mac(laptop, mac)
        laptop.join(f"{kind}-alice")
        assert laptop.dhclient().start(seconds=20) == address
        laptop.reaches(world.server.address)
        laptop.associate(air.at(laptop)[1])
        laptop.reaches(world.server.address)
        assert [cn.station(address)["mac"] for cn in world.cns] == [mac, mac]

    # A second station of the same person, while the first one is there, gets another address.
    phone = air.station("phone", f"{kind}-alice")
    other = phone.dhclient().start(seconds=20)
    assert other != address
    phone.reaches(world.server.address)
    assert laptop.ping(world.server.address, count=5, seconds=PATIENCE)
    assert laptop.client.restart(seconds=20) == address
    assert phone.client.restart(seconds=20) == other

    # Another person with the same MAC does not get the address that belonged to it.
    changed_mac(phone, "02:00:00:aa:00:01")
    phone.join(f"{kind}-bob")
    assert phone.dhclient().start(seconds=20) not in (address, other)
    changed_mac(laptop, "02:00:00:aa:00:03")
    laptop.join(f"{kind}-bob")
    assert laptop.dhclient().start(seconds=20) != address
