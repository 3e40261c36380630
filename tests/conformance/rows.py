# SPDX-License-Identifier: MIT
"""The contract row by row: requests written by hand, with the status that the contract gives for ours."""

import base64
import urllib.parse

from conformance import content, sending
from conformance.sides import Request

BIG = "99999999999999999999"
PATHS = ["unread/", "conversations/", "conversations/unread/", "conversations/2/", "messages/999999/", "send/2/"]
ROWS_OF_OURS_ALONE = {
    "body larger than the limit: 413": "the reference has no such limit; tests/test_limits.py",
    "the store can't be reached or is busy past its time limit: 503": "tests/test_storage_*.py",
    "anything unexpected: 500": "nothing is known that brings it about; tests/test_failures.py",
    "content longer than the configured limit": "the reference has no such limit; tests/test_rules.py",
    "Cache-Control: private, no-cache": "the reference sends none; tests/test_headers.py",
    "`i=` and exactness under concurrent inserts": "tests/test_cursor_changes.py",
    "signals": "not visible over HTTP; tests/unit/test_library_signals.c",
    "the database": "tests/test_django.py",
}


def get(path, user=1, **headers):
    return ask("GET", path, user, **headers)


def ask(method, path, user=1, body=None, theirs=None, tag="", **headers):
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(method, path, user, pairs, body, theirs, tag)


def send(body, path="send/2/", user=1, media=sending.JSON):
    data = body if isinstance(body, bytes) else body.encode()
    return Request("POST", path, user, [("Content-Type", media)], data)


def number(text):
    return send('{"content":%s}' % text)


def part(value, head='name="content"', boundary="XX"):
    return b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n--%s--\r\n" % (
        *(text.encode() for text in (boundary, head)),
        value,
        boundary.encode(),
    )


def multipart(body):
    return send(body, media="multipart/form-data; boundary=XX")


def cursor(text):
    return "?cursor=" + urllib.parse.quote(base64.b64encode(text.encode()).decode())


# fmt: off
COMMON = [
    ("bodies are compact JSON, with U+2028 and U+2029 escaped", [
        (send('{"content":"\\u2028\\u2029 \\" \\\\ / \\b\\f\\n\\r\\t\\u0001\\u001f\\u007f \u00e4\U0001f600"}'), 201),
        (get("conversations/2/"), 200)]),
    ("every response carries Allow", [
        *((ask("PATCH", path), 405) for path in PATHS), (get("unread/", None), 401)]),
    ("order of checks", [
        (get("nowhere/", None, Accept="text/html"), 404),
        (get("unread/", None, Accept="text/html"), 406),
        (ask("PUT", "unread/", None), 401),
        (ask("PUT", "send/999999/"), 405),
        (send("{", "send/999999/", media="text/plain"), 404),
        (send("{", media="text/plain"), 415),
        (send("{", "send/1/"), 400),
        (send("{}", "send/1/"), 400),
        (send("{}", "send/134/", content.OUTSIDERS[1]), 400)]),
    ("unknown path: 404", [
        (get("nowhere/"), 404), (get(""), 404), (get("/api/"), 404), (ask("POST", "send/2/x/"), 404)]),
    ("`<id>` is not `[0-9]+`: 404", [
        (get("conversations/x/"), 404), (get("conversations/-1/"), 404), (send("{}", "send/1.0/"), 404),
        (ask("DELETE", "messages/x/"), 404)]),
    ("`<id>` beyond 64 bits: 404", [
        (get(f"conversations/{BIG}/"), 404), (send("{}", f"send/{BIG}/"), 404),
        (send("{}", f"conversations/{BIG}/"), 404), (ask("DELETE", f"messages/{BIG}/"), 404),
        (ask("DELETE", f"messages/{2**63}/"), 404)]),
    ("no trailing slash: 301 and 308", [
        (get("unread"), 301), (get("conversations/2?x=%20&y"), 301), (ask("HEAD", "unread", None), 301),
        (send('{"content":"x"}', "send/2"), 308), (ask("DELETE", "messages/1?a=b"), 308), (get("nowhere"), 404)]),
    ("no credentials, another scheme: 401", [
        (get("unread/", None), 401), (get("unread/", None, Authorization="Basic eDp4"), 401),
        (get("unread/", None, Authorization=""), 401)]),
    ("Authorization: Token alone, with spaces, not ASCII, unknown, inactive", [
        *((get("unread/", None, Authorization=value), 401) for value in (
            "Token", "Token ", "Token a b", b"Token \xc3\xa4", "Token x",
            "Token " + content.User(content.INACTIVE).token))]),
    ("the scheme word is case-insensitive", [
        (get("unread/", None, Authorization="tOKEN " + content.User(1).token), 200)]),
    ("method not offered: 405", [
        *((ask(method, path), 405) for method, path in (
            ("PUT", "unread/"), ("POST", "unread/"), ("DELETE", "conversations/"), ("HEAD", "send/2/"),
            ("GET", "send/2/"), ("POST", "messages/1/"), ("PUT", "messages/1/"), ("FOO", "conversations/2/"),
            ("TRACE", "unread/")))]),
    ("Accept that excludes application/json: 406", [
        (get("unread/", Accept="text/html"), 406), (get("unread/", Accept="text/*, application/xml"), 406),
        (send('{"content":"x"}'), 201), (get("unread/", Accept="text/html, */*;q=0.1"), 200),
        (get("unread/", Accept="application/json; indent=4"), 200)]),
    ("?format= other than json: 404", [
        (get("unread/?format=xml"), 404), (get("unread/?format=json"), 200), (get("unread/?format="), 200)]),
    ("body in another media type, or without one: 415", [
        (send('{"content":"x"}', media="text/plain"), 415), (ask("POST", "send/2/", body=b"x"), 415),
        (send("x", media="multipart/mixed; boundary=X"), 415)]),
    ("malformed JSON: 400", [(send(text), 400) for text in ("{", '{"content":"x"', "x", '{"content":"\\x"}', "{,}")]),
    ("JSON body that is not an object: 400", [
        (send(text), 400) for text in ("[]", "[1]", '"x"', '""', "1", "0", "1.5", "true", "false", "null")]),
    ("HEAD answers as GET without a body", [(ask("HEAD", path), 200) for path in PATHS[:3]]),
    ("HEAD has no side effect", [
        (send('{"content":"x"}', "send/5/", 4), 201), (ask("HEAD", "conversations/4/", 5), 200),
        (get("unread/", 5), 200)]),
    ("OPTIONS answers with DRF's metadata", [
        *((ask("OPTIONS", path), 200) for path in PATHS), (ask("OPTIONS", "conversations/999999/"), 200),
        (ask("OPTIONS", "send/999999/"), 200), (ask("OPTIONS", "unread/", None), 401)]),
    ("ids in paths may have leading zeros", [
        (get("conversations/0002/"), 200), (send('{"content":"x"}', "send/002/"), 201)]),
    ("an empty body counts as an empty object", [
        (ask("POST", "send/2/"), 400), (send(""), 400), (send("", media="text/plain"), 400),
        (send("", media=sending.FORM), 400)]),
    ("of a key or field given twice, the last one counts", [
        (send('{"content":"a","content":"b"}'), 201), (send('{"content":"a","content":""}'), 400),
        (send("content=a&content=b", media=sending.FORM), 201)]),
]

READING = [
    ("GET unread/", [(get("unread/"), 200), (get("unread/", content.ALONE), 200)]),
    ("GET conversations/, highest id first, 50 a page", [
        (get("conversations/"), 200), (get("conversations/", content.ALONE), 200), (get("conversations/", 3), 200)]),
    ("a partner is listed while a message is visible to the caller", [
        (send('{"content":"x"}', f"send/{content.ALONE}/", 4), 201), (get("conversations/", content.ALONE), 200)]),
    ("GET conversations/unread/", [
        (get("conversations/unread/"), 200), (get("conversations/unread/", 3), 200),
        (get("conversations/unread/", 120), 200)]),
    ("GET conversations/<id>/, newest first, 50 a page; unread messages are marked on every page", [
        (get("conversations/3/", 2), 200), (get("unread/", 2), 200), (get("conversations/2/", 3), 200),
        (get("conversations/3/", 2), 200)]),
    ("unknown user: 404; one's own id: 200 with an empty page", [
        (get("conversations/999999/"), 404), (get("conversations/1/"), 200), (get("conversations/1/?cursor=x"), 404)]),
]

SENDING = [
    ("POST conversations/<id>/: 201 with the whole conversation", [
        (send('{"content":"x"}', "conversations/3/", 2), 201), (send('{"content":"x"}', "conversations/132/", 5), 201),
        (send("content=x", "conversations/5/", 6, sending.FORM), 201)]),
    ("POST conversations/<id>/: the errors are those of send/", [
        (send('{"content":"x"}', "conversations/1/"), 400), (send("{}", "conversations/3/"), 400),
        (send('{"content":"x"}', "conversations/999999/"), 404), (send("[]", "conversations/3/"), 400),
        (send('{"content":"x"}', "conversations/134/", content.OUTSIDERS[1]), 400)]),
    ("POST send/<id>/ in three formats; unknown fields are ignored", [
        (send('{"content":"Hi","x":{"content":[1]}}'), 201),
        (send("x=1&content=a+b%26%C3%A4", media=sending.FORM), 201),
        (multipart(part(b"a\r\nb")), 201)]),
    ("unknown recipient: 404", [
        (send('{"content":"x"}', "send/999999/"), 404), (send('{"content":"x"}', "send/0/"), 404)]),
    ('`content` missing, `""`, `null`, `false`, `0`, `[]` or `{}`: 400', [
        *((number(text), 400) for text in ('""', "null", "false", "0", "0.0", "-0", "[]", "{}")), (send("{}"), 400),
        (send("content=", media=sending.FORM), 400), (multipart(part(b"")), 400),
        (multipart(part(b"x", 'name="y"')), 400)]),
    ("`content` a number: stored as Python's str gives it", [
        (number(text), 201) for text in sending.NUMBERS if float(text)]),
    ("a number beyond 64 bits or a double's range: 400", [(number(text), 400) for text in sending.BIG_NUMBERS]),
    ("`content` `true`, an array or an object: 400", [
        (number(text), 400) for text in ("true", "[1]", '["a"]', '{"a":null}')]),
    ("lone surrogate, bytes that are not UTF-8, a byte order mark, NaN or Infinity: 400", [
        *((send(body), 400) for body in (
            '{"content":"\\ud800"}', b'{"content":"\xff"}', b'\xef\xbb\xbf{"content":"x"}', '{"content":NaN}',
            '{"content":-Infinity}'))]),
    ("bytes that are not UTF-8 in a form: 400", [
        (send("content=%ff", media=sending.FORM), 400), (multipart(part(b"a\xffb")), 400)]),
    ("to oneself; forbidden by the allowed recipients: 400", [
        (send('{"content":"x"}', "send/1/"), 400),
        (send('{"content":"x"}', f"send/{content.OUTSIDERS[0]}/", content.OUTSIDERS[1]), 400),
        (send('{"content":"x"}', f"send/{content.OUTSIDERS[0]}/"), 201),
        (send('{"content":"x"}', "send/1/", content.OUTSIDERS[0]), 201)]),
    ("white space is content", [(send('{"content":" "}'), 201), (send("content=%20%0A", media=sending.FORM), 201)]),
]

DELETING = [
    ("DELETE messages/<id>/: 204, again too, hidden for the caller alone", [
        (ask("DELETE", "messages/1/"), 204), (ask("DELETE", "messages/1/"), 204), (get("conversations/9/"), 200),
        (get("conversations/1/", 9), 200), (get("conversations/", 9), 200), (get("conversations/"), 200)]),
    ("a message that does not exist or is somebody else's: 404", [
        (ask("DELETE", "messages/999999/"), 404), (ask("DELETE", "messages/2/", 7), 404),
        (ask("DELETE", "messages/0/"), 404)]),
]

AT = "2025-01-01 00:04:00+00:00"
PAGING = [
    ("a cursor of the reference is honoured", [
        (get("conversations/3/" + cursor(urllib.parse.urlencode({"p": AT})), 2), 200),
        (get("conversations/3/" + cursor(urllib.parse.urlencode({"r": 1, "p": AT})), 2), 200),
        (get("conversations/3/" + cursor("o=3"), 2), 200), (get("conversations/" + cursor("p=60")), 200),
        (get("conversations/" + cursor("r=1&p=60")), 200), (get("conversations/" + cursor("o=2&p=90")), 200),
        (get("conversations/" + cursor("o=2000&p=90")), 200)]),
    ("the links keep other parameters", [
        (get("conversations/3/?z=1&a=%C3%A4+&cursor=" + cursor("p=" + urllib.parse.quote(AT))[8:], 2), 200),
        (get("conversations/?x=&y=1&y=2"), 200)]),
    ("an empty cursor= is the first page", [
        (get("conversations/?cursor="), 200), (get("conversations/3/?cursor=", 2), 200)]),
    ("a cursor that can't be decoded, a negative offset: 404", [
        *((get(f"conversations/{kind}?cursor={value}"), 404) for kind in ("", "2/")
          for value in ("x", "%C3%A4", "/w==")),
        (get("conversations/" + cursor("o=-1&p=5")), 404)]),
    ("a position that is no time or id: 404", [
        (get("conversations/" + cursor("p=x")), 404), (get("conversations/2/" + cursor("p=x")), 404)]),
    ("a request that is refused changes nothing", [
        (send('{"content":"x"}', "send/5/", 4), 201), (get("conversations/4/?cursor=x", 5), 404),
        (get("unread/", 5), 200)]),
]

LAST = [
    ("U+0000 in content: 400", [
        (send('{"content":"a\\u0000b"}'), 400), (send("content=a%00b", media=sending.FORM), 400),
        (multipart(part(b"a\0b")), 400)]),
]
# fmt: on
SECTIONS = [COMMON, READING, SENDING, DELETING, PAGING, LAST]
MARKED = {"HEAD has no side effect": "after HEAD:4", "a request that is refused changes nothing": "after refusal:4"}


def run(runner):
    """All of them; returns the number of rows."""
    done = 0
    for row, requests in (row for section in SECTIONS for row in section):
        for request, status in requests:
            if row in MARKED and request.path == "unread/":
                request.tag = MARKED[row]
            exchange = runner.ask(request, same=bool(request.tag))
            if exchange.ours.status != status:
                runner.fail(exchange, f"  the contract's row '{row}' says {status}")
            if request.tag:
                runner.ask(get("conversations/4/", 5), same=True)
        done += 1
    ties(runner)
    return done + 1


def ties(runner):
    """More messages of one time than DRF counts: ours end and show each once, the reference's do not."""
    user, other = content.TIED
    path, seen = f"conversations/{other}/", {"ours": [], "theirs": []}
    links = {"ours": "", "theirs": ""}
    for _ in range(content.TIES // 50 + 3):
        request = ask("GET", path + (links["ours"] or ""), user, theirs=path + (links["theirs"] or ""), tag="ties")
        exchange = runner.ask(request)
        for side in links:
            if links[side] is not None:
                page = exchange.json(side)
                seen[side] += [message["id"] for message in page["results"]]
                links[side] = page["next"] and "?" + page["next"].partition("?")[2]
    everything = [m.id for m in reversed(runner.model.between(user, other))]
    if seen["ours"] != everything or links["ours"] is not None:
        runner.fail(exchange, "  our pages of messages of one time do not show each once, newest first")
    if links["theirs"] is None and sorted(seen["theirs"]) == sorted(everything):
        runner.fail(exchange, "  the reference is exact with ties: the contract's departure is none")


