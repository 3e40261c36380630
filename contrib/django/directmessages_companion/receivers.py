# SPDX-License-Identifier: MIT
"""Calls the receivers of a signal one by one, each until it has succeeded once."""

import contextlib
import inspect
import logging

from asgiref.sync import async_to_sync
from django.db import connections, transaction

log = logging.getLogger(__name__)


def _live(signal, sender):
    found = signal._live_receivers(sender)
    return list(found) if isinstance(found, list) else [*found[0], *found[1]]  # Django 5.0: the async ones apart


def _named(receivers):
    """Each receiver with a name that it also has in another process."""
    seen = {}
    for receiver in receivers:
        plain = getattr(receiver, "__func__", receiver)
        name = f"{getattr(plain, '__module__', '')}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), receiver


def _transaction(using):
    """Receivers run as they would in the project's own view."""
    return transaction.atomic(using=using) if connections[using].settings_dict["ATOMIC_REQUESTS"] else contextlib.nullcontext()


def call(signal, message, claim):
    """Calls those that are not done yet with the message as the sender, as drf-directmessages does. A receiver that raises
    is logged and stops no other. Returns whether all are done."""
    failed = False
    for name, receiver in _named(_live(signal, message)):
        if name in claim.done:
            continue
        function = async_to_sync(receiver) if inspect.iscoroutinefunction(receiver) else receiver
        try:
            with _transaction(message._state.db):
                function(signal=signal, sender=message, from_user=message.sender, to=message.recipient)
        except Exception:
            log.exception("receiver %s failed for message %s; it is called again", name, message.pk)
            failed = True
        else:
            claim.note(name)
    return not failed
