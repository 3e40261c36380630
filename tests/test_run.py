# SPDX-License-Identifier: MIT
"""`make run` as a newcomer sees it: what scripts/run prints is true, wherever the server listens."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

import harness
from docs_page import needs_page
from harness import DEADLINE, ROOT, environment, run_program, sqlite_url, wait_until

pytestmark = pytest.mark.sqlite


class Run:
    """scripts/run at work in a folder; `said` is what it has printed so far."""

    def __init__(self, folder, **env):
        self.folder, self.said = folder, ""
        env = {f"DIRECTMESSAGES_{name}": text for name, text in env.items()}
        self.process = subprocess.Popen(
            [ROOT / "scripts" / "run"],
            cwd=folder,
            env=environment(**{"DIRECTMESSAGES_BUILD": harness.BUILD, "DIRECTMESSAGES_THREADS": 1, **env}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said += line

    def wait_for(self, pattern):
        def look():
            return re.search(pattern, self.said, re.M) or not self._reader.is_alive()

        wait_until(look, pattern)
        found = re.search(pattern, self.said, re.M)
        assert found, self.said
        return found

    def type(self, command):
        """What a command that it printed answers, in the same folder."""
        words = ["sh", "-c", command + " -sS --noproxy '*'"]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, done
        return done.stdout

    def end(self):
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return status


@pytest.fixture
def run(tmp_path):
    """Starts scripts/run, and ends it as a terminal's Ctrl-C does."""
    with contextlib.ExitStack() as stack:

        def start(**env):
            env = {"LISTEN": "127.0.0.1:0", **env}
            made = Run(tmp_path, **env)

            def stop():
                if made.process.poll() is None:
                    made.process.send_signal(signal.SIGINT)
                    assert made.end() == 0, made.said

            stack.callback(stop)
            return made

        yield start


ADDRESSES = ["127.0.0.1:0", ":0", "[::1]:0", "localhost:0", "unix:a socket"]
OTHERS = [{"PREFIX": ""}, {"PREFIX": "/x/y/"}, {"LOG_LEVEL": "error"}, {"DOCS": "0"}]


@pytest.mark.parametrize("listen, env", [(one, {}) for one in ADDRESSES] + [("127.0.0.1:0", one) for one in OTHERS], ids=str)
def test_what_it_prints_can_be_typed(run, listen, env):
    if listen == "[::1]:0":
        with contextlib.closing(socket.socket(socket.AF_INET6)) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError as error:
                pytest.skip(f"there is no IPv6 here: {error}")
    made = run(LISTEN=listen, **env)
    made.wait_for(r"^Jane reads it:\n\n.+\n")
    send, read = re.findall(r"^  (curl .+)$", made.said, re.M)
    assert '"content":"Hello, Jane!"' in made.type(send)
    assert '"direction":"in"' in made.type(read)
    for token in re.findall(r"^J\w+'s token: (\w+)$", made.said, re.M):
        assert len(token) == 40


def test_the_web_client_is_where_it_says(run):
    made = run()
    made.wait_for(r"^  Jane: http.+\n\n")
    for name in ("John", "Jane"):
        url, token = re.search(rf"^  {name}: (http://\S+/app/)#token=(\w+)$", made.said, re.M).groups()
        assert "<title>Messages</title>" in made.type(f"curl {url}")
        assert f"{name}'s token: {token}\n" in made.said
    assert '"api":"../api/dm/"' in made.type(f"curl {url}settings.json")


def test_no_web_client_where_it_is_turned_off(run):
    made = run(WEB="0")
    root = made.wait_for(r"listening on (http://\S+?/)")[1]
    made.wait_for("^(the API, to read|no docs page|the docs page)")
    assert "/app/" not in made.said
    assert made.type(f"curl {root}app/") == '{"detail":"Not found."}'


@needs_page
def test_docs_page_is_where_it_says(run):
    made = run()
    url = made.wait_for(r"^the API, to read and to try: (http://\S+)$")[1]
    assert "swagger" in made.type(f"curl {url}").lower()


def test_users_are_kept(run, tmp_path):
    first = run()
    first.wait_for("^Jane reads it")
    second = run(LISTEN="unix:other")
    second.wait_for("^there are users already: ")
    assert "token:" not in second.said and "#token" not in second.said
    assert second.type(second.wait_for(r"^the API: (curl .+)$")[1] + "unread/").startswith('{"detail":')
    assert len(run_program("user", "list", database=sqlite_url(tmp_path / "directmessages.db")).stdout.splitlines()) == 3


def test_a_taken_port_is_told_before_anything_is_made(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = run(LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
        assert made.end() == 1
    last = made.said.splitlines()[-1]
    assert re.fullmatch(r"directmessages: can't listen on .+; choose another with --listen or DIRECTMESSAGES_LISTEN", last)
    assert "token" not in made.said
    assert len(run_program("user", "list", database=sqlite_url(tmp_path / "directmessages.db")).stdout.splitlines()) == 1


def test_a_database_that_does_not_do_ends_it(run, tmp_path):
    (tmp_path / "directmessages.db").write_text("no database" * 100)
    made = run()
    assert made.end() == 1
    assert "listening" not in made.said


# ---- the build folder


def make(*words, **env):
    done = subprocess.run(["make", "-s", *words], cwd=ROOT, env=environment(**env), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done
    return done.stdout + done.stderr


def programs_without(name, folder):
    """A PATH with all of this machine's programs but one."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        with contextlib.suppress(OSError):
            for program in os.scandir(place):
                if program.name != name:
                    (folder / program.name).unlink(missing_ok=True)
                    (folder / program.name).symlink_to(program.path)
    return str(folder)


def test_a_build_hears_of_another_prefix_and_of_npm(tmp_path):
    build = tmp_path / "build"
    unit = build / "contrib" / "systemd" / "directmessages.service"
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": tmp_path / "cache"}

    said = make("configure", f"BUILD={build}", PATH=programs_without("npm", tmp_path / "bin"))
    assert said == "make: the build has no docs page: npm is not installed\n"
    make("configure", f"BUILD={build}", PATH=str(tmp_path / "bin"))
    assert (build / "swagger-ui" / "why-not").read_text() == "npm is not installed\n"
    assert "ExecStart=/usr/local/bin/directmessages " in unit.read_text()

    make("configure", f"BUILD={build}", "PREFIX=/opt/dm", **nowhere)
    subprocess.run(["ninja", "-C", build, "build.ninja"], check=True, capture_output=True)
    assert "ExecStart=/opt/dm/bin/directmessages " in unit.read_text()
    assert (build / "swagger-ui" / "why-not").read_text().startswith("npm could not fetch ")
    places = subprocess.run(["meson", "introspect", "--installed", build], check=True, capture_output=True, text=True)
    assert "/usr/local" not in places.stdout and "/opt/dm/bin/directmessages" in places.stdout

    make("configure", f"BUILD={build}", **nowhere)
    subprocess.run(["ninja", "-C", build, "build.ninja"], check=True, capture_output=True)
    assert "ExecStart=/opt/dm/bin/directmessages " in unit.read_text(), "it stays where it was"


# ---- the program


@pytest.mark.skipif("san" in harness.BUILD.name, reason="a sanitizer's build is not what is installed")
def test_the_program_is_hardened():
    def readelf(*flags):
        return subprocess.run(["readelf", "-W", *flags, harness.PROGRAM], check=True, capture_output=True, text=True).stdout

    assert re.search(r"Type:\s+DYN \(Position-Independent Executable", readelf("-h"))
    assert re.search(r"\(FLAGS\).*BIND_NOW", readelf("-d")) and "GNU_RELRO" in readelf("-l")
    assert not re.search(r"GNU_STACK.* RWE ", readelf("-l"))
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols and re.search(r"__\w+_chk@", symbols.replace("__stack_chk_fail", ""))
