# SPDX-License-Identifier: MIT
"""?page_size=: how many rows a page of partners or messages has."""

import random

import pytest

from drf_cursor import Model, cursor_of, link_tokens
from paging import START, after, converse, ids, time, walk
from routes import check_error

ROWS = 120
REFUSED = "page_size must be a number from 1 to 100."


@pytest.fixture(scope="module")
def lists(shared_server):
    """By name: the path of a list that no test changes, and its Model; and the caller."""
    caller, plain, tied = shared_server.users(3)
    draw = random.Random(3)
    runs = [time(n) for n in range(60) for _ in range(draw.choice([1, 1, 2, 3, 12]))][:ROWS]
    models = {
        f"conversations/{plain.id}/": converse(shared_server, caller, plain, [time(n) for n in range(ROWS)]),
        f"conversations/@{tied.username}/": converse(shared_server, caller, tied, runs),
    }
    others = shared_server.users(ROWS - 2)
    shared_server.insert_messages([(caller, other, START) for other in others])
    models["conversations/"] = Model((user.id, user.id) for user in [plain, tied, *others])
    return caller, dict(zip(("plain", "tied", "partners"), models.items()))


@pytest.fixture(params=["plain", "tied", "partners"])
def listed(request, lists):
    caller, made = lists
    path, model = made[request.param]
    return caller, path, model


@pytest.mark.parametrize("size", [1, 7, 49, 50, 51, 99, 100])
def test_pages_and_links_are_those_of_a_reference_with_that_size(listed, size):
    """In both directions. The links keep the size, and need nothing beside themselves."""
    caller, path, model = listed
    every = [identity for _, identity in model.rows]

    def fetch(query):
        page = caller.page(path + query)
        tokens = [link_tokens(page[link]) if page[link] else None for link in ("next", "previous")]
        assert all(f"page_size={size}" in page[link].split("&") or f"?page_size={size}" in page[link] for link in ("next", "previous") if page[link])
        return page | {"tokens": tokens}

    first = fetch(f"?page_size={size}")
    if ROWS / size > 50:  # it would be a long walk
        pages = [first, fetch(after(first["next"]))]
        assert [ids(page) for page in pages] == [every[:size], every[size : 2 * size]]
        return
    forwards = walk(fetch, first, "next")
    assert [row for page in forwards for row in ids(page)] == every
    assert {len(page["results"]) for page in forwards[:-1]} <= {size}
    backwards = walk(fetch, forwards[-1], "previous")
    assert [row for page in backwards[::-1] for row in ids(page)] == every
    wanted = model.page(size=size)
    for page in forwards:
        assert ids(page) == wanted[0]
        if page["next"]:
            wanted = model.page(cursor_of(page["tokens"][0]), size)


def test_the_size_may_change_from_page_to_page(listed):
    caller, path, model = listed
    every, seen, query = [identity for _, identity in model.rows], [], "?page_size=30"
    for size in (7, 100, 1, 3, 50):
        page = caller.page(path + query)
        seen += ids(page)
        if not page["next"]:
            break
        query = after(page["next"]).replace("page_size=", f"page_size={size}&was=")
    assert seen == every[: len(seen)] and len(seen) == min(ROWS, 30 + 7 + 100)


@pytest.mark.parametrize("query", ["", "?page_size=50", "?page_size=x&page_size=50", "?page_size=0050", "?page%5Fsize=5%30"])
def test_fifty_are_the_default(listed, query):
    caller, path, model = listed
    assert ids(caller.page(path + query)) == [identity for _, identity in model.rows[:50]]


@pytest.mark.parametrize(
    "value", ["", "0", "101", "-1", "+5", "5.0", "5,", "%205", "5%20", "x", "1e1", "0x10", "%00", "%D9%A3", "9" * 40, "100&page_size=101"]
)
def test_a_size_that_is_none_is_refused_and_changes_nothing(server, alice, bob, value):
    alice.send(bob)
    for path in ("conversations/", f"conversations/{alice.id}/"):
        check_error(bob.get(f"{path}?page_size={value}"), 400, REFUSED)
        head = bob.head(f"{path}?page_size={value}")
        assert (head.status, head.body) == (400, b"")
    assert bob.unread() == 1


def test_what_comes_before_and_after_the_size(server, alice):
    check_error(server.anonymous().get("conversations/?page_size=x"), 401, "Authentication credentials were not provided.")
    check_error(alice.get("conversations/999999999/?page_size=x"), 404, "No User matches the given query.")
    check_error(alice.get("conversations/?page_size=x&cursor=x"), 400, REFUSED)
    check_error(alice.get("conversations/?page_size=5&cursor=x"), 404, "Invalid cursor")


def test_other_paths_do_not_know_it(alice, bob):
    alice.send(bob)
    assert bob.get("unread/?page_size=x").status == 200
    assert bob.get("conversations/unread/?page_size=x").status == 200
    assert bob.post(f"conversations/{alice.id}/?page_size=x", {"content": "x"}).status == 201


def test_a_page_ends_by_its_bytes_before_it_has_its_rows(server, alice, bob):
    server.insert_messages([(alice, bob, time(n), START, "y" * 1_500_000) for n in range(9)])
    page = bob.conversation(alice, "?page_size=100")
    assert len(page["results"]) == 3 and page["next"]
    assert len(bob.conversation(alice, after(page["next"]))["results"]) == 3
