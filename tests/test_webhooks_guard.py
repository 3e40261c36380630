# SPDX-License-Identifier: MIT
"""Webhooks reach nothing in the server's own network, unless that was allowed."""

import socket
import ssl
import subprocess

import pytest

from harness import wait_until
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)
from webhook_receiver import LOCAL, create, deliveries, wait_state

pytestmark = pytest.mark.concurrent

NOT_PUBLIC = "is not public; DIRECTMESSAGES_WEBHOOK_ALLOW can allow it"


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    "host, address",
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[::1]", "::1"),
        ("[::]", "::"),
        ("10.0.0.1", "10.0.0.1"),
        ("172.16.0.1", "172.16.0.1"),
        ("192.168.0.1", "192.168.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("100.64.0.1", "100.64.0.1"),
        ("224.0.0.1", "224.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("[fd00::1]", "fd00::1"),
        ("[fe80::1]", "fe80::1"),
        ("[64:ff9b::127.0.0.1]", "64:ff9b::7f00:1"),
        ("[2002:7f00:1::1]", "2002:7f00:1::1"),
    ],
)
def test_private_addresses_are_refused_before_anything_is_sent(server, receiver, host, address):
    identity, _ = create(server, f"http://{host}:{receiver.port}/", "--events", "message_read")
    try:
        done = server.run("webhook", "test", identity)
    finally:
        assert server.run("webhook", "delete", identity).returncode == 0
    assert (done.returncode, done.stdout) == (1, "")
    assert f"its address {address} {NOT_PUBLIC}" in done.stderr
    assert receiver.requests == []


def test_nobody_is_connected_to_for_a_name(server):
    """The guard looks at the address before the connection; what it looks at afterwards is a second line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        identity, _ = create(server, f"http://localhost:{listener.getsockname()[1]}/", "--events", "message_read")
        done = server.run("webhook", "test", identity)
        assert server.run("webhook", "delete", identity).returncode == 0
        assert done.returncode == 1 and NOT_PUBLIC in done.stderr
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_name_is_judged_by_its_address(make_server, receiver):
    """`localhost` is as good as any name that somebody points at this machine."""
    server = make_server(env={"DIRECTMESSAGES_WEBHOOK_SCHEDULE": "3600"})
    create(server, f"http://localhost:{receiver.port}/")
    one, two = server.users(2)
    one.send(two)
    row = wait_until(lambda: (rows := deliveries(server)) and rows[0]["error"] and rows[0], "the failure is on record")
    assert NOT_PUBLIC in row["error"]
    assert (row["state"], row["status"]) == ("pending", "-")
    server.stop()
    server.env["DIRECTMESSAGES_WEBHOOK_ALLOW"] = "private"
    server.sql("UPDATE directmessages_delivery SET next_at = 1")
    server.start()
    wait_state(server, "delivered")
    assert len(receiver.requests) == 1


def test_only_what_is_allowed_is_allowed(server, receiver):
    identity, _ = create(server, receiver.url, "--events", "message_read")
    for allowed, status in [("10.0.0.0/8", 1), ("127.0.0.2", 1), ("::1", 1), ("127.0.0.0/8", 0), ("private", 0)]:
        done = server.run("webhook", "test", identity, env={"DIRECTMESSAGES_WEBHOOK_ALLOW": allowed})
        assert done.returncode == status, (allowed, done)
    assert len(receiver.requests) == 2
    assert server.run("webhook", "delete", identity).returncode == 0


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_a_second_address_that_is_allowed_is_tried(server, receiver):
    """`localhost` has two addresses here; the one that is refused does not keep the other from being used."""
    identity, _ = create(server, f"http://localhost:{receiver.port}/", "--events", "message_read")
    done = server.run("webhook", "test", identity, env={"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.1"})
    assert done.returncode == 0, done
    assert server.run("webhook", "delete", identity).returncode == 0


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_no_way_around(server, receiver, variable):
    identity, _ = create(server, "http://192.0.2.1/", "--events", "message_read")
    env = {variable: f"http://127.0.0.1:{receiver.port}", **LOCAL}
    done = server.run("webhook", "test", identity, env=env)
    assert server.run("webhook", "delete", identity).returncode == 0
    assert done.returncode == 1 and f"192.0.2.1 {NOT_PUBLIC}" in done.stderr
    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "example.org",
        "http://",
        "http://user:password@example.org/",
        "http://user@example.org/",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "",
    ],
)
def test_urls_that_are_none_are_refused(server, url):
    done = server.run("webhook", "create", url)
    assert done.returncode == 2 and done.stdout == "", done
    assert "is not a valid endpoint URL" in done.stderr


@pytest.mark.parametrize(
    "variable, value",
    [
        ("ALLOW", "everything"),
        ("ALLOW", "10.0.0.0/33"),
        ("SCHEDULE", "soon"),
        ("SCHEDULE", "1,,2"),
        ("TIMEOUT", "0"),
        ("CONNECTIONS", "0"),
        ("DISABLE_AFTER", "never"),
        ("CA_FILE", "/nosuch"),
        ("CA_FILE", "/"),
        ("CA_FILE", "/etc/passwd"),
    ],
)
def test_settings_that_make_no_sense_are_refused(server, variable, value):
    name = f"DIRECTMESSAGES_WEBHOOK_{variable}"
    for command in (["serve"], ["webhook", "test", "1"]):
        done = server.run(*command, env={name: value})
        assert done.returncode == 2 and f"{name} is '{value}'; give " in done.stderr, done


# ---- certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_name("own.pem.crt").read_text())
    return path


def test_certificates_are_checked(server, make_receiver, certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    receiver = make_receiver(tls=tls)
    identity, _ = create(server, receiver.url, "--events", "message_read")
    other, _ = create(server, receiver.url.replace("127.0.0.1", "localhost"), "--events", "message_read")
    done = server.run("webhook", "test", identity, env=LOCAL)
    assert done.returncode == 1 and "certificate" in done.stderr, done
    trusting = {**LOCAL, "DIRECTMESSAGES_WEBHOOK_CA_FILE": str(certificate)}
    done = server.run("webhook", "test", other, env=trusting)
    assert done.returncode == 1 and "certificate" in done.stderr, "it is that of another host"
    assert receiver.requests == []
    done = server.run("webhook", "test", identity, env=trusting)
    assert done.returncode == 0, done
    assert len(receiver.requests) == 1
    for made in (identity, other):
        assert server.run("webhook", "delete", made).returncode == 0
