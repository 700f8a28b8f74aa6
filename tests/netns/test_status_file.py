# SPDX-License-Identifier: BSD-2-Clause
"""The status files say when they were written and by whom, and do not outlive their programs'
connections.
"""
import datetime
import signal

from world import wait_for
from world.agreement import demand, leased


def read(daemon):
    with open(f"{daemon.folder}/status", encoding="utf-8") as file:
        return file.read()


def written(daemon):
    """When the file was written, by which process."""
    words = read(daemon).splitlines()[0].split()
    demand(words[0] == "written" and words[3:5] == ["by", "process"], words)
    return datetime.datetime.fromisoformat(" ".join(words[1:3])), int(words[5].rstrip(","))


def test_written_by_a_program_that_lives(make_world):
    world = make_world(cns=1).start()
    for daemon in (world.cn(1), world.mlr):
        wait_for(lambda d=daemon: written(d)[1] == d.pid(), f"the file of {daemon.place}", 5)
        first = written(daemon)[0]
        demand(abs((datetime.datetime.now() - first).total_seconds()) < 5, first)
        wait_for(lambda d=daemon, t=first: (written(d)[0] - t).total_seconds() >= 8,
                 f"{daemon.place} to write again though nothing changes", 15)


def test_last_words(make_world):
    world = make_world(cns=1).start()
    cn = world.cn(1)
    phone = leased(world, "phone", cn)
    wait_for(lambda: "connected" in read(cn), "the file")
    cn.program.send(signal.SIGTERM)
    cn.program.wait()
    text = read(cn)
    demand("which has ended" in text and "connected" not in text, text)
    demand("forwarding goes on" in text and phone.address() in text, text)
    world.mlr.program.send(signal.SIGTERM)
    world.mlr.program.wait()
    text = read(world.mlr)
    demand("which has ended" in text and "connected" not in text, text)
