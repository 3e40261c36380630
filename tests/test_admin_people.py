# SPDX-License-Identifier: MIT
"""One person's data over HTTP and by commands: exported, and erased."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
import threading

import pytest

from harness import PROGRAM, environment, wait_until
from routes import check_error

WORDS = ["Xylophagous", "Quixotically"]  # in messages of the one who is erased; in nothing else


def hide(server, condition):
    with server.transaction() as connection:
        connection.execute(f"UPDATE directmessages_message SET {condition}")


def talk(server, count=20):
    """Two users who have written to each other; of each direction some are hidden, on either side."""
    one = server.user(first_name="Jane", last_name="Doe", email="jane@example.org")
    two = server.user(first_name="Mary")
    at = "2026-11-29 12:00:00"
    rows = [(one, two, at, None, f"{WORDS[n & 1]} {n}") for n in range(count)]
    ids = server.insert_messages(rows + [(two, one, at, None, f"mine {n}") for n in range(count)])
    hide(server, f"hidden_for_sender = sent_at WHERE id IN ({ids[0]}, {ids[1]}, {ids[-1]})")
    hide(server, f"hidden_for_recipient = sent_at WHERE id IN ({ids[1]}, {ids[2]}, {ids[-2]})")
    return one, two, ids


def pages(user, partner):
    found, path = [], f"conversations/{partner.id}/"
    while path:
        page = user.get(path).json()
        found += page["results"]
        path = page["next"] and page["next"].split("/api/dm/")[1]
    return found


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


# --- export


def test_an_export_is_what_both_have_seen(admin_server):
    one, two, ids = talk(admin_server)
    answer = admin_server.admin("GET", f"users/@{one.username}/export/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    first, *rest = lines(answer.text)
    assert first == {"user": admin_server.admin("GET", f"users/{one.id}/").json()}
    messages = {line["message"]["id"]: line["message"] for line in rest}
    assert len(messages) == len(rest) == len(ids) and set(messages) == set(ids)
    seen = {message["id"]: message for message in pages(one, two)}
    theirs = {message["id"]: message for message in pages(two, one)}
    again = lines(admin_server.admin("GET", f"users/{one.id}/export/").text)  # now read_at is that of both
    for line in again[1:]:
        message = dict(line["message"])
        assert message.pop("partner") == {"id": two.id, "username": two.username}
        assert message.pop("hidden") == (message["id"] not in seen)
        if message["id"] in seen:
            assert message["content"] == seen[message["id"]]["content"] and message["direction"] == seen[message["id"]]["direction"]
    union = seen.keys() | theirs.keys()
    assert union <= messages.keys() and messages.keys() - union == {ids[1]}  # hidden by both
    done = admin_server.run("user", "export", one.username)
    assert (done.returncode, done.stderr) == (0, "") and lines(done.stdout) == again


def test_an_export_goes_on_over_pieces(make_server):
    server = make_server(administered=True)
    one, two, ids = talk(server, 1300)
    text = server.admin("GET", f"users/{one.id}/export/").text
    assert sorted(line["message"]["id"] for line in lines(text)[1:]) == sorted(ids)
    assert text.endswith("}\n") and two.username in text and "password" not in text
    head = server.admin("HEAD", f"users/{one.id}/export/")
    assert (head.status, head.body) == (200, b"")


def test_nobody_is_exported(admin_server):
    for path in ("users/@nobody/export/", "users/999999999/export/"):
        check_error(admin_server.admin("GET", path), 404, "No User matches the given query.")
    done = admin_server.run("user", "export", "nobody")
    assert (done.returncode, done.stdout) == (1, "") and "see 'directmessages user list'" in done.stderr


# --- erase


def test_erased_over_http(admin_server):
    one, two, ids = talk(admin_server)
    answer = admin_server.admin("POST", f"users/@{one.username}/erase/")
    assert answer.text == f'{{"id":{one.id},"complete":true,"blanked":20,"hidden":19,"deleted":0}}'
    user = admin_server.admin("GET", f"users/{one.id}/").json()
    assert user == {"id": one.id, "username": f"erased-{one.id}", "first_name": "", "last_name": "", "email": "", "is_active": False}
    check_error(one.get("unread/"), 401, "Invalid token.")
    found = pages(two, one)
    assert {message["id"] for message in found} == set(ids) - {ids[1], ids[2], ids[-1]}
    for message in found:
        assert message["content"] == ("" if message["direction"] == "in" else message["content"])
        assert message["direction"] == "in" or message["content"].startswith("mine ")
    again = admin_server.admin("POST", f"users/@erased-{one.id}/erase/", {"messages": "blank"})
    assert again.json() == {"id": one.id, "complete": True, "blanked": 0, "hidden": 0, "deleted": 0}
    deleted = admin_server.admin("POST", f"users/{one.id}/erase/", {"messages": "delete"}).json()
    assert deleted == {"id": one.id, "complete": True, "blanked": 0, "hidden": 0, "deleted": len(ids)}
    assert pages(two, one) == [] and lines(admin_server.admin("GET", f"users/{one.id}/export/").text)[1:] == []


def test_what_can_not_be_erased(admin_server):
    one = admin_server.user()
    for body in ({"messages": "all"}, {"messages": ""}):
        check_error(admin_server.admin("POST", f"users/{one.id}/erase/", body), 400, "messages must be blank, delete or keep.")
    check_error(admin_server.admin("POST", f"users/{one.id}/erase/", {"message": "keep"}), 400, 'Unknown field "message".')
    for path in ("users/@nobody/erase/", "users/999999999/erase/"):
        check_error(admin_server.admin("POST", path), 404, "No User matches the given query.")
    admin_server.user(f"erased-{one.id}")
    answer = admin_server.admin("POST", f"users/{one.id}/erase/")
    check_error(answer, 409, f"another user is called erased-{one.id}; rename that user first")
    assert one.get("unread/").status == 200


def test_a_replayed_event_shows_the_blank(make_server):
    server = make_server(administered=True)
    one, two = server.users(2)
    sent = one.post(f"send/{two.id}/", {"content": WORDS[0]}).json()
    server.admin("POST", f"users/{one.id}/erase/")
    found = server.admin("GET", "messages/").json()["results"]
    assert [(message["id"], message["content"]) for message in found] == [(sent["id"], "")]
    log = server.sql("SELECT * FROM directmessages_event")
    assert WORDS[0] not in str(log)


def test_erased_by_command(make_server):
    server = make_server()
    one, two, ids = talk(server)
    refused = server.run("user", "erase", one.username)
    assert refused.returncode == 1 and refused.stderr.endswith("; give --yes\n") and one.get("unread/").status == 200
    assert server.run("user", "erase", one.username, "--messages", "all", "--yes").returncode == 2
    done = server.run("user", "erase", one.username, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"erased {one.username}, who is now erased-{one.id}: 20 messages blanked, 19 hidden, 0 deleted\n"
    )
    assert server.run("user", "erase", one.username, "--yes").returncode == 1
    again = server.run("user", "erase", f"erased-{one.id}", "--messages", "delete", "--yes")
    assert again.stdout.endswith(f" 0 hidden, {len(ids)} deleted\n")
    assert two.get("conversations/").json()["results"] == []


@pytest.mark.parametrize("typed, status", [("{name}", 0), ("{name}x", 1), ("", 1), ("y", 1)])
def test_a_terminal_is_asked(make_server, typed, status):
    server = make_server()
    one = server.user()
    ours, theirs = pty.openpty()
    command = [str(PROGRAM), "--database", server.url, "user", "erase", one.username]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True)
    os.write(ours, typed.format(name=one.username).encode() + b"\n")
    out, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == status and f"Type the user's name to go on" in said
    assert one.get("unread/").status == (401 if status == 0 else 200)
    assert bool(out) == (status == 0)


# --- the words are gone


@pytest.mark.sqlite
@pytest.mark.parametrize("messages", ["blank", "delete"])
def test_after_vacuum_the_words_are_in_no_page(make_server, tmp_path, messages):
    """Also the words of names and addresses, and those of messages longer than a page."""
    server = make_server(administered=True)
    one, two, ids = talk(server, 200)
    long = (WORDS[0] + " ") * 3000
    for content in (long, WORDS[1]):
        assert one.post(f"send/{two.id}/", {"content": content}).status == 201
    looked_for = [word.encode() for word in (*WORDS, one.username, "jane@example.org", "Doe", one.token)]
    assert all(word in stored_bytes(server) for word in looked_for)
    assert server.admin("POST", f"users/{one.id}/erase/", {"messages": messages}).json()["complete"]
    server.stop()
    vacuum(server)
    data = stored_bytes(server)
    assert [word for word in looked_for if word in data] == []
    assert b"mine 7" in data or messages == "delete"


@pytest.mark.sqlite
def test_words_are_overwritten_beside_a_server(make_server):
    """The commands of docs/privacy.md, while the server goes on."""
    server = make_server(administered=True)
    one, two, _ = talk(server, 200)
    assert server.run("user", "erase", one.username, "--yes").returncode == 0
    vacuum(server)
    data = stored_bytes(server)
    assert [word for word in WORDS if word.encode() in data] == []
    assert two.post(f"send/{one.id}/", {"content": "x"}).status == 201


@pytest.mark.sqlite
def test_what_is_deleted_is_overwritten_at_once(make_server):
    """Without VACUUM, where no page was split: so few messages are on one."""
    server = make_server(administered=True)
    one, _, _ = talk(server, 3)
    assert server.admin("POST", f"users/{one.id}/erase/", {"messages": "delete"}).json()["complete"]
    checkpoint(server)
    data = stored_bytes(server)
    assert [word for word in WORDS if word.encode() in data] == []


def vacuum(server):
    with sqlite3.connect(server.store.path, isolation_level=None, timeout=60) as connection:
        connection.execute("VACUUM")
    connection.close()
    checkpoint(server)


def checkpoint(server):
    """Moves the log beside the database into it, once no other checkpoint is under way."""
    with sqlite3.connect(server.store.path, isolation_level=None, timeout=60) as connection:
        wait_until(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "all is in the file")
    connection.close()


def stored_bytes(server):
    data = b""
    for suffix in ("", "-wal"):
        try:
            with open(f"{server.store.path}{suffix}", "rb") as file:
                data += file.read()
        except FileNotFoundError:
            pass
    return data


# --- killed, and run again


def words_left(server, one):
    """How many messages still say what the user has written."""
    return server.sql("SELECT count(*) FROM directmessages_message WHERE sender_id = ? AND content <> ''", (one.id,))[0][0]


def kill_while_erasing(server, one):
    """Runs the command some times, and kills it as soon as it has changed something more; how often it was still at work."""
    command = [str(PROGRAM), "--database", server.url, "user", "erase", one.username, "--yes"]
    kills = 0
    for _ in range(4):
        before = words_left(server, one)
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if kills == 0:  # at its first commit; later ones come behind a piece
            wait_until(lambda: one.get("unread/").status == 401, "the user is inactive")
        else:
            wait_until(lambda: words_left(server, one) < before or process.poll() is not None, "a piece is done")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if words_left(server, one) == 0:
            break
    return kills


@pytest.mark.concurrent
def test_killed_between_pieces_and_run_again(make_server):
    """While others go on sending. A machine may erase all before the command is killed; then another user is erased."""
    server = make_server()
    three, four = server.users(2)
    partners, stopped, failed = [four], threading.Event(), []

    def others():
        while not stopped.is_set():
            if three.post(f"send/{partners[-1].id}/", {"content": "x"}).status != 201:
                failed.append(1)

    def erase():
        one, two, _ = talk(server, 4000)
        partners.append(two)
        return kill_while_erasing(server, one) > 0 and (one, two)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        one, two = wait_until(erase, "it is killed before it has erased all")
    finally:
        stopped.set()
        thread.join()
    assert not failed
    name = server.sql("SELECT username FROM auth_user WHERE id = ?", (one.id,))[0][0]
    done = server.run("user", "erase", name, "--yes")
    assert done.returncode == 0, done.stderr
    assert words_left(server, one) == 0
    assert server.sql("SELECT username FROM auth_user WHERE id = ?", (one.id,))[0][0] == f"erased-{one.id}"
    assert all(message["content"] == "" for message in pages(two, one) if message["direction"] == "in")
