# SPDX-License-Identifier: MIT
"""The settings of JWTs: which schemes are on, whom a claim names, key files, and what is refused at start."""

import json
import time

import pytest

import harness
import jwts
from jwts import INVALID, NOT_PROVIDED, UNKNOWN, Pair, Secret, b64, bearer, check_accepted, check_refused, claims, encode


def test_only_jwts(make_server, keys):
    server = make_server(env={"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_TOKENS": 0})
    user = server.user()
    check_refused(user.get("unread/"), NOT_PROVIDED, 'Bearer realm="api"')
    token = encode(keys.secret, claims(user, user_id=None, sub=str(user.id)))
    check_accepted(server, user, token)
    server.sql("INSERT INTO directmessages_ticket VALUES (?, ?, ?)", ("0" * 40, user.token, int((time.time() + 20) * 1e6)))
    answer = server.anonymous().get("events/?ticket=" + "0" * 40)
    check_refused(answer, {"detail": "Invalid ticket."}, 'Bearer realm="api"')


def test_users_by_name(make_server, keys):
    env = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_JWT_USER": "username"}
    server = make_server(env=env)
    users = [server.user("ärger@example.org"), server.user("12345"), server.user("n" * 150)]
    for user in users:
        check_accepted(server, user, encode(keys.secret, claims(user, sub=user.username)))
        check_accepted(server, user, encode(keys.secret, claims(user, sub=user.username)))
    check_accepted(server, users[1], encode(keys.secret, claims(users[1], sub=12345)))
    for name in ("nobody", "", "12345\0", "ÄRGER@example.org", "' OR 1=1", users[1].id):
        check_refused(server.anonymous().get("unread/", bearer(encode(keys.secret, claims(users[0], sub=name)))), UNKNOWN)
    answer = server.anonymous().request(
        "POST", f"send/{users[1].id}/", b'{"content":"x"}',
        {**bearer(encode(keys.secret, claims(users[0], sub=users[0].username))), "Content-Type": "application/json"},
    )  # fmt: skip
    assert (answer.status, answer.json()["sender"]) == (201, users[0].id)


def test_issuer_and_audience(make_server, keys):
    env = {"JWT_SECRET": jwts.SECRET, "JWT_ISSUER": "https://example.org", "JWT_AUDIENCE": "messages", "JWT_CLAIM": "user_id"}
    server = make_server(env={f"DIRECTMESSAGES_{name}": value for name, value in env.items()})
    user = server.user()

    def ask(**changes):
        return server.anonymous().get("unread/", bearer(encode(keys.secret, claims(user, **changes))))

    good = {"iss": "https://example.org", "aud": "messages"}
    assert ask(**good).status == 200
    assert ask(**{**good, "aud": ["others", "messages"]}).status == 200
    for wrong in ({"iss": None}, {"iss": "https://example.org/"}, {"iss": ["https://example.org"]}, {"aud": None},
                  {"aud": "message"}, {"aud": []}, {"aud": ["others"]}, {"aud": [["messages"]]}, {"aud": {"messages": 1}}):  # fmt: skip
        check_refused(ask(**{**good, **wrong}), INVALID)


def test_public_keys_as_pem(make_server, tmp_path, keys):
    path = tmp_path / "keys.pem"
    pkcs1 = jwts.openssl("rsa", "-pubin", "-RSAPublicKey_out", data=keys.rsa2.public_pem.encode()).decode()
    path.write_text("# old and new\n" + keys.rsa.public_pem + pkcs1 + keys.ec.public_pem + keys.ed25519.public_pem)
    server = make_server(env={"DIRECTMESSAGES_JWT_KEY_FILE": path})
    user = server.user()
    for key in (keys.rsa, keys.rsa2, keys.ec, keys.ed25519):
        check_accepted(server, user, encode(key, claims(user, sub=user.id), kid="any"))
    for key in (keys.other, keys.secret, Secret(path.read_text()), Secret(keys.rsa.public_pem)):
        check_refused(server.anonymous().get("unread/", bearer(encode(key, claims(user, sub=user.id)))), INVALID)


# ---- refused at start


def start(tmp_path, **settings):
    env = {f"DIRECTMESSAGES_{name}": value for name, value in settings.items()}
    url = harness.sqlite_url(tmp_path / "a.db")
    # An address that nobody can listen on: what is not refused fails there, with status 1.
    return harness.run_program("serve", "--migrate", "--listen", "192.0.2.1:1", database=url, env=env)


def check_no_start(tmp_path, what, **settings):
    done = start(tmp_path, **settings)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("directmessages: ") and done.stderr.count("\n") == 1, done.stderr
    assert what in done.stderr
    assert "secret of these" not in done.stderr


def test_settings_that_are_refused(tmp_path, keys):
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_SECRET has 31 bytes", JWT_SECRET="the secret of these tests, 31 b")
    assert start(tmp_path, JWT_SECRET="x" * 32).returncode == 1
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_SECRET is a PEM block", JWT_SECRET=keys.rsa.public_pem)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_SECRET is a PEM block", JWT_SECRET="\n" + keys.ec.public_pem)
    check_no_start(tmp_path, "nobody could call", TOKENS=0)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_USER is 'email'", JWT_SECRET="x" * 32, JWT_USER="email")
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_ISSUER is set, but no key", JWT_ISSUER="x")
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_AUDIENCE is set, but no key", JWT_AUDIENCE="x")
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_ISSUER is ''", JWT_SECRET="x" * 32, JWT_ISSUER="")
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_AUDIENCE is ''", JWT_SECRET="x" * 32, JWT_AUDIENCE="")


def jwks(*keys):
    return json.dumps({"keys": list(keys)})


FILES = {
    "empty": (lambda keys: "", "neither PEM nor a JWKS"),
    "no JSON": (lambda keys: "{", "neither PEM nor a JWKS"),
    "one key and no set": (lambda keys: json.dumps(keys.rsa.jwk()), "neither PEM nor a JWKS"),
    "a set of texts": (lambda keys: jwks("x"), "neither PEM nor a JWKS"),
    "an empty set": (lambda keys: jwks(), "no key that verifies"),
    "keys twice": (lambda keys: '{"keys":[],"keys":[]}', "neither PEM nor a JWKS"),
    "a short secret": (lambda keys: jwks(Secret("short").jwk()), "no key that verifies"),
    "a private key in a set": (lambda keys: jwks(keys.rsa.jwk(d="AAAA")), "private key"),
    "a private key as PEM": (lambda keys: keys.rsa.private.read_text(), "private key"),
    "a point not on the curve": (lambda keys: jwks(keys.ec.jwk(x=b64(bytes(32)))), "no key that verifies"),
    "an exponent of 1": (lambda keys: jwks(keys.rsa.jwk(e="AQ")), "no key that verifies"),
    "PEM that is cut": (lambda keys: keys.rsa.public_pem[:200], "damaged"),
    "PEM of something else": (lambda keys: "-----BEGIN X-----\nAAAA\n-----END X-----\n", "no key that verifies"),
    "a PEM of P-384": (lambda keys: Pair.ec(keys.file.parent, "p384", "P-384").public_pem, "no key that verifies"),
    "RSA of 1024 bits": (lambda keys: Pair.rsa(keys.file.parent, "small", 1024).public_pem, "no key that verifies"),
    "sixty-five keys": (lambda keys: jwks(*[keys.ed25519.jwk()] * 65), "too many keys; give at most 64"),
    "sixty-five in PEM": (lambda keys: keys.ed25519.public_pem * 65, "too many keys; give at most 64"),
    "too large": (lambda keys: " " * (1 << 20) + jwks(keys.rsa.jwk()), "more than 1 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_key_files_that_are_refused(tmp_path, keys, name):
    make, what = FILES[name]
    path = tmp_path / "keys"
    path.write_text(make(keys))
    path.chmod(0o600)
    check_no_start(tmp_path, what, JWT_KEY_FILE=path)


def test_a_key_file_that_is_not_there_or_open_to_all(tmp_path, keys):
    check_no_start(tmp_path, "can't be opened", JWT_KEY_FILE=tmp_path / "none")
    check_no_start(tmp_path, "not a file", JWT_KEY_FILE=tmp_path)
    path = tmp_path / "keys"
    path.write_text(jwks(keys.secret.jwk()))
    path.chmod(0o644)
    check_no_start(tmp_path, "everybody may read it", JWT_KEY_FILE=path)
    path.chmod(0o640)
    assert start(tmp_path, JWT_KEY_FILE=path).returncode == 1
    path.write_text(keys.rsa.public_pem)
    path.chmod(0o644)
    assert start(tmp_path, JWT_KEY_FILE=path).returncode == 1
