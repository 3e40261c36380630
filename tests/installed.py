# SPDX-License-Identifier: MIT
"""What tests need from PyPI and npm: folders under build/, each made once from a pinned list.

    folder()    where it is; the first call in a clean tree takes as long as the installer does, and others wait for it.
                Raises Unavailable, with the reason, where it is not there and can't be made
    why_not()   that reason, or None: for tests that are skipped then
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = "/usr/bin/python3"
ASK_AGAIN = 600  # seconds until the network is tried again after it failed


class Unavailable(Exception):
    """It can't be installed here; the text says why."""


class Installed:
    """`lists` are the files that say what to install; if one changes, the folder is made again."""

    no_network = ()  # what the installer says when it is the network that fails it, and not the list

    def __init__(self, name, *lists):
        # Not in the folder that DIRECTMESSAGES_BUILD names: builds with sanitizers use the same.
        self.path = ROOT / "build" / name
        self.lists = lists
        self.failed = self.path.with_suffix(".failed")
        self._state = None

    def folder(self):
        if self._state is None:
            try:
                self._state = self._made()
            except Unavailable as reason:
                self._state = reason
        if isinstance(self._state, Unavailable):
            raise self._state
        return self._state

    def why_not(self):
        try:
            self.folder()
        except Unavailable as reason:
            return str(reason)
        return None

    def _made(self):
        with self._locked():
            stamp, wanted = self.path / "stamp", self._wanted()
            if not stamp.exists() or stamp.read_text() != wanted:
                if self.failed.exists() and time.time() - self.failed.stat().st_mtime < ASK_AGAIN:
                    raise Unavailable(self.failed.read_text())
                shutil.rmtree(self.path, ignore_errors=True)
                self.install()
                self.failed.unlink(missing_ok=True)
                stamp.write_text(wanted)
        return self.path

    def _wanted(self):
        texts = [f"{self.path} {self.runs_on()}", *(path.read_text() for path in self.lists)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    @contextlib.contextmanager
    def _locked(self):
        self.path.parent.mkdir(exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def run(self, source, *command):
        """Runs an installer; fails when it refuses the list, and is Unavailable when it can't reach `source`."""
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True)
        if done.returncode == 0:
            return
        shutil.rmtree(self.path)
        output = done.stdout + done.stderr
        if not any(sign in output for sign in self.no_network):
            raise RuntimeError(f"{command[0]} refuses {self.lists[0]}:\n{output}")
        reason = f"{source} can't be reached: {output.strip().splitlines()[-1]}"
        self.failed.write_text(reason)
        raise Unavailable(reason)


class FromPyPI(Installed):
    """A virtual environment with what a requirements file pins, all of it: nothing else is installed."""

    no_network = ("Retrying (", "Could not fetch URL", "No matching distribution found")

    def runs_on(self):
        return os.path.realpath(BASE)

    def install(self):
        made = subprocess.run([BASE, "-m", "venv", self.path], capture_output=True, text=True)
        if made.returncode != 0:
            raise Unavailable("python3 -m venv fails (Debian: python3-venv): " + (made.stdout + made.stderr).strip())
        options = ["--no-deps", "--no-input", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
        self.run("PyPI", self.path / "bin" / "python", "-m", "pip", "install", *options, "-r", self.lists[0])

    def program(self, name):
        return self.folder() / "bin" / name


class FromNpm(Installed):
    """What a package.json and the package-lock.json beside it pin; scripts of packages are not run."""

    no_network = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "E404", "network")

    def __init__(self, name, package):
        super().__init__(name, package, package.with_name("package-lock.json"))

    def runs_on(self):
        return shutil.which("node")

    def install(self):
        if shutil.which("npm") is None:
            raise Unavailable("there is no npm (Debian's package of that name)")
        self.path.mkdir()
        for path in self.lists:
            shutil.copy(path, self.path)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=15000"]
        self.run("npm's registry", "npm", "ci", *options)

    def program(self, name):
        return self.folder() / "node_modules" / ".bin" / name
