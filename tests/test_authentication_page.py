# SPDX-License-Identifier: MIT
"""docs/authentication.md, carried out: each configuration, and a request of a user who comes in by it."""

import os
import re
import subprocess
import time

import pytest

import harness
import nginx
import reference_project
import simplejwt
from issuer import Issuer
from jwts import bearer, encode
from page import Page
from ports import free_ports

WHY_NOT = reference_project.why_not()
needs_python = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture
def ports():
    """Of Django and of the OAuth proxy."""
    return free_ports(2)


@pytest.fixture
def page(tmp_path, ports):
    places = {
        "/etc/directmessages": str(tmp_path),
        "/run/directmessages": str(tmp_path),
        "127.0.0.1:8000": f"127.0.0.1:{ports[0]}",
        "127.0.0.1:4180": f"127.0.0.1:{ports[1]}",
    }
    return dict(Page(harness.ROOT / "docs" / "authentication.md", places).blocks)


def run(text, **env):
    """Types the block into a shell; what it printed, and the settings that it has exported."""
    path = f"{harness.BUILD}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", f"{text}\nprintf '\\0' >&2; env -0 >&2"], env=harness.environment(PATH=path, **env), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    names = re.findall(r"^export (DIRECTMESSAGES_\w+)=", text, re.MULTILINE)
    exported = dict(line.split("=", 1) for line in done.stderr.split("\0") if line.partition("=")[0] in names)
    return done.stdout, exported


def test_tokens(make_server, page):
    server = make_server()
    printed, _ = run(page["sh tokens"], DATABASE_URL=server.url)
    answer = server.anonymous().get("unread/", {"Authorization": f"Token {printed.split()[-1]}"})
    assert answer.status == 200


@needs_python
def test_simplejwt(make_server, page):
    _, settings = run(page["sh simplejwt"])
    server = make_server(env=settings)
    user = server.user()
    _, tokens = simplejwt.ask(settings["DIRECTMESSAGES_JWT_SECRET"], [(user.id, True)])
    assert server.anonymous().get("unread/", bearer(tokens["access"])).json()["id"] == user.id
    assert server.anonymous().get("unread/", bearer(tokens["refresh"])).json()["code"] == "token_not_valid"


@needs_python
def test_jwts_that_your_server_signs(make_server, page):
    _, settings = run(page["sh rs256"])
    server = make_server(env=settings)
    john = server.user("john")
    command = [reference_project.python(), "-c", page["python"]]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert server.anonymous().get("unread/", bearer(token)).json()["id"] == john.id


@needs_python
def test_a_jwt_in_a_cookie(make_server, page):
    _, settings = run(page["sh cookie"])
    server = make_server(env=settings)
    user = server.user()
    _, tokens = simplejwt.ask(settings["DIRECTMESSAGES_JWT_SECRET"], [(user.id, True)])
    cookie = {"Cookie": f"theme=dark; access={tokens['access']}"}
    assert server.anonymous().get("unread/", cookie).json()["id"] == user.id
    assert server.anonymous().request("POST", "events/ticket/", b"", cookie).status == 403
    own = {**cookie, "Sec-Fetch-Site": "same-origin"}
    assert server.anonymous().request("POST", "events/ticket/", b"", own).status == 201


def test_jwts_of_an_identity_provider(make_server, page, keys):
    """The provider is at another place; all else is as the page says."""
    _, settings = run(page["sh jwks"])
    provider = Issuer(keys.rsa.jwk(kid="1"))
    assert settings["DIRECTMESSAGES_JWT_JWKS_URL"].startswith(settings["DIRECTMESSAGES_JWT_ISSUER"])
    server = make_server(env=settings | {"DIRECTMESSAGES_JWT_JWKS_URL": provider.url})
    claims = {"iss": settings["DIRECTMESSAGES_JWT_ISSUER"], "aud": ["account", "directmessages"], "exp": int(time.time()) + 300,
              "sub": "5f1c0f7e-0000-4000-8000-000000000000", "preferred_username": "jane", "typ": "Bearer"}
    answer = server.anonymous().get("unread/", bearer(encode(keys.rsa, claims, kid="1")))
    assert answer.status == 200
    assert server.sql("SELECT id FROM auth_user WHERE username = 'jane'") == [(answer.json()["id"],)]
    provider.close()
