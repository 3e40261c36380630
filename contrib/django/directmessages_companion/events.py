# SPDX-License-Identifier: MIT
"""The event log of directmessages: writes rows in the form in which the server writes them.

A row becomes visible with the transaction that writes it, so what is rolled back was never told. The server's streams and
webhooks read the log; on PostgreSQL they are notified by the commit, on SQLite they look a few times a second.
"""

import datetime
import logging

from django.conf import settings
from django.db import connections

log = logging.getLogger(__name__)

SENT, READ, UNREAD, HIDDEN_FOR_SENDER, HIDDEN_FOR_RECIPIENT = 1, 2, 4, 5, 6  # directmessages_event.kind
DJANGO = 1  # directmessages_event.origin
PIECE = 100  # rows of one statement

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)

HAS_LOG = {
    "sqlite": "SELECT 1 FROM pragma_table_info('directmessages_event') WHERE name = 'origin'",
    "postgresql": "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('directmessages_event')"
    " AND attname = 'origin' AND NOT attisdropped",
}
# As the server numbers them (its decision 58): by the transaction's id plus the base of the log.
INSERT = {
    "sqlite": "INSERT INTO directmessages_event (nonce, origin, kind, message_id, sender_id, recipient_id, at) VALUES {rows}",
    "postgresql": "WITH recorded AS (INSERT INTO directmessages_event (transaction, origin, kind, message_id, sender_id,"
    " recipient_id, at) VALUES {rows} RETURNING 1) SELECT pg_notify('directmessages_event', '') FROM recorded LIMIT 1",
}
ROW = {
    "sqlite": "(random(), %s, %s, %s, %s, %s, %s)",
    "postgresql": "(pg_current_xact_id()::text::bigint + coalesce((SELECT base FROM directmessages_event_log"
    " ORDER BY epoch LIMIT 1), 0), %s, %s, %s, %s, %s, %s)",
}

_known = set()  # the databases that have a log, as (alias, name)


def has_log(using):
    """Whether the database has an event log that knows origins. A project's test database, for example, has none."""
    connection = connections[using]
    database = (using, str(connection.settings_dict["NAME"]))
    if database in _known:
        return True
    if connection.vendor not in HAS_LOG or not getattr(settings, "DIRECTMESSAGES_RECORD_EVENTS", True):
        return False
    with connection.cursor() as cursor:
        cursor.execute(HAS_LOG[connection.vendor])
        found = cursor.fetchone() is not None
    if found:
        _known.add(database)
    else:
        log.debug("the database %s has no event log with origins; run 'directmessages migrate'", using)
    return found


def microseconds(moment):
    """Since 1970. Times without a zone are UTC, as the server takes them."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return (moment - EPOCH) // MICROSECOND


def later(moment, sent_at):
    """The moment, or just behind the one at which the message was sent: a server from before the kinds behind READ takes
    them for messages that were sent, unless the times differ."""
    return max(moment, sent_at + MICROSECOND)


def hidden_for(user_id, message):
    return HIDDEN_FOR_SENDER if message.sender_id == user_id else HIDDEN_FOR_RECIPIENT


def write(using, rows):
    """Records (kind, message, time) in the current transaction."""
    connection = connections[using]
    rows = [(DJANGO, kind, one.pk, one.sender_id, one.recipient_id, microseconds(at)) for kind, one, at in rows]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), PIECE):
            piece = rows[start : start + PIECE]
            statement = INSERT[connection.vendor].format(rows=", ".join([ROW[connection.vendor]] * len(piece)))
            cursor.execute(statement, [value for row in piece for value in row])
