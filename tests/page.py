# SPDX-License-Identifier: MIT
"""A page of the documentation as its reader would use it: its blocks of code, and a shell that they are typed into."""

import pathlib
import re
import subprocess
import textwrap

import harness

BLOCK = re.compile(r"^( *)```(\w[^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Page:
    """The blocks of a page: `blocks` are pairs of what follows the backquotes, like `sh`, and the text."""

    def __init__(self, path, places):
        text = pathlib.Path(path).read_text(encoding="utf-8")
        for place, real in places.items():
            assert place in text, f"the page does not say {place}"
            text = text.replace(place, real)
        self.blocks = [(kind, textwrap.dedent(block)) for _, kind, block in BLOCK.findall(text)]

    def only(self, kind):
        (text,) = [text for found, text in self.blocks if found == kind]
        return text


class Shell:
    """A shell that runs one block after the other, as typed into one terminal; what a block starts by `&` goes on."""

    END = "===end-of-block "

    def __init__(self, folder, env, log):
        self.errors = open(log, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=harness.environment(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def run(self, text):
        """What the block printed; each of its lines, but those that go on behind, must succeed."""
        lines = ""
        for number, line in enumerate(text.splitlines(), 1):
            lines += line + ("\n" if line.endswith("&") else f" || failed={number}\n")
        self.process.stdin.write(f"failed=\n{lines}echo; echo '{self.END}'$failed\n")
        self.process.stdin.flush()
        output = []
        for line in self.process.stdout:
            if line.startswith(self.END):
                failed = line.removeprefix(self.END).strip()
                assert not failed, f"line {failed} fails of\n{text}\n{''.join(output)}{self.told()}"
                return "".join(output)
            output.append(line)
        raise AssertionError(f"the shell has ended in\n{text}\n{self.told()}")

    def told(self):
        """What came by standard error so far, that of what goes on in the background too."""
        self.errors.flush()
        return pathlib.Path(self.errors.name).read_text(encoding="utf-8")

    def close(self):
        """Ends what still runs in it."""
        if self.process.poll() is None:
            self.process.stdin.write("jobs -p | xargs -r kill; wait\n")
            self.process.stdin.close()
        self.process.wait(harness.DEADLINE)
        self.process.stdout.close()
        self.errors.close()
