# SPDX-License-Identifier: MIT
"""SIGHUP: settings are read again, all or nothing, while requests go on."""

import datetime
import json
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest

import harness
import jwts
from clients import Client
from harness import wait_until
from jwts import Pair, bearer, claims, encode
from metrics import Admin, scrape
from test_cors import ORIGIN, OTHER, check_hidden, check_readable
from test_operations_systemd import manager  # noqa: F401 (fixture)
from test_webhooks_guard import certificate  # noqa: F401 (fixture)
from webhook_receiver import create, deliveries, endpoints, wait_state
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)

pytestmark = pytest.mark.concurrent

SUCCESSFUL = "directmessages_config_last_reload_successful"
SUCCEEDED_AT = "directmessages_config_last_reload_success_timestamp_seconds"
REFUSED = r"error the settings are not reloaded, the old ones stay: (.*)"


class Configured:
    """A server with a configuration file. `write` gives its settings without DIRECTMESSAGES_."""

    def __init__(self, make_server, path, env=None, **settings):
        self.path = path
        self.write(**settings)
        self.server = make_server(env=env, flags=["--config", path, "--admin-listen", "127.0.0.1:0"])

    def write(self, **settings):
        self.path.write_text("".join(f"DIRECTMESSAGES_{name}='{value}'\n" for name, value in settings.items()))
        self.path.chmod(0o600)

    def hang_up(self):
        self.server.process.send_signal(signal.SIGHUP)

    def reload(self, **settings):
        """Reloads these settings, which must be good."""
        since = len(self.server.log)
        self.write(**settings)
        self.hang_up()
        self.server.wait_log(r"Z info settings reloaded$", since)
        return self.server.log[since:]

    def refuse(self, **settings):
        """Tries to reload these settings, and gives the sentence on what is wrong."""
        since = len(self.server.log)
        self.write(**settings)
        self.hang_up()
        return re.search(REFUSED, self.server.wait_log(REFUSED, since)).group(1)

    def metric(self, name):
        return scrape(Admin(self.server))[name]


@pytest.fixture
def configure(make_server, tmp_path):
    def configure(env=None, **settings):
        return Configured(make_server, tmp_path / "settings.conf", env, **settings)

    return configure


def may_send(sender, recipient):
    answer = sender.request("POST", f"send/{recipient.id}/", b'{"content":"x"}', {"Content-Type": "application/json"})
    assert answer.status in (201, 400), answer
    return answer.status == 201


# ---- what can be reloaded


def test_the_allow_list(configure):
    run = configure()
    one, two, three = run.server.users(3)
    assert may_send(one, two)
    run.reload(ALLOWED_RECIPIENTS=three.id)
    assert not may_send(one, two) and may_send(one, three) and may_send(three, one)
    run.reload(ALLOWED_RECIPIENTS=f"{two.id},{three.id}")
    assert may_send(one, two)
    run.reload()
    assert may_send(one, two)


def test_whether_a_get_marks(configure):
    configured = configure(MARK_READ_ON_GET=0)
    server = configured.server
    alice, bob = server.users(2)
    alice.send(bob)
    bob.conversation(alice)
    assert bob.unread() == 1
    configured.reload()
    bob.conversation(alice)
    assert bob.unread() == 0
    configured.reload(MARK_READ_ON_GET=0)
    alice.send(bob)
    bob.conversation(alice)
    assert bob.unread() == 1
    assert "DIRECTMESSAGES_MARK_READ_ON_GET" in configured.refuse(MARK_READ_ON_GET="no")
    bob.conversation(alice)
    assert bob.unread() == 1


def test_cors_origins(configure):
    run = configure()
    user = run.server.user()
    assert user.get("unread/", {"Origin": ORIGIN}).headers.get("Vary") is None
    run.reload(CORS_ORIGINS=ORIGIN)
    check_readable(user.get("unread/", {"Origin": ORIGIN}))
    run.reload(CORS_ORIGINS=OTHER)
    check_hidden(user.get("unread/", {"Origin": ORIGIN}))
    check_readable(user.get("unread/", {"Origin": OTHER}), OTHER)
    assert "Access-Control" not in str(Client(Admin(run.server)).get("/livez", {"Origin": OTHER}).headers)


def test_whose_pages_may_act(configure):
    """Sessions that a proxy knows: a list may change, but to no star."""
    proxy = {"TRUST_USER_HEADER": "X-User-Id"}
    run = configure(**proxy, CORS_ORIGINS=ORIGIN)
    user = run.server.user()

    def act(origin):
        return run.server.anonymous().request("POST", "events/ticket/", b"", {"X-User-Id": str(user.id), "Origin": origin}).status

    assert (act(ORIGIN), act(OTHER)) == (201, 403)
    said = run.refuse(**proxy, CORS_ORIGINS="*")
    assert "DIRECTMESSAGES_CORS_ORIGINS is *, and with DIRECTMESSAGES_TRUST_USER_HEADER every page could act" in said
    assert (act(ORIGIN), act(OTHER)) == (201, 403)
    run.reload(**proxy, CORS_ORIGINS=OTHER)
    assert (act(ORIGIN), act(OTHER)) == (403, 201)
    run.reload(CORS_ORIGINS=OTHER)  # the header can't be turned off by a reload: it is named, and stays
    assert (act(ORIGIN), act(OTHER)) == (403, 201)


def test_the_log_level(configure):
    run = configure()
    user = run.server.user()
    before = run.metric(SUCCEEDED_AT)
    run.write(LOG_LEVEL="warning")
    run.hang_up()
    wait_until(lambda: run.metric(SUCCEEDED_AT) > before, "it is reloaded")
    user.get("unread/")
    ended = 'directmessages_http_requests_total{route="unread/",status="200"}'
    wait_until(lambda: scrape(Admin(run.server)).samples.get(ended) == 1, "it has ended, and would have been logged")
    assert [line for line in run.reload(LOG_LEVEL="info") if "/unread/" in line] == []
    user.get("unread/")
    run.server.wait_log("access method=GET path=/api/dm/unread/")
    assert len([line for line in run.server.log if "/unread/" in line]) == 1


def test_the_key_file_of_jwts(configure, tmp_path):
    """The file is written again under the same name: a key that is gone is not believed any more, though its JWTs were."""
    keys = tmp_path / "keys.pem"
    old, new = Pair.rsa(tmp_path, "old"), Pair.rsa(tmp_path, "new")
    keys.write_text(old.public_pem)
    run = configure(JWT_KEY_FILE=keys, JWT_CLAIM="user_id")
    user = run.server.user()

    def status(pair):
        return run.server.anonymous().get("unread/", bearer(encode(pair, claims(user)))).status

    assert (status(old), status(new)) == (200, 401)
    keys.write_text(new.public_pem)
    run.reload(JWT_KEY_FILE=keys, JWT_CLAIM="user_id")
    assert (status(old), status(new)) == (401, 200)
    keys.write_text("nonsense")
    assert "JWT_KEY_FILE" in run.refuse(JWT_KEY_FILE=keys, JWT_CLAIM="user_id")
    assert (status(old), status(new)) == (401, 200)
    run.reload(JWT_CLAIM="user_id")
    answer = run.server.anonymous().get("unread/", bearer(encode(new, claims(user))))
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Token")


def test_the_admin_key_file(configure, tmp_path):
    key = tmp_path / "key"

    def write(text):
        key.write_text(text)
        key.chmod(0o600)

    write("a" * 40)
    run = configure(ADMIN_KEY_FILE=key)

    def status(shown):
        return Client(Admin(run.server)).get("/admin/users/", bearer(shown)).status

    assert (status("a" * 40), status("b" * 40)) == (200, 401)
    write("b" * 40)
    run.reload(ADMIN_KEY_FILE=key)
    assert (status("a" * 40), status("b" * 40)) == (401, 200)
    write("short")
    run.refuse(ADMIN_KEY_FILE=key)
    assert status("b" * 40) == 200
    run.reload()
    assert status("b" * 40) == 404


def test_the_settings_of_webhooks(configure, receiver):
    """Also on a connection that is still open from when the address was allowed."""
    run = configure(WEBHOOK_ALLOW="private", WEBHOOK_SCHEDULE="3600")
    create(run.server, receiver.url)
    one, two = run.server.users(2)
    one.send(two, "first")
    receiver.wait(1)
    run.reload(WEBHOOK_SCHEDULE="3600")
    one.send(two, "second")
    wait_until(lambda: any("is not public" in row["error"] for row in deliveries(run.server)), "it was refused")
    assert len(receiver.requests) == 1
    run.reload(WEBHOOK_ALLOW="127.0.0.1")
    one.send(two, "third")
    receiver.wait(2)
    assert receiver.contents() == ["first", "third"]


def test_how_many_requests_an_endpoint_gets_at_once(configure, make_receiver):
    leave = threading.Event()
    slow, quick = make_receiver(lambda request: leave.wait(60) and 204), make_receiver()
    same = {"WEBHOOK_ALLOW": "127.0.0.1", "WEBHOOK_TIMEOUT": 300}  # no request is sent again
    run = configure(**same, WEBHOOK_CONNECTIONS=1)
    create(run.server, slow.url)
    create(run.server, quick.url)
    one, two = run.server.users(2)
    for number in range(5):
        one.send(two, str(number))
    quick.wait(5)
    assert len(slow.requests) <= 1
    run.reload(**same, WEBHOOK_CONNECTIONS=3)
    assert len(slow.wait(3)) == 3
    leave.set()
    slow.wait(5)


def test_when_an_endpoint_is_disabled(configure, make_receiver):
    same = {"WEBHOOK_ALLOW": "127.0.0.1", "WEBHOOK_SCHEDULE": "0"}
    run = configure(**same, WEBHOOK_DISABLE_AFTER=100000)
    identity, _ = create(run.server, make_receiver(lambda request: 500).url)
    hour_ago = int((time.time() - 3600) * 1_000_000)
    run.server.sql("UPDATE directmessages_webhook SET failing_since = ?", (hour_ago,))
    one, two = run.server.users(2)
    one.send(two)
    wait_state(run.server, "failed", 1)
    assert endpoints(run.server)[identity]["state"] == "failing"
    run.reload(**same, WEBHOOK_DISABLE_AFTER=600)
    one.send(two)
    wait_state(run.server, "failed", 2)
    assert endpoints(run.server)[identity]["state"] == "disabled"


def test_which_certificates_webhooks_trust(configure, make_receiver, certificate):  # noqa: F811
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    receiver = make_receiver(tls=tls)
    same = {"WEBHOOK_ALLOW": "127.0.0.1", "WEBHOOK_SCHEDULE": "3600"}
    run = configure(**same)
    create(run.server, receiver.url)
    one, two = run.server.users(2)
    one.send(two, "first")
    wait_until(lambda: any("certificate" in row["error"] for row in deliveries(run.server)), "it was refused")
    run.reload(**same, WEBHOOK_CA_FILE=certificate)
    one.send(two, "second")
    receiver.wait(1)
    assert receiver.contents() == ["second"]


# ---- what can't


def test_another_setting_is_named_and_keeps_its_value(configure):
    run = configure(PREFIX="old", ALLOWED_RECIPIENTS="1")
    said = run.reload(PREFIX="new", DOCS="0", THREADS="x", TREADS="2", ALLOWED_RECIPIENTS="2")
    for name in ("PREFIX", "DOCS", "THREADS"):
        assert [line for line in said if f"Z warning DIRECTMESSAGES_{name} has changed" in line], said
    assert [line for line in said if re.search(r"Z warning .*no setting DIRECTMESSAGES_TREADS; did you mean", line)]
    assert run.server.anonymous().get("/old/unread/").status == 401
    assert not [line for line in run.reload(PREFIX="old", ALLOWED_RECIPIENTS="2") if "has changed" in line]


def test_the_environment_still_wins(configure):
    run = configure(env={"DIRECTMESSAGES_CORS_ORIGINS": ORIGIN}, CORS_ORIGINS=OTHER)
    user = run.server.user()
    run.reload(CORS_ORIGINS="https://third.example")
    check_readable(user.get("unread/", {"Origin": ORIGIN}))


def test_all_or_nothing(configure):
    run = configure(LOG_LEVEL="info")
    one, two, three = run.server.users(3)
    before = run.metric(SUCCEEDED_AT)
    assert run.metric(SUCCESSFUL) == 1
    bad = dict(ALLOWED_RECIPIENTS=three.id, CORS_ORIGINS=ORIGIN, WEBHOOK_ALLOW="private", LOG_LEVEL="nonsense")
    said = run.refuse(**bad)
    assert said == f"{run.path}, line 4: DIRECTMESSAGES_LOG_LEVEL is 'nonsense'; give debug, info, warning or error"
    wait_until(lambda: run.metric(SUCCESSFUL) == 0, "the metric says so")
    assert run.metric(SUCCEEDED_AT) == before
    assert may_send(one, two)
    assert one.get("unread/", {"Origin": ORIGIN}).headers.get("Vary") is None
    run.path.write_text("DIRECTMESSAGES_PREFIX")
    run.hang_up()
    run.server.wait_log(REFUSED.replace("(.*)", ".*line 1: there is no '='"))
    run.path.unlink()
    run.hang_up()
    run.server.wait_log(REFUSED.replace("(.*)", ".*can't be opened"))
    run.reload(ALLOWED_RECIPIENTS=three.id)
    assert not may_send(one, two)
    assert run.metric(SUCCESSFUL) == 1 and run.metric(SUCCEEDED_AT) > before


def test_without_a_file_the_files_that_are_named_are_read_again(make_server, tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwts.Secret().jwk()]}))
    keys.chmod(0o600)
    server = make_server(env={"DIRECTMESSAGES_JWT_KEY_FILE": keys})
    keys.chmod(0o644)
    server.process.send_signal(signal.SIGHUP)
    assert "everybody may read it" in server.wait_log(REFUSED)
    keys.chmod(0o600)
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("settings reloaded")


def test_no_request_outlasts_a_claim_from_before_the_timeout_was_raised(configure, make_receiver, backend):
    """Or another worker would claim the delivery meanwhile, and it would come twice."""
    over = threading.Event()
    receiver = make_receiver(lambda request: 500 if len(receiver.requests) == 1 else over.wait(60) and 204)
    env = {"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.1", "DIRECTMESSAGES_BUSY_TIMEOUT": 50000}
    run = configure(env, WEBHOOK_SCHEDULE="3,3600", WEBHOOK_TIMEOUT=1)
    create(run.server, receiver.url)
    one, two = run.server.users(2)
    one.send(two)
    (row,) = wait_until(lambda: [row for row in deliveries(run.server) if row["status"] == "500"], "the first attempt")
    due = datetime.datetime.fromisoformat(row["next attempt"].replace("Z", "+00:00"))
    with run.server.transaction() as connection:
        if backend == "postgresql":
            connection.execute("LOCK TABLE directmessages_delivery IN EXCLUSIVE MODE")
        late = due + datetime.timedelta(seconds=2)
        wait_until(lambda: datetime.datetime.now(datetime.timezone.utc) > late, "the claim waits for the lock")
        run.reload(WEBHOOK_SCHEDULE="3,3600", WEBHOOK_TIMEOUT=25)
    wait_until(lambda: deliveries(run.server)[0]["status"] == "-", "the second attempt has failed without a response")
    assert len(receiver.requests) == 2
    over.set()


# ---- at any moment


def test_during_the_start(make_server, tmp_path):
    """From the moment when the signal is blocked, long before the server listens."""
    server = make_server(start=False)
    process = subprocess.Popen(server.command(), env=harness.environment(), stderr=subprocess.PIPE, text=True)
    bit = 1 << (signal.SIGHUP - 1)

    def blocks():
        with open(f"/proc/{process.pid}/status") as status:
            return int(re.search(r"SigBlk:\s*(\w+)", status.read()).group(1), 16) & bit

    try:
        wait_until(blocks, "the signal is blocked")
        for _ in range(10):
            process.send_signal(signal.SIGHUP)
        lines = iter(process.stderr.readline, "")
        assert any("settings reloaded" in line for line in lines)
    finally:
        process.terminate()
        process.stderr.read()
        assert process.wait(60) == 0


def test_during_the_stop(configure):
    run = configure()
    one, two = run.server.users(2)
    body = b'{"content":"late"}'
    head = f"POST /api/dm/send/{two.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with run.server.raw(head.encode() + body[:5]) as slow:
        wait_until(lambda: run.metric("directmessages_http_requests_in_flight") == 2, "it is under way")
        run.server.tell_to_stop()
        run.server.wait_log("stopping on SIGTERM")
        for _ in range(10):
            run.hang_up()
        slow.send(body[5:])
        assert slow.response().status == 201
    run.server.stop()


def test_under_load(configure, tmp_path):
    """No request fails, and each sees one reading of the settings or the other."""
    run = configure({"DIRECTMESSAGES_BUSY_TIMEOUT": 60000}, CORS_ORIGINS=ORIGIN)
    one, two = run.server.users(2)
    over, failed, seen = threading.Event(), [], set()

    def work(user, partner):
        while not over.is_set():
            answer = user.get("unread/", {"Origin": ORIGIN})
            seen.add(answer.headers.get("Access-Control-Allow-Origin"))
            if answer.status != 200:
                failed.append(answer)
            answer = user.request("POST", f"send/{partner.id}/", b'{"content":"x"}', {"Content-Type": "application/json"})
            if answer.status != 201:
                failed.append(answer)

    workers = [threading.Thread(target=work, args=pair) for pair in ((one, two), (two, one)) * 2]
    for worker in workers:
        worker.start()
    try:
        number = 0
        while number < 50 or seen != {ORIGIN, None}:
            origins = {"CORS_ORIGINS": ORIGIN} if number % 2 else {}
            run.reload(ALLOWED_RECIPIENTS=f"{one.id},{two.id}" if number % 3 else "", **origins)
            number += 1
            assert number < 5000, seen
        for _ in range(10):
            run.hang_up()
    finally:
        over.set()
        for worker in workers:
            worker.join()
    assert failed == []
    run.server.stop()
    assert not [line for line in run.server.log if " error " in line or "status=5" in line]


# ---- what systemd is told


def test_the_service_manager_is_told(make_server, manager, tmp_path):
    path = tmp_path / "settings.conf"
    path.write_text("")
    server = make_server(env={"NOTIFY_SOCKET": manager.name}, flags=["--config", path])
    while manager.told()[0] != "READY=1":
        pass
    for text, status in (("", ""), ("DIRECTMESSAGES_LOG_LEVEL=x\n", "; the settings could not be reloaded")):
        path.write_text(text)
        server.process.send_signal(signal.SIGHUP)
        reloading, at, _ = manager.told()
        assert reloading == "RELOADING=1" and re.fullmatch(r"MONOTONIC_USEC=\d+", at)
        assert manager.told() == ["READY=1", f"STATUS=serving on {server.netloc}{status}"]
