# SPDX-License-Identifier: MIT
"""Runs the programs of a measurement: the server, its two ceilings, and wrk, which puts load on them."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
from typing import Any, Iterator, NamedTuple, Optional

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("DIRECTMESSAGES_BUILD", "build-release")
SERVER = BUILD / "directmessages"
BARE_HTTP = BUILD / "bench" / "bare_http"
BARE_INSERT = BUILD / "bench" / "bare_insert"
BARE_INSERT_PG = BUILD / "bench" / "bare_insert_pg"

CORES = os.cpu_count() or 1
CONNECTIONS = 64
LIGHT_CONNECTIONS = 20
LOAD_THREADS = max(1, CORES // 2)
DEADLINE = 60
PATIENCE = "DIRECTMESSAGES_BUSY_TIMEOUT"
MIGRATION = 3600  # seconds, for the indexes and the inboxes of 5,000,000 messages on a slow disk
# Status 0 means that the client left before the response, as wrk does at the end of a round.
WRONG_LINE = re.compile(
    rb"^(?!\S+ (?:debug|info|warning|access method=\S+ path=\S+ status=(?:20[014]|0)) ).+$", re.MULTILINE
)


class Failure(Exception):
    """Why there is no result to show."""


class TooSlow(Failure):
    """No response came within a round."""


class Round(NamedTuple):
    rate: float  # requests or rows a second
    p50: Optional[float] = None  # microseconds
    p99: Optional[float] = None


class Memory(NamedTuple):
    resident: int  # KiB
    peak: int


def environment() -> dict[str, str]:
    """Our environment without the server's settings: its defaults are measured. How long writes may wait shows in no figure, but a
    refused one is a failure; `make test` runs this on machines that do other things, too."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == PATIENCE or name != "DATABASE_URL" and not name.startswith("DIRECTMESSAGES_")
    }


def require() -> None:
    """Fails at once if something is missing."""
    for program in (SERVER, BARE_HTTP, BARE_INSERT, BARE_INSERT_PG):
        if not program.is_file():
            raise Failure(f"{program} does not exist; run 'make bench' to build it")
    if not shutil.which("wrk"):
        raise Failure("wrk is not installed; install Debian's package wrk")


def finish(command: list, what: str, seconds: int = 0) -> str:
    """Runs a command that takes about `seconds`, and returns what it prints."""
    try:
        done = subprocess.run([str(part) for part in command], env=environment(), stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + DEADLINE)
    except subprocess.TimeoutExpired:
        raise Failure(f"{what}: did not end within {seconds + DEADLINE} s")
    if done.returncode != 0:
        raise Failure(f"{what}: ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def running(command: list, settings: Optional[dict[str, str]] = None, **streams: Any) -> Iterator[subprocess.Popen]:
    env = environment() | (settings or {})
    process = subprocess.Popen([str(part) for part in command], env=env, stdin=subprocess.DEVNULL, **streams)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def fetch(port: int, method: str, path: str, token: str, body: str) -> tuple[int, Any]:
    """One request outside the load: the status and the parsed JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    headers = {"Authorization": f"Token {token}"}
    if body:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else None


class Server:
    """The server on one database, its standard error in a file."""

    def __init__(self, process: subprocess.Popen, log: pathlib.Path):
        self.process = process
        self.log = log
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            text = self.log.read_text("utf-8", "replace")
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)/api/dm/$", text, re.MULTILINE):
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise Failure(f"the server did not start:\n{self.log.read_text('utf-8', 'replace')}")

    def memory(self) -> Memory:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        resident, peak = (int(re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)[1])
                          for name in ("VmRSS", "VmHWM"))
        return Memory(resident, peak)

    def processor_time(self) -> float:
        """Microseconds of the threads that serve requests and store messages, without the worker, whose priority is lower."""
        total = 0
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if int((thread / "stat").read_text().rpartition(")")[2].split()[16]) == 0:
                total += int((thread / "schedstat").read_text().split()[0])
        return total / 1000

    def fetch(self, method: str, path: str, token: str, body: str) -> tuple[int, Any]:
        return fetch(self.port, method, path, token, body)

    def check_log(self) -> None:
        """Fails if the log has an error or a request with an unexpected status. Empties the log."""
        text = self.log.read_bytes()
        if wrong := WRONG_LINE.search(text, 0, text.rfind(b"\n") + 1):
            raise Failure(f"the server's log has an unexpected line: {wrong[0].decode('utf-8', 'replace')}")
        os.truncate(self.log, 0)


@contextlib.contextmanager
def serving(url: str, log: pathlib.Path, settings: Optional[dict[str, str]] = None) -> Iterator[Server]:
    with open(log, "ab") as stream:  # append, so that it can be emptied while the server writes
        with running([SERVER, "--database", url, "serve", "--listen", "127.0.0.1:0"], settings,
                     stdout=subprocess.DEVNULL, stderr=stream) as process:
            yield Server(process, log)
    if process.returncode != 0:
        end = log.read_text("utf-8", "replace")[-2000:]
        raise Failure(f"the server ended with status {process.returncode}:\n{end}")
    log.unlink()


@contextlib.contextmanager
def serving_constant() -> Iterator[int]:
    """Runs the bare HTTP program; yields its port."""
    with running([BARE_HTTP, CORES], stdout=subprocess.PIPE, text=True) as process:
        yield int(re.search(r":(\d+)/$", process.stdout.readline())[1])


def migrate(url: str) -> float:
    """Gives how many seconds it took."""
    began = time.monotonic()
    finish([SERVER, "--database", url, "migrate"], "migrate", MIGRATION)
    return time.monotonic() - began


def wrk(port: int, requests: pathlib.Path, seconds: int, connections: int, threads: int, *more: object) -> list:
    """The command of one round; `more` is for load.lua."""
    script = pathlib.Path(__file__).with_name("load.lua")
    return ["wrk", "-t", threads, "-c", connections, "-d", seconds, "--timeout", DEADLINE, "-s", script,
            f"http://127.0.0.1:{port}/", "--", requests, threads, *more]


def load(port: int, requests: pathlib.Path, seconds: int, once: bool, connections: int = CONNECTIONS) -> Round:
    """One round of wrk, which is made longer until a response comes. An error response or a broken connection is a failure."""
    while True:
        command = wrk(port, requests, seconds, connections, LOAD_THREADS, *(["once"] if once else []))
        try:
            return read_round(finish(command, "wrk", seconds), requests, seconds)
        except TooSlow:
            if seconds > DEADLINE:
                raise
            seconds *= 2


@contextlib.contextmanager
def loading(port: int, requests: pathlib.Path, seconds: int) -> Iterator[None]:
    """A light load meanwhile: each of some connections sends ten requests a second. The block takes about `seconds`. An error
    response is a failure here, too."""
    command = wrk(port, requests, seconds + 1, LIGHT_CONNECTIONS, 1, 100)
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        time.sleep(0.5)  # until it has begun
        yield
        output, _ = process.communicate(timeout=seconds + DEADLINE)
    read_round(output, requests, seconds)


def read_round(output: str, requests: pathlib.Path, seconds: int) -> Round:
    """What wrk printed."""
    found = re.search(r"^result (.*)$", output, re.MULTILINE)
    if not found:
        raise Failure(f"wrk printed no result:\n{output}")
    values = {name: float(value) for name, value in (pair.split("=") for pair in found[1].split())}
    if values["statuses"] or values["sockets"]:
        raise Failure(f"a round of {requests.name} went wrong: {found[1]}")
    if not values["requests"]:
        raise TooSlow(f"a round of {requests.name} got no response within {seconds} s")
    return Round(values["requests"] / values["seconds"], values["p50"], values["p99"])


def insert(command: list, seconds: int) -> Round:
    """One round of a bare insert loop."""
    output = finish(command, "bare inserts", seconds)
    return Round(float(re.search(r"(\d+) rows/s$", output, re.MULTILINE)[1]))
