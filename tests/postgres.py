# SPDX-License-Identifier: MIT
"""A PostgreSQL cluster of the tests' own: Debian's binaries, a temporary folder, a free port."""

import atexit
import contextlib
import functools
import itertools
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time

import ports

try:
    import psycopg2
    import psycopg2.extensions
except ImportError:
    psycopg2 = None

BINARIES = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None, key=lambda path: float(path.parts[4]))
DEADLINE = 60.0
# What a parked connection may keep is of no interest here, and the tests make many databases. What was written is in files
# when a process is killed, and no test switches the machine off: fsync would show nothing, and dropping a database take ten
# times as long.
SETTINGS = ["max_connections=200", "shared_buffers=64MB", "log_min_messages=fatal", "fsync=off", "autovacuum=off"]


def why_not():
    """Why there can be no cluster here, or None."""
    if BINARIES is None:
        return "PostgreSQL is not installed in /usr/lib/postgresql"
    if psycopg2 is None:
        return "python3-psycopg2 is not installed"
    return None


def owner():
    """The user of the cluster: initdb refuses root."""
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


class Cluster:
    """One server on 127.0.0.1 and on a socket in its folder; databases are made by `database()`."""

    _names = itertools.count(1)

    def __init__(self, port=None, parent=None, settings=SETTINGS):
        self.settings = settings
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-pg-", dir=parent))
        self.data = self.directory / "data"
        self.port = port or ports.free_port()
        self.user = owner()
        account = pwd.getpwnam(self.user)
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "-N")

    def _run(self, program, *arguments):
        done = subprocess.run(
            [BINARIES.parent / program, *map(str, arguments)],
            cwd=self.directory,
            user=self.user if os.geteuid() == 0 else None,
            group=pwd.getpwnam(self.user).pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"

    def start(self, wait=True):
        options = ["-k", str(self.directory), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        for setting in self.settings:
            options += ["-c", setting]
        flag = "-w" if wait else "-W"
        self._run("pg_ctl", "-D", self.data, "-l", self.directory / "log", "-o", " ".join(options), flag, "start")
        return self

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def kill(self):
        """kill -9 of the postmaster and of all its children, as a power cut of the machine's processes."""
        os.kill(self.pid(), signal.SIGKILL)
        end = time.monotonic() + DEADLINE
        while processes := self.processes():
            for pid in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert time.monotonic() < end, "the cluster does not die"
            time.sleep(0.005)
        # Where nobody buries the dead, their numbers are still taken.
        for lock in [self.data / "postmaster.pid", *self.directory.glob(".s.PGSQL.*.lock")]:
            lock.unlink()

    def processes(self):
        """All that work in its folder: the postmaster and its children, but for those that are dead."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(process / "cwd") == str(self.data):
                    found.append(int(process.name))
        return found

    def is_running(self):
        try:
            os.kill(self.pid(), 0)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return False
        return True

    def close(self):
        try:
            if self.is_running():
                self.stop("immediate")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database, host="127.0.0.1"):
        return f"postgresql://postgres@{host}:{self.port}/{database}"

    def database(self, template=None, name=None):
        """A new database, empty or a copy of the template; its name."""
        name = name or f"test{os.getpid()}_{next(self._names)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, name):
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def connect(self, database):
        return Connection(self.url(database))


class Connection:
    """A connection that is used like one of sqlite3 in autocommit mode: `?` for parameters, times as Django's text."""

    def __init__(self, url):
        self.connection = psycopg2.connect(url, options="-c timezone=UTC", connect_timeout=int(DEADLINE))
        self.connection.autocommit = True
        psycopg2.extensions.register_type(TIME, self.connection)

    def execute(self, statement, parameters=()):
        cursor = self.connection.cursor()
        cursor.execute(translate(statement), parameters)
        return Rows(cursor)

    def executemany(self, statement, rows):
        self.connection.cursor().executemany(translate(statement), rows)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Rows:
    def __init__(self, cursor):
        self.cursor = cursor

    def fetchall(self):
        return self.cursor.fetchall() if self.cursor.description else []

    def fetchone(self):
        return self.cursor.fetchone() if self.cursor.description else None


def translate(statement):
    return statement.replace("%", "%%").replace("?", "%s")


def read_time(text, _cursor):
    """`2025-06-06 12:00:00.5+00` as Django writes it into SQLite: six digits or none, without the zone."""
    if text is None:
        return None
    whole, _, fraction = re.sub(r"\+00$", "", text).partition(".")
    return f"{whole}.{fraction:0<6}" if fraction else whole


TIME = psycopg2 and psycopg2.extensions.new_type((1184,), "TIME", read_time)


@functools.cache
def shared():
    """The cluster of this process, started when it is wanted first, gone when the process ends."""
    cluster = Cluster()
    atexit.register(cluster.close)
    return cluster.start()
