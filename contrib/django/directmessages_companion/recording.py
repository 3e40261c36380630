# SPDX-License-Identifier: MIT
"""Records what the project stores by Message.save, in the transaction that stores it.

The signal post_save comes too late for that: without a transaction of the project's the message is committed by then,
and a process that ends in between would never tell of it. So the step of Model.save that writes the row is wrapped.
"""

import functools

from django.db import router, transaction
from django.utils import timezone

from . import events

# What a save may change that is told.
CHANGED = ("read_at", "hidden_for_sender", "hidden_for_recipient")


def record_sent(messages, using=None):
    """Records messages that were stored without Message.save, such as by bulk_create. Call it inside the same
    transaction.atomic()."""
    _record([(events.SENT, message, message.sent_at) for message in messages], using)


def record_read(messages, using=None):
    """Records messages that were marked as read without Message.save, such as by QuerySet.update; their read_at must be
    the stored one. Call it inside the same transaction.atomic()."""
    _record([(events.READ, message, message.read_at) for message in messages], using)


def record_unread(messages, using=None):
    """Records messages whose read_at was removed without Message.save. Call it inside the same transaction.atomic()."""
    now = timezone.now()
    _record([(events.UNREAD, message, events.later(now, message.sent_at)) for message in messages], using)


def record_hidden(messages, user, using=None):
    """Records messages that were hidden for the user, one of their two, without Message.save. Call it inside the same
    transaction.atomic()."""
    now = timezone.now()
    _record([(events.hidden_for(user.pk, message), message, events.later(now, message.sent_at)) for message in messages], using)


def _record(rows, using):
    if not rows:
        return
    using = using or router.db_for_write(type(rows[0][1]))
    if events.has_log(using):
        events.write(using, rows)


def _stored(model, using, pk):
    """What the database has of CHANGED and when it was sent, by name; None where there is no such message."""
    return model._base_manager.using(using).filter(pk=pk).values("sent_at", *CHANGED).first()


def _changes(message, before, after):
    """The rows of what a save has changed. The times are as stored: an attribute may be a time without a zone, a text or
    an expression such as Now()."""
    if after["read_at"] is not None and after["read_at"] != before["read_at"]:
        yield events.READ, message, after["read_at"]
    if after["read_at"] is None and before["read_at"] is not None:
        yield events.UNREAD, message, events.later(timezone.now(), after["sent_at"])
    for name, kind in (("hidden_for_sender", events.HIDDEN_FOR_SENDER), ("hidden_for_recipient", events.HIDDEN_FOR_RECIPIENT)):
        if after[name] is not None and before[name] is None:
            yield kind, message, events.later(after[name], after["sent_at"])


def install(model):
    """Has the model record what is saved."""
    write_row = model._save_table

    @functools.wraps(write_row)
    def save_table(
        self, raw=False, cls=None, force_insert=False, force_update=False, using=None, update_fields=None
    ):
        arguments = (raw, cls, force_insert, force_update, using, update_fields)
        # `raw`: a fixture is loaded, which repeats what happened earlier.
        if raw or cls._meta.concrete_model is not model or not events.has_log(using):
            return write_row(self, *arguments)
        may_change = self.pk is not None and (update_fields is None or not update_fields.isdisjoint(CHANGED))
        # Looked up before the transaction begins: on SQLite one that reads first may be refused its first write.
        before = _stored(model, using, self.pk) if may_change else None
        with transaction.atomic(using=using, savepoint=False):
            updated = write_row(self, *arguments)
            if not updated:
                record_sent([self], using)
            elif before is not None:
                after = _stored(model, using, self.pk)
                _record(list(_changes(self, before, after)) if after is not None else [], using)
        return updated

    model._save_table = save_table
