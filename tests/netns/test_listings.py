# SPDX-License-Identifier: BSD-2-Clause
"""The configuration files of 2003, with only addresses and paths adapted, and its command lines.

Both programs run as daemons, evaluate the network, and serve a station.
"""
import os
import re
import signal

import pytest

from world import AGENT, MLRD, TMIPD, wait_for

MLRD_RC = """network_name linux-magazin
port 6554
foreground false
log_file {folder}/mlrd.log
status_file {folder}/mlrd.status
log true
cc_mlr secondary.linux-magazin.de:5555
"""
TMIPD_RC = """mlr {mlr}
cn_name wlanpool{number}.linux-magazin
cn_if bb0
mobile_if w0
network_name linux-magazin
addr_pool w0 * *
dns_server 10.0.5.7
log_file {folder}/tmipd.log
status_file {folder}/tmipd.status
"""
# 2003 had no directives for these folders; several CNs on one machine need them.
FOLDERS = "run_dir {folder}/run\nstate_dir {folder}/state\n"


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def end(place):
    """SIGTERM to the daemon of a place; waits until it is gone."""
    pid = place.daemon_pid()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), f"the daemon of {place.place} to end")


@pytest.fixture
def daemons(make_world):
    """Register and two CNs as daemons; each command returns when the daemon serves."""
    world = make_world(cns=2, network="linux-magazin")
    for place, content in ((world.mlr, MLRD_RC), *((cn, TMIPD_RC) for cn in world.cns)):
        more = "" if place is world.mlr else f"bpf_dir {place.directives['bpf_dir']}\n"
        with open(place.config, "w", encoding="ascii") as file:
            number = getattr(place, "number", 0)
            text = content + FOLDERS + more
            file.write(text.format(folder=place.folder, mlr=world.mlr.address, number=number))
    world.mlr.run(MLRD, "-f", world.mlr.config)
    for cn in world.cns:
        cn.run(TMIPD, "-f", cn.config)
    return world


def test_daemons_serve(daemons):
    for cn in daemons.cns:
        cn.wait_ready()
    phone = daemons.add_station("phone", daemons.cn(1))
    address = phone.dhclient().start()
    assert phone.client.events()[-1][6] == "10.0.5.7"
    phone.roam(daemons.cn(2))
    phone.reaches(daemons.server.address)
    wait_for(lambda: daemons.cn(2).state(phone) == "visiting",
             "CN 2 to have the station as a visitor")
    assert phone.address() == address

    new = daemons.cn(2)
    assert "committed to the register" in text(f"{new.folder}/tmipd.log")
    wait_for(lambda: address in text(f"{new.folder}/tmipd.status"),
             "the status file to show the station")
    wait_for(lambda: address in text(f"{daemons.mlr.folder}/mlrd.status"),
             "the register's status file to show the station")
    for place in (*daemons.cns, daemons.mlr):
        assert os.path.exists(f"/proc/{place.daemon_pid()}")
        end(place)
        assert not os.path.exists(place.pid_file())


def test_evaluation(daemons):
    """The evaluation beside running agents, and when something is wrong."""
    for cn in daemons.cns:
        cn.wait_ready()
    one, two = daemons.cns
    done = one.run(TMIPD, "-f", one.config, "-E", check=False)
    assert done.returncode == 0, done.stdout
    assert re.fullmatch(r"all \d+ checks passed", done.stdout.splitlines()[-1])
    assert re.search(r"^ok .*tunnel.*wlanpool2\.linux-magazin", done.stdout, re.MULTILINE)

    two.run("ip", "link", "set", "bb0", "down")
    done = one.run(AGENT, "evaluate", "-f", one.config, check=False)
    assert done.returncode == 1
    assert any(line.startswith("FAIL") and "wlanpool2.linux-magazin" in line
               for line in done.stdout.splitlines()), done.stdout
    end(daemons.mlr)
    done = one.run(TMIPD, "-f", one.config, "-E", check=False)
    assert done.returncode == 1
    assert any(line.startswith("FAIL") and "register" in line
               for line in done.stdout.splitlines()), done.stdout


def test_reload_by_hangup(daemons):
    cn = daemons.cn(1)
    cn.wait_ready()
    with open(cn.config, encoding="ascii") as file:
        content = file.read()
    with open(cn.config, "w", encoding="ascii") as file:
        file.write(content.replace("10.0.5.7", "10.0.5.8") + "colour red\n")
    os.kill(cn.daemon_pid(), signal.SIGHUP)
    wait_for(lambda: "colour" in text(f"{cn.folder}/tmipd.log"),
             "the mistake to be told in the log")
    phone = daemons.add_station("phone", cn)
    phone.dhclient().start()
    assert phone.client.events()[-1][6] == "10.0.5.7"
    phone.client.release()

    os.rename(f"{cn.folder}/tmipd.log", f"{cn.folder}/tmipd.log.1")
    with open(cn.config, "w", encoding="ascii") as file:
        file.write(content.replace("10.0.5.7", "10.0.5.8"))
    os.kill(cn.daemon_pid(), signal.SIGHUP)
    wait_for(lambda: os.path.exists(f"{cn.folder}/tmipd.log"), "the log to be opened anew")
    assert phone.dhclient().start()
    assert phone.client.events()[-1][6] == "10.0.5.8"
