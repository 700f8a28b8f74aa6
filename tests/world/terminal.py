# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration's screen: lines that scroll, and below them a picture that the program redraws
in place. If the output is no terminal, there are only the lines.
"""
import os
import re
import shutil
import sys

CODES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "yellow": "33", "blue": "34",
         "cyan": "36"}


class Terminal:
    def __init__(self, out=sys.stdout):
        self.out, self.live = out, out.isatty()
        self.colours = self.live and "NO_COLOR" not in os.environ
        self.picture = []

    def paint(self, text, *styles):
        if not self.colours:
            return text
        return f"\033[{';'.join(CODES[style] for style in styles)}m{text}\033[0m"

    def cut(self, text):
        """Cuts the text to one row of the screen. The codes of colours take no room."""
        room = shutil.get_terminal_size((100, 24)).columns - 1 if self.live else 160
        if len(re.sub(r"\033\[[0-9;]*m", "", text)) <= room:
            return text
        return re.sub(r"\033\[[0-9;]*m", "", text)[:room - 1] + "…"

    def say(self, *lines):
        self.write([self.cut(line) for line in lines], self.picture)

    def show(self, picture):
        """Replaces the picture."""
        if self.live:
            self.write([], [self.cut(line) for line in picture])

    def write(self, lines, picture):
        """Writes the lines and then the new picture over the old picture, in one go, so that the
        screen does not flicker.
        """
        erase = f"\033[{len(self.picture)}A\033[J" if self.picture else ""
        self.picture = picture
        self.out.write(erase + "".join(line + "\n" for line in [*lines, *picture]))
        self.out.flush()

    def close(self):
        """Leaves the last picture where it is."""
        self.picture = []
