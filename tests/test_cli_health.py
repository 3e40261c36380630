# SPDX-License-Identifier: MIT
"""`health`: what a server says of itself, for health checks that run a program."""

import socket
import threading

import pytest

from commands import check_error
from harness import run_program, wait_until

pytestmark = pytest.mark.sqlite


def test_a_server_that_serves(make_server):
    server = make_server()
    for flags in ([], ["--live"]):
        done = run_program("health", "--listen", server.netloc, *flags)
        assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


def test_settings_say_where_it_is(make_server, tmp_path):
    server = make_server(listen=f"unix:{tmp_path}/s", flags=["--admin-listen", f"unix:{tmp_path}/admin"])
    assert run_program("health", env={"DIRECTMESSAGES_LISTEN": f"unix:{tmp_path}/s", "DIRECTMESSAGES_ADMIN_LISTEN": f"unix:{tmp_path}/admin"}).stdout == "ok\n"
    done = run_program("health", "--listen", f"unix:{tmp_path}/s")
    check_error(done, 1)
    assert "responds with status 404" in done.stderr, "it is served at the other address alone"
    assert server.anonymous().get("/livez").status == 404


def test_all_addresses_are_asked_on_this_machine(make_server):
    server = make_server(listen=":0")
    assert run_program("health", "--listen", f":{server.port}", env={"http_proxy": "http://127.0.0.1:1"}).stdout == "ok\n"


def test_one_that_is_not_ready(make_server):
    server = make_server()
    server.sql("DROP INDEX directmessages_unread")
    wait_until(lambda: server.anonymous().get("/readyz").status == 503, "it notices")
    done = run_program("health", "--listen", server.netloc)
    check_error(done, 1)
    assert "status 503: the database's schema is not up to date" in done.stderr
    assert run_program("health", "--listen", server.netloc, "--live").returncode == 0


def test_nobody_is_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run_program("health", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    check_error(done, 1)
    assert "no server responds at 127.0.0.1:" in done.stderr


def test_one_that_says_nothing_is_given_up():
    """The program that runs the check may wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run_program("health", "--listen", f"127.0.0.1:{silent.getsockname()[1]}")
    check_error(done, 1)
    assert "no server responds at 127.0.0.1:" in done.stderr


def test_another_program_that_says_much():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def respond():
            with other.accept()[0] as client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\n" + 1000 * b"x")

        thread = threading.Thread(target=respond)
        thread.start()
        done = run_program("health", "--listen", f"127.0.0.1:{other.getsockname()[1]}")
        thread.join()
    check_error(done, 1)
    assert f"responds with status 503: {199 * 'x'}; its log" in done.stderr


def test_an_address_that_is_none():
    check_error(run_program("health", "--listen", "x"), 2)
