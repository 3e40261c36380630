# SPDX-License-Identifier: MIT
"""The commands that find, send, delete and purge messages."""

import json

from commands import check_error
from streams import Stream

HEADING = "id\tsender\trecipient\ttime\thidden for sender\thidden for recipient\tcontent\n"


def test_find_shows_hidden_messages(make_server):
    server = make_server()
    one, two, three = server.users(3)
    rows = [(one, two, "2026-11-29 12:00:00", None, "first\tline"), (two, one, "2026-11-29 12:00:01", None, "second")]
    first, second = server.insert_messages(rows)
    (third,) = server.insert_messages([(two, three, "2026-11-29 12:00:02", None, "third")])
    server.sql("UPDATE directmessages_message SET hidden_for_recipient = sent_at WHERE id = ?", (first,))
    done = server.run("message", "find")
    line = f"{first}\t{one.username}\t{two.username}\t2026-11-29T12:00:00Z\t\t2026-11-29T12:00:00Z\tfirst\\tline\n"
    assert done.stdout.startswith(HEADING) and done.stdout.endswith(line)
    assert [int(line.split("\t")[0]) for line in done.stdout.splitlines()[1:]] == [third, second, first]
    searches = {
        ("--user", one.username): [second, first],
        ("--user", two.username, "--partner", one.username): [second, first],
        ("--user", two.username, "--limit", "1"): [third],
        ("--since", "2026-11-29T12:00:01Z", "--until", "2026-11-29T12:00:02Z"): [second],
        ("--user", three.username, "--until", "2026-11-29"): [],
    }
    for flags, ids in searches.items():
        done = server.run("message", "find", "--json", *flags)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert [message["id"] for message in found] == ids and done.returncode == 0
    assert list(json.loads(server.run("message", "find", "--json").stdout.splitlines()[-1])) == [
        "id", "sender", "recipient", "sender_username", "recipient_username", "hidden_for_sender", "hidden_for_recipient",
        "sent_at", "read_at", "content",
    ]
    check_error(server.run("message", "find", "--partner", one.username), 2)
    check_error(server.run("message", "find", "--since", "now"), 2)
    assert server.run("message", "find", "--user", "nobody").returncode == 1


def test_what_is_sent_is_told_to_streams(make_server):
    server = make_server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "999"})
    one, two = server.users(2)
    with Stream(two) as stream:
        done = server.run("message", "send", one.username, two.username, "Hello", "--json")
        sent = json.loads(done.stdout)
        assert (sent["sender"], sent["recipient"], sent["content"], done.returncode) == (one.id, two.id, "Hello", 0)
        assert stream.next().data["id"] == sent["id"]
    assert server.run("message", "send", one.username, two.username, "x").stdout == f"sent message {sent['id'] + 1}\n"
    for words in ((one.username, "nobody", "x"), (one.username, one.username, "x"), (one.username, two.username, "")):
        done = server.run("message", "send", *words)
        assert (done.returncode, done.stdout) == (1, ""), done


def test_delete_is_for_both(make_server):
    server = make_server()
    one, two = server.users(2)
    (first,) = server.insert_messages([(one, two, "2026-11-29 12:00:00")])
    assert server.run("message", "delete", first).stdout == f"deleted message {first}\n"
    assert server.message(first) is None
    check_error(server.run("message", "delete", first), 1)
    check_error(server.run("message", "delete", "x"), 2)


def test_purge(make_server):
    server = make_server()
    one, two = server.users(2)
    old = server.insert_messages([(one, two, "2026-01-01 12:00:00")] * 700)
    new = server.insert_messages([(one, two, "2096-01-01 12:00:00")] * 700)
    both = (*old[:10], *new[:10])
    with server.transaction() as connection:
        connection.execute(
            "UPDATE directmessages_message SET hidden_for_sender = sent_at, hidden_for_recipient = sent_at"
            f" WHERE id IN ({', '.join(map(str, both))})"
        )

    def purge(*flags):
        done = server.run("message", "purge", *flags)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    check_error(server.run("message", "purge"), 2)
    check_error(server.run("message", "purge", "--dry-run"), 2)
    check_error(server.run("message", "purge", "--older-than", "0"), 2)
    assert purge("--hidden-by-both", "--dry-run") == "would purge 20 messages\n"
    assert purge("--hidden-by-both", "--older-than", "30", "--dry-run") == "would purge 10 messages\n"
    assert purge("--older-than", "30", "--dry-run") == "would purge 700 messages\n"
    assert server.sql("SELECT count(*) FROM directmessages_message") == [(1400,)]
    assert purge("--hidden-by-both", "--older-than", "30") == "purged 10 messages\n"
    assert purge("--older-than", "30") == "purged 690 messages\n"
    assert purge("--hidden-by-both", "--dry-run", "--json") == '{"purged":10,"dry_run":true}\n'
    assert purge("--hidden-by-both", "--json") == '{"purged":10,"dry_run":false}\n'
    ids = [row[0] for row in server.sql("SELECT id FROM directmessages_message ORDER BY id")]
    assert ids == new[10:]
