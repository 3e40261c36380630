# SPDX-License-Identifier: MIT
"""The databases that servers of the tests work on, used behind their backs: a SQLite file, or one of a cluster."""

import contextlib
import pathlib
import sqlite3

import postgres

DEADLINE = 60.0


def sqlite_url(path):
    return f"sqlite:///{pathlib.Path(path).absolute()}"


class SqliteFile:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.url = sqlite_url(path)

    @contextlib.contextmanager
    def transaction(self):
        """A connection in a write transaction that is committed unless the block fails."""
        connection = sqlite3.connect(self.path, timeout=DEADLINE, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()

    IntegrityError = sqlite3.IntegrityError

    def refuse(self, kind, cause):
        """Makes every INSERT, or UPDATE, of a message fail with that cause, until `accept`."""
        with self.transaction() as connection:
            connection.execute(
                f"CREATE TRIGGER fault BEFORE {kind} ON directmessages_message"
                f" BEGIN SELECT RAISE(ABORT, '{cause}'); END"
            )

    def accept(self):
        with self.transaction() as connection:
            connection.execute("DROP TRIGGER fault")

    def flush_messages(self):
        """What Django's `manage.py flush` does to them: ids restart."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM directmessages_message")
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'directmessages_message'")

    def sessions(self):
        """None: a server that was killed does nothing any more."""
        return 0

    def close(self):
        """Nothing: the file goes with its folder."""


class PostgresDatabase:
    """A database of its own in a cluster, by default this process's."""

    def __init__(self, cluster=None, template=None):
        self.cluster = cluster or postgres.shared()
        self.name = self.cluster.database(template)
        self.url = self.cluster.url(self.name)

    @contextlib.contextmanager
    def transaction(self):
        with self.cluster.connect(self.name) as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    IntegrityError = postgres.psycopg2 and postgres.psycopg2.IntegrityError

    def refuse(self, kind, cause):
        with self.transaction() as connection:
            connection.execute(
                "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{cause}'; END $$"
            )
            connection.execute(
                f"CREATE TRIGGER fault BEFORE {kind} ON directmessages_message FOR EACH ROW EXECUTE FUNCTION fault()"
            )

    def accept(self):
        with self.transaction() as connection:
            connection.execute("DROP TRIGGER fault ON directmessages_message")

    def flush_messages(self):
        with self.transaction() as connection:
            connection.execute("TRUNCATE directmessages_message RESTART IDENTITY")

    def sessions(self):
        """How many servers have: after a kill PostgreSQL ends what it was asked for."""
        ours = "datname = ? AND application_name = 'directmessages'"
        with self.cluster.connect(self.name) as connection:
            return connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {ours}", (self.name,)).fetchone()[0]

    def close(self):
        if self.cluster.is_running():
            self.cluster.drop(self.name)
