# SPDX-License-Identifier: MIT
"""The log can't be written, or nobody reads it: everything else continues, and the dropped lines are counted."""

import os
import re
import signal
import socket
import subprocess
import termios
import threading

import pytest

from harness import DEADLINE, PROGRAM, environment, wait_until

REQUESTS = 9000  # more than the program keeps, and a pipe holds: each line has some 340 bytes
ONE = b"GET /" + b"x" * 300 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
DROPPED = re.compile(rb"^\S+ warning (\d+) lines of the log were dropped", re.M)


class Quiet:
    """A server whose standard error is `descriptor`."""

    def __init__(self, directory, descriptor, command=(), database="sqlite:///test.db"):
        env = environment(DIRECTMESSAGES_LISTEN="unix:s", DATABASE_URL=database)
        self.directory = directory
        self.process = subprocess.Popen([*command, PROGRAM, "serve", "--migrate"], cwd=directory, env=env, stderr=descriptor)
        wait_until(self.answers, "the server listens")

    def answers(self):
        assert self.process.poll() is None, "it has ended"
        try:
            self.connect().close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(DEADLINE)
        connection.connect(str(self.directory / "s"))
        return connection

    def ask(self, count):
        """So many requests on one connection; all are answered."""
        with self.connect() as connection:
            sender = threading.Thread(target=connection.sendall, args=(ONE * count,))
            sender.start()
            answers, rest = 0, b""
            while answers < count:
                piece = connection.recv(65536)
                assert piece, f"closed after {answers} answers"
                answers += (rest + piece).count(b"HTTP/1.1 404")
                rest = piece[-11:]
                rest = rest if b"HTTP/1.1 404".startswith(rest) else b""
            sender.join()

    def dropped(self):
        with self.connect() as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n")
            text = b"".join(iter(lambda: connection.recv(65536), b""))
        return int(re.search(rb"^directmessages_log_lines_dropped_total (\d+)", text, re.M).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE) == 0

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def quiet(tmp_path):
    made = []

    def make(*arguments):
        made.append(Quiet(tmp_path, *arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


def stuck_pipe():
    return os.pipe()


def shared_pipe():
    """Somebody who shares it has made it non-blocking, for all who do."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    return reader, writer


def stuck_terminal():
    reader, writer = os.openpty()
    termios.tcflow(writer, termios.TCOOFF)  # as Ctrl-S does
    return reader, writer


@pytest.mark.parametrize("make", [stuck_pipe, shared_pipe, stuck_terminal])
def test_nobody_reads_the_log(quiet, make):
    reader, writer = make()
    server = quiet(writer)
    server.ask(REQUESTS)
    assert 0 < server.dropped() < REQUESTS
    server.stop()
    os.close(reader)
    os.close(writer)


def test_what_was_dropped_is_told_when_somebody_reads_again(quiet):
    reader, writer = os.pipe()
    server = quiet(writer)
    server.ask(REQUESTS)
    dropped = server.dropped()
    os.close(writer)
    text = b""
    while not DROPPED.search(text):
        text += os.read(reader, 65536)
    threading.Thread(target=server.stop).start()
    while piece := os.read(reader, 65536):
        text += piece
    os.close(reader)
    told = sum(int(number) for number in DROPPED.findall(text))
    assert told - dropped in (0, 1)  # the line of the last request comes after its answer
    lines = text.decode().splitlines()
    assert sum(" access " in line for line in lines) == REQUESTS - told
    assert all(re.match(r"\d{4}-\S+Z (access|info|warning) ", line) for line in lines)
    assert lines[-1].endswith(" info stopped")


@pytest.mark.parametrize("gone", ["the reader", "the disk"])
def test_a_log_that_can_not_be_written(quiet, gone):
    if gone == "the reader":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open("/dev/full", os.O_WRONLY)
    server = quiet(writer)
    server.ask(100)
    wait_until(lambda: server.dropped() >= 100, "the lines counted")
    server.stop()
    os.close(writer)


def test_a_log_whose_disk_has_room_again(quiet, tmp_path):
    """A file at its limit takes a part of a line; what comes later begins on a line of its own."""
    path = tmp_path / "log"
    with open(path, "ab") as log:
        server = quiet(log)
        wait_until(lambda: path.stat().st_size > 0, "the first lines")
        subprocess.run(["prlimit", f"--pid={server.process.pid}", f"--fsize={path.stat().st_size + 1000}:unlimited"], check=True)
        server.ask(10)
        wait_until(lambda: server.dropped() >= 7, "the lines counted")
        subprocess.run(["prlimit", f"--pid={server.process.pid}", "--fsize=unlimited:unlimited"], check=True)
        dropped = server.dropped()
        server.stop()
    lines = path.read_bytes()
    assert int(DROPPED.search(lines).group(1)) >= dropped
    assert lines.endswith(b" info stopped\n")
    assert sum(re.match(rb"\d{4}-\S+Z (access|info|warning) ", line) is None for line in lines.splitlines()) == 0


@pytest.mark.postgresql
def test_a_closed_standard_error_is_nobodys_socket(quiet, make_server):
    """The first socket that is opened, which may be the database's, would get its number, and the log would go there."""
    database = make_server(start=False).url
    server = quiet(None, ["sh", "-c", 'exec "$0" "$@" 2>&-'], database)
    server.ask(10)
    assert os.readlink(f"/proc/{server.process.pid}/fd/2") == "/dev/null"
    server.stop()
