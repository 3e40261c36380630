# SPDX-License-Identifier: MIT
"""Administration of messages over HTTP: finding, sending, deleting."""

import pytest

from routes import check_error


def walk(server, path):
    """The ids of all pages."""
    ids, pages = [], 0
    while path:
        page = server.admin("GET", path).json()
        assert page["previous"] is None and list(page) == ["next", "previous", "results"]
        ids += [message["id"] for message in page["results"]]
        path = page["next"] and "/admin/messages/" + page["next"].split("/admin/messages/")[1]
        pages += 1
    return ids, pages


def send(server, sender, recipient, content="Hello"):
    answer = server.admin("POST", "messages/", {"from": f"@{sender.username}", "to": f"{recipient.id}", "content": content})
    assert answer.status == 201, answer
    return answer.json()


def test_a_message_as_it_is_stored(admin_server):
    one, two = admin_server.users(2)
    sent = send(admin_server, one, two, 'a "quote"')
    assert list(sent) == ["id", "sender", "recipient", "sent_at", "read_at", "content"]
    assert (sent["sender"], sent["recipient"], sent["read_at"], sent["content"]) == (one.id, two.id, None, 'a "quote"')
    assert two.delete(f"messages/{sent['id']}/").status == 204
    found = admin_server.admin("GET", f"messages/?user={one.id}").json()["results"]
    assert len(found) == 1 and found[0]["hidden_for_recipient"].endswith("Z")
    assert found[0] | {"hidden_for_recipient": ""} == sent | {
        "sender_username": one.username,
        "recipient_username": two.username,
        "hidden_for_sender": None,
        "hidden_for_recipient": "",
    }
    for user in (f"@{one.username}", f"{two.id}", f"%40{two.username}"):
        assert admin_server.admin("GET", f"messages/?user={user}").json()["results"] == found


def test_pages_of_a_user_and_of_a_conversation(make_server):
    server = make_server(administered=True)
    one, two, three = server.users(3)
    at = "2026-11-29 12:00:00"
    ids = server.insert_messages([(one, two, at, None, f"{n}") for n in range(130)])
    ids += server.insert_messages([(two, one, at, None, f"{n}") for n in range(130)])
    others = server.insert_messages([(three, two, at, None, f"{n}") for n in range(10)])
    with server.transaction() as connection:
        connection.execute(f"UPDATE directmessages_message SET hidden_for_sender = sent_at WHERE id IN ({', '.join(map(str, ids[::3]))})")
    assert walk(server, f"messages/?user={one.id}") == (ids[::-1], 3)
    assert walk(server, f"messages/?user={one.id}&partner=@{two.username}") == (ids[::-1], 3)
    assert walk(server, f"messages/?user={two.id}&partner={three.id}") == (others[::-1], 1)
    assert walk(server, "messages/") == ((ids + others)[::-1], 3)
    assert walk(server, f"messages/?user={one.id}&since=2026-11-29T12:00:00Z&until=2026-11-29T12:00:00.000001Z")[0] == ids[::-1]
    for query in ("since=2026-11-29T12:00:00.000001Z", "until=2026-11-29T12:00:00Z"):
        assert walk(server, f"messages/?user={one.id}&{query}")[0] == []


def test_pages_of_a_user_with_very_many_messages(make_server):
    """PostgreSQL does not sort them for each page: it looks for them among everybody's."""
    server = make_server(administered=True)
    one, two, three = server.users(3)
    many = ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO directmessages_message"
            " (content, sent_at, read_at, sender_id, recipient_id) SELECT 'x', ?, NULL, ?, ? FROM n")
    for parameters in ((20000, "2026-01-01 00:00:00", one, two), (25000, "2026-01-02 00:00:00", three, two)):
        server.sql(many, (*parameters[:2], *(user.id for user in parameters[2:])))
    old = [row[0] for row in server.sql("SELECT id FROM directmessages_message WHERE sender_id = ? ORDER BY id DESC", (one.id,))]
    new = server.insert_messages([(two, one, "2026-01-03 00:00:00", None, "x")] * 250)[::-1]
    server.sql("UPDATE directmessages_message SET hidden_for_recipient = sent_at WHERE id = ?", (new[210],))
    assert walk(server, f"messages/?user={one.id}&since=2026-01-03T00:00:00Z")[0] == new
    found, path = [], f"messages/?user={one.id}&until=2026-01-02T00:00:00Z"
    while len(found) < 150:
        page = server.admin("GET", path).json()
        found += [message["id"] for message in page["results"]]
        path = "/admin/messages/" + page["next"].split("/admin/messages/")[1]
    assert found == old[: len(found)]


@pytest.mark.sqlite
def test_long_messages_that_are_passed_over(make_server):
    """A page ends before they have held up others for long; the next one goes on."""
    server = make_server(administered=True)
    one, two = server.users(2)
    [first] = server.insert_messages([(one, two, "2026-11-27 12:00:00", None, "x")])
    server.insert_messages([(one, two, "2026-11-29 12:00:00", None, "x" * 2_600_000)] * 60)
    for query in ("", f"&user={one.id}"):
        assert walk(server, f"messages/?until=2026-11-28T12:00:00Z{query}")[0] == [first]


def test_what_can_not_be_asked(admin_server):
    one = admin_server.user()
    refused = {
        "user=jane": "user must be an id, or @ and a username.",
        "user=": "user must be an id, or @ and a username.",
        "user=@": "user must be an id, or @ and a username.",
        f"user={one.id}&partner=-1": "partner must be an id, or @ and a username.",
        f"partner={one.id}": "partner needs user.",
        "since=yesterday": "since must be a time, such as 2026-11-29T12:00:00Z.",
        "until=": "until must be a time, such as 2026-11-29T12:00:00Z.",
    }
    for query, detail in refused.items():
        check_error(admin_server.admin("GET", f"messages/?{query}"), 400, detail)
    for user in ("@nobody", "999999999", "99999999999999999999"):
        check_error(admin_server.admin("GET", f"messages/?user={user}"), 404, "No User matches the given query.")
    for cursor in ("x", "cD0y", "cD0yMDI2LTExLTI5KzEyJTNBMDAlM0EwMA=="):  # p=2, and a time without a row
        check_error(admin_server.admin("GET", f"messages/?cursor={cursor}"), 404, "Invalid cursor")


def test_a_notice_passes_the_allow_list(make_server):
    server = make_server(administered=True, env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "999"})
    one, two = server.users(2)
    assert one.post(f"send/{two.id}/", {"content": "x"}).status == 400
    assert send(server, one, two)["id"] > 0
    assert two.get("unread/").json()["count"] == 1


def test_what_can_not_be_sent(admin_server):
    one, two = admin_server.users(2)
    good = {"from": f"{one.id}", "to": f"@{two.username}", "content": "x"}
    refused = {
        "from is required": {key: good[key] for key in ("to", "content")},
        "content is required": {key: good[key] for key in ("from", "to")},
        "to must be an id, or @ and a username.": good | {"to": two.username},
        'Unknown field "text".': good | {"text": "x"},
        "You can't send messages to yourself.": good | {"to": f"{one.id}"},
        "Null characters are not allowed.": good | {"content": "a\0b"},
    }
    for detail, body in refused.items():
        check_error(admin_server.admin("POST", "messages/", body), 400, detail)
    check_error(admin_server.admin("POST", "messages/", good | {"content": ""}), 400, "content is required")
    for name in ("@nobody", "999999999"):
        check_error(admin_server.admin("POST", "messages/", good | {"from": name}), 404, "No User matches the given query.")
    assert admin_server.admin("GET", f"messages/?user={one.id}").json()["results"] == []


def test_deleted_is_gone_for_both(admin_server):
    one, two = admin_server.users(2)
    sent, kept = send(admin_server, one, two), send(admin_server, one, two)
    answer = admin_server.admin("DELETE", f"messages/{sent['id']}/")
    assert (answer.status, answer.body) == (204, b"")
    for user, partner in ((one, two), (two, one)):
        page = user.get(f"conversations/{partner.id}/").json()
        assert [message["id"] for message in page["results"]] == [kept["id"]]
    check_error(admin_server.admin("DELETE", f"messages/{sent['id']}/"), 404, "No Message matches the given query.")
    check_error(admin_server.admin("DELETE", "messages/99999999999999999999/"), 404, "No Message matches the given query.")
    assert admin_server.message(sent["id"]) is None


@pytest.mark.parametrize("path", ["messages/", "users/1/export/"])
def test_they_need_the_key(admin_server, path):
    check_error(admin_server.admin("GET", path, key=None), 401, "Authentication credentials were not provided.")


def test_the_user_of_id_0_is_not_everybody(make_server):
    """An imported database may have one; in an operation 0 stands for all users."""
    server = make_server(administered=True)
    one, two, zero = server.users(3)
    send(server, one, two)
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (zero.id,))
    server.sql("UPDATE auth_user SET id = 0 WHERE id = ?", (zero.id,))
    for user in ("0", f"@{zero.username}"):
        for path in (f"messages/?user={user}", f"messages/?user={one.id}&partner={user}", f"users/{user}/export/"):
            check_error(server.admin("GET", path), 404, "No User matches the given query.")
    assert len(server.admin("GET", f"messages/?user={one.id}").json()["results"]) == 1
