# SPDX-License-Identifier: MIT
"""Starts Pythons that have imported Django already: each is a fork of one process that has imported it once.

A start costs a third of the processor time of `python -m django`, and there are hundreds of them. What is imported beforehand
needs no settings; a fork has its own environment, folder, module path and files, and reads its own settings.

As a program this is that one process: its argument is the socket on which it is asked.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

IMPORTED = [
    "django.core.management.commands.check", "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate", "django.core.wsgi", "django.contrib.auth.hashers",
    "django.db.backends.postgresql.base", "django.db.backends.sqlite3.base", "django.middleware.common",
    "django.middleware.csrf", "django.middleware.security", "django.template.backends.django", "django.template.defaulttags",
    "django.test.client", "django.urls", "gunicorn.app.wsgiapp", "gunicorn.arbiter", "gunicorn.workers.sync", "jsonschema", "yaml",
]  # fmt: skip
INHERITED = 100  # the number that a socket has which is given to a fork
LARGEST = 1 << 17  # bytes of one order


class Started:
    """A fork at work; `wait` gives its exit status, once it and what it has forked are gone."""

    def __init__(self, pid, ended):
        self._process, self._ended = os.pidfd_open(pid), ended

    def tell(self, number):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    def wait(self, timeout=None):
        """-1 where a signal has ended it. After `timeout` seconds it is killed, and that is an error."""
        told = b""
        while True:
            if not select.select([self._ended], [], [], timeout)[0]:
                self.tell(signal.SIGKILL)
                raise TimeoutError(f"a Python has not ended within {timeout} s")
            piece = os.read(self._ended, 16)
            if not piece:
                break
            told += piece
        os.close(self._ended)
        os.close(self._process)
        return int(told or -1)


class Starter:
    """The process of one interpreter; it ends when this one does."""

    def __init__(self, python):
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with theirs:
            self._process = subprocess.Popen(
                [python, __file__, str(theirs.fileno())],
                env={**own, "PYTHONDONTWRITEBYTECODE": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._one_at_a_time = threading.Lock()
        atexit.register(self._close)

    def _close(self):
        self._orders.close()
        self._process.wait()

    def start(self, words, folder, env, output, errors, inherited=None):
        """`words` are what Python's own command line has: -m and a module, or -c and a script, and arguments."""
        order = json.dumps({"words": list(map(str, words)), "folder": str(folder), "env": env}).encode()
        assert len(order) < LARGEST
        ended, status = os.pipe()
        files = [output.fileno(), errors.fileno(), status] + ([inherited.fileno()] if inherited else [])
        with self._one_at_a_time:
            socket.send_fds(self._orders, [order], files)
            pid = int(self._orders.recv(32))
        os.close(status)
        return Started(pid, ended)

    def run(self, words, folder, env, timeout=120):
        """As subprocess.run with text."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            status = self.start(words, folder, env, output, errors).wait(timeout)
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(words, status, output.read(), errors.read())


@functools.cache
def of(python):
    """The starter of an interpreter in this process."""
    return Starter(python)


# ---- the process, and its forks


def take_orders(asked):
    """Forks for each order, and returns in the forks: the order and its files."""
    for name in IMPORTED:
        with contextlib.suppress(ImportError):  # another release may not have it
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks for their statuses
    while True:
        text, files, _, _ = socket.recv_fds(asked, LARGEST, 4)
        if not text:
            sys.exit()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return json.loads(text), files
        for file in files:
            os.close(file)
        asked.send(str(pid).encode())


def become(order, files):
    """Makes this process what the order says; returns the file that its exit status goes to."""
    for number, file in zip((1, 2, None, INHERITED), files):
        if number is not None:
            os.dup2(file, number)
            os.close(file)
    os.set_inheritable(files[2], False)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["folder"])
    more = os.environ.get("PYTHONPATH", "")
    sys.path[0:1] = [order["folder"], *filter(None, more.split(os.pathsep))]
    return files[2]


def run(kind, what, *arguments):
    sys.argv = [kind, *arguments]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def main(asked):
    order, files = take_orders(asked)
    asked.close()
    status, ended = 1, become(order, files)
    try:
        run(*order["words"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    os.write(ended, str(status).encode())
    sys.exit(status)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
