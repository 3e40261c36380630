# SPDX-License-Identifier: MIT
"""Where `serve` listens: addresses, ports and Unix sockets, and those that it refuses."""

import pathlib
import re
import socket
import stat

import pytest

from commands import check_refused, serve_briefly
from harness import sqlite_url

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.0.0.2:0", "localhost:0"])
def test_ipv4(make_server, listen):
    server = make_server(listen=listen)
    assert server.user().unread() == 0


def test_ipv6(make_server):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"there is no IPv6 here: {error}")
    server = make_server(listen="[::1]:0")
    assert re.search(r"listening on http://\[::1\]:\d+/api/dm/$", server.wait_log("listening on"))
    one, two = server.users(2)
    one.send(two)
    assert server.host == "::1" and two.conversation(one)["results"]


def test_unix_socket(make_server, tmp_path):
    path = tmp_path / "dm.sock"
    server = make_server(listen=f"unix:{path}")
    assert server.wait_log("listening on").endswith(f"listening on unix:{path}")
    one, two = server.users(2)
    one.send(two)
    assert stat.S_ISSOCK(path.stat().st_mode)
    server.stop()
    assert not path.exists()


def test_links_over_a_unix_socket_name_the_host_that_was_asked_for(make_server, tmp_path):
    server = make_server(listen=f"unix:{tmp_path}/dm.sock")
    one, two = server.users(2)
    for number in range(51):
        one.send(two, str(number))
    answer = one.request("GET", f"conversations/{two.id}/", headers={"Host": "dm.example.com"})
    assert answer.json()["next"].startswith(f"http://dm.example.com/api/dm/conversations/{two.id}/?cursor=")


def test_relative_unix_socket(make_server):
    server = make_server(listen="unix:here.sock", start=False)
    server.start()
    assert (server.directory / "here.sock").exists()
    server.stop()
    assert not (server.directory / "here.sock").exists()


def test_socket_file_of_a_killed_server_is_replaced(make_server, tmp_path):
    path = tmp_path / "dm.sock"
    server = make_server(listen=f"unix:{path}")
    server.kill()
    assert path.exists()
    server.start()
    assert server.anonymous().get("unread/").status == 401


def test_socket_file_that_is_served_is_left_alone(make_server, tmp_path):
    server = make_server(listen=f"unix:{tmp_path}/dm.sock")
    check_refused(serve_briefly("--listen", server.listen, database=server.url), 1)
    assert server.anonymous().get("unread/").status == 401


def test_file_that_is_no_socket_is_left_alone(tmp_path):
    """A slip of the finger must not cost a file, such as the database itself."""
    path = tmp_path / "precious.txt"
    path.write_text("precious")
    url = sqlite_url(tmp_path / "a.db")
    done = serve_briefly("--migrate", "--listen", f"unix:{path}", database=url)
    assert path.is_file() and path.read_text() == "precious"
    check_refused(done, 1)


@pytest.mark.parametrize(
    "make", [pathlib.Path.mkdir, lambda path: path.symlink_to("/nonexistent/dangling")], ids=["folder", "dangling"]
)
def test_path_that_can_not_be_a_socket_is_told(tmp_path, make):
    path = tmp_path / "there"
    make(path)
    done = serve_briefly("--migrate", "--listen", f"unix:{path}", database=sqlite_url(tmp_path / "a.db"))
    check_refused(done, 1)


def test_port_in_use_is_status_1(make_server):
    server = make_server()
    done = serve_briefly("--listen", f"127.0.0.1:{server.port}", database=server.url)
    check_refused(done, 1)
    assert str(server.port) in done.stderr
    assert server.anonymous().get("unread/").status == 401


def test_address_of_another_machine_is_status_1(tmp_path):
    """192.0.2.0/24 is reserved for documentation."""
    done = serve_briefly("--migrate", "--listen", "192.0.2.1:0", database=sqlite_url(tmp_path / "a.db"))
    check_refused(done, 1)
