# SPDX-License-Identifier: MIT
"""The web client: its files, and how a user opens it in Chromium."""

import json

from harness import ROOT, wait_until

FILES = {
    "": "text/html; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "directmessages-events.js": "text/javascript; charset=utf-8",
}
SCREENSHOTS = ROOT / "build" / "screenshots"


class WebClient:
    """A page of the browser in which `user` uses the client."""

    def __init__(self, chromium, server, user, apart=True, **options):
        self.server, self.user = server, user
        self.page = chromium.page(apart=apart, **options)
        self.page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.page.go(f"http://{server.netloc}/app/#token={user.token}")
        self.page.wait("document.getElementById('app')?.hidden === false")

    def open(self, partner):
        """Opens the conversation as the address of it does."""
        self.page.evaluate(f"void (location.hash = '#@' + encodeURIComponent({json.dumps(partner.username)}))")
        self.page.wait(f"document.querySelector('#partner .username')?.textContent === {json.dumps('@' + partner.username)}")
        self.page.wait("!document.getElementById('log').hasAttribute('aria-busy')")

    def set_offline(self, offline):
        rates = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.page.call("Network.emulateNetworkConditions", offline=offline, **rates)

    def write(self, text):
        self.page.evaluate("document.getElementById('content').focus()")
        self.page.call("Input.insertText", text=text)

    def send(self, text):
        self.write(text)
        self.page.press("Enter")

    def texts(self):
        """What the messages of the open conversation say, those that are not sent yet too."""
        return self.page.evaluate(
            "[...document.querySelectorAll('#log .message:not([hidden]) .bubble')].map(one => one.textContent)"
        )

    def wait_texts(self, *texts):
        wait_until(lambda: self.texts() == list(texts), f"{self.user.username} sees {texts}, not {self.texts()}")

    def pending(self):
        return self.page.evaluate("document.querySelectorAll('#pending .message').length")

    def rows(self):
        """The inbox: of each row the name, the last message, the number of unread ones."""
        return self.page.evaluate(
            """[...document.querySelectorAll('#inbox .row')].map(row => [row.querySelector('.name').textContent,
                row.querySelector('.preview').textContent, parseInt(row.querySelector('.badge')?.textContent ?? 0)])"""
        )

    def wait_rows(self, *rows):
        wait_until(lambda: self.rows() == [list(row) for row in rows], f"the inbox has {rows}, not {self.rows()}")

    def wait_title(self, text):
        self.page.wait(f"document.title === {json.dumps(text)}")

    def screenshot(self, name, form="png"):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(SCREENSHOTS / f"{name}.{form}")
