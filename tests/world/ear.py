# SPDX-License-Identifier: BSD-2-Clause
"""What a station hears by ARP."""
import ipaddress
import threading
import time
from collections import namedtuple

REQUEST, REPLY = 1, 2
PACKET_OUTGOING = 4

# An ARP packet: when it came (time.monotonic()), the frame's destination MAC, the operation, the
# sender's MAC and address as text, and the whole frame.
Heard = namedtuple("Heard", "when to operation mac address frame")


class Ear:
    """Keeps the ARP packets that reach a station, in `heard`, until stop()."""

    def __init__(self, station):
        self.station = station
        self.socket = station.socket(17, 3, 0x0608)  # AF_PACKET, SOCK_RAW, ETH_P_ARP
        self.socket.bind(("wlan0", 0x0806))
        self.socket.settimeout(0.1)
        self.heard, self.running = [], True
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while self.running:
            try:
                frame, where = self.socket.recvfrom(100)
            except TimeoutError:
                continue
            except OSError:
                return
            if where[2] != PACKET_OUTGOING:
                self.heard.append(Heard(time.monotonic(), frame[:6].hex(":"), frame[21],
                                        frame[22:28].hex(":"),
                                        str(ipaddress.ip_address(frame[28:32])), frame))

    def probes(self):
        """The questions to this station alone."""
        return [one for one in self.heard
                if one.operation == REQUEST and one.to == self.station.mac]

    def defences(self, address):
        """Replies to this station alone: that address is at ..."""
        return [one for one in self.heard if one.operation == REPLY and
                one.address == address and one.to == self.station.mac]

    def stop(self):
        self.running = False
        self.thread.join()
        self.socket.close()
