# SPDX-License-Identifier: MIT
"""The library as it is installed: its pkg-config file, its header, what it exports, and the examples built with it."""

import re
import shutil
import subprocess

import pytest

import harness

pytestmark = pytest.mark.skipif(
    harness.BUILD.name.endswith(("asan", "tsan")),
    reason="a program built without the sanitizer can't use a library built with it",
)

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror"]


def run(*command, env=None, cwd=None):
    """Runs a command that must succeed and returns what it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        env=harness.environment(**(env or {})),
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=harness.DEADLINE,
    )
    assert done.returncode == 0, f"{command} left with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


class Installed:
    """The build, installed below a folder."""

    def __init__(self, root):
        self.root = root
        run("meson", "install", "-C", harness.BUILD, "--no-rebuild", "--quiet", "--destdir", root)
        self.headers = sorted(self.only("directmessages.h").parent.rglob("*.h"))
        self.shared = self.only("libdirectmessages.so").resolve()
        self.static = self.only("libdirectmessages.a")
        self.pc = self.only("directmessages.pc")

    def only(self, name):
        (found,) = self.root.rglob(name)
        return found

    def flags(self, *wanted):
        """The compiler flags that pkg-config gives."""
        env = {"PKG_CONFIG_PATH": self.pc.parent, "PKG_CONFIG_SYSROOT_DIR": self.root}
        return run("pkg-config", *wanted, "directmessages", env=env).split()

    def compile(self, name, output, static):
        """Compiles an example with the installed library, the shared or the static one."""
        libraries = self.flags("--static", "--libs") if static else self.flags("--libs")
        if static:
            libraries = [self.static if flag == "-ldirectmessages" else flag for flag in libraries]
        source = harness.ROOT / "examples" / f"{name}.c"
        run("cc", *STRICT, *self.flags("--cflags"), source, "-o", output, *libraries)
        return output

    def run(self, program, *arguments):
        return run(program, *arguments, env={"LD_LIBRARY_PATH": self.shared.parent})


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture(params=["shared", "static"])
def example(request, installed, tmp_path):
    """Compiles an example and gives a function that runs it."""

    def make(name):
        program = installed.compile(name, tmp_path / name, request.param == "static")
        needs = "libdirectmessages" in run("readelf", "--dynamic", program)
        assert needs == (request.param == "shared")
        return lambda *arguments: installed.run(program, *arguments)

    return make


def make_database(path):
    """A database with john and mary in it; returns its URL."""
    url = harness.sqlite_url(path)
    for command in (["migrate"], ["user", "create", "john"], ["user", "create", "mary"]):
        done = harness.run_program(*command, database=url)
        assert done.returncode == 0, done.stderr
    return url


def test_example_send(example, tmp_path):
    url = make_database(tmp_path / "test.db")
    send = example("send")
    assert send(url, "john", "mary", "Hello, Mary") == "sent message 1 from john to mary\n"
    assert send(url, "mary", "john", "Hello, John") == "sent message 2 from mary to john\n"
    listed = harness.run_program("message", "list", database=url).stdout
    assert [line.split("\t")[4] for line in listed.splitlines()[1:]] == ["Hello, John", "Hello, Mary"]


@pytest.mark.parametrize(
    "arguments, status, told",
    [
        (["john"], 2, "usage: send DATABASE FROM TO TEXT\n"),
        (["john", "nobody", "Hello"], 1, "send: there is no such user\n"),
        (["john", "john", "Hello"], 1, "send: You can't send messages to yourself.\n"),
    ],
)
def test_example_send_tells_what_is_wrong(installed, tmp_path, arguments, status, told):
    url = make_database(tmp_path / "test.db")
    program = installed.compile("send", tmp_path / "send", static=True)
    done = subprocess.run([program, url, *arguments], text=True, capture_output=True, timeout=harness.DEADLINE)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", told)


def test_program_of_the_documentation(installed, tmp_path):
    """docs/library.md, carried out where its reader would."""
    page = (harness.ROOT / "docs" / "library.md").read_text()
    programs = re.findall(r"```c\n(.*?)```", page, re.DOTALL)
    assert len(programs) == 2
    assert "cc embed.c -o embed $(pkg-config --cflags --libs directmessages)" in page
    make_database(tmp_path / "directmessages.db")
    assert harness.run_program("user", "create", "jane", cwd=tmp_path).returncode == 0
    said = []
    for program in programs:
        (tmp_path / "embed.c").write_text(program)
        run("cc", *STRICT, *installed.flags("--cflags"), tmp_path / "embed.c", "-o", tmp_path / "embed", *installed.flags("--libs"))
        said += run(tmp_path / "embed", env={"LD_LIBRARY_PATH": installed.shared.parent}, cwd=tmp_path).splitlines()
    assert said == [
        "1 wrote to 3: Hello from C",
        "message 2 is stored",
        "message 2 was stored before",
        "john, 2 unread: Dinner?",
        "john, 1 unread: Dinner?",
        "2 read, 1 unread again, 2 hidden",
        "You are not allowed to message this user.",
    ]


@pytest.mark.parametrize("name, form, folder", [
    ("directmessages.1", "man", "man/man1"),
    ("directmessages.conf.5", "man-conf", "man/man5"),
    ("_directmessages", "zsh", "zsh/site-functions"),
    ("directmessages.fish", "fish", "fish/vendor_completions.d"),
])
def test_what_the_program_prints_of_itself_is_installed(installed, name, form, folder):
    page = installed.only(name)
    assert page.parent.as_posix().endswith(f"/share/{folder}")
    assert page.read_text() == harness.run_program("help", "--form", form).stdout


def test_manual_of_the_library_and_completion_of_bash_are_installed(installed):
    assert installed.only("libdirectmessages.3").parent.name == "man3"
    (script,) = [one for one in installed.root.rglob("directmessages") if one.parent.name == "completions"]
    assert script.read_text() == harness.run_program("help", "--form", "bash").stdout


def test_example_listen(example, tmp_path):
    listen = example("listen")
    assert listen(harness.sqlite_url(tmp_path / "new.db")).splitlines() == [
        "sent: message 1 from user 1 to user 2: Hello, Mary",
        "read: message 1 from user 1 to user 2: Hello, Mary",
        "Mary has read: Hello, Mary",
    ]


def test_pkg_config_knows_the_version(installed):
    told = installed.flags("--modversion")
    assert [f"directmessages {told[0]}"] == harness.run_program("--version").stdout.splitlines()[:1]


@pytest.mark.parametrize(
    "compiler, language", [("cc", ["-x", "c", "-std=c11"]), ("c++", ["-x", "c++", "-std=c++11"])], ids=["c", "c++"]
)
@pytest.mark.parametrize("name", sorted(str(path.relative_to(harness.ROOT / "include")) for path in (harness.ROOT / "include").rglob("*.h")))
def test_header_compiles_alone(installed, tmp_path, name, compiler, language):
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler} here")
    source = tmp_path / "alone"
    source.write_text(f"#include <{name}>\nint main(void) {{ return dm_version() == 0; }}\n")
    strict = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
    program = tmp_path / "program"
    run(compiler, *language, *strict, *installed.flags("--cflags"), source, "-x", "none", "-o", program,
        *installed.flags("--libs"))
    installed.run(program)


CPLUSPLUS = """#include <directmessages.h>
int main()
{
    dm_options options = DM_OPTIONS_INIT;
    dm_new_user user = DM_NEW_USER_INIT;
    dm_operation operation = {};
    dm *handle;
    user.username = DM_TEXT("john");
    operation.kind = DM_OP_SEND;
    operation.send.content = dm_text_of("Hello");
    options.database = "no scheme";
    return !(options.size == sizeof(options) && user.size == sizeof(user) && operation.send.content.length == 5 &&
             user.username.length == 4 && dm_open(&options, &handle, nullptr) == DM_INVALID && handle == nullptr);
}
"""


def test_structs_and_texts_work_in_cplusplus(installed, tmp_path):
    if shutil.which("c++") is None:
        pytest.skip("there is no c++ here")
    source = tmp_path / "structs.cc"
    source.write_text(CPLUSPLUS)
    run("c++", "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", *installed.flags("--cflags"), source, "-o",
        tmp_path / "structs", *installed.flags("--libs"))
    installed.run(tmp_path / "structs")


def declared(headers):
    """The functions that the headers declare."""
    lines = "".join(run("cc", "-E", "-P", header) for header in headers).replace("\n", " ").split(";")
    functions = set()
    for line in lines:
        if 'visibility("default")' in line:
            words = line.replace("*", " ").split("(")
            functions |= {word.split()[-1] for word in words if word.split() and word.split()[-1].startswith("dm_")}
    return functions


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_exports_what_the_header_declares_and_nothing_else(installed, kind):
    if kind == "shared":
        listed = run("nm", "--dynamic", "--defined-only", installed.shared)
    else:
        listed = run("nm", "--extern-only", "--defined-only", installed.static)
    rows = [line.split() for line in listed.splitlines()]
    exported = {row[-1] for row in rows if len(row) == 3}
    assert exported == declared(installed.headers)
