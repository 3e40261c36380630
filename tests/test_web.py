# SPDX-License-Identifier: MIT
"""GET /app/ and its files over sockets. What the client does in a browser is in test_web_browser.py."""

import gzip
import re

import pytest

from assets import check_asset
import harness
from harness import ROOT
from routes import check_error
from web_client import FILES

pytestmark = pytest.mark.sqlite

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
MAX_BYTES, MAX_COMPRESSED = 60_000, 18_000  # of all files together, but for the stream's, which is other pages' too
MAX_STREAM_LINES = 150
WEB = {"DIRECTMESSAGES_WEB": 1}

on_each_file = pytest.mark.parametrize("file", FILES)


@pytest.fixture(scope="module")
def client():
    import harness

    server = harness.Server(env=WEB).start()
    yield server.anonymous()
    server.close()


@on_each_file
def test_files_are_served_to_everybody(client, file):
    answer = client.get("/app/" + file, {"Authorization": "Token nonsense", "Accept": "image/png"})
    check_asset(answer, FILES[file], POLICY)
    assert answer.headers.get_all("Cross-Origin-Opener-Policy") == ["same-origin"]
    assert b"SPDX-License-Identifier: MIT" in answer.body


@on_each_file
def test_compressed_for_those_who_take_it(client, file):
    plain, compressed = client.get("/app/" + file), client.get("/app/" + file, {"Accept-Encoding": "gzip, br"})
    assert compressed.headers.get_all("Content-Encoding") == ["gzip"]
    assert gzip.decompress(compressed.body) == plain.body
    for one, encoding in ((plain, "identity"), (compressed, "gzip")):
        again = client.get("/app/" + file, {"Accept-Encoding": encoding, "If-None-Match": one.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
    assert plain.headers["ETag"] != compressed.headers["ETag"]


def test_it_is_small(client):
    ours = [file for file in FILES if file != "directmessages-events.js"]
    assert sum(len(client.get("/app/" + file).body) for file in ours) <= MAX_BYTES
    assert sum(len(client.get("/app/" + file, {"Accept-Encoding": "gzip"}).body) for file in ours) <= MAX_COMPRESSED
    stream = (ROOT / "clients" / "directmessages-events.js").read_text()
    assert len(stream.splitlines()) <= MAX_STREAM_LINES and "import" not in re.sub(r"//.*", "", stream)


def test_comments_and_indentation_are_all_that_is_left_out(client):
    """Word for word, what is served is what the sources say."""
    parts = ["text", "api", "menu", "outbox", "reading", "inbox", "conversation", "app"]
    for file, sources in {
        "": ["server/web/index.html"],
        "app.css": ["server/web/app.css"],
        "app.js": [f"server/web/parts/{name}.js" for name in parts],
        "directmessages-events.js": ["clients/directmessages-events.js"],
    }.items():
        text = "".join((ROOT / source).read_text() for source in sources)
        kept = re.sub(r"^\s*(//.*|/\*.*?\*/|/\*\*[\s\S]*?\*/|<!--.*?-->)$", "", text, flags=re.M)
        served = re.sub(r"^(//|/\*|<!--).*SPDX.*$", "", client.get("/app/" + file).body.decode(), flags=re.M)
        kept, served = (re.sub(r" // .*$", "", one, flags=re.M) for one in (kept, served))  # some of those behind code stay
        assert served.split() == kept.split()


def test_nothing_is_inline(client):
    page = client.get("/app/").body.decode()
    scripts = re.findall(r"<script[^>]*>([^<]*)</script>", page)
    assert scripts == [""] and "<style" not in page and not re.search(r"\s(style|on\w+)\s*=", page)
    assert not re.search(r"https?://", page.replace("http://www.w3.org/2000/svg", "")), "it asks nobody else"


def test_the_root_leads_to_it(client):
    answer = client.get("/")
    assert (answer.status, answer.headers["Location"], answer.body) == (302, "app/", b"")
    answer = client.get("/app")
    assert (answer.status, answer.headers["Location"]) == (301, "/app/")


@pytest.mark.parametrize("path", ["/", "/app/", "/app/app.js", "/app/settings.json"])
def test_it_is_only_read(client, path):
    get, head = client.get(path), client.head(path)
    assert (head.status, head.body, head.headers.get("Content-Type")) == (get.status, b"", get.headers.get("Content-Type"))
    check_error(client.request("POST", path, b"{}"), 405, 'Method "POST" not allowed.')


@pytest.mark.parametrize("path", ["/app/x.js", "/app/app.js/", "/app/parts/app.js", "/app/../app/app.js", "//app/", "/index.html"])
def test_there_are_no_other_files(client, path):
    check_error(client.get(path), 404, "Not found.")


@pytest.mark.parametrize("prefix, api", [("api/dm", "../api/dm/"), ("", "../"), ("app", "../app/"), ("a/b.c", "../a/b.c/")])
def test_it_learns_where_the_api_is(make_server, prefix, api):
    server = make_server(prefix=prefix, env=WEB)
    answer = server.anonymous().get("/app/settings.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"api": api, "session": False}
    assert server.anonymous().get("/app/").status == 200
    assert server.user().get("unread/").status == 200


def test_it_learns_that_a_cookie_may_sign_in(make_server, keys):
    env = {**WEB, "DIRECTMESSAGES_JWT_SECRET": "x" * 32, "DIRECTMESSAGES_JWT_COOKIE": "access"}
    assert make_server(env=env).anonymous().get("/app/settings.json").json()["session"] is True


@pytest.mark.parametrize("env", [{}, {"DIRECTMESSAGES_WEB": 0}], ids=str)
def test_it_is_off_unless_it_is_wanted(make_server, env):
    client = make_server(env=env).anonymous()
    for path in ["/", "/app", "/app/", "/app/settings.json", *("/app/" + file for file in FILES)]:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status == 404 and "Allow" not in answer.headers and "Location" not in answer.headers
            assert method == "HEAD" or answer.body == b'{"detail":"Not found."}'


def test_it_is_not_at_the_address_of_the_administration(make_server):
    server = make_server(administered=True, env=WEB)
    assert server.anonymous().get("/app/").status == 200
    assert server.admin("GET", "/app/").status == 404
