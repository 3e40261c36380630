# SPDX-License-Identifier: MIT
"""Beside djangorestframework-simplejwt: its tokens are good here, and the bodies of its errors are ours to the byte."""

import pytest

import jwts
import reference_project
import simplejwt
from jwts import Secret, bearer, claims, encode

WHY_NOT = reference_project.why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), pytest.mark.sqlite]
ONLY_JWT = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_JWT_CLAIM": "user_id", "DIRECTMESSAGES_TOKENS": 0}


def headers(user, inactive):
    """What both are asked; each by its name."""
    key, times = Secret(), {"long ago": lambda now: now - 3600, "a second too late": lambda now: now - 31}
    made = {f"expired {name}": claims(user, exp=exp) for name, exp in times.items()}
    made |= {
        "good": claims(user),
        "an id that is a number": claims(user, user_id=user.id),
        "within the leeway": claims(user, exp=lambda now: now - 10, nbf=lambda now: now + 10),
        "no exp": claims(user, exp=None),
        "not yet": claims(user, nbf=lambda now: now + 60),
        "issued in the future": claims(user, iat=lambda now: now + 60),
        "expired, and a refresh token": claims(user, exp=0, token_type="refresh"),
        "a refresh token": claims(user, token_type="refresh"),
        "a refresh token of nobody": claims(user, token_type="refresh", user_id=None),
        "no user": claims(user, user_id=None),
        "an unknown user": claims(user, user_id="999999"),
        "a user who is not active": claims(inactive),
        "no JSON": "no JSON",
        "a list": [1],
    }
    found = {name: f"Bearer {encode(key, payload)}" for name, payload in made.items()}
    good = encode(key, claims(user))
    return found | {
        "none": f"Bearer {encode(key, claims(user), alg='none')}",
        "another secret": f"Bearer {encode(Secret('another secret of 32 characters!'), claims(user))}",
        "a changed signature": f"Bearer {good[:-4]}AAAA",
        "no JWT": "Bearer x",
        "two parts": f"Bearer {good.rpartition('.')[0]}",
        "crit": f"Bearer {encode(key, claims(user), crit=['x'])}",
        "alone": "Bearer",
        "three words": "Bearer a b",
        "another scheme": "Basic YTpi",
        "nothing": "",
    }


def test_errors_are_simplejwts_to_the_byte(make_server):
    server = make_server(env=ONLY_JWT)
    user, inactive = server.user(), server.user(active=False)
    asked = headers(user, inactive)
    theirs, _ = simplejwt.ask(jwts.SECRET, [(user.id, True), (inactive.id, False)], asked.values())
    for name, answer in zip(asked, theirs, strict=True):
        ours = server.anonymous().get("unread/", {"Authorization": asked[name]})
        assert ours.status == answer[0], name
        if ours.status == 401:
            assert (ours.text, ours.headers["WWW-Authenticate"]) == answer[1:], name
        else:
            assert ours.json()["id"] == user.id, name


def test_their_tokens_are_good_here(make_server, keys, tmp_path):
    path = tmp_path / "public.pem"
    path.write_text(keys.rsa.public_pem)
    server = make_server(env={**ONLY_JWT, "DIRECTMESSAGES_JWT_KEY_FILE": path, "DIRECTMESSAGES_JWT_AUDIENCE": "messages"})
    user = server.user()
    of_rsa = {"ALGORITHM": "RS256", "SIGNING_KEY": keys.rsa.private.read_text(), "VERIFYING_KEY": keys.rsa.public_pem}
    for settings in ({}, {"ALGORITHM": "HS512"}, of_rsa):
        _, tokens = simplejwt.ask(jwts.SECRET, [(user.id, True)], AUDIENCE="messages", **settings)
        assert server.anonymous().get("unread/", bearer(tokens["access"])).json()["id"] == user.id
        answer = server.anonymous().get("unread/", bearer(tokens["refresh"]))
        assert (answer.status, answer.json()["messages"][0]["message"]) == (401, "Token has wrong type")
