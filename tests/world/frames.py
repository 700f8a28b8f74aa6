# SPDX-License-Identifier: BSD-2-Clause
"""Frames that a test builds byte by byte and sends from a station: it decides which frame is first.
"""
import socket
import struct

ALL = "ff:ff:ff:ff:ff:ff"
ARP, IP = 0x806, 0x800


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def send_frame(station, to, protocol, payload, source=None):
    """From the station's device. `source`: another MAC than the station's."""
    with station.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind((station.device, 0))
        raw.send(octets(to) + octets(source or station.mac) + struct.pack("!H", protocol) + payload)


def arp_request(mac, sender, target):
    """With target = sender it is an announcement (gratuitous ARP)."""
    return (struct.pack("!HHBBH", 1, IP, 6, 4, 1) + octets(mac) + socket.inet_aton(sender) +
            bytes(6) + socket.inet_aton(target))


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xffff) + (total >> 16)
    return 0xffff - ((total & 0xffff) + (total >> 16))


def ipv4(source, target, protocol, payload, identification=1):
    """An IPv4 packet with DF."""
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, 0x4000, 64,
                           protocol, check, socket.inet_aton(source), socket.inet_aton(target))

    return header(checksum(header(0))) + payload


def udp(source, target, data=b"first", port=9):
    payload = struct.pack("!HHHH", port, port, 8 + len(data), 0) + data
    return ipv4(source, target, socket.IPPROTO_UDP, payload)
