# SPDX-License-Identifier: MIT
"""Authorization: Bearer: JWTs that are accepted, and those that are not."""

import base64
import json
import time

import pytest

import harness
import jwts
from jwts import EXPIRED, INACTIVE, INVALID, NO_EXPIRY, NO_USER, NOT_PROVIDED, UNKNOWN, WORDS, WRONG_TYPE
from jwts import Secret, b64, bearer, check_accepted, check_refused, claims, encode
from routes import on_each_route
from streams import Stream
from test_events_ticket import make_ticket


@pytest.fixture(scope="module")
def issuer_server(backend, keys):
    env = {"JWT_SECRET": jwts.SECRET, "JWT_KEY_FILE": keys.file, "JWT_CLAIM": "user_id", "EVENTS_HEARTBEAT": 3600}
    server = harness.Server(backend=backend, env={f"DIRECTMESSAGES_{name}": value for name, value in env.items()} | harness.PATIENCE)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def mary(issuer_server):
    return issuer_server.user()


@pytest.fixture(scope="module")
def john(issuer_server):
    return issuer_server.user()


# ---- accepted


@pytest.mark.parametrize(
    "key, alg",
    [
        ("secret", "HS256"), ("secret", "HS384"), ("secret", "HS512"), ("rsa", "RS256"), ("rsa", "RS384"),
        ("rsa", "RS512"), ("rsa", "PS256"), ("rsa2", "RS512"), ("ec", "ES256"), ("ed25519", "EdDSA"), ("old", "HS256"),
    ],
)  # fmt: skip
def test_each_algorithm_of_each_type_of_key(issuer_server, mary, keys, key, alg):
    token = encode(getattr(keys, key), claims(mary), alg=alg)
    for _ in range(3):  # the first is verified, the others are remembered
        check_accepted(issuer_server, mary, token)


GOOD = {
    "an id that is a number": lambda keys, user: encode(keys.secret, claims(user, user_id=user.id)),
    "no typ": lambda keys, user: encode(keys.secret, claims(user), {"alg": "HS256"}),
    "typ at+jwt": lambda keys, user: encode(keys.secret, claims(user), typ="at+JWT"),
    "no token_type": lambda keys, user: encode(keys.secret, claims(user, token_type=None)),
    "no iat, no jti": lambda keys, user: encode(keys.secret, claims(user, iat=None, jti=None)),
    "expired within the leeway": lambda keys, user: encode(keys.secret, claims(user, exp=lambda now: now - 15)),
    "nbf within the leeway": lambda keys, user: encode(keys.secret, claims(user, nbf=lambda now: now + 15)),
    "iat within the leeway": lambda keys, user: encode(keys.secret, claims(user, iat=lambda now: now + 15)),
    "a broken second": lambda keys, user: encode(keys.secret, claims(user, exp=lambda now: now + 60.5)),
    "exp beyond all times": lambda keys, user: encode(keys.secret, claims(user, exp=9e18)),
    "an audience nobody asked for": lambda keys, user: encode(keys.secret, claims(user, aud="somebody")),
    "kid of its key": lambda keys, user: encode(keys.rsa, claims(user), kid="rsa-1"),
    "a kid where the key has none": lambda keys, user: encode(keys.ed25519, claims(user), kid="what"),
    "the kid of a file's name": lambda keys, user: encode(keys.old, claims(user), kid="../../dev/null"),
    "blanks in the JSON": lambda keys, user: encode(keys.secret, json.dumps(claims(user), indent=8)),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_tokens(issuer_server, mary, keys, name):
    check_accepted(issuer_server, mary, GOOD[name](keys, mary))


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {} ", "Bearer\t{}"])
def test_the_scheme_in_any_case(issuer_server, mary, keys, form):
    header = form.format(encode(keys.secret, claims(mary)))
    assert issuer_server.anonymous().get("unread/", {"Authorization": header}).status == 200


def test_tokens_go_on_beside(issuer_server, mary, keys):
    assert mary.get("unread/").json()["id"] == mary.id
    answer = issuer_server.anonymous().get("unread/", {"Authorization": "Token 0123"})
    check_refused(answer, {"detail": "Invalid token."})


def test_a_message_is_sent_and_read_by_jwt(issuer_server, mary, john, keys):
    by_mary, by_john = bearer(encode(keys.secret, claims(mary))), bearer(encode(keys.rsa, claims(john)))
    client = issuer_server.anonymous()
    body = b'{"content":"by JWT"}'
    headers = {**by_mary, "Content-Type": "application/json"}
    answer = client.request("POST", f"send/{john.id}/", body, headers)
    assert (answer.status, answer.json()["sender"]) == (201, mary.id)
    assert client.request("POST", "send/999999999/", body, headers).status == 404
    results = client.get(f"conversations/{mary.id}/", by_john).json()["results"]
    assert [one["content"] for one in results] == ["by JWT"]


# ---- refused


def flip(token):
    """With another signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def longer(token):
    """With one byte, zero, behind the signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{b64(base64.urlsafe_b64decode(signature + '=') + bytes(1))}"


def same_bytes(token):
    """The same signature to a decoder that ignores what follows its last byte."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) + 1]


def confused(keys, user, pem):
    """HS256 by the text of the public key."""
    return encode(Secret(pem), claims(user))


def embedded(keys, user, **members):
    return encode(keys.other, claims(user), **members)


def twice(text, member):
    """The JSON with one more member in front."""
    return "{" + member + "," + text[1:]


BAD = {
    "no JWT": (lambda keys, user: "x", INVALID),
    "two parts": (lambda keys, user: "e30.e30", INVALID),
    "empty parts": (lambda keys, user: "..", INVALID),
    "no signature": (lambda keys, user: encode(keys.secret, claims(user), signature=b""), INVALID),
    "another signature": (lambda keys, user: flip(encode(keys.secret, claims(user))), INVALID),
    "a signature that is cut": (lambda keys, user: encode(keys.secret, claims(user))[:-8], INVALID),
    "a signature with a byte behind": (lambda keys, user: longer(encode(keys.secret, claims(user))), INVALID),
    "bits behind the signature": (lambda keys, user: same_bytes(encode(keys.secret, claims(user))), INVALID),
    "padding": (lambda keys, user: encode(keys.secret, claims(user)) + "=", INVALID),
    "other base64": (lambda keys, user: encode(keys.secret, claims(user)) + "+", INVALID),
    "four parts": (lambda keys, user: encode(keys.secret, claims(user)) + ".e30", INVALID),
    "JWE": (lambda keys, user: b64(b'{"alg":"dir","enc":"A128GCM"}') + "..AAAA.AAAA.AAAA", INVALID),
    "another secret": (lambda keys, user: encode(Secret("another secret of 32 characters!"), claims(user)), INVALID),
    "the empty secret": (lambda keys, user: encode(Secret(""), claims(user)), INVALID),
    "another RSA key": (lambda keys, user: encode(keys.other, claims(user)), INVALID),
    "a key for encryption": (lambda keys, user: encode(keys.other, claims(user), kid="other"), INVALID),
    "none": (lambda keys, user: encode(keys.secret, claims(user), {"alg": "none"}, b""), INVALID),
    "none, signed": (lambda keys, user: encode(keys.secret, claims(user), {"alg": "none"}), INVALID),
    "nOnE": (lambda keys, user: encode(keys.secret, claims(user), {"alg": "nOnE"}, b"x"), INVALID),
    "no alg": (lambda keys, user: encode(keys.secret, claims(user), {"typ": "JWT"}), INVALID),
    "alg is a number": (lambda keys, user: encode(keys.secret, claims(user), {"alg": 256}), INVALID),
    "alg with NUL": (lambda keys, user: encode(keys.secret, claims(user), '{"alg":"HS256\\u0000"}'), INVALID),
    "kid with NUL": (lambda keys, user: encode(keys.rsa, claims(user), kid="rsa-1\0"), INVALID),
    "typ with NUL": (lambda keys, user: encode(keys.secret, claims(user), typ="JWT\0"), INVALID),
    "hs256": (lambda keys, user: encode(keys.secret, claims(user), {"alg": "hs256"}), INVALID),
    "HS256 by the public PEM": (lambda keys, user: confused(keys, user, keys.rsa.public_pem), INVALID),
    "HS256 by the PEM, stripped": (lambda keys, user: confused(keys, user, keys.rsa.public_pem.strip()), INVALID),
    "HS256 by the public DER": (lambda keys, user: confused(keys, user, keys.rsa.public_der), INVALID),
    "HS256 by the JWK": (lambda keys, user: confused(keys, user, json.dumps(keys.rsa.jwk())), INVALID),
    "RS256 said, HS256 meant": (
        lambda keys, user: encode(keys.secret, claims(user), {"alg": "RS256"}, keys.secret.sign("HS256", b"")),
        INVALID,
    ),
    "ES256 as DER": (lambda keys, user: encode(keys.ec, claims(user), signature=b"0\x06\x02\x01\x01\x02\x01\x01"), INVALID),
    "ES256 of zeros": (lambda keys, user: encode(keys.ec, claims(user), signature=bytes(64)), INVALID),
    "PS384, which we lack": (lambda keys, user: encode(keys.rsa, claims(user), alg="PS384"), INVALID),
    "not the alg of its key": (lambda keys, user: encode(keys.rsa2, claims(user), kid="rsa-2"), INVALID),
    "the kid of another key": (lambda keys, user: encode(keys.rsa, claims(user), kid="ec-1"), INVALID),
    "an unknown kid": (lambda keys, user: encode(keys.rsa, claims(user), kid="rsa-3"), INVALID),
    "an empty kid": (lambda keys, user: encode(keys.rsa, claims(user), kid=""), INVALID),
    "a kid that is SQL": (lambda keys, user: encode(keys.rsa, claims(user), kid="x' UNION SELECT 'k"), INVALID),
    "a kid that is a list": (lambda keys, user: encode(keys.rsa, claims(user), kid=["rsa-1"]), INVALID),
    "crit": (lambda keys, user: encode(keys.secret, claims(user), crit=["exp"]), INVALID),
    "an empty crit": (lambda keys, user: encode(keys.secret, claims(user), crit=[]), INVALID),
    "zip": (lambda keys, user: encode(keys.secret, claims(user), zip="DEF"), INVALID),
    "an embedded key": (lambda keys, user: embedded(keys, user, jwk=keys.other.jwk()), INVALID),
    "the URL of a key": (lambda keys, user: embedded(keys, user, jku="https://example.org/"), INVALID),
    "the URL of a good key": (lambda keys, user: encode(keys.rsa, claims(user), jku="https://example.org/"), INVALID),
    "a certificate": (lambda keys, user: encode(keys.rsa, claims(user), x5c=["AAAA"]), INVALID),
    "made for another purpose": (lambda keys, user: encode(keys.secret, claims(user), typ="logout+jwt"), INVALID),
    "a typ that is no text": (lambda keys, user: encode(keys.secret, claims(user), typ=None), INVALID),
    "alg twice": (
        lambda keys, user: encode(keys.secret, claims(user), twice('{"alg":"HS256"}', '"alg":"none"')), INVALID,
    ),
    "user_id twice": (
        lambda keys, user: encode(keys.secret, twice(json.dumps(claims(user)), '"user_id":"1"')), INVALID,
    ),
    "a header that is a list": (lambda keys, user: encode(keys.secret, claims(user), ["HS256"]), INVALID),
    "a header that is no JSON": (lambda keys, user: encode(keys.secret, claims(user), '{"alg":"HS256"'), INVALID),
    "claims that are a list": (lambda keys, user: encode(keys.secret, [claims(user)]), INVALID),
    "claims that are no JSON": (lambda keys, user: encode(keys.secret, "no JSON"), INVALID),
    "claims with something behind": (lambda keys, user: encode(keys.secret, json.dumps(claims(user)) + "x"), INVALID),
    "a JWT in a JWT": (lambda keys, user: encode(keys.secret, encode(keys.secret, claims(user)), cty="JWT"), INVALID),
    "deep claims": (lambda keys, user: encode(keys.secret, "[" * 2500 + "]" * 2500), INVALID),
    "many claims": (lambda keys, user: encode(keys.secret, "[" + "{}," * 1800 + "{}]"), INVALID),
    "no exp": (lambda keys, user: encode(keys.secret, claims(user, exp=None)), NO_EXPIRY),
    "exp is a text": (lambda keys, user: encode(keys.secret, claims(user, exp="9999999999")), INVALID),
    "exp is false": (lambda keys, user: encode(keys.secret, claims(user, exp=False)), INVALID),
    "expired a second beyond the leeway": (
        lambda keys, user: encode(keys.secret, claims(user, exp=lambda now: now - 31)), EXPIRED,
    ),
    "expired long ago": (lambda keys, user: encode(keys.secret, claims(user, exp=0)), EXPIRED),
    "expired before all times": (lambda keys, user: encode(keys.secret, claims(user, exp=-9e18)), EXPIRED),
    "not yet": (lambda keys, user: encode(keys.secret, claims(user, nbf=lambda now: now + 60)), INVALID),
    "nbf is a text": (lambda keys, user: encode(keys.secret, claims(user, nbf="0")), INVALID),
    "issued in the future": (lambda keys, user: encode(keys.secret, claims(user, iat=lambda now: now + 60)), INVALID),
    "a refresh token": (lambda keys, user: encode(keys.secret, claims(user, token_type="refresh")), WRONG_TYPE),
    "token_type is a number": (lambda keys, user: encode(keys.secret, claims(user, token_type=1)), WRONG_TYPE),
    "no user": (lambda keys, user: encode(keys.secret, claims(user, user_id=None)), NO_USER),
    "an unknown user": (lambda keys, user: encode(keys.secret, claims(user, user_id="999999999")), UNKNOWN),
    "a user beyond 64 bits": (lambda keys, user: encode(keys.secret, claims(user, user_id="9" * 30)), UNKNOWN),
    "a negative user": (lambda keys, user: encode(keys.secret, claims(user, user_id=f"-{user.id}")), UNKNOWN),
    "a user with a blank": (lambda keys, user: encode(keys.secret, claims(user, user_id=f" {user.id}")), UNKNOWN),
    "the empty user": (lambda keys, user: encode(keys.secret, claims(user, user_id="")), UNKNOWN),
    "a user with NUL": (lambda keys, user: encode(keys.secret, claims(user, user_id=f"{user.id}\0")), UNKNOWN),
    "a user that is true": (lambda keys, user: encode(keys.secret, claims(user, user_id=True)), UNKNOWN),
    "a user that is a fraction": (lambda keys, user: encode(keys.secret, claims(user, user_id=user.id + 0.0)), UNKNOWN),
    "a user that is a list": (lambda keys, user: encode(keys.secret, claims(user, user_id=[user.id])), UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_tokens(issuer_server, mary, keys, name):
    make, body = BAD[name]
    token = make(keys, mary)
    for _ in range(2):
        check_refused(issuer_server.anonymous().get("unread/", bearer(token)), body)


def test_other_claims_with_a_signature_that_was_seen(issuer_server, mary, john, keys):
    token = encode(keys.secret, claims(mary))
    check_accepted(issuer_server, mary, token)
    head, payload, signature = token.split(".")
    others = encode(keys.secret, claims(john)).split(".")[1]
    for forged in (others, payload[:-1] + chr(ord(payload[-1]) ^ 1), ("A" if payload[0] != "A" else "B") + payload[1:]):
        check_refused(issuer_server.anonymous().get("unread/", bearer(f"{head}.{forged}.{signature}")), INVALID)
    check_accepted(issuer_server, mary, token)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "bearer a b c"])
def test_not_two_words(issuer_server, header):
    check_refused(issuer_server.anonymous().get("unread/", {"Authorization": header}), WORDS)


@pytest.mark.parametrize("header", [None, "", "Basic am9objpqb2hu", "Bearerx a", "JWT a"])
def test_another_scheme(issuer_server, header):
    headers = {} if header is None else {"Authorization": header}
    check_refused(issuer_server.anonymous().get("unread/", headers), NOT_PROVIDED)


@on_each_route
def test_a_bad_token_is_401_on_each_route(issuer_server, route):
    answer = issuer_server.anonymous().request(route.method, route.path(), headers=bearer("x.y.z"))
    check_refused(answer, INVALID)


def test_a_user_who_is_not_active(issuer_server, keys):
    user = issuer_server.user()
    token = encode(keys.secret, claims(user))
    check_accepted(issuer_server, user, token)
    issuer_server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))
    check_refused(issuer_server.anonymous().get("unread/", bearer(token)), INACTIVE)
    issuer_server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))
    issuer_server.sql("DELETE FROM auth_user WHERE id = ?", (user.id,))
    check_refused(issuer_server.anonymous().get("unread/", bearer(token)), UNKNOWN)


def test_a_claim_that_is_no_id_is_not_the_user_minus_one(issuer_server, keys):
    """Early versions of django-guardian made one."""
    user = issuer_server.user()
    issuer_server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))
    issuer_server.sql("UPDATE auth_user SET id = -1 WHERE id = ?", (user.id,))
    for claim in ("auth0|507f1f77", "", -1, "-1", 1.5, "9" * 30):
        token = encode(keys.secret, claims(user, user_id=claim))
        check_refused(issuer_server.anonymous().get("unread/", bearer(token)), UNKNOWN)
    issuer_server.sql("DELETE FROM auth_user WHERE id = ?", (-1,))


def test_a_remembered_token_expires(issuer_server, mary, keys):
    end = int(time.time()) + 5
    token = encode(keys.secret, claims(mary, exp=end - 30))
    check_accepted(issuer_server, mary, token)
    harness.wait_until(lambda: time.time() >= end, "the leeway's end")
    check_refused(issuer_server.anonymous().get("unread/", bearer(token)), EXPIRED)


def test_8_kib_are_the_limit(make_server, keys):
    server = make_server(env={"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_MAX_HEADER_BYTES": 32768})
    user = server.user()
    tokens = [encode(keys.secret, claims(user, sub=user.id, fill="x" * length)) for length in range(5800, 6200)]
    check_accepted(server, user, max((token for token in tokens if len(token) <= 8192), key=len))
    check_refused(server.anonymous().get("unread/", bearer(min((one for one in tokens if len(one) > 8192), key=len))), INVALID)


# ---- streams and tickets


def test_a_stream_ends_when_the_jwt_expires(issuer_server, mary, john, keys):
    end = int(time.time()) + 5
    headers = bearer(encode(keys.secret, claims(john, exp=end)))
    with Stream(issuer_server.anonymous(), headers=headers) as stream:
        mary.send(john, "while it is good")
        assert stream.next().data["content"] == "while it is good"
        assert stream.ends()
        assert time.time() >= end


def test_a_ticket_of_a_jwt(issuer_server, mary, john, keys):
    end = int(time.time()) + 5
    by_john = bearer(encode(keys.rsa, claims(john, exp=end)))
    answer = issuer_server.anonymous().request("POST", "events/ticket/", b"", by_john)
    ticket = answer.json()["ticket"]
    with Stream(issuer_server.anonymous(), f"?ticket={ticket}") as stream:
        mary.send(john, "by ticket")
        assert stream.next().data["content"] == "by ticket"
        check_refused(issuer_server.anonymous().get(f"events/?ticket={ticket}"), {"detail": "Invalid ticket."})
        assert stream.ends()
        assert time.time() >= end


def test_a_ticket_outlives_no_setting(make_server, keys):
    server = make_server()
    user = server.user()
    key = f"jwt {user.id} {int(time.time()) + 300}"
    server.sql("INSERT INTO directmessages_ticket VALUES (?, ?, ?)", ("0" * 40, key, int((time.time() + 20) * 1e6)))
    answer = server.anonymous().get("events/?ticket=" + "0" * 40)
    check_refused(answer, {"detail": "Invalid ticket."}, "Token")
    assert make_ticket(user)


def test_a_stream_ends_when_its_user_is_deactivated(make_server, keys):
    server = make_server(env={"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_EVENTS_HEARTBEAT": 1})
    user = server.user()
    with Stream(server.anonymous(), headers=bearer(encode(keys.secret, claims(user, sub=user.id)))) as stream:
        server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))
        assert stream.ends()
