# SPDX-License-Identifier: MIT
"""A real Chromium without a window, driven by its own DevTools protocol over a pipe; it can reach 127.0.0.1 only."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

from harness import DEADLINE, wait_until

PROGRAM = shutil.which("chromium")
FLAGS = [
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
]


MARK = "this page"


def tasks(events):
    """The tasks of the main thread of the page that was marked: the milliseconds that each had a processor, and those that it
    took. The first are a matter of the page alone, the second also of what else the machine does.
    """
    threads = {(one["pid"], one["tid"]) for one in events if one.get("name") == MARK}
    assert len(threads) == 1, threads
    mine = [one for one in events if one.get("name", "").endswith("::RunTask") and (one["pid"], one["tid"]) in threads]
    return [(one.get("tdur", 0) / 1000, one.get("dur", 0) / 1000) for one in mine]


class Browser:
    """`with Browser() as browser: page = browser.page()`."""

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="directmessages-browser-")
        browser_reads, self._write = os.pipe()
        self._read, browser_writes = os.pipe()
        # Chromium takes its orders from the descriptor 3 and answers on 4, which may be others' in this process.
        moved = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (browser_reads, browser_writes)]
        self._process = subprocess.Popen(
            ["bash", "-c", 'exec "${@:3}" 3<&"$1" 4>&"$2"', "bash", *map(str, moved), PROGRAM]
            + [*FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            pass_fds=moved,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for each in (browser_reads, browser_writes, *moved):
            os.close(each)
        self._received, self._calls, self.events = b"", 0, []
        return self

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        # Its children may still be leaving.
        wait_until(lambda: shutil.rmtree(self._profile, ignore_errors=True) or not os.path.exists(self._profile), "gone")

    def call(self, method, session=None, **parameters):
        """Calls a method of the protocol and returns its result; what else happens meanwhile is kept in `events`."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._calls:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _message(self):
        end = time.monotonic() + DEADLINE
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._read, 1 << 20)
            assert piece, "the browser is gone"
            self._received += piece
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)

    @contextlib.contextmanager
    def trace(self):
        """Gives a list, which afterwards has what Chromium's threads did meanwhile, for `tasks`."""
        events = []
        self.call("Tracing.start", traceConfig={"includedCategories": ["toplevel", "blink.user_timing"]})
        yield events
        self.call("Tracing.end")
        while not self._traced(events):
            self.call("Browser.getVersion")  # reads what has come

    def _traced(self, events):
        """Moves what has come of a trace into `events`, and says whether that is all."""
        come, self.events = self.events, []
        for one in come:
            if one["method"] == "Tracing.dataCollected":
                events += one["params"]["value"]
            elif one["method"] == "Tracing.tracingComplete":
                assert not one["params"]["dataLossOccurred"], "the trace is not whole"
                return True
            else:
                self.events.append(one)
        return False

    def page(self, width=1280, height=900, apart=False):
        """A new page; one that is `apart` shares nothing with the others, as one of another browser."""
        context = {"browserContextId": self.call("Target.createBrowserContext")["browserContextId"]} if apart else {}
        target = self.call("Target.createTarget", url="about:blank", **context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        return page


class Page:
    def __init__(self, browser, session, target):
        self.browser = browser
        self.session = session
        self.target = target

    def close(self):
        if self.target:
            self.browser.call("Target.closeTarget", targetId=self.target)
        self.target = None

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def events(self, *methods):
        """The parameters of all events of these kinds so far."""
        self.call("Runtime.evaluate", expression="0")  # those that are on their way have come before the answer
        mine = [one for one in self.browser.events if one.get("sessionId") == self.session]
        return [one["params"] for one in mine if one["method"] in methods]

    def go(self, url):
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, (expression, result["exceptionDetails"])
        return result["result"].get("value")

    def wait(self, expression):
        """Waits until the expression gives something true, and returns that."""
        return wait_until(lambda: self.evaluate(expression), expression)

    def wait_for(self, selector):
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")

    def click(self, selector):
        self.wait_for(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, selector, text):
        """Replaces what stands in a field, as a keyboard would."""
        self.wait_for(selector)
        self.evaluate(f"{{const field = document.querySelector({json.dumps(selector)}); field.focus(); field.select()}}")
        self.call("Input.insertText", text=text)

    def press(self, key, shift=False):
        """Presses a key as a keyboard does: a letter, or a name such as Enter."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        kind = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper())), "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **kind, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **kind)

    def text(self, selector):
        self.wait_for(selector)
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def requests(self):
        return [one["request"]["url"] for one in self.events("Network.requestWillBeSent")]

    def complaints(self):
        """What the console shows in red or yellow, exceptions, and what the browser calls an issue (CSP).

        Generic issues are advice on forms, such as fields without a name; those are Swagger UI's own.
        """
        logged = [one["entry"] for one in self.events("Log.entryAdded")]
        found = [one for one in logged if one["level"] in ("error", "warning")]
        found += [one for one in self.events("Runtime.consoleAPICalled") if one["type"] in ("error", "warning")]
        issues = [one for one in self.events("Audits.issueAdded") if one["issue"]["code"] != "GenericIssue"]
        return found + issues + self.events("Runtime.exceptionThrown")

    def mark(self):
        """Says in a trace which thread is this page's."""
        self.evaluate(f"void performance.mark({json.dumps(MARK)})")

    def screenshot(self, path):
        """As its suffix says: `.png`, or `.webp`, which is a tenth of that."""
        form = {"format": "webp", "quality": 85} if str(path).endswith(".webp") else {"format": "png"}
        data = self.call("Page.captureScreenshot", **form)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
