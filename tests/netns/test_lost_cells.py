# SPDX-License-Identifier: BSD-2-Clause
"""A parent whose cell is gone: down, deleted, renamed, without address, empty, detached, or not
there when the agent starts. Its stations that are elsewhere notice nothing, and the cell that comes
back is served at once.
"""
import contextlib
import json

import pytest

from world import WorldError, wait_for
from world.agreement import Conversation, agree, demand, leased, reaches

HOME = "10.1.0.1/24"


def cut(cn, *lines):
    """Changes the cell's interface by `ip` commands."""
    cn.configure(list(lines))


def recreate(cn):
    """The interface w0 again, in the air of its cell."""
    world, cell = cn.world, cn.cells[0]
    world.air.configure([f"link add w0 netns {cn.name} type veth peer name {cell.port}",
                         f"link set {cell.port} master {cell.bridge} up"])
    cut(cn, f"address add {HOME} dev w0", "link set w0 up")
    cn.wait_links("w0")


LOSSES = {
    "down": (lambda cn: cut(cn, "link set w0 down"), lambda cn: cut(cn, "link set w0 up")),
    "deleted": (lambda cn: cut(cn, "link delete w0"), recreate),
    "renamed": (lambda cn: cut(cn, "link set w0 down", "link set w0 name other0",
                               "link set other0 up"),
                lambda cn: cut(cn, "link set other0 down", "link set other0 name w0",
                               "link set w0 up")),
    "bare": (lambda cn: cut(cn, "address flush dev w0"),
             lambda cn: cut(cn, f"address add {HOME} dev w0")),
    "detached": (lambda cn: cn.agent("detach", "w0"), lambda cn: cn.agent("attach", "w0")),
}


def cell_of(cn):
    return cn.control("status")["cells"][0]


def is_lent(cn):
    return HOME in cn.run("ip", "address", "show", "tmiphome0").stdout


def converse(world, cn, phone, *talks):
    """Both directions of all conversations, the gateway, and the gateway's own packets."""
    for talk in talks:
        talk.say()
    reaches(phone, phone.home.gateway)
    wait_for(lambda: cn.ping(phone.address()), f"{cn.place} to reach the station", 5)


@contextlib.contextmanager
def away(world, cn):
    """A station of the CN that is at CN 2, with a call to the server (through NAT) and one from the
    CN itself.
    """
    phone = leased(world, "phone", cn)
    phone.home = phone.cell
    with Conversation(world.server, phone, world.server.address) as call, \
            Conversation(phone, cn, phone.address(), port=6001) as from_cn:
        phone.roam(world.cn(2))
        call.say()
        agree(world, phone)
        yield phone, [call, from_cn]


@pytest.mark.parametrize("loss", LOSSES)
def test_stations_elsewhere_notice_nothing(make_world, loss):
    world = make_world(cns=2).start()
    cn, (lose, restore) = world.cn(1), LOSSES[loss]
    with away(world, cn) as (phone, talks):
        cn.sysctl("net.ipv4.conf.all.rp_filter", 1)
        lose(cn)
        converse(world, cn, phone, *talks)
        restore(cn)
        wait_for(lambda: cell_of(cn)["state"] == "up", "the cell to be served", 5)
        converse(world, cn, phone, *talks)
        phone.roam(cn)
        converse(world, cn, phone, *talks)
        agree(world, phone)


@pytest.mark.parametrize("loss", ["down", "deleted"])
def test_the_kernel_needs_no_agent(make_world, loss):
    """The agent is dead when the cell goes."""
    world = make_world(cns=2).start()
    cn, (lose, _) = world.cn(1), LOSSES[loss]
    with away(world, cn) as (_phone, talks):
        cn.sysctl("net.ipv4.conf.all.rp_filter", 1)
        cn.kill()
        lose(cn)
        talks[0].say()


def test_a_cell_that_is_lost_twice(make_world):
    """The second time the agent is dead: what it lent and took back has left the way as it was."""
    world = make_world(cns=2).start()
    cn, (lose, restore) = world.cn(1), LOSSES["down"]
    with away(world, cn) as (phone, talks):
        cn.sysctl("net.ipv4.conf.all.rp_filter", 1)
        lose(cn)
        wait_for(lambda: is_lent(cn), "the stand-in to have the gateway", 5)
        converse(world, cn, phone, *talks)
        restore(cn)
        wait_for(lambda: not is_lent(cn), "the gateway to be at home again", 5)
        converse(world, cn, phone, *talks)
        cn.kill()
        lose(cn)
        talks[0].say()


@pytest.mark.parametrize("how", ["link delete tmiphome0", "link set tmiphome0 down"],
                         ids=["deleted", "down"])
def test_a_stand_in_that_somebody_takes_away(make_world, how):
    """It is made anew, before the cell goes or after that."""
    world = make_world(cns=2).start()
    cn, (lose, _) = world.cn(1), LOSSES["down"]
    with away(world, cn) as (phone, talks):
        cut(cn, how)
        wait_for(lambda: "tmiphome" in cn.run("ip", "route").stdout, "a new way", 5)
        lose(cn)
        converse(world, cn, phone, *talks)
        cut(cn, how)
        converse(world, cn, phone, *talks)


def test_an_interface_made_anew_while_nobody_looks(make_world):
    """The next agent finds another ifindex, and no register tells it of the stations."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (_phone, talks):
        cn.kill()
        cut(cn, "link delete w0")
        recreate(cn)
        world.mlr.kill()
        cn.start(wait=False)
        wait_for(lambda: cell_of(cn)["state"] == "up", "the cell to be served", 10)
        talks[0].say()
        talks[1].say()


def test_stations_at_home_in_a_cell_that_goes(make_world):
    """Nobody can reach them, but the agent must bear what it wants to ask and tell them."""
    world = make_world(cns=2, directives={0: {"probe_idle": 1, "probe_count": 2}}).start()
    cn = world.cn(1)
    laptop, guest = leased(world, "laptop", cn), leased(world, "guest", world.cn(2))
    guest.roam(cn)
    reaches(guest, laptop.address())
    cut(cn, "link delete w0")
    for station in (laptop, guest):
        wait_for(lambda s=station: cn.control("why", station=s.address())["record"]["silent"],
                 f"{station.place} to be silent", 15)
    recreate(cn)
    reaches(laptop, laptop.cell.gateway)
    reaches(guest, laptop.address())
    agree(world, laptop, guest)


def test_a_bridge_that_loses_its_only_port(make_world):
    """It has no MAC then, and a new one with the next port."""
    world = make_world(cns=2)
    cn, cell = world.cn(1), world.cn(1).cells[0]
    cut(cn, "link add br0 type bridge forward_delay 0", "address flush dev w0",
        "link set w0 master br0", f"address add {HOME} dev br0", "link set br0 up")
    cell.device = "br0"
    cn.configure_with(mobile_if="br0", addr_pool="br0 * *")
    world.start()
    with away(world, cn) as (phone, talks):
        cut(cn, "link set w0 nomaster")
        wait_for(lambda: json.loads(cn.run("ip", "-j", "link", "show", "br0").stdout)[0]["address"]
                 == "00:00:00:00:00:00", "the bridge to lose its MAC")
        converse(world, cn, phone, *talks)
        cut(cn, "link set w0 address 02:00:00:00:77:01", "link set w0 master br0")
        converse(world, cn, phone, *talks)
        phone.roam(cn)
        converse(world, cn, phone, *talks)
        agree(world, phone)


def test_a_new_mac_is_announced(make_world, listen):
    """Neighbours at home of a station that is elsewhere, and guests, follow the new MAC."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (phone, talks):
        laptop, guest = leased(world, "laptop", cn), leased(world, "guest", world.cn(2))
        guest.roam(cn)
        reaches(guest, world.server.address)
        reaches(laptop, phone.address())
        reaches(laptop, phone.home.gateway)
        cut(cn, "link set w0 address 02:00:00:00:77:02")
        for station, target in ((laptop, phone.home.gateway), (laptop, phone.address()),
                                (guest, "10.2.0.1")):
            wait_for(lambda s=station, t=target: "02:00:00:00:77:02" in
                     s.run("ip", "neighbour", "show", t).stdout, f"{station.place}: {target}", 5)
        reaches(laptop, phone.address())
        reaches(guest, world.server.address)
        converse(world, cn, phone, *talks)


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended"])
def test_a_cell_that_is_not_there_at_the_start(make_world, killed):
    """The next agent knows the subnet, and serves the cell when it comes."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (phone, talks):
        (cn.kill if killed else cn.stop)()
        cut(cn, "link delete w0")
        cn.start()
        wait_for(lambda: cn.state(phone) == "away", "the station to be known", 8)
        converse(world, cn, phone, *talks)
        recreate(cn)
        wait_for(lambda: cell_of(cn)["state"] == "up", "the cell to be served", 5)
        converse(world, cn, phone, *talks)
        phone.roam(cn)
        converse(world, cn, phone, *talks)
        agree(world, phone)


def test_one_of_two_cells_comes_later(make_world):
    world = make_world(cns=1, cells=2)
    cn = world.cn(1)
    cut(cn, "link set w1 down", "link set w1 name later0")
    world.start()
    phone = leased(world, "phone", cn)
    cut(cn, "link set later0 name w1", "link set w1 up")
    laptop = leased(world, "laptop", cn.cells[1])
    reaches(laptop, phone.address())
    agree(world, phone, laptop)


def test_a_cell_leaves_when_nobody_needs_it(make_world):
    """detach says whom it waits for; --now cuts them, and the last cell ends the agent."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (phone, talks):
        said = cn.agent("detach", "w0").stdout
        demand("1 of its stations elsewhere" in said, said)
        converse(world, cn, phone, *talks)
        demand(cell_of(cn)["state"] == "leaving", cell_of(cn))
        stranger = world.add_station("stranger", cn)
        stranger.udhcpc().start(wait=False)
        phone.roam(cn)
        talks[0].say()
        wait_for(lambda: not cn.program.alive, "the agent to end", 15)
        demand(all(event[0] != "bound" for event in stranger.client.events()),
               "a cell that leaves gave a lease")


def test_detach_now_says_whom_it_cuts(make_world):
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (_phone, _talks):
        said = cn.agent("detach", "--now", "w0").stdout
        demand("cut: 1 stations elsewhere" in said, said)


@pytest.mark.parametrize("how", ["attach", "reload"])
def test_the_interface_becomes_a_port_of_a_bridge(make_world, how):
    """The bridge gets the address, and is the cell from now on."""
    world = make_world(cns=2).start()
    cn = world.cn(1)
    with away(world, cn) as (phone, talks):
        cut(cn, "link add br0 type bridge forward_delay 0", "address flush dev w0",
            "link set w0 master br0", f"address add {HOME} dev br0", "link set br0 up")
        wait_for(lambda: cell_of(cn)["state"] == "lost", "the cell to be lost", 5)
        if how == "attach":
            cn.agent("attach", "br0")
        else:
            cn.configure_with(mobile_if="br0", addr_pool="br0 * *")
            cn.agent("reload")
        wait_for(lambda: (cell_of(cn)["interface"], cell_of(cn)["state"]) == ("br0", "up"),
                 "the bridge to be the cell", 5)
        phone.home.device = "br0"
        converse(world, cn, phone, *talks)
        phone.roam(cn)
        converse(world, cn, phone, *talks)
        agree(world, phone)


def test_reload_says_whom_it_cuts(make_world):
    """A cell that the file does not name any more leaves at once."""
    world = make_world(cns=2, cells=2).start()
    cn = world.cn(1)
    with away(world, cn) as (_phone, _talks):
        cn.configure_with(mobile_if="w1", addr_pool="w1 * *")
        said = cn.agent("reload").stdout
        demand("cut: 1 stations elsewhere, 0 guests: cell w0" in said, said)
        demand(len(cn.control("status")["cells"]) == 1, cn.control("status"))


def test_reload_lets_a_cell_leave_in_peace(make_world):
    """What is being detached already is not cut by a file that does not name it any more."""
    world = make_world(cns=2, cells=2).start()
    cn = world.cn(1)
    with away(world, cn) as (phone, talks):
        cn.agent("detach", "w0")
        cn.configure_with(mobile_if="w1", addr_pool="w1 * *")
        said = cn.agent("reload").stdout
        demand("cut" not in said, said)
        converse(world, cn, phone, *talks)
        phone.roam(cn)
        talks[0].say()
        wait_for(lambda: len(cn.control("status")["cells"]) == 1, "the cell to leave", 10)
