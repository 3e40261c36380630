# SPDX-License-Identifier: MIT
"""Keys from a URL: an issuer that rotates them, is down, is slow, or says something else."""

import concurrent.futures
import json
import signal
import ssl
import subprocess

import pytest

import harness
import jwts
from issuer import Issuer
from jwts import INVALID, Secret, bearer, check_accepted, check_refused, claims, encode
from metrics import Metrics
from ports import free_port
from test_jwt_settings import check_no_start, start

UNAVAILABLE = {"detail": "Service temporarily unavailable."}


@pytest.fixture
def make_issuer():
    made = []

    def make(*arguments, **options):
        made.append(Issuer(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def issuer(make_issuer, keys):
    return make_issuer(keys.rsa.jwk(kid="1", use="sig"), keys.ec.jwk(kid="ec"))


def settings(issuer, **more):
    env = {"JWT_JWKS_URL": issuer.url, "JWT_AUDIENCE": "messages", "LOG_LEVEL": "debug", **more}
    return {f"DIRECTMESSAGES_{name}": value for name, value in env.items()}


def serve(make_server, issuer, **more):
    """A server whose first fetch is over: a request that came before its end would take that for the fetch it asks for."""
    server = make_server(env=settings(issuer, **more))
    server.wait_log("JWKS: the next fetch is in")
    return server


def token(user, key, **members):
    return encode(key, claims(user, sub=str(user.id), aud="messages"), **members)


def ask(server, *arguments, **members):
    return server.anonymous().get("unread/", bearer(token(*arguments, **members)))


def fetches(server, result):
    return Metrics(server.anonymous().get("/metrics").text)[f'directmessages_jwks_fetches_total{{result="{result}"}}']


def check_unavailable(answer):
    assert (answer.status, answer.json()) == (503, UNAVAILABLE)
    assert answer.headers["Retry-After"]


# ---- fetching and rotating


def test_keys_of_a_url(make_server, issuer, keys):
    issuer.publish(keys.rsa.jwk(kid="1"), keys.ec.jwk(kid="ec"), Cache_Control="public, max-age=321")
    server = make_server(env=settings(issuer))
    user = server.user()
    for _ in range(2):  # the second time it is remembered
        check_accepted(server, user, token(user, keys.rsa, kid="1"))
        check_accepted(server, user, token(user, keys.ec, kid="ec"))
        check_accepted(server, user, token(user, keys.rsa))
    server.wait_log("JWKS: the next fetch is in 321 s")
    server.wait_log("JWKS: the keys have changed; there are 2 now")
    for key in (Secret(), Secret(keys.rsa.public_pem), Secret(json.dumps(keys.rsa.jwk(kid="1")))):
        check_refused(ask(server, user, key, kid="1"), INVALID)
        check_refused(ask(server, user, key, kid="unknown"), INVALID)
    check_refused(ask(server, user, keys.rsa2, kid="1"), INVALID)
    check_refused(ask(server, user, keys.rsa2), INVALID)
    assert issuer.asked == 1
    assert [fetches(server, result) for result in ("changed", "unchanged", "failed")] == [1, 0, 0]


def test_beside_a_secret(make_server, issuer, keys):
    server = serve(make_server, issuer, JWT_SECRET=jwts.SECRET)
    user = server.user()
    check_accepted(server, user, token(user, keys.secret))
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    issuer.publish(keys.rsa2.jwk(kid="2"))
    check_accepted(server, user, token(user, keys.rsa2, kid="2"))
    check_accepted(server, user, token(user, keys.secret))


def test_the_first_request_after_a_rotation_succeeds(make_server, issuer, keys):
    server = serve(make_server, issuer)
    user = server.user()
    old = token(user, keys.rsa, kid="1")
    check_accepted(server, user, old)
    issuer.publish(keys.rsa2.jwk(kid="2"))
    check_accepted(server, user, token(user, keys.rsa2, kid="2"))
    check_refused(server.anonymous().get("unread/", bearer(old)), INVALID)  # it was remembered
    issuer.publish(keys.ec.jwk(kid="3"))
    check_refused(ask(server, user, keys.ec, kid="3"), INVALID)  # once a minute
    assert issuer.asked == 2
    assert [fetches(server, result) for result in ("changed", "unchanged", "failed")] == [2, 0, 0]


def test_a_reload_keeps_what_was_fetched(make_server, issuer, keys, tmp_path):
    """And replaces the keys of the key file."""
    file = tmp_path / "keys.pem"
    file.write_text(keys.rsa2.public_pem)
    server = serve(make_server, issuer, JWT_KEY_FILE=file)
    user = server.user()
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    check_accepted(server, user, token(user, keys.rsa2))
    file.write_text(keys.other.public_pem)
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("settings reloaded")
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    check_accepted(server, user, token(user, keys.other))
    check_refused(ask(server, user, keys.rsa2), INVALID)
    assert issuer.asked == 1


def test_a_key_that_does_not_exist(make_server, issuer, keys):
    server = serve(make_server, issuer)
    user = server.user()
    known = token(user, keys.rsa, kid="1")
    check_accepted(server, user, known)
    for kid in ("2", "2", "x" * 500):
        check_refused(ask(server, user, keys.other, kid=kid), INVALID)
    assert issuer.asked == 2
    assert fetches(server, "unchanged") == 1
    check_accepted(server, user, known)


@pytest.mark.concurrent
def test_many_wait_for_one_fetch_and_others_do_not(make_server, issuer, keys):
    server = make_server(flags=("--threads", 1), env=settings(issuer))
    user = server.user()
    server.wait_log("JWKS: the next fetch is in")
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    issuer.publish(keys.rsa2.jwk(kid="2"))
    issuer.gate.clear()
    waiting = token(user, keys.rsa2, kid="2")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(server.anonymous().get, "unread/", bearer(waiting)) for _ in range(16)]
        harness.wait_until(lambda: issuer.asked == 2, "it is asked for the new key")
        assert user.get("unread/").status == 200
        check_accepted(server, user, token(user, keys.rsa, kid="1"))  # the old set goes on
        assert not any(one.done() for one in answers)
        issuer.gate.set()
        assert [one.result().status for one in answers] == [200] * 16
    assert issuer.asked == 2


def test_a_reload_leaves_the_fetched_keys(make_server, issuer, keys, tmp_path):
    path = tmp_path / "keys.pem"
    path.write_text(keys.rsa2.public_pem)
    server = serve(make_server, issuer, JWT_KEY_FILE=path)
    user = server.user()
    check_accepted(server, user, token(user, keys.rsa2))
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    path.write_text(keys.other.public_pem)
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("settings reloaded")
    check_refused(ask(server, user, keys.rsa2), INVALID)
    check_accepted(server, user, token(user, keys.other))
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    issuer.publish(keys.ec.jwk(kid="2"))
    check_accepted(server, user, token(user, keys.ec, kid="2"))


# ---- failures



BROKEN = {
    "500": (lambda issuer, keys: issuer.answer(500), "status of the response is 500"),
    "no content": (lambda issuer, keys: issuer.answer(204), "status of the response is 204"),
    "a redirect": (lambda issuer, keys: issuer.answer(302, Location=issuer.url), "redirects are not followed"),
    "rubbish": (lambda issuer, keys: issuer.answer(200, b"<html>"), "no JWKS"),
    "a single key": (lambda issuer, keys: issuer.answer(200, json.dumps(keys.rsa2.jwk()).encode()), "no JWKS"),
    "nothing": (lambda issuer, keys: issuer.answer(200), "no JWKS"),
    "no key": (lambda issuer, keys: issuer.publish(), "no key that verifies"),
    "a private key": (lambda issuer, keys: issuer.publish(keys.rsa2.jwk(kid="2", d="AAAA")), "a private key"),
    "a secret": (lambda issuer, keys: issuer.publish(keys.rsa2.jwk(kid="2"), keys.secret.jwk(kid="s")), "a secret"),
    "65 keys": (lambda issuer, keys: issuer.publish(*[keys.rsa2.jwk(kid="2")] * 65), "too many keys"),
    "too much": (
        lambda issuer, keys: issuer.answer(200, b" " * 300_000 + json.dumps({"keys": [keys.rsa2.jwk(kid="2")]}).encode()),
        "more than 262144 bytes",
    ),
    "a long head": (lambda issuer, keys: issuer.publish(keys.rsa2.jwk(kid="2"), X_Fill="x" * 70_000), "head of the response"),
    "less than it says": (lambda issuer, keys: issuer.publish(keys.rsa2.jwk(kid="2"), Content_Length=100_000), ""),
}  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize("name", BROKEN)
def test_the_last_good_keys_stay(make_server, issuer, keys, name):
    server = serve(make_server, issuer)
    user = server.user()
    check_accepted(server, user, token(user, keys.rsa, kid="1"))
    breaks, why = BROKEN[name]
    breaks(issuer, keys)
    # Nobody knows whether there is such a key: that is no 401, by which a client would throw its session away.
    check_unavailable(ask(server, user, keys.rsa2, kid="2"))
    check_accepted(server, user, token(user, keys.rsa, kid="1", typ="at+jwt"))
    server.wait_log(f"warning JWKS: not fetched: .*{why}.*; the keys from before stay in force")
    assert fetches(server, "failed") >= 1
    issuer.publish(keys.rsa2.jwk(kid="2"))
    harness.wait_until(lambda: ask(server, user, keys.rsa2, kid="2").status == 200, "it is tried again")
    server.wait_log("JWKS: fetched again")
    check_refused(ask(server, user, keys.rsa, kid="1"), INVALID)


def test_an_issuer_that_is_down_at_start(make_server, make_issuer, keys):
    issuer = make_issuer(keys.rsa.jwk(kid="1"), port=free_port())
    issuer.close()
    server = make_server(env=settings(issuer))
    user = server.user()
    assert user.get("unread/").status == 200
    harness.wait_until(lambda: fetches(server, "failed") >= 1, "the first fetch has failed")
    check_unavailable(ask(server, user, keys.rsa, kid="1"))
    check_unavailable(ask(server, user, keys.rsa))
    check_refused(server.anonymous().get("unread/", bearer("x.y.z")), INVALID)
    server.wait_log("warning JWKS: not fetched: .*; no JWT is verified by its keys yet")
    make_issuer(keys.rsa.jwk(kid="1"), port=issuer.port)
    harness.wait_until(lambda: ask(server, user, keys.rsa, kid="1").status == 200, "it is tried again")


def test_an_issuer_that_is_slow(make_server, issuer, keys):
    """A request waits as long as one fetch may take, while others go on; the server ends while it is asked again."""
    issuer.gate.clear()
    server = make_server(flags=("--threads", 1), env=settings(issuer))
    user = server.user()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, server, user, keys.rsa, kid="1")
        assert user.get("unread/").status == 200
        check_unavailable(answer.result())
    harness.wait_until(lambda: issuer.asked >= 2, "it is asked again")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(harness.DEADLINE) == 0


# ---- https


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", path]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def https_issuer(make_issuer, certificate, keys):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    return make_issuer(keys.rsa.jwk(kid="1"), tls=tls)


def test_https(make_server, https_issuer, certificate, keys):
    server = make_server(env=settings(https_issuer, JWT_JWKS_CA_FILE=certificate))
    user = server.user()
    check_accepted(server, user, token(user, keys.rsa, kid="1"))


def test_a_certificate_that_nobody_trusts(make_server, https_issuer, keys):
    server = make_server(env=settings(https_issuer))
    user = server.user()
    check_unavailable(ask(server, user, keys.rsa, kid="1"))
    server.wait_log("JWKS: not fetched: .*certificate")
    assert https_issuer.asked == 0


# ---- refused at start


def test_settings_that_are_refused(tmp_path, keys):
    good = {"JWT_JWKS_URL": "https://example.org/jwks", "JWT_AUDIENCE": "messages"}
    assert start(tmp_path, **good).returncode == 1
    for url in ("http://localhost:1/", "http://127.1.2.3/x", "http://[::1]:80/", "HTTPS://example.org"):
        assert start(tmp_path, **{**good, "JWT_JWKS_URL": url}).returncode == 1, url
    for url in ("http://example.org/", "http://localhost.example.org/", "http://127.0.0.1.example.org/", "http://10.0.0.1/",
                "http://[::2]/", "ftp://localhost/", "file:///etc/passwd", "example.org", "https://", "https://a:b@example.org/"):  # fmt: skip
        check_no_start(tmp_path, f"DIRECTMESSAGES_JWT_JWKS_URL is '{url}'", **{**good, "JWT_JWKS_URL": url})
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_AUDIENCE", JWT_JWKS_URL=good["JWT_JWKS_URL"])
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_AUDIENCE is ''", JWT_JWKS_URL=good["JWT_JWKS_URL"], JWT_AUDIENCE="")
    path = tmp_path / "no certificates"
    path.write_text(keys.rsa.public_pem)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_JWKS_CA_FILE is", **good, JWT_JWKS_CA_FILE=path)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_JWKS_CA_FILE is set", JWT_JWKS_CA_FILE=path)
