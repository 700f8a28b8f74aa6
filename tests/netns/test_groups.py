# SPDX-License-Identifier: BSD-2-Clause
"""Broadcast and multicast between a home subnet and its stations that have roamed: who hears whom,
how often, and that nothing comes back.
"""
import socket

import pytest
from scapy.all import DNS, DNSQR, DNSRR, IP, UDP, Ether, raw

from world import wait_for
from world.agreement import agree, arrive, leased, static
from world.groups import MDNS, PORT, SSDP, heard, listen, say

MDNS_MAC = "01:00:5e:00:00:fb"


def counter(cn, reason):
    counters = cn.control("status")["counters"]
    return next(one["packets"] for one in counters if one["reason"] == reason)


def groups(cn):
    return cn.control("status")["groups"]


def settle(world, *stations):
    """Returns when whatever still goes round has arrived: every station has reached all others."""
    for station in stations:
        for other in stations:
            if other is not station:
                station.reaches(other.address())


def test_a_service_is_found_wherever_both_are(make_world):
    """A printer and a phone of one subnet, by real mDNS messages.

    Each question is heard once, and each answer is heard once.
    """
    world = make_world(nat=()).start()
    names = "printer", "phone", "tablet"
    printer, phone, tablet = (leased(world, name, world.cn(2)) for name in names)
    stranger = leased(world, "stranger", world.cn(3))
    question = raw(DNS(id=0, rd=0, qd=DNSQR(qname="printer.local.", qtype="A")))
    record = DNSRR(rrname="printer.local.", type="A", ttl=120, rdata=printer.address())
    answer = raw(DNS(id=0, qr=1, aa=1, an=record))
    ears = {printer: listen(world, printer, question, answer), phone: listen(world, phone),
            tablet: listen(world, tablet), stranger: listen(world, stranger)}
    asked = f"{question.hex()} {phone.address()} 255"  # RFC 6762, 11
    answered = f"{answer.hex()} {printer.address()} 255"
    # Of printer, phone, tablet.
    places = [(2, 2, 2), (3, 2, 2), (2, 3, 2), (3, 3, 2), (3, 1, 2), (3, 1, 3), (3, 3, 3)]

    for number, place in enumerate(places, 1):
        for station, cn in zip((printer, phone, tablet), place):
            if station.cell.cn is not world.cn(cn):
                arrive(station, world.cn(cn))
        agree(world, printer, phone, tablet, stranger)
        say(phone, MDNS, question, ttl=255)
        wait_for(lambda: heard(ears[phone]).count(answered) == number,
                 f"an answer when they are at {place}")
        settle(world, printer, phone, tablet)
        assert heard(ears[printer]) == [asked] * number, place
        assert heard(ears[phone]) == [answered] * number, place
        told = heard(ears[tablet])
        assert told.count(asked) == told.count(answered) == number, place
    # The stranger has heard those that were in its cell, as it would have without roaming.
    assert heard(ears[stranger]).count(asked) == sum(place[1] == 3 for place in places)
    assert heard(ears[stranger]).count(answered) == sum(place[0] == 3 for place in places)


@pytest.mark.parametrize("setting", ["off", "on"])
def test_both_directions_as_configured(make_world, setting):
    world = make_world(nat=(), directives={0: {"multicast": setting}}).start()
    phone, home, elsewhere = (leased(world, name, world.cn(cn)) for name, cn in
                              (("phone", 2), ("home", 2), ("elsewhere", 1)))
    ears = {station: listen(world, station) for station in (phone, home, elsewhere)}
    arrive(phone, world.cn(3))
    agree(world, phone, home, elsewhere)
    targets = [MDNS, SSDP, "10.2.0.255", "255.255.255.255"]
    for target in targets:
        say(phone, target, target)
        say(home, target, target)
    ttl = {target: 1 if target in (MDNS, SSDP) else 64 for target in targets}
    up, down = ([f"{target} {who.address()} {ttl[target]}" for target in targets]
                for who in (phone, home))
    if setting == "on":
        wait_for(lambda: len(heard(ears[home])) >= 4 and len(heard(ears[phone])) >= 4,
                 "both to hear the other")
    settle(world, phone, home, elsewhere)
    # Each also hears its own broadcasts, which its kernel echoes.
    assert sorted(heard(ears[home])) == sorted(down[2:] + (up if setting == "on" else []))
    assert sorted(heard(ears[phone])) == sorted(up[2:] + (down if setting == "on" else []))
    assert heard(ears[elsewhere]) == []
    if setting == "off":
        reasons = "GROUP_HOME", "GROUP_COPIED", "GROUP_TAKEN"
        assert all(counter(cn, reason) == 0 for cn in world.cns for reason in reasons)
        assert groups(world.cn(2))["usable"] is False


def test_between_cells_of_one_cn(make_world):
    world = make_world(cns=2, cells=2, nat=()).start()
    phone, home, guest = (leased(world, name, world.cn(cn)) for name, cn in
                          (("phone", 2), ("home", 2), ("guest", 1)))
    ears = {station: listen(world, station) for station in (phone, home, guest)}
    arrive(phone, world.cn(2).cells[1])
    arrive(guest, world.cn(2).cells[1])
    agree(world, phone, home, guest)
    say(home, MDNS, "from home")
    say(phone, MDNS, "from phone")
    wait_for(lambda: heard(ears[phone]) and heard(ears[home]), "both to hear the other")
    settle(world, phone, home)
    assert heard(ears[home]) == [f"from phone {phone.address()} 1"]
    assert heard(ears[phone]) == [f"from home {home.address()} 1"]
    assert heard(ears[guest]) == [f"from phone {phone.address()} 1"]  # beside it, as in any cell


def test_the_gateway_is_heard(make_world):
    """What the CN itself says in the home cell reaches a station that is away.

    What it says to one cell for another does not, and DHCP does not.
    """
    world = make_world(nat=()).start()
    phone = leased(world, "phone", world.cn(2))
    ear = listen(world, phone)
    arrive(phone, world.cn(3))
    agree(world, phone)
    say(world.cn(2), MDNS, "here", address="10.2.0.1")
    wait_for(lambda: heard(ear), "the gateway to be heard")
    settle(world, phone)
    assert heard(ear) == ["here 10.2.0.1 1"]
    assert counter(world.cn(2), "GROUP_COPIED") == counter(world.cn(3), "GROUP_TAKEN") == 1


def test_a_storm_stays_at_home(make_world):
    """A bridge loops: thousands of broadcasts flood the home cell.

    Few reach the tunnel, and all others are counted. What the station that is away says is still
    heard.
    """
    world = make_world(nat=(), directives={0: {"multicast_burst": 20}}).start()
    phone, home = leased(world, "phone", world.cn(2)), leased(world, "home", world.cn(2))
    ears = {station: listen(world, station) for station in (phone, home)}
    arrive(phone, world.cn(3))
    agree(world, phone, home)
    frame = raw(Ether(src=home.mac, dst="ff:ff:ff:ff:ff:ff") /
                IP(src=home.address(), dst="255.255.255.255", ttl=1) /
                UDP(sport=PORT, dport=PORT) / b"storm")
    with home.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.bind(("wlan0", 0))
        for _ in range(3000):
            port.send(frame)
    parent, visited = world.cn(2), world.cn(3)
    wait_for(lambda: (counter(parent, "GROUP_COPIED") +
                      counter(parent, "GROUP_NOT_COPIED")) == 3000, "the storm to be counted")
    copied = counter(parent, "GROUP_COPIED")
    assert 20 <= copied <= 200
    say(phone, MDNS, "still there")
    wait_for(lambda: f"still there {phone.address()} 1" in heard(ears[home]),
             "the other direction to have its own share")
    wait_for(lambda: len(heard(ears[phone])) == copied, "those that were copied")
    settle(world, phone, home)
    taken, refused = counter(visited, "GROUP_TAKEN"), counter(visited, "GROUP_RATE")
    assert len(heard(ears[phone])) == copied == taken + refused
    assert counter(parent, "GROUP_HOME") == 1
    assert counter(visited, "GROUP_COPIED") == counter(visited, "GROUP_NOT_COPIED") == 0


def test_copies_have_a_limit(make_world):
    """Many guests: the visited CN makes so many copies in a second, and no more."""
    world = make_world(cns=2, nat=(), directives={1: {"multicast_copies": 2}}).start()
    home = leased(world, "home", world.cn(2))
    guests = [static(world, f"guest{i}", world.cn(2), f"10.2.0.{100 + i}") for i in range(3)]
    ears = [listen(world, guest) for guest in guests]
    for guest in guests:
        arrive(guest, world.cn(1))
    agree(world, home, *guests)
    say(home, MDNS, "first")
    visited = world.cn(1)
    wait_for(lambda: groups(visited)["taken"] == 1, "the visited CN to have it")
    names = "stations", "to_stations", "over_limit"
    assert [groups(visited)[name] for name in names] == [3, 2, 1]
    wait_for(lambda: sum(len(heard(ear)) for ear in ears) == 2, "two of them to hear it")
    lucky = [len(heard(ear)) for ear in ears]

    def again():
        """Says it again: in one of the next seconds the third guest is the first."""
        say(home, MDNS, "again")
        return all(heard(ear) for ear in ears)

    wait_for(again, f"the one that has heard nothing ({lucky}) to have its turn", 10, every=1)


def test_an_agent_takes_over(make_world):
    """The agents of the parent and of the visited CN are killed.

    Meanwhile nothing is copied, which is counted; afterwards it is copied again.
    """
    world = make_world(nat=()).start()
    phone, home = leased(world, "phone", world.cn(2)), leased(world, "home", world.cn(2))
    ear = listen(world, phone)
    arrive(phone, world.cn(3))
    agree(world, phone, home)
    for cn, reason in ((world.cn(2), "GROUP_NOT_COPIED"), (world.cn(3), "GROUP_NO_GUEST")):
        cn.kill()
        say(home, MDNS, f"without {cn.place}")
        home.reaches("10.2.0.1")
        cn.start()
        assert counter(cn, reason) == 1, cn.place
    agree(world, phone, home)
    say(home, MDNS, "with both")
    wait_for(lambda: heard(ear), "the station to hear of home again")
    assert heard(ear) == [f"with both {home.address()} 1"]


def test_no_entry_is_left_over(make_world):
    """Map entries come with the first station that is elsewhere and go with the last one.

    So do those of a former agent.
    """
    from world.checker import dump
    world = make_world(cns=2, nat=()).start()
    phones = [leased(world, f"phone{i}", world.cn(2)) for i in range(2)]
    entries = lambda: [len(dump(cn, "tmip_group")) for cn in world.cns]  # noqa: E731
    assert entries() == [0, 0]
    for phone in phones:
        arrive(phone, world.cn(1))
    agree(world, *phones)
    assert entries() == [1, 1]
    arrive(phones[0], world.cn(2))
    agree(world, *phones)
    assert entries() == [1, 1]
    world.cn(1).kill()
    arrive(phones[1], world.cn(2))
    world.cn(1).start()
    agree(world, *phones)
    wait_for(lambda: entries() == [0, 0], "the entries to be taken out")
