# SPDX-License-Identifier: MIT
"""Administration over HTTP: where it is, who may, and what all its paths have in common."""

import re

import pytest

from commands import serve_briefly
from harness import ADMIN_KEY, sqlite_url
from metrics import Admin
from routes import check_error

CHALLENGE = 'Bearer realm="admin"'
MISSING, WRONG = "Authentication credentials were not provided.", "Invalid admin key."
PATHS = ["users/", "users/1/", "schema/"]


def test_it_is_at_the_admin_address_alone(admin_server):
    user = admin_server.user()
    for path in PATHS:
        for headers in ({}, {"Authorization": f"Bearer {ADMIN_KEY}"}, {"Authorization": f"Token {user.token}"}):
            check_error(admin_server.anonymous().get(f"/admin/{path}", headers), 404, "Not found.")
            check_error(admin_server.anonymous().get(f"/admin/{path.rstrip('/')}", headers), 404, "Not found.")
    assert admin_server.admin("GET", "users/").status == 200


def test_without_a_key_it_is_nowhere(make_server):
    for server in (make_server(flags=["--admin-listen", "127.0.0.1:0"]), make_server()):
        place = Admin(server).anonymous() if "--admin-listen" in server.flags else server.anonymous()
        for path in PATHS:
            for key in (ADMIN_KEY, ""):
                answer = place.get(f"/admin/{path}", {"Authorization": f"Bearer {key}"})
                check_error(answer, 404, "Not found.")
                assert "WWW-Authenticate" not in answer.headers
        assert place.get("/livez").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_who_may(admin_server, path):
    user = admin_server.user()
    refused = {
        None: MISSING,
        "": MISSING,
        f"Token {user.token}": MISSING,
        f"Basic {ADMIN_KEY}": MISSING,
        ADMIN_KEY: MISSING,
        "Bearer": WRONG,
        f"Bearer {user.token}": WRONG,
        f"Bearer {ADMIN_KEY[:-1]}": WRONG,
        f"Bearer {ADMIN_KEY[:-1]}x": WRONG,
        f"Bearer x{ADMIN_KEY[1:]}": WRONG,
        f"Bearer {ADMIN_KEY}x": WRONG,
        f"Bearer {ADMIN_KEY.upper()}": WRONG,
        f"Bearer {ADMIN_KEY} {ADMIN_KEY}": WRONG,
        f"Bearer {'x' * 4000}": WRONG,
    }
    for value, detail in refused.items():
        headers = {} if value is None else {"Authorization": value}
        for method in ("GET", "OPTIONS", "PUT", "HEAD"):
            answer = admin_server.admin(method, path, headers=headers, key=None)
            assert answer.status == 401 and answer.headers["WWW-Authenticate"] == CHALLENGE
            if method != "HEAD":
                check_error(answer, 401, detail)
    for value in (f"Bearer {ADMIN_KEY}", f"bearer   {ADMIN_KEY}", f"BEARER {ADMIN_KEY} "):
        answer = admin_server.admin("OPTIONS", path, headers={"Authorization": value}, key=None)
        assert answer.status == 200


def test_order_of_checks(admin_server):
    """Path, Accept, key, method, as in the API."""
    check_error(admin_server.admin("GET", "nothing/", key=None), 404, "Not found.")
    answer = admin_server.admin("GET", "users/", headers={"Accept": "text/html"}, key=None)
    check_error(answer, 406, "Could not satisfy the request Accept header.")
    check_error(admin_server.admin("GET", "users/?format=xml", key=None), 404, "Not found.")
    check_error(admin_server.admin("TRACE", "users/", key=None), 401, MISSING)
    check_error(admin_server.admin("TRACE", "users/"), 405, 'Method "TRACE" not allowed.')
    answer = admin_server.admin("GET", "users?x=1", key=None)
    assert (answer.status, answer.headers["Location"]) == (301, "/admin/users/?x=1")


def test_headers_and_options(admin_server):
    user = admin_server.user()
    names = {"users/": "Admin User List", f"users/{user.id}/": "Admin User", "schema/": "Administration Api"}
    for path, name in names.items():
        answer = admin_server.admin("OPTIONS", path)
        assert answer.json() == {
            "name": name,
            "description": "",
            "renders": ["application/json"],
            "parses": ["application/json"],
        }
        allow = answer.headers["Allow"]
        get, head = admin_server.admin("GET", path), admin_server.admin("HEAD", path)
        for answer in (get, head):
            assert answer.status == 200 and answer.headers["Allow"] == allow
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert head.body == b"" and head.headers["Content-Length"] == str(len(get.body))
        assert {"GET", "HEAD", "OPTIONS"} <= set(allow.split(", "))


def test_what_watches_needs_no_key(admin_server):
    for path in ("/livez", "/readyz", "/metrics"):
        assert admin_server.admin("GET", path, key=None).status == 200


def test_web_pages_have_no_business_here(make_server):
    """A preflight needs the key like everything else, so that no browser lets a page of another origin ask."""
    server = make_server(administered=True, env={"DIRECTMESSAGES_CORS_ORIGINS": "*"})
    asks = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "GET"}
    for answer in (
        server.admin("OPTIONS", "users/", headers=asks, key=None),
        server.admin("OPTIONS", "users/", headers=asks),
        server.admin("GET", "users/", headers=asks),
    ):
        assert answer.status in (200, 401)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_neither_log_nor_metrics_show_the_key(make_server):
    server = make_server(administered=True)
    server.admin("GET", "users/")
    server.admin("GET", "users/", key=ADMIN_KEY + "x")
    server.wait_log(r" method=GET path=/admin/users/ status=401 ")
    assert not [line for line in server.log if ADMIN_KEY in line]
    text = server.admin("GET", "/metrics").text
    assert 'route="/admin/users/",status="200"' in text and ADMIN_KEY not in text


def test_a_key_that_a_file_holds(make_server, tmp_path):
    file = tmp_path / "key"
    for text in (ADMIN_KEY, f"{ADMIN_KEY}\n", f"  {ADMIN_KEY}\r\n"):
        file.write_text(text)
        file.chmod(0o640)
        server = make_server(flags=["--admin-listen", "127.0.0.1:0"], env={"DIRECTMESSAGES_ADMIN_KEY_FILE": file})
        assert server.admin("GET", "users/").status == 200
        server.stop()


LISTEN = {"DIRECTMESSAGES_ADMIN_LISTEN": "127.0.0.1:0"}
SHORT = "0123456789012345678901234567890"  # 31 characters


@pytest.mark.parametrize(
    "key, why",
    [
        ("", "fewer than 32"),
        (SHORT, "fewer than 32"),
        ("x" * 1025, "more than 1024"),
        (f"{SHORT} 2", "holds a blank"),
        (f"{SHORT}\n2", "holds a blank"),
        (f"{SHORT}ä", "not ASCII"),
    ],
    ids=["empty", "short", "long", "blank", "line", "umlaut"],
)
@pytest.mark.sqlite
def test_bad_keys_are_refused_at_start(tmp_path, key, why):
    file = tmp_path / "key"
    file.write_text(key)
    file.chmod(0o600)
    for name, value in (("DIRECTMESSAGES_ADMIN_KEY", key), ("DIRECTMESSAGES_ADMIN_KEY_FILE", file)):
        done = serve_briefly("--migrate", database=sqlite_url(tmp_path / "a.db"), env={name: value, **LISTEN})
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(rf"directmessages: {name} [^\n]*{why}[^\n]*; [^\n]+\n", done.stderr), done.stderr
        assert not key or key not in done.stderr
    assert sorted(tmp_path.iterdir()) == [file]


def refused(tmp_path, env):
    done = serve_briefly("--migrate", database=sqlite_url(tmp_path / "a.db"), env=env)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert re.fullmatch(r"directmessages: [^\n]+; [^\n]+\n", done.stderr), done.stderr
    assert ADMIN_KEY not in done.stderr and not (tmp_path / "a.db").exists()
    return done.stderr


@pytest.mark.sqlite
def test_bad_files_are_refused_at_start(tmp_path):
    file = tmp_path / "key"
    file.write_text(ADMIN_KEY)
    for mode in (0o604, 0o644, 0o666):
        file.chmod(mode)
        assert "may be read by everybody" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY_FILE": file, **LISTEN})
    assert "is not a file" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY_FILE": tmp_path, **LISTEN})
    assert "can't be opened" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY_FILE": tmp_path / "none", **LISTEN})
    assert "can't be opened" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY_FILE": "", **LISTEN})


@pytest.mark.sqlite
def test_a_key_without_an_address_or_twice_is_refused(tmp_path):
    file = tmp_path / "key"
    file.write_text(ADMIN_KEY)
    file.chmod(0o600)
    assert "DIRECTMESSAGES_ADMIN_LISTEN" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY": ADMIN_KEY})
    assert "DIRECTMESSAGES_ADMIN_LISTEN" in refused(tmp_path, {"DIRECTMESSAGES_ADMIN_KEY_FILE": file})
    both = {"DIRECTMESSAGES_ADMIN_KEY": ADMIN_KEY, "DIRECTMESSAGES_ADMIN_KEY_FILE": file, **LISTEN}
    assert "give one of them" in refused(tmp_path, both)
