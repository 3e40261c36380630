# SPDX-License-Identifier: MIT
"""POST events/ticket/: what a ticket is good for, once, and for how long."""

import re
import time

import pytest

from routes import check_error, compact
from metrics import scrape
from streams import Stream, contents
from test_concurrent import at_once



def make_ticket(user):
    answer = user.post("events/ticket/", b"")
    assert answer.status == 201, answer
    return answer.json()["ticket"]


def test_a_ticket_opens_one_stream_of_its_user(server, alice, bob):
    answer = bob.post("events/ticket/", b"")
    ticket = answer.json()["ticket"]
    assert (answer.status, answer.body) == (201, compact({"ticket": ticket, "expires_in": 30}))
    assert re.fullmatch("[0-9a-f]{40}", ticket)
    assert answer.headers["Allow"] == "POST, OPTIONS"
    with Stream(server.anonymous(), f"?ticket={ticket}") as stream:
        alice.send(bob, "for a browser")
        assert contents([stream.next()]) == ["for a browser"]
        answer = server.anonymous().get(f"events/?ticket={ticket}")
        check_error(answer, 401, "Invalid ticket.")
        assert answer.headers["WWW-Authenticate"] == "Token"
    check_error(server.anonymous().get(f"events/?ticket={ticket}"), 401, "Invalid ticket.")


def test_a_ticket_goes_with_a_position(server, alice, bob):
    with Stream(bob) as stream:
        start = stream.last_id
    alice.send(bob, "missed")
    with Stream(server.anonymous(), f"?ticket={make_ticket(bob)}&last_event_id={start}") as stream:
        assert contents([stream.next()]) == ["missed"]


def test_a_ticket_has_its_time(make_server):
    server = make_server()
    alice = server.user()
    tickets = [make_ticket(alice) for _ in range(2)]
    (born,) = server.sql("SELECT expires_at - 30000000 FROM directmessages_ticket WHERE ticket = ?", [tickets[0]])[0]
    assert 0 <= time.time() - born / 1e6 < 60
    server.sql("UPDATE directmessages_ticket SET expires_at = expires_at - 31000000")
    check_error(server.anonymous().get(f"events/?ticket={tickets[0]}"), 401, "Invalid ticket.")
    make_ticket(alice)  # sweeps out those that are too old
    assert server.sql("SELECT count(*) FROM directmessages_ticket") == [(1,)]


def test_a_user_has_so_many_tickets_and_then_loses_the_oldest(make_server):
    server = make_server()
    alice, bob = server.users(2)
    of_bob = make_ticket(bob)
    tickets = [make_ticket(alice) for _ in range(101)]
    check_error(server.anonymous().get(f"events/?ticket={tickets[0]}"), 401, "Invalid ticket.")
    for ticket in (tickets[1], tickets[100], of_bob):
        with Stream(server.anonymous(), f"?ticket={ticket}") as stream:
            assert stream.status == 200


def test_a_ticket_sweeps_out_some_old_ones_and_not_all(make_server):
    server = make_server()
    alice = server.user()
    with server.transaction() as connection:
        for number in range(25):
            connection.execute("INSERT INTO directmessages_ticket VALUES (?, 'k', ?)", (f"{number:040}", number))
    left = []
    for _ in range(4):
        make_ticket(alice)
        left.append(server.sql("SELECT count(*), min(expires_at) FROM directmessages_ticket WHERE key = 'k'")[0])
    assert left == [(15, 10), (5, 20), (0, None), (0, None)]


def test_a_clock_that_was_set_back_does_not_lengthen_a_tickets_life(make_server):
    """What was made before looks good for longer than any may be: it is refused, and gives way first."""
    server = make_server()
    alice = server.user()
    tickets = [make_ticket(alice) for _ in range(100)]
    server.sql("UPDATE directmessages_ticket SET expires_at = expires_at + ?", (3_600_000_000,))
    check_error(server.anonymous().get(f"events/?ticket={tickets[0]}"), 401, "Invalid ticket.")
    fresh = [make_ticket(alice) for _ in range(5)]
    assert server.sql("SELECT count(*) FROM directmessages_ticket")[0][0] <= 60
    for ticket in fresh:
        with Stream(server.anonymous(), f"?ticket={ticket}") as stream:
            assert stream.status == 200


@pytest.mark.concurrent
def test_of_several_at_once_one_gets_in(server, alice):
    for _ in range(5):
        ticket = make_ticket(alice)
        streams = at_once([lambda: Stream(server.anonymous(), f"?ticket={ticket}")] * 8)
        assert sorted(stream.status for stream in streams) == [200] + [401] * 7
        for stream in streams:
            stream.raw.close()


def test_a_ticket_is_good_for_nothing_else(server, alice):
    ticket = make_ticket(alice)
    anonymous = server.anonymous()
    for path in ("unread/", "conversations/", "conversations/unread/", f"conversations/{alice.id}/", "events/ticket/"):
        answer = anonymous.get(f"{path}?ticket={ticket}")
        check_error(answer, 401, "Authentication credentials were not provided.")
    check_error(alice.get("unread/", {"Authorization": f"Token {ticket}"}), 401, "Invalid token.")
    check_error(anonymous.post(f"events/ticket/?ticket={ticket}", b""), 401, "Authentication credentials were not provided.")
    for method in ("HEAD", "OPTIONS", "POST", "DELETE"):
        assert anonymous.request(method, f"events/?ticket={ticket}").status == 401
    with Stream(anonymous, f"?ticket={ticket}") as stream:  # it was not used up by all that
        assert stream.status == 200


def test_a_header_comes_before_a_ticket(server, alice, bob):
    ticket = make_ticket(alice)
    with Stream(bob, f"?ticket={ticket}") as stream:
        alice.send(bob, "to bob")
        assert stream.next().data["direction"] == "in"
    with Stream(server.anonymous(), f"?ticket={ticket}") as stream:
        assert stream.status == 200


def test_a_ticket_falls_with_its_token(make_server):
    server = make_server()
    alice, bob = server.users(2)
    tickets = make_ticket(alice), make_ticket(bob)
    assert server.run("token", "create", "--reset", alice.username).returncode == 0
    assert server.run("user", "deactivate", bob.username).returncode == 0
    check_error(server.anonymous().get(f"events/?ticket={tickets[0]}"), 401, "Invalid token.")
    check_error(server.anonymous().get(f"events/?ticket={tickets[1]}"), 401, "User inactive or deleted.")


@pytest.mark.parametrize("ticket", ["", "x", "0" * 40, "0" * 39, "0" * 41, "%00" * 40, "%ff" * 40, "'" * 40])
def test_what_is_no_ticket(server, ticket):
    check_error(server.anonymous().get(f"events/?ticket={ticket}"), 401, "Invalid ticket.")


def test_a_wrong_ticket_costs_no_write(make_server):
    """In the calmest of some rounds: the server has work of its own, such as trimming, and begins it at its start."""
    server = make_server()
    user = server.user()
    wrong, good = [], []
    for _ in range(5):
        ticket = make_ticket(user)
        before = scrape(server)["directmessages_store_commits_total"]
        for number in range(10):
            check_error(server.anonymous().get(f"events/?ticket={number:040}"), 401, "Invalid ticket.")
        between = scrape(server)["directmessages_store_commits_total"]
        with Stream(server.anonymous(), f"?ticket={ticket}") as stream:
            assert stream.status == 200
        wrong.append(between - before)
        good.append(scrape(server)["directmessages_store_commits_total"] - between)
    assert (min(wrong), min(good)) == (0, 1), (wrong, good)


def test_a_ticket_works_on_another_server_of_the_same_database(make_server):
    one = make_server()
    two = make_server(database=one.database)
    alice = one.user()
    ticket = make_ticket(alice)
    with Stream(two.anonymous(), f"?ticket={ticket}") as stream:
        assert stream.status == 200
    check_error(one.anonymous().get(f"events/?ticket={ticket}"), 401, "Invalid ticket.")


def test_options_and_methods(alice):
    answer = alice.options("events/ticket/")
    assert answer.json()["name"] == "Event Ticket"
    assert answer.json()["renders"] == ["application/json"]
    assert answer.headers["Allow"] == "POST, OPTIONS"
    check_error(alice.get("events/ticket/"), 405, 'Method "GET" not allowed.')
