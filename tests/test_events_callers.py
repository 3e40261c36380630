# SPDX-License-Identifier: MIT
"""Event streams end when their callers may not listen any more, whoever changes that, however seldom heartbeats come."""

import contextlib

import pytest

import jwts
from harness import wait_until
from jwts import bearer, claims, encode
from metrics import scrape
from streams import Stream
from test_events_ticket import make_ticket

OPEN = "directmessages_event_streams"
SELDOM = {"DIRECTMESSAGES_EVENTS_HEARTBEAT": 3600, "DIRECTMESSAGES_JWT_SECRET": jwts.SECRET}


def by_token(user):
    return Stream(user)


def by_jwt(user):
    return Stream(user.server.anonymous(), headers=bearer(encode(jwts.Secret(), claims(user, sub=user.id))))


def by_ticket(user):
    return Stream(user.server.anonymous(), f"?ticket={make_ticket(user)}")


def by_ticket_of_jwt(user):
    headers = bearer(encode(jwts.Secret(), claims(user, sub=user.id)))
    answer = user.server.anonymous().request("POST", "events/ticket/", b"", headers)
    return Stream(user.server.anonymous(), f"?ticket={answer.json()['ticket']}")


# As Django's admin does it, or another server: nothing but the tables tells of it.
def deactivate(server, user):
    server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))


def revoke(server, user):
    server.sql("DELETE FROM authtoken_token WHERE key = ?", (user.token,))


def delete(server, user):
    revoke(server, user)
    server.sql("DELETE FROM auth_user WHERE id = ?", (user.id,))


def give_away(server, user):
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (server.heir.id,))
    server.sql("UPDATE authtoken_token SET user_id = ? WHERE key = ?", (server.heir.id, user.token))


ENDS = [
    (by_token, deactivate), (by_token, revoke), (by_token, delete), (by_token, give_away), (by_ticket, deactivate),
    (by_ticket, revoke), (by_ticket, delete), (by_jwt, deactivate), (by_jwt, delete), (by_ticket_of_jwt, deactivate),
    (by_ticket_of_jwt, delete),
]  # fmt: skip
# A JWT says who calls, nothing else: it does not fall with the user's token.
STAYS = [(by_jwt, revoke), (by_ticket_of_jwt, revoke), (by_token, None), (by_ticket, None), (by_jwt, None)]


@pytest.mark.two_servers
def test_streams_end_without_a_heartbeat(make_server):
    server = make_server(env=SELDOM)
    server.heir = server.user()
    users = server.users(len(ENDS + STAYS))
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(open_one(user)) for (open_one, _), user in zip(ENDS + STAYS, users)]
        assert {stream.status for stream in opened} == {200}
        for (_, change), user in zip(ENDS + STAYS, users):
            if change:
                change(server, user)
        for (how, change), stream in zip(ENDS, opened):
            assert stream.ends(), (how.__name__, change.__name__)
        sender = server.heir
        for (how, change), user, stream in zip(STAYS, users[len(ENDS) :], opened[len(ENDS) :]):
            sender.server.anonymous().request("POST", f"send/{user.id}/", b'{"content":"x"}', bearer(
                encode(jwts.Secret(), claims(sender, sub=sender.id))) | {"Content-Type": "application/json"})  # fmt: skip
            assert stream.next().data["recipient"] == user.id, (how.__name__, change)


def test_one_check_of_many_streams_ends_those_that_it_must(make_server):
    """More streams than are looked up at once, some of which leave meanwhile."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_HEARTBEAT": 1, "DIRECTMESSAGES_EVENTS_STREAMS_PER_USER": 1000})
    stays, goes = server.users(2)
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(Stream(stays)) for _ in range(300)]
        gone = [stack.enter_context(Stream(goes)) for _ in range(300)]
        for stream in kept[:50]:
            stream.raw.close()
        revoke(server, goes)
        assert all(stream.ends() for stream in gone)
        wait_until(lambda: scrape(server)[OPEN] == 250, "only those that may stay are open")
        for stream in kept[50:]:
            stream.wait_comment()
            stream.wait_comment()
        assert scrape(server)[OPEN] == 250
        revoke(server, stays)
        assert all(stream.ends() for stream in kept[50:])


def test_a_database_that_cannot_be_asked_ends_no_stream(make_server):
    """Nor does it keep one for ever that must end."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_HEARTBEAT": 1})
    alice, bob = server.users(2)
    with Stream(alice) as of_alice, Stream(bob) as of_bob:
        server.sql("ALTER TABLE authtoken_token RENAME TO elsewhere")
        assert alice.get("unread/").status == 503
        for _ in range(4):
            of_alice.wait_comment()
            of_bob.wait_comment()
        server.sql("DELETE FROM elsewhere WHERE key = ?", (alice.token,))
        server.sql("ALTER TABLE elsewhere RENAME TO authtoken_token")
        assert of_alice.ends()
        of_bob.wait_comment()
        of_bob.wait_comment()
        assert bob.unread() == 0


@pytest.mark.concurrent
def test_a_server_stops_while_streams_are_checked(make_server):
    for _ in range(5):
        server = make_server(env={"DIRECTMESSAGES_EVENTS_HEARTBEAT": 1, "DIRECTMESSAGES_EVENTS_STREAMS_PER_USER": 1000})
        user = server.user()
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(Stream(user)) for _ in range(100)]
            streams[0].wait_comment()
            server.stop()
            assert all(stream.ends() for stream in streams[1:])
