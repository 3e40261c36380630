# SPDX-License-Identifier: MIT
"""Random damage to JWTs, signed anew or not: a smoke of 300, or DIRECTMESSAGES_FUZZ=N for N of them (`make fuzz`)."""

import json
import random
import time

import pytest

import harness
import jwts
from jwts import Secret, b64, bearer, claims, encode
from test_hostile_fuzz import COUNT, SEED

pytestmark = pytest.mark.sqlite

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/,!"
PIECES = ["{", "}", "[", "]", '"', ":", ",", "\\u0000", "\\ud800", "\\", "null", "true", "-1", "1e999", "9" * 25, "0.5", "[" * 600,
          "{}," * 300, '"exp":9999999999,', '"alg":"none",', '"alg":"HS256",', '"kid":"rsa-1",', '"crit":["exp"],', '"user_id":"1",',
          '"token_type":"refresh",', '"aud":["a"],', "\u00e9", "\ufeff", "\n", "\t", "\x7f", "x" * 3000]  # fmt: skip


def damaged(rng, text, pieces):
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at, length = rng.randrange(len(text) + 1), rng.randrange(1, 12)
        kind = rng.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + rng.choice(pieces) + text[at:]
        elif kind == 2:
            text = text[:at] + rng.choice(pieces)[:1] + text[at + 1 :]
        elif kind == 3:
            text = text[:at] + text[at : at + 5 * length] * rng.randrange(1, 4) + text[at:]
        elif rng.random() < 0.3:
            text = text[:at]
    return text


def of_pairs(pairs):
    """An object whose names are all different."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def is_true(user, header, payload):
    """Whether these texts, signed by the secret, say that it is the user; what the JSON of Python makes of them."""
    header, payload = (json.loads(text, object_pairs_hook=of_pairs) for text in (header, payload))
    return (header["alg"] in ("HS256", "HS384", "HS512") and str(payload["user_id"]) == str(user.id)
            and payload["exp"] > time.time() - 60 and payload.get("token_type", "access") == "access"
            and not header.keys() & {"crit", "jwk", "jku", "x5u", "x5c", "enc", "zip"})  # fmt: skip


def signed(header, payload):
    """By what the header says, if that can be read."""
    alg = next((alg for alg in ("HS384", "HS512") if alg in header), "HS256")
    text = f"{b64(header.encode())}.{b64(payload.encode())}"
    return f"{text}.{b64(Secret().sign(alg, text.encode()))}"


@pytest.fixture(scope="module")
def fuzzed(keys):
    env = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_JWT_KEY_FILE": keys.file, "DIRECTMESSAGES_JWT_CLAIM": "user_id",
           "DIRECTMESSAGES_MAX_HEADER_BYTES": 32768}  # fmt: skip
    server = harness.Server(env=env)
    try:
        yield server.start()
    finally:
        server.close()


def test_damaged_texts_are_refused(fuzzed, keys):
    rng, user = random.Random(f"{SEED} texts"), fuzzed.user()
    good = [encode(key, claims(user)) for key in (keys.secret, keys.rsa, keys.ec, keys.ed25519, keys.old)]
    assert {fuzzed.anonymous().get("unread/", bearer(token)).status for token in good} == {200}
    print(f"seed {SEED}, {COUNT} texts")
    for _ in range(COUNT // 2):
        token = damaged(rng, rng.choice(good), LETTERS)
        answer = fuzzed.anonymous().get("unread/", bearer(token))
        assert answer.status == (200 if token in good else 401), (token, answer.body)
    assert {fuzzed.anonymous().get("unread/", bearer(token)).status for token in good} == {200}


def test_damaged_claims_are_true_or_refused(fuzzed):
    rng, user, accepted = random.Random(f"{SEED} claims"), fuzzed.user(), 0
    print(f"seed {SEED}, {COUNT} claims")
    for _ in range(COUNT // 2):
        texts = [json.dumps({"alg": rng.choice(["HS256", "HS384", "HS512"]), "typ": "JWT"}), json.dumps(claims(user))]
        which = rng.randrange(2)
        texts[which] = damaged(rng, texts[which], PIECES)
        answer = fuzzed.anonymous().get("unread/", bearer(signed(*texts)))
        assert answer.status in (200, 401), (texts, answer.body)
        if answer.status == 200:
            accepted += 1
            assert answer.json()["id"] == user.id, texts
            assert is_true(user, *texts), texts
    assert accepted > 0, "some damage means nothing"
    assert fuzzed.process.poll() is None
