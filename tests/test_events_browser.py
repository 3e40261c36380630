# SPDX-License-Identifier: MIT
"""GET events/ where streams are mostly listened to: a browser's EventSource, straight and through nginx."""

import json

import pytest

import browser
import nginx
from streams import Stream, contents


# A page's script: it has a token, gets a ticket for it, and listens.
LISTEN = """
(async () => {
    const answer = await fetch(%(prefix)s + "events/ticket/", {
        method: "POST", headers: {Authorization: "Token " + %(token)s}});
    const {ticket} = await answer.json();
    const source = new EventSource(%(prefix)s + "events/?ticket=" + ticket);
    window.heard = [];
    for (const name of ["message_sent", "message_read", "reset"])
        source.addEventListener(name, event => window.heard.push([name, event.lastEventId, JSON.parse(event.data)]));
    return await new Promise((resolve, reject) => {
        source.onopen = () => resolve(source.readyState);
        source.onerror = () => reject(new Error("no stream"));
    });
})()
"""


@pytest.mark.skipif(browser.PROGRAM is None, reason="needs chromium (Debian's package of that name)")
@pytest.mark.parametrize("through_nginx", [False, True])
def test_a_page_listens_with_a_ticket(server, alice, bob, tmp_path, through_nginx):
    if through_nginx and nginx.PROGRAM is None:
        pytest.skip("needs nginx (Debian's package nginx-light)")
    front = nginx.Nginx(tmp_path / "nginx", server.port).start() if through_nginx else None
    try:
        with browser.Browser() as chromium:
            page = chromium.page()
            page.go(f"http://127.0.0.1:{front.port if front else server.port}/livez")
            page.wait("location.pathname === '/livez'")
            names = {"prefix": json.dumps(server.prefix), "token": json.dumps(bob.token)}
            assert page.evaluate(LISTEN % names) == 1
            message = alice.send(bob, "Hello, browser! \u2028 \U0001f600")
            page.wait("window.heard.length === 1")
            read = bob.conversation(alice)["results"][0]
            page.wait("window.heard.length === 2")
            (sent, first, shown), (was_read, second, shown_read) = page.evaluate("window.heard")
            assert (sent, shown) == ("message_sent", {**message, "direction": "in"})
            assert (was_read, shown_read) == ("message_read", read)
    finally:
        if front:
            front.close()
    with Stream(bob, last_event_id=first) as stream:
        event = stream.next()
        assert (event.name, event.id) == ("message_read", second)
        assert contents([event]) == [message["content"]]
