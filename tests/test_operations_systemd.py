# SPDX-License-Identifier: MIT
"""Under systemd: what the service manager is told, and the unit."""

import contextlib
import pathlib
import platform
import queue
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading

import pytest

import harness
from harness import PROGRAM, ROOT, Server, run_program, wait_until
from metrics import Admin, scrape
from streams import Stream
from commands import check_refused, serve_briefly
from webhook_receiver import LOCAL, create
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)

UNIT, SOCKET = "directmessages.service", "directmessages.socket"


# ---- sd_notify


class Manager:
    """The socket of a service manager, which takes messages at once: the socket itself holds only ten."""

    def __init__(self, name):
        self.name = name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + name[1:] if name.startswith("@") else name)
        self.messages = queue.SimpleQueue()
        self.reads = threading.Event()
        self.reads.set()
        self.thread = threading.Thread(target=self._take)
        self.thread.start()

    def _take(self):
        while message := self.sock.recv(4096).decode():
            self.messages.put(message.split("\n"))
            self.reads.wait()

    def told(self):
        """The next message, as its lines."""
        return self.messages.get(timeout=60)

    def all_told(self):
        """What has been told, when nobody is left to tell more."""
        self._send("END")
        return list(iter(self.told, ["END"]))

    def close(self):
        self.reads.set()
        self._send("")
        self.thread.join()
        self.sock.close()

    def _send(self, text):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(text.encode(), "\0" + self.name[1:] if self.name.startswith("@") else self.name)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    path = request.param == "path"
    made = Manager(str(tmp_path / "notify") if path else f"@directmessages-{secrets.token_hex(8)}")
    yield made
    made.close()


def test_ready_is_told_once_it_serves(make_server, manager):
    server = make_server(env={"NOTIFY_SOCKET": manager.name}, flags=["--migrate"], migrate=False)
    steps = []
    while (told := manager.told()) and told[0] != "READY=1":
        steps += told
    assert told == ["READY=1", f"STATUS=serving on {server.netloc}"]
    assert [step.split()[:3] for step in steps] == [
        ["STATUS=applied", "migration", f"{number:04}"] for number in range(1, len(steps) + 1)
    ]
    assert steps
    server.stop()
    assert manager.told() == ["STOPPING=1", "STATUS=completing requests"]
    assert manager.all_told() == []


def test_ready_means_that_connections_are_accepted(make_server, manager, tmp_path):
    """Nothing else is waited for: the socket's name is known beforehand."""
    server = make_server(listen=f"unix:{tmp_path}/s", env={"NOTIFY_SOCKET": manager.name}, start=False)
    process = subprocess.Popen(server.command(), env=harness.environment(**server.env), stderr=subprocess.DEVNULL)
    try:
        while manager.told()[0] != "READY=1":
            pass
        server.socket_path, server.host, server.port = f"{tmp_path}/s", "localhost", 80
        assert server.anonymous().get("/readyz").status == 200
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_stopping_is_told_before_the_last_request_ends(make_server, manager):
    server = make_server(env={"NOTIFY_SOCKET": manager.name}, flags=["--admin-listen", "127.0.0.1:0"])
    one, two = server.users(2)
    body = b'{"content":"late"}'
    head = f"POST /api/dm/send/{two.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with server.raw(head.encode() + body[:5]) as slow:
        wait_until(lambda: scrape(Admin(server))["directmessages_http_requests_in_flight"] == 2, "it is under way")
        server.tell_to_stop()
        while manager.told()[0] != "STOPPING=1":
            pass
        slow.send(body[5:])
        assert slow.response().status == 201
    server.stop()


def test_a_manager_that_does_not_read_stops_nothing(make_server, manager):
    """Its socket is full before the first report."""
    manager.reads.clear()
    with contextlib.suppress(BlockingIOError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        while True:
            other.sendto(b"x", "\0" + manager.name[1:] if manager.name.startswith("@") else manager.name)
    server = make_server(env={"NOTIFY_SOCKET": manager.name})
    assert server.user().get("unread/").status == 200
    server.stop()
    assert "can't notify the service manager" in server.tail()


def test_one_that_does_not_start_is_never_ready(make_server, manager):
    server = make_server()
    server.stop()
    server.sql("DROP INDEX directmessages_unread")
    listen = ["--listen", "127.0.0.1:0"]
    check_refused(serve_briefly(*listen, database=server.url, env={"NOTIFY_SOCKET": manager.name}), 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = ["--migrate", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"]
        check_refused(serve_briefly(*listen, database=server.url, env={"NOTIFY_SOCKET": manager.name}), 1)
    assert [line for told in manager.all_told() for line in told if not line.startswith("STATUS=applied")] == []


def test_other_commands_tell_nothing(make_server, manager):
    server = make_server()
    for command in (["migrate"], ["user", "list"], ["routes"]):
        assert server.run(*command, env={"NOTIFY_SOCKET": manager.name}).returncode == 0
    assert manager.all_told() == []


@pytest.mark.parametrize("name", ["/nonexistent/notify", "relative", "@nobody-is-here", "/" + "x" * 200, "vsock:2:1"])
def test_manager_that_can_not_be_told_is_no_reason_to_end(make_server, name):
    server = make_server(env={"NOTIFY_SOCKET": name})
    server.wait_log("warning can't notify the service manager at NOTIFY_SOCKET: ")
    assert server.anonymous().get("/livez").status == 200


def test_no_manager(make_server):
    for env in ({}, {"NOTIFY_SOCKET": ""}):
        server = make_server(env=env)
        server.stop()
        assert not [line for line in server.log if "NOTIFY_SOCKET" in line]


# ---- the unit


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    """The unit as it is installed, with the program of this build in it."""
    root = tmp_path_factory.mktemp("installed")
    command = ["meson", "install", "-C", harness.BUILD, "--no-rebuild", "--quiet", "--destdir", root]
    subprocess.run(command, check=True, capture_output=True, env=harness.environment(), timeout=60)
    (found,) = root.rglob(UNIT)
    assert found.parent.match("lib/systemd/system")
    (program,) = root.rglob("bin/directmessages")
    named = re.search(r"^ExecStart=(\S+) serve", found.read_text(), re.M).group(1)
    assert named == "/" + str(program.relative_to(root))
    path = tmp_path_factory.mktemp("unit") / UNIT
    path.write_text(found.read_text().replace(named, str(PROGRAM)))
    shutil.copy(found.parent / SOCKET, path.parent)
    return path


@pytest.fixture
def analyze():
    """Runs systemd-analyze, which needs no systemd that runs."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("there is no systemd-analyze here (Debian: systemd)")

    def run(*arguments):
        done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        return done

    return run


def test_units_have_no_mistake(unit, analyze):
    done = analyze("verify", "--man=no", "--recursive-errors=no", unit, unit.parent / SOCKET)
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if UNIT in line or SOCKET in line] == [], "of other packages' units it may say what it likes"


def test_mistakes_of_the_unit_would_be_seen(unit, analyze, tmp_path):
    wrong = tmp_path / UNIT
    wrong.write_text(unit.read_text().replace("[Service]", "[Service]\nNoSuchThing=1"))
    with pytest.raises(AssertionError) as refused:
        analyze("verify", "--man=no", "--recursive-errors=no", wrong)
    assert re.search(f"{UNIT}.*NoSuchThing", str(refused.value))


def test_unit_runs_what_each_system_has(unit):
    """/bin/kill, say, is in a package that a small one lacks."""
    run = re.findall(r"^Exec\w+=(\S+)", unit.read_text(), re.M)
    assert len(run) == 2 and all(pathlib.Path(one).name == "directmessages" or one == "/bin/sh" for one in run), run


def test_unit_leaves_little_exposed(unit, analyze, record_property):
    done = analyze("security", "--offline=true", "--no-pager", unit)
    score = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout).group(1))
    record_property("exposure", score)
    assert score <= 1.5, done.stdout
    documented = re.search(r"exposure\s+level of ([0-9.]+)", (ROOT / "docs" / "operations.md").read_text()).group(1)
    assert score <= float(documented)


def calls_of(unit, analyze):
    """The names of the system calls that the unit's filter leaves."""

    def members(name):
        if not name.startswith("@"):
            return {name}
        lines = [line.strip() for line in analyze("syscall-filter", name).stdout.splitlines()[1:]]
        return set().union(*(members(line) for line in lines if line and not line.startswith("#")))

    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit.read_text(), re.M):
        named = set().union(*(members(name) for name in line.removeprefix("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


class Filtered(Server):
    """A server whose program may make only these system calls."""

    calls = {}

    def words(self):
        """What stands before the program."""
        return [sys.executable, ROOT / "tests" / "filtered.py", ",".join(self.calls.values())]

    def command(self):
        return [*self.words(), *super().command()]


@pytest.fixture
def filtered(unit, analyze, backend):
    if platform.machine() != "x86_64":
        pytest.skip("the numbers of system calls are known for x86_64 alone")
    if "san" in harness.BUILD.name:
        pytest.skip("sanitizers make system calls of their own")
    header = subprocess.run(
        ["cc", "-E", "-dM", "-include", "asm/unistd_64.h", "-x", "c", "/dev/null"], capture_output=True, text=True
    )
    numbers = dict(re.findall(r"^#define __NR_(\w+) (\d+)$", header.stdout, re.M))
    server = Filtered(flags=["--admin-listen", "127.0.0.1:0"], backend=backend, env=LOCAL)
    server.calls = {name: numbers[name] for name in calls_of(unit, analyze) if name in numbers}
    server.let_others_run_it()
    server.directory.chmod(0o777)
    yield server
    server.close()


def test_program_makes_no_system_call_that_the_unit_forbids(filtered, backend, receiver):
    manager = Manager(f"@directmessages-{secrets.token_hex(8)}")
    filtered.env["NOTIFY_SOCKET"] = manager.name
    filtered.start()
    one, two = filtered.users(2)
    if backend == "sqlite":  # the event log is of that alone so far
        create(filtered, receiver.url.replace("127.0.0.1", "localhost"))
    for number in range(60):
        one.send(two, str(number))
    if backend == "sqlite":
        receiver.wait(60)
        with Stream(two) as stream:
            one.send(two, "live")
            assert stream.next().data["content"] == "live"
    two.conversation(one)
    two.partners()
    assert two.post(f"conversations/{one.id}/", {"content": "x"}).status == 201
    assert one.delete("messages/1/").status == 204
    assert Admin(filtered).anonymous().get("/readyz").status == 200
    assert scrape(Admin(filtered))["process_max_fds"] > 0
    raw = [filtered.raw() for _ in range(50)]
    for each in raw:
        each.close()
    filtered.stop()
    assert ["READY=1", f"STATUS=serving on {filtered.netloc}"] in manager.all_told()


def test_the_filter_of_that_test_bites(filtered):
    del filtered.calls["listen"]
    with pytest.raises(AssertionError, match="ended before"):
        filtered.start()


def test_settings_of_the_unit_are_such(unit):
    """The program reads the environment that the unit gives it."""
    text = unit.read_text()
    assert "DATABASE_URL=sqlite:////var/lib/directmessages/directmessages.db" in text
    assert "StateDirectory=directmessages" in text and "WorkingDirectory=/var/lib/directmessages" in text
    arguments = re.search(r"^ExecStart=\S+ (.+)$", text, re.M).group(1).split()
    told = run_program(*arguments[:1], "--help").stdout
    assert all(flag in told for flag in arguments[1:])
