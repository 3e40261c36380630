# SPDX-License-Identifier: MIT
"""The web client as it looks: axe-core finds nothing in any of its states, and long lists scroll without a pause.

Each run leaves pictures in build/screenshots. `make web` takes more of them, walks to the end of the lists, and allows no task
that takes a processor for more than 50 ms.
"""

import contextlib
import datetime
import os
import statistics
import threading
import time

import pytest

import browser
from folding import wait_folded
from installed import ROOT, FromNpm
from web_client import WebClient

pytestmark = [
    pytest.mark.sqlite,
    pytest.mark.skipif(browser.PROGRAM is None, reason="there is no chromium (Debian's package of that name)"),
]

IS_LONG = os.environ.get("DIRECTMESSAGES_WEB_LONG") == "1"
AXE = FromNpm("axe", ROOT / "tests" / "web" / "package.json")
WEB = {"DIRECTMESSAGES_WEB": 1}
PARTNERS, MESSAGES = 1000, 10000
MAX_TASK_MS = 50

TALK = [
    ("in", "Morning! Did the deploy go out last night?"),
    ("out", "It did, 23:40. Quiet since then."),
    ("out", "The error rate is even a bit lower than before."),
    ("in", "Wonderful. The notes are at https://example.org/notes/2026-11-28#deploy if you want to add the timings."),
    ("out", "Will do after lunch. For the record, what we ran:\n\n  directmessages migrate\n  directmessages serve\n\nand nothing else."),
    ("in", "That's the whole runbook?"),
    ("out", "That's the whole runbook."),
    ("in", "I'll frame it."),
]


# How the conversations with others end.
ENDS = [
    ("in", "The engine is ready when you are. Shall we say Thursday?", False),
    ("out", "Found it. It was an actual moth.", True),
    ("in", "Either, or?", False),
    ("in", "Thank you! I have put the minutes where everybody finds them.", True),
]


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as running:
        yield running


def ago(**parts):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**parts)).strftime("%Y-%m-%d %H:%M:%S.%f")


def talk(john, partner, **since):
    """Messages between the two, the last one unread."""
    began = datetime.timedelta(**since)
    rows = []
    for number, (direction, text) in enumerate(TALK):
        at = ago(seconds=began.total_seconds() - 60 * number)
        pair = (partner, john) if direction == "in" else (john, partner)
        rows.append((*pair, at, None if number == len(TALK) - 1 else at, text))
    return rows


@pytest.fixture
def busy(make_server):
    """A server, and John with some conversations."""
    server = make_server(env=WEB)
    john, jane = server.user("john", "John", "Doe"), server.user("jane", "Jane", "Roe")
    others = [server.user(f"user{i}", first, last) for i, (first, last) in enumerate(
        [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Søren", "Kierkegaard"), ("Maximiliane-Konstantina", "von und zu Hohenlohe")])]
    rows = talk(john, jane, days=1) + talk(john, jane, minutes=9)
    for number, (other, (direction, text, is_read)) in enumerate(zip(others, ENDS, strict=True)):
        rows += talk(john, other, days=2 * number, hours=1)[:-1]
        at = ago(days=2 * number, minutes=50)
        rows.append((*((other, john) if direction == "in" else (john, other)), at, at if is_read else None, text))
    server.insert_messages(rows)
    wait_folded(server)
    return server, john, jane


def check_axe(page, state):
    """Nothing is wrong by axe's rules, those that are only good advice too."""
    if not page.evaluate("window.axe !== undefined"):
        page.evaluate((AXE.folder() / "node_modules" / "axe-core" / "axe.min.js").read_text() + ";0")
    found = page.evaluate(
        """(async () => (await axe.run(document)).violations.map(
            one => [one.id, one.help, one.nodes.map(node => node.html + ' ' + node.failureSummary)]))()"""
    )
    assert found == [], state
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{state} is wider than the window"
    small = page.evaluate(
        """[...document.querySelectorAll('button, input, textarea, .row, .filter span')].map(one => [one, one.getBoundingClientRect()])
            .filter(([one, box]) => box.width > 1 && !one.matches('[type=checkbox], .check *') && (box.height < 44 || box.width < 44))
            .map(([one, box]) => one.outerHTML + box.height)"""
    )
    assert small == [], f"{state} has targets below 44 px"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium, busy, theme):
    if reason := AXE.why_not():
        pytest.skip(reason)
    server, john, jane = busy
    one = WebClient(chromium, server, john)
    page = one.page
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme},
                                                      {"name": "prefers-reduced-motion", "value": "reduce"}])
    page.wait_for("#inbox .row")

    def look(state):
        for width in (1280, 390, 320) if IS_LONG else ((1280, 390) if theme == "light" else (320,)):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False)
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            one.screenshot(f"web-{state}-{width}-{theme}")
            check_axe(page, f"{state} at {width}")

    look("inbox")
    one.open(jane)
    page.evaluate("document.getElementById('message-more').hidden = true")
    look("conversation")
    if IS_LONG and theme == "light":
        page.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        page.evaluate("document.getElementById('log').scrollTop = 1e9")
        one.screenshot("readme", "webp")  # the picture in README.md: cp build/screenshots/readme.webp docs/web.webp
    page.click("#talk-more")
    page.wait_for("#menu:popover-open")
    look("menu")
    page.press("b")
    page.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.press("?")
    page.wait_for("#help[open]")
    look("keys")
    page.press("Escape")
    jane.request("PUT", f"blocks/{john.id}/")
    one.send("You there? https://example.org/")
    page.wait_for(".failed button")
    page.evaluate("[...document.querySelectorAll('#pages .message')].at(-1).focus()")
    look("not-sent")
    page.evaluate("location.hash = '#@nobody'")
    page.wait("document.getElementById('notice').classList.contains('shown')")
    page.wait_for("#nobody:not([hidden])")
    look("nobody")
    page.click("#inbox-more")
    page.evaluate("[...document.querySelectorAll('#menu button')].at(-1).click()")
    page.wait_for("#sign-in:not([hidden])")
    page.type("#token", server.user().token)
    page.press("Enter")
    page.wait_for("#app:not([hidden])")
    page.wait_for("#inbox-nothing:not([hidden])")
    look("empty")
    page.click("#inbox-more")
    page.evaluate("[...document.querySelectorAll('#menu button')].at(-1).click()")
    page.wait_for("#sign-in:not([hidden])")
    page.type("#token", "wrong")
    page.press("Enter")
    page.wait("document.getElementById('sign-in-problem').textContent !== ''")
    look("sign-in")
    page.close()


# Keeps the list at its end while it grows.
SCROLL = """
new Promise(resolve => {
    const list = document.querySelector(%(list)s);
    let last = 0, still = 0;
    (function step() {
        list.scrollTop = %(to)s * list.scrollHeight;
        const count = document.querySelectorAll(%(item)s).length;
        still = count === last ? still + 1 : 0;
        last = count;
        if (count >= %(wanted)d || still > 600) setTimeout(() => resolve(count), 200);
        else requestAnimationFrame(step);
    })();
})
"""
LISTS = {
    "inbox": {"list": "'.list'", "item": "'#inbox .item'", "to": "1", "wanted": PARTNERS if IS_LONG else 300},
    "log": {"list": "'#log'", "item": "'#pages .message'", "to": "-1", "wanted": MESSAGES if IS_LONG else 1500},
}


def scroll(page, name):
    names = LISTS[name]
    assert page.evaluate(SCROLL % names) >= names["wanted"], name
    ids = page.evaluate(f"[...document.querySelectorAll({names['item']})].map(one => one.dataset.id ?? one.dataset.partner)")
    assert len(ids) == len(set(ids)), f"of the {name} each is there once"


class Slowness:
    """How much slower than at its best a processor is meanwhile, which it is beside other programs: the same work, again and again."""

    def __enter__(self):
        self._times, self._end = [], threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def _work(self):
        while not self._end.wait(0.02):
            began = time.thread_time()
            sum(i * i for i in range(20_000))
            self._times.append(time.thread_time() - began)

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def factor(self):
        return statistics.median(self._times) / min(self._times)


def longest(events, slowness):
    had, took = (sorted((task[which] for task in browser.tasks(events)), reverse=True) for which in (0, 1))
    factor = slowness.factor()
    print(f"{len(had)} tasks; the longest had a processor for {had[0]:.0f} ms, {had[1]:.0f}, {had[2]:.0f}, {factor:.1f} times slower "
          f"than alone; by the clock {sum(each > MAX_TASK_MS for each in took)} took more than {MAX_TASK_MS} ms, the longest {took[0]:.0f}")
    return had[0] / factor


def test_long_lists_scroll(chromium, make_server):
    server = make_server(env=WEB)
    john, jane = server.user("john", "John", "Doe"), server.user("jane", "Jane", "Roe")
    partners = server.users(PARTNERS)
    rows = [(partner, john, f"2025-06-06 12:{i // 60:02}:{i % 60:02}", None, f"I am number {i}") for i, partner in enumerate(partners)]
    for i in range(MESSAGES):
        pair = (john, jane) if i % 3 else (jane, john)
        at = f"2025-{1 + i // 1000:02}-{1 + i // 60 % 28:02} {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}"
        rows.append((*pair, at, at, f"Message {i}: " + "as people write them, now and then " * (i % 5)))
    server.insert_messages(rows)
    wait_folded(server)
    look = (Slowness(), chromium.trace()) if IS_LONG else (contextlib.nullcontext(), contextlib.nullcontext())
    with look[0] as slowness, look[1] as events:
        one = WebClient(chromium, server, john)
        one.page.wait_for("#inbox .row")
        scroll(one.page, "inbox")
        partners[0].send(john, "Here I am")
        one.page.wait("document.querySelector('#inbox .preview').textContent === 'Here I am'")
        one.open(jane)
        scroll(one.page, "log")
        one.page.mark()
    one.page.close()
    if IS_LONG:
        assert longest(events, slowness) <= MAX_TASK_MS


def test_older_messages_keep_the_place(chromium, make_server):
    server = make_server(env=WEB)
    john, jane = server.user("john", "John", "Doe"), server.user("jane", "Jane", "Roe")
    server.insert_messages([(jane, john, f"2025-06-06 12:{i // 60:02}:{i % 60:02}", "2025-06-07 12:00:00", f"Message {i}\n" * (1 + i % 4)) for i in range(400)])
    one = WebClient(chromium, server, john)
    one.open(jane)
    page = one.page
    top = """(() => { const box = document.getElementById('log').getBoundingClientRect();
        const one = [...document.querySelectorAll('#pages .message')].find(node => node.getBoundingClientRect().top > box.top + 100);
        return [one.dataset.id, Math.round(one.getBoundingClientRect().top)] })()"""
    where = "(id => Math.round(document.querySelector(`[data-id='${id}']`).getBoundingClientRect().top))"
    for _ in range(3):
        # At once: older messages that come in between would move what was looked at.
        count, (identity, before) = page.evaluate("""(() => { const log = document.getElementById('log');
            log.scrollTop = -(log.scrollHeight - log.clientHeight - 700);
            return [document.querySelectorAll('#pages .message').length, %s] })()""" % top)
        page.wait(f"document.querySelectorAll('#pages .message').length > {count}")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert abs(page.evaluate(f"{where}('{identity}')") - before) <= 1
    # What comes meanwhile at the bottom does not move it either, and is told of.
    identity, before = page.evaluate(top)
    jane.send(john, "down here")
    page.wait("document.getElementById('below').hidden === false")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert abs(page.evaluate(f"{where}('{identity}')") - before) <= 1
    assert "1 new message" in page.text("#below") and john.unread() == 1
    page.click("#below")
    page.wait("document.getElementById('below').hidden")
    one.page.close()
