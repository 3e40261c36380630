# SPDX-License-Identifier: MIT
"""POST send/<id>/ and the JSON that it and POST conversations/<id>/ take and refuse."""

import json
import re

import pytest

from routes import check_error, on_each_sending_route
from sending import NOT_A_STRING, REQUIRED, check_nothing_stored, sent_content

pytestmark = pytest.mark.two_servers

PARSE_ERROR = re.compile(r"JSON parse error - .*\S: line (\d+) column (\d+) \(char (\d+)\)")


def test_send_answers_201_with_the_message(server, alice, bob):
    answer = alice.post(f"send/{bob.id}/", {"content": "Hello, world!"})
    assert answer.status == 201
    message = answer.json()
    assert (message["sender"], message["recipient"], message["direction"]) == (alice.id, bob.id, "out")
    assert (message["read_at"], message["content"]) == (None, "Hello, world!")
    row = server.message(message["id"])
    assert (row.sender_id, row.recipient_id, row.content, row.read_at) == (alice.id, bob.id, "Hello, world!", None)
    assert (row.hidden_for_sender, row.hidden_for_recipient) == (None, None)


def test_sent_message_is_there_for_both_and_unread_for_the_recipient(alice, bob):
    message = alice.send(bob, "Hey")
    assert (alice.unread(), bob.unread()) == (0, 1)
    assert alice.conversation(bob)["results"] == [message]
    (seen,) = bob.conversation(alice)["results"]
    assert (seen["id"], seen["direction"], seen["content"]) == (message["id"], "in", "Hey")


def test_ids_and_times_of_messages_increase(alice, bob):
    messages = [alice.send(bob, str(n)) for n in range(20)]
    stamps = [(message["id"], message["sent_at"]) for message in messages]
    assert [n for n, _ in stamps] == sorted({n for n, _ in stamps})
    # A fraction of zero is left out, so compare with it put back.
    times = [time if "." in time else time.replace("Z", ".000000Z") for _, time in stamps]
    assert times == sorted(set(times))


@on_each_sending_route
def test_unknown_recipient_is_404(alice, route):
    check_error(alice.post(route.path(), {"content": "x"}), 404, "No User matches the given query.")


def test_inactive_recipient_gets_messages(server, alice):
    assert alice.send(server.user(active=False))["content"] == "Hello"


@on_each_sending_route
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"content":""}',
        b'{"content":null}',
        b'{"content":false}',
        b'{"content":0}',
        b'{"content":-0}',
        b'{"content":0.0}',
        b'{"content":-0.0}',
        b'{"content":0e5}',
        b'{"content":[]}',
        b'{"content": [ ] }',
        b'{"content":{}}',
        b'{"Content":"x"}',
        b'{"message":"x"}',
        b'{"content":"x","content":""}',
        b"",
    ],
)
def test_content_missing_or_falsy_is_refused(alice, bob, route, body):
    check_error(alice.post(route.path(bob.id), body), 400, REQUIRED)
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "number, text",
    [
        ("123", "123"),
        ("-1", "-1"),
        ("1.50", "1.5"),
        ("1.0", "1.0"),
        ("0.1", "0.1"),
        ("1e5", "100000.0"),
        ("1E+2", "100.0"),
        ("-2.5e-3", "-0.0025"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1e15", "1000000000000000.0"),
        ("1e16", "1e+16"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678.0", "1.2345678901234568e+17"),
        ("123456789.123456789", "123456789.12345679"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e22", "1e+22"),
        ("1e100", "1e+100"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "5e-324"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
    ],
)
def test_number_is_stored_as_pythons_str_gives_it(alice, bob, route, number, text):
    assert str(json.loads(number)) == text
    assert sent_content(alice.post(route.path(bob.id), f'{{"content":{number}}}'.encode())) == text


@on_each_sending_route
@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "9" * 40, "1e309", "-1e400"])
@pytest.mark.short_on("sqlite")
def test_number_out_of_range_is_a_parse_error(alice, bob, route, number):
    answer = alice.post(route.path(bob.id), f'{{"content":{number}}}'.encode())
    assert (answer.status, answer.json()["detail"][:19]) == (400, "JSON parse error - ")
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize("value", ["true", "[1]", '["x"]', "[[]]", '{"a":1}', '{"content":"x"}', "[false]", "[null]"])
@pytest.mark.short_on("sqlite")
def test_content_of_another_type_is_refused(alice, bob, route, value):
    check_error(alice.post(route.path(bob.id), f'{{"content":{value}}}'.encode()), 400, NOT_A_STRING)
    check_nothing_stored(alice, bob)


@pytest.mark.parametrize("key", ["\\u0000", "content\\u0000", "a\\\\\\u0000", '\\"\\u0000'])
def test_a_null_character_in_another_key_is_no_concern(alice, bob, key):
    """Found by schemathesis: jansson knows no such key, Python and with it the reference does."""
    body = '{"%s":{"%s":"\\u0000"},"content":"as it was"}' % (key, key)
    answer = alice.post(f"send/{bob.id}/", body.encode())
    assert (answer.status, answer.json().get("content")) == (201, "as it was"), answer
    check_error(alice.post(f"send/{bob.id}/", body.replace("was", "\\u0000").encode()), 400, "Null characters are not allowed.")


@on_each_sending_route
@pytest.mark.parametrize("content", [" ", "  \t\r\n ", "\n", " x ", "\u00a0", "0", "false", "null", "\ufeff", "\u200b"])
def test_white_space_and_words_are_content_as_they_are(alice, bob, route, content):
    assert sent_content(alice.post(route.path(bob.id), {"content": content})) == content
    assert bob.conversation(alice)["results"][0]["content"] == content


@pytest.mark.parametrize(
    "body, content",
    [
        (b'{"content":"a","content":"b"}', "b"),
        (b'{"content":[1],"content":"b"}', "b"),
        (b'{"\\u0063ontent":"x"}', "x"),
        (b' \t\r\n{ "content" : "x" } \n', "x"),
        (b'{"id":7,"sender":7,"recipient":7,"sent_at":"2020","read_at":"2020","content":"x","y":{"z":[1]}}', "x"),
        (b'{"content":"\\u00e9\\/\\"\\\\\\b\\f\\n\\r\\t"}', '\u00e9/"\\\b\f\n\r\t'),
        (b'{"content":"\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"content":"\xf0\x9f\x98\x80"}', "\U0001f600"),
        (b'{"content":"\xef\xbf\xbf\xf4\x8f\xbf\xbf"}', "\uffff\U0010ffff"),
        (b'{"content":"\xef\xbb\xbfx"}', "\ufeffx"),
        (b'{"content":"\x7f"}', "\x7f"),
    ],
)
def test_json_that_is_taken(server, alice, bob, body, content):
    answer = alice.post(f"send/{bob.id}/", body)
    assert sent_content(answer) == content
    assert server.message(answer.json()["id"]).content == content
    assert answer.json()["sender"] == alice.id


MALFORMED = [
    b"{",
    b"}",
    b"[",
    b"nul",
    b"x",
    b" ",
    b"\n",
    b'"',
    b'{"content":"x"',
    b'{"content":"x',
    b'{"content":x}',
    b'{"content":',
    b'{"content"}',
    b'{"content" "x"}',
    b'{"content":"x",}',
    b'{,"content":"x"}',
    b'{content:"x"}',
    b"{'content':'x'}",
    b'{"content":"a\nb"}',
    b'{"content":"\\x"}',
    b'{"content":"\\u12"}',
    b'{"content":"x"} x',
    b'{"content":"x"}{"content":"y"}',
    b'{"content":01}',
    b'{"content":+1}',
    b'{"content":.5}',
    b'{"content":1.}',
    b'{"content":0x10}',
    b'{"content":1e}',
    b'{"content":-}',
    b'{"content":True}',
    b'{"content":"a"/*b*/}',
    b'\n\n {"content":,}',
    b'{"content":"\xc3\xa9\xc3\xa9",}',
    b"[1",
    b"[1,]",
    b"content=x",
]


@on_each_sending_route
@pytest.mark.parametrize("body", MALFORMED)
@pytest.mark.short_on("sqlite")
def test_malformed_json_is_told_with_its_place(alice, bob, route, body):
    answer = alice.post(route.path(bob.id), body)
    detail = answer.json()["detail"]
    check_error(answer, 400, detail)
    told = PARSE_ERROR.fullmatch(detail)
    assert told, detail
    line, column, char = map(int, told.groups())
    text = body.decode()
    assert 0 <= char <= len(text)
    before = text[:char]
    assert (line, column) == (before.count("\n") + 1, char - (before.rfind("\n") + 1) + 1)
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "body",
    [
        b'{"content":"\\ud800"}',
        b'{"content":"\\udc00"}',
        b'{"content":"\\udc00\\ud800"}',
        b'{"content":"\\ud800x"}',
        b'{"content":"\\ud800\\u0041"}',
        b'{"content":"\\ud800\\ud800"}',
        b'{"content":"\xff"}',
        b'{"content":"\xc3"}',
        b'{"content":"\xc0\x80"}',
        b'{"content":"\xe0\x80\x80"}',
        b'{"content":"\xed\xa0\x80"}',
        b'{"content":"\xf4\x90\x80\x80"}',
        b'{"content":"\xf8\x88\x80\x80\x80"}',
        b'{"content":"\x80"}',
        b'{"\xff":1,"content":"x"}',
        b'\xff{"content":"x"}',
        b'\xef\xbb\xbf{"content":"x"}',
        b'\xff\xfe{\x00"\x00c\x00',
        b'{"content":NaN}',
        b'{"content":Infinity}',
        b'{"content":-Infinity}',
        b'{"x":NaN,"content":"x"}',
        b'{"content":"a\x00b"}',
        b"\x00",
    ],
)
@pytest.mark.short_on("sqlite")
def test_text_that_json_cannot_hold_is_a_parse_error(alice, bob, route, body):
    answer = alice.post(route.path(bob.id), body)
    detail = answer.json()["detail"]
    check_error(answer, 400, detail)
    assert detail.startswith("JSON parse error - ")
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "body, kind",
    [
        (b"[]", "list"),
        (b'[{"content":"x"}]', "list"),
        (b'"content"', "str"),
        (b'""', "str"),
        (b"1", "int"),
        (b"0", "int"),
        (b"-5", "int"),
        (b"1.5", "float"),
        (b"1e2", "float"),
        (b"true", "bool"),
        (b"false", "bool"),
        (b"null", "NoneType"),
        (b" null ", "NoneType"),
    ],
)
@pytest.mark.short_on("sqlite")
def test_json_that_is_no_object_is_named_by_pythons_type(alice, bob, route, body, kind):
    detail = f"Invalid data. Expected a dictionary, but got {kind}."
    check_error(alice.post(route.path(bob.id), body), 400, detail)
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize("size", [1, 1000, 100_000, 2_000_000])
def test_long_content(server, alice, bob, route, size):
    content = "".join(chr(0x61 + n % 26) for n in range(size))
    answer = alice.post(route.path(bob.id), {"content": content})
    assert sent_content(answer) == content
    assert bob.conversation(alice)["results"][0]["content"] == content
