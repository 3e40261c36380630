# SPDX-License-Identifier: MIT
"""How long the server waits for slow clients, and what others notice of them: nothing."""

import contextlib
import socket
import threading
import time

import pytest

from clients import RawConnection
from harness import wait_until
from hostile_client import CHUNKED, JSON, LISTENING, chunk, get, open_sockets, request, send_to
from metrics import scrape
from test_hostile_crowd import Crowd

pytestmark = pytest.mark.sqlite


@pytest.fixture
def make_target(make_server):
    """A server that does not mind who is idle, but for what the settings say; with two users."""

    def make(threads=1, **settings):
        env = {f"DIRECTMESSAGES_{name}": value for name, value in {"IDLE_TIMEOUT": 3600, **settings}.items()}
        server = make_server(flags=["--threads", threads], env=env)
        server.alice, server.bob = server.users(2)
        return server

    return make


def closed(server, reason):
    return scrape(server)[f'directmessages_http_connections_closed_total{{reason="{reason}"}}']


def drip(connection, data, pause):
    """Sends byte for byte; true when the server has hung up before the end."""
    for byte in data:
        try:
            connection.sock.sendall(bytes([byte]))
        except OSError:
            return True
        time.sleep(pause)
    return False


# What would go on for a minute, with never a pause of more than a tenth of a second.
LONG = b"a" * 600


def slow_requests(server):
    """The reason that is told, what is sent at once, and what byte for byte."""
    return {
        "head": ("slow-head", b"", get(server.alice, "unread/")[:-2] + b"X-Long: " + LONG),
        "header": ("slow-head", get(server.alice, "unread/")[:-2], b"X-Long: " + LONG),
        "body": ("slow", send_to(server, JSON, b"Content-Length: 4000"), LONG),
        "body that nobody wants": ("slow", request(server.alice, "PUT", "unread/", b"Content-Length: 4000"), LONG),
        "chunks": ("slow", send_to(server, JSON, CHUNKED), chunk(b"x") * 100),
        "chunk's size": ("slow", send_to(server, JSON, CHUNKED), b"0" * 600),
        "trailer": ("slow", send_to(server, JSON, CHUNKED) + b"0\r\n", b"X-Long: " + LONG),
    }


def test_requests_that_come_byte_for_byte_are_hung_up_on(make_target):
    target = make_target(SLOW_TIMEOUT=1)
    kinds = slow_requests(target)
    ended = {}

    def run(name):
        with target.raw(kinds[name][1]) as raw:
            ended[name] = drip(raw, kinds[name][2], 0.1)

    threads = [threading.Thread(target=run, args=(name,)) for name in kinds]
    for thread in threads:
        thread.start()
    for number in range(50):
        target.alice.send(target.bob, str(number))
    for thread in threads:
        thread.join()
    assert ended == dict.fromkeys(kinds, True)
    for reason in ("slow-head", "slow"):
        assert closed(target, reason) == sum(told == reason for told, _, _ in kinds.values())
    target.wait_log(rf"user={target.alice.id} why=slow$")


def test_a_head_after_a_pause_has_its_time_too(make_target):
    """The time runs from the head's first byte, not from the connection's."""
    target = make_target(SLOW_TIMEOUT=3600, IDLE_TIMEOUT=3600)
    data = get(target.alice, "unread/")
    with target.raw() as raw:
        time.sleep(1.5)  # the server looks out for the first byte now
        for number in range(len(data)):
            raw.send(data[number : number + 1])
        assert raw.response().status == 200


def test_half_a_head_after_a_pause_has_no_more_time(make_target):
    target = make_target(SLOW_TIMEOUT=1)
    with target.raw() as raw:
        wait_until(lambda: scrape(target)["directmessages_http_connections_quiet"] >= 1, "it is quiet")
        raw.send(get(target.alice, "unread/")[:-2])
        assert raw.response() is None
    assert closed(target, "slow-head") == 1


class Pace:
    """A client that rests as long as it means to, unless this machine makes it rest longer."""

    def __init__(self):
        self.longest, self._before = 0, None

    def rest(self, seconds):
        time.sleep(seconds)
        now = time.monotonic()
        self.longest = max(self.longest, now - (self._before or now))
        self._before = now


def assert_at_pace(succeeds):
    """It does; a round in which the client did nothing for half the period over which it is measured says nothing."""
    for _ in range(5):
        pace = Pace()
        if succeeds(pace):
            return
        assert pace.longest > 0.5, "it was fast enough"
    raise AssertionError("this machine is too busy")


def test_a_body_that_is_fast_enough_is_taken(make_target):
    """For several times the period over which it is measured."""
    target = make_target(SLOW_TIMEOUT=1, SLOW_RATE=500)
    body = b'{"content":"' + b"x" * 6000 + b'"}'

    def is_taken(pace):
        with target.raw(send_to(target, JSON, b"Content-Length: %d" % len(body))) as raw:
            for start in range(0, len(body), 400):
                raw.send(body[start : start + 400])
                pace.rest(0.2)
            response = raw.response()
        return response is not None and response.status == 201

    assert_at_pace(is_taken)


def large_answer(server):
    """A request with an answer of some 10 MB, and a connection whose buffers don't hold it."""
    row = (server.bob, server.alice, "2025-01-01 00:00:00", "2025-01-01 00:00:01", "x" * 50_000)
    server.insert_messages([row] * 200)
    data = request(server.alice, "POST", f"conversations/{server.bob.id}/", JSON, body=b'{"content":"x"}')
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(60)
    sock.connect((server.host, server.port))
    sock.sendall(data)
    return sock


def test_an_answer_that_is_hardly_read_is_broken_off(make_target):
    target = make_target(SLOW_TIMEOUT=1, SLOW_RATE=100_000)
    with contextlib.closing(large_answer(target)) as sock, pytest.raises(ConnectionError):
        for _ in range(1200):
            assert sock.recv(500), "it has ended"
            time.sleep(0.05)
    assert closed(target, "slow") == 1
    wait_until(lambda: open_sockets(target) == LISTENING, "nothing is kept of it")
    target.wait_log(" status=201 .*why=slow$")


def test_an_answer_that_is_read_slowly_but_steadily_is_sent(make_target):
    target = make_target(SLOW_TIMEOUT=1, SLOW_RATE=500)

    def is_sent(pace):
        before = closed(target, "slow")
        with contextlib.closing(large_answer(target)) as sock, RawConnection(sock) as raw:
            try:
                for _ in range(40):
                    assert raw.reader.read(3000)
                    pace.rest(0.1)
            except ConnectionResetError:
                return False
        return closed(target, "slow") == before

    assert_at_pace(is_sent)


# ---- a server whose connections are all taken

FULL = 12

SILENT = {"silent": b"", "half a head": b"GET /api/dm/unread/ HTTP/1.1\r\nHost: x\r\n"}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("data", SILENT.values(), ids=SILENT)
def test_silent_connections_make_room_for_others(make_target, data, threads):
    """Long before their time is over; each newcomer costs one of them its place."""
    target = make_target(threads, MAX_CONNECTIONS=FULL, SLOW_TIMEOUT=3600)
    with Crowd(target, FULL) as crowd:
        crowd.send(lambda _: data)
        wait_until(lambda: open_sockets(target) == LISTENING + FULL, "all places are taken")
        for number in range(5):
            assert target.alice.get("unread/").status == 200
        wait_until(lambda: closed(target, "room") >= 1, "it is counted")


def test_requests_under_way_are_not_closed_for_others(make_target):
    """They are bounded otherwise: by how slow they may be."""
    target = make_target(MAX_CONNECTIONS=2, SLOW_TIMEOUT=3600)
    body = b'{"content":"x"}'
    with target.raw(send_to(target, JSON, b"Content-Length: 15")) as slow, target.raw() as silent:
        wait_until(lambda: open_sockets(target) == LISTENING + 2, "all places are taken")
        assert target.alice.get("unread/").status == 200
        assert silent.hung_up()
        slow.send(body)
        assert slow.response().status == 201


def test_slow_bodies_that_take_all_places_end(make_target):
    target = make_target(MAX_CONNECTIONS=FULL, SLOW_TIMEOUT=1)
    with Crowd(target, FULL) as crowd:
        crowd.send(lambda _: send_to(target, JSON, b"Content-Length: 15") + b"{")
        wait_until(lambda: open_sockets(target) == LISTENING + FULL, "all places are taken")
        assert target.alice.get("unread/").status == 200
    assert closed(target, "slow") >= 1


# ---- connections of one address


def from_address(server, address):
    return RawConnection(socket.create_connection((server.host, server.port), timeout=60, source_address=(address, 0)))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_address_has_so_many_connections(make_target, threads):
    target = make_target(threads, MAX_CONNECTIONS_PER_ADDRESS=3)
    data = get(target.alice, "unread/")
    with contextlib.ExitStack() as stack:

        def connect(address):
            raw = stack.enter_context(from_address(target, address))
            raw.send(data)
            return raw

        taken = [connect("127.0.0.2") for _ in range(3)]
        assert [raw.response().status for raw in taken] == [200] * 3
        assert connect("127.0.0.2").response() is None, "one too many is hung up on"
        assert connect("127.0.0.3").response().status == 200, "others are not concerned"
        taken[0].close()
        wait_until(lambda: connect("127.0.0.2").response() is not None, "there is room again")
    wait_until(lambda: closed(target, "address") >= 1, "it is counted")


def test_clients_of_a_unix_socket_are_not_counted(make_server, tmp_path):
    server = make_server(listen=f"unix:{tmp_path}/socket", env={"DIRECTMESSAGES_MAX_CONNECTIONS_PER_ADDRESS": 1})
    alice = server.user()
    with server.raw() as _, server.raw(get(alice, "unread/")) as raw:
        assert raw.response().status == 200
