# SPDX-License-Identifier: BSD-2-Clause
"""Real Wi-Fi without air: radios of mac80211_hwsim in the namespaces of a world, hostapd and wpa_supplicant on them."""
import json
import os
import re

from world import Station, run, wait_for

SSID, PASSPHRASE, FREQUENCY = "tmip", "a passphrase for tests", 2412
CONNECTED = re.compile(r"^(\d+\.\d+): wlan0: CTRL-EVENT-CONNECTED - Connection to (\S+) completed", re.M)


def load_radios(count):
    """The names of so many free radios: {phy: device}."""
    for module in ("ctr", "ccm"):  # ciphers that the kernel finds only if they are there
        run("modprobe", module)
    run("modprobe", "mac80211_hwsim", f"radios={count}")

    def there():
        found = {}
        for device in os.listdir("/sys/class/net"):
            path = f"/sys/class/net/{device}/phy80211/name"
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    found[file.read().strip()] = device
        return found if len(found) >= count else None

    return wait_for(there, f"{count} radios")


def move_radio(phy, device, namespace, lines=()):
    """Into a namespace, where the device is called wlan0. Returns its MAC."""
    run("ip", "link", "set", device, "down")
    run("iw", "phy", phy, "set", "netns", "name", namespace.name)
    namespace.configure([f"link set {device} name wlan0", *lines] if device != "wlan0" else lines)
    return json.loads(namespace.run("ip", "-j", "link", "show", "wlan0").stdout)[0]["address"]


class AccessPoint:
    """hostapd on wlan0 of a CN."""

    def __init__(self, cn, phy, device):
        self.cn = cn
        self.bssid = move_radio(phy, device, cn, [f"address add {cn.cells[0].gateway}/24 dev wlan0", "link set wlan0 up"])
        path = f"{cn.folder}/hostapd.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"interface=wlan0\ndriver=nl80211\nssid={SSID}\nhw_mode=g\nchannel=1\nwpa=2\nwpa_key_mgmt=WPA-PSK\n"
                       f"rsn_pairwise=CCMP\nwpa_passphrase={PASSPHRASE}\n")
        self.program = cn.world.program(cn, "hostapd", path, name=f"{cn.place}-hostapd")
        wait_for(lambda: "AP-ENABLED" in self.program.text(), f"the access point of {cn.place}", 10)


class WifiStation(Station):
    """A station with wpa_supplicant on wlan0."""

    def __init__(self, world, name, phy, device):
        super().__init__(world, name, len(world.stations) + 1)
        world.stations.append(self)
        self.phy, self.device, self.supplicant, self.control = phy, device, None, f"{world.folder}/{name}-wpa"

    def build(self):
        run("ip", "netns", "add", self.name)
        self.mac = move_radio(self.phy, self.device, self, ["link set wlan0 up"])
        self.run("sh", "-c", "for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done")
        with open(f"{self.control}.conf", "w", encoding="ascii") as file:
            file.write(f'ctrl_interface={self.control}\nnetwork={{\n\tssid="{SSID}"\n\tpsk="{PASSPHRASE}"\n\tscan_freq={FREQUENCY}\n}}\n')
        self.supplicant = self.world.program(self, "wpa_supplicant", "-t", "-D", "nl80211", "-i", "wlan0", "-c", f"{self.control}.conf",
                                             name=f"{self.place}-wpa")
        wait_for(self.connections, f"{self.place} to associate", 20)
        return self

    def connections(self):
        """(time, BSSID) of each."""
        return [(float(when), bssid) for when, bssid in CONNECTED.findall(self.supplicant.text())]

    def ask(self, *words):
        return self.run("wpa_cli", "-p", self.control, "-i", "wlan0", *words).stdout

    def associate(self, point):
        """Roams to an access point. Returns the time when it was connected."""
        def seen():
            if point.bssid in self.ask("scan_results"):
                return True
            self.ask("scan", f"freq={FREQUENCY}")
            return False

        before = len(self.connections())
        wait_for(seen, f"{self.place} to hear {point.bssid}", 10, every=0.3)
        answer = self.ask("roam", point.bssid)
        assert answer.strip() == "OK", answer
        wait_for(lambda: self.connections()[before:] and self.connections()[-1][1] == point.bssid, f"{self.place} to roam", 10)
        self.cell = point.cn.cells[0]
        return self.connections()[-1][0]
