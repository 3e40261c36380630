# SPDX-License-Identifier: MIT
"""Records what the project stores by Message.save, in the transaction that stores it.

The signal post_save comes too late for that: without a transaction of the project's the message is committed by then,
and a process that ends in between would never tell of it. So the step of Model.save that writes the row is wrapped.
"""

import functools

from django.db import router, transaction

from . import events


def record_sent(messages, using=None):
    """Records messages that were stored without Message.save, such as by bulk_create. Call it inside the same
    transaction.atomic()."""
    _record(events.SENT, messages, using, lambda message: message.sent_at)


def record_read(messages, using=None):
    """Records messages that were marked as read without Message.save, such as by QuerySet.update; their read_at must be
    the stored one. Call it inside the same transaction.atomic()."""
    _record(events.READ, messages, using, lambda message: message.read_at)


def _record(kind, messages, using, at):
    messages = list(messages)
    if not messages:
        return
    using = using or router.db_for_write(type(messages[0]))
    if events.has_log(using):
        events.write(using, kind, messages, at)


def _stored_read_at(model, using, pk):
    """When the message was read, as the database has it; None also where there is no such message."""
    return model._base_manager.using(using).filter(pk=pk).values_list("read_at", flat=True).first()


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
        marks = self.pk is not None and (update_fields is None or "read_at" in update_fields) and self.read_at is not None
        # Looked up before the transaction begins: on SQLite one that reads first may be refused its first write.
        before = _stored_read_at(model, using, self.pk) if marks else None
        with transaction.atomic(using=using, savepoint=False):
            updated = write_row(self, *arguments)
            if not updated:
                record_sent([self], using)
            elif marks:
                # As stored: the attribute may be a time without a zone, a text or an expression such as Now().
                stored = _stored_read_at(model, using, self.pk)
                if stored is not None and stored != before:
                    _record(events.READ, [self], using, lambda message: stored)
        return updated

    model._save_table = save_table
