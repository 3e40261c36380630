# SPDX-License-Identifier: MIT
"""Random requests that have something wrong with them."""

import base64
import urllib.parse

from conformance import content, sending
from conformance.sides import Request

PATHS = ["unread/", "conversations/", "conversations/unread/", "conversations/{id}/", "messages/{id}/", "send/{id}/"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "PROPFIND"]
UNKNOWN_PATHS = [
    "",
    "nowhere/",
    "unread/x/",
    "send/",
    "messages/",
    "conversations/2/3/",
    "Unread/",
    "send//",
    "unread//",
]
IDS = ["0", "00", "-1", "+1", "1.0", "x", "1x", "%31", "999999", "0002", "\u0661", "9223372036854775807"]
IDS += ["9223372036854775808", "99999999999999999999999999", "1%20", "%2e"]
ACCEPTS = [
    "text/html",
    "*/*",
    "application/*",
    "text/*",
    "application/json;q=0",
    "application/xml, */*;q=0.1",
    "",
    ",",
    "*",
]
ACCEPTS += ["APPLICATION/JSON", "application/json; charset=utf-8", "application/json;indent=2", "text/html, text/plain"]
ACCEPTS += [
    "application/jsonx",
    "application/json/x",
    "json",
    "*/json",
    "application/json ; q=0.5",
    "text/html;level=1",
]
FORMATS = ["format=json", "format=xml", "format=api", "format=", "format=JSON", "format=json&format=xml", "format"]
KEYS = [
    "Token",
    "Token ",
    "Token  ",
    "Token a b",
    "Token x",
    "Basic eDp4",
    "Bearer x",
    "",
    "token",
    "TOKEN x",
    "Tok\u00e9n x",
]
MEDIA = [
    "text/plain",
    "application/xml",
    "",
    "garbage",
    "text/json",
    "application/jsonx",
    "multipart/mixed; boundary=X",
]
MEDIA += [
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "application/vnd.api+json",
    "text/plain; charset=utf-8",
]
CURSORS = [
    "p=abc",
    "p=",
    "o=-1&p=2025-01-01+00%3A00%3A00%2B00%3A00",
    "o=x",
    "r=1",
    "r=0",
    "r=2",
    "o=3",
    "o=5000",
    "x=1",
    "",
]
CURSORS += [
    "p=2025-01-01",
    "p=2025-01-01+10%3A00",
    "p=2025-02-30+00%3A00%3A00%2B00%3A00",
    "p=1.5",
    "p=-5",
    "p=7",
    "r=1&p=7",
]
CURSORS += [
    "p=2025-01-01+00%3A00%3A30",
    "p=2025-01-01T00%3A00%3A30Z",
    "p=2025-01-01+02%3A00%3A30%2B02%3A00",
    "o=1&o=2",
    "o=+1",
]
CURSORS += ["p=99999999999999999999", "p=%00", "p=%ff", "&&", "p=1&p=2", "r=1&r=", "o=1.5", "o=", "o= 2", "p= 7 "]
NO_JSON = [
    "",
    "{",
    "[1]",
    '"x"',
    "1",
    "null",
    "true",
    "1.5",
    "[]",
    '""',
    "0",
    "{}",
    "{'content':'x'}",
    '{"content":"x",}',
]
NO_JSON += [
    '{"content":}',
    '{"content" "x"}',
    '{content:"x"}',
    '{"content":"x"} x',
    '{"content":"x"}{"content":"y"}',
    "nul",
]
NO_JSON += [
    '{"content":"\\x"}',
    '{"content":"\\u12"}',
    '{"content":"a\nb"}',
    '{"content":01}',
    '{"content":1.}',
    "// x",
]
NO_JSON += ['{"content":.5}', '{"content":+1}', '{"content":NaN}', '{"content":Infinity}', '{"content":-Infinity}']
NO_JSON += [
    '{"content":"\\ud800"}',
    '{"content":"\\udc00x"}',
    '{"content":"\\ud83d\\ude00"}',
    '\ufeff{"content":"x"}',
    "{1:2}",
]


def cursor(random):
    """A cursor parameter's value, quoted."""
    kind = random.random()
    if kind < 0.75:
        encoded = base64.b64encode(random.choice(CURSORS).encode()).decode()
    elif kind < 0.9:
        encoded = random.choice(
            ["x", "====", "cD0x", "cD0", "!!!!", "\u00e4", " ", "cD 0x", "cD0x\n", "b z 0", "AAAA", "/w=="]
        )
    else:
        encoded = base64.b64encode(random.randbytes(random.randrange(1, 12))).decode()
    return urllib.parse.quote(encoded)


def request(random, user, other):
    kinds = [
        path,
        identity,
        method,
        accept,
        query,
        key,
        media,
        malformed,
        mangled,
        redirected,
        options,
        partners_cursor,
        form,
    ]
    return random.choice(kinds)(random, user, other)


def _any(random, other):
    """The path of an endpoint; messages are those that nobody has."""
    return random.choice(PATHS[:4] + PATHS[5:]).format(id=other)


def path(random, user, other):
    return Request(random.choice(METHODS[:4]), random.choice(UNKNOWN_PATHS), random.choice([user, None]))


def identity(random, user, other):
    chosen = urllib.parse.quote(random.choice(IDS), safe="%+")
    kind, verb = random.choice(
        [("conversations", "GET"), ("conversations", "OPTIONS"), ("messages", "DELETE"), ("send", "POST")]
    )
    if kind == "messages" and chosen.isdigit() and int(chosen) == 2:
        chosen = "0"
    return Request(
        verb, f"{kind}/{chosen}/", user, [("Content-Type", "application/json")], b"{}" if verb == "POST" else None
    )


def method(random, user, other):
    """Methods that no endpoint offers, or not that one."""
    target = random.choice(
        ["unread/", "conversations/", "conversations/unread/", f"send/{other}/", f"conversations/{other}/"]
    )
    verbs = METHODS[3:] if target.startswith("send") or target == f"conversations/{other}/" else METHODS[2:]
    if target == f"conversations/{other}/":  # ours has it
        verbs = [verb for verb in verbs if verb != "DELETE"]
    return Request(random.choice([verb for verb in verbs]), target, random.choice([user, user, None]))


def accept(random, user, other):
    target = random.choice(["unread/", "conversations/unread/", "nowhere/"])
    return Request(random.choice(["GET", "HEAD", "OPTIONS"]), target, user, [("Accept", random.choice(ACCEPTS))])


def query(random, user, other):
    chosen = random.choice(FORMATS)
    return Request(
        "GET", f"{random.choice(['unread/', 'conversations/unread/'])}?{chosen}", random.choice([user, None])
    )


def key(random, user, other):
    given = random.choice(
        KEYS + ["Token " + content.User(content.INACTIVE).token, "toKEN  " + content.User(user).token]
    )
    if random.random() < 0.1:
        given = b"Token \xff"
    return Request("GET", "unread/", None, [("Authorization", given)])


def media(random, user, other):
    kind = random.choice(["send", "conversations"])
    headers = [("Content-Type", random.choice(MEDIA))] if random.random() < 0.9 else []
    written = random.choice([b'{"content":"x"}', b"content=x", b""])
    return Request("POST", f"{kind}/{random.choice([other, 999999])}/", user, headers, written)


def malformed(random, user, other):
    written = random.choice(NO_JSON).encode()
    if random.random() < 0.1:
        written = (
            b'{"content":"'
            + random.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"])
            + b'"}'
        )
    return Request(
        "POST", f"send/{random.choice([other, other, user])}/", user, [("Content-Type", sending.JSON)], written
    )


def mangled(random, user, other):
    """A good JSON body with a byte of ASCII put in, taken out, or replaced."""
    headers, written = sending.json_body(random)
    at, put = random.randrange(len(written)), bytes([random.randrange(1, 127)])
    written = random.choice(
        [written[:at] + put + written[at:], written[:at] + written[at + 1 :], written[:at] + put + written[at + 1 :]]
    )
    return Request("POST", f"send/{other}/", user, headers, written)


def form(random, user, other):
    """Forms that are odd."""
    odd = [
        b"content",
        b"content=",
        b"=x",
        b"&&content=x&",
        b"content=%zz",
        b"content=%",
        b"content=a;b=c",
        b"content=%ff%fe",
    ]
    odd += [
        b"content=\xe4",
        b"content=a%C3",
        b"content==x",
        b"content=a=b",
        b"con%74ent=x",
        b"content[]=x",
        b" content=x",
    ]
    return Request("POST", f"send/{other}/", user, [("Content-Type", sending.FORM)], random.choice(odd))


def redirected(random, user, other):
    target = _any(random, other).removesuffix("/") + random.choice(["", "?x=1&y=%20", "?format=xml"])
    return Request(
        random.choice(["GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS"]), target, random.choice([user, None])
    )


def options(random, user, other):
    target = random.choice(PATHS).format(id=random.choice([other, 999999]))
    return Request("OPTIONS", target, user)


def partners_cursor(random, user, other):
    return Request("GET", f"conversations/?cursor={cursor(random)}", random.choice([user, content.MANY_PARTNERS]))
