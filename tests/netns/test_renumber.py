# SPDX-License-Identifier: BSD-2-Clause
"""A cell gets another subnet. Its stations, at home and at other CNs, hear NAK when they renew or
reboot, and get new addresses at once; the old leases end in good order.
"""
import pytest

from world import PATIENCE, wait_for
from world.agreement import agree, leased, reaches, static
from world.checker import register_stations

OLD, NEW = "10.2.0.", "10.2.1."


def at_once(world):
    world.cn(2).run("sh", "-ec", "ip address flush dev w0; ip address add 10.2.1.1/24 dev w0")


def take_address(cn):
    """The cell has no address, and its agent has noticed."""
    before = len(cn.program.text())
    cn.run("ip", "address", "flush", "dev", "w0")
    wait_for(lambda: "cell w0" in cn.program.text()[before:] or
             "cell not served" in cn.program.text()[before:], "the agent to notice")


def in_two_steps(world):
    take_address(world.cn(2))
    world.cn(2).run("ip", "address", "add", "10.2.1.1/24", "dev", "w0")


def while_the_agent_is_down(world):
    world.cn(2).stop()
    at_once(world)
    world.cn(2).start()


def mlrd(world, *words):
    return world.mlr.run(world.mlr.binary, *words, "-f", world.mlr.config)


def cells(world):
    return mlrd(world, "cns").stdout


def renumber(world, how):
    world.router.run("ip", "route", "add", "10.2.1.0/24", "via", world.cn(2).address)
    how(world)
    wait_for(lambda: "10.2.1.0/24" in cells(world), "the new subnet")
    world.cn(2).cells.append(world.cn(2).cells[0])  # world.checker knows cells by their addresses
    for cn in world.cns:
        cn.wait_ready()


def renewed(world, station, seconds=12):
    """The station's new address, of the cell that it is in, as soon as it has one."""
    subnet = NEW if station.cell.cn is world.cn(2) else station.cell.gateway[:-1]

    def has_new():
        address = station.address()
        return address if address and address.startswith(subnet) else None

    address = wait_for(has_new, f"{station.place} to get a new address", seconds * PATIENCE)
    reaches(station, world.server.address)
    return address


@pytest.mark.parametrize("how", [at_once, in_two_steps, while_the_agent_is_down])
def test_clients_that_renew_get_new_addresses(make_world, how):
    """dhclient and udhcpc, at home and away, without a word from anybody: the lease is short."""
    world = make_world(lease_time=int(12 * PATIENCE)).start()
    stations = []
    for kind in ("dhclient", "udhcpc"):
        for place in (1, 2):  # world.cn(2) is home
            station = world.add_station(f"{kind}{place}", world.cn(2))
            getattr(station, kind)().start()
            assert station.address().startswith(OLD)
            if place == 1:
                station.roam(world.cn(3))
                reaches(station, world.server.address)
            stations.append(station)
    robot = static(world, "robot", world.cn(2), "10.2.0.77", world.cn(3))
    agree(world, *stations, robot)
    renumber(world, how)
    for station in stations:
        renewed(world, station, 14)
    # The static station's address is no address of the network any more.
    assert not any(address.startswith(OLD) for address in register_stations(world))
    agree(world, *stations)
    texts = "".join(cn.program.text() for cn in world.cns)
    assert texts.count("answered by NAK") >= 2
    assert "not known yet" not in texts


@pytest.mark.parametrize("how", [at_once, while_the_agent_is_down])
def test_a_client_that_renews_hears_nak(make_world, how):
    """udhcpc is told to renew, long before its lease ends: by the server that it has it from."""
    world = make_world(lease_time=3600).start()
    home, away = (world.add_station(name, world.cn(2)) for name in ("home", "away"))
    for station in (home, away):
        station.udhcpc().start()
    away.roam(world.cn(3))
    reaches(away, world.server.address)
    agree(world, home, away)
    renumber(world, how)
    for station in (home, away):
        station.client.renew(20 * PATIENCE)
        renewed(world, station)
        with open(station.client.log, encoding="ascii") as file:
            assert "received DHCP NAK" in file.read()
    agree(world, home, away)


def test_a_client_that_starts_again_hears_nak(make_world):
    """INIT-REBOOT, at home and away (RFC 2131, 4.3.2)."""
    world = make_world(lease_time=3600).start()
    home, away = leased(world, "home", world.cn(2)), leased(world, "away", world.cn(2))
    third = world.add_station("third", world.cn(2))
    third.udhcpc().start()
    agree(world, home, away, third)
    renumber(world, at_once)
    away.roam(world.cn(3))
    for station in (home, away, third):
        station.client.restart()
        renewed(world, station)
    agree(world, home, away, third)


def test_reserved_and_static_addresses_end_too(make_world):
    mac = "02:00:00:00:77:01"
    world = make_world(lease_time=3600, mlr={"host": f"printer {mac} 10.2.0.50"}).start()
    printer = world.add_station("printer", world.cn(2), mac=mac)
    printer.dhclient().start()
    assert printer.address() == "10.2.0.50"
    robot = static(world, "robot", world.cn(2), "10.2.0.77")
    phone = leased(world, "phone", world.cn(2))
    agree(world, printer, robot, phone)
    renumber(world, at_once)
    wait_for(lambda: not register_stations(world), "the old addresses to end")
    printer.client.restart()
    renewed(world, printer)
    assert "lose them" in world.mlr.program.text()
    assert '"withdrawn": 3' in mlrd(world, "status", "--json").stdout


def test_a_cell_that_is_only_gone_keeps_its_stations(make_world):
    """Its interface loses its address and gets it back: nobody loses a lease, at home or away."""
    world = make_world(lease_time=3600).start()
    home, away = leased(world, "home", world.cn(2)), leased(world, "away", world.cn(2))
    away.roam(world.cn(3))
    reaches(away, world.server.address)
    agree(world, home, away)
    before = home.address(), away.address()
    take_address(world.cn(2))
    assert len(register_stations(world)) == 2
    world.cn(2).run("ip", "address", "add", "10.2.0.1/24", "dev", "w0")
    wait_for(lambda: "10.2.0.0/24" in cells(world), "the cell to be back")
    for station in (home, away):
        reaches(station, world.server.address)
    assert (home.address(), away.address()) == before
    agree(world, home, away)
