# SPDX-License-Identifier: MIT
"""docs/privacy.md: its commands are carried out, one after the other."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

import harness
from folding import wait_folded
from metrics import Admin

PAGE = (harness.ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.skipif(not shutil.which("sqlite3") or not shutil.which("curl"), reason="sqlite3 and curl are not installed")
@pytest.mark.sqlite
def test_its_commands(make_server, tmp_path):
    server = make_server(administered=True)
    jane, mary = server.user("jane", "Jane", "Doe", "jane@example.org"), server.user("mary")
    rows = [(jane, mary, "2020-01-01 12:00:00", None, f"Xylophagous {n}") for n in range(20)]
    ids = server.insert_messages(rows + [(mary, jane, "2096-01-01 12:00:00")])
    server.sql("UPDATE directmessages_message SET hidden_for_recipient = sent_at WHERE id IN (?, ?)", (ids[0], ids[1]))
    wait_folded(server)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "directmessages").symlink_to(pathlib.Path(harness.PROGRAM).resolve())
    port = Admin(server).port
    environment = harness.environment(DATABASE_URL=server.url, KEY=harness.ADMIN_KEY, FILE=server.store.path)
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    said = []
    for block in BLOCKS:
        block = block.replace("127.0.0.1:8001", f"127.0.0.1:{port}").replace("delete 7", f"delete {ids[-1]}")
        if "erase/" in block:  # the command before has renamed her
            block = block.replace("@jane", f"@erased-{jane.id}")
        done = subprocess.run(["bash", "-ec", block], env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, (block, done)
        said.append(done.stdout)
    exported = [json.loads(line) for line in (tmp_path / "jane.ndjson").read_text().splitlines()]
    assert len(exported) == 22 and exported[0]["user"]["email"] == "jane@example.org"
    assert "erased jane, who is now" in said[2] and json.loads(said[3])["complete"]
    assert said[5] == "purged 2 messages\n" and said[6] == "would purge 18 messages\npurged 18 messages\n"
    assert server.sql("SELECT count(*) FROM directmessages_message") == [(0,)]
    data = server.store.path.read_bytes() + server.store.path.with_name(server.store.path.name + "-wal").read_bytes()
    assert b"Xylophagous" not in data and b"jane@example.org" not in data


def test_its_lines_of_json_have_the_members_of_an_export(admin_server):
    one, two = admin_server.users(2)
    one.post(f"send/{two.id}/", {"content": "Hello"})
    one.request("PUT", f"blocks/{two.id}/")
    shown = [json.loads(line) for line in re.search(r"^```json\n(.*?)^```$", PAGE, re.M | re.S).group(1).splitlines()]
    real = [json.loads(line) for line in admin_server.admin("GET", f"users/{one.id}/export/").text.splitlines()]
    assert [list(line.values())[0].keys() for line in shown] == [list(line.values())[0].keys() for line in real]
    assert [line.keys() for line in shown] == [line.keys() for line in real]
