#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes DHCP frames with scapy, and prints them as a C header: the requests of clients in all their
states, wrong requests, and the replies as whole frames that the encoder must make.
tests/unit/core/dhcp/test_dhcp.c says what each request means.
"""
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import BOOTP, DHCP, IP, UDP, Ether, IPOption_Router_Alert, Raw  # noqa: E402

MAC = "02:00:5e:10:00:09"
CN = "02:00:00:00:01:01"
RAW_MAC = bytes.fromhex(MAC.replace(":", ""))
ID = b"\x01" + RAW_MAC
XID = 0xDECAFBAD
GATEWAY = "10.10.1.1"
MINE = "10.10.1.9"
COOKIE = b"\x63\x82\x53\x63"


def frame(options, src="0.0.0.0", dst="255.255.255.255", mac_dst="ff:ff:ff:ff:ff:ff", ip=None,
          udp=None, tail=b"", **bootp):
    """A client's frame. options: a list for scapy, or the bytes after the fixed part of BOOTP."""
    chaddr = RAW_MAC + bytes(10)
    base = {"op": 1, "htype": 1, "hlen": 6, "xid": XID, "chaddr": chaddr}
    base.update(bootp)
    packet = Ether(src=MAC, dst=mac_dst) / IP(src=src, dst=dst, **(ip or {}))
    packet /= UDP(sport=68, dport=67, **(udp or {}))
    if isinstance(options, bytes):
        packet /= BOOTP(options=b"", **base) / Raw(options)
    else:
        packet /= BOOTP(**base) / DHCP(options=options)
    return bytes(packet) + tail


def option(number, value):
    return bytes([number, len(value)]) + value


END = b"\xff"
DISCOVER = option(53, b"\x01")
REQUESTED = option(50, bytes([10, 10, 1, 9]))  # the address MINE
UNWANTED = option(50, bytes([1, 2, 3, 4]))  # one at a place that the decoder must ignore

REQUESTS = {
    # dhclient: a requested address, a name, a list of parameters, and pads up to 300 bytes of BOOTP
    "discover": frame([("message-type", "discover"), ("requested_addr", MINE),
                       ("hostname", "laptop"), ("param_req_list", [1, 28, 2, 3, 15, 6, 119, 12]),
                       "end"] + ["pad"] * 20, secs=3, flags=0x8000),
    # udhcpc: a client identifier, a maximum size, a vendor class
    "discover_udhcpc": frame([("client_id", ID), ("max_dhcp_size", 576),
                              ("vendor_class_id", b"udhcp 1.35.0"), ("lease_time", 600),
                              ("message-type", "discover"), "end"]),
    "selecting": frame([("message-type", "request"), ("server_id", GATEWAY),
                        ("requested_addr", MINE), ("client_id", ID), "end"]),
    "init_reboot": frame([("message-type", "request"), ("requested_addr", MINE), "end"]),
    "renewing": frame([("message-type", "request"), "end"],
                      src=MINE, dst=GATEWAY, mac_dst=CN, ciaddr=MINE),
    "rebinding": frame([("message-type", "request"), "end"], src=MINE, ciaddr=MINE, secs=300),
    "decline": frame([("message-type", "decline"), ("server_id", GATEWAY),
                      ("requested_addr", MINE), "end"]),
    "release": frame([("message-type", "release"), ("server_id", GATEWAY), "end"],
                     src=MINE, dst=GATEWAY, mac_dst=CN, ciaddr=MINE),
    "inform": frame([("message-type", "inform"), "end"], src=MINE, ciaddr=MINE),
    "relayed": frame([("message-type", "discover"), "end"], giaddr="10.99.0.1"),

    # Options in `file` and `sname` (RFC 2132, 9.3). In the first case the client identifier has
    # three parts, one in each of the three places (RFC 3396).
    "overload_both": frame(COOKIE + DISCOVER + option(52, b"\x03") + option(61, ID[:2]) + END,
                           file=option(61, ID[2:4]) + REQUESTED + END,
                           sname=bytes(3) + option(61, ID[4:]) + END),
    "overload_file": frame(COOKIE + option(52, b"\x01") + END,
                           file=DISCOVER + END, sname=UNWANTED + END),
    "overload_sname": frame(COOKIE + option(52, b"\x02") + END,
                            file=UNWANTED + END, sname=DISCOVER + END),
    "no_overload": frame(COOKIE + DISCOVER + END, file=UNWANTED + END),
    "split": frame(COOKIE + option(61, ID[:3]) + DISCOVER + option(12, b"lap") +
                   option(61, ID[3:]) + option(12, b"top") + END),
    "lease_0": frame(COOKIE + DISCOVER + option(51, b"") + END),
    "id_1": frame(COOKIE + DISCOVER + option(61, b"\x01") + END),
    "id_200": frame(COOKIE + DISCOVER + option(61, b"\xff" + bytes(range(1, 200))) + END),
    "overload_4": frame(COOKIE + DISCOVER + option(52, b"\x04") + END),
    "long_id": frame(COOKIE + DISCOVER + option(61, b"\xff" + bytes(range(100, 200))) +
                     option(61, bytes(200)) + END),
    "pads_no_end": frame(COOKIE + bytes(5) + DISCOVER + bytes(7) + REQUESTED),
    "after_end": frame(COOKIE + DISCOVER + END + UNWANTED),
    "ugly_name": frame(COOKIE + DISCOVER + option(12, b"a\x1b[2Jb\xe9 c\x00d") + END),
    "empty_name": frame(COOKIE + DISCOVER + option(12, b"") + END),
    "ip_options": frame([("message-type", "discover"), "end"],
                        ip={"options": [IPOption_Router_Alert()]}),
    "ethernet_padding": frame([("message-type", "discover"), "end"], tail=b"\xaa" * 40),
    # The IP packet is longer than the UDP datagram. The decoder must not read the rest of it.
    "udp_shorter": frame(COOKIE + DISCOVER + REQUESTED + END, udp={"len": 8 + 236 + 4 + 3}),
    "no_checksum": frame([("message-type", "discover"), "end"], udp={"chksum": 0}),
}

FAULTS = {
    "arp": bytes(Ether(src=MAC, dst=CN, type=0x0806)) + bytes(60),
    "ipv6": bytes(Ether(src=MAC, dst=CN, type=0x86DD)) + b"\x60" + bytes(80),
    "other_port": bytes(Ether(src=MAC, dst=CN) / IP(src=MINE, dst=GATEWAY) /
                        UDP(sport=68, dport=69) / Raw(bytes(300))),
    "tcp": frame([("message-type", "discover"), "end"], ip={"proto": 6}),
    "first_fragment": frame([("message-type", "discover"), "end"], ip={"flags": "MF"}),
    "later_fragment": frame([("message-type", "discover"), "end"], ip={"frag": 5}),
    "ihl_4": frame([("message-type", "discover"), "end"], ip={"ihl": 4}),
    "ihl_15": frame([("message-type", "discover"), "end"], ip={"ihl": 15}),
    "ip_too_long": frame([("message-type", "discover"), "end"], ip={"len": 5000}),
    "ip_too_short": frame([("message-type", "discover"), "end"], ip={"len": 27}),
    "udp_too_long": frame([("message-type", "discover"), "end"], udp={"len": 1000}),
    "udp_too_short": frame([("message-type", "discover"), "end"], udp={"len": 7}),
    "bootp": frame(b""),
    "cookie": frame(b"\x63\x82\x53\x64" + DISCOVER + END),
    "a_reply": frame([("message-type", "offer"), "end"], op=2),
    "token_ring": frame([("message-type", "discover"), "end"], htype=6),
    "hlen_16": frame([("message-type", "discover"), "end"], hlen=16),
    "no_type": frame(COOKIE + REQUESTED + END),
    "type_0": frame(COOKIE + option(53, b"\x00") + END),
    "type_9": frame(COOKIE + option(53, b"\x09") + END),
    "type_long": frame(COOKIE + option(53, b"\x01\x01") + END),
    "type_twice": frame(COOKIE + DISCOVER + DISCOVER + END),
    "requested_3": frame(COOKIE + DISCOVER + option(50, b"\x0a\x0a\x01") + END),
    "server_5": frame(COOKIE + DISCOVER + option(54, bytes(5)) + END),
    "cut_length": frame(COOKIE + DISCOVER + b"\x32"),
    "cut_value": frame(COOKIE + DISCOVER + b"\x32\x04\x0a\x0a"),
    "cut_in_file": frame(COOKIE + DISCOVER + option(52, b"\x01") + END,
                         file=bytes(126) + b"\x32\x04"),
}


def reply(options, dst, mac, flags=0, ciaddr="0.0.0.0", yiaddr="0.0.0.0", server=GATEWAY):
    bootp = BOOTP(op=2, htype=1, hlen=6, xid=XID, flags=flags, ciaddr=ciaddr, yiaddr=yiaddr,
                  chaddr=RAW_MAC + bytes(10))
    body = bytes(bootp / DHCP(options=options + ["end"]))
    body += bytes(max(0, 300 - len(body)))
    ip = IP(src=server, dst=dst, tos=0xC0, ttl=64, id=0)
    return bytes(Ether(src=CN, dst=mac) / ip / UDP(sport=67, dport=68) / Raw(body))


def lease(kind, seconds, *more):
    times = []
    if seconds:
        times = [("lease_time", seconds), ("renewal_time", seconds // 2),
                 ("rebinding_time", seconds * 7 // 8)]
    return [("message-type", kind), ("server_id", GATEWAY), *times,
            ("subnet_mask", "255.255.255.0"), ("broadcast_address", "10.10.1.255"),
            ("router", GATEWAY), *more]


BROADCAST = ("255.255.255.255", "ff:ff:ff:ff:ff:ff")
DNS = ("name_server", "10.0.5.7", "9.9.9.9")
DOMAIN = ("domain", b"example.org")
CLIENT_ID = ("client_id", ID)

REPLIES = {
    "offer": reply(lease("offer", 3600, DNS, DOMAIN), *BROADCAST, flags=0x8000, yiaddr=MINE),
    "offer_unicast": reply(lease("offer", 601, DNS, DOMAIN, CLIENT_ID), MINE, MAC, yiaddr=MINE),
    "ack_selecting": reply(lease("ack", 3600, DNS, CLIENT_ID), MINE, MAC, yiaddr=MINE),
    "ack_renewing": reply(lease("ack", 3600, DNS), MINE, MAC, ciaddr=MINE, yiaddr=MINE),
    "ack_inform": reply(lease("ack", 0, DNS, DOMAIN), MINE, MAC, ciaddr=MINE),
    "nak": reply([("message-type", "nak"), ("server_id", GATEWAY)], *BROADCAST),
    "nak_renewing": reply([("message-type", "nak"), ("server_id", GATEWAY)], *BROADCAST),
    "nak_id": reply([("message-type", "nak"), ("server_id", GATEWAY), CLIENT_ID], *BROADCAST),
    # The long domain name makes more than 300 bytes.
    "ack_long": reply(lease("ack", 86400, DNS, ("domain", b"a" * 63), CLIENT_ID), MINE, MAC,
                      yiaddr=MINE),
}


def main():
    print("/* Made by tests/vectors/dhcp.py with scapy. */")
    for prefix, table in (("request", REQUESTS), ("fault", FAULTS), ("reply", REPLIES)):
        for name, data in table.items():
            print(f"static const unsigned char {prefix}_{name}[{len(data)}] = {{")
            for at in range(0, len(data), 16):
                print("\t" + ", ".join(f"0x{b:02x}" for b in data[at:at + 16]) + ",")
            print("};")
        print(f"#define {prefix.upper()}_NAMES(X) " + " ".join(f"X({name})" for name in table))


if __name__ == "__main__":
    main()
