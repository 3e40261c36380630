# SPDX-License-Identifier: MIT
"""Cursor pagination: exact pages in both directions, and cursors that DRF and this service understand of each other."""

import random
import urllib.parse

import pytest

import drf_cursor
from drf_cursor import Cursor, Model, cursor_of, link_text, link_tokens, query
from routes import check_error
from paging import START, after, converse, ids, time, walk


@pytest.fixture(scope="module")
def settled(shared_server):
    """Lists that no test changes: conversations, each with its Model, and one list of partners."""

    class Lists:
        caller, plain, tied, equal = shared_server.users(4)

        def fetch(self, partner):
            return lambda query="": self.caller.conversation(partner, query)

        def partners(self, query=""):
            return self.caller.partners(query)

    lists = Lists()
    draw = random.Random(7)
    lists.plain_model = converse(shared_server, lists.caller, lists.plain, [time(n) for n in range(230)])
    runs = [time(n) for n in range(110) for _ in range(draw.choice([1, 1, 1, 2, 3, 5, 12]))]
    lists.tied_model = converse(shared_server, lists.caller, lists.tied, runs)
    lists.equal_model = converse(shared_server, lists.caller, lists.equal, [START] * 1200)
    others = shared_server.users(230)
    shared_server.insert_messages([(lists.caller, other, START) for other in others[::2]])
    shared_server.insert_messages([(other, lists.caller, START, START) for other in others[1::2]])
    partners = [lists.plain, lists.tied, lists.equal, *others]
    lists.partner_model = Model((user.id, user.id) for user in partners)
    return lists


@pytest.fixture(params=["plain", "tied", "partners"])
def listed(request, settled):
    """(fetch, Model) of a list whose pages each have several positions."""
    if request.param == "partners":
        return settled.partners, settled.partner_model
    return settled.fetch(getattr(settled, request.param)), getattr(settled, request.param + "_model")


@pytest.fixture(params=["plain", "tied", "equal", "partners"])
def any_listed(request, settled):
    if request.param == "partners":
        return settled.partners, settled.partner_model
    return settled.fetch(getattr(settled, request.param)), getattr(settled, request.param + "_model")


# --- pages


def test_forwards_each_row_comes_once_and_in_order(any_listed):
    fetch, model = any_listed
    pages = walk(fetch, fetch(), "next")
    assert [row for page in pages for row in ids(page)] == [identity for _, identity in model.rows]
    assert all(len(ids(page)) == 50 for page in pages[:-1])


def test_backwards_the_same_pages_come_again(any_listed):
    fetch, _ = any_listed
    forwards = walk(fetch, fetch(), "next")
    backwards = walk(fetch, forwards[-1], "previous")
    assert [ids(page) for page in backwards[::-1]] == [ids(page) for page in forwards]


def test_previous_is_null_on_the_first_page_and_next_on_the_last(any_listed):
    fetch, _ = any_listed
    forwards = walk(fetch, fetch(), "next")
    backwards = walk(fetch, forwards[-1], "previous")
    assert [page["previous"] is None for page in forwards] == [True] + [False] * (len(forwards) - 1)
    assert [page["next"] is None for page in forwards] == [False] * (len(forwards) - 1) + [True]
    assert (backwards[-1]["previous"], backwards[-1]["next"] is None) == (None, False)


def test_from_any_page_reached_backwards_forwards_goes_on_exactly(any_listed):
    fetch, _ = any_listed
    forwards = walk(fetch, fetch(), "next")
    for page in walk(fetch, forwards[-1], "previous")[1:]:
        place = [ids(one) for one in forwards].index(ids(page))
        assert ids(fetch(after(page["next"]))) == ids(forwards[place + 1])


def test_any_walk_to_and_fro_stays_on_the_same_pages(any_listed):
    fetch, _ = any_listed
    pages = [ids(page) for page in walk(fetch, fetch(), "next")]
    draw = random.Random(3)
    page, place = fetch(), 0
    for _ in range(40):
        step = draw.choice([step for step in ("next", "next", "previous") if page[step] is not None])
        page, place = fetch(after(page[step])), place + (1 if step == "next" else -1)
        assert ids(page) == pages[place]


def test_a_list_of_whole_pages_ends_with_a_full_one(server, alice, bob):
    model = converse(server, alice, bob, [time(n) for n in range(100)])
    first = alice.conversation(bob)
    second = alice.conversation(bob, after(first["next"]))
    assert ids(first) + ids(second) == [identity for _, identity in model.rows]
    assert second["next"] is None


def test_both_users_page_through_the_same_messages(settled):
    fetch = settled.fetch(settled.tied)
    mine = [ids(page) for page in walk(fetch, fetch(), "next")]
    theirs = lambda query="": settled.tied.conversation(settled.caller, query)  # noqa: E731
    assert [ids(page) for page in walk(theirs, theirs(), "next")] == mine


def test_many_equal_times_among_others_are_paged_exactly(server, alice, bob):
    times = [time(n) for n in range(30)] + [time(40)] * 1101 + [time(n) for n in range(50, 75)]
    model = converse(server, alice, bob, times)
    fetch = lambda query="": alice.conversation(bob, query)  # noqa: E731
    forwards = walk(fetch, fetch(), "next")
    assert [row for page in forwards for row in ids(page)] == [identity for _, identity in model.rows]
    backwards = walk(fetch, forwards[-1], "previous")
    assert [ids(page) for page in backwards[::-1]] == [ids(page) for page in forwards]


# --- the form of cursors


def all_pages_with_cursors(fetch):
    """(page, Cursor it was asked with) forwards and then backwards."""
    page, cursor = fetch(), Cursor()
    for link in ("next", "previous"):
        yield page, cursor
        while page[link] is not None:
            cursor = cursor_of(link_tokens(page[link]))
            page = fetch(after(page[link]))
            yield page, cursor


def test_our_cursors_are_those_of_drf_but_for_the_id(listed):
    fetch, model = listed
    for page, cursor in all_pages_with_cursors(fetch):
        _, *links = model.page(cursor)
        for url, expected in zip((page["next"], page["previous"]), links):
            assert (url is None) == (expected is None)
            if url is not None:
                tokens = link_tokens(url)
                tokens.pop("i", None)
                assert list(tokens.items()) == list(expected.tokens().items())


def test_drf_understands_our_cursors(listed):
    fetch, model = listed
    for page, cursor in all_pages_with_cursors(fetch):
        assert model.page(cursor)[0] == ids(page)


@pytest.mark.parametrize("partner", ["plain", "tied", "equal"])
def test_our_message_cursors_end_with_the_id_of_the_row_next_to_the_link(settled, partner):
    fetch = settled.fetch(getattr(settled, partner))
    for page, _ in all_pages_with_cursors(fetch):
        for url, row in ((page["next"], -1), (page["previous"], 0)):
            if url is not None:
                assert list(link_tokens(url).items())[-1] == ("i", str(ids(page)[row]))


def test_our_partner_cursors_have_no_id(settled):
    for page, _ in all_pages_with_cursors(settled.partners):
        for url in (page["next"], page["previous"]):
            assert url is None or "i" not in link_tokens(url)


def test_cursor_is_written_as_pythons_urlencode_does(any_listed):
    fetch, _ = any_listed
    for page, _ in all_pages_with_cursors(fetch):
        for url in (page["next"], page["previous"]):
            if url is not None:
                assert link_text(url) == urllib.parse.urlencode(link_tokens(url))
                assert after(url) == query(link_tokens(url))


def test_position_is_the_time_with_its_zone(server, alice, bob):
    converse(server, alice, bob, ["2025-06-06 12:00:00", "2025-06-06 12:00:00.120000"] + ["2025-06-07 12:00:00"] * 49)
    first = alice.conversation(bob)
    assert link_tokens(first["next"])["p"] == "2025-06-06 12:00:00.120000+00:00"
    # Now the page ends within the tied times, which the row behind it has too, so the position is the row before them.
    converse(server, alice, bob, ["2025-06-08 12:00:00"])
    converse(server, alice, bob, ["2025-06-07 12:00:00"])
    first = alice.conversation(bob)
    assert (link_tokens(first["next"])["p"], link_tokens(first["next"])["o"]) == ("2025-06-08 12:00:00+00:00", "49")


# --- cursors that DRF has made


def cursors(model, draw):
    """Cursors that a service on DRF could have handed out over this list, and some that it could not."""
    positions = [drf_cursor.position_of(key) for key, _ in model.rows]
    yield from (Cursor(), Cursor(backwards=True), Cursor(50), Cursor(7, True))
    for _ in range(40):
        yield Cursor(draw.choice([0, 0, 1, 2, 3, 11, 50, 100, 10_000]), draw.random() < 0.5, draw.choice(positions))
    yield from (Cursor(0, backwards, end) for backwards in (False, True) for end in (positions[0], positions[-1]))


def test_cursors_of_drf_are_honoured(any_listed):
    fetch, model = any_listed
    for cursor in cursors(model, random.Random(11)):
        page = fetch(query(cursor.tokens()))
        rows, following, preceding = model.page(cursor)
        assert ids(page) == rows, cursor
        assert (page["next"] is None, page["previous"] is None) == (following is None, preceding is None), cursor


def test_links_after_a_cursor_of_drf_are_those_of_drf(listed):
    fetch, model = listed
    for cursor in cursors(model, random.Random(13)):
        page = fetch(query(cursor.tokens()))
        _, *links = model.page(cursor)
        for url, expected in zip((page["next"], page["previous"]), links):
            if url is not None:
                tokens = link_tokens(url)
                tokens.pop("i", None)
                assert tokens == expected.tokens(), cursor


def test_from_a_page_by_a_cursor_of_drf_the_walk_goes_on_exactly(any_listed):
    fetch, model = any_listed
    order = [identity for _, identity in model.rows]
    for cursor in cursors(model, random.Random(17)):
        page = fetch(query(cursor.tokens()))
        if not ids(page):
            continue
        first, last = order.index(ids(page)[0]), order.index(ids(page)[-1])
        assert ids(page) == order[first : last + 1]
        if page["next"] is not None:
            assert ids(fetch(after(page["next"]))) == order[last + 1 : last + 51], cursor
        if page["previous"] is not None:
            assert ids(fetch(after(page["previous"]))) == order[max(first - 50, 0) : first], cursor


def test_position_between_rows(settled):
    fetch = settled.fetch(settled.plain)
    page = fetch(query({"p": "2025-06-06 00:01:00.000250+00:00"}))
    assert ids(page) == [identity for key, identity in settled.plain_model.rows if key <= time(60)][:50]
    page = fetch(query({"r": "1", "p": "2025-06-06 00:01:00.000250+00:00"}))
    assert ids(page) == [identity for key, identity in settled.plain_model.rows if key > time(60)][-50:]


# Handed out by the reference over messages at 12:00:00, 12:00:01, ... of 2025-06-06, 120 of them, numbered 0 to 119.
LITERAL = [
    ("cD0yMDI1LTA2LTA2KzEyJTNBMDElM0ExMCUyQjAwJTNBMDA%3D", range(69, 19, -1)),
    ("cD0yMDI1LTA2LTA2KzEyJTNBMDAlM0EyMCUyQjAwJTNBMDA%3D", range(19, -1, -1)),
    ("cj0xJnA9MjAyNS0wNi0wNisxMiUzQTAwJTNBMTklMkIwMCUzQTAw", range(69, 19, -1)),
    ("cj0xJnA9MjAyNS0wNi0wNisxMiUzQTAxJTNBMDklMkIwMCUzQTAw", range(119, 69, -1)),
]


@pytest.mark.parametrize("literal, numbers", LITERAL)
def test_literal_cursors_of_the_reference(server, alice, bob, literal, numbers):
    times = [f"2025-06-06 12:{n // 60:02}:{n % 60:02}" for n in range(120)]
    made = server.insert_messages([(alice, bob, when) for when in times])
    assert ids(alice.conversation(bob, f"?cursor={literal}")) == [made[n] for n in numbers]


# Likewise over 120 messages at 12:00:00 and 40 an hour later.
LITERAL_TIED = [
    ("bz0xMCZwPTIwMjUtMDYtMDYrMTMlM0EwMCUzQTAwJTJCMDAlM0EwMA%3D%3D", range(109, 59, -1)),
    ("bz02MCZwPTIwMjUtMDYtMDYrMTMlM0EwMCUzQTAwJTJCMDAlM0EwMA%3D%3D", range(59, 9, -1)),
    ("bz01MCZyPTE%3D", range(99, 49, -1)),
]


@pytest.mark.parametrize("literal, numbers", LITERAL_TIED)
def test_literal_cursors_of_the_reference_with_an_offset(server, alice, bob, literal, numbers):
    times = ["2025-06-06 12:00:00"] * 120 + ["2025-06-06 13:00:00"] * 40
    made = server.insert_messages([(alice, bob, when) for when in times])
    assert ids(alice.conversation(bob, f"?cursor={literal}")) == [made[n] for n in numbers]


# --- beside the cursor


def test_empty_cursor_is_the_first_page(any_listed):
    fetch, _ = any_listed
    first = fetch()
    for same in ("?cursor=", "?cursor", "?cursor=x&cursor="):
        page = fetch(same)
        assert (page["results"], page["previous"]) == (first["results"], None)
        assert link_tokens(page["next"]) == link_tokens(first["next"])


def test_of_several_cursors_the_last_counts(settled):
    fetch = settled.fetch(settled.plain)
    first = fetch()
    assert ids(fetch("?cursor=x&" + after(first["next"])[1:])) == ids(fetch(after(first["next"])))
    check_error(settled.caller.get("conversations/?cursor=&cursor=x"), 404, "Invalid cursor")


def test_pages_have_fifty_rows_whatever_else_is_asked_for(settled):
    page = settled.caller.conversation(settled.plain, "?size=10&limit=5&offset=3&page=2&ordering=id")
    assert ids(page) == [identity for _, identity in settled.plain_model.rows[:50]]
