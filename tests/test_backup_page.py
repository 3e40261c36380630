# SPDX-License-Identifier: MIT
"""docs/backup.md, carried out as it stands: its commands, and Litestream beside the server with its configuration."""

import re
import sqlite3
import subprocess

import pytest

from harness import PROGRAM, environment, wait_until
from installed import ROOT, FromPyPI
from streams import Stream
from test_backup import contents

LITESTREAM = FromPyPI("litestream", ROOT / "tests" / "litestream" / "requirements.txt")
PAGE = (ROOT / "docs" / "backup.md").read_text()
PLACES = {
    "/var/lib/directmessages": "data",
    "/var/backups": "backups",
    "/etc/litestream.yml": "litestream.yml",
}


def blocks(section, language="sh"):
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


class Place:
    """Folders that stand for those of the page, and programs that stand for its commands."""

    def __init__(self, folder, url, programs):
        self.folder, self.url = folder, url
        for name in ("data", "backups", "bin"):
            (folder / name).mkdir()
        for name, path in programs.items():
            (folder / "bin" / name).symlink_to(path)

    def here(self, text):
        for place, name in PLACES.items():
            text = text.replace(place, str(self.folder / name))
        return text

    @property
    def env(self):
        return environment(DATABASE_URL=self.url, PATH=f"{self.folder}/bin:/usr/bin:/bin")

    def sh(self, block):
        done = subprocess.run(["sh", "-euc", self.here(block)], env=self.env, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, f"sqlite:///{tmp_path}/data/directmessages.db", {"directmessages": PROGRAM})


def serve(make_server, place):
    server = make_server(database=place.folder / "data" / "directmessages.db")
    server.alice, server.bob = server.users(2)
    return server


@pytest.mark.sqlite
def test_on_sqlite(make_server, place):
    server = serve(make_server, place)
    backup, restore = blocks("On SQLite")
    server.alice.send(server.bob, "in the backup")
    for _ in range(2):
        place.sh(backup)
    server.alice.send(server.bob, "lost")
    stop, *commands, start = restore.splitlines()
    assert (stop, start) == ("systemctl stop directmessages", "systemctl start directmessages")
    server.stop()
    place.sh("\n".join(commands))
    server.start()
    assert contents(place.folder / "backups" / "directmessages.db") == ["in the backup"]
    assert server.bob.unread() == 1


@pytest.mark.postgresql
def test_on_postgresql(make_server, tmp_path):
    server = make_server()
    alice, bob = server.users(2)
    place = Place(tmp_path, server.url, {"directmessages": PROGRAM})
    backup, restore = blocks("On PostgreSQL")
    alice.send(bob, "in the backup")
    with Stream(bob) as stream:
        position = stream.last_id
    place.sh(backup)
    alice.send(bob, "lost")
    server.stop()
    place.sh(restore)
    server.start()
    assert bob.unread() == 1
    with Stream(bob, last_event_id=position) as stream:
        assert stream.next().name == "reset"


class Litestream:
    """`litestream replicate`, until the block ends."""

    def __init__(self, place, command):
        self.place, self.command = place, place.here(command)
        self.log = place.folder / "litestream.log"

    def __enter__(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(["sh", "-c", "exec " + self.command], env=self.place.env, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.kill()  # as where the machine is lost
        self.process.wait()


def checkpoint(server):
    """As the server does each time 64 MiB were written."""
    connection = sqlite3.connect(server.database, isolation_level=None)
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    connection.close()


@pytest.mark.sqlite
def test_litestream_beside_the_server(make_server, place):
    """What was copied is restored, also after checkpoints of the server, a backup meanwhile, and a restore before it."""
    if reason := LITESTREAM.why_not():
        pytest.skip(reason)
    (place.folder / "bin" / "litestream").symlink_to(LITESTREAM.program("litestream"))
    server = serve(make_server, place)
    replicate, restore = blocks("Litestream")
    (configuration,) = blocks("Litestream", "yaml")
    (place.folder / "litestream.yml").write_text(place.here(configuration))
    fetch, put = restore.splitlines()
    restored = place.folder / "backups" / "restored.db"

    def is_copied(wanted):
        restored.unlink(missing_ok=True)
        done = subprocess.run(["sh", "-c", place.here(fetch)], env=place.env, capture_output=True, text=True)
        return done.returncode == 0 and set(wanted) <= set(contents(restored))

    sent = []
    for life in range(2):
        with Litestream(place, replicate):
            log = server.database.with_name("directmessages.db-wal")
            for number in range(40):
                sent.append(f"{life} {number} ".ljust(60_000, "x"))
                server.alice.send(server.bob, sent[-1])
            checkpoint(server)
            sent.append(f"after a checkpoint {life}")
            server.alice.send(server.bob, sent[-1])
            assert server.run("backup", "--force", place.folder / "backups" / "beside.db").returncode == 0
            wait_until(lambda: is_copied(sent), "all is copied")
            refused = server.run("restore", restored)
            assert refused.returncode == 1 and "has" in refused.stderr and "open" in refused.stderr
            assert log.exists()
        server.alice.send(server.bob, f"not copied {life}")
        server.kill()
        restored.unlink()
        place.sh(fetch)
        place.sh(put)
        assert contents(server.database) == sent
        server.start()
    assert server.bob.unread() == len(sent)
    assert server.sql("PRAGMA integrity_check") == [("ok",)]
