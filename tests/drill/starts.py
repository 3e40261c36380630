# SPDX-License-Identifier: MIT
"""The server is started while a call of it fails: it serves, or says why not and ends."""

import contextlib
import re
import signal
import subprocess
import threading
import time

import harness
from drill.attacks import PATIENCE, ask
from drill.trials import Result


def run(backend, faults, kind, step=1, most=None):
    """Fails each call of a start in turn, `step` apart."""
    counts = dict.fromkeys(Result._fields[:-1], 0)
    wrong, n = [], 1
    with contextlib.closing(harness.Server(backend=backend, env=faults.environment)) as server:
        server.start()
        server.both = server.users(2)
        server.stop()
        while most is None or counts["tried"] < most:
            what = one(server, faults, kind, n, counts)
            if what is None:
                break
            wrong += [f"start, {kind} {n}: {what}"] if what else []
            n += step
    return Result(*counts.values(), wrong)


def one(server, faults, kind, n, counts):
    """What was wrong, or an empty text; None where there was no such call."""
    with faults.armed(kind, n):
        process = subprocess.Popen(server.command(), env=harness.environment(**server.env), cwd=server.directory,
                                   stderr=subprocess.PIPE, text=True)
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "listening on" in line:
                break
        else:
            faults.disarm()
        failed = faults.failed
    listening = re.search(r"listening on (\S+)$", lines[-1] if lines else "")
    works = True
    if listening:
        server._listens(listening[1])
        works = stores(server)
        process.send_signal(signal.SIGTERM)
    lines += process.stderr.readlines()
    status = process.wait()
    late.cancel()
    process.stderr.close()
    if not failed:
        return None
    counts["tried"] += 1
    counts["acknowledged" if listening else "refused"] += 1
    if not works:
        return f"it stores nothing: {''.join(lines[-4:])}"
    if status != 0 if listening else status not in (1, 2):
        return f"ended with {status}: {''.join(lines[-4:])}"
    return "" if lines else f"ended with {status} without a word"


def stores(server):
    """Whether it takes a message, soon: what it lacked may have been a connection."""
    alice, bob = server.both
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = ask(alice, "POST", f"send/{bob.id}/", b'{"content":"begun"}')
        if answer is not None and answer.status == 201:
            return True
        time.sleep(0.05)
    return False
