# SPDX-License-Identifier: MIT
"""Several processes that migrate one file at the same time."""

import sqlite3
import subprocess
import threading

import pytest

from harness import PROGRAM, Server, environment, run_program, sqlite_url
from test_storage_schema import make_django, query, rows_of_django, schema

pytestmark = [pytest.mark.sqlite, pytest.mark.concurrent]

ROUNDS = 20
TOGETHER = 6


def migrate_together(url, count=TOGETHER):
    """Starts so many `migrate` at once; what each has said on standard output."""
    command = [PROGRAM, "--database", url, "migrate"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True)
        for _ in range(count)
    ]
    said = [process.communicate(timeout=60) for process in started]
    failed = [error for process, (_, error) in zip(started, said) if process.returncode != 0 or error]
    assert not failed, failed
    return [out for out, _ in said]


def check_steps(said):
    """Each step was done by one of them."""
    steps = [line for out in said for line in out.splitlines() if line.startswith("applied ")]
    assert len(steps) == len(set(steps)) >= 2, steps


def test_on_a_file_that_is_not_there_yet(tmp_path):
    for number in range(ROUNDS):
        path = tmp_path / f"{number}.db"
        check_steps(migrate_together(sqlite_url(path)))
        assert query(path, "SELECT count(*) FROM django_migrations") == [(21,)]
        assert query(path, "PRAGMA integrity_check") == [(b"ok",)]
        assert run_program("migrate", "--check", database=sqlite_url(path)).returncode == 0


def test_on_a_file_that_django_made(tmp_path):
    for number in range(ROUNDS):
        path = tmp_path / f"{number}.db"
        make_django(path)
        before, tables = rows_of_django(path), schema(path)
        check_steps(migrate_together(sqlite_url(path)))
        assert rows_of_django(path) == before
        assert tables.items() <= schema(path).items()


def test_on_a_file_that_is_up_to_date(tmp_path):
    url = sqlite_url(tmp_path / "a.db")
    migrate_together(url, 1)
    before = schema(tmp_path / "a.db")
    assert not [out for out in migrate_together(url) if "applied" in out]
    assert schema(tmp_path / "a.db") == before


def test_servers_that_migrate_at_their_start(tmp_path):
    for number in range(3):
        servers = [Server(database=tmp_path / f"{number}.db") for _ in range(4)]
        failures = []

        def start(server, failures=failures):
            try:
                server.start()
            except AssertionError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=start, args=(server,)) for server in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        try:
            assert not failures, failures[0]
            one, two = servers[0].users(2)
            one.send(two)
            assert two.unread() == 1
        finally:
            for server in servers:
                server.close()


def test_beside_a_server_that_works(make_server):
    server = make_server()
    one, two = server.users(2)
    stopping = threading.Event()
    statuses = []

    def work():
        while not stopping.is_set():
            statuses.append(one.post(f"send/{two.id}/", {"content": "x"}).status)
            statuses.append(two.get(f"conversations/{one.id}/").status)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            migrate_together(server.url)
    finally:
        stopping.set()
        worker.join(60)
    assert set(statuses) <= {200, 201} and statuses


def test_while_another_holds_the_lock_for_a_moment(tmp_path):
    path = tmp_path / "a.db"
    make_django(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    waiting = subprocess.Popen(
        [PROGRAM, "--database", sqlite_url(path), "migrate"],
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.2)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
        out, error = waiting.communicate(timeout=60)
    assert (waiting.returncode, error) == (0, ""), error
    assert "applied" in out
