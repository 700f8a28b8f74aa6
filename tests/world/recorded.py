# SPDX-License-Identifier: BSD-2-Clause
"""Transcripts: the output of our programs, compared with recorded files. TMIP_RECORD=1 in the
environment writes the files anew.

A transcript reads like a terminal. `$ ' begins a command, `> ' a request to a control socket, `# '
a line for the console of a program in the foreground, or the name of a file. The output follows as
it is, without blanks at the ends of lines. Lines of standard error begin with `! ', and an exit
status other than 0 is the line `= STATUS'. Placeholders replace the parts that differ from run to
run, see placeholders.py.
"""
import difflib
import os
import re
import socket
import subprocess

from .paths import AGENT, MLRD, TMIPD, TOP
from .placeholders import tidy
from .system import PATIENCE, WorldError, run, wait_for

FOLDER = os.path.join(TOP, "tests", "netns", "interface")
RECORD = bool(os.environ.get("TMIP_RECORD"))
PROGRAMS = {"tmip-agent": AGENT, "tmipd": TMIPD, "mlrd": MLRD}
NO_NEWLINE = "\\ no newline at the end\n"
LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} (?:ERROR|WARN|INFO|DEBUG|TRACE) ")


def lines_of(text, before=""):
    """The lines of the text, each with `before` in front and without blanks at its end."""
    lines = [f"{before}{line}".rstrip() + "\n" for line in text.splitlines()]
    return "".join(lines) + (NO_NEWLINE if text and not text.endswith("\n") else "")


class Transcript:
    """One recorded file. The end of the `with' block compares it, except after an error."""

    def __init__(self, name, world=None):
        self.path, self.world = os.path.join(FOLDER, f"{name}.txt"), world
        self.text, self.known = "", {}

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if not error:
            self.compare()

    # ---- the content

    def tidy(self, text):
        return tidy(text, self.world)

    def shorten(self, text):
        for known, name in self.known.items():
            if text.endswith(known):
                text = text.removesuffix(known) + name
        return text

    def add(self, head, text):
        """Adds a line, and the text that belongs to it."""
        self.text += lines_of(self.tidy(f"{head}\n")) + lines_of(self.shorten(self.tidy(text)))

    def ask(self, *lines, place=None, name=None):
        """Runs commands without a shell, in that place of the world. From then on `name` stands for
        the output of the last one.
        """
        for line in lines:
            words = line.split()  # the first one is the program's name for itself
            done = (place.run if place else run)(*words, check=False, stdin=subprocess.DEVNULL,
                                                 executable=PROGRAMS[words[0]])
            self.add(f"$ {line}", done.stdout)
            self.text += lines_of(self.shorten(self.tidy(done.stderr)), "! ")
            if done.returncode:
                self.text += f"= {done.returncode}\n"
            if name:
                self.known[done.stdout] = f"<{name}>\n"

    def send(self, daemon, *requests):
        """Sends lines to a control socket, on one connection."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10 * PATIENCE)
            connection.connect(daemon.control_socket())
            with connection.makefile("r", encoding="utf-8") as answers:
                for request in requests:
                    connection.sendall(request.encode() + b"\n")
                    self.add(f"> {request}", answers.readline())

    def type_in(self, daemon, *lines):
        """Writes lines to the standard input of a program, each with one more command after it,
        whose answer marks the end of the first answer. The transcript leaves out lines of the log.
        """
        end = "log level 2\n"
        for line in lines:
            before = len(daemon.program.text())

            def answer(before=before):
                text = daemon.program.text()[before:]
                return text if text.endswith(end) else None

            daemon.program.command(f"{line}\ndebug 2")
            shown = wait_for(answer, f"an answer to `{line}'").removesuffix(end)
            kept = [one for one in shown.splitlines(True) if not LOG.match(one)]
            self.add(f"# {line}", "".join(kept))

    # ---- comparing

    def compare(self):
        """Compares the transcript with the file, or writes the file."""
        if RECORD:
            os.makedirs(FOLDER, exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(self.text)
            return
        with open(self.path, encoding="utf-8") as file:
            recorded = file.read()
        if self.text != recorded:
            name = os.path.relpath(self.path, TOP)
            difference = difflib.unified_diff(recorded.splitlines(True), self.text.splitlines(True),
                                              f"{name}, recorded", f"{name}, now")
            raise WorldError("".join(difference))
