# SPDX-License-Identifier: MIT
"""The subcommands of webhooks, and the official library's opinion of our signatures."""

import json
import re
import subprocess
import sys

import pytest

from harness import run_program, sqlite_url, wait_until
from installed import ROOT, FromPyPI
from commands import check_error
from ports import free_port
from webhook_receiver import hooked, make_receiver, receiver  # noqa: F401 (fixtures)
from webhook_receiver import LOCAL, check_signed, create, deliveries, endpoints, wait_state

OFFICIAL = FromPyPI("webhooks-python", ROOT / "tests" / "webhooks" / "requirements.txt")
VERIFY = """
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
case = json.load(sys.stdin)
for secret in case["secrets"]:
    try:
        print(json.dumps(Webhook(secret).verify(case["body"], case["headers"])))
    except WebhookVerificationError as error:
        print("refused:", error)
"""


@pytest.fixture
def database(tmp_path):
    url = sqlite_url(tmp_path / "cli.db")
    assert run_program("migrate", database=url).returncode == 0
    return url


def test_the_official_library_verifies_what_we_sign(server, receiver):
    if reason := OFFICIAL.why_not():
        pytest.skip(reason)
    identity, old = create(server, receiver.url, "--events", "message_read")
    new = server.run("webhook", "rotate", identity).stdout.splitlines()[-1]
    assert server.run("webhook", "test", identity, env=LOCAL).returncode == 0
    assert server.run("webhook", "delete", identity).returncode == 0
    (request,) = receiver.requests
    stranger = "whsec_" + "A" * 32
    case = {
        "body": request.body.decode(),
        "headers": {name: value for name, value in request.headers.items() if name.startswith("webhook-")},
        "secrets": [old, new, stranger],
    }
    done = subprocess.run([OFFICIAL.program("python"), "-c", VERIFY], input=json.dumps(case), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    by_old, by_new, by_stranger = done.stdout.splitlines()
    assert json.loads(by_old) == json.loads(by_new) == json.loads(request.body)
    assert by_stranger.startswith("refused:")


def test_the_receiver_of_the_documentation_works(make_server, tmp_path):
    """With what the documentation says: it takes what is genuine, once, and nothing else."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), re.DOTALL)
    port = free_port()
    server = make_server(env={"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.1"})
    identity, secret = create(server, f"http://127.0.0.1:{port}/")
    (tmp_path / "receive.py").write_text(program.replace("9000", str(port)))
    one, two = server.users(2)
    with subprocess.Popen(
        [sys.executable, tmp_path / "receive.py"],
        env={"SECRET": secret, "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            allowed = {"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.1"}
            wait_until(lambda: server.run("webhook", "test", identity, env=allowed).returncode == 0, "it listens")
            one.send(two, "Hello")
            lines = iter(process.stdout.readline, "")
            assert next(line for line in lines if not line.startswith("webhook.test")) == "message.sent Hello\n"
            wait_until(lambda: deliveries(server, "--state", "delivered"), "it is on record")
            assert server.run("webhook", "requeue", 1).returncode == 0
            wait_until(lambda: deliveries(server, "--state", "delivered"), "it is delivered again")
            server.run("webhook", "rotate", identity, "--grace", 0)
            done = server.run("webhook", "test", identity, env=allowed)
            assert "the endpoint responded with status 401" in done.stderr
        finally:
            process.terminate()
        assert process.stdout.read() == "", "what comes twice is told once, what is not genuine not at all"


# ---- create, list, delete


def test_create_prints_id_and_secret_once(database):
    done = run_program("webhook", "create", "https://example.org/hook", database=database)
    assert done.returncode == 0
    secret = re.fullmatch(r"created webhook 1; its secret is shown this once:\n(whsec_[A-Za-z0-9+/]{43}=)\n", done.stdout)
    again = run_program("webhook", "create", "https://example.org/hook", database=database)
    assert "created webhook 2" in again.stdout and secret[1] not in again.stdout
    assert secret[1] not in run_program("webhook", "list", database=database).stdout


def test_list_tells_all_but_the_secret(database):
    given = "whsec_" + "B" * 32
    flags = ["--events", "message_read", "--description", "for\tthe archive", "--secret", given]
    assert given in run_program("webhook", "create", "https://example.org/a", *flags, database=database).stdout
    assert run_program("webhook", "create", "http://[::1]:8000/b", database=database).returncode == 0
    header, first, second = run_program("webhook", "list", database=database).stdout.splitlines()
    assert header == "id\tstate\tevents\tcreated\turl\tdescription\tdisabled because"
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"
    assert re.fullmatch(rf"1\tactive\tmessage_read\t{time}\thttps://example\.org/a\tfor\\tthe archive\t", first)
    assert re.fullmatch(rf"2\tactive\tmessage_sent,message_read\t{time}\thttp://\[::1\]:8000/b\t\t", second)


def test_delete_takes_deliveries_along(make_server, receiver):
    server = make_server(env=LOCAL)
    identity, _ = create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    receiver.wait(1)
    done = server.run("webhook", "delete", identity)
    assert (done.returncode, done.stdout) == (0, f"webhook {identity} deleted\n")
    assert endpoints(server) == {} and deliveries(server) == []
    one.send(two)
    assert server.sql("SELECT count(*) FROM directmessages_delivery") == [(0,)]


@pytest.mark.parametrize("name", ["delete", "update", "enable", "disable", "rotate", "test", "requeue"])
def test_what_is_not_there_is_told(database, name):
    check_error(run_program("webhook", name, "7", database=database), 1)
    for text in ("0", "-1", "x", "1.5", "99999999999999999999"):
        done = run_program("webhook", name, *(["--"] if text == "-1" else []), text, database=database)
        check_error(done, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "http://a/", "--events", "message_lost"],
        ["create", "http://a/", "--events", ""],
        ["create", "http://a/", "--events", "message_sent,"],
        ["create", "http://a/", "--secret", "x"],
        ["create", "http://a/", "--secret", "whsec_c2hvcnQ="],
        ["rotate", "1", "--secret", "whsec_"],
        ["rotate", "1", "--grace", "-1"],
        ["rotate", "1", "--grace", "long"],
        ["update", "1", "--url", "ftp://a/"],
        ["update", "1", "--url", "http://me@a/"],
        ["update", "1", "--events", "message_lost"],
        ["redeliver"],
        ["redeliver", "--failed", "--endpoint", "x"],
        ["deliveries", "--state", "lost"],
        ["deliveries", "--webhook", "x"],
        ["deliveries", "--limit", "-1"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_status_2(database, arguments):
    check_error(run_program("webhook", *arguments, database=database), 2)
    assert run_program("webhook", "list", database=database).stdout.count("\n") == 1


@pytest.mark.parametrize("spelling, wanted", [("message.read", "message_read"), ("message.sent,message_read", "message_sent,message_read")])
def test_events_may_be_called_by_the_type_in_a_delivery(database, spelling, wanted):
    assert run_program("webhook", "create", "http://a/", "--events", spelling, database=database).returncode == 0
    (row,) = [line.split("\t") for line in run_program("webhook", "list", database=database).stdout.splitlines()[1:]]
    assert row[2] == wanted


def test_what_the_rules_refuse(database):
    check_error(run_program("webhook", "create", "http://a/" + "x" * 2000, database=database), 1)
    check_error(run_program("webhook", "create", "http://a/", "--description", "x" * 201, database=database), 1)


# ---- update, disable, redeliver


def test_what_is_given_is_updated(database):
    created = run_program("webhook", "create", "http://a/", "--description", "x", database=database)
    done = run_program("webhook", "update", "1", "--url", "http://b/", "--events", "message_read", database=database)
    listed = run_program("webhook", "list", database=database).stdout
    assert (done.returncode, done.stdout, done.stderr) == (0, listed, "")
    row = listed.splitlines()[1].split("\t")
    assert (row[2], row[4], row[5]) == ("message_read", "http://b/", "x")
    done = run_program("webhook", "update", "1", "--description", "", "--json", database=database)
    shown = json.loads(done.stdout)
    assert (shown["url"], shown["description"], shown["events"]) == ("http://b/", "", ["message_read"])
    assert "secret" not in shown and created.stdout.splitlines()[1] not in done.stdout
    assert run_program("webhook", "update", "1", database=database).stdout.splitlines()[1].split("\t")[4] == "http://b/"
    check_error(run_program("webhook", "update", "1", "--url", "http://a/" + "x" * 2000, database=database), 1)
    check_error(run_program("webhook", "update", "1", "--url", "http://c/", "--description", "x" * 201, database=database), 1)
    assert "http://b/" in run_program("webhook", "list", database=database).stdout


def test_an_endpoint_is_disabled_and_moved_and_enabled(hooked, make_receiver):
    """What fails meanwhile is redelivered to where it has moved; what was not delivered at all is lost."""
    broken, good = make_receiver(lambda request: 500), make_receiver()
    identity, secret = create(hooked, broken.url)
    one, two = hooked.users(2)
    one.send(two, "first")
    wait_state(hooked, "failed")
    done = hooked.run("webhook", "disable", identity)
    assert (done.returncode, done.stdout) == (0, f"webhook {identity} disabled\n")
    row = endpoints(hooked)[identity]
    assert (row["state"], row["disabled because"]) == ("disabled", "disabled by an operator")
    asked = len(broken.requests)
    one.send(two, "missed")
    done = hooked.run("webhook", "redeliver", "--failed", "--endpoint", identity)
    check_error(done, 1)
    assert hooked.run("webhook", "redeliver", "--failed").stdout == "requeued 0 deliveries\n"
    assert hooked.run("webhook", "update", identity, "--url", good.url).returncode == 0
    assert hooked.run("webhook", "enable", identity).returncode == 0
    done = hooked.run("webhook", "redeliver", "--failed", "--endpoint", identity, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"requeued": 1, "complete": True, "after": None})
    (request,) = good.wait(1)
    check_signed(request, secret)
    one.send(two, "second")
    good.wait(2)
    assert good.contents() == ["first", "second"] and len(broken.requests) == asked
    check_error(hooked.run("webhook", "redeliver", "--failed", "--endpoint", 7), 1)


# ---- test, deliveries


def test_test_delivers_now_and_tells(server, receiver):
    identity, secret = create(server, receiver.url, "--events", "message_read")
    done = server.run("webhook", "test", identity, env=LOCAL)
    (request,) = receiver.requests
    check_signed(request, secret)
    body = json.loads(request.body)
    assert (body["type"], body["data"]) == ("webhook.test", {"webhook": identity})
    name = request.headers["webhook-id"]
    assert done.returncode == 0
    assert re.fullmatch(rf"delivered {name}: status 204 after \d+ ms\n", done.stdout)
    receiver.answer = lambda request: 418
    done = server.run("webhook", "test", identity, env=LOCAL)
    check_error(done, 1)
    assert "the endpoint responded with status 418" in done.stderr
    assert deliveries(server, "--webhook", identity) == [], "it is not a delivery of the outbox"
    assert server.run("webhook", "delete", identity).returncode == 0


def test_deliveries_are_chosen(make_server, receiver):
    server = make_server(env=LOCAL)
    first, _ = create(server, receiver.url)
    second, _ = create(server, receiver.url)
    one, two = server.users(2)
    for _ in range(3):
        one.send(two)
    wait_state(server, "delivered", 6)
    server.stop()
    assert [row["id"] for row in deliveries(server)] == ["6", "5", "4", "3", "2", "1"]
    assert {row["webhook"] for row in deliveries(server, "--webhook", second)} == {str(second)}
    assert len(deliveries(server, "--webhook", first)) == 3
    assert len(deliveries(server, "--limit", 2)) == 2
    assert len(deliveries(server, "--state", "delivered")) == 6
    assert deliveries(server, "--state", "pending") == deliveries(server, "--state", "failed") == []
