# SPDX-License-Identifier: MIT
"""--admin-listen: health and metrics at an address of their own, and nothing else there."""

import re
import socket

import pytest

from routes import ROUTES, check_error
from harness import run_program, sqlite_url, wait_until
from metrics import Admin, scrape, wait_for_requests
from commands import check_refused, serve_briefly

PATHS = ["/livez", "/readyz", "/metrics"]


@pytest.fixture
def server(make_server):
    return make_server(flags=["--admin-listen", "127.0.0.1:0"])


def test_health_and_metrics_are_there_alone(server):
    admin = Admin(server)
    assert admin.port != server.port
    for path in PATHS:
        assert admin.anonymous().get(path).status == 200
        assert admin.anonymous().head(path).status == 200
        assert admin.anonymous().post(path, {}).status == 405
        check_error(server.anonymous().get(path), 404, "Not found.")
        check_error(server.anonymous().post(path, {}), 404, "Not found.")


def test_nothing_else_is_there(server):
    admin, user = Admin(server).anonymous(), server.user()
    paths = [server.path(route.path(user=user.id)) for route in ROUTES]
    for path in paths + [path.rstrip("/") for path in paths] + ["/", "/api/schema/", "/api/schema", "/livez/"]:
        check_error(admin.get(path, {"Authorization": f"Token {user.token}"}), 404, "Not found.")
    assert user.get("unread/").status == 200


def test_what_is_asked_there_is_counted_together(server):
    admin = Admin(server)
    admin.anonymous().get("/livez")
    server.anonymous().get("unread/")
    server.anonymous().get("/livez")
    wanted = {("/livez", "200"): 1, ("unread/", "401"): 1, ("none", "404"): 1}
    wait_for_requests(admin, wanted)


def test_it_answers_where_the_other_has_no_connection_left(make_server):
    server = make_server(flags=["--admin-listen", "127.0.0.1:0"], env={"DIRECTMESSAGES_MAX_CONNECTIONS": 1})
    with server.raw(b"GET /api/dm/unread/ HTTP/1.1\r\nHost: x\r\n\r\n") as only:
        assert only.response().status == 401  # and the connection is kept
        assert Admin(server).anonymous().get("/readyz").body == b"ok\n"
        wait_until(lambda: scrape(Admin(server))["directmessages_http_connections"] == 2, "that one, and this")


def test_unix_socket(make_server, tmp_path):
    path = tmp_path / "admin.sock"
    server = make_server(env={"DIRECTMESSAGES_ADMIN_LISTEN": f"unix:{path}"})
    assert Admin(server).anonymous().get("/readyz").body == b"ok\n"
    server.stop()
    assert not path.exists()


def test_flag_wins_over_environment_and_empty_is_unset(make_server):
    server = make_server(env={"DIRECTMESSAGES_ADMIN_LISTEN": "nonsense"}, flags=["--admin-listen", "127.0.0.2:0"])
    assert Admin(server).host == "127.0.0.2"
    without = make_server(env={"DIRECTMESSAGES_ADMIN_LISTEN": ""})
    assert without.anonymous().get("/livez").status == 200
    assert not [line for line in without.log if "health and metrics" in line]


@pytest.mark.parametrize("address", ["x", "127.0.0.1", "127.0.0.1:99999", "unix:"])
def test_garbage_is_status_2(tmp_path, address):
    url = sqlite_url(tmp_path / "a.db")
    by_flag = run_program("serve", "--migrate", "--admin-listen", address, database=url)
    by_name = run_program("serve", "--migrate", database=url, env={"DIRECTMESSAGES_ADMIN_LISTEN": address})
    for done, name in ((by_flag, "--admin-listen"), (by_name, "DIRECTMESSAGES_ADMIN_LISTEN")):
        assert done.returncode == 2 and re.fullmatch(rf"directmessages: {name} is [^\n]+\n", done.stderr), done
    assert list(tmp_path.iterdir()) == []


def test_address_in_use_is_status_1(make_server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        url = sqlite_url(tmp_path / "a.db")
        done = serve_briefly("--migrate", "--listen", "127.0.0.1:0", "--admin-listen", address, database=url)
        check_refused(done, 1)
        assert "--admin-listen" in done.stderr and "listening on" not in done.stderr
        done = serve_briefly("--listen", address, "--admin-listen", "127.0.0.1:0", database=url)
        check_refused(done, 1)
        assert "with --listen" in done.stderr


def test_one_address_can_not_be_both(tmp_path):
    path = f"unix:{tmp_path}/s"
    done = serve_briefly("--migrate", "--listen", path, "--admin-listen", path, database=sqlite_url(tmp_path / "a.db"))
    check_refused(done, 1)
