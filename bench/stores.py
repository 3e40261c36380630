# SPDX-License-Identifier: MIT
"""The databases that are measured: SQLite files and a temporary PostgreSQL cluster."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
from typing import Any, Callable, Iterator, NamedTuple, Optional

import postgres
import programs
import seed
import statements
from programs import Round
from seed import Data
from workload import CONTENT, Route, Source

import reference_project

Show = Callable[[str], None]


class Database(NamedTuple):
    """One database, as the server, the reference and the bare inserts name it."""

    url: str
    django: dict[str, Any]
    bare: list

    def insert(self, pairs: pathlib.Path, seconds: int) -> Round:
        return programs.insert([*self.bare, pairs, CONTENT, seconds], seconds)


class Sqlite:
    """Files in the folder of the measurement. Requests are made from them, and PostgreSQL is filled from them."""

    name = "SQLite"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.constant: Optional[int] = None

    def path(self, size: Data) -> pathlib.Path:
        return self.folder / f"{size.messages}.db"

    @staticmethod
    def of(path: pathlib.Path) -> Database:
        return Database(f"sqlite:///{path}", reference_project.sqlite(path), [programs.BARE_INSERT, path])

    def database(self, size: Data) -> Database:
        return self.of(self.path(size))

    def seed(self, size: Data, show: Show) -> float:
        """Gives the seconds of the first fold."""
        programs.migrate(self.database(size).url)
        seed.fill(str(self.path(size)), size, lambda done: show(f"{done:,}"))
        show("inboxes")
        with sqlite3.connect(self.path(size)) as connection:
            connection.execute(seed.FILL_INBOXES)
        return programs.migrate(self.database(size).url)

    def source(self, size: Data) -> Source:
        return Source(size, str(self.path(size)))

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Runs the bare HTTP program while reads are measured."""
        with programs.serving_constant() as self.constant:
            yield

    def prepare(self, size: Data, route: Route, show: Show) -> None:
        pass

    def ceiling(self, size: Data, route: Route, requests: pathlib.Path, seconds: int) -> Round:
        return programs.load(self.constant, requests, seconds, route.once)

    @contextlib.contextmanager
    def fresh_copy(self, size: Data) -> Iterator[Database]:
        """A copy of the seeded file, flushed to the disk so that no later flush has to wait for it."""
        copy = self.folder / "copy.db"
        shutil.copyfile(self.path(size), copy)
        os.sync()
        yield self.of(copy)
        for file in self.folder.glob("copy.db*"):
            file.unlink()


# PostgreSQL's defaults, except for what everybody sets by the size of the machine and of the load.
SETTINGS = ["shared_buffers=1GB", "max_wal_size=4GB", "max_connections=200", "fsync=on", "synchronous_commit=on"]
SETTINGS += ["unix_socket_directories=''"]  # TCP for all alike; the folder's name may be too long for a socket


class Postgres:
    """A temporary cluster with a database for each size."""

    name = "PostgreSQL"

    def __init__(self, folder: pathlib.Path, sqlite: Sqlite, clients: list[int], trial: int):
        self.sqlite = sqlite
        self.sweep = statements.Sweep(clients, trial)
        self.cluster = postgres.Cluster(parent=folder, settings=SETTINGS)
        self.ceilings: dict[tuple[Data, str], statements.Load] = {}

    def __enter__(self) -> "Postgres":
        self.cluster.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.close()

    def of(self, name: str) -> Database:
        url = self.cluster.url(name)
        return Database(url, reference_project.postgresql(self.cluster.port, name), [programs.BARE_INSERT_PG, url])

    @staticmethod
    def called(size: Data) -> str:
        return f"messages_{size.messages}"

    def database(self, size: Data) -> Database:
        return self.of(self.called(size))

    def run(self, name: str, sql: str) -> None:
        with self.cluster.connect(name) as connection:
            connection.execute(sql)

    def seed(self, size: Data, show: Show) -> float:
        """Fills the database by COPY without our indexes, which migrate then makes, and vacuums it. Gives the seconds of the
        first fold."""
        name, url = self.called(size), self.database(size).url
        self.run("postgres", f"CREATE DATABASE {name}")
        programs.migrate(url)
        with self.cluster.connect(name) as connection:
            indexes = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'directmessages\\_%' AND"
                                         " indexdef NOT LIKE 'CREATE UNIQUE%' AND tablename = 'directmessages_message'"
                                         " AND indexname NOT LIKE 'directmessages\\_message\\_%'").fetchall()
            for (index,) in indexes:
                connection.execute(f'DROP INDEX "{index}"')
            connection.execute("SET session_replication_role = replica")  # skips the check of foreign keys for each row
            seed.copy(connection.connection.cursor(), str(self.sqlite.path(size)), lambda done: show(f"{done:,}"))
        show("indexes")
        programs.migrate(url)
        show("inboxes")
        self.run(name, seed.FILL_INBOXES)
        seconds = programs.migrate(url)
        show("vacuum")
        self.run(name, "VACUUM (ANALYZE)")
        self.run(name, "CHECKPOINT")
        return seconds

    def source(self, size: Data) -> Source:
        return self.sqlite.source(size)

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        yield

    def prepare(self, size: Data, route: Route, show: Show) -> None:
        """Finds the route's statement, and with how many connections it is fastest on the first size."""
        if route.variables is None:
            return
        statement = statements.catch(self.cluster, self.database(size).url, size, route, self.source(size))
        load = statements.Load.of(self.cluster, self.called(size), statement)
        before = next((known for (_, name), known in self.ceilings.items() if name == route.name), None)
        best = before.clients if before else self.sweep.best(load, show)
        self.ceilings[size, route.name] = load._replace(clients=best)

    def ceiling(self, size: Data, route: Route, requests: pathlib.Path, seconds: int) -> Round:
        return self.ceilings[size, route.name].round(seconds)

    @contextlib.contextmanager
    def fresh_copy(self, size: Data) -> Iterator[Database]:
        """As with SQLite. Creating and dropping it are checkpoints too."""
        self.run("postgres", f"CREATE DATABASE fresh TEMPLATE {self.called(size)} STRATEGY file_copy")
        os.sync()
        yield self.of("fresh")
        self.run("postgres", "DROP DATABASE fresh WITH (FORCE)")


def why_no_postgres() -> Optional[str]:
    return postgres.why_not()
