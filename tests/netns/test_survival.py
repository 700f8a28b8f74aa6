# SPDX-License-Identifier: BSD-2-Clause
"""Programs are killed, hang and start again while traffic flows.

Forwarding does not notice, and nothing is forgotten.
"""
import json
import os
import signal
import time

import pytest

from world import MEGABYTE, PATIENCE, Stream, Transfer, run, wait_for
from world.agreement import Conversation, agree, leased, reaches, static
from world.checker import kernel_peers, kernel_stations, pins, register_stations

LONGEST_MS = 50 * PATIENCE
LOADED_MS = 20 * PATIENCE


def away(world, cn):
    """Waits until a CN has noticed that the register is gone."""
    wait_for(lambda: cn.control("status")["register"]["state"] != "connected",
             f"{cn.place} to miss the register")


def serves(cn):
    """Waits until the agent answers, register or not."""
    wait_for(lambda: cn.control("status"), f"{cn.place} to answer")


def entries_of(cn):
    """What the agent wrote into its maps, without the times when stations were heard."""
    stations = {address: {name: value for name, value in entry.items() if name != "heard"}
                for address, entry in kernel_stations(cn).items()}
    return stations, set(kernel_peers(cn))


class Watch:
    """A UDP stream and a TCP download of a station, and beside them a stream without any agent.

    When that one stands still too, the machine was busy with something else, and the measurement
    says nothing.
    """

    def __init__(self, world, station, number):
        self.world, port = world, 5100 + 10 * number
        self.stream = Stream(world, world.server, station, port=port)
        self.other = Stream(world, world.server, world.mlr, port=port + 1)
        self.transfer = Transfer(world, world.server, station, MEGABYTE, rate=10 * MEGABYTE,
                                 port=port + 2, open_end=True)
        self.flowing()
        self.start = time.time()

    def flowing(self):
        self.stream.flowing()
        self.other.flowing()
        before = self.transfer.received()
        wait_for(lambda: self.transfer.received() > before + MEGABYTE, "the download to go on")

    def result(self):
        """(longest gap of the station's traffic since the start, of the other stream) in ms."""
        self.flowing()
        end = time.time()
        times = [at for at, _ in self.transfer.points() if at > self.start]
        steps = zip(times, times[1:])
        tcp = max(b - a for a, b in steps) * 1000 - 50  # a line is written every 50 ms
        udp, other = (max(stream.gap(way, self.start, end) for way in ("up", "down"))
                      for stream in (self.stream, self.other))
        for program in (self.stream.station, self.stream.server, self.other.station,
                        self.other.server, self.transfer.receiver, self.transfer.sender):
            program.kill()
        return max(udp, tcp), other


@pytest.mark.quiet
@pytest.mark.parametrize("how", ["kill -9", "SIGTERM"])
def test_agent_dies_and_comes_back(world, how):
    """The agent of the visited CN dies, then the parent's, then both.

    A transfer never stalls, and the next agent adopts the maps.
    """
    phone, other = leased(world, "phone", world.cn(1)), leased(world, "other", world.cn(2))
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    agree(world, phone, other)
    turns = ([world.cn(2)], [world.cn(1)], world.cns[:2])
    for number, cns in enumerate(turns if how == "kill -9" else turns[2:]):
        results = []
        for attempt in range(3):
            watch = Watch(world, phone, number * 3 + attempt)
            entries = [entries_of(cn) for cn in cns]
            for cn in cns:
                if how == "kill -9":
                    cn.kill()
                else:
                    assert cn.stop() == 0
            watch.flowing()
            assert [entries_of(cn) for cn in cns] == entries
            for cn in cns:
                cn.start()
                assert cn.ask("status")["adopted"] is True
                assert "took over from a former agent" in cn.agent("status").stdout
            agree(world, phone, other)
            results.append(watch.result())
            if results[-1][0] < LONGEST_MS:
                break
        # What the kill does to the traffic shows each time; what a busy machine does comes and
        # goes.
        if all(longest >= LONGEST_MS and control >= LOADED_MS for longest, control in results):
            pytest.skip(f"the machine is too busy to measure: {results}, "
                        "in ms, the second where no agent is involved")
        assert min(results)[0] < LONGEST_MS, f"{[cn.place for cn in cns]}: {results} ms"
        for cn, (stations, _) in zip(cns, entries):
            assert kernel_stations(cn).keys() == stations.keys()
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    agree(world, phone, other)


def test_roaming_past_a_dead_parent(world):
    """The parent's agent is dead: packets that it sends to the previous CN are forwarded there."""
    phone = leased(world, "phone", world.cn(1))
    phone.roam(world.cn(2))
    reaches(phone, world.server.address)
    agree(world, phone)
    with Conversation(world.server, phone, world.server.address) as call:
        world.cn(1).kill()
        phone.roam(world.cn(3))
        call.say()
        world.cn(1).start()
        call.say()
        agree(world, phone)


def test_roaming_into_and_out_of_a_dead_cn(world):
    """A station enters a cell whose agent is dead: it is served, and so it is when the agent starts
    again (test_absent_agents.py has more of the kind).
    """
    phone = leased(world, "phone", world.cn(2))
    world.cn(3).kill()
    phone.roam(world.cn(3))
    reaches(phone, world.server.address)
    wait_for(lambda: register_stations(world)[phone.address()]["current"] == "cn3",
             "the parent to tell the register", 8)
    assert phone.ping(world.server.address, count=20)
    world.cn(3).start()
    reaches(phone, world.server.address)
    agree(world, phone)
    world.cn(3).kill()
    phone.roam(world.cn(1))
    reaches(phone, world.server.address)
    world.cn(3).start()
    agree(world, phone)


# ---- the register

def test_register_is_killed(make_world):
    """Nothing that was acknowledged is lost.

    Meanwhile stations talk, roam, and renew their leases, and the CNs report all of it later.
    """
    world = make_world(lease_time=int(10 * PATIENCE)).start()
    laptop, phone = leased(world, "laptop", world.cn(2)), leased(world, "phone", world.cn(2))
    robot = static(world, "robot", world.cn(3), "10.3.0.77", world.cn(1))
    last = leased(world, "last", world.cn(1))
    world.mlr.kill()  # directly after the ACK of the last one
    for cn in world.cns:
        away(world, cn)
    with Conversation(laptop, phone, laptop.address()) as call:
        phone.roam(world.cn(3))
        reaches(phone, world.server.address)
        call.say()
        robot.roam(world.cn(2))
        reaches(robot, world.server.address)
        wait_for(lambda: {cn.station(phone)["current"] for cn in world.cns[1:]} == {"cn3"},
                 "the CNs to agree among themselves")
        ends = {station: world.cn(2).station(station)["lease_end"] for station in (laptop, phone)}
        for station in (laptop, phone):
            seen = len(station.client.events())
            station.client.wait_event({"RENEW", "REBIND"}, seen, seconds=12)
        stranger = world.add_station("stranger", world.cn(2))
        stranger.dhclient().start(wait=False)
        world.mlr.start()
        call.say()
    for cn in world.cns:
        cn.wait_ready(15)
    assert stranger.client.wait_bound(seconds=15)
    for station in (robot, last, phone):
        reaches(station, world.server.address)
    agree(world, laptop, phone, robot, last, stranger, seconds=15)
    records = register_stations(world)
    assert all(records[station.address()]["lease_end"] > end for station, end in ends.items())


def test_register_hangs(world):
    """It neither answers nor closes its connections: a handover works at once all the same."""
    phone = leased(world, "phone", world.cn(2))
    world.mlr.program.send(signal.SIGSTOP)
    try:
        phone.roam(world.cn(3))
        reaches(phone, world.server.address, 3)
        wait_for(lambda: world.cn(2).station(phone)["current"] == "cn3", "the parent to agree")
    finally:
        world.mlr.program.send(signal.SIGCONT)
    agree(world, phone, seconds=15)


def test_register_loses_its_store(world):
    """A register starts with an empty store, and the CNs register the stations again.

    The CNs come back in another order, and keep their numbers all the same.
    """
    robot = static(world, "robot", world.cn(3), "10.3.0.77", world.cn(1))
    agree(world, robot)
    numbers = {cn: cn.control("status")["cn"]["id"] for cn in world.cns}
    for cn in world.cns:
        cn.program.send(signal.SIGSTOP)
    world.mlr.kill()
    for name in os.listdir(f"{world.mlr.folder}/state"):
        os.unlink(f"{world.mlr.folder}/state/{name}")
    world.mlr.start()
    for cn in sorted(world.cns, key=numbers.get, reverse=True):
        cn.program.send(signal.SIGCONT)
        told = f"CN {cn.place} registered"

        def registered(text=told):
            return text in world.mlr.program.text().rsplit("register of network", 1)[1]

        wait_for(registered, told, 10)
    for cn in world.cns:
        cn.wait_ready(15)
    assert {cn: cn.control("status")["cn"]["id"] for cn in world.cns} == numbers
    reaches(robot, world.server.address, 10)
    agree(world, robot, seconds=15)


def test_start_without_a_register(make_world):
    """An agent without the register says so, serves stations at home, and joins when it can."""
    world = make_world()
    for cn in world.cns:
        cn.start(wait=False)
    for cn in world.cns:
        serves(cn)
    phone = world.add_station("phone", world.cn(2))
    phone.set_static("10.2.0.9", "10.2.0.1")
    reaches(phone, world.server.address)
    told = wait_for(lambda: world.cn(2).ask("status")["register"]["error"], "a reason")
    assert told in world.cn(2).program.text() and "is away" in world.cn(2).program.text()
    assert "away" in world.cn(2).agent("status").stdout
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready(15)
    reaches(phone, world.server.address)
    agree(world, phone)


def test_start_with_lost_maps(world):
    """A CN that was taken down wholly starts with only what the register sends it."""
    phone, laptop = leased(world, "phone", world.cn(1)), leased(world, "laptop", world.cn(2))
    phone.roam(world.cn(2))
    laptop.roam(world.cn(3))
    for station in (phone, laptop):
        reaches(station, world.server.address)
    agree(world, phone, laptop)
    with Conversation(world.server, phone, world.server.address) as call:
        cn = world.cn(2)
        cn.agent("detach", "--all")
        assert cn.program.wait() == 0
        assert not os.path.exists(pins(cn))
        cn.start()
        assert cn.ask("status")["adopted"] is False
        call.say()
        reaches(laptop, world.server.address)
        agree(world, phone, laptop)


# ---- the end

def kernel_state(cn):
    """All that an agent may change: settings, routes, rules, filters, qdiscs, links of programs."""
    script = ("sysctl -a 2>/dev/null | grep -E '^net\\.(ipv4|core)' | "
              "grep -v -E 'tcp_(mem|fastopen_key)|random|stat|\\.neigh\\.';"
              "ip route show table all; ip rule; tc qdisc; ip -o link; ip -o address")
    for device in ("w0", "bb0"):
        script += f"; tc filter show dev {device} ingress; tc filter show dev {device} egress"
    return cn.run("sh", "-c", script).stdout.splitlines()


def programs():
    """{id: ids of its maps} of the programs in the kernel."""
    found = json.loads(run("bpftool", "-j", "prog", "show").stdout)
    return {program["id"]: program.get("map_ids", []) for program in found}


def programs_of(cn):
    """Ids of the programs that use the maps of a CN."""
    path = f"{pins(cn)}/tmip_station"
    station = json.loads(run("bpftool", "-j", "map", "show", "pinned", path).stdout)["id"]
    return {program for program, maps in programs().items() if station in maps}


@pytest.mark.parametrize("alive", [True, False], ids=["agent runs", "agent was killed"])
def test_detach_leaves_nothing(make_world, alive):
    world = make_world()
    cn = world.cn(1)
    cn.sysctl("net.ipv4.conf.w0.send_redirects", 1)
    before = kernel_state(cn)
    world.start()
    phone, guest = leased(world, "phone", cn), leased(world, "guest", world.cn(2))
    phone.roam(world.cn(2))
    guest.roam(cn)
    for station in (phone, guest):
        reaches(station, world.server.address)
    assert kernel_state(cn) != before
    loaded = programs_of(cn)
    assert len(loaded) >= 3
    if not alive:
        cn.kill()
    cn.agent("detach", "--all")
    if alive:
        assert cn.program.wait() == 0
    assert kernel_state(cn) == before
    assert not os.path.exists(pins(cn))
    assert not os.listdir(f"{cn.folder}/state")
    files = [name for name in os.listdir(f"{cn.folder}/run")
             if alive or not name.endswith((".sock", ".pid"))]
    assert files == []
    wait_for(lambda: not loaded & programs().keys(), "the programs of the CN to be freed")


def test_detach_leaves_what_others_have(make_world):
    """Of two clsact qdiscs, one was there before; into the other a program has put a filter since.

    On kernels before 6.6 the agent uses both, too.
    """
    world = make_world(cns=1, nat=())
    cn = world.cn(1)
    cn.run("tc", "qdisc", "add", "dev", "w0", "clsact")
    world.start()
    cn.run("tc", "qdisc", "add", "dev", "bb0", "clsact", check=False)
    cn.run("tc", "filter", "add", "dev", "bb0", "egress", "pref", "7", "protocol", "ip",
           "u32", "match", "u32", "0", "0")
    cn.agent("detach", "--all")
    for device, filters in (("w0", False), ("bb0", True)):
        assert "clsact" in cn.run("tc", "qdisc", "show", "dev", device).stdout
        shown = [cn.run("tc", "filter", "show", "dev", device, way).stdout
                 for way in ("ingress", "egress")]
        assert [bool(text) for text in shown] == [False, filters]
