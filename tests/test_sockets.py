# SPDX-License-Identifier: MIT
"""Sockets that a service manager opens, passes and keeps (LISTEN_FDS): no client is refused while the server restarts."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

import harness
from harness import PROGRAM, Server, wait_until
from metrics import Admin

# What systemd does between fork and exec: the sockets from 3 on, and whose they are.
ACTIVATE = """
import fcntl, os, sys
given, names, command = [int(one) for one in sys.argv[1].split(",")], sys.argv[2], sys.argv[3:]
for number, one in enumerate([fcntl.fcntl(one, fcntl.F_DUPFD, 100) for one in given]):
    os.dup2(one, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""

QUIET_SECONDS = 0.25  # a server that stops hangs up on a client that says nothing for so long (server/http/reaper.c)


def activate(sockets, names, command):
    return [sys.executable, "-c", ACTIVATE, ",".join(str(one.fileno()) for one in sockets), names, *map(str, command)]


class Activated(Server):
    """A server that is started with sockets, which live on when it ends."""

    def __init__(self, sockets, names="", **options):
        super().__init__(**options)
        self.sockets, self.names = sockets, names
        self.descriptors = [one.fileno() for one in sockets]

    def command(self):
        return activate(self.sockets, self.names, super().command())


@contextlib.contextmanager
def serving(*arguments, **options):
    server = Activated(*arguments, **options)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def tcp():
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        yield listening


@pytest.mark.concurrent
def test_a_restart_refuses_no_connection(tcp, backend):
    with serving([tcp], backend=backend) as server:
        one, two = server.users(2)
        assert server.port == tcp.getsockname()[1]
        sent, problems, done = [0] * 4, [], threading.Event()

        def keep_sending(number):
            head = f"POST /api/dm/send/{two.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\nContent-Length: 9\r\n"
            request = f"{head}Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\ncontent=x".encode()
            while not done.is_set() and not problems:
                try:
                    began = time.monotonic()
                    with server.raw(request) as connection:
                        was_quiet = time.monotonic() - began >= QUIET_SECONDS
                        response = connection.response()
                    if response is None and was_quiet:
                        continue  # this machine was too busy to send in time, and the server could not know that it would
                    status = response.status if response else "hung up"
                    if status != 201:
                        problems.append(status)
                    sent[number] += status == 201
                except (OSError, AssertionError) as problem:
                    problems.append(problem)

        threads = [threading.Thread(target=keep_sending, args=(number,)) for number in range(len(sent))]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                before = list(sent)
                wait_until(lambda: problems or all(now > then + 3 for now, then in zip(sent, before)), "all of them send")
                server.stop()
                server.start()
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert problems == []
        assert server.sql("SELECT count(*) FROM directmessages_message")[0][0] == sum(sent)


@pytest.mark.sqlite
def test_one_who_comes_while_no_server_runs_waits(tcp):
    with serving([tcp]) as server:
        server.stop()
        with server.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") as waiting:
            server.start()
            assert waiting.response().status == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("names", ["", "directmessages.socket"])
def test_socket_stands_in_for_listen(tcp, names):
    with serving([tcp], names, listen="127.0.0.1:1") as server:
        assert server.port == tcp.getsockname()[1]
        assert server.user().get("unread/").status == 200
        assert server.anonymous().get("/livez").status == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("names", ["admin:http", "directmessages.socket:admin"])
def test_one_of_two_is_for_health_and_metrics(tcp, names):
    with socket.create_server(("127.0.0.1", 0)) as other, serving([tcp, other], names) as server:
        admin = [tcp, other][names.split(":").index("admin")]
        server.wait_log(f"health and metrics on http://127.0.0.1:{admin.getsockname()[1]}/")
        assert server.port == next(one for one in (tcp, other) if one is not admin).getsockname()[1]
        assert server.anonymous().get("/livez").status == 404
        assert Admin(server).anonymous().get("/livez").status == 200


@pytest.mark.sqlite
def test_unix_socket_stays(tmp_path):
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with serving([listening]) as server:
            assert server.socket_path == str(path)
            assert server.anonymous().get("/livez").status == 200
            server.stop()
            assert path.is_socket()
            assert server.start().anonymous().get("/livez").status == 200


@pytest.mark.sqlite
def test_sockets_of_another_process_are_not_taken(tcp):
    env = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    server = Server(env=env)
    try:
        assert server.start().port != tcp.getsockname()[1]
    finally:
        server.close()


def refused(sockets, names="", **env):
    command = [PROGRAM, "--database", "sqlite:////nonexistent/x.db", "serve"]
    done = subprocess.run(activate(sockets, names, command), env=harness.environment(**env), text=True, capture_output=True,
                          pass_fds=[one.fileno() for one in sockets], timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    return done.stderr


@pytest.mark.sqlite
def test_what_can_not_be_served_is_refused(tcp):
    with socket.socket() as deaf, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for wrong in (deaf, datagrams):
            assert "passes a socket that accepts no connections; " in refused([wrong])
        assert "passes two sockets for one address; " in refused([tcp, tcp])
        assert "passes two sockets for one address; " in refused([tcp, tcp], "admin:admin")
        assert "passes more sockets than there are addresses; " in refused([tcp, tcp, tcp], "a:admin:c")


@pytest.mark.sqlite
def test_who_can_reach_the_socket_counts():
    """Not what --listen says: a header that names the user is trusted on this machine's sockets alone."""
    with socket.create_server(("0.0.0.0", 0)) as everybodys:
        told = refused([everybodys], DIRECTMESSAGES_TRUST_USER_HEADER="X-User-Id")
    assert "other machines may reach 0.0.0.0:" in told
