# SPDX-License-Identifier: BSD-2-Clause
"""The register's database is deleted, emptied, or replaced by an older copy, under the running
register or while it does not run. Nobody loses an address, and whoever looks is told.
"""
import glob
import json
import os
import shutil
import sqlite3
import time

import pytest

from world import wait_for
from world.agreement import Conversation, agree, leased, reaches, static
from world.checker import register_stations

KEPT = ("mac", "kind", "state", "parent", "current")


def database(world):
    return f"{world.mlr.folder}/state/{world.network}.mlrd.db"


def copy_of(world, to):
    """A copy as sqlite3(1) makes it while the register runs."""
    source, copy = sqlite3.connect(database(world)), sqlite3.connect(to)
    source.backup(copy)
    copy.close()
    source.close()


def on_disk(world):
    """{address: (mac, kind, state, current)} of all bound stations in the database."""
    try:
        with sqlite3.connect(f"file:{database(world)}?mode=ro", uri=True) as handle:
            return {row[0]: row[1:] for row in handle.execute(
                "SELECT addr, mac, kind, state, current FROM station WHERE state = 3")}
    except sqlite3.Error:
        return None


def mlrd(world, *words, check=True):
    return world.mlr.run(world.mlr.binary, *words, "-f", world.mlr.config, check=check)


def status(world):
    return json.loads(mlrd(world, "status", "--json").stdout)


def store(world):
    return status(world)["store"]


def bound(world):
    return {address: entry for address, entry in register_stations(world).items()
            if entry["state"] == "bound"}


def as_before(before, now, slack=8):
    """The stations of the register are what they were, with the ends of their leases."""
    assert now.keys() == before.keys()
    for address, entry in before.items():
        assert {key: now[address][key] for key in KEPT} == {key: entry[key] for key in KEPT}
        assert abs(now[address]["lease_end"] - entry["lease_end"]) <= slack, (entry, now[address])


def evaluation(cn):
    done = cn.agent("evaluate", check=False)
    return done.returncode, done.stdout


# ---- under the running register

def delete(world):
    for path in glob.glob(database(world) + "*"):
        os.unlink(path)


def delete_only_the_file(world):
    os.unlink(database(world))


def delete_the_wal(world):
    os.unlink(database(world) + "-wal")


def delete_the_folder(world):
    shutil.rmtree(os.path.dirname(database(world)))


def empty(world):
    os.truncate(database(world), 0)


def another_file(world):
    os.rename(f"{world.folder}/older.db", database(world))


def copied_over(world):
    shutil.copyfile(f"{world.folder}/oldest.db", database(world))


def garbage(world):
    with open(database(world), "r+b") as file:
        file.write(os.urandom(65536))


@pytest.mark.parametrize("how", [delete, delete_only_the_file, delete_the_wal, delete_the_folder,
                                 empty, another_file, copied_over, garbage])
def test_database_lost_under_the_register(world, how):
    """It is written anew from memory at once, and the register says so."""
    phone, guest = leased(world, "phone", world.cn(1)), leased(world, "guest", world.cn(2))
    copy_of(world, f"{world.folder}/older.db")
    shutil.copyfile(database(world), f"{world.folder}/oldest.db")
    world.mlr.stop()
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready()
    robot = static(world, "robot", world.cn(3), "10.3.0.77")
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, phone, guest, robot)
    before = bound(world)
    how(world)
    wait_for(lambda: store(world)["files_lost"] == 1 and not store(world)["incomplete"],
             "the register to notice", 8)
    assert "the database is lost" in world.mlr.program.text()
    assert "LOST" in mlrd(world, "status").stdout
    _, said = evaluation(world.cn(1))
    assert "the database was lost" in said
    wait_for(lambda: (on_disk(world) or {}).keys() == before.keys(), "a complete database")
    as_before(before, bound(world), slack=1)
    # What is acknowledged from now on is in the new file, whatever becomes of the register.
    late = leased(world, "late", world.cn(1))
    world.mlr.kill()
    assert late.address() in on_disk(world)
    world.mlr.start()
    for cn in world.cns:
        cn.wait_ready()
    agree(world, phone, guest, robot, late)
    assert status(world)["store"]["files_lost"] == 0


def test_nothing_is_acknowledged_into_a_deleted_file(world):
    """A lease that a client hears of directly after the deletion survives the register's death."""
    leased(world, "phone", world.cn(1))
    delete(world)
    late = leased(world, "late", world.cn(1))
    world.mlr.kill()
    assert late.address() in on_disk(world)


def test_a_place_that_cannot_be_written(make_world):
    """Nothing is promised, everything else goes on, everybody is told; and it is tried again."""
    world = make_world(lease_time=3600).start()
    phone, guest = leased(world, "phone", world.cn(1)), leased(world, "guest", world.cn(2))
    before = bound(world)
    state = os.path.dirname(database(world))
    shutil.rmtree(state)
    with open(state, "w", encoding="ascii"):
        pass
    wait_for(lambda: store(world)["failing"], "the register to notice", 8)
    assert "CANNOT BE WRITTEN" in mlrd(world, "status").stdout and store(world)["why"]
    result, said = evaluation(world.cn(1))
    assert result == 1 and "FAIL  database" in said
    late = world.add_station("late", world.cn(1))
    late.dhclient().start(wait=False)
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    wait_for(lambda: "disk failed" in world.cn(1).program.text(), "a refusal", 12)
    assert not late.address()
    os.unlink(state)
    assert late.client.wait_bound(seconds=15)
    agree(world, phone, guest, late)
    assert before.keys() < (on_disk(world) or {}).keys()
    result, said = evaluation(world.cn(1))
    assert "FAIL  database" not in said and "it was written anew from memory" in said


def test_what_others_put_there_is_kept(world):
    leased(world, "phone", world.cn(1))
    copy_of(world, f"{world.folder}/older.db")
    with open(f"{world.folder}/older.db", "rb") as file:
        wanted = file.read()
    another_file(world)
    wait_for(lambda: store(world)["files_lost"] == 1, "the register to notice", 8)
    wait_for(lambda: not store(world)["incomplete"], "the new file")
    aside, = glob.glob(database(world) + ".aside-*")
    with open(aside, "rb") as file:
        assert file.read() == wanted


def test_others_may_read_back_up_and_checkpoint(world):
    """What operators do with the database of a running register is no loss."""
    leased(world, "phone", world.cn(1))
    copy_of(world, f"{world.folder}/copy.db")
    with sqlite3.connect(database(world)) as handle:
        handle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    leased(world, "other", world.cn(1))
    with sqlite3.connect(database(world)) as handle:
        handle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert handle.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    deadline = time.monotonic() + 3
    wait_for(lambda: time.monotonic() > deadline, "some looks at the file")
    assert store(world)["files_lost"] == 0


# ---- while the register does not run

def lose(world):
    world.mlr.kill()
    delete(world)
    world.mlr.start()


def restore_older(world):
    """The copy knows the first station only, and its lease as it was then."""
    world.mlr.kill()
    delete(world)
    shutil.copyfile(f"{world.folder}/older.db", database(world))
    world.mlr.start()


@pytest.mark.parametrize("how", [lose, restore_older])
def test_leases_come_back_as_they_were(make_world, how):
    """At home and away: dynamic, with their ends, at once, and no connection notices."""
    world = make_world(lease_time=3600).start()
    first = leased(world, "first", world.cn(1))
    copy_of(world, f"{world.folder}/older.db")
    guest, home = leased(world, "guest", world.cn(2)), leased(world, "home", world.cn(2))
    robot = static(world, "robot", world.cn(3), "10.3.0.77", world.cn(1))
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, first, guest, home, robot)
    before = bound(world)
    numbers = {cn: cn.control("status")["cn"]["id"] for cn in world.cns}
    with Conversation(world.server, guest, world.server.address) as call:
        how(world)
        call.say()
        for cn in world.cns:
            cn.wait_ready(15)
        call.say()
        wait_for(lambda: bound(world).keys() == before.keys(), "the register to know all again")
        as_before(before, bound(world))
        agree(world, first, guest, home, robot)
        call.say()
    assert {cn: cn.control("status")["cn"]["id"] for cn in world.cns} == numbers
    behind = status(world)["behind"]
    assert behind and behind["restored"] >= 2
    assert "BEHIND THE NETWORK" in mlrd(world, "status").stdout
    assert "older copy" in world.mlr.program.text()
    assert "older copy" in evaluation(world.cn(1))[1]
    # Nobody else gets an address in use, and moves go on.
    other = leased(world, "other", world.cn(2))
    guest.roam(world.cn(1))
    reaches(guest, world.server.address)
    agree(world, first, guest, home, robot, other)


def test_the_copy_gives_the_address_to_its_former_holder(make_world):
    """The copy is of a time when another station had the lease: the present one keeps it."""
    world = make_world(lease_time=3600, pools={1: "10.1.0.10 10.1.0.10"}).start()
    former = leased(world, "former", world.cn(1))
    copy_of(world, f"{world.folder}/older.db")
    former.client.release()
    former.leave()
    present = leased(world, "present", world.cn(1))
    assert present.address() == "10.1.0.10"
    present.roam(world.cn(2))
    reaches(present, world.server.address)
    agree(world, present)
    before = bound(world)
    with Conversation(world.server, present, world.server.address) as call:
        restore_older(world)
        for cn in world.cns:
            cn.wait_ready(15)
        call.say()
        agree(world, present)
        as_before(before, bound(world))
        call.say()


def test_station_stays_away_while_its_parent_is_dead(world):
    """The register comes back empty, and the parent's agent is dead: the way stays, the station is
    reported when the parent is back.
    """
    guest = leased(world, "guest", world.cn(2))
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, guest)
    before = bound(world)
    with Conversation(world.server, guest, world.server.address) as call:
        world.cn(2).kill()
        lose(world)
        for cn in (world.cn(1), world.cn(3)):
            cn.wait_ready(15)
        call.say()
        world.cn(2).start()
        call.say()
        wait_for(lambda: bound(world).keys() == before.keys(), "the register to know it again")
        as_before(before, bound(world))
        agree(world, guest)
        call.say()


def test_agents_that_start_anew_report_what_their_maps_have(make_world):
    """Register and agents are gone at once; only the kernels know the stations."""
    world = make_world(lease_time=3600).start()
    guest, home = leased(world, "guest", world.cn(2)), leased(world, "home", world.cn(2))
    guest.roam(world.cn(3))
    reaches(guest, world.server.address)
    agree(world, guest, home)
    world.mlr.kill()
    for cn in world.cns:
        cn.kill()
    delete(world)
    world.mlr.start()
    for cn in world.cns:
        cn.start()
    wait_for(lambda: len(bound(world)) == 2, "the register to know both again")
    for entry in bound(world).values():
        assert entry["kind"] == "dynamic" and 0 < entry["lease_end"] - time.time() <= 3600
    reaches(guest, world.server.address)
    agree(world, guest, home)
