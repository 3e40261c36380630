# SPDX-License-Identifier: MIT
"""A short run of `make drill`: allocations fail one by one, and every answer is true."""

import contextlib

import pytest

import harness
from drill import faults, trials, typed
from drill.attacks import ATTACKS, Crowd, PostConversation, SendForm, SendJson, SendMultipart
from drill.people import PEOPLE, Erase
from webhook_receiver import LOCAL, Receiver, create

ALL_OF_THEM = {"sqlite": [SendJson, SendForm, SendMultipart, PostConversation], "postgresql": []}
OTHERS_APART = {"sqlite": 3, "postgresql": 7}

# OpenSSL's setup makes about 5,000 allocations; those around the 650th are of its library context.
OPENSSL_SETUP = [1, 650, 3000]

REQUEST_ALLOCATIONS = 50  # libcurl makes more for a request on a connection that is open


@pytest.fixture(scope="module")
def target(backend):
    if faults.why_not():
        pytest.skip(faults.why_not())
    failing = faults.Faults()
    made = trials.Target(backend, failing)
    yield made
    failing.disarm()
    made.close()
    failing.close()


@pytest.mark.parametrize("attack", ATTACKS + PEOPLE, ids=lambda one: one.__name__)
def test_memory_is_short_once(target, backend, attack):
    step = 1 if attack in ALL_OF_THEM[backend] else OTHERS_APART[backend]
    result = trials.run(target, attack, "memory", False, step=step, about=8 if attack in PEOPLE else None)
    assert result.tried >= 3
    assert not result.wrong, "\n".join(result.wrong)


@pytest.mark.parametrize("make", typed.COMMANDS, ids=lambda one: one.__name__)
def test_memory_is_short_in_a_command(backend, make):
    if faults.why_not():
        pytest.skip(faults.why_not())
    with contextlib.closing(faults.Faults()) as failing:
        result = typed.run(backend, failing, make, "memory", about=6)
    assert result.tried >= 3
    assert not result.wrong, "\n".join(result.wrong)


@pytest.mark.parametrize("attack", [SendJson, Erase], ids=lambda one: one.__name__)
def test_memory_stays_short(target, backend, attack):
    result = trials.run(target, attack, "memory", True, step=7 if backend == "sqlite" else 19)
    assert result.tried >= 3
    assert not result.wrong, "\n".join(result.wrong)


@pytest.mark.parametrize("n", OPENSSL_SETUP)
def test_memory_is_short_while_openssl_is_set_up(backend, n):
    """The first delivery is the first use of OpenSSL, whose setup can't be repeated after it has failed."""
    if faults.why_not():
        pytest.skip(faults.why_not())
    with contextlib.closing(faults.Faults()) as failing, \
            contextlib.closing(harness.Server(backend=backend, env=failing.environment | LOCAL | harness.PATIENCE).start()) as server, \
            contextlib.closing(Receiver()) as receiver:
        alice, bob = server.users(2)
        with failing.armed("memory", n, forever=True, through=faults.span_of(server.process.pid, "libcrypto.so")):
            create(server, receiver.url)
            alice.send(bob, "hello")
            receiver.wait(1)
        assert failing.failed
        assert receiver.contents() == ["hello"]


def test_memory_is_short_while_a_request_is_made():
    """Whichever allocation of libcurl fails: nothing goes to a proxy that the environment names."""
    if faults.why_not():
        pytest.skip(faults.why_not())
    with contextlib.closing(faults.Faults()) as failing, contextlib.closing(Receiver()) as proxy, \
            contextlib.closing(Receiver()) as receiver:
        env = failing.environment | LOCAL | {"http_proxy": proxy.url}
        with contextlib.closing(harness.Server(env=env).start()) as server:
            alice, bob = server.users(2)
            create(server, receiver.url)
            alice.send(bob, "first")
            receiver.wait(1)
            libcurl = faults.span_of(server.process.pid, "libcurl.so")
            for n in range(1, REQUEST_ALLOCATIONS):
                with failing.armed("memory", n, through=libcurl):
                    alice.send(bob, f"{n}")
                    harness.wait_until(lambda: failing.failed, "an allocation has failed")
                # Now, so that the next failure doesn't hit a retry of this delivery: it has four attempts.
                harness.wait_until(lambda n=n: f"{n}" in receiver.contents(), "it is delivered all the same")
        assert proxy.requests == []


@pytest.mark.postgresql
@pytest.mark.parametrize("forever", [False, True], ids=["once", "on"])
@pytest.mark.parametrize("attack", [Crowd, SendJson], ids=lambda one: one.__name__)
def test_a_statement_can_not_be_sent(target, attack, forever):
    """No answer is another's, and nothing is committed in part."""
    result = trials.run(target, attack, "submit", forever, most=24)
    assert result.tried >= 3
    assert not result.wrong, "\n".join(result.wrong)
