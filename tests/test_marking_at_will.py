# SPDX-License-Identifier: MIT
"""POST conversations/<user>/read/ and .../unread/, POST conversations/read/: messages are marked where it is wanted."""

import json
import threading

import pytest

from harness import wait_until
from paging import time
from routes import check_error, compact
from test_marking import READ, ROUNDS, Sending, events, pile_up, sent_between

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=XX"
NOT_FOUND = "Message not found or not authorized."
UNREAD = 4  # directmessages_event.kind
PATHS = [("read", "up_to"), ("unread", "from")]

both_paths = pytest.mark.parametrize("path, field", PATHS)


def mark(user, partner, body=None, path="read", media=JSON):
    """Returns what was marked and what is still unread."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    answer = user.request("POST", f"conversations/{partner.id}/{path}/", data, {"Content-Type": media} if data else {})
    assert answer.status == 200, answer
    told = answer.json()
    assert answer.body == compact({"partner_id": partner.id, path: told[path], "unread_count": told["unread_count"]})
    return told[path], told["unread_count"]


def unread_ids(server, user):
    rows = server.sql("SELECT id FROM directmessages_message WHERE recipient_id = ? AND read_at IS NULL ORDER BY id", (user.id,))
    return [row[0] for row in rows]


@pytest.mark.two_servers
def test_a_conversation_is_marked_as_read_once(server, alice, bob, carol):
    ids = [alice.send(bob)["id"] for _ in range(3)]
    other, own = carol.send(bob)["id"], bob.send(alice)["id"]
    assert bob.get(f"messages/{ids[0]}/").json()["read_at"] is None
    assert mark(bob, alice) == (3, 0)
    assert mark(bob, alice) == (0, 0)
    assert unread_ids(server, bob) == [other] and unread_ids(server, alice) == [own]
    assert alice.get(f"messages/{ids[0]}/").json()["read_at"] is not None


@pytest.mark.two_servers
def test_up_to_a_message_by_time_then_id(server, alice, bob):
    at = [time(5), time(3), time(4), time(4), time(4), time(6)]
    ids = server.insert_messages([(alice, bob, when) for when in at])
    own = server.insert_messages([(bob, alice, time(5))])[0]
    assert mark(bob, alice, {"up_to": ids[3]}) == (3, 3)
    assert unread_ids(server, bob) == [ids[0], ids[4], ids[5]]
    assert mark(bob, alice, {"up_to": ids[3]}) == (0, 3)
    assert mark(bob, alice, {"up_to": own}) == (2, 1), "one's own message is a place, too"
    assert unread_ids(server, bob) == [ids[5]]


def test_hidden_messages_stay_as_they_are_and_are_places(server, alice, bob):
    ids = [alice.send(bob)["id"] for _ in range(4)]
    assert bob.delete(f"messages/{ids[1]}/").status == bob.delete(f"messages/{ids[2]}/").status == 204
    assert mark(bob, alice, {"up_to": ids[2]}) == (1, 1)
    assert unread_ids(server, bob) == ids[1:]
    assert mark(bob, alice) == (1, 0)
    assert mark(bob, alice, {"from": ids[1]}, "unread") == (1, 1)
    assert unread_ids(server, bob) == ids[1:]
    assert bob.delete(f"messages/{ids[3]}/").status == 204
    assert mark(bob, alice, path="unread") == (1, 1), "the newest that is visible"
    assert unread_ids(server, bob) == ids


@pytest.mark.two_servers
def test_the_newest_is_marked_as_unread_once(server, alice, bob):
    ids = [alice.send(bob)["id"] for _ in range(3)]
    bob.send(alice)
    bob.conversation(alice)
    assert mark(bob, alice, {}, "unread") == (1, 1)
    assert mark(bob, alice, {}, "unread") == (0, 1)
    assert unread_ids(server, bob) == ids[2:]
    assert bob.get(f"messages/{ids[2]}/").json()["read_at"] is None
    assert mark(bob, alice) == (1, 0)


@pytest.mark.two_servers
def test_from_a_message_on_all_are_unread(server, alice, bob):
    ids = server.insert_messages([(alice, bob, when, time(9)) for when in (time(5), time(3), time(4), time(4), time(6))])
    assert mark(bob, alice, {"from": ids[3]}, "unread") == (3, 3)
    assert unread_ids(server, bob) == [ids[0], ids[3], ids[4]]
    assert mark(bob, alice, {"from": ids[1]}, "unread") == (2, 5)
    assert mark(bob, alice, {"from": ids[1]}, "unread") == (0, 5)


@both_paths
def test_without_messages_nothing_is_marked(alice, bob, path, field):
    assert mark(alice, bob, path=path) == (0, 0)
    assert mark(alice, alice, path=path) == (0, 0), "nobody has messages with themselves"


@pytest.mark.two_servers
def test_everything_is_marked_as_read(server, alice, bob, carol):
    for sender in (alice, carol):
        for _ in range(3):
            sender.send(bob)
    hidden, other = alice.send(bob)["id"], bob.send(alice)["id"]
    assert bob.delete(f"messages/{hidden}/").status == 204
    for count in (6, 0):
        answer = bob.request("POST", "conversations/read/")
        assert (answer.status, answer.body) == (200, compact({"read": count}))
    assert unread_ids(server, bob) == [hidden] and unread_ids(server, alice) == [other]


BODIES = [
    (b"", JSON), (b"", "text/plain"), (b"{}", JSON), (b'{"x":1,"content":[]}', JSON), (b"x=1", FORM), (b"--XX--\r\n", MULTIPART),
    (b'--XX\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--XX--\r\n', MULTIPART),
]  # fmt: skip


@pytest.mark.parametrize("body, media", BODIES)
def test_bodies_without_the_field(alice, bob, body, media):
    alice.send(bob)
    assert mark(bob, alice, body, media=media) == (1, 0)
    assert mark(bob, alice, body, "unread", media) == (1, 1)
    assert bob.request("POST", "conversations/read/", body, {"Content-Type": media}).body == b'{"read":1}'


@pytest.mark.parametrize("form", ['{"%s":%d}', '{"%s":"%d"}', "%s=%d", "%s=x&%s=00%d", "multipart"])
def test_bodies_with_the_field(server, alice, bob, form):
    ids = [alice.send(bob)["id"] for _ in range(3)]
    media = JSON if form[0] == "{" else FORM

    def body(field, number):
        if form == "multipart":
            return b'--XX\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%d\r\n--XX--\r\n' % (field.encode(), number)
        return (form % (*[field] * (form.count("%s")), number)).encode()

    media = MULTIPART if form == "multipart" else media
    assert mark(bob, alice, body("up_to", ids[1]), media=media) == (2, 1)
    assert mark(bob, alice, body("from", ids[1]), "unread", media) == (1, 2)
    assert unread_ids(server, bob) == ids[1:]


@both_paths
@pytest.mark.parametrize("value", ["null", "true", "false", "1.5", "1e2", "-1", '""', '"x"', '" 1"', '"-1"', '"1.0"', "[]", "[1]", "{}", '"%s"' % ("9" * 20)])
def test_no_whole_number_in_json_is_refused_and_changes_nothing(server, alice, bob, path, field, value):
    alice.send(bob)
    answer = bob.request("POST", f"conversations/{alice.id}/{path}/", b'{"%s":%s}' % (field.encode(), value.encode()), {"Content-Type": JSON})
    check_error(answer, 400, f"{field} must be a whole number.")
    assert bob.unread() == 1


@both_paths
@pytest.mark.parametrize("value", ["", "x", "-1", "+1", "1.0", " 1", "%201", "1%20", "%00", "0x1", "\u0661", "9" * 20])
def test_no_whole_number_in_a_form_is_refused_and_changes_nothing(alice, bob, path, field, value):
    alice.send(bob)
    for media, body in (
        (FORM, f"{field}={value}".encode()),
        (MULTIPART, f'--XX\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n--XX--\r\n'.encode()),
    ):
        answer = bob.request("POST", f"conversations/{alice.id}/{path}/", body, {"Content-Type": media})
        check_error(answer, 400, f"{field} must be a whole number.")
    assert bob.unread() == 1


def test_a_file_is_no_number(alice, bob):
    body = b'--XX\r\nContent-Disposition: form-data; name="up_to"; filename="x"\r\n\r\n1\r\n--XX--\r\n'
    answer = bob.request("POST", f"conversations/{alice.id}/read/", body, {"Content-Type": MULTIPART})
    check_error(answer, 400, "up_to must be a whole number.")


@both_paths
def test_what_else_is_refused(server, alice, bob, carol, path, field):
    ids = [alice.send(bob)["id"], carol.send(bob)["id"], alice.send(carol)["id"], bob.send(carol)["id"]]
    for identity in (*ids[1:], 0, ids[3] + 10**6, 2**63 - 1):
        answer = bob.post(f"conversations/{alice.id}/{path}/", {field: identity})
        check_error(answer, 404, NOT_FOUND)
    here = f"conversations/{alice.id}/{path}/"
    check_error(bob.post(here, [1]), 400, "Invalid data. Expected a dictionary, but got list.")
    assert bob.post(here, b"{").status == 400
    assert bob.post(here, b'{"%s":%s}' % (field.encode(), b"9" * 30)).status == 400
    assert bob.post(here, b"x", "text/plain").status == 415
    assert bob.post(here, b"x", MULTIPART).status == 400
    check_error(bob.post(f"conversations/999999999/{path}/", {}), 404, "No User matches the given query.")
    check_error(bob.post(f"conversations/x/{path}/", {}), 404, "Not found.")
    check_error(bob.get(here), 405, 'Method "GET" not allowed.')
    check_error(server.anonymous().post(here, {}), 401, "Authentication credentials were not provided.")
    assert bob.unread() == 2, "nothing was marked"


@both_paths
def test_names_in_the_path(alice, bob, path, field):
    sent = alice.send(bob)
    if path == "unread":
        bob.conversation(alice)
    answer = bob.post(f"conversations/@{alice.username}/{path}/", {field: sent["id"]})
    assert (answer.status, answer.json()[path], answer.json()["partner_id"]) == (200, 1, alice.id)


def test_each_marking_is_in_the_log_once_and_in_order(make_server):
    server = make_server()
    alice, bob, carol = server.users(3)
    ids = [alice.send(bob)["id"] for _ in range(3)]
    other = carol.send(bob)["id"]
    sent = len(events(server))
    mark(bob, alice, {"up_to": ids[1]})
    mark(bob, alice, {"from": ids[1]}, "unread")
    mark(bob, alice, {}, "unread")
    bob.request("POST", "conversations/read/")
    read, unread = [(READ, identity) for identity in ids[:2]], [(UNREAD, ids[1])]
    log = events(server)[sent:]
    assert log[:3] == read + unread and sorted(log[3:]) == sorted((READ, one) for one in (ids[1], ids[2], other))
    late = "SELECT count(*) FROM directmessages_event e JOIN directmessages_message m ON m.id = e.message_id WHERE e.kind = 4"
    assert server.sql(late)[0][0] == 1


# ---- many


@pytest.mark.concurrent
@pytest.mark.parametrize("way", ["read", "up_to", "all", "unread"])
def test_others_send_between_the_pieces(make_server, way):
    server = make_server()
    kind, count = (UNREAD if way == "unread" else READ), 3500 + (way == "all")

    def one_round():
        alice, bob, carol, dan, eve = server.users(5)
        known = len(events(server))
        ids = pile_up(server, alice, bob, 3500)
        few = server.insert_messages([(eve, bob, time(1))])[0]
        if way == "unread":
            server.sql("UPDATE directmessages_message SET read_at = ?", (time(2),))
        with Sending(carol, dan) as sending:
            if way == "all":
                assert bob.request("POST", "conversations/read/").json() == {"read": count}
            elif way == "unread":
                assert mark(bob, alice, {"from": ids[0]}, "unread") == (count, count)
            else:
                assert mark(bob, alice, {"up_to": ids[-1]} if way == "up_to" else {}) == (count, 0)
        assert unread_ids(server, bob) == {"unread": ids, "all": []}.get(way, [few])
        assert dan.unread() == len(sending.ids)
        log = events(server)[known:]
        marked = [message for one, message in log if one == kind]
        assert sorted(marked) == sorted(ids + ([few] if way == "all" else []))
        if way == "read":
            times = server.sql("SELECT DISTINCT read_at FROM directmessages_message WHERE sender_id = ?", (alice.id,))
            assert len(times) == 1, "one request, one time"
        return sent_between(log, kind) > 1

    assert any(one_round() for _ in range(ROUNDS)), "no other write was committed between two pieces"


def test_many_senders_with_few_messages_each_are_few_pieces(make_server):
    server = make_server()
    alice, bob = server.users(2)
    others = server.users(700)
    server.insert_messages([(other, bob, time(n)) for n, other in enumerate(others)])
    before = server.sql("SELECT count(DISTINCT at) FROM directmessages_event WHERE kind = 2")[0][0]
    assert bob.request("POST", "conversations/read/").json() == {"read": 700}
    assert bob.unread() == 0 and before == 0
    assert sorted(message for kind, message in events(server) if kind == READ) == sorted(unread_before(server, bob))


def unread_before(server, user):
    return [row[0] for row in server.sql("SELECT id FROM directmessages_message WHERE recipient_id = ?", (user.id,))]


@pytest.mark.concurrent
@pytest.mark.two_servers
def test_what_arrives_meanwhile_is_never_lost_and_counts_stay_exact(server, alice, bob, carol):
    """Two devices mark as read and as unread while both partners send."""
    over, sent = threading.Event(), {alice: [], carol: []}

    def send(sender):
        while not over.is_set():
            sent[sender].append(sender.send(bob)["id"])

    threads = [threading.Thread(target=send, args=(one,)) for one in sent]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(sent.values()), "messages of both")
    for n in range(12):
        mark(bob, alice)
        mark(bob, alice, {"from": sent[alice][0]}, "unread")
        assert bob.request("POST", "conversations/read/").status == 200
        mark(bob, carol, {"up_to": sent[carol][-1]})
        mark(bob, carol, {}, "unread")
    over.set()
    for thread in threads:
        thread.join()
    for partner in (alice, carol):
        mark(bob, partner, {"from": sent[partner][0]}, "unread")
    assert unread_ids(server, bob) == sorted(sent[alice] + sent[carol])
    assert mark(bob, alice) == (len(sent[alice]), 0)
    assert bob.unread() == len(sent[carol])




def test_nothing_of_a_blocked_partner_is_marked_as_read(server, alice, bob, carol):
    """As where the conversation is opened: the partner learns nothing of it."""
    ids, other = [alice.send(bob)["id"] for _ in range(2)], carol.send(bob)["id"]
    assert bob.request("PUT", f"blocks/{alice.id}/").status == 204
    assert mark(bob, alice) == (0, 2) and mark(bob, alice, {"up_to": ids[0]}) == (0, 2)
    assert bob.request("POST", "conversations/read/").json() == {"read": 1}
    assert unread_ids(server, bob) == ids and server.message(other).read_at is not None
    assert bob.delete(f"blocks/{alice.id}/").status == 204
    assert mark(bob, alice) == (2, 0)
