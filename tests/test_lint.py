# SPDX-License-Identifier: MIT
"""The checks of `make lint` that are our own: what they refuse, on a small tree that is made up."""

import json
import shutil
import subprocess

import pytest

import harness

CIRCLES = harness.ROOT / "scripts" / "circles"
CHECK_SOURCES = harness.ROOT / "scripts" / "check-sources"
CC = shutil.which("cc")


class Tree:
    """A repository with a few C files; `compile` gives it a build folder as Meson would."""

    def __init__(self, folder):
        self.folder = folder
        self.build = folder / "build"
        subprocess.run(["git", "init", "--quiet", folder], check=True)

    def write(self, **files):
        """Writes files of lib/, `a_h` for lib/a.h."""
        for name, text in files.items():
            path = self.folder / "lib" / name.replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return self

    def compile(self):
        self.build.mkdir()
        commands = []
        for source in sorted(self.folder.glob("lib/*.c")):
            output = f"{source.stem}.o"
            subprocess.run([CC, "-c", source, "-o", self.build / output], check=True)
            commands.append({"directory": str(self.build), "file": f"../lib/{source.name}", "output": output})
        (self.build / "compile_commands.json").write_text(json.dumps(commands))
        return self

    def circles(self):
        command = [CIRCLES, "--root", self.folder] + ([self.build] if self.build.exists() else [])
        return subprocess.run(command, text=True, capture_output=True)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_a_tree_without_circles_passes(tree):
    tree.write(a_h="void a(void);\n", a_c='#include "a.h"\n#include "b.h"\nvoid a(void) { b(); }\n',
               b_h="void b(void);\n", b_c='#include "b.h"\nvoid b(void) {}\n').compile()
    done = tree.circles()
    assert done.returncode == 0, done
    assert "includes: 2 modules, 0 of them in 0 circles" in done.stdout
    assert "calls: 2 modules, 0 of them in 0 circles" in done.stdout


def test_a_circle_of_modules_is_refused_where_the_headers_alone_have_none(tree):
    tree.write(a_h="", a_c='#include "b.h"\n', b_h="", b_c='#include "a.h"\n')
    done = tree.circles()
    assert done.returncode == 1, done
    assert "lib/a -> lib/b (a.c includes b.h)" in done.stdout
    assert "lib/b -> lib/a (b.c includes a.h)" in done.stdout


def test_a_circle_of_three_is_refused_and_who_only_uses_it_is_not_named(tree):
    tree.write(a_h='#include "b.h"\n', b_h='#include "c.h"\n', c_h="", c_c='#include "a.h"\n', d_c='#include "a.h"\n')
    done = tree.circles()
    assert done.returncode == 1, done
    assert "3 modules in a circle of includes" in done.stdout
    assert "lib/d" not in done.stdout


def test_a_circle_of_calls_is_refused_where_the_includes_have_none(tree):
    tree.write(all_h="void a(void);\nvoid b(void);\n", a_c='#include "all.h"\nvoid a(void) { b(); }\n',
               b_c='#include "all.h"\nvoid b(void) { a(); }\n').compile()
    done = tree.circles()
    assert done.returncode == 1, done
    assert "includes: 3 modules, 0 of them" in done.stdout
    assert "lib/a -> lib/b (a.c uses b)" in done.stdout
    assert "lib/b -> lib/a (b.c uses a)" in done.stdout


def test_a_table_of_functions_depends_on_those_in_it(tree):
    tree.write(table_c="void a(void);\nvoid (*const table[])(void) = {a};\n",
               a_c="extern void (*const table[])(void);\nvoid a(void) { table[0](); }\n").compile()
    done = tree.circles()
    assert done.returncode == 1, done
    assert "lib/table -> lib/a (table.c uses a)" in done.stdout
    assert "lib/a -> lib/table (a.c uses table)" in done.stdout


def test_a_function_that_is_registered_is_no_circle(tree):
    tree.write(low_c="static void (*then)(void);\nvoid on(void (*f)(void)) { then = f; }\nvoid run(void) { then(); }\n",
               high_c="void on(void (*f)(void));\nstatic void f(void) {}\nvoid high(void) { on(f); }\n").compile()
    done = tree.circles()
    assert done.returncode == 0, done


def test_a_header_is_the_nearest_of_its_name(tree):
    tree.write(a_h="", a_c='#include "session.h"\n')
    for side in ("sqlite", "postgres"):
        folder = tree.folder / "lib" / side
        (folder / "room").mkdir(parents=True)
        (folder / "session.h").write_text("")
        (folder / "room" / "noun.c").write_text('#include "session.h"\n')
    (tree.folder / "lib" / "sqlite" / "session.c").write_text('#include "noun.h"\n')
    (tree.folder / "lib" / "postgres" / "room" / "noun.h").write_text("")
    (tree.folder / "lib" / "sqlite" / "room" / "noun.h").write_text("")
    done = tree.circles()
    assert done.returncode == 1, done
    assert "2 modules in a circle of includes" in done.stdout
    assert "lib/sqlite/session -> lib/sqlite/room/noun" in done.stdout
    assert "postgres" not in done.stdout


@pytest.mark.parametrize("lines, status, said", [(359, 0, ""), (360, 0, "warning: lib/a.c: 360 lines"), (449, 0, "449 lines"),
                                                 (450, 1, "check-sources: lib/a.c: 450 lines")])
def test_a_file_that_git_does_not_know_yet_is_measured(tree, lines, status, said):
    if shutil.which("pmccabe") is None:
        pytest.skip("pmccabe is not installed (make lint brings it)")
    tree.write(a_c="/* SPDX-License-Identifier: MIT */\n" * lines)
    done = subprocess.run([CHECK_SOURCES], cwd=tree.folder, text=True, capture_output=True)
    assert done.returncode == status, done
    assert said in done.stderr and bool(said) == bool(done.stderr)


def test_a_public_header_may_be_long(tree):
    if shutil.which("pmccabe") is None:
        pytest.skip("pmccabe is not installed (make lint brings it)")
    tree.write(a_c="/* SPDX-License-Identifier: MIT */\n")
    (tree.folder / "include").mkdir()
    (tree.folder / "include" / "all.h").write_text("/* SPDX-License-Identifier: MIT */\n" * 900)
    done = subprocess.run([CHECK_SOURCES], cwd=tree.folder, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_two_types_of_one_name_are_refused(tree):
    if shutil.which("pmccabe") is None:
        pytest.skip("pmccabe is not installed (make lint brings it)")
    licence = "/* SPDX-License-Identifier: MIT */\n"
    tree.write(a_c=licence + "struct unit {\n\tint a;\n};\n", b_c=licence + "struct unit {\n\tint b;\n};\nstruct other;\n")
    done = subprocess.run([CHECK_SOURCES], cwd=tree.folder, text=True, capture_output=True)
    assert done.returncode == 1, done
    assert "'unit' is also a type in" in done.stderr and "other" not in done.stderr


def test_a_kind_of_operation_gets_the_arguments_of_its_own(tree):
    if shutil.which("pmccabe") is None:
        pytest.skip("pmccabe is not installed (make lint brings it)")
    spdx = "/* SPDX-License-Identifier: MIT */\n"
    header = tree.folder / "include" / "directmessages" / "operations.h"
    header.parent.mkdir(parents=True)
    header.write_text(f"{spdx}enum {{ DM_OP_SEND, DM_OP_HIDE }};\n")
    tree.write(a_c=f"{spdx}struct dm_operation good = {{.kind = DM_OP_SEND, .context = 0, .send = {{.sender_id = 1}}}};\n",
               b_c=f"{spdx}struct dm_operation bad = {{.kind = DM_OP_SEND, .hide = {{.user_id = 1}}}};\n",
               c_c=f"{spdx}void f(void)\n{{\n\toperation(exchange, DM_OP_HIDE)->send.sender_id = 1;\n}}\n")
    done = subprocess.run([CHECK_SOURCES], cwd=tree.folder, text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "check-sources: lib/b.c: DM_OP_SEND is given `hide`; its arguments are `send`",
        "check-sources: lib/c.c: DM_OP_HIDE is given `send`; its arguments are `hide`",
    ]
