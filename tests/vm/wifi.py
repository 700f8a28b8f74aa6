# SPDX-License-Identifier: BSD-2-Clause
"""Real Wi-Fi without air: radios of mac80211_hwsim in the namespaces of a world.

hostapd and wpa_supplicant run on them.
"""
import json
import os
import re
import socket

from world import PATIENCE, Cn, Station, WorldError, run, wait_for

SSID, PASSPHRASE = "tmip", "a passphrase for tests"
TRIES = 3
FREQUENCIES = {1: 2412, 6: 2437, 11: 2462}  # MHz, by channel
CONNECTED = re.compile(r"^(\d+\.\d+): wlan0: CTRL-EVENT-CONNECTED - "
                       r"Connection to (\S+) completed", re.M)


def ask_control(path, own, command):
    """What hostapd or wpa_supplicant answers to a command on its control socket `path`.

    Meanwhile `own` is our socket.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.settimeout(5 * PATIENCE)
        try:
            door.bind(own)
            door.connect(path)
            door.send(command.encode())
            return door.recv(1 << 16).decode()
        finally:
            os.unlink(own)


class Security:
    """A kind of WLAN: how to configure both ends, and how wpa_supplicant's status shows it."""

    def __init__(self, name, point=(), station=(), shown=None, ssid=SSID):
        self.shown, self.point, self.ssid = f"key_mgmt={shown or name}", list(point), ssid
        self.station = [f"key_mgmt={name}", *station]


# So many tries let a slow station finish its handshake.
AES = ["wpa=2", "rsn_pairwise=CCMP", "wpa_pairwise_update_count=20"]
SECURITIES = {
    "open": Security("NONE"),
    "wpa2": Security("WPA-PSK",
                     [*AES, "wpa_key_mgmt=WPA-PSK", f"wpa_passphrase={PASSPHRASE}"],
                     [f'psk="{PASSPHRASE}"'], shown="WPA2-PSK"),
    "sae": Security("SAE",
                    [*AES, "wpa_key_mgmt=SAE", "ieee80211w=2", f"sae_password={PASSPHRASE}"],
                    ["ieee80211w=2", f'sae_password="{PASSPHRASE}"']),
    # Fast transition over the air. Each access point derives its key from the passphrase: the
    # access points need not talk to each other.
    "ft": Security("FT-PSK",
                   [*AES, "wpa_key_mgmt=FT-PSK", f"wpa_passphrase={PASSPHRASE}",
                    "mobility_domain=7431", "ft_over_ds=0", "ft_psk_generate_local=1",
                    "reassociation_deadline=65535"], [f'psk="{PASSPHRASE}"']),
}


def load_radios(count):
    """Makes that many radios, and returns them as {phy: device}."""
    for module in ("ctr", "ccm", "cmac"):  # ciphers that the kernel finds only if they are there
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


def unload_radios():
    """Takes all radios away, wherever they are."""
    run("modprobe", "-r", "mac80211_hwsim")


def move_radio(phy, device, namespace, lines=()):
    """Moves a radio into a namespace, where it is called wlan0. Returns its MAC."""
    run("ip", "link", "set", device, "down")
    run("iw", "phy", phy, "set", "netns", "name", namespace.name)
    namespace.configure([f"link set {device} name wlan0", *lines] if device != "wlan0" else lines)
    return json.loads(namespace.run("ip", "-j", "link", "show", "wlan0").stdout)[0]["address"]


class AccessPoint:
    """hostapd on wlan0 of a CN, or of another place of the world.

    cell: the CN's cell where its stations are; by default the first one. lines: what the device
    needs, in ip(8)'s words; by default the gateway's address of the cell. more: further lines of
    hostapd's configuration.
    """

    def __init__(self, place, phy, device, security="wpa2", channel=1, cell=None, lines=None,
                 more=()):
        self.cn = self.place = place
        self.cell = cell or (place.cells[0] if isinstance(place, Cn) else None)
        self.channel, self.more, self.program, self.security = channel, list(more), None, None
        if lines is None:
            lines = [f"address add {self.cell.gateway}/24 dev wlan0", "link set wlan0 up"]
        self.bssid = move_radio(phy, device, place, lines)
        self.serve(security)

    def serve(self, security):
        """Starts hostapd (again) for this kind of WLAN."""
        if self.program:
            self.program.stop()
        path = f"{self.place.world.folder}/{self.place.place}-hostapd.conf"
        kind, self.security = SECURITIES[security], security
        lines = ["interface=wlan0", "driver=nl80211", f"ssid={kind.ssid}", "hw_mode=g",
                 f"channel={self.channel}", f"nas_identifier={self.place.place}",
                 *kind.point, *self.more]
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in lines))
        world = self.place.world
        self.program = world.program(self.place, "hostapd", path,
                                     name=f"{self.place.place}-hostapd-{len(world.helpers)}")
        wait_for(lambda: "AP-ENABLED" in self.program.text(),
                 f"the access point of {self.place.place}", 10)

    def gave_up(self, station):
        """How many times it has given up a handshake with the station."""
        return self.program.text().count(f"STA {station.mac} IEEE 802.11: deauthenticated due to "
                                         "local deauth request")

    def handshakes(self, station):
        """How many four-way handshakes with the station it has completed."""
        return self.program.text().count(f"EAPOL-4WAY-HS-COMPLETED {station.mac}")


def make_bridge(cn, *ports):
    """Makes br0, with these ports, the first cell of a CN."""
    cell = cn.cells[0]
    cell.device = "br0"
    cn.configure(["link add br0 type bridge stp_state 0 forward_delay 0",
                  f"address add {cell.gateway}/24 dev br0", "link set br0 up",
                  *(line for port in ports
                    for line in (f"address flush dev {port}", f"link set {port} master br0"))])


def attach_cell(cn, phy, device, bridged=False, more=(), directives=(), **options):
    """Makes an access point the only cell of a CN, by `tmip-agent attach'.

    bridged: the access point is a port of br0, which is the cell.
    """
    cn.run("ip", "link", "delete", "w0")
    cell = cn.cells[0]
    if bridged:
        make_bridge(cn)
        point = AccessPoint(cn, phy, device, lines=["link set wlan0 up"],
                            more=["bridge=br0", *more], **options)
    else:
        cell.device = "wlan0"
        point = AccessPoint(cn, phy, device, more=more, **options)
    cn.configure_with(mobile_if=None, addr_pool=f"{cell.device} * *", **dict(directives))
    cn.command_line = lambda: [cn.binary, "attach", cell.device, "-f", cn.config]
    cn.start(daemon=True)
    return point


class WifiStation(Station):
    """A station with wpa_supplicant on wlan0."""

    def __init__(self, world, name, phy, device, channel=1):
        super().__init__(world, name, len(world.stations) + 1)
        world.stations.append(self)
        self.radio, self.frequency = (phy, device), FREQUENCIES[channel]
        self.supplicant, self.control = None, f"{world.folder}/{name}-wpa"

    def build(self, security="wpa2"):
        run("ip", "netns", "add", self.name)
        self.mac = move_radio(*self.radio, self, ["link set wlan0 up"])
        self.run("sh", "-c", "for f in all default; do "
                 "echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done")
        return self.join(security)

    def join(self, security, *options):
        """Starts wpa_supplicant (again) for this kind of WLAN, and waits until it is associated."""
        if self.supplicant:
            self.supplicant.stop()
        kind = SECURITIES[security]
        lines = [f'ssid="{kind.ssid}"', f"scan_freq={self.frequency}", *kind.station]
        with open(f"{self.control}.conf", "w", encoding="ascii") as file:
            file.write(f"ctrl_interface={self.control}\nnetwork={{\n" +
                       "".join(f"\t{line}\n" for line in lines) + "}\n")
        self.supplicant = self.world.program(
            self, "wpa_supplicant", "-t", "-D", "nl80211", "-i", "wlan0",
            "-c", f"{self.control}.conf", *options,
            name=f"{self.place}-wpa-{len(self.world.helpers)}")
        wait_for(self.connections, f"{self.place} to associate", 20)
        return self

    def connections(self):
        """(time, BSSID) of each association since the station joined."""
        return [(float(when), bssid) for when, bssid in CONNECTED.findall(self.supplicant.text())]

    def ask(self, command):
        """What wpa_supplicant answers, without a wpa_cli for each question."""
        return ask_control(f"{self.control}/wlan0", f"{self.control}/{self.place}", command)

    def hears(self, point):
        """Returns whether a scan found the access point lately, or begins a scan.

        The kernel forgets what is older than 30 s.
        """
        found = re.search(r"^age=(\d+)", self.ask(f"BSS {point.bssid}"), re.M)
        if found and int(found[1]) < 10:
            return True
        self.ask(f"SCAN freq={self.frequency}")
        return False

    def be_at(self, point):
        """Roams to an access point unless it is there already."""
        self.keep_to(point)
        if self.connections()[-1][1] != point.bssid:
            self.associate(point)
        self.cell = point.cell

    def keep_to(self, point):
        """The station goes to no other access point by itself when this one loses it."""
        answer = self.ask(f"SET bssid_filter {point.bssid}")
        assert answer.strip() == "OK", answer

    def is_let_in(self, point, before):
        """Has the access point completed the handshake, too, if there is one each time? If it gives
        up, a protected station does not believe it, and hears nothing more.
        """
        if point.security not in ("wpa2", "sae"):
            return True
        try:
            wait_for(lambda: point.handshakes(self) > before, "the end of the handshake", 2)
        except WorldError:
            return False
        return True

    def roam_to(self, point):
        wait_for(lambda: self.hears(point), f"{self.place} to hear {point.bssid}", 10, every=0.1)
        self.ask("BSSID_IGNORE clear")
        return self.ask(f"ROAM {point.bssid}")

    def connect_again(self):
        self.ask("DISCONNECT")
        return self.ask("RECONNECT")

    def reconnect(self):
        """Begins anew at its access point. Returns the time when it was connected."""
        before = len(self.connections())
        answer = self.connect_again()
        assert answer.strip() == "OK", answer
        wait_for(lambda: len(self.connections()) > before, f"{self.place} to be back", 10)
        return self.connections()[-1][0]

    def associate(self, point):
        """Roams to an access point. Returns the time when it was connected.

        On a slow machine the radios may miss their own deadlines: then the station tries again.
        """
        self.keep_to(point)
        lost = False
        for _ in range(TRIES):
            before, handshakes = len(self.connections()), point.handshakes(self)
            answer = self.connect_again() if lost else self.roam_to(point)
            assert answer.strip() == "OK", answer
            wait_for(lambda seen=before: len(self.connections()) > seen,
                     f"{self.place} to roam", 10)
            when, bssid = self.connections()[-1]
            lost = bssid == point.bssid and not self.is_let_in(point, handshakes)
            if bssid == point.bssid and not lost:
                self.cell = point.cell
                return when
        raise WorldError(f"{self.place} was not let in by {point.place.place} in {TRIES} tries")
