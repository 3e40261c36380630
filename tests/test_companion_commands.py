# SPDX-License-Identifier: MIT
"""contrib/django: manage.py dm_settings and dm_check, and the views for users who come with a session."""

import json
import os
import re
import stat
import subprocess

import pytest

import companion_project
import harness
from clients import Client
from companion_project import CompanionProject
from jwts import bearer
from test_django_users import CLUB, CLUB_SETTINGS
from webhook_receiver import LOCAL

WHY_NOT = companion_project.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

JWT = """
INSTALLED_APPS += ["rest_framework_simplejwt"]
REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["rest_framework_simplejwt.authentication.JWTAuthentication"]
SIMPLE_JWT = {"SIGNING_KEY": %r, "ISSUER": "https://example.org"}
"""
HARD_KEY = "it's a \"key\" with $HOME, `date`, \\ and #, and 32 bytes"


def ready(folder, database, settings="", urls="", **more):
    project = CompanionProject(folder, database, settings, urls, **more)
    project.migrate()
    return project


def in_a_shell(lines):
    """The variables, as a shell that reads the lines exports them."""
    done = subprocess.run(["sh", "-ec", f"set -a\n{lines}\nenv -0"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    exported = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    return {name: value for name, value in exported.items() if name.startswith("D")}


# ---- dm_settings


def test_its_settings_are_good_for_the_server(tmp_path, database, make_server):
    more = JWT % HARD_KEY + (
        "INSTALLED_APPS.append('corsheaders')\n"
        "CORS_ALLOWED_ORIGINS = ['https://app.example.org', 'https://b.example.org:8443']\n"
        "DIRECTMESSAGES_ALLOWED_RECIPIENTS = [2, 1]\n"
    )
    urls = "urlpatterns[0] = path('v1/messages/', include('directmessages.urls'))\n"
    project = ready(tmp_path / "project", database, more, urls)
    said, notes = project.command("dm_settings")
    env = in_a_shell(said)
    assert notes == ""
    assert env.pop("DATABASE_URL").startswith(database.name)
    assert env == {
        "DIRECTMESSAGES_PREFIX": "v1/messages",
        "DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1,2",
        "DIRECTMESSAGES_JWT_SECRET": HARD_KEY,
        "DIRECTMESSAGES_JWT_CLAIM": "user_id",
        "DIRECTMESSAGES_JWT_ISSUER": "https://example.org",
        "DIRECTMESSAGES_TOKENS": "0",
        "DIRECTMESSAGES_CORS_ORIGINS": "https://app.example.org,https://b.example.org:8443",
    }
    done = harness.run_program("migrate", "--check", env=in_a_shell(said))
    assert done.returncode == 0, done  # the database that Django has migrated
    (one, _), (two, _), (three, _) = project.users("one", "two", "three")
    file = tmp_path / "directmessages.env"
    project.command("dm_settings", "--output", str(file))
    server = make_server(database=database.store, flags=["--config", file])  # which reads them as the shell did
    server.prefix = "/v1/messages/"
    token = project.shell(
        "from rest_framework_simplejwt.tokens import AccessToken\nfrom django.contrib.auth.models import User\n"
        "result = [str(AccessToken.for_user(user)) for user in User.objects.order_by('id')]"
    )
    for sender, to, status in ((token[0], three, 201), (token[2], one, 201), (token[2], three, 400)):
        headers = {**bearer(sender), "Content-Type": "application/json", "Origin": "https://app.example.org"}
        answer = Client(server).request("POST", f"send/{to}/", b'{"content":"x"}', headers)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "https://app.example.org")


@pytest.mark.short_on("sqlite")
def test_the_file_is_the_owners_alone(tmp_path, database):
    project = ready(tmp_path / "project", database)
    file = tmp_path / "directmessages.env"
    file.write_text("old")
    file.chmod(0o644)
    assert project.command("dm_settings", "--output", str(file)) == ("", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == project.command("dm_settings")[0]
    assert os.listdir(tmp_path).count("directmessages.env") == 1
    _, said = project.command("dm_settings", "--output", str(tmp_path / "none" / "x"), status=1)
    assert "cannot write" in said and "name a file" in said


def test_a_user_model_of_ones_own(tmp_path, database, make_server):
    settings = "AUTH_USER_MODEL = 'club.Member'\n"
    project = CompanionProject(tmp_path / "project", database, settings, apps={"club": CLUB})
    project.manage("makemigrations", "club")
    project.manage("migrate")
    env = in_a_shell(project.command("dm_settings")[0])
    assert env.pop("DATABASE_URL") and env == CLUB_SETTINGS
    assert database.run("migrate", env=env).returncode == 0
    ((one, token),) = project.users("a@example.org")
    server = make_server(database=database.store, env=env)
    assert Client(server, token).get("unread/").json() == {"id": one, "count": 0}


@pytest.mark.postgresql
def test_the_url_of_a_database_with_odd_names(tmp_path, database):
    project = CompanionProject(tmp_path / "project", database)
    with open(project.folder / "settings.py", "a", encoding="utf-8") as file:
        file.write(
            "DATABASES['default'].update(USER='a user@x', PASSWORD='p:/?#[]@ %', HOST='/var/run/postgresql', PORT='5433',"
            " NAME='a/b', OPTIONS={'sslmode': 'disable', 'isolation_level': 3, 'pool': False})\n"
        )
    said, _ = project.command("dm_settings")
    (line,) = [line for line in said.splitlines() if line.startswith("DATABASE_URL=")]
    url = in_a_shell(line)["DATABASE_URL"]
    assert url == (
        "postgresql://a%20user%40x:p%3A%2F%3F%23%5B%5D%40%20%25@:5433/a%2Fb?sslmode=disable&host=%2Fvar%2Frun%2Fpostgresql"
    )
    done = harness.run_program("migrate", "--check", database=url)
    assert "/var/run/postgresql/.s.PGSQL.5433" in done.stderr, done  # that is where it was looked for


@pytest.mark.short_on("sqlite")
def test_what_no_setting_can_say_is_a_note(tmp_path, database):
    more = (
        "INSTALLED_APPS += ['corsheaders']\nCORS_ALLOWED_ORIGIN_REGEXES = ['^https://.*$']\n"
        "SIMPLE_JWT = {'ALGORITHM': 'RS256', 'SIGNING_KEY': 'x', 'VERIFYING_KEY': 'y', 'AUDIENCE': ['a', 'b']}\n"
    )
    project = CompanionProject(tmp_path / "project", database, more, "del urlpatterns[0]\n")
    said, notes = project.command("dm_settings")
    assert "JWT_SECRET" not in said and "PREFIX" not in said
    for words in ("VERIFYING_KEY", "AUDIENCE", "CORS_ALLOWED_ORIGIN_REGEXES", "DIRECTMESSAGES_PREFIX"):
        assert re.search(f"note: .*{words}", notes), notes


# ---- dm_check


def check(project, *arguments, status=0):
    """The findings: pairs of level and message by check; each line of `--json` is one."""
    said, _ = project.command("dm_check", "--json", *arguments, status=status)
    found = {}
    for line in said.splitlines():
        finding = json.loads(line)
        found.setdefault(finding["check"], []).append((finding["level"], finding["message"]))
    return found


def add_endpoint(database, url, secret=companion_project.SECRET, *flags):
    assert database.run("webhook", "create", url, "--secret", secret, *flags).returncode == 0


def test_where_all_agrees(tmp_path, database, make_both):
    project = ready(tmp_path / "project", database, JWT % HARD_KEY)
    file = tmp_path / "directmessages.env"
    project.command("dm_settings", "--output", str(file))
    both = make_both(project, env=LOCAL)
    add_endpoint(database, f"http://127.0.0.1:{both.served.port}/dm/webhook/")
    arguments = ["--env-file", str(file), "--server", f"http://127.0.0.1:{both.server.port}"]
    found = check(project, *arguments)
    assert {level for findings in found.values() for level, _ in findings} == {"ok"}, found
    assert set(found) >= {"database", "schema", "times", "users", "recording", "handled", "keys", "webhook", "server"}
    text, _ = project.command("dm_check", *arguments)
    assert "ok      webhook: endpoint 1" in text.splitlines()
    assert companion_project.SECRET not in text and HARD_KEY not in text


def only(found, name, level):
    (finding,) = [message for kind, message in found[name] if kind == level]
    return finding


def test_before_our_tables_are_there(tmp_path, database):
    project = CompanionProject(tmp_path / "project", database)
    found = check(project, status=1)
    assert "run 'manage.py migrate'" in only(found, "handled", "error")
    project.manage("migrate")
    found = check(project, status=1)
    assert "run 'directmessages migrate'" in only(found, "schema", "error")
    assert database.run("migrate").returncode == 0
    assert "webhook create https://YOUR.SITE/dm/webhook/" in only(check(project, status=1), "webhook", "error")
    database.sql("ALTER TABLE directmessages_delivery DROP COLUMN origin")
    assert "has no directmessages_delivery.origin; run" in only(check(project, status=1), "schema", "error")


@pytest.mark.short_on("postgresql")
def test_what_is_wrong_with_the_webhook(tmp_path, database, make_both):
    project = ready(tmp_path / "project", database)
    add_endpoint(database, "http://127.0.0.1:9/dm/webhook/")
    assert "does not accept a test" in only(check(project, status=1), "webhook", "error")
    check(project, "--offline")
    database.sql("UPDATE directmessages_webhook SET events = 1")
    assert "some events only" in only(check(project, "--offline"), "webhook", "warning")
    database.sql("UPDATE directmessages_webhook SET is_active = (1 = 0), disabled_why = 'it said 410 Gone'")
    assert "webhook enable 1" in only(check(project, "--offline", status=1), "webhook", "error")
    database.sql(f"UPDATE directmessages_webhook SET is_active = (1 = 1), secret = 'whsec_{'WFla' * 10}'")
    assert "webhook rotate 1" in only(check(project, "--offline", status=1), "webhook", "error")
    for secret, words in (("", "is not set"), ("whsec_short", "is no secret"), (companion_project.SECRET[6:], "is no secret")):
        with open(project.folder / "settings.py", "a", encoding="utf-8") as file:
            file.write(f"DIRECTMESSAGES_WEBHOOK_SECRET = {secret!r}\n")
        assert words in only(check(project, "--offline", status=1), "webhook", "error")


@pytest.mark.short_on("postgresql")
def test_what_is_wrong_with_settings(tmp_path, database):
    more = (
        "DIRECTMESSAGES_ALLOWED_RECIPIENTS = [1]\nTIME_ZONE = 'Europe/Berlin'\nDIRECTMESSAGES_RECORD_EVENTS = False\n"
        "SIMPLE_JWT = {'SIGNING_KEY': 'short'}\n"
    )
    project = ready(tmp_path / "project", database, more)
    add_endpoint(database, "http://127.0.0.1:9/dm/webhook/")
    file = tmp_path / "server.env"
    lines = project.command("dm_settings")[0]
    changed = lines.replace('RECIPIENTS="1"', "RECIPIENTS='1,2'").replace("DIRECTMESSAGES_JWT_CLAIM", "#")
    file.write_text(changed + "DIRECTMESSAGES_USER_TABLE=people\n")
    found = check(project, "--offline", "--env-file", str(file), "--server", "http://127.0.0.1:9", status=1)
    assert "fewer than 32 bytes" in only(found, "keys", "error")
    assert "Europe/Berlin" in only(found, "times", "warning")
    assert "RECORD_EVENTS is False" in only(found, "recording", "warning")
    assert "start the server" in only(found, "server", "error")
    wrong = " ".join(message for level, message in found["settings_of"] if level == "error")
    for words in ("RECIPIENTS in", "JWT_CLAIM is not in", "USER_TABLE is in"):
        assert words in wrong
    assert "DATABASE_URL" not in wrong
    with open(project.folder / "settings.py", "a", encoding="utf-8") as text:
        text.write("USE_TZ = False\n")
    found = check(project, "--offline", "--env-file", str(tmp_path / "none"), status=1)
    assert "set USE_TZ = True" in only(found, "times", "error")
    assert "can't be read" in only(found, "settings_of", "error")


@pytest.mark.postgresql
def test_a_restored_database_waits_for_the_server(tmp_path, database):
    project = ready(tmp_path / "project", database)
    database.sql("UPDATE directmessages_event SET transaction = 1000000000000 WHERE kind = 0")
    assert "start the server before Django writes" in only(check(project, "--offline", status=1), "schema", "error")


def test_a_database_that_is_away(tmp_path, database):
    project = ready(tmp_path / "project", database)
    with open(project.folder / "settings.py", "a", encoding="utf-8") as file:
        file.write("DATABASES['default']['NAME'] = '/nowhere/at/all'\n")
    found = check(project, "--offline", status=1)
    assert "check DATABASES" in only(found, "database", "error")


# ---- sessions


def log_in(client, name):
    """The cookies of a session as a header, and Django's CSRF token."""
    answer = client.request(
        "POST", "/login/", f"username={name}".encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status == 200, answer
    cookies = [line.split(";")[0] for line in answer.headers.get_all("Set-Cookie")]
    return {"Cookie": "; ".join(cookies)}, answer.text


@pytest.mark.short_on("postgresql")
def test_a_session_gets_a_jwt_that_we_accept(tmp_path, database, make_both):
    project = ready(tmp_path / "project", database, JWT % HARD_KEY)
    both = make_both(project, env=in_a_shell(project.command("dm_settings")[0]))
    ((one, _),) = project.users("one")
    django = Client(both.served)
    cookies, csrf = log_in(django, "one")
    asking = {**cookies, "X-CSRFToken": csrf}
    answer = django.request("POST", "/dm/token/", b"", asking)
    assert answer.status == 200 and "no-store" in answer.headers["Cache-Control"], answer
    given = answer.json()
    assert given["expires_in"] == 300
    assert Client(both.server).get("unread/", bearer(given["token"])).json() == {"id": one, "count": 0}
    assert django.request("GET", "/api/dm/unread/", headers=bearer(given["token"])).status == 200  # SimpleJWT's view of it
    assert django.request("POST", "/dm/token/", b"", cookies).status == 403  # no CSRF token
    anonymous = {"Cookie": f"csrftoken={csrf}", "X-CSRFToken": csrf}
    assert django.request("POST", "/dm/token/", b"", anonymous).status == 401
    assert django.request("GET", "/dm/token/", headers=cookies).status == 405


@pytest.mark.short_on("sqlite")
def test_auth_request_names_the_user(tmp_path, database, make_both):
    project = ready(tmp_path / "project", database)
    both = make_both(project)
    ((one, _),) = project.users("one")
    django = Client(both.served)
    cookies, _ = log_in(django, "one")
    answer = django.get("/dm/auth/", cookies)
    assert (answer.status, answer.headers["X-User-Id"], answer.body) == (204, str(one), b"")
    assert "no-store" in answer.headers["Cache-Control"]
    for headers in ({}, {"X-User-Id": str(one)}, {"Cookie": "sessionid=0"}):
        answer = django.get("/dm/auth/", headers)
        assert (answer.status, answer.headers["X-User-Id"]) == (204, "")
    database.sql(f"UPDATE auth_user SET is_active = (1 = 0) WHERE id = {one}")
    assert django.get("/dm/auth/", cookies).headers["X-User-Id"] == ""
