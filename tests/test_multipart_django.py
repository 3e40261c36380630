# SPDX-License-Identifier: MIT
"""Multipart bodies: what Django's parser reads is read, and as the same content, on random spellings."""

import http.client
import json
import random

import pytest

import multipart_spellings
import reference_project
from harness import DEADLINE

pytestmark = pytest.mark.sqlite

FORMS = 600
# A part's headers have at most 1,024 bytes; the forms name*=.. and name*0=.. in one header are a TypeError.
LIMITS_OF_DJANGO = ["total header size", "TypeError"]


@pytest.fixture(scope="module")
def ask(shared_server):
    """A function that sends a form and gives the status and what was stored, or the refusal."""
    alice, bob = shared_server.users(2)
    connection = http.client.HTTPConnection(shared_server.host, shared_server.port, timeout=DEADLINE)
    headers = {"Authorization": f"Token {alice.token}"}

    def answer_to(kind, body):
        path = f"{shared_server.prefix}send/{bob.id}/"
        connection.request("POST", path, body, {**headers, "Content-Type": kind})
        return connection.getresponse()

    def send(kind, body):
        try:
            answer = answer_to(kind, body)
        except ConnectionError:  # it was idle for too long
            connection.close()
            answer = answer_to(kind, body)
        return answer.status, json.loads(answer.read())

    yield send
    connection.close()


def forms(seed, change):
    rng = random.Random(seed)
    return [change(rng, multipart_spellings.form(rng)) for _ in range(FORMS)]


def may_be_refused(content, told):
    """Bytes that are not UTF-8; a file of this name that Django skips, since it is empty or its name is invalid."""
    return ("\ufffd" in content and "UTF-8" in told["detail"]) or told["detail"] == "content must be a string."


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("garbled", [False, True])
def test_what_django_reads_is_read(ask, seed, garbled):
    if reason := reference_project.why_not():
        pytest.skip(reason)
    made = forms(f"{seed} {garbled}", multipart_spellings.garbled if garbled else lambda _, form: form)
    plain = [form for form in made if multipart_spellings.is_plain(*form[1:])]
    read = multipart_spellings.ask_django([(kind, body) for kind, _, body in plain])
    assert len(plain) > FORMS * 0.5 and sum(found[0] == "text" and found[1] != "" for found in read) > FORMS * 0.1
    for (kind, _, body), (found, *value) in zip(plain, read):
        status, told = ask(kind, body)
        if found == "text" and value[0]:
            right = (status, told.get("content")) == (201, value[0]) or (garbled and may_be_refused(value[0], told))
        else:
            right = status == 400 or garbled or any(limit in "".join(value) for limit in LIMITS_OF_DJANGO)
        assert right, (kind, body, found, value, told)
