# SPDX-License-Identifier: MIT
"""What settings.py means for the server: its settings, by the names of environment variables."""

import urllib.parse

from directmessages.models import Message
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import connections, router
from django.urls import URLResolver, get_resolver

from .tokens import simple_jwt

# What OPTIONS may hold for psycopg beside libpq's keywords, which the URL of the server takes.
NOT_OF_LIBPQ = {"isolation_level", "pool", "assume_role", "server_side_binding", "client_encoding", "cursor_factory"}

USER_COLUMNS = ("first_name", "last_name", "email", "is_active")


class Environment:
    """`values` by variable; `notes`, what can't be said by a variable, each a sentence."""

    def __init__(self):
        self.values, self.notes = {}, []
        for part in (database, user_table, prefix, allowed_recipients, jwt, cors):
            part(self)

    def lines(self):
        return [f"{name}={quoted(value)}" for name, value in self.values.items()]


def quoted(value):
    """In the form that a shell, systemd's EnvironmentFile and --config all read as this text."""
    return '"' + "".join("\\" + one if one in '"\\$`' else one for one in value) + '"'


def database(env):
    using = router.db_for_write(Message)
    connection = connections[using]
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        env.values["DATABASE_URL"] = f"sqlite:///{given['NAME']}"
    elif connection.vendor == "postgresql":
        env.values["DATABASE_URL"] = postgresql_url(given, env)
    else:
        env.notes.append(f"the database is {connection.vendor}; the server works on SQLite and PostgreSQL")


def postgresql_url(given, env):
    def part(name):
        return urllib.parse.quote(str(given.get(name) or ""), safe="")

    host = str(given.get("HOST") or "")
    options = {}
    for name, value in (given.get("OPTIONS") or {}).items():
        if name in NOT_OF_LIBPQ:
            continue
        if isinstance(value, (str, int)):
            options[name] = str(value)
        else:
            env.notes.append(f"OPTIONS[{name!r}] of the database is no text, and was left out")
    if host.startswith("/"):
        options["host"], host = host, ""
    user = part("USER") + (":" + part("PASSWORD") if given.get("PASSWORD") else "")
    place = f"{user}@" if user else ""
    place += f"[{host}]" if ":" in host else host
    place += f":{given['PORT']}" if given.get("PORT") else ""
    query = "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote) if options else ""
    return f"postgresql://{place}/{part('NAME')}{query}"


def user_table(env):
    """The server's defaults are those of auth_user; what differs is named."""
    model = get_user_model()
    named = {
        "TABLE": (model._meta.db_table.replace('"', ""), "auth_user"),
        "ID": (model._meta.pk.column, "id"),
        "USERNAME": (model._meta.get_field(model.USERNAME_FIELD).column, "username"),
    }
    for name in USER_COLUMNS:
        try:
            column = model._meta.get_field(name).column
        except FieldDoesNotExist:
            column = "-"
        named[name.upper()] = (column, name)
    for name, (value, default) in named.items():
        if value != default:
            env.values[f"DIRECTMESSAGES_USER_{name}"] = value


def _prefixes(patterns, before=""):
    for one in patterns:
        text = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _prefixes(one.url_patterns, text)
        elif getattr(getattr(one.callback, "view_class", None), "__module__", "") == "directmessages.views":
            yield text.rpartition("unread/")[0] if text.endswith("unread/") else None


def prefix(env):
    found = {one for one in _prefixes(get_resolver().url_patterns) if one is not None}
    found = {one for one in found if not one.endswith("conversations/")}
    if not found:
        env.notes.append("directmessages.urls is in no URLconf; set DIRECTMESSAGES_PREFIX to where clients look for it")
        return
    value = min(found, key=len).strip("/")
    if len(found) > 1:
        env.notes.append(f"directmessages.urls is included {len(found)} times; one server serves one prefix")
    if any(one in value for one in "<>^$()\\"):
        env.notes.append(f"the prefix {value!r} is a pattern, which the server has not; set DIRECTMESSAGES_PREFIX")
    elif value != "api/dm":
        env.values["DIRECTMESSAGES_PREFIX"] = value


def allowed_recipients(env):
    allowed = getattr(settings, "DIRECTMESSAGES_ALLOWED_RECIPIENTS", None)
    if allowed:
        env.values["DIRECTMESSAGES_ALLOWED_RECIPIENTS"] = ",".join(str(one) for one in sorted(allowed))


def _schemes():
    """The names of the classes by which DRF authenticates."""
    given = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_AUTHENTICATION_CLASSES")
    return None if given is None else {one if isinstance(one, str) else one.__name__ for one in given}


def uses_simple_jwt():
    return any("JWT" in one for one in _schemes() or ()) or hasattr(settings, "SIMPLE_JWT")


def jwt(env):
    if not uses_simple_jwt():
        return
    algorithm, field = simple_jwt("ALGORITHM"), simple_jwt("USER_ID_FIELD")
    if algorithm.startswith("HS"):
        env.values["DIRECTMESSAGES_JWT_SECRET"] = simple_jwt("SIGNING_KEY")
    else:
        env.notes.append(
            f"SimpleJWT signs by {algorithm}; put SIMPLE_JWT['VERIFYING_KEY'] into a file, and set DIRECTMESSAGES_JWT_KEY_FILE"
            " to its name"
        )
    env.values["DIRECTMESSAGES_JWT_CLAIM"] = simple_jwt("USER_ID_CLAIM")
    model = get_user_model()
    if field == model.USERNAME_FIELD:
        env.values["DIRECTMESSAGES_JWT_USER"] = "username"
    elif model._meta.get_field(field) is not model._meta.pk:
        env.notes.append(f"USER_ID_FIELD is {field!r}; the server finds users by their id or username")
    for name in ("ISSUER", "AUDIENCE"):
        value = simple_jwt(name)
        if isinstance(value, str):
            env.values[f"DIRECTMESSAGES_JWT_{name}"] = value
        elif value:
            env.notes.append(f"SIMPLE_JWT[{name!r}] is a list; set DIRECTMESSAGES_JWT_{name} to the one that the tokens have")
    schemes = _schemes()
    if schemes is not None and not any("Token" in one for one in schemes) and algorithm.startswith("HS"):
        env.values["DIRECTMESSAGES_TOKENS"] = "0"


def cors(env):
    if not apps.is_installed("corsheaders"):
        return
    origins = getattr(settings, "CORS_ALLOWED_ORIGINS", None) or getattr(settings, "CORS_ORIGIN_WHITELIST", ())
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", getattr(settings, "CORS_ORIGIN_ALLOW_ALL", False)):
        env.values["DIRECTMESSAGES_CORS_ORIGINS"] = "*"
    elif origins:
        env.values["DIRECTMESSAGES_CORS_ORIGINS"] = ",".join(origins)
    if getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", None):
        env.notes.append("CORS_ALLOWED_ORIGIN_REGEXES are patterns, which the server has not; list the origins")
