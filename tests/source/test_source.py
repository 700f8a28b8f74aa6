# SPDX-License-Identifier: BSD-2-Clause
"""The checks of this folder, on small trees that are made for them."""
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
CLEAN = {
    "include/tmip/types.h": "#include <linux/types.h>\n",
    "vmlinux/vmlinux.h": f"// {'x' * 200}\n",
    "bpf/parse.h": '#include "vmlinux.h"\n#include <tmip/types.h>\n',
    "user/core/base/addr.h": "#include <tmip/types.h>\n",
    "user/core/roam/roam_internal.h": '#include "roam.h"\n',
    "user/core/roam/roam.h": '#include "core/base/addr.h"\n',
    "user/core/roam/roam.c": '#include "roam_internal.h"\n#include <string.h>\n',
    "user/io/datapath/datapath.c": '#include "core/base/addr.h"\n#include "tmip.skel.h"\n',
    "user/io/datapath/datapath.h": "#include <time.h>\n",
    "user/agent/station/hold.h": '#include "core/roam/roam.h"\n',
    "user/agent/station/hold.c": '#include "hold.h"\n',
    "user/agent/state.h": '#include "agent/station/hold.h"\nstruct agent {\n};\n',
    "user/agent/main.c": '#include "state.h"\n',
    "user/mlrd/main.c": '#include "io/datapath/datapath.h"\n',
    "docs/page.md": f"https://example.net/{'x' * 100}\n{'x' * 100}\n\t{'x' * 92}\n",
}


@pytest.fixture
def tree(tmp_path):
    """tree({path: text}) writes the clean tree with these files over it, and returns the path."""
    def write(files):
        for path, text in {**CLEAN, **files}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        return str(tmp_path)
    return write


def run(name, tree, *more, seed="random"):
    return subprocess.run([sys.executable, "-B", os.path.join(HERE, name), "--tree", tree, *more],
                          env={**os.environ, "PYTHONHASHSEED": seed},
                          check=False, capture_output=True, text=True)


def test_clean_tree(tree):
    done = run("check", tree({}), "--strict", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "modules": 10, "folders": 9, "source_lines": 19, "folder_edges": 8, "folder_includes": 8,
        "forbidden_includes": 0, "folders_in_circles": 0, "modules_in_circles_within": 0,
        "modules_in_circles_across": 0, "modules_with_struct_agent": 1, "longest_line": 100,
        "longest_line_at": "docs/page.md:3", "lines_over_100": 0}


@pytest.mark.parametrize("path, include, error", [
    ("user/core/base/addr.c", '"io/datapath/datapath.h"', "user/core may not include user/io"),
    ("user/core/base/addr.c", '"agent/state.h"', "user/core may not include user/agent"),
    ("user/core/base/addr.c", '"tmip.skel.h"', "user/core may not include build"),
    ("user/core/base/addr.c", "<sys/socket.h>", "user/core may not include <sys/socket.h>"),
    ("user/core/base/addr.c", "<time.h>", "user/core may not include <time.h>"),
    ("user/io/datapath/tap.c", '"agent/state.h"', "user/io may not include user/agent"),
    ("user/io/datapath/tap.c", '"../../agent/state.h"', "user/io may not include user/agent"),
    ("user/mlrd/links.c", '"agent/state.h"', "user/mlrd may not include user/agent"),
    ("user/agent/start.c", '"mlrd/server.h"', "user/agent may not include user/mlrd"),
    ("user/agent/start.c", '"tmip.skel.h"', "user/agent may not include build"),
    ("bpf/maps.h", '"../user/core/base/addr.h"', "bpf may not include user/core"),
    ("include/tmip/maps.h", '"../../bpf/parse.h"', "include/tmip may not include bpf"),
    ("user/core/base/addr.c", '"core/gone.h"', '"core/gone.h" is not in the tree'),
    ("user/common/list.h", "<string.h>", "this file is in no world"),
])
def test_forbidden_include(tree, path, include, error):
    files = {path: f"\n#include {include}\n", "user/mlrd/server.h": ""}
    done = run("check", tree(files), "includes")
    assert done.returncode == 1
    assert f"{path}:2: {error}" in done.stderr


def test_circle_of_folders(tree):
    files = {"user/core/base/addr.c": '\n#include "core/roam/roam.h"\n'}
    done = run("check", tree(files), "includes")
    assert done.returncode == 1
    assert "2 folders in a circle: user/core/base user/core/roam\n" in done.stderr
    assert "user/core/base/addr.c:2: user/core/base includes user/core/roam" in done.stderr
    assert "user/core/roam/roam.h:1: user/core/roam includes user/core/base" in done.stderr


def test_long_circle_of_folders(tree):
    rooms = ("a", "b", "c", "d")
    files = {f"user/io/{room}/{room}.h": f'#include "io/{after}/{after}.h"\n'
             for room, after in zip(rooms, rooms[1:] + rooms[:1])}
    done = run("check", tree(files), "includes")
    assert "4 folders in a circle: user/io/a user/io/b user/io/c user/io/d\n" in done.stderr
    assert "user/io/d/d.h:1: user/io/d includes user/io/a" in done.stderr


def test_circle_inside_a_folder(tree):
    """A circle of two modules makes a remark, or with --strict an error."""
    here = tree({"user/mlrd/main.h": '#include "links.h"\n',
                 "user/mlrd/links.h": "", "user/mlrd/links.c": '#include "main.h"\n'})
    error = "2 modules in a circle: user/mlrd/links user/mlrd/main"
    done = run("check", here, "includes")
    assert done.returncode == 0 and error in done.stdout
    done = run("check", here, "includes", "--strict")
    assert done.returncode == 1 and error in done.stderr


@pytest.mark.parametrize("header", ["agent/state.h", "agent/wrapped.h"])
def test_struct_of_everything(tree, header):
    """A module sees the struct by its header, or through another one."""
    files = {"user/agent/wrapped.h": '#include "state.h"\n',
             "user/agent/station/hold.c": f'#include "{header}"\n'}
    done = run("check", tree(files), "includes")
    assert done.returncode == 1
    assert ("user/agent/state.h:2: struct agent is open to modules outside of user/agent/. (1): "
            "user/agent/station/hold\n") in done.stderr


@pytest.mark.parametrize("line", ["x" * 101, "\t" + "x" * 93, f"{'x' * 99} https://example.net/"])
def test_long_line(tree, line):
    done = run("check", tree({"config/some.rc": f"short\n{line}\n"}), "lines")
    assert done.returncode == 1
    assert done.stderr.startswith("config/some.rc:2: 1")


@pytest.mark.skipif(not shutil.which("git"), reason="git is missing")
def test_lines_that_git_tracks(tree):
    """In a checkout only tracked files count, and no deleted ones."""
    here = tree({"tracked.txt": "x" * 101, "gone.txt": "x" * 103, "other.txt": "x" * 102})
    for command in (["init", "-q"], ["add", "tracked.txt", "gone.txt"]):
        subprocess.run(["git", "-C", here, *command], check=True)
    os.remove(os.path.join(here, "gone.txt"))
    assert run("check", here, "lines").stderr == "tracked.txt:1: 101 columns\n"


def test_picture(tree, tmp_path):
    """Well-formed, always the same, with a box for each room and circles in red."""
    above = {f"user/io/{room}/{room}.c": '#include "io/datapath/datapath.h"\n' for room in "abcdef"}
    here = tree({"user/core/base/addr.c": '#include "core/roam/roam.h"\n', **above})
    pictures = []
    for seed in ("1", "2", "3"):
        assert run("draw", here, "-o", str(tmp_path / "x.svg"), seed=seed).stderr == ""
        pictures.append((tmp_path / "x.svg").read_text(encoding="utf-8"))
    assert pictures[0] == pictures[1] == pictures[2]
    parts = list(xml.etree.ElementTree.fromstring(pictures[0]).iter())
    assert sum(part.get("class", "").startswith("box") for part in parts) == 15
    hints = [part[0].text for part in parts if part.get("class") == "red" and len(part)]
    assert ("user/core/base includes user/core/roam: 1, user/core/roam includes user/core/base: 1"
            in hints)
