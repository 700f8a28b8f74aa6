# SPDX-License-Identifier: BSD-2-Clause
"""What befalls CNs on a bad day, at random, while stations roam: a cell's interface goes down,
loses its address or has another name for a while; an agent is stopped, and goes on later; a laptop
is docked and undocked somewhere.
"""
import itertools
import os
import random
import signal
import threading


class BadDay:
    """Disturbs the CNs from __enter__ to __exit__, one at a time. In the end all is as before."""

    def __init__(self, cns, seed=1, laptop=None, address=None):
        """laptop: a world.docking.Laptop that uses `address` by both of its interfaces."""
        self.cns, self.random = cns, random.Random(seed)
        self.laptop, self.address = laptop, address
        self.over, self.count, self.error = threading.Event(), {}, None
        self.thread = threading.Thread(target=self.run)

    def pause(self, least, most):
        self.over.wait(self.random.uniform(least, most))

    def down(self, cn):
        device = cn.cells[0].device
        cn.configure([f"link set {device} down"])
        self.pause(0.1, 1)
        cn.configure([f"link set {device} up"])

    def bare(self, cn):
        cell = cn.cells[0]
        cn.configure([f"address flush dev {cell.device}"])
        self.pause(0.1, 1)
        cn.configure([f"address add {cell.gateway}/24 dev {cell.device}"])

    def renamed(self, cn):
        device = cn.cells[0].device
        cn.configure([f"link set {device} down", f"link set {device} name other0",
                      "link set other0 up"])
        self.pause(0.1, 0.5)
        cn.configure(["link set other0 down", f"link set other0 name {device}",
                      f"link set {device} up"])

    def stopped(self, cn):
        os.kill(cn.pid(), signal.SIGSTOP)
        self.pause(0.5, 2)
        os.kill(cn.pid(), signal.SIGCONT)

    def docked(self, cn):
        laptop, gateway = self.laptop, self.cns[0].cells[0].gateway
        laptop.plug(laptop.cable, cn.cells[0])
        laptop.give(laptop.cable, self.address)
        laptop.route(laptop.cable, gateway)
        laptop.wlan.ping(gateway, seconds=0.3)
        laptop.wlan.roam(self.random.choice(self.cns))
        self.pause(0.1, 1)
        laptop.unplug(laptop.cable)
        laptop.route(laptop.wlan, gateway)

    def run(self):
        events = [self.down, self.bare, self.renamed, self.stopped]
        events += [self.docked] if self.laptop else []
        try:
            for number in itertools.count():
                if number % len(events) == 0:
                    self.random.shuffle(events)
                if self.over.is_set():
                    return
                event = events[number % len(events)]
                event(self.random.choice(self.cns))
                self.count[event.__name__] = self.count.get(event.__name__, 0) + 1
                self.pause(0.1, 0.5)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        if self.error:
            raise self.error
