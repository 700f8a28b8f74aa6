# SPDX-License-Identifier: BSD-2-Clause
"""Lines `host' of the register that can never apply, or not yet: said in its log and its status."""
import json

import pytest

from world import wait_for

HOSTS = {
    "fine": ("02:00:00:00:01:01", "10.1.0.77", ""),
    "atgateway": ("02:00:00:00:01:02", "10.1.0.1", "never: it is the gateway's address"),
    "atnetwork": ("02:00:00:00:01:03", "10.1.0.0", "never: it is the first or last address"),
    "atbroadcast": ("02:00:00:00:01:04", "10.1.0.255", "never: it is the first or last address"),
    "loop": ("02:00:00:00:01:05", "127.0.0.9", "never: it is no address of a host"),
    "group": ("02:00:00:00:01:06", "224.0.0.9", "never: it is no address of a host"),
    "later": ("02:00:00:00:01:07", "10.2.0.77", "not yet: no CN has registered a cell"),
}


def lines(hosts):
    return [f"{name} {mac} {address}" for name, (mac, address, _) in hosts.items()]


def problems(mlr):
    shown = mlr.run(mlr.binary, "status", "-f", mlr.config, "--json").stdout
    return json.loads(shown)["problems"]


def log_of(mlr):
    with open(f"{mlr.folder}/log", encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def world(make_world):
    return make_world(cns=2, nat=(), mlr={"host": lines(HOSTS)})


def test_hosts_that_cannot_have_their_address(world):
    mlr, (one, two) = world.mlr, world.cns
    mlr.start()
    assert "WARN host later" not in log_of(mlr)
    one.start()
    said = problems(mlr)
    for name, (mac, address, text) in HOSTS.items():
        one_line = [line for line in said if line.startswith(f"host {name}: ")]
        assert len(one_line) == (1 if text else 0), said
        if text:
            assert f"{mac} gets {address} {text}" in one_line[0]
            assert f"host {name}: {mac} gets {address} {text}" in log_of(mlr)
    shown = mlr.run(mlr.binary, "status", "-f", mlr.config).stdout
    assert "problem   host atgateway: " in shown and "host fine" not in shown
    assert "WARN host atgateway" in log_of(mlr) and "INFO host later" in log_of(mlr)
    two.start()
    wait_for(lambda: not any("host later" in line for line in problems(mlr)), "the cell to come")
    assert "INFO host later: 02:00:00:00:01:07 gets 10.2.0.77 when it asks" in log_of(mlr)
    assert log_of(mlr).count("host atgateway") == 1


def test_a_reload_says_it_again(world):
    mlr = world.mlr
    mlr.start()
    world.cn(1).start()
    count = log_of(mlr).count("WARN host atgateway")
    mlr.run(mlr.binary, "reload", "-f", mlr.config)
    wait_for(lambda: log_of(mlr).count("WARN host atgateway") == count + 1, "the log to say it")
    mlr.configure_with(host=lines({"fine": HOSTS["fine"]}))
    mlr.run(mlr.binary, "reload", "-f", mlr.config)
    assert problems(mlr) == []
