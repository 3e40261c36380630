# SPDX-License-Identifier: MIT
"""A standby of a cluster by streaming replication, and a database whose two clusters take turns in being written to."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import tempfile

import postgres
from databases import PostgresDatabase
from harness import wait_until
from ports import free_port

NAMES = "ALTER SYSTEM SET synchronous_standby_names = '{}'"


class Standby(postgres.Cluster):
    """Begins as a copy of the primary, which it then follows; a slot there keeps what it has not got yet."""

    def __init__(self, primary, port=None):
        self.settings, self.user, self.port = primary.settings, primary.user, port or free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-pg-"))
        self.data = self.directory / "data"
        account = pwd.getpwnam(self.user)
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        source = ("-h", "127.0.0.1", "-p", primary.port, "-U", "postgres")
        slot = ("-C", "-S", f"standby{self.port}")
        self._run("pg_basebackup", "-D", self.data, *source, *slot, "-R", "-c", "fast")

    def promote(self):
        self._run("pg_ctl", "-D", self.data, "-w", "promote")


class TakingTurns(PostgresDatabase):
    """On a primary that a standby follows; a server is given the hosts of both. Before a failover the other one
    is made anew, as its standby. Where it is synchronous a commit is told when it is on the standby's disk."""

    def __init__(self, synchronous):
        self.synchronous, self.standby = synchronous, None
        super().__init__(postgres.Cluster().start())
        self.ports = self.cluster.port, free_port()
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        self.url = f"postgresql://postgres@{hosts}/{self.name}?target_session_attrs=read-write"

    def follow(self):
        """A standby begins at the port that is free."""
        (port,) = set(self.ports) - {self.cluster.port}
        self.standby = Standby(self.cluster, port)
        self.standby.start()
        if self.synchronous:
            self.set(self.cluster, NAMES.format("*"))
        wanted = "sync" if self.synchronous else "async"
        wait_until(lambda: self.replication() == [(wanted,)], f"the standby is {wanted}")

    def set(self, cluster, statement):
        with cluster.connect("postgres") as connection:
            connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")

    def replication(self):
        with self.cluster.connect("postgres") as connection:
            return connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()

    def promote(self):
        """The standby becomes the primary, which has no standby itself; gives what was the primary."""
        old, self.cluster, self.standby = self.cluster, self.standby, None
        self.set(self.cluster, NAMES.format(""))
        self.cluster.promote()
        return old

    def freeze(self):
        for pid in self.cluster.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self, cluster):
        for pid in cluster.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def close(self):
        for cluster in filter(None, (self.standby, self.cluster)):
            if cluster.is_running():
                cluster.kill()
            shutil.rmtree(cluster.directory, ignore_errors=True)
