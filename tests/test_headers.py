# SPDX-License-Identifier: MIT
"""What every response has: its headers, and JSON in one exact form."""

import datetime
import re

import pytest

from harness import ROOT
from keyed import is_replayed, new_key
from routes import check_error, compact, on_each_route

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
STORED_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")


def check_always_there(answer):
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.get_all("Cache-Control") == ["private, no-cache"]


@on_each_route
def test_allow_and_the_common_headers_on_success(server, alice, bob, route):
    message = alice.send(bob)
    for method in route.methods:
        body = route.body if method in ("POST", "PUT") else None
        headers = {"Content-Type": "application/json"} if body else {}
        answer = alice.request(method, route.path(bob.id, message["id"]), body, headers)
        assert answer.status in (200, 201, 204), answer
        assert answer.headers.get_all("Allow") == [route.allow]
        check_always_there(answer)
        if method != "HEAD" and answer.status != 204:
            assert answer.headers["Content-Type"] == "application/json"


@on_each_route
def test_allow_and_the_common_headers_on_errors(server, alice, route):
    path = route.path()
    answers = {
        401: server.anonymous().request(route.method, path),
        404: alice.request(route.method, path + "?format=xml"),
        405: alice.request("PATCH", path),
        406: alice.request(route.method, path, headers={"Accept": "text/html"}),
    }
    for status, answer in answers.items():
        assert answer.status == status, answer
        assert answer.headers.get_all("Allow") == [route.allow]
        check_always_there(answer)


@pytest.mark.parametrize("template", ["send/{}/", "conversations/{}/"])
def test_allow_and_the_common_headers_on_errors_of_sending(alice, bob, template):
    path = template.format(bob.id)
    allow = alice.options(path).headers["Allow"]
    answers = {
        400: alice.post(path, {}),
        415: alice.post(path, b"x", "text/plain"),
        404: alice.post(template.format(999_999_999), {"content": "x"}),
    }
    for status, answer in answers.items():
        assert answer.status == status, answer
        assert answer.headers.get_all("Allow") == [allow]
        check_always_there(answer)


@pytest.mark.parametrize("path, status", [("nowhere/", 404), ("/", 404), ("send/abc/", 404), ("unread", 301)])
def test_the_common_headers_outside_of_the_routes(server, path, status):
    answer = server.anonymous().get(path)
    assert answer.status == status
    check_always_there(answer)


def test_the_common_headers_on_308_and_413(make_server):
    server = make_server(env={"DIRECTMESSAGES_MAX_BODY_BYTES": 10})
    redirected = server.anonymous().request("POST", "send/1")
    refused = server.anonymous().post("send/1/", b"x" * 11)
    assert (redirected.status, refused.status) == (308, 413)
    check_always_there(redirected)
    check_always_there(refused)


def test_there_is_room_for_half_as_many_headers_again(make_server):
    """The responses with most headers; one beyond MAX_RESPONSE_HEADERS would end the program."""
    (limit,) = re.findall(r"#define MAX_RESPONSE_HEADERS (\d+)", (ROOT / "server" / "http" / "response.h").read_text())
    origin = "https://app.example.org"
    server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": origin, "DIRECTMESSAGES_TRUST_USER_HEADER": "X-User-Id"})
    alice, bob = server.users(2)
    asked = {"Origin": origin, "X-Request-ID": "a-1"}
    keyed = {**asked, "Idempotency-Key": new_key(), "Content-Type": "application/json"}
    answers = [alice.request("POST", f"conversations/{bob.id}/", b'{"content":"x"}', keyed) for _ in range(2)]
    assert is_replayed(answers[1]) and answers[1].headers["Access-Control-Allow-Credentials"] == "true"
    assert answers[1].headers["X-Request-ID"] == "a-1"
    answers.append(server.anonymous().options("unread/", {**asked, "Access-Control-Request-Method": "GET"}))
    answers.append(server.anonymous().get("unread/", {**asked, "Cookie": "x=y"}))
    assert [answer.status for answer in answers] == [201, 201, 204, 401]
    assert 10 < max(len(answer.headers.items()) for answer in answers) <= int(limit) * 2 // 3


def test_no_header_names_the_software_twice(alice):
    names = [name.lower() for name in alice.get("unread/").headers.keys()]
    assert len(names) == len(set(names))


def test_unread_is_compact_json_with_keys_in_order(alice):
    assert alice.get("unread/").body == compact({"id": alice.id, "count": 0})


def test_message_is_compact_json_with_keys_in_order(alice, bob):
    answer = alice.post(f"send/{bob.id}/", {"content": "Hey there!"})
    got = answer.json()
    expected = {
        "id": got["id"],
        "sender": alice.id,
        "recipient": bob.id,
        "direction": "out",
        "sent_at": got["sent_at"],
        "read_at": None,
        "content": "Hey there!",
    }
    assert answer.body == compact(expected)


def test_page_of_messages_is_compact_json_with_keys_in_order(server, alice, bob):
    times = ("2025-06-06 12:00:00.123456", "2025-06-07 00:00:00")
    (identity,) = server.insert_messages([(alice, bob, *times, "Hey there!")])
    message = {
        "id": identity,
        "sender": alice.id,
        "recipient": bob.id,
        "direction": "in",
        "sent_at": "2025-06-06T12:00:00.123456Z",
        "read_at": "2025-06-07T00:00:00Z",
        "content": "Hey there!",
    }
    answer = bob.get(f"conversations/{alice.id}/")
    assert answer.body == compact({"next": None, "previous": None, "results": [message]})


def test_page_of_partners_is_compact_json_with_keys_in_order(alice, bob):
    alice.send(bob)
    partner = {"id": bob.id, "username": bob.username, "first_name": "Bob", "last_name": "Baker"}
    assert alice.get("conversations/").body == compact({"next": None, "previous": None, "results": [partner]})


def test_unread_counts_are_compact_json_with_keys_in_order(alice, bob):
    alice.send(bob)
    row = {"partner_id": alice.id, "partner_username": alice.username, "unread_count": 1}
    assert bob.get("conversations/unread/").body == compact([row])


def test_content_length_is_that_of_the_body(alice):
    answer = alice.get("unread/")
    assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("accept", ["application/json; indent=4", "application/json;indent=0"])
def test_json_stays_compact_whatever_the_accept_header_asks_for(alice, accept):
    assert alice.get("unread/", {"Accept": accept}).body == compact({"id": alice.id, "count": 0})


@pytest.mark.parametrize(
    "content, written",
    [
        ("\u00e9\u00df\u0416\u4e2d\U0001f600", "\u00e9\u00df\u0416\u4e2d\U0001f600"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\u2027\u202a", "\u2027\u202a"),
        ('"\\', r"\"\\"),
        ("/<>&'", "/<>&'"),
        ("\b\f\n\r\t", r"\b\f\n\r\t"),
        ("\x01\x0b\x0e\x1f", r"\u0001\u000b\u000e\u001f"),
        ("\x7f\x80\u00a0\ufeff\uffff", "\x7f\x80\u00a0\ufeff\uffff"),
    ],
    ids=["letters", "line separators", "their neighbours", "quotes", "html", "short", "control", "other"],
)
def test_what_json_strings_escape(alice, bob, content, written):
    sent = alice.post(f"send/{bob.id}/", {"content": content})
    assert sent.json()["content"] == content
    assert sent.body.endswith(b'"content":"' + written.encode() + b'"}')
    read = bob.get(f"conversations/{alice.id}/")
    assert read.body.endswith(b'"content":"' + written.encode() + b'"}]}')


def test_names_of_users_are_escaped_likewise(server, alice):
    partner = server.user(first_name='"\u2028\u00e9', last_name="\\\t")
    alice.send(partner)
    written = rb'"first_name":"\"\u2028' + "\u00e9".encode() + rb'","last_name":"\\\t"}]}'
    assert alice.get("conversations/").body.endswith(written)


def test_error_is_an_object_with_detail_alone(alice):
    check_error(alice.request("PUT", "unread/"), 405, 'Method "PUT" not allowed.')


@pytest.mark.parametrize(
    "stored, shown",
    [
        ("2025-06-06 12:00:00.123456", "2025-06-06T12:00:00.123456Z"),
        ("2025-06-06 12:00:00.000001", "2025-06-06T12:00:00.000001Z"),
        ("2025-06-06 12:00:00.120000", "2025-06-06T12:00:00.120000Z"),
        ("2025-06-06 12:00:00", "2025-06-06T12:00:00Z"),
        ("1999-12-31 23:59:59.999999", "1999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_have_microseconds_but_for_a_fraction_of_zero(server, alice, bob, stored, shown):
    server.insert_messages([(alice, bob, stored, stored)])
    (message,) = alice.conversation(bob)["results"]
    assert (message["sent_at"], message["read_at"]) == (shown, shown)


def test_times_are_stored_as_django_stores_them(server, alice, bob):
    sent = alice.send(bob)
    (read,) = bob.conversation(alice)["results"]
    assert alice.delete(f"messages/{sent['id']}/").status == 204
    assert bob.delete(f"messages/{sent['id']}/").status == 204
    row = server.message(sent["id"])
    assert TIME.fullmatch(sent["sent_at"]) and TIME.fullmatch(read["read_at"])
    assert row.sent_at == sent["sent_at"].replace("T", " ").rstrip("Z")
    assert row.read_at == read["read_at"].replace("T", " ").rstrip("Z")
    assert STORED_TIME.fullmatch(row.hidden_for_sender) and STORED_TIME.fullmatch(row.hidden_for_recipient)
    assert row.sent_at <= row.read_at <= row.hidden_for_sender <= row.hidden_for_recipient


def test_times_are_utc_whatever_the_zone_of_the_machine(make_server):
    server = make_server(env={"TZ": "Asia/Kathmandu"})
    alice, bob = server.users(2)
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00")])
    sent = alice.send(bob)
    first, second = alice.conversation(bob)["results"]
    assert (first["id"], second["sent_at"]) == (sent["id"], "2025-06-06T12:00:00Z")
    told = datetime.datetime.fromisoformat(sent["sent_at"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - told) < datetime.timedelta(hours=1)
