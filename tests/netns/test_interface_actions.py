# SPDX-License-Identifier: BSD-2-Clause
"""What tmip-agent and mlrd print when a command changes something, and what they show afterwards,
byte for byte. Recorded as test_interface.py says.
"""
import signal

import pytest

from world import wait_for
from world.agreement import agree, arrive, frozen, leased, reaches, static
from world.flapping import flap, heard
from world.recorded import Transcript


@pytest.fixture
def pair(make_world):
    return make_world(cns=2, cells=2, nat=(), directives={0: {"away_block": 0}}).start_in_order()


def teller(texts, daemon, program):
    """A function that runs commands of the program, which know the daemon by its configuration."""
    def tell(*commands):
        texts.ask(*(f"{program} {words} -f {daemon.config}" for words in commands), place=daemon)

    return tell


def add_mistakes(daemon):
    with open(daemon.config, "a", encoding="ascii") as file:
        file.write("colour red\ndebug many\n")


def test_stations_depart(pair):
    cn = pair.cn(1)
    phone, laptop = leased(pair, "phone", cn), leased(pair, "laptop", cn.cells[1])
    request = f'{{"command":"departed","mac":"{phone.mac}"}}'
    with Transcript("agent-departed", pair) as texts:
        tell = teller(texts, cn, "tmip-agent")
        agree(pair, phone, laptop)
        tell(f"departed {phone.mac}", "stations", f"departed {phone.mac}", "departed nonsense",
             "departed 02:00:00:00:00:99")
        arrive(phone, cn)
        agree(pair, phone, laptop)
        texts.send(cn, request, request)
        arrive(phone, cn)
        agree(pair, phone, laptop)
        texts.type_in(cn, f"departed {phone.mac}", f"departed {phone.mac}")


def test_the_agent_is_told(pair):
    cn = pair.cn(1)
    with Transcript("agent-actions", pair) as texts:
        tell = teller(texts, cn, "tmip-agent")
        tell("attach w1", "attach none0", "attach bb0", "attach lo", "detach none0", "detach bb0",
             "detach w1", "detach w1", "attach w1", "reload", "run -F", "run")
        texts.send(cn, '{"command":"detach","interface":"w1"}',
                   '{"command":"attach","interface":"w1"}', '{"command":"reload"}')
        texts.type_in(cn, "detach w1", "attach w1", "reload")
        add_mistakes(cn)
        tell("reload", "run", "stations", "attach w1", "detach --all")
        texts.ask(f"tmip-agent reload --socket {cn.control_socket()}", place=cn)
        texts.send(cn, '{"command":"reload"}')
        texts.type_in(cn, "reload")


def test_the_agent_ends(pair):
    """A killed agent leaves its maps to a new one; the new one loses its cells, and ends."""
    cn = pair.cn(1)
    with Transcript("agent-ends", pair) as texts:
        tell = teller(texts, cn, "tmip-agent")
        agree(pair, leased(pair, "phone", cn))
        cn.kill()
        tell("status", "detach w0", "stations --json")
        cn.start()
        tell("status", "stations", "detach w1")
        texts.send(cn, '{"command":"detach","interface":"w0"}')
        assert cn.program.wait() == 0
        tell("status", "detach --all")
        teller(texts, pair.cn(2), "tmip-agent")("detach --all")


def test_the_register_is_away(pair):
    """A move that the register has not confirmed, and what an agent says of it."""
    cn, phone = pair.cn(2), leased(pair, "phone", pair.cn(1))

    def undecided():
        record = cn.station(phone)
        return record["pending"] and record["state"] == "visiting"

    def refused():
        """That line of the status, while no connection is tried."""
        lines = cn.agent("status").stdout.splitlines(True)
        line = next(line for line in lines if line.startswith("register"))
        return line if " away for " in line and "refused" in line else None

    with Transcript("agent-register-away", pair) as texts:
        agree(pair, phone)
        reaches(phone, pair.server.address)
        with frozen(pair.mlr):
            arrive(phone, cn)
            wait_for(undecided, "a move that nobody confirms")
            heard(pair, phone)
            teller(texts, cn, "tmip-agent")("stations", "stations --json")
        pair.settled(phone)
        pair.mlr.program.send(signal.SIGTERM)
        assert pair.mlr.program.wait() == 0
        texts.add(f"$ tmip-agent status -f {cn.config} | grep register",
                  wait_for(refused, "the agent to try in vain", 10))


def test_the_register_is_told(make_world):
    world = make_world(cns=2, nat=(), directives={0: {"away_block": 0}},
                       mlr={"flap_moves": 1, "flap_window": 3600, "flap_hold": 3600})
    mlr, one = world.start_in_order().mlr, world.cn(1)
    phone, camera = leased(world, "phone", one), static(world, "camera", one, "10.1.0.200")

    def misses_one():
        shown = mlr.run(mlr.binary, "cns", "-f", mlr.config).stdout
        return "no" in shown.splitlines()[1].split()

    with Transcript("mlrd-actions", world) as texts:
        tell = teller(texts, mlr, "mlrd")
        agree(world, phone, camera)
        flap(world, phone, (2, 1))
        phone.leave()  # where it is, its next frame would show
        tell(f"stations {phone.mac} --json", f"clear {phone.mac}", f"clear {phone.address()}",
             "clear nonsense", f"stations {phone.mac} --json", "free 10.1.0.200", "free 10.1.0.200",
             "free nonsense", "stations --all", "forget-cn nonsense", "forget-cn cn1", "reload",
             "-F")
        one.stop()
        wait_for(misses_one, "the register to miss CN 1")
        tell("cns", "forget-cn cn1", "forget-cn cn1 --force", "forget-cn cn1 --force", "cns --json",
             "stations --all")
        texts.send(mlr, '{"command":"reload"}')
        add_mistakes(mlr)
        tell("reload", "stations", "-F")
        texts.ask(f"mlrd reload --socket {mlr.control_socket()}", place=mlr)
        texts.send(mlr, '{"command":"reload"}')
        mlr.configure_with()
        mlr.stop()
        tell("status")
