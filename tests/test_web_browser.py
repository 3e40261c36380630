# SPDX-License-Identifier: MIT
"""The web client in a real Chromium: people talk, the server goes and comes back, texts are hostile."""

import json

import pytest

import browser
from folding import wait_folded
from harness import wait_until
from metrics import scrape
from ports import free_port
from web_client import WebClient

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason="there is no chromium (Debian's package of that name)")

WEB = {"DIRECTMESSAGES_WEB": 1}


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as running:
        yield running


@pytest.fixture
def visit(chromium):
    """Opens the client, as WebClient does; its pages are closed when the test ends."""
    opened = []

    def open_it(*arguments, **options):
        opened.append(WebClient(chromium, *arguments, **options))
        return opened[-1]

    yield open_it
    for one in opened:
        one.page.close()


@pytest.fixture
def web(make_server):
    return make_server(env=WEB)


@pytest.fixture
def john(web):
    return web.user("john", "John", "Doe")


@pytest.fixture
def jane(web):
    return web.user("jane", "Jane", "Roe")


def stored(server):
    return [content for (content,) in server.sql("SELECT content FROM directmessages_message ORDER BY sent_at, id")]


def test_two_people_talk(visit, web, john, jane, request):
    left, right = visit(web, john), visit(web, jane)
    assert john.token not in left.page.evaluate("location.href + document.title + JSON.stringify(history.state)")
    left.page.type("#to", "@jane")
    left.page.press("Enter")
    left.page.wait_for("#talk:not([hidden])")
    left.send("Hello, Jane!")
    left.wait_texts("Hello, Jane!")
    right.wait_rows(["John Doe", "Hello, Jane!", 1])
    right.wait_title("(1) Messages")
    left.page.wait("document.querySelector('.ticks')?.ariaLabel === 'sent'")

    right.page.click("#inbox .row")
    right.wait_texts("Hello, Jane!")
    assert right.page.evaluate("document.querySelector('.line.new').nextElementSibling.classList.contains('message')")
    left.page.wait("document.querySelector('.ticks')?.ariaLabel === 'read'")
    right.wait_title("John Doe - Messages")
    right.wait_rows(["John Doe", "Hello, Jane!", 0])

    right.write("Hello,")
    right.page.press("Enter", shift=True)
    right.send("John!")
    left.wait_texts("Hello, Jane!", "Hello,\nJohn!")
    right.wait_texts("Hello, Jane!", "Hello,\nJohn!")
    right.wait_rows(["John Doe", "You: Hello, John!", 0])
    right.page.wait("[...document.querySelectorAll('.ticks')].at(-1)?.ariaLabel === 'read'")
    wait_until(lambda: right.pending() == 0, "all is sent")
    for one in (left, right):
        assert one.page.complaints() == []
        assert all(url.startswith((f"http://{web.netloc}/", "data:")) for url in one.page.requests())
        one.screenshot(f"{request.node.name}-{one.user.username}")


@pytest.mark.sqlite
def test_what_is_looked_at_is_read_and_nothing_else(visit, web, john, jane):
    one = visit(web, john)
    one.page.evaluate("void (document.hasFocus = () => false)")
    one.open(jane)
    jane.send(john, "first")
    jane.send(john, "second")
    one.wait_texts("first", "second")
    one.wait_rows(["Jane Roe", "second", 2])
    assert one.page.evaluate("document.querySelector('.line.new').nextElementSibling.textContent").startswith("Jane Roe: first")
    assert one.page.evaluate("new Promise(done => setTimeout(done, 1300))") is None  # longer than it takes if it is looked at
    assert john.unread() == 2
    one.page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))")
    one.wait_rows(["Jane Roe", "second", 0])
    wait_until(lambda: john.unread() == 0, "the server knows it, too")
    one.page.evaluate("document.activeElement.blur()")
    one.page.press("u")
    one.wait_rows(["Jane Roe", "second", 1])
    one.wait_title("(1) Jane Roe - Messages")


def test_the_server_goes_and_comes_back(visit, make_server, request):
    """Nothing is lost, and nothing is there twice: neither what was sent meanwhile, nor what had lost its response."""
    server = make_server(listen=f"127.0.0.1:{free_port()}", env=WEB)
    john, jane = server.user("john", "John"), server.user("jane", "Jane")
    one = visit(server, john)
    one.open(jane)
    page = one.page
    page.call("Fetch.enable", patterns=[{"urlPattern": "*/send/*", "requestStage": "Response"}])
    one.send("stored, and its response is lost")
    paused = wait_until(lambda: page.events("Fetch.requestPaused"), "the response of the send")[0]
    page.call("Fetch.failRequest", requestId=paused["requestId"], errorReason="ConnectionReset")
    page.call("Fetch.disable")
    server.kill()
    page.wait("document.getElementById('banner').hidden === false")
    one.send("while it is away")
    one.send("and once more")
    page.wait("document.querySelectorAll('#pending .message:not([hidden])').length >= 2")
    one.screenshot(f"{request.node.name}-away")
    one.set_offline(True)
    server.start()
    jane.send(john, "from the other side")  # before the page is there again
    one.set_offline(False)
    page.wait("document.getElementById('banner').hidden && document.querySelectorAll('#pending .message').length === 0")
    wait_until(lambda: sorted(one.texts()) == sorted(stored(server)), "all messages, each once")
    assert sorted(stored(server)) == [
        "and once more", "from the other side", "stored, and its response is lost", "while it is away"]
    mine = [text for text in one.texts() if text != "from the other side"]
    assert mine == ["stored, and its response is lost", "while it is away", "and once more"]
    sends = [each["request"] for each in page.events("Network.requestWillBeSent") if "/send/" in each["request"]["url"]]
    keys = {each["headers"]["Idempotency-Key"] for each in sends if "lost" in each["postData"]}
    assert len(keys) == 1 and len([each for each in sends if "lost" in each["postData"]]) >= 2


@pytest.mark.sqlite
def test_a_position_that_is_not_known_any_more_loads_all_anew(visit, make_server):
    server = make_server(listen=f"127.0.0.1:{free_port()}", env={**WEB, "DIRECTMESSAGES_EVENTS_KEEP": 1})
    john, jane = server.user("john", "John"), server.user("jane", "Jane")
    one = visit(server, john)
    one.open(jane)
    jane.send(john, "before")
    one.wait_rows(["Jane", "before", 0])
    one.set_offline(True)
    server.stop()
    server.start()
    for text in ("the events of these", "are not kept", "but for the last"):
        jane.send(john, text)
    server.stop()
    server.start()  # the log is trimmed at the start
    wait_until(lambda: server.sql("SELECT count(*) FROM directmessages_event") == [(1,)], "the log is trimmed")
    one.set_offline(False)
    one.wait_texts("before", "the events of these", "are not kept", "but for the last")
    one.wait_rows(["Jane", "but for the last", 0])


@pytest.mark.sqlite
def test_resets_that_do_not_end_load_less_and_less_often(visit, make_server):
    """After the log was emptied by hand each of the server's looks at it is a reset."""
    server = make_server(env=WEB)
    john, jane = server.user("john", "John"), server.user("jane", "Jane")
    one = visit(server, john)
    jane.send(john, "before")
    one.wait_rows(["Jane", "before", 1])

    def loads():
        asked = one.page.events("Network.requestWillBeSent")
        return [each["timestamp"] for each in asked if each["request"]["url"].split("?")[0].endswith("/inbox/")]

    known = len(loads())
    server.sql("DELETE FROM directmessages_event")
    wait_until(lambda: len(loads()) >= known + 5, "it loads five times, perhaps once for the message from before")
    times = loads()[known:]
    pauses = [after - before for before, after in zip(times, times[1:])]
    assert pauses[2] > 0.4 and pauses[3] > 0.9, pauses


@pytest.mark.sqlite
def test_what_the_server_refuses_is_not_sent_and_can_be_tried_again(visit, web, john, jane):
    one = visit(web, john)
    one.open(jane)
    jane.request("PUT", f"blocks/{john.id}/")
    one.send("Can you hear me?")
    one.page.wait_for(".failed button")
    assert "Not sent. You are not allowed to message this user." in one.page.text(".failed .state")
    jane.request("DELETE", f"blocks/{john.id}/")
    one.page.click(".failed button")
    wait_until(lambda: one.pending() == 0, "it is sent")
    one.wait_texts("Can you hear me?")
    assert stored(web) == ["Can you hear me?"]


@pytest.mark.sqlite
def test_a_rate_is_waited_for(visit, make_server):
    web = make_server(env={**WEB, "DIRECTMESSAGES_RATE_SEND": "1/s"})
    john, jane = web.users(2)
    one = visit(web, john)
    one.open(jane)
    said = ["One.", "Two.", "Three."]
    for text in said:
        one.send(text)
    wait_until(lambda: stored(web) == said, "all are sent")


@pytest.mark.sqlite
def test_a_failure_is_told_wherever_the_user_looks(visit, web, john, jane):
    ben = web.user("ben")
    web.insert_messages([(jane, john, f"2025-06-06 12:00:{i:02}", "2025-06-07 12:00:00", f"Message {i}\n" * 3) for i in range(40)])
    web.insert_messages([(ben, john, "2025-06-06 11:00:00", "2025-06-07 12:00:00", "Hi")])
    wait_folded(web)
    one = visit(web, john)
    page = one.page
    in_view = """(() => { const box = document.getElementById('log').getBoundingClientRect();
        return [...document.querySelectorAll('.failed')].at(-1).getBoundingClientRect().bottom <= box.bottom })()"""

    def send_later(text):
        """Sends it, and gives a function that lets the request go on."""
        page.call("Fetch.enable", patterns=[{"urlPattern": "*/send/*"}])
        one.send(text)
        page.wait("document.querySelectorAll('#pending .message:not(.failed)').length === 1")
        return lambda: page.call("Fetch.disable")

    one.open(jane)
    jane.request("PUT", f"blocks/{john.id}/")
    one.send("at the end")
    page.wait_for(".failed button")
    page.wait(in_view)
    assert page.evaluate("document.getElementById('below').hidden")
    go_on = send_later("scrolled away")
    page.evaluate("document.getElementById('log').scrollTop = -500")
    where = "document.querySelector('#pages .message').getBoundingClientRect().top"
    before = page.evaluate(where)
    go_on()
    page.wait("document.getElementById('below').hidden === false")
    assert page.text("#below") == "A message was not sent" and abs(page.evaluate(where) - before) <= 1
    page.click("#below")
    page.wait("document.getElementById('below').hidden")
    assert page.evaluate(in_view) and page.evaluate("document.querySelectorAll('.failed').length") == 2
    for _ in range(2):
        page.evaluate("[...document.querySelectorAll('.failed button')].find(one => one.textContent === 'Discard').click()")
    page.wait("document.querySelector('.unsent') === null")
    go_on = send_later("elsewhere")
    one.open(ben)
    go_on()
    page.wait("document.getElementById('notice').textContent === 'A message was not sent: You are not allowed to message this user.'")
    page.wait(f"document.querySelector('[data-partner=\"{jane.id}\"] .unsent')?.textContent === 'Not sent'")


@pytest.mark.sqlite
def test_401_leads_back_with_the_servers_sentence(visit, web, john, jane):
    one = visit(web, john)
    one.open(jane)
    web.wait_log(r"access method=GET path=/api/dm/inbox/ status=200")  # all is loaded, so that the send is refused first
    web.sql("DELETE FROM authtoken_token WHERE key = ?", (john.token,))
    one.send("Hello?")
    one.page.wait_for("#sign-in:not([hidden])")
    assert one.page.text("#sign-in-problem") == "Invalid token."
    assert one.page.evaluate("sessionStorage.getItem('token')") is None
    one.page.type("#token", jane.token[:-1])
    one.page.press("Enter")
    one.page.wait("document.getElementById('sign-in-problem').textContent !== ''")
    assert one.page.text("#sign-in-problem") == "Invalid token."
    web.sql("INSERT INTO authtoken_token (key, created, user_id) VALUES (?, '2025-01-01 00:00:00', ?)", ("f" * 40, john.id))
    one.page.type("#token", "f" * 40)
    one.page.press("Enter")
    one.wait_texts("Hello?")  # it was kept, and is sent now
    wait_until(lambda: stored(web) == ["Hello?"], "it is sent")


@pytest.mark.sqlite
def test_drafts_stay_with_their_partners(visit, web, john, jane):
    mary = web.user("mary", "Mary")
    one = visit(web, john)
    one.open(jane)
    one.write("for Jane")
    one.open(mary)
    assert one.page.evaluate("document.getElementById('content').value") == ""
    one.write("for Mary")
    one.page.evaluate("void (window.isOld = true)")
    one.page.call("Page.reload")
    one.page.wait("!window.isOld && document.getElementById('content')?.value === 'for Mary'")
    one.open(jane)
    one.send("!")
    one.wait_texts("for Jane!")
    one.open(mary)
    one.open(jane)
    assert one.page.evaluate("document.getElementById('content').value") == ""


HOSTILE = [
    "<img src=x onerror='window.hit=1'><script>window.hit=1</script>",
    "javascript:window.hit=1 data:text/html,x https://u:p@127.0.0.1/ http://",
    "see (https://example.org/a_(b)?c=d&e=\"f), <https://example.org/x>.",
    "\u202egnp.exe https://example.org/\u202emoc",
    "{{7*7}} ${7*7} %00 \x01\x1b[31m &lt;b&gt; \ud7ff\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "x" * 3000,
]


@pytest.mark.sqlite
def test_hostile_texts_and_names_are_only_shown(visit, web, john, request):
    name = "\u202e<b onclick=x>\"'&amp;"
    other = web.user("a/b?c#d%2F@é", name, "<script>window.hit=1</script>")
    for text in HOSTILE:
        other.send(john, text)
    one = visit(web, john)
    one.open(other)
    one.wait_texts(*HOSTILE)
    one.send("my answer")
    one.wait_texts(*HOSTILE, "my answer")
    page = one.page
    assert page.evaluate("document.querySelector('#partner .name').textContent") == f"{name} <script>window.hit=1</script>"
    assert one.rows()[0][0] == f"{name} <script>window.hit=1</script>"
    assert page.evaluate("document.querySelectorAll('#log :is(img, script, b, iframe), .row :is(b, script)').length") == 0
    links = page.evaluate("[...document.querySelectorAll('#log a')].map(one => [one.textContent, one.href, one.rel])")
    assert links == [
        ["https://example.org/a_(b)?c=d&e=", "https://example.org/a_(b)?c=d&e=", "noopener noreferrer nofollow"],
        ["https://example.org/x", "https://example.org/x", "noopener noreferrer nofollow"],
        ["https://example.org/", "https://example.org/", "noopener noreferrer nofollow"],
    ]
    assert page.evaluate("window.hit ?? null") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []
    refused = "(() => { try { document.body.innerHTML = '<p>x'; return '' } catch (error) { return error.name } })()"
    assert page.evaluate(refused) == "TypeError", "trusted types are in force"
    one.screenshot(request.node.name)


@pytest.mark.sqlite
def test_tabs_of_one_browser_have_one_stream(visit, web, john, jane):
    def streams():
        return scrape(web)["directmessages_event_streams"]

    first = visit(web, john, apart=False)
    wait_until(lambda: streams() == 1, "the first tab listens")
    others = [visit(web, john, apart=False) for _ in range(2)]
    jane.send(john, "to all tabs")
    for one in (first, *others):
        one.wait_rows(["Jane Roe", "to all tabs", 1])
    assert streams() == 1
    first.page.close()
    jane.send(john, "to those that are left")
    for one in others:
        one.wait_rows(["Jane Roe", "to those that are left", 2])
    wait_until(lambda: streams() == 1, "another tab listens")


@pytest.mark.sqlite
def test_by_the_keyboard_alone(chromium, web, john, jane):
    for text in ("one", "two", "three"):
        jane.send(john, text)
    page = chromium.page(apart=True)
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.go(f"http://{web.netloc}/")
    page.wait("document.activeElement?.id === 'token'")
    page.call("Input.insertText", text=john.token)
    page.press("Enter")
    page.wait_for("#inbox .row")

    def focused():
        return page.evaluate("document.activeElement.textContent")

    page.press("i")
    assert "Jane Roe" in focused()
    page.press("Enter")
    page.wait("document.querySelectorAll('#pages .message').length === 3 && document.activeElement.id === 'content'")
    wait_until(lambda: john.unread() == 0, "it is read")
    page.evaluate("document.getElementById('log').focus()")  # as Shift+Tab does
    page.press("ArrowUp")
    assert "three" in focused()
    page.press("ArrowUp")
    page.press("u")
    wait_until(lambda: john.unread() == 2, "unread from the second on")
    page.press("x")
    page.wait("document.querySelectorAll('#pages .message').length === 2")
    wait_until(lambda: "three" in focused(), "the next message has the focus")
    page.press("b")
    page.wait_for("#question[open]")
    page.press("Tab")
    page.press("Enter")
    page.wait_for("#blocked:not([hidden])")
    assert [row["id"] for row in john.get("blocks/").json()["results"]] == [jane.id]
    page.press("b")
    page.wait_for("#composer:not([hidden])")
    page.press("?")
    page.wait_for("#help[open]")
    assert "Mark as unread" in page.text("#help")
    page.press("Escape")
    page.wait("document.querySelector('#help[open]') === null")
    page.press("Escape")
    page.wait_for("#nobody:not([hidden])")
    page.press("n")
    page.call("Input.insertText", text="@nobody-of-this-name")
    page.press("Enter")
    page.wait("document.getElementById('notice').textContent === 'There is nobody called @nobody-of-this-name.'")
    (refused,) = page.complaints()  # the 404, which the browser's console tells of
    assert "404" in json.dumps(refused)
    page.close()
