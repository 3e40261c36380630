# SPDX-License-Identifier: MIT
"""docs/authentication.md, carried out: clients that show a certificate to a real nginx."""

import contextlib
import http.client
import json
import os
import ssl
import subprocess

import pytest

import harness
import nginx
from test_authentication_page import page, ports, run  # noqa: F401 (fixtures)
from test_authentication_sessions import start
from test_csrf import REFUSED

pytestmark = pytest.mark.skipif(nginx.PROGRAM is None, reason="needs nginx")
PLACE = "https://chat.example.org"


@pytest.fixture
def stack():
    with contextlib.ExitStack() as made:
        yield made


class Certified:
    """The page's nginx, before a server that knows jane and john; certificates are made as the page says."""

    def __init__(self, stack, folder, make_server, page):
        self.folder, self.page = folder, page
        self.make("sh authority")
        self.front = start(stack, folder, make_server, page, "certificates", 9)
        self.jane, self.john = (self.front.server.user(name) for name in ("jane", "john"))

    def make(self, kind, **changed):
        """Types the page's block, with other words where `changed` says so."""
        text = self.page[kind]
        for old, new in changed.values():
            assert old in text
            text = text.replace(old, new)
        return run(text)

    def certificate(self, name, subject, days=365, authority="clients-ca"):
        """Another certificate, made by the last two commands of the page's block."""
        folder, *_, request, sign = self.page["sh authority"].strip().splitlines()
        request = request.replace("/CN=jane", subject).replace("jane.", f"{name}.")
        sign = sign.replace("jane.", f"{name}.").replace("-days 365", f"-days {days}").replace("clients-ca.", f"{authority}.")
        run("\n".join([folder, request, sign]))
        return name

    def ask(self, name, method="GET", path="unread/", headers=(), body=None):
        """The status and the text of one request with that certificate, or with none."""
        context = ssl.create_default_context(cafile=self.front.proxy.certificate)
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        connection = http.client.HTTPSConnection("localhost", self.front.proxy.tls_port, context=context, timeout=harness.DEADLINE)
        with contextlib.closing(connection):
            connection.request(method, f"/api/dm/{path}", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def whoami(self, name, **headers):
        status, text = self.ask(name, headers=headers)
        return json.loads(text)["id"] if status == 200 else status


@pytest.fixture
def certified(stack, tmp_path, make_server, page):  # noqa: F811
    return Certified(stack, tmp_path, make_server, page)


def test_a_certificate_says_who_it_is(certified):
    jane, john = certified.jane.id, certified.john.id
    assert certified.whoami("jane") == jane
    assert certified.whoami(certified.certificate("second", "/CN=john")) == john
    port = certified.front.proxy.tls_port
    own = f"--cacert {certified.front.proxy.certificate} --noproxy '*'"
    printed, _ = certified.make("sh request", place=(PLACE, f"https://localhost:{port}"), own=("--cert", f"-sS {own} --cert"))
    assert json.loads(printed)["id"] == jane
    note = {"Content-Type": "application/json", "Sec-Fetch-Site": "none"}
    assert certified.ask("jane", "POST", f"send/{john}/", note, b'{"content":"by certificate"}')[0] == 201
    assert certified.front.server.sql("SELECT sender_id FROM directmessages_message") == [(jane,)]
    assert certified.ask("jane", "POST", f"send/{john}/", {"Content-Type": "application/json"}, b'{"content":"x"}') == (
        403, json.dumps({"detail": REFUSED}, separators=(",", ":")))


def test_without_a_good_one_nobody_comes_in(certified):
    john = certified.john.id
    assert certified.ask(None)[0] == 400
    authority = certified.page["sh authority"].splitlines()
    run("\n".join([authority[0], authority[1].replace("clients-ca.", "other-ca.")]))
    assert certified.ask(certified.certificate("stranger", "/CN=john", authority="other-ca"))[0] == 400
    expired = certified.certificate("expired", "/CN=john", days=0)  # OpenSSL 3.5 makes none that ends before it begins
    harness.wait_until(lambda: certified.ask(expired)[0] == 400, "it has expired")
    status, text = certified.ask(certified.certificate("nobody", "/CN=nobody"))
    assert (status, json.loads(text)["detail"]) == (401, "User not found.")
    for name in ("X-Client-Name", "x-client-name", "X_Client_Name"):
        assert certified.whoami("jane", **{name: "john"}) == certified.jane.id
        assert certified.front.whoami(**{name: "john"}) == 401  # at the port without TLS
    certified.front.server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, john))
    assert certified.whoami(certified.certificate("inactive", "/CN=john")) == 401


OF_SUBJECTS = {
    "/O=Example/CN=jane": "jane", "/O=x,CN=john/CN=jane": "jane", "/CN=jane/O=x,CN=john": None, "/CN=x/O=john": None,
    "/CN=john,jane": None, "/CN=john jane": None, "/CN=john+CN=jane": None, "/O=john": None, "/CN=jo\u00e9": None,
}


def test_no_other_part_of_a_subject_is_a_name(certified):
    found = {subject: certified.whoami(certified.certificate("made", subject)) for subject in OF_SUBJECTS}
    assert found == {subject: certified.jane.id if who else 401 for subject, who in OF_SUBJECTS.items()}
