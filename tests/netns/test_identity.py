# SPDX-License-Identifier: BSD-2-Clause
"""hostapd says who a station is (station_identity association).

A stand-in for hostapd says what a test wants; tests/vm/test_wifi_events.py has the real one.
"""
import json
import os
import socket
import threading

import pytest

from world import wait_for
from world.docking import Laptop


class Hostapd:
    """The control socket of hostapd: answers as hostapd 2.10 does, and reports connections."""

    def __init__(self, cn):
        self.cn, self.path = cn, f"{cn.folder}/hostapd-w0"
        self.stations, self.listeners, self.mute, self.asked = {}, set(), False, []
        self.open()

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        threading.Thread(target=self.serve, args=(self.socket,), daemon=True).start()

    def close(self):
        """Closes the socket, and leaves its file behind."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.listeners.clear()

    def serve(self, door):
        try:
            while True:
                text, peer = door.recvfrom(4096)
                if not peer:
                    return
                self.asked.append(text.decode())
                if not self.mute:
                    door.sendto(self.answer(text.decode(), peer).encode(), peer)
        except OSError:
            pass

    def answer(self, text, peer):
        command, _, mac = text.partition(" ")
        macs = sorted(self.stations)
        if command == "ATTACH":
            self.listeners.add(peer)
            return "OK\n"
        if command == "PING":
            return "PONG\n"
        if command == "STA-FIRST":
            return self.describe(macs[0]) if macs else ""
        if command == "STA-NEXT":
            later = [other for other in macs if other > mac]
            return self.describe(later[0]) if later else "FAIL\n"
        return self.describe(mac) if command == "STA" and mac in self.stations else "FAIL\n"

    def describe(self, mac):
        name = self.stations[mac]
        return (f"{mac}\nflags=[AUTH][ASSOC][AUTHORIZED]\naid=1\n"
                f"dot1xAuthSessionUserName={name}\nrx_packets=6\n")

    def event(self, text):
        for peer in self.listeners:
            self.socket.sendto(f"<3>{text}".encode(), peer)

    def connect(self, station, name, tell=True):
        self.stations[station.mac] = name
        if tell:
            self.event(f"AP-STA-CONNECTED {station.mac}")

    def disconnect(self, station):
        self.stations.pop(station.mac, None)
        self.event(f"AP-STA-DISCONNECTED {station.mac}")


def up(cn):
    return cn.control("status")["hostapd"]["links"][0]["state"] == "connected"


@pytest.fixture
def net(make_world):
    """Two CNs, each with a hostapd."""
    world = make_world(cns=2, nat=())
    world.hostapds = []
    for cn in world.cns:
        cn.configure_with(hostapd=f"w0 {cn.folder}/hostapd-w0", station_identity="association")
        world.hostapds.append(Hostapd(cn))
    world.start()
    for cn in world.cns:
        wait_for(lambda at=cn: up(at), "hostapd to be connected")
    return world


def join(world, number, station, name):
    """Associates with the access point of a CN, and asks for an address as a new station."""
    world.hostapds[number - 1].connect(station, name)
    station.roam(world.cn(number))
    return station.dhclient().start()


def rename(station, mac):
    """The station leaves without a word, and becomes another one."""
    station.client.kill()
    station.leave()
    station.configure(["address flush dev wlan0", "link set wlan0 down",
                       f"link set wlan0 address {mac}", "link set wlan0 up"])
    station.mac = mac
    for path in (station.client.base + ".leases", station.client.events_path):
        if os.path.exists(path):
            os.unlink(path)


@pytest.mark.parametrize("number", [1, 2], ids=["same CN", "other CN"])
def test_new_mac_same_address(net, number):
    phone = net.add_station("phone")
    address = join(net, 1, phone, "alice@example")
    phone.reaches(net.server.address)
    rename(phone, "02:00:00:aa:00:01")
    # Probes find the former MAC silent.
    assert join(net, number, phone, "alice@example") == address
    phone.reaches(net.server.address)
    wait_for(lambda: [cn.station(address)["mac"] for cn in net.cns] == [phone.mac] * 2,
             "all CNs to know the new MAC")
    assert net.cn(number).control("status")["hostapd"]["taken"] == 1
    # By its remembered lease (INIT-REBOOT), after one more change.
    lease = open(phone.client.base + ".leases", encoding="ascii").read()
    rename(phone, "02:00:00:aa:00:02")
    net.hostapds[1].connect(phone, "alice@example")
    with open(phone.client.base + ".leases", "w", encoding="ascii") as file:
        file.write(lease)
    phone.roam(net.cn(2))
    client = phone.dhclient()
    assert client.start() == address and client.events()[-1][0] in ("REBOOT", "BOUND")
    phone.reaches(net.server.address)


@pytest.mark.parametrize("number", [1, 2], ids=["same CN", "other CN"])
def test_two_at_once_do_not_fight(net, number):
    phone, laptop = net.add_station("phone"), net.add_station("laptop")
    first = join(net, 1, phone, "alice")
    phone.reaches(net.server.address)
    second = join(net, number, laptop, "alice")
    assert second != first
    laptop.reaches(net.server.address)
    assert net.cn(number).control("status")["hostapd"]["shared"] == 1
    for _ in range(2):
        assert phone.client.restart() == first and laptop.client.restart() == second
    assert phone.ping(net.server.address) and laptop.ping(net.server.address)


@pytest.mark.parametrize("number", [1, 2], ids=["same CN", "other CN"])
def test_two_interfaces_of_one_host(net, number):
    """Each is authenticated by the same name. They share the address, and both can be used."""
    laptop = Laptop(net)
    address = join(net, 1, laptop.wlan, "alice")
    laptop.wlan.reaches(net.server.address)
    assert join(net, number, laptop.cable, "alice") == address
    assert net.cn(number).control("status")["hostapd"]["shared"] == 0
    for interface in (laptop.cable, laptop.wlan, laptop.cable):
        laptop.route(interface, "10.1.0.1")
        laptop.wlan.reaches(net.server.address)
        assert net.server.ping(address, count=20)
        assert laptop.wlan.client.restart() == address
    wait_for(lambda: [cn.station(address)["kind"] for cn in net.cns] == ["dynamic"] * 2,
             "the record")


def test_mac_of_somebody_else(net):
    phone = net.add_station("phone")
    first = join(net, 1, phone, "alice")
    mac = phone.mac
    net.hostapds[0].disconnect(phone)
    rename(phone, mac)
    second = join(net, 1, phone, "bob")
    assert second != first
    net.hostapds[0].disconnect(phone)
    rename(phone, mac)
    assert join(net, 1, phone, "alice") == first


def test_client_cannot_claim_an_identity(net):
    """The client sends as its identifier what the register stores for alice."""
    phone, thief = net.add_station("phone"), net.add_station("thief")
    first = join(net, 1, phone, "alice")
    phone.reaches(net.server.address)
    phone.client.kill()
    phone.leave()
    thief.roam(net.cn(1))
    claim = "send dhcp-client-identifier 0:74:6d:69:70:78:61:6c:69:63:65;\n"
    second = thief.dhclient(config=claim).start()
    assert second != first
    assert thief.dhclient(config=claim).restart() == second


def test_hostapd_is_asked_when_it_said_nothing(net):
    """It associated before the agent heard of it: its DHCP message waits for hostapd's answer."""
    phone = net.add_station("phone")
    net.hostapds[0].connect(phone, "alice", tell=False)
    phone.roam(net.cn(1))
    address = phone.dhclient().start()
    assert f"STA {phone.mac}" in net.hostapds[0].asked
    rename(phone, "02:00:00:aa:00:01")
    net.hostapds[1].connect(phone, "alice", tell=False)
    phone.roam(net.cn(2))
    assert phone.dhclient().start() == address


def test_hostapd_that_hangs_or_ends(net):
    """Stations are served by MAC; a new hostapd is found, and lists its stations."""
    hostapd, cn = net.hostapds[0], net.cn(1)
    hostapd.mute = True
    phone, laptop = net.add_station("phone"), net.add_station("laptop")
    phone.roam(cn)
    phone.dhclient().start()
    wait_for(lambda: not up(cn), "hostapd to be given up", 5)
    hostapd.close()
    laptop.roam(cn)
    laptop.dhclient().start()
    os.unlink(hostapd.path)
    hostapd.mute = False
    hostapd.stations = {"02:00:00:00:77:01": "carol", "02:00:00:00:77:02": "dave"}
    hostapd.open()
    wait_for(lambda: up(cn), "hostapd to be found again", 5)
    wait_for(lambda: cn.control("status")["hostapd"]["known"] == 2, "its stations to be listed")


def test_arrival_that_hostapd_tells(net):
    """The station sends nothing: hostapd's word that it may send starts the handover."""
    phone = net.add_station("phone", net.cn(1))
    phone.dhclient().start()
    phone.reaches(net.server.address)
    phone.client.kill()
    phone.leave()
    net.hostapds[1].connect(phone, "alice")
    wait_for(lambda: net.cn(2).state(phone) == "visiting", "the handover")
    trail = net.cn(2).control("why", station=phone.mac)["trail"]
    assert any("(association)" in step["text"] for step in trail)


def test_reload_opens_and_closes_links(net):
    cn = net.cn(1)
    cn.configure_with(hostapd=None)
    cn.control("reload")
    assert cn.control("status")["hostapd"]["links"] == []
    cn.configure_with(hostapd=[f"w0 {cn.folder}/hostapd-w0", f"wlan7 {cn.folder}/nobody"])
    cn.control("reload")

    def states():
        return sorted(link["state"] for link in cn.control("status")["hostapd"]["links"])

    wait_for(lambda: states() == ["connected", "not connected"], "two links")


def test_evaluation_looks_for_hostapd(net):
    cn = net.cn(1)

    def verdict(interface):
        checks = json.loads(cn.agent("evaluate", "--json", check=False).stdout)["checks"]
        return next((check["ok"], check["detail"]) for check in checks
                    if (check["check"], check["subject"]) == ("hostapd", interface))

    assert verdict("w0") == (True, f"{cn.folder}/hostapd-w0: there")
    net.hostapds[0].close()
    assert verdict("w0")[0] and "refused; not used before it is there" in verdict("w0")[1]
    cn.configure_with(hostapd=[f"w0 {cn.folder}/nobody",
                               f"wlan7 {cn.folder}/run/{net.network}.sock"])
    assert verdict("w0")[0] and "No such file" in verdict("w0")[1]
    assert not verdict("wlan7")[0]  # a socket, but another program's
