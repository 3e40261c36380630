# SPDX-License-Identifier: MIT
"""The docs page in a real Chromium: it asks no other host, the browser refuses nothing, and the page can be used."""

import contextlib
import json
import urllib.parse

import pytest

import browser
from docs_page import needs_page
from harness import ROOT, wait_until

pytestmark = [
    pytest.mark.sqlite,
    needs_page,
    pytest.mark.skipif(browser.PROGRAM is None, reason="there is no chromium (Debian's package of that name)"),
]

SCREENSHOTS = ROOT / "build" / "screenshots"
SEND = "#operations-Messages-dm_send_create"
UNREAD = "#operations-Messages-dm_unread_retrieve"
STATUS = " .live-responses-table tbody .response-col_status"
BODY = " .live-responses-table tbody .highlight-code code"


@pytest.fixture
def page(request):
    with browser.Browser() as running:
        opened = running.page()
        yield opened
        SCREENSHOTS.mkdir(exist_ok=True)
        opened.screenshot(SCREENSHOTS / f"{request.node.name}.png")


def open_docs(page, server):
    page.go(f"http://{server.netloc}/api/docs/")
    page.wait_for(SEND)


def authorise(page, token):
    page.click(".auth-wrapper .authorize")
    page.type(".modal-ux input", f"Token {token}")
    page.click(".modal-ux button[type=submit]")
    page.click(".modal-ux .btn-done")


def unfold(page, operation):
    """Until Swagger UI has put the operation together, its buttons are there but do nothing."""
    page.click(operation + " .opblock-summary-control")
    page.wait_for(operation + " .opblock-description")


def hosts(page):
    return {urllib.parse.urlsplit(url).netloc for url in page.requests() if not url.startswith("data:")}


def test_it_loads_and_asks_nobody_else(page, server):
    open_docs(page, server)
    assert page.text(".info .title").startswith("Direct messages")
    assert page.evaluate("document.querySelectorAll('.opblock').length") > 10
    unfold(page, SEND)
    page.wait_for(SEND + " textarea")
    assert hosts(page) == {server.netloc}
    assert page.complaints() == []


def test_a_violation_of_the_policy_would_be_seen(page, server):
    """The other tests rely on this: the policy is in force, and the browser reports violations."""
    open_docs(page, server)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    with contextlib.suppress(AssertionError):
        page.evaluate("fetch('http://127.0.0.1:9/')")
    for directive in ("style-src", "connect-src"):
        wait_until(lambda directive=directive: directive in json.dumps(page.complaints()), f"{directive} is reported")


def test_try_it_out_sends_a_message(page, server, alice, bob):
    open_docs(page, server)
    authorise(page, alice.token)
    unfold(page, SEND)
    page.type(SEND + " input[placeholder=id]", str(bob.id))
    page.type(SEND + " textarea", json.dumps({"content": "Grüße aus dem Browser"}, ensure_ascii=False))
    page.click(SEND + " .execute")
    assert page.text(SEND + STATUS).strip() == "201"
    sent = json.loads(page.text(SEND + BODY))
    stored = server.message(sent["id"])
    assert (stored.sender_id, stored.recipient_id, stored.content) == (alice.id, bob.id, "Grüße aus dem Browser")
    assert bob.unread() == 1
    assert hosts(page) == {server.netloc}
    assert page.complaints() == []


def test_without_a_token_it_shows_the_refusal(page, server):
    open_docs(page, server)
    unfold(page, UNREAD)
    page.click(UNREAD + " .execute")
    assert page.text(UNREAD + STATUS).strip().startswith("401")
    assert "Authentication credentials were not provided." in page.text(UNREAD + BODY)
    assert hosts(page) == {server.netloc}


def test_another_prefix(page, make_server):
    server = make_server(prefix="")
    alice, bob = server.users(2)
    open_docs(page, server)
    authorise(page, bob.token)
    alice.send(bob)
    unfold(page, UNREAD)
    page.click(UNREAD + " .execute")
    assert page.text(UNREAD + STATUS).strip() == "200"
    assert json.loads(page.text(UNREAD + BODY)) == {"id": bob.id, "count": 1}
    assert page.complaints() == []
