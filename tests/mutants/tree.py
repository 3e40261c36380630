# SPDX-License-Identifier: MIT
"""A copy of the sources with a build of its own, in which one mistake after the other is made."""

import os
import pathlib
import subprocess
import sys

from mutants.mutant import ROOT

# A test that fails is not to take a minute for it.
DEADLINE = 10
TIME_LIMIT = 120


class Tree:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.build = self.folder / "build"
        self.env = {
            **os.environ,
            "DIRECTMESSAGES_BUILD": "build",
            "DIRECTMESSAGES_TEST_DEADLINE": str(DEADLINE),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def copy(self):
        """Makes it what the working tree is; a file that has not changed keeps its time, so that little is built."""
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
        wanted = {name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()}
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if path.is_file() and name.parts[0] != "build" and str(name) not in wanted:
                path.unlink()
        for name in wanted:
            self._copy_one(ROOT / name, self.folder / name)

    @staticmethod
    def _copy_one(source, target):
        data = source.read_bytes()
        if target.is_file() and target.read_bytes() == data:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(source.stat().st_mode)

    def run(self, *command, limit=TIME_LIMIT):
        """The exit status (None: no end within the limit) and what was printed."""
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="backslashreplace", start_new_session=True, stdin=subprocess.DEVNULL,
        )
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return None, f"no end within {limit} s"
        return process.returncode, output

    def prepare(self):
        if not (self.build / "build.ninja").is_file():
            status, output = self.run("meson", "setup", "build", "-Dtests=enabled", limit=600)
            assert status == 0, output
        status, output = self.make("all")
        assert status == 0, output

    def make(self, target):
        return self.run("ninja", "-C", "build", "--quiet", target, limit=1200)

    @staticmethod
    def commands(mutants):
        """Those that run the tests of these mutants: one for all of pytest, one for each unit program."""
        pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        nodes = sorted({f"tests/{mutant.test}" for mutant in mutants if not mutant.is_unit})
        found = [pytest + nodes] if nodes else []
        for program in sorted({mutant.program for mutant in mutants if mutant.is_unit}):
            names = sorted({mutant.test.split("::")[1] for mutant in mutants if mutant.program == program})
            found.append([sys.executable, "-m", "mutants.unit", program, *names])
        return found

    def try_out(self, mutant):
        """Makes the mistake, and looks whether the test notices it; a word, and what there is to say of it."""
        path = self.folder / mutant.file
        good = path.read_text()
        why_not = mutant.why_not(good)
        if why_not:
            return "does not apply", why_not
        path.write_text(good.replace(mutant.old, mutant.new))
        try:
            status, output = self.make(f"tests/unit/{mutant.program}" if mutant.is_unit else "directmessages")
            if status != 0:
                return "does not build", output
            (command,) = self.commands([mutant])
            status, output = self.run(*command)
        finally:
            path.write_text(good)
        if status == 0:
            return "unnoticed", ""
        return ("noticed", "") if status in (None, 1) else ("fails otherwise", output)
