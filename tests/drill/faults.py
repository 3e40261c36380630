# SPDX-License-Identifier: MIT
"""The drill's side of faults.c: says which calls of a server fail, and reads which did."""

import contextlib
import mmap
import pathlib
import struct
import subprocess
import tempfile

import harness

LIBRARY = harness.BUILD / "tests" / "faults.so"
KINDS = {"memory": 1, "write": 2, "sync": 4, "open": 8, "lock": 16, "map": 32, "truncate": 64, "submit": 128}
FRAMES = 24
HEAD = struct.Struct("4I3q2Q")  # struct control in faults.c
SIZE = HEAD.size + 8 * FRAMES


def why_not():
    """Why it can't be preloaded, or None."""
    program = subprocess.run(["nm", "-D", harness.PROGRAM], capture_output=True, text=True)
    if "__asan_init" in program.stdout or "__tsan_init" in program.stdout:
        return "a sanitizer has its own malloc"
    return None if LIBRARY.exists() else f"{LIBRARY} was not built"


class Faults:
    """`with faults.armed("memory", 3): ...`: the third allocation within the block fails.

    With `through`, addresses of a library that `span_of` gives, only calls that were made through it count.
    """

    def __init__(self):
        self._file = tempfile.NamedTemporaryFile(prefix="directmessages-drill-")
        self._file.write(bytes(SIZE))
        self._file.flush()
        self._map = mmap.mmap(self._file.fileno(), SIZE)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "DRILL_CONTROL": self._file.name}

    def close(self):
        self._map.close()
        self._file.close()

    def set(self, armed, kind, n, forever, through=(0, 0)):
        """Takes effect at once, for a program that is started later too."""
        self._map[: HEAD.size] = HEAD.pack(0, KINDS[kind], forever, 0, n, 0, 0, *through)
        self._map[:4] = struct.pack("I", armed)

    @contextlib.contextmanager
    def armed(self, kind, n, forever=False, through=(0, 0)):
        self.set(True, kind, n, forever, through)
        try:
            yield self
        finally:
            self.disarm()

    def disarm(self):
        self._map[:4] = struct.pack("I", 0)

    @property
    def counted(self):
        return HEAD.unpack(self._map[: HEAD.size])[5]

    @property
    def failed(self):
        """How many calls have failed."""
        return HEAD.unpack(self._map[: HEAD.size])[6]

    def where(self, pid):
        """Where the first call that failed was made: functions, the innermost first; `pid` runs still."""
        count = HEAD.unpack(self._map[: HEAD.size])[3]
        frames = struct.unpack(f"{count}Q", self._map[HEAD.size : HEAD.size + 8 * count])
        return [name for name in (name_of(pid, frame) for frame in frames) if name]


def span_of(pid, library):
    """The first and the last address of a library in a process."""
    lines = [line.split() for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()]
    spans = [line[0].split("-") for line in lines if pathlib.Path(line[-1]).name.startswith(library)]
    return int(spans[0][0], 16), int(spans[-1][1], 16)


def name_of(pid, address):
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, _, offset, _, _, *path = line.split()
        start, end = (int(text, 16) for text in span.split("-"))
        if start <= address < end and path and path[0].startswith("/"):
            place = hex(address - start + int(offset, 16) - 1)
            found = subprocess.run(["addr2line", "-sfe", path[0], place], capture_output=True, text=True).stdout.split("\n")
            name = found[0] if found[0] not in ("", "??") else place
            return None if path[0] == str(LIBRARY) else f"{name} {pathlib.Path(path[0]).name} {found[1]}"
    return None
