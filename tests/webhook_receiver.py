# SPDX-License-Identifier: MIT
"""An endpoint of webhooks on 127.0.0.1, and what the tests of webhooks share."""

import base64
import collections
import contextlib
import hashlib
import hmac
import http.server
import json
import re
import socketserver
import threading

import pytest

from harness import wait_until

# The endpoints of the tests are on this machine; a failure is followed by the next attempt at once.
LOCAL = {"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.0/8,::1/128", "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "0,0,0"}

Request = collections.namedtuple("Request", "path headers body")


class Receiver:
    """Takes every POST by `answer(request)`, which gives a status, or a status, headers and body."""

    def __init__(self, answer=lambda request: 204, host="127.0.0.1", tls=None):
        self.answer = answer
        self.requests = []
        self._grown = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answered = receiver._take(Request(self.path, self.headers, body))
                status, headers, body = answered if isinstance(answered, tuple) else (answered, {}, b"")
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # the server has left

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Listening(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Listening((host, 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.url = f"http{'s' if tls else ''}://{host}:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def _take(self, request):
        with self._grown:
            self.requests.append(request)
            self._grown.notify_all()
        return self.answer(request)

    def wait(self, count):
        """The requests, once there are at least so many."""
        wait_until(lambda: len(self.requests) >= count, f"{count} requests, there are {len(self.requests)}")
        return list(self.requests)

    def contents(self):
        return [json.loads(request.body)["data"]["message"]["content"] for request in list(self.requests)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class BareReceiver:
    """Answers every request with these bytes, then hangs up, or keeps the connection and says nothing more."""

    def __init__(self, answer, hangs_up):
        self.requests = 0
        receiver, self._leave = self, threading.Event()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                length = 0
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                self.rfile.read(length)
                receiver.requests += 1
                with contextlib.suppress(OSError):
                    self.wfile.write(answer)
                if not hangs_up:
                    receiver._leave.wait(120)

        class Listening(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Listening(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self):
        self._leave.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def create(server, url, *flags):
    """Adds an endpoint; gives its id and its secret."""
    done = server.run("webhook", "create", url, *flags)
    assert done.returncode == 0, done
    match = re.fullmatch(r"created webhook (\d+); its secret is shown this once:\n(whsec_\S+)\n", done.stdout)
    return int(match[1]), match[2]


def deliveries(server, *flags):
    """The lines of `webhook deliveries` as dictionaries, the newest first."""
    done = server.run("webhook", "deliveries", *flags)
    assert (done.returncode, done.stderr) == (0, ""), done
    names, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def endpoints(server):
    """The lines of `webhook list` as dictionaries by id."""
    done = server.run("webhook", "list")
    assert (done.returncode, done.stderr) == (0, ""), done
    names, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {int(row[0]): dict(zip(names, row, strict=True)) for row in rows}


def wait_state(server, state, count=1):
    return wait_until(
        lambda: len(found := deliveries(server, "--state", state, "--limit", 0)) >= count and found,
        f"{count} deliveries are {state}",
    )


def signature(secret, request):
    """Computed here from the specification's words, without any code of the program or a library for it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b"%s.%s." % (request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode())
    return "v1," + base64.b64encode(hmac.new(key, signed + request.body, hashlib.sha256).digest()).decode()


def check_signed(request, *secrets):
    """Exactly by these secrets, in this order."""
    assert request.headers["webhook-signature"].split(" ") == [signature(secret, request) for secret in secrets]


@pytest.fixture
def bare_receiver():
    made = []

    def make(answer, hangs_up):
        made.append(BareReceiver(answer, hangs_up))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def make_receiver():
    made = []

    def make(*arguments, **options):
        made.append(Receiver(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def receiver(make_receiver):
    return make_receiver()


@pytest.fixture
def hooked(make_server):
    return make_server(env=LOCAL)
