# SPDX-License-Identifier: MIT
"""GET /api/docs/ and its files over sockets, and a build that has no docs page. The browser is in test_docs_browser.py."""

import gzip
import subprocess

import pytest

from assets import check_asset
import harness
from docs_page import FILES, PAGE, needs_page
from routes import check_error
from harness import ROOT

pytestmark = pytest.mark.sqlite

OURS = ["", "page.css", "page.js"]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

on_each_file = pytest.mark.parametrize("file", FILES)


def get(server, file="", **headers):
    return server.anonymous().get("/api/docs/" + file, {name.replace("_", "-"): text for name, text in headers.items()})


@needs_page
@on_each_file
def test_files_are_served_to_everybody(server, file):
    answer = get(server, file)
    check_asset(answer, FILES[file], POLICY)
    if file in OURS:
        assert answer.body == (PAGE / (file or "index.html")).read_bytes()
    assert get(server, file, Authorization="Token nonsense", Accept="image/png").status == 200


@needs_page
@on_each_file
def test_compressed_for_those_who_take_it(server, file):
    plain, compressed = get(server, file), get(server, file, Accept_Encoding="gzip, deflate, br")
    assert compressed.headers.get_all("Content-Encoding") == ["gzip"]
    assert gzip.decompress(compressed.body) == plain.body
    assert compressed.headers["ETag"] != plain.headers["ETag"]
    assert compressed.headers["Content-Type"] == plain.headers["Content-Type"]


@needs_page
@pytest.mark.parametrize(
    "accepted, compressed",
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.1", True),
        ("*", True),
        ("*;q=0.5", True),
        ("identity;q=0, gzip ; q = 0.001", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("*, gzip;q=0", False),
        ("xgzip", False),
    ],
)
def test_accept_encoding(server, accepted, compressed):
    answer = get(server, "page.js", Accept_Encoding=accepted)
    assert ("Content-Encoding" in answer.headers) == compressed


@needs_page
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@on_each_file
def test_what_is_known_is_not_sent_again(server, file, encoding):
    etag = get(server, file, Accept_Encoding=encoding).headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = get(server, file, Accept_Encoding=encoding, If_None_Match=known)
        assert (answer.status, answer.body) == (304, b""), known
        assert answer.headers["ETag"] == etag
    for other in ('"other"', etag.strip('"'), etag[:-1], ""):
        assert get(server, file, Accept_Encoding=encoding, If_None_Match=other).status == 200, other


@needs_page
def test_page_without_its_slash(server):
    answer = server.anonymous().get("/api/docs")
    assert (answer.status, answer.headers["Location"]) == (301, "/api/docs/")


@needs_page
def test_head(server):
    get_it, head = get(server), server.anonymous().head("/api/docs/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get_it.body))


@pytest.mark.parametrize("file", ["nothing.js", "page.js/", "../schema/", "swagger-ui-bundle.js.map", "%2e%2e/x"])
def test_there_are_no_other_files(server, file):
    check_error(get(server, file), 404, "Not found.")


@on_each_file
def test_it_can_be_turned_off(make_server, file):
    check_error(get(make_server(env={"DIRECTMESSAGES_DOCS": 0}), file), 404, "Not found.")


def test_build_without_the_registry_says_so_and_works(tmp_path, monkeypatch, make_server):
    """A real npm that reaches no registry (it is sent to a port that nobody listens on), or no npm. Only the library that has
    the page's files is built without them; the rest of the program is this build's."""
    env = harness.environment(npm_config_registry="http://127.0.0.1:9/", npm_config_cache=tmp_path / "cache")
    build = tmp_path / "build"

    def meson(*more):
        command = ["meson", "setup", build, "--buildtype=plain", "-Dtests=disabled", *more]
        return subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=True).stdout

    assert "WARNING: no docs page: npm " in meson()
    npm_log = build / "swagger-ui" / "npm.log"
    tried = npm_log.stat().st_mtime_ns if npm_log.exists() else None
    assert "WARNING: no docs page: npm " in meson("--reconfigure")
    assert tried is None or npm_log.stat().st_mtime_ns == tried, "it does not try again by itself"
    library = "server/openapi/libopenapi.a"
    subprocess.run(["ninja", "-C", build, "--quiet", library], env=env, check=True)
    commands = ["ninja", "-C", harness.BUILD, "-t", "commands", harness.PROGRAM.name]
    link = subprocess.run(commands, text=True, capture_output=True, check=True).stdout.splitlines()[-1]
    assert f" {library} " in link and f" -o {harness.PROGRAM.name} " in link, link
    link = link.replace(f" {library} ", f" {build / library} ").replace(f" -o {harness.PROGRAM.name} ", f" -o {build / 'directmessages'} ")
    subprocess.run(link, shell=True, cwd=harness.BUILD, check=True)
    monkeypatch.setattr(harness, "PROGRAM", build / "directmessages")
    server = make_server()
    for file in FILES:
        answer = get(server, file)
        assert answer.status == 404
        assert answer.json()["detail"].startswith("This build has no docs page: ")
    assert server.anonymous().get("/api/schema/").status == 200
