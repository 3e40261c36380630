# SPDX-License-Identifier: MIT
"""What the project and the server must agree on: each check gives findings, which say what is wrong and what to do."""

import base64
import binascii
import collections

from directmessages.models import Message
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import Error, connections, models, router

from . import events
from .environment import Environment, uses_simple_jwt
from .models import Delivery
from .tokens import simple_jwt

OK, WARNING, ERROR = "ok", "warning", "error"
MIN_TIMEOUT = 5  # seconds that Django waits for a locked SQLite file; the server's own default
MIN_KEY = 32  # bytes of a secret that signs JWTs; the server refuses shorter ones

Finding = collections.namedtuple("Finding", "level check message")


def _using():
    return router.db_for_write(Message)


def _rows(statement, *parameters):
    with connections[_using()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _tables():
    return set(connections[_using()].introspection.table_names())


def _columns(table):
    connection = connections[_using()]
    with connection.cursor() as cursor:
        return {one.name for one in connection.introspection.get_table_description(cursor, table)}


def database():
    connection = connections[_using()]
    if connection.vendor not in events.HAS_LOG:
        yield ERROR, f"the messages are in {connection.vendor}; the server works on SQLite and PostgreSQL: move them there"
        return
    _rows("SELECT 1")
    yield OK, connection.vendor
    if connection.vendor == "sqlite":
        yield from _sqlite(connection)


def _sqlite(connection):
    given = connection.settings_dict.get("OPTIONS") or {}
    if float(given.get("timeout", 5)) < MIN_TIMEOUT:
        yield WARNING, f"Django waits only {given['timeout']} s for a locked file; set OPTIONS['timeout'] to 20"
    if _rows("PRAGMA journal_mode")[0][0] != "wal":
        yield ERROR, "the file is not in WAL mode, so readers stop writers; run 'directmessages migrate'"


def schema():
    """The tables and columns of the server's that this package uses."""
    tables = _tables()
    if "directmessages_schema" not in tables:
        yield ERROR, "the server's tables are missing; run 'directmessages migrate' on this database"
        return
    lacking = [
        f"{table}.origin"
        for table in ("directmessages_event", "directmessages_delivery")
        if table not in tables or "origin" not in _columns(table)
    ]
    number = _rows("SELECT max(number) FROM directmessages_schema")[0][0]
    if lacking:
        yield ERROR, f"the schema is at step {number} and has no {lacking[0]}; run 'directmessages migrate' of this release"
    else:
        yield OK, f"step {number}"
        yield from _numbers()


def _numbers():
    """Whether the log goes on where it is, after a restore into another cluster."""
    if connections[_using()].vendor == "postgresql" and _rows(
        "SELECT 1 FROM directmessages_event_log WHERE (SELECT max(transaction) FROM directmessages_event)"
        " >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + base"
    ):
        yield ERROR, "the database was restored, and no server has used it since; start the server before Django writes"


def times():
    zone = connections[_using()].settings_dict.get("TIME_ZONE")
    if not settings.USE_TZ:
        yield ERROR, "USE_TZ is False, so Django stores local times; the server reads and writes UTC: set USE_TZ = True"
    elif zone not in (None, "UTC"):
        yield ERROR, f"TIME_ZONE of the database is {zone}; the server reads and writes UTC: remove it"
    elif settings.TIME_ZONE != "UTC":
        yield WARNING, f"TIME_ZONE is {settings.TIME_ZONE}: the server writes the same instants with Z, and Django with an offset"
    else:
        yield OK, "UTC"


def users():
    model = get_user_model()
    table, key = model._meta.db_table, model._meta.pk
    if not isinstance(key, (models.AutoField, models.IntegerField)):
        yield ERROR, f"the key of {table} is a {type(key).__name__}; the server needs an integer: it can't serve this project"
    elif table.replace('"', "") not in _tables() and "." not in table:
        yield ERROR, f"there is no table {table}; run 'manage.py migrate'"
    else:
        yield OK, table


def recording():
    if not getattr(Message._save_table, "__wrapped__", None):
        yield ERROR, "Message.save is not recorded; add 'directmessages_companion' to INSTALLED_APPS"
    elif not getattr(settings, "DIRECTMESSAGES_RECORD_EVENTS", True):
        yield WARNING, "DIRECTMESSAGES_RECORD_EVENTS is False: streams and webhooks don't tell what Django stores"
    elif not events.has_log(_using()):
        yield ERROR, "the database has no event log with origins, so nothing is recorded; run 'directmessages migrate'"
    else:
        yield OK, "what Django stores is recorded"


def handled():
    if Delivery._meta.db_table in set(connections[router.db_for_write(Delivery)].introspection.table_names()):
        yield OK, Delivery._meta.db_table
    else:
        yield ERROR, f"there is no table {Delivery._meta.db_table}; run 'manage.py migrate'"


def keys():
    if not uses_simple_jwt():
        yield OK, "no SimpleJWT"
    elif not simple_jwt("ALGORITHM").startswith("HS"):
        yield OK, f"{simple_jwt('ALGORITHM')}: the server needs the public key, in a file"
    elif len(simple_jwt("SIGNING_KEY").encode()) < MIN_KEY:
        yield ERROR, f"the key that signs JWTs has fewer than {MIN_KEY} bytes, and the server refuses it; set a longer SIGNING_KEY"
    else:
        yield OK, simple_jwt("ALGORITHM")


def is_secret(text):
    try:
        length = len(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return False
    return text.startswith("whsec_") and 24 <= length <= 64


CHECKS = (database, schema, times, users, recording, handled, keys)


def settings_of(path):
    """Compares a file of settings that the server reads with what settings.py means; never shows a value."""
    env = Environment()
    try:
        with open(path, encoding="utf-8") as file:
            theirs = read_env(file)
    except (OSError, UnicodeDecodeError) as error:
        yield ERROR, f"{path} can't be read ({error}); give --env-file the file that the server reads"
        return
    for name, value in env.values.items():
        if name not in theirs:
            yield ERROR, f"{name} is not in {path}; add the line that 'manage.py dm_settings' prints"
        elif theirs[name] != value:
            yield ERROR, f"{name} in {path} is not what settings.py says; take the line that 'manage.py dm_settings' prints"
    for name in OF_THE_PROJECT:
        if name in theirs and name not in env.values:
            yield ERROR, f"{name} is in {path} and not in settings.py; remove the line, or set the project's"
    for note in env.notes:
        yield WARNING, note


# Settings that both must have or neither.
OF_THE_PROJECT = ("DIRECTMESSAGES_ALLOWED_RECIPIENTS", "DIRECTMESSAGES_USER_TABLE", "DIRECTMESSAGES_CORS_ORIGINS")


def read_env(lines):
    """NAME=VALUE lines as systemd's EnvironmentFile; a value may be in quotes."""
    found = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith(("#", ";")):
            continue
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = _unescaped(value[1:-1])
        elif len(value) >= 2 and value[0] == value[-1] == "'":
            value = value[1:-1]
        found[name] = value
    return found


def _unescaped(text):
    out, letters = [], iter(text)
    for one in letters:
        out.append(next(letters, "") if one == "\\" else one)
    return "".join(out)


def run(check, *arguments):
    """The findings of one check; a database that fails is one, too."""
    name = check.__name__.strip("_")
    try:
        for level, message in check(*arguments):
            yield Finding(level, name, message)
    except Error as error:
        yield Finding(ERROR, name, f"the database fails: {' '.join(str(error).split())}; check DATABASES")
