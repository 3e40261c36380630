# SPDX-License-Identifier: MIT
"""Bytes that no decent client sends, and a look at what a server is left with afterwards."""

import contextlib
import ctypes
import os
import re
import resource
import socket
import struct

import pytest

import harness

JSON = b"Content-Type: application/json"
FORM = b"Content-Type: application/x-www-form-urlencoded"
CHUNKED = b"Transfer-Encoding: chunked"

ACCESS = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z access "
    r"method=[!-~]+ path=[!-~]* status=\d+ bytes=\d+ us=\d+ user=(\d+|-)( why=[a-z-]+)?"
)
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z (debug|info|warning|error) [ -~]*")

# Files that a loop may open late, beside sockets: a database session's, once for each loop.
FILES_OF_A_LOOP = 4
LOOPS = 2

# Sockets of a server that nobody is connected to.
LISTENING = 1

# Memory that a server may grow by, over many repetitions, without being said to leak.
SLACK_KIB = 16 * 1024


@contextlib.contextmanager
def hostile_target(**settings):
    """A server of one's own with two users, `alice` and `bob`; settings are environment variables without prefix."""
    env = {f"DIRECTMESSAGES_{name}": value for name, value in settings.items()}
    server = harness.Server(flags=["--threads", LOOPS], env=env).start()
    try:
        server.alice, server.bob = server.users(2)
        yield server
    finally:
        server.close()


# ---- what a process holds


def descriptors(server):
    """What the server's file descriptors are, such as `socket:[123]`."""
    folder = f"/proc/{server.process.pid}/fd"
    names = []
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            names.append(os.readlink(f"{folder}/{number}"))
    return names


def open_sockets(server):
    return sum(name.startswith("socket:") for name in descriptors(server))


def bytes_on_their_way(server):
    """Bytes that clients have sent to the server, and that it has not read."""
    port, count = f":{server.port:04X}", 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        next(table)
        for _, local, remote, _, queues, *_ in map(str.split, table):
            unsent, unread = (int(queue, 16) for queue in queues.split(":"))
            count += unread * local.endswith(port) + unsent * remote.endswith(port)
    return count


def memory_kib(server, name):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:"))


def resident_kib(server):
    return memory_kib(server, "VmRSS")


def peak_kib(server):
    """The most that was resident since `reset_peak`."""
    return memory_kib(server, "VmHWM")


def reset_peak(server):
    with open(f"/proc/{server.process.pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def library_is_strict():
    """libmicrohttpd 1.0 refuses many malformed heads by itself, in words of its own; 0.9 leaves them to us."""
    version = ctypes.CDLL("libmicrohttpd.so.12").MHD_get_version
    version.restype = ctypes.c_char_p
    return not version().startswith(b"0.")


def is_sanitized():
    """Sanitizers keep memory that is freed, and strace does not work under them."""
    return re.search("[atum]san", harness.BUILD.name) is not None


def check_serves(server):
    """A normal request is answered normally."""
    answer = server.alice.get("unread/")
    assert (answer.status, answer.json()["id"]) == (200, server.alice.id), answer


@contextlib.contextmanager
def unharmed(server):
    """After the block the same process serves, holds no more than before, and its log is whole lines."""
    check_serves(server)
    pid = server.process.pid
    harness.wait_until(lambda: open_sockets(server) == LISTENING, "the connections before are closed")
    before, since = len(descriptors(server)), len(server.log)
    yield
    assert server.process.poll() is None, f"the server has ended:\n{server.tail()}"
    assert server.process.pid == pid
    check_serves(server)
    harness.wait_until(lambda: open_sockets(server) == LISTENING, "the server closes its connections")
    assert len(descriptors(server)) <= before + LOOPS * FILES_OF_A_LOOP, descriptors(server)
    torn = [line for line in server.log[since:] if not (ACCESS.fullmatch(line) or LINE.fullmatch(line))]
    assert not torn, torn[:5]


def check_no_growth(server, action, times):
    """`action` may cost memory at first; many more of the same must not cost more."""
    for _ in range(times):
        action()
    if is_sanitized():
        return
    before = resident_kib(server)
    for _ in range(2 * times):
        action()
    grown = resident_kib(server) - before
    assert grown < SLACK_KIB, f"{grown} KiB more after {2 * times} repetitions"


# ---- requests as bytes


def request(user, method, path, *lines, body=b"", length=True):
    """The bytes of one request of `user`; `lines` are more header lines; a Content-Length where there is a body."""
    path = path if isinstance(path, bytes) else user.server.path(path).encode()
    head = [method.encode() + b" " + path + b" HTTP/1.1", b"Host: localhost"]
    if user.token:
        head.append(b"Authorization: Token " + user.token.encode())
    if body and length:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*head, *lines, b"", body])


def get(user, path, *lines):
    return request(user, "GET", path, *lines)


def send_to(server, *lines, body=b"", length=True):
    """A request by which alice sends bob a message."""
    return request(server.alice, "POST", f"send/{server.bob.id}/", *lines, body=body, length=length)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def finish(raw):
    """Says that nothing more comes; a server that has hung up already is no error."""
    with contextlib.suppress(OSError):
        raw.finish_sending()


def reset(connection):
    """Leaves at once, with a reset instead of a good-bye."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def contents(server):
    """What is stored, oldest first."""
    return [content for (content,) in server.sql("SELECT content FROM directmessages_message ORDER BY id")]


def needs_open_files(count):
    """Lets this process open so many files, or skips the test where the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"the system lets a process open {hard} files only, this needs {count}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
