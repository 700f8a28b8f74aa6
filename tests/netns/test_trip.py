# SPDX-License-Identifier: BSD-2-Clause
"""The whole trip: a station with a real DHCP client gets a lease, roams, and keeps its address and
connections, also while programs are killed and started again.

Other ways and addresses are in test_roaming.py, the clients in test_dhcp_clients.py.
"""
import signal
import time

import pytest

from world import MEGABYTE, PATIENCE, Stream, Transfer, wait_for


def states(world, station):
    """Waits until all agree, and returns the station's state at CN 1, 2, ..."""
    world.settled(station)
    return [cn.state(station) for cn in world.cns]


def arrives(world, station, number):
    """Roams to a CN, pings the server from there, and returns the states at all CNs."""
    station.roam(world.cn(number))
    station.reaches(world.server.address)
    return states(world, station)


@pytest.mark.quiet
def test_lease_roam_and_back(world):
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    assert address.startswith("10.1.0.")
    assert phone.client.events()[-1][2:5] == ("255.255.255.0", "10.1.0.1", "10.1.0.1")
    phone.reaches(world.server.address)
    assert states(world, phone) == ["home", "elsewhere", "elsewhere"]

    stream = Stream(world, world.server, phone)
    stream.flowing()
    transfer = Transfer(world, world.server, phone, 20 * MEGABYTE, rate=8 * MEGABYTE,
                        open_end=True)
    wait_for(transfer.received, "the transfer to begin")
    for number, expected in ((2, ["away", "visiting", "elsewhere"]),
                             (3, ["away", "elsewhere", "visiting"]),
                             (1, ["home", "elsewhere", "elsewhere"]),
                             (3, ["away", "elsewhere", "visiting"])):
        moved = time.time()
        phone.roam(world.cn(number))
        stream.flowing()
        assert states(world, phone) == expected
        assert phone.address() == address
        for way in ("up", "down"):
            assert stream.gap(way, moved, time.time()) < 200 * PATIENCE, (way, number)
        assert transfer.alive
    assert transfer.finish()["stall_ms"] < 500 * PATIENCE
    for way, report in stream.stop().items():
        assert report["duplicates"] == 0, way


def test_roaming_log_tells_each_step(world):
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    arrives(world, phone, 2)
    texts = [step["text"] for step in world.cn(3).ask("why", phone.mac)["trail"]]
    arrives(world, phone, 3)
    texts = [step["text"] for step in world.cn(3).ask("why", address)["trail"]][len(texts):]
    steps = ("detected in cell w0", "known from the register", "notifying the register",
             "migrated from cn2, parent cn1", "contacting parent CN cn1",
             "contacting previous CN cn2", f"using {address} of 10.1.0.0/24, gateway 10.1.0.1",
             "committed to the register")
    places = [next((at for at, text in enumerate(texts) if step in text), None) for step in steps]
    assert None not in places, texts
    assert places == sorted(places), texts
    assert any("tunnel type 4IN4" in text for text in texts)


@pytest.mark.quiet
@pytest.mark.parametrize("who", ["visited", "parent"])
def test_killed_agent_is_not_missed(world, who):
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    arrives(world, phone, 2)
    cn = world.cn(2 if who == "visited" else 1)
    stream = Stream(world, world.server, phone)
    stream.flowing()
    transfer = Transfer(world, world.server, phone, 30 * MEGABYTE, rate=10 * MEGABYTE)
    wait_for(lambda: transfer.received() > 2 * MEGABYTE, "the transfer to begin")
    at, times = transfer.received(), [time.time()]
    cn.kill()
    times.append(time.time())
    wait_for(lambda: transfer.received() > at + 5 * MEGABYTE,
             "the transfer to go on without the agent")
    times.append(time.time())
    cn.start()
    times.append(time.time())
    # A busy machine stalls at any time: the critical stalls are no longer than the others.
    inside, outside = [0], [50]
    for start, length in transfer.finish()["stalls"]:
        critical = any(start < last + 0.1 and start + length / 1000 > first - 0.1
                       for first, last in (times[:2], times[2:]))
        (inside if critical else outside).append(length)
    assert max(inside) <= max(outside) * PATIENCE, (inside, outside)
    for way, report in stream.stop().items():
        assert report["lost"] == 0 and report["duplicates"] == 0, (way, report)
    assert states(world, phone) == ["away", "visiting", "elsewhere"]
    assert arrives(world, phone, 3) == ["away", "elsewhere", "visiting"]
    assert phone.address() == address


def test_killed_register_forgets_nothing(world):
    phone = world.add_station("phone", world.cn(1))
    address = phone.dhclient().start()
    arrives(world, phone, 2)
    world.mlr.kill()
    wait_for(lambda: world.cn(3).control("status")["register"]["state"] != "connected",
             "CN 3 to miss the register")
    phone.roam(world.cn(3))
    phone.reaches(world.server.address)
    assert phone.client.restart() == address
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready(20)
    assert states(world, phone) == ["away", "elsewhere", "visiting"]
    other = world.add_station("other", world.cn(1))
    assert other.dhclient().start() != address


@pytest.mark.parametrize("offloads", [True, False])
def test_full_size_packets(make_world, offloads):
    world = make_world(offloads=offloads, nat=()).start()
    phone = world.add_station("phone", world.cn(1))
    phone.dhclient().start()
    arrives(world, phone, 2)
    down = Transfer(world, world.server, phone, 20 * MEGABYTE)
    assert down.finish()["stall_ms"] < 1000 * PATIENCE
    up = Transfer(world, phone, world.server, 20 * MEGABYTE, port=5011, address=phone.address())
    assert up.finish()["stall_ms"] < 1000 * PATIENCE
    # 1480 bytes fit into the tunnel, 1500 do not: the sender learns it, and sends smaller packets.
    assert phone.ping(world.server.address, size=1452, more=("-M", "do"))
    told = phone.run("ping", "-n", "-c", 1, "-W", 1, "-s", 1472, "-M", "do",
                     world.server.address, check=False).stdout
    assert "mtu = 1480" in told or "mtu=1480" in told, told
    assert phone.ping(world.server.address, size=1472, more=("-M", "dont"))


def test_nothing_is_left_after_detach(make_world):
    world = make_world()
    cn = world.cn(1)
    names = ("net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.w0.rp_filter")
    before = {name: cn.sysctl(name) for name in names}
    routes = cn.run("ip", "route").stdout
    world.start()
    phone = world.add_station("phone", cn)
    phone.dhclient().start()
    arrives(world, phone, 2)
    cn.agent("detach", "--all")
    assert cn.program.wait() == 0
    assert {name: cn.sysctl(name) for name in before} == before
    assert cn.run("ip", "route").stdout == routes
    assert "PERMANENT" not in cn.run("ip", "neigh").stdout
    for device in ("w0", "bb0"):
        assert not cn.run("tc", "filter", "show", "dev", device, "ingress").stdout
    find = f"find {cn.directives['bpf_dir']} -type f 2>/dev/null"
    assert not cn.run("sh", "-c", find, check=False).stdout


def test_signal_reads_the_configuration_again(world):
    cn = world.cn(1)
    cn.configure_with(dns_server="192.0.2.99")
    cn.program.send(signal.SIGHUP)

    def name_server():
        phone = world.add_station(f"phone{len(world.stations)}", cn)
        phone.dhclient().start()
        return phone.client.events()[-1][6] == "192.0.2.99"

    wait_for(name_server, "the new name server to be told", 10)
