# SPDX-License-Identifier: MIT
"""Clients of a server over real sockets: whole requests of a user, or bytes as they are."""

import contextlib
import http.client
import json
import socket


class Response:
    """An HTTP response; `headers` looks names up without regard to case and has `get_all`."""

    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<Response {self.status} {dict(self.headers)} {self.body[:500]!r}>"


def check_ends(headers, head):
    """An event stream has no end: where one begins instead of what a test expects, it fails, and does not hang."""
    streams = (headers["Content-Type"] or "").startswith("text/event-stream")
    assert head or not streams, "an event stream begins; who wants one uses streams.Stream"


class RawConnection:
    """A socket to a server for bytes as they are, and for reading any number of responses one by one."""

    def __init__(self, sock):
        self.sock = sock
        self.reader = sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.sock.close()

    def send(self, data):
        """Sends all of `data`; a server that has already answered and hung up is no error, its answer can be read."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    def finish_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def response(self, head=False):
        """The next response, 1xx ones too; `head` where it answers a HEAD. None when the server has hung up."""
        try:
            line = self.reader.readline()
        except ConnectionResetError:
            return None
        if not line:
            return None
        _, status, reason = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
        headers = http.client.parse_headers(self.reader)
        check_ends(headers, head)
        bodiless = head or status.startswith("1") or status in ("204", "304")
        body = b"" if bodiless else self._body(headers)
        return Response(int(status), reason, headers, body)

    def _body(self, headers):
        if headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        if "Content-Length" in headers:
            return self.reader.read(int(headers["Content-Length"]))
        return self.reader.read()

    def _chunks(self):
        while size := int(self.reader.readline().split(b";")[0], 16):
            yield self.reader.read(size)
            self.reader.readline()
        while self.reader.readline().strip():
            pass

    def hung_up(self):
        """Waits until the server closes the connection; False if it sends something instead."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True


class Client:
    """Requests to one server, each on its own connection, with `token` where there is one."""

    def __init__(self, server, token=None):
        self.server = server
        self.token = token

    def request(self, method, path, body=None, headers=()):
        """`path` is below the prefix unless it begins with `/`; `headers` are pairs, or a dict.

        `body` is bytes or None; an Authorization header among `headers` takes the token's place.
        """
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        names = {name.lower() for name, _ in pairs}
        if self.token is not None and "authorization" not in names:
            pairs.append(("Authorization", f"Token {self.token}"))
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            pairs.append(("Content-Length", str(len(body))))
        connection = http.client.HTTPConnection(self.server.host, self.server.port)
        connection.sock = self.server.connect()
        try:
            connection.putrequest(method, self.server.path(path), skip_host="host" in names, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            check_ends(answer.headers, method == "HEAD")
            return Response(answer.status, answer.reason, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, headers=()):
        return self.request("GET", path, headers=headers)

    def head(self, path, headers=()):
        return self.request("HEAD", path, headers=headers)

    def options(self, path, headers=()):
        return self.request("OPTIONS", path, headers=headers)

    def delete(self, path, headers=()):
        return self.request("DELETE", path, headers=headers)

    def post(self, path, body, content_type="application/json"):
        """Posts `body`: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, {"Content-Type": content_type})


class User(Client):
    """A user of a server, who is also the client that acts with the user's token."""

    def __init__(self, server, token, identity, username, first_name="", last_name="", email=""):
        super().__init__(server, token)
        self.id = identity
        self.username = username
        self.first_name = first_name
        self.last_name = last_name
        self.email = email

    def __repr__(self):
        return f"<User {self.id} {self.username}>"

    def send(self, recipient, content="Hello"):
        """Sends a message and returns it as the server answered it."""
        answer = self.post(f"send/{recipient.id}/", {"content": content})
        assert answer.status == 201, answer
        return answer.json()

    def unread(self):
        answer = self.get("unread/")
        assert answer.status == 200, answer
        return answer.json()["count"]

    def page(self, path):
        """One page of a list in its cursor envelope."""
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json()

    def conversation(self, partner, query=""):
        return self.page(f"conversations/{partner.id}/{query}")

    def partners(self, query=""):
        return self.page(f"conversations/{query}")

    def inbox(self, query=""):
        return self.page(f"inbox/{query}")
