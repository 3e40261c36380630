# SPDX-License-Identifier: MIT
"""The absolute links of a page: scheme, host, path and query, behind a proxy and on a Unix socket too."""

import urllib.parse

import pytest

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

START = "2025-06-06 12:00:00"


@pytest.fixture(scope="module")
def reader(shared_server):
    """A user with a conversation of three pages, whose partner is `reader.partner`."""
    user, user.partner = shared_server.users(2)
    fill(shared_server, user)
    return user


def fill(server, user):
    """Gives the user a conversation of three pages with user.partner."""
    server.insert_messages([(user, user.partner, START)] * 120)


def second_page(user, query="", headers=()):
    """The second page of the conversation, which has both links, asked for with `query` besides the cursor."""
    path = f"conversations/{user.partner.id}/"
    cursor = urllib.parse.urlsplit(user.page(path)["next"]).query
    answer = user.get(f"{path}?{query}{'&' if query else ''}{cursor}", headers)
    assert answer.status == 200, answer
    return answer.json()


def links(page):
    return [urllib.parse.urlsplit(page[name]) for name in ("next", "previous")]


def base(link):
    return f"{link.scheme}://{link.netloc}{link.path}"


def test_links_are_made_from_scheme_host_and_path(server, reader):
    for link in links(second_page(reader)):
        assert base(link) == f"{server.base}conversations/{reader.partner.id}/"
        assert link.fragment == ""


def test_links_can_be_followed_as_they_are(reader):
    page, seen = reader.conversation(reader.partner), []
    while True:
        seen += [message["id"] for message in page["results"]]
        if page["next"] is None:
            break
        link = urllib.parse.urlsplit(page["next"])
        page = reader.page(f"{link.path}?{link.query}")
    assert len(set(seen)) == 120


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_host_of_a_target_in_absolute_form_comes_before_the_header(server, reader, scheme):
    path = f"{server.prefix}conversations/{reader.partner.id}/"
    head = f"GET {scheme}://proxied.example:81{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {reader.token}\r\n\r\n"
    link = urllib.parse.urlsplit(server.exchange(head.encode()).json()["next"])
    assert base(link) == f"{scheme}://proxied.example:81{path}"


@pytest.mark.parametrize("host", ["example.com", "example.com:8080", "[::1]:9000", "a-b.example", "10.1.2.3:80"])
def test_host_is_that_of_the_request(reader, host):
    for link in links(second_page(reader, headers={"Host": host})):
        assert base(link) == f"http://{host}/api/dm/conversations/{reader.partner.id}/"


def test_partner_list_has_absolute_links_too(server, alice):
    server.insert_messages([(alice, partner, START) for partner in server.users(120)])
    page = alice.page("conversations/?b=2&a=1")
    link = urllib.parse.urlsplit(page["next"])
    assert base(link) == f"{server.base}conversations/"
    assert link.query.startswith("a=1&b=2&cursor=")


def test_path_is_that_of_the_request(reader):
    path = f"conversations/000{reader.partner.id}/"
    assert urllib.parse.urlsplit(reader.page(path)["next"]).path == f"/api/dm/{path}"


@pytest.mark.parametrize(
    "query",
    [
        "a=1",
        "z=1&a=2",
        "z=1&cursor2=2&Cursor=3&a=4",
        "a=2&a=1",
        "a=1&b=2&a=3",
        "empty=&a",
        "format=json",
        "q=a+b%20c",
        "q=%C3%A9&%C3%A9=1",
        "q=%26%3D%3F%23%25%2B",
        "q=~._-*!'()",
        "q=/?:@$,;",
        "q=[x]{y}|^`\\",
        "a==b",
        "&&a=1&&",
        "page_size=10",
        "q=%zz%",
        "%61=1",
        "q=%00%7F",
        "q=%F0%9F%98%80",
    ],
)
def test_other_parameters_are_kept_sorted_and_encoded_anew(reader, query):
    page = second_page(reader, query)
    others = urllib.parse.parse_qs(query, keep_blank_values=True)
    for link in links(page):
        cursor = urllib.parse.parse_qs(link.query, keep_blank_values=True)["cursor"]
        expected = sorted((others | {"cursor": cursor}).items())
        assert link.query == urllib.parse.urlencode(expected, doseq=True)


def test_bytes_that_are_not_utf8_are_kept(reader):
    for link in links(second_page(reader, "q=%FF&%C3=a%80")):
        others = [pair for pair in link.query.split("&") if not pair.startswith("cursor=")]
        assert sorted(others) == ["%C3=a%80", "q=%FF"]


def test_cursor_takes_the_place_of_all_cursors(reader):
    for link in links(second_page(reader, "cursor=x&a=1&cursor=y")):
        assert link.query.count("cursor=") == 1


FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "public.example", "Host": "inner.example:8000"}


def test_forwarded_headers_are_not_believed_by_default(reader):
    for link in links(second_page(reader, headers=FORWARDED)):
        assert link.netloc == "inner.example:8000"
        assert link.scheme == "http"


@pytest.fixture
def trusting(make_server):
    server = make_server(env={"DIRECTMESSAGES_TRUST_FORWARDED": 1})
    user, user.partner = server.users(2)
    fill(server, user)
    return user


def test_forwarded_headers_make_the_links_where_trusted(trusting):
    rest = f"/api/dm/conversations/{trusting.partner.id}/"
    without_host = {name: value for name, value in FORWARDED.items() if name != "X-Forwarded-Host"}
    without_proto = {name: value for name, value in FORWARDED.items() if name != "X-Forwarded-Proto"}
    with_port = FORWARDED | {"X-Forwarded-Host": "public.example:8443"}
    for headers, expected in (
        (FORWARDED, "https://public.example"),
        (without_host, "https://inner.example:8000"),
        (without_proto, "http://public.example"),
        (with_port, "https://public.example:8443"),
        ({"Host": "inner.example"}, "http://inner.example"),
    ):
        for link in links(second_page(trusting, headers=headers)):
            assert base(link) == expected + rest


def test_forwarded_headers_off_by_zero(make_server):
    server = make_server(env={"DIRECTMESSAGES_TRUST_FORWARDED": 0})
    user, user.partner = server.users(2)
    fill(server, user)
    for link in links(second_page(user, headers=FORWARDED)):
        assert base(link).startswith("http://inner.example:8000/")


@pytest.mark.parametrize("prefix, root", [("", "/"), ("deep/er", "/deep/er/")])
def test_links_have_the_prefix(make_server, prefix, root):
    server = make_server(prefix=prefix)
    user, user.partner = server.users(2)
    fill(server, user)
    for link in links(second_page(user)):
        assert base(link) == f"http://{server.netloc}{root}conversations/{user.partner.id}/"


def test_everything_works_on_a_unix_socket(make_server, tmp_path):
    server = make_server(listen=f"unix:{tmp_path / 'socket'}")
    user, user.partner = server.users(2)
    fill(server, user)
    assert user.partner.unread() == 120
    for link in links(second_page(user, headers={"Host": "over.unix"})):
        assert base(link) == f"http://over.unix/api/dm/conversations/{user.partner.id}/"
