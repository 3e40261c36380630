# SPDX-License-Identifier: MIT
"""Ids, cursors and tokens of nonsense: too large, of random bytes, nearly right."""

import base64
import json
import random
import urllib.parse

import pytest

from clients import Client
from routes import ROUTES, check_error
from hostile_client import get

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]

NO_USER = "No User matches the given query."
NO_MESSAGE = "Message not found or not authorized."


# ---- ids


IDS = ["9" * 40, "1" + "0" * 40, str(2**63 - 1), str(2**63), str(2**64 - 1), str(2**64), "9" * 4000]


@pytest.mark.parametrize("number", IDS, ids=lambda text: text[:24])
def test_large_ids_are_those_of_nobody(target, number):
    alice = target.alice
    check_error(alice.get(f"conversations/{number}/"), 404, NO_USER)
    check_error(alice.post(f"conversations/{number}/", {"content": "x"}), 404, NO_USER)
    check_error(alice.post(f"send/{number}/", {"content": "x"}), 404, NO_USER)
    check_error(alice.delete(f"messages/{number}/"), 404, NO_MESSAGE)
    for route in ROUTES:
        assert alice.options(route.path(number, number)).status == 200


@pytest.mark.parametrize("extra", [0, 2**32, 2**64, 10**30 * 2**64])
def test_ids_do_not_wrap_around(target, extra):
    """An id that is bob's but for what 32 or 64 bits cut off is not bob's."""
    number = target.bob.id + extra
    assert target.alice.get(f"conversations/{number}/").status == (200 if extra == 0 else 404)


@pytest.mark.parametrize(
    "number", ["-1", "+1", "1.0", "0x1", "1e0", " 1", "1_0", "\u0661", "\uff11", "1;", "1'--", "*", "%31%2F"]
)
def test_ids_that_are_no_digits_are_no_paths(target, number):
    path = urllib.parse.quote(number, safe="%")
    for one in ("conversations", "send", "messages"):
        check_error(target.alice.get(f"{one}/{path}/"), 404, "Not found.")


def test_id_in_escapes_is_the_id(target):
    """As for every server, `%31` is `1` in a path."""
    escaped = "".join(f"%{ord(digit):x}" for digit in str(target.bob.id))
    assert target.alice.get(f"conversations/{escaped}/").status == 200


def test_zeros_before_an_id_change_nothing(target):
    assert target.alice.get(f"conversations/{'0' * 4000}{target.bob.id}/").status == 200
    check_error(target.alice.get("conversations/" + "0" * 4000 + "/"), 404, NO_USER)


# ---- cursors


@pytest.fixture(scope="module")
def listed(target):
    """A user with three pages of messages with bob and three of partners, and valid cursors of both lists."""
    user, *partners = target.users(121)
    target.insert_messages(
        [
            (target.bob, user, f"2025-01-01 00:{n // 60:02}:{n % 60:02}", "2025-01-02 00:00:00", f"m{n}")
            for n in range(120)
        ]
        + [(user, partner, "2025-01-01 00:00:00") for partner in partners]
    )
    found = {}
    for path in (f"conversations/{target.bob.id}/", "conversations/"):
        found[path] = []
        page = user.page(path)
        while page["next"]:
            found[path].append(cursor_of(page["next"]))
            page = user.page(path + "?" + urllib.parse.urlsplit(page["next"]).query)
            found[path].append(cursor_of(page["previous"]))
    return user, found


def cursor_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["cursor"][0].encode()


def try_cursors(server, user, path, cursors):
    """Asks for a page with each cursor over one connection; it is a page, or refused as the contract says."""
    with server.raw() as raw:
        for cursor in cursors:
            raw.send(
                get(
                    user, user.server.path(path).encode() + b"?cursor=" + urllib.parse.quote_from_bytes(cursor).encode()
                )
            )
            answer = raw.response()
            assert answer is not None, f"hung up on {cursor!r}"
            if answer.status == 404:
                assert answer.json() == {"detail": "Invalid cursor"}, cursor
            else:
                assert answer.status == 200, (cursor, answer)
                page = answer.json()
                assert list(page) == ["next", "previous", "results"] and len(page["results"]) <= 50, cursor


@pytest.mark.parametrize("which", [0, 1], ids=["messages", "partners"])
def test_cursors_of_random_bytes(target, listed, which):
    user, found = listed
    rng = random.Random(20250606)
    plain = [rng.randbytes(rng.randrange(1, 120)) for _ in range(250)]
    encoded = [base64.b64encode(rng.randbytes(rng.randrange(1, 90))) for _ in range(250)]
    try_cursors(target, user, list(found)[which], plain + encoded)


@pytest.mark.parametrize("which", [0, 1], ids=["messages", "partners"])
def test_valid_cursors_with_errors(target, listed, which):
    user, found = listed
    path = list(found)[which]
    rng = random.Random(19700101)
    cursors = []
    for _ in range(500):
        cursor = rng.choice(found[path])
        inside = rng.random() < 0.7
        text = bytearray(base64.b64decode(cursor) if inside else cursor)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text))
            text[at : at + rng.randrange(3)] = rng.choice(
                [b"", b"0", b"9", b"-", b"&", b"=", b"%", b":", rng.randbytes(1)]
            )
            text = text or bytearray(b"p")
        cursors.append(base64.b64encode(text) if inside else bytes(text))
    try_cursors(target, user, path, cursors)


NUMBERS = [
    "",
    "0",
    "1",
    "-1",
    "50",
    "1000",
    "1001",
    str(2**31),
    str(2**63 - 1),
    str(2**63),
    str(-(2**63)),
    "9" * 40,
    "x",
    "1.5",
    " 1",
]
TIMES = [
    "0001-01-01 00:00:00+00:00",
    "0001-01-01 00:00:00+23:59",
    "0000-00-00 00:00:00+00:00",
    "9999-12-31 23:59:59.999999+00:00",
    "9999-12-31 23:59:59.999999-23:59",
    "10000-01-01 00:00:00+00:00",
    "2025-02-30 00:00:00+00:00",
    "2024-02-29 00:00:00+00:00",
    "2025-01-01 24:00:00+00:00",
    "2025-01-01 23:59:60+00:00",
    "2025-01-01",
    "2025-01-01 00:00:00+99:99",
    "2025-01-01 00:00:00." + "9" * 100,
    "-2025-01-01 00:00:00+00:00",
    "2025-01-01T00:00:00Z",
    "now",
    "'; DROP TABLE auth_user; --",
]


@pytest.mark.parametrize("which", [0, 1], ids=["messages", "partners"])
def test_cursors_with_values_at_their_limits(target, listed, which):
    user, found = listed
    queries = [{"o": a, "p": b, "i": c} for a in NUMBERS for b in NUMBERS[:9] + TIMES[:4] for c in ("1", "9" * 40)]
    queries += [
        {"p": time, **more}
        for time in TIMES
        for more in ({}, {"r": "1"}, {"o": "1000"}, {"i": "1"}, {"r": "1", "i": "0"})
    ]
    queries += (
        [{"r": number} for number in NUMBERS]
        + [{"i": number} for number in NUMBERS]
        + [{"r": "1", "o": n} for n in NUMBERS]
    )
    texts = [urllib.parse.urlencode(query).encode() for query in queries]
    texts += [
        b"",
        b"&" * 1000,
        b"=",
        b"p",
        b"p=1&p=2",
        b"o=1&o=-1",
        b"p=%",
        b"p=%zz",
        b"p=%00",
        b"p=" + b"1" * 9000,
        b"o=1;p=2",
    ]
    try_cursors(target, user, list(found)[which], [base64.b64encode(text) for text in texts])


def test_refused_cursor_marks_nothing_as_read(target):
    one, two = target.users(2)
    one.send(two)
    for cursor in ("x", "%FF", "bz0tMQ==", base64.b64encode(b"p=nonsense").decode()):
        check_error(two.get(f"conversations/{one.id}/?cursor={urllib.parse.quote(cursor)}"), 404, "Invalid cursor")
    assert two.unread() == 1


# ---- tokens


@pytest.mark.parametrize(
    "credentials",
    [
        b"Token " + b"a" * 5000,
        b"Token " + b"0" * 39,
        b"Token " + b"0" * 41,
        b"Token ' OR 1=1",
        b"Token %",
        b"Token *",
        b"Token\t" + b"0" * 40,
        b"Token " * 1000,
        b"Basic " + b"A" * 1000,
        b"\xff\xfe",
        b"Token \xc3\xa9",
        b",",
        b"\x01",
    ],
)
def test_strange_credentials_are_refused(target, credentials):
    answer = target.exchange(get(Client(target), "unread/", b"Authorization: " + credentials))
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Token", answer
    assert json.loads(answer.body)["detail"]
