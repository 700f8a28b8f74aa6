# SPDX-License-Identifier: BSD-2-Clause
"""The rival: EVPN-VXLAN of Debian's FRR, in the same world and with the same station as TMip
(parts/handover.py).

The CNs become leaves. They share one subnet: each has a bridge with the cell's interface and a
VXLAN device, and on the bridge the anycast gateway, with the same address and MAC on all leaves.
bgpd tells the other leaves which MAC is where. Packets from the station leave over its present
leaf. Packets to it come to leaf 1, where the router has the subnet, and go on through VXLAN.
"mesh": each leaf has a session with each other leaf. "reflector": each leaf has a session with a
route reflector only, which takes the place of our register.

This module starts zebra and bgpd directly, in the namespaces, with files of their own. The service
of the package never runs.
"""
import os
import shutil
import subprocess
import tempfile

from parts.handover import ADDRESS, MAC, RoamerWorld
from world import WorldError, wait_for

FRR = "/usr/lib/frr"
GATEWAY, GATEWAY_MAC, VNI, AS = "10.1.0.1", "00:00:5e:00:01:01", 100, 65000
SWITCH_ONLY = "f=/proc/sys/net/bridge/bridge-nf-call-iptables; [ ! -e $f ] || echo 0 > $f\n"
NO_SERVICE = "/usr/sbin/policy-rc.d"
NO_TELNET = ("-A", "127.0.0.1", "-P", "0")


def install():
    """Installs FRR from Debian if it is missing. Meanwhile a policy keeps the package from starting
    its service (invoke-rc.d(8), deb-systemd-invoke(1)).
    """
    if os.path.exists(f"{FRR}/bgpd"):
        return
    ours = not os.path.exists(NO_SERVICE)
    if ours:
        with open(NO_SERVICE, "w", encoding="ascii", opener=executable) as file:
            file.write("#!/bin/sh\nexit 101\n")
    try:
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", "frr")
    finally:
        if ours:
            os.unlink(NO_SERVICE)


def executable(path, flags):
    return os.open(path, flags, 0o755)


def apt_get(*words):
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(["apt-get", *words], stdout=output, stderr=output, timeout=600,
                              check=False, env=variables)
        if done.returncode:
            output.seek(0)
            raise WorldError(f"apt-get {' '.join(words)} failed:\n{output.read()}")


def bgp_config(router, partners, reflects=False, leaf=True):
    lines = ["frr defaults datacenter", "log file bgpd.log",
             f"router bgp {AS}", f"bgp router-id {router.address}",
             "no bgp default ipv4-unicast",
             "neighbor fabric peer-group", f"neighbor fabric remote-as {AS}"]
    lines += [f"neighbor {partner.address} peer-group fabric" for partner in partners]
    lines += ["address-family l2vpn evpn", "neighbor fabric activate"]
    if reflects:
        lines.append("neighbor fabric route-reflector-client")
    if leaf:
        # A station may move as often as it likes.
        lines += ["advertise-all-vni", "no dup-addr-detection"]
    return "\n".join([*lines, "exit-address-family", ""])


class EvpnWorld(RoamerWorld):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def start(self):
        """Starts leaves instead of agents. Returns when each leaf knows all others."""
        for leaf in self.cns:
            self.make_leaf(leaf)
        for leaf in self.cns:
            partners = [self.mlr]
            if self.kind == "mesh":
                partners = [other for other in self.cns if other is not leaf]
            self.run_frr(leaf, bgp_config(leaf, partners))
        if self.kind == "reflector":
            self.run_frr(self.mlr, bgp_config(self.mlr, self.cns, reflects=True, leaf=False))
        others = len(self.cns) - 1
        for leaf in self.cns:
            wait_for(lambda leaf=leaf: len(self.flooded(leaf)) == others,
                     f"{leaf.place} to know the others", 60, every=0.1)
        return self

    @staticmethod
    def make_leaf(leaf):
        cell = leaf.cells[0]
        leaf.plain_routing()
        leaf.configure([
            f"link add br0 address {GATEWAY_MAC} type bridge "
            "stp_state 0 forward_delay 0 mcast_snooping 0",
            f"link add vx0 type vxlan id {VNI} local {leaf.address} dstport 4789 nolearning",
            "link set vx0 master br0",
            "link set vx0 type bridge_slave neigh_suppress on learning off",
            f"address flush dev {cell.device}", f"link set {cell.device} master br0",
            f"address add {GATEWAY}/24 dev br0", "link set br0 up", "link set vx0 up"], SWITCH_ONLY)

    @staticmethod
    def flooded(leaf):
        """The leaves to which this one floods, which are those that it knows by BGP."""
        lines = leaf.run("bridge", "fdb", "show", "dev", "vx0").stdout.splitlines()
        return [line for line in lines if line.startswith("00:00:00:00:00:00") and " dst " in line]

    def run_frr(self, place, bgp):
        # The daemons run as user frr. The world removes the folder.
        folder = tempfile.mkdtemp(prefix=f"{self.prefix}-frr-")
        shutil.chown(folder, "frr", "frrvty")
        zebra = "frr defaults datacenter\nlog file zebra.log\nip nht resolve-via-default\n"
        for name, text in (("zebra", zebra), ("bgpd", bgp)):
            with open(f"{folder}/{name}.conf", "w", encoding="ascii") as file:
                file.write(text.replace("log file ", f"log file {folder}/"))
        for name, more in (("zebra", ()), ("bgpd", ("-p", "179"))):
            door = f"{folder}/{name}.vty"
            daemon = self.program(place, f"{FRR}/{name}", "-f", f"{folder}/{name}.conf",
                                  "-i", f"{folder}/{name}.pid", "-z", f"{folder}/zserv",
                                  "--vty_socket", folder, *NO_TELNET, *more,
                                  name=f"{name}-{place.place}")
            wait_for(lambda door=door, daemon=daemon: os.path.exists(door) or not daemon.alive,
                     f"{daemon} to start", 20)
            if not daemon.alive:
                raise WorldError(f"{daemon} has ended:\n{daemon.text()}")

    def where(self):
        """What leaf 1 knows of the station, for a person who looks into a run."""
        leaf, command = self.cns[0], f"bridge fdb show | grep -i {MAC}; ip neigh show {ADDRESS}"
        return leaf.run("sh", "-c", command, check=False).stdout
