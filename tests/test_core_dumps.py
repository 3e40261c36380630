# SPDX-License-Identifier: MIT
"""What is in the server's memory is for no other program of the same user, unless that is wanted."""

import os
import shutil
import subprocess
import tempfile

import pytest

from harness import PROGRAM, environment, wait_until

pytestmark = pytest.mark.sqlite
NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run the server as somebody else")
@pytest.mark.parametrize("setting, owner", [("0", 0), ("1", NOBODY)])
def test_memory_is_closed_to_others(setting, owner):
    """The kernel shows it by whom the files of the process in /proc belong to."""
    folder = tempfile.mkdtemp(prefix="directmessages-test-")
    try:
        os.chmod(folder, 0o777)
        program = shutil.copy(PROGRAM, folder)
        with open(f"{folder}/log", "wb") as log:
            command = [program, "--database", f"sqlite:///{folder}/a.db", "serve", "--migrate", "--listen", "127.0.0.1:0"]
            env = environment(DIRECTMESSAGES_CORE_DUMPS=setting)
            server = subprocess.Popen(command, stderr=log, env=env, user=NOBODY, group=NOBODY, extra_groups=[])
        try:
            wait_until(lambda: "listening on" in open(f"{folder}/log").read() or server.poll(), "it serves")
            assert os.stat(f"/proc/{server.pid}/mem").st_uid == owner
        finally:
            server.terminate()
        assert server.wait(60) == 0, open(f"{folder}/log").read()
    finally:
        shutil.rmtree(folder)
