# SPDX-License-Identifier: MIT
"""A standby of a cluster by streaming replication, and a database that moves over to it."""

import os
import pathlib
import pwd
import tempfile

import postgres
from databases import PostgresDatabase
from harness import wait_until
from ports import free_port


class Standby(postgres.Cluster):
    """Begins as a copy of the primary, which it then follows."""

    def __init__(self, primary):
        self.settings, self.user, self.port = primary.settings, primary.user, free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-pg-"))
        self.data = self.directory / "data"
        account = pwd.getpwnam(self.user)
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        source = ("-h", "127.0.0.1", "-p", primary.port, "-U", "postgres")
        self._run("pg_basebackup", "-D", self.data, *source, "-R", "-c", "fast")

    def promote(self):
        self._run("pg_ctl", "-D", self.data, "-w", "promote")


class MovingDatabase(PostgresDatabase):
    """On a primary first, and on its standby after `move`; a server is given the hosts of both."""

    def __init__(self, primary, standby, synchronous):
        super().__init__(primary)
        self.standby = standby
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        self.url = f"postgresql://postgres@{hosts}/{self.name}?target_session_attrs=read-write"
        if synchronous:  # a commit is told when it is on the standby's disk
            with primary.connect("postgres") as connection:
                connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                connection.execute("SELECT pg_reload_conf()")
        wanted = "sync" if synchronous else "async"
        wait_until(lambda: self.replication() == [(wanted,)], f"the standby is {wanted}")

    def replication(self):
        with self.cluster.connect("postgres") as connection:
            return connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()

    def move(self):
        """The primary is gone: the standby becomes one."""
        self.cluster.kill()
        self.standby.promote()
        self.cluster = self.standby
