# SPDX-License-Identifier: MIT
"""What is asked of a server while a call of it fails, and what its answer must not be.

An attack is made with `attempt(number)`, while the fault is armed; `judge(number, answer)` comes after it and gives what
is wrong, or None. An answer of None is a connection that ended: it says nothing, so it can't be untrue.
"""

import concurrent.futures
import contextlib
import http.client
import json
import urllib.parse

import jwts
import streams
from harness import wait_until

UNAVAILABLE = {"detail": "Service temporarily unavailable."}
PATIENCE = 20.0  # seconds in which a server must be its old self
LEASE = 60.0  # seconds in which a delivery whose worker has lost it is due again


def ask(client, method, path, body=None, content_type="application/json", headers=()):
    """The whole answer, or None where the connection ended before."""
    try:
        typed = [("Content-Type", content_type)] if body is not None else []
        return client.request(method, path, body, [*typed, *headers])
    except (OSError, http.client.HTTPException):
        return None


def is_refusal(answer):
    return answer.status == 503 and answer.json() == UNAVAILABLE and "Retry-After" in answer.headers


def ask_until_served(ask_once):
    """The first answer that is no refusal: a server that has just lost its sessions may refuse a while."""

    def served():
        answer = ask_once()
        return None if answer is None or is_refusal(answer) else answer

    return wait_until(served, "it answers", PATIENCE)


def open_stream(*arguments, **options):
    """A stream, as soon as that is not refused for now."""

    def opened():
        stream = streams.Stream(*arguments, **options)
        if stream.status != 503:
            return stream
        stream.raw.close()

    return wait_until(opened, "a stream is opened", PATIENCE)


class Attack:
    """Two users who write to each other, and one who looks on."""

    doubtful = 0  # answered by 503, and stored all the same

    def __init__(self, server):
        self.server = server
        self.alice, self.bob, self.carol = server.users(3)
        self.prepare()

    def prepare(self):
        pass

    def before(self, number):
        """What is made ready while nothing fails yet."""

    def close(self):
        pass

    def judge(self, number, answer):
        if answer is None or is_refusal(answer):
            return self.check_refused(number, answer)
        if answer.status != self.status:
            return f"answered {answer.status} {answer.body[:100]!r}"
        return self.check(number, answer)

    def check_refused(self, number, answer):
        pass

    def doubt(self, answer, done, wrong):
        """Of a write that was refused, and done all the same."""
        if answer is None or not done:
            return None
        self.doubtful += 1
        return None if self.server.may_doubt else wrong

    def works(self):
        """Whether all is as before, seen by somebody whom the attack is nothing to."""
        answer = ask(self.carol, "POST", f"send/{self.bob.id}/", b'{"content":"again"}')
        return answer is not None and answer.status == 201


class Send(Attack):
    status = 201
    text = 'é"\\x\n' * 600

    def content(self, number):
        return f"{type(self).__name__} {number} {self.text}"

    def attempt(self, number):
        body, content_type = self.body(self.content(number))
        return ask(self.alice, "POST", self.path(), body, content_type)

    def path(self):
        return f"send/{self.bob.id}/"

    def stored(self, number):
        statement = "SELECT content, id FROM directmessages_message WHERE sender_id = ? AND content LIKE ?"
        return self.server.sql(statement, (self.alice.id, f"{type(self).__name__} {number} %"))

    def check(self, number, answer):
        message = self.message(number, answer)
        rows = self.stored(number)
        if [row[0] for row in rows] != [self.content(number)]:
            return f"201, and stored are {[len(row[0]) for row in rows]} of {len(self.content(number))} characters"
        if (message["content"], message["id"]) != tuple(rows[0]):
            return f"201, and another message is told: {message}"
        return None

    def message(self, number, answer):
        return answer.json()

    def check_refused(self, number, answer):
        contents = [row[0] for row in self.stored(number)]
        if contents not in ([], [self.content(number)]):
            return f"stored are {[len(content) for content in contents]} of {len(self.content(number))} characters"
        return self.doubt(answer, contents, "503, and it is stored")


class SendJson(Send):
    def body(self, content):
        return json.dumps({"x": [1, {"y": "z"}], "content": content}).encode(), "application/json"


class SendForm(Send):
    def body(self, content):
        form = urllib.parse.urlencode({"x": "y", "content": content})
        return form.encode(), "application/x-www-form-urlencoded"


class SendMultipart(Send):
    def body(self, content):
        parts = (f'--boundary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                 for name, value in [("x", "y"), ("content", content)])
        return ("".join(parts) + "--boundary--\r\n").encode(), "multipart/form-data; boundary=boundary"


class SendKeyed(SendJson):
    """Asked again with the same key after each failure, as long as it is refused: then it is stored once, whatever was said before."""

    def attempt(self, number):
        body, content_type = self.body(self.content(number))
        return ask(self.alice, "POST", self.path(), body, content_type, [("Idempotency-Key", f"{type(self).__name__} {number}")])

    def check_refused(self, number, answer):
        again = ask_until_served(lambda: self.attempt(number))
        if again.status != 201:
            return f"asked again it answered {again.status} {again.body[:100]!r}"
        return self.check(number, again)


class Replay(SendKeyed):
    def before(self, number):
        assert ask_until_served(lambda: self.attempt(number)).status == 201

    def check(self, number, answer):
        if answer.headers["Idempotency-Replayed"] != "true":
            return "201, and not as one that was sent before"
        return super().check(number, answer)


class PostConversation(SendJson):
    def before(self, number):
        self.server.sql("DELETE FROM directmessages_message WHERE sender_id = ?", (self.alice.id,))  # stay as short

    def path(self):
        return f"conversations/{self.bob.id}/"

    def message(self, number, answer):
        return next(one for one in answer.json() if one["content"] == self.content(number))


class Read(Attack):
    """A GET whose response is known from a run without faults."""

    status = 200

    def prepare(self):
        self.server.insert_messages(
            (self.bob, self.alice, f"2025-01-01 00:00:{number % 60:02}", None, f"{number} é{number * 'x'}")
            for number in range(60)
        )
        self.known = self.plain(ask_until_served(lambda: ask(self.alice, "GET", self.path())))

    def plain(self, answer):
        return answer.json()

    def attempt(self, number):
        return ask(self.alice, "GET", self.path())

    def check(self, number, answer):
        told = self.plain(answer)
        return None if told == self.known else f"200, and untrue: {str(told)[:300]}"


class Unread(Read):
    def path(self):
        return "unread/"


class UnreadByJwt(Unread):
    """With a JWT that is seen for the first time."""

    def attempt(self, number):
        token = jwts.encode(jwts.Secret(), jwts.claims(self.alice, sub=self.alice.id, jti=number))
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.server.anonymous().get(self.path(), jwts.bearer(token))


class UnreadByPartner(Read):
    def path(self):
        return "conversations/unread/"


class Partners(Read):
    def path(self):
        return "conversations/?cursor="


class Page(Read):
    """Of a conversation in which something is unread each time."""

    def path(self):
        return f"conversations/{self.bob.id}/?x=y"

    def before(self, number):
        self.server.sql("UPDATE directmessages_message SET read_at = NULL WHERE recipient_id = ?", (self.alice.id,))

    def plain(self, answer):
        page = answer.json()
        times = {message.pop("read_at") for message in page["results"]}
        return page, None in times or len(times)

    def check_refused(self, number, answer):
        statement = "SELECT DISTINCT read_at FROM directmessages_message WHERE sender_id = ? AND recipient_id = ?"
        times = self.server.sql(statement, (self.bob.id, self.alice.id))
        return None if len(times) == 1 else f"read at {times}"


class Answers(list):
    """Of several clients; `status` is that of all who had the same."""

    @property
    def status(self):
        return 200 if all(one is not None and one.status == 200 for one in self) else 503


class Crowd(Attack):
    """Many requests that the store runs together: each gets its own response, or none."""

    status = 200
    size = 16

    def prepare(self):
        self.readers = self.server.users(self.size)
        self.server.insert_messages(
            (self.bob, reader, "2025-01-01 00:00:00", "2025-01-01 00:00:00", f"for {reader.id}") for reader in self.readers
        )

    def attempt(self, number):
        with concurrent.futures.ThreadPoolExecutor(self.size) as pool:
            return Answers(pool.map(lambda reader: ask(reader, "GET", f"conversations/{self.bob.id}/"), self.readers))

    def judge(self, number, answers):
        return next(filter(None, map(self.judge_one, self.readers, answers)), None)

    def judge_one(self, reader, answer):
        if answer is None or is_refusal(answer):
            return None
        if answer.status != 200:
            return f"answered {answer.status} {answer.body[:100]!r}"
        told = [message["content"] for message in answer.json()["results"]]
        return None if told == [f"for {reader.id}"] else f"user {reader.id} is told {told}"


class NextPage(Page):
    def path(self):
        if not hasattr(self, "next"):
            first = ask_until_served(lambda: ask(self.alice, "GET", f"conversations/{self.bob.id}/"))
            self.next = first.json()["next"].split(self.server.prefix)[1]
        return self.next


class Delete(Attack):
    status = 204

    def before(self, number):
        send = f"send/{self.bob.id}/", b'{"content":"to be hidden"}'
        self.message = ask_until_served(lambda: ask(self.alice, "POST", *send)).json()["id"]

    def attempt(self, number):
        return ask(self.alice, "DELETE", f"messages/{self.message}/")

    def is_hidden(self):
        return self.server.message(self.message).hidden_for_sender is not None

    def check(self, number, answer):
        return None if self.is_hidden() else "204, and it is not hidden"

    def check_refused(self, number, answer):
        return self.doubt(answer, self.is_hidden(), "503, and it is hidden")


class Ticket(Attack):
    status = 201

    def attempt(self, number):
        return ask(self.alice, "POST", "events/ticket/", b"{}")

    def check(self, number, answer):
        with open_stream(self.server.anonymous(), f"?ticket={answer.json()['ticket']}") as stream:
            return None if stream.status == 200 else f"201, and the ticket is good for {stream.status}"


class OpenStream(Attack):
    """The stream is opened while the fault is armed; what is sent afterwards must come."""

    status = 200

    def attempt(self, number):
        try:
            return streams.Stream(self.bob)
        except (OSError, IndexError, ValueError, http.client.HTTPException):
            return None

    def judge(self, number, answer):
        if answer is None:
            return None
        with answer as stream:
            if stream.status == 503:
                return None
            if stream.status != 200:
                return f"answered {stream.status}"
            if stream.first is None:
                return None
            wait_until(self.works, "the server is its old self", PATIENCE)
            event = stream.next()
            ended_or_came = event is None or event.data["content"] == "again"
            return None if ended_or_came else f"another event: {event}"


class HearEvent(SendJson):
    """The stream is open when the fault comes: the event comes, or the stream ends and the next one begins with it."""

    stream = None

    def before(self, number):
        if self.stream is None:
            self.stream = open_stream(self.bob)
            assert self.stream.status == 200, self.stream.status

    def close(self):
        if self.stream is not None:
            self.stream.raw.close()

    def judge(self, number, answer):
        wrong = super().judge(number, answer)
        if wrong or not self.stored(number):
            return wrong
        self.stream.raw.sock.settimeout(PATIENCE)
        with contextlib.suppress(TimeoutError):
            while True:
                event = self.stream.next()
                if event is None:
                    self.go_on()
                elif event.data["content"] == self.content(number):
                    return None
        return "stored, and not told on the stream"

    def go_on(self):
        """As a browser does: from the last event on."""
        last = self.stream.last_id
        self.stream.raw.close()
        self.stream = open_stream(self.bob, last_event_id=last)
        self.stream.raw.sock.settimeout(PATIENCE)
        assert self.stream.status == 200, self.stream.status


class Webhook(SendJson):
    """A receiver gets each stored message at least once."""

    def prepare(self):
        from webhook_receiver import Receiver, create

        self.receiver = Receiver()
        create(self.server, self.receiver.url)

    def close(self):
        self.receiver.close()

    def judge(self, number, answer):
        wrong = super().judge(number, answer)
        if wrong or not self.stored(number):
            return wrong
        content = self.content(number)
        try:
            wait_until(lambda: content in self.receiver.contents(), "it is delivered", LEASE)
        except AssertionError:
            return "stored, and not delivered"
        self.receiver.requests.clear()
        return None


ATTACKS = [SendJson, SendForm, SendMultipart, SendKeyed, Replay, PostConversation, Page, NextPage, Partners, Unread, UnreadByJwt, UnreadByPartner,
           Delete, Ticket, OpenStream, HearEvent, Webhook, Crowd]
