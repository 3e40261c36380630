# SPDX-License-Identifier: MIT
"""Users, passwords and tokens of a Django project work here, and ours there, user models of its own included."""

import pytest

import reference_project
from clients import User
from django_project import DjangoProject, check_same
from commands import check_error

pytestmark = pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not()))

# Where Django finds no password that it can compare with, it hashes all the same, which costs half a second; so it does anew what it
# has compared once. One iteration of those is enough, and our own hash keeps its many.
AUTHENTICATE = """
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher
PBKDF2PasswordHasher.iterations = 1
result = [bool(authenticate(username={name!r}, password=password)) for password in {passwords!r}]
"""

# As Django's manual says to begin every project: auth_user under another name.
ACCOUNTS = """
from django.contrib.auth.models import AbstractUser
class User(AbstractUser):
    pass
"""
ACCOUNTS_SETTINGS = {"DIRECTMESSAGES_USER_TABLE": "accounts_user"}
WITH_PHONE = """
from django.contrib.auth.models import AbstractUser
from django.db import models
class User(AbstractUser):
    phone = models.CharField(max_length=9)
"""
# The name is an e-mail address, most columns have other names or are not there, the key has 32 bits.
CLUB = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
class Manager(BaseUserManager):
    def create_user(self, email, password=None):
        member = self.model(email=email)
        member.set_password(password)
        member.save()
        return member
class Member(AbstractBaseUser):
    id = models.AutoField(primary_key=True, db_column="Number")
    email = models.EmailField(unique=True, db_column="mail")
    last_name = models.CharField(max_length=50, null=True, db_column="family name")
    is_active = models.BooleanField(default=True, db_column="enabled")
    first_name = ""
    objects = Manager()
    USERNAME_FIELD = "email"
    username = property(lambda self: self.email)
    class Meta:
        db_table = "Club Member"
"""
CLUB_SETTINGS = {
    "DIRECTMESSAGES_USER_TABLE": "Club Member",
    "DIRECTMESSAGES_USER_ID": "Number",
    "DIRECTMESSAGES_USER_USERNAME": "mail",
    "DIRECTMESSAGES_USER_FIRST_NAME": "-",
    "DIRECTMESSAGES_USER_LAST_NAME": "family name",
    "DIRECTMESSAGES_USER_EMAIL": "mail",
    "DIRECTMESSAGES_USER_IS_ACTIVE": "enabled",
}
UUID = """
import uuid
from django.contrib.auth.models import AbstractUser
from django.db import models
class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
"""


def done(database, *arguments, **options):
    result = database.run(*arguments, **options)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def status(client):
    return client.get("unread/").status


@pytest.fixture
def project(tmp_path, database):
    made = DjangoProject(tmp_path / "project", database)
    made.migrate()
    return made


@pytest.fixture
def make_custom(tmp_path, database):
    """A project whose user model is one of an app of its own."""

    def make(app, model, models):
        settings = f"AUTH_USER_MODEL = '{app}.{model}'\n"
        made = DjangoProject(tmp_path / "project", database, settings, apps={app: models})
        made.manage("makemigrations", app)
        made.manage("migrate")
        return made

    return make


# ---- Django's own user model


def test_passwords_go_both_ways(project, database):
    done(database, "user", "create", "john", "--password-stdin", "--email", "j@x.org", stdin="p\u00e4ss w\n")
    done(database, "user", "create", "jane")
    passwords = ["pass w", "p\u00e4ss w", "", "!"]
    assert project.shell(AUTHENTICATE.format(name="john", passwords=passwords)) == [False, True, False, False]
    assert project.shell(AUTHENTICATE.format(name="jane", passwords=passwords)) == [False] * 4
    assert project.shell(
        "from django.contrib.auth.models import User\n"
        "john, jane = User.objects.order_by('id')\n"
        "result = [john.email, john.is_staff, john.is_superuser, john.has_usable_password(),"
        " jane.has_usable_password(), jane.last_login]"
    ) == ["j@x.org", False, False, True, False, None]
    project.users("mary")
    assert [line.split("\t")[1] for line in done(database, "user", "list").splitlines()[1:]] == ["john", "jane", "mary"]
    assert project.shell(AUTHENTICATE.format(name="mary", passwords=["x"])) == [True]


def test_tokens_go_both_ways(project, database, make_both):
    both = make_both(project)
    done(database, "user", "create", "john")
    (jane,) = both.accounts("jane")
    assert done(database, "token", "create", "jane").strip() == jane.token

    def key_of_django(*flags):
        return project.manage("drf_create_token", "john", *flags).split()[2]

    def check(key, wanted):
        assert [status(User(server, key, 1, "john")) for server in (both.server, both.served)] == [wanted] * 2

    first = key_of_django()
    check(first, 200)
    assert done(database, "token", "create", "john").strip() == first
    ours = done(database, "token", "create", "john", "--reset").strip()
    check(first, 401)
    check(ours, 200)
    assert key_of_django() == ours
    theirs = key_of_django("-r")
    check(ours, 401)
    check(theirs, 200)
    done(database, "token", "revoke", "john")
    check(theirs, 401)


def test_who_is_not_active_is_refused_by_both(project, database, make_both):
    (john,) = make_both(project).accounts("john")
    script = "from django.contrib.auth.models import User\nresult = User.objects.update(is_active=%s)"
    for change, wanted in (
        (lambda: done(database, "user", "deactivate", "john"), 401),
        (lambda: project.shell(script % True), 200),
        (lambda: project.shell(script % False), 401),
        (lambda: done(database, "user", "activate", "john"), 200),
    ):
        change()
        assert [status(john.ours), status(john.theirs)] == [wanted, wanted]


# ---- a user model of the project's own


def test_a_subclass_of_abstract_user(make_custom, database, make_both):
    project = make_custom("accounts", "User", ACCOUNTS)
    check_error(database.run("migrate"), 1)  # without the setting there is no auth_user
    assert "applied 0001" in done(database, "migrate", env=ACCOUNTS_SETTINGS)
    assert "auth_user" not in database.tables()
    both = make_both(project, env=ACCOUNTS_SETTINGS)
    one, two = both.accounts("one", "two")
    one.ours.send(two, "by us")
    two.theirs.send(one, "by them")
    check_same([one, two])
    done(database, "user", "create", "john", "--password-stdin", stdin="secret\n", env=ACCOUNTS_SETTINGS)
    assert project.shell(AUTHENTICATE.format(name="john", passwords=["secret", "x"])) == [True, False]
    token = done(database, "token", "create", "john", env=ACCOUNTS_SETTINGS).strip()
    assert [status(User(server, token, 3, "john")) for server in (both.server, both.served)] == [200, 200]
    project.check_clean()


def test_a_model_with_a_column_more(make_custom, database, make_both):
    project = make_custom("accounts", "User", WITH_PHONE)
    done(database, "migrate", env=ACCOUNTS_SETTINGS)
    refused = database.run("user", "create", "john", env=ACCOUNTS_SETTINGS)
    check_error(refused, 1)
    assert "phone" in refused.stderr and "Django project" in refused.stderr
    one, two = make_both(project, env=ACCOUNTS_SETTINGS).accounts("one", "two")
    one.ours.send(two)
    check_same([one, two])


def test_a_model_with_an_address_for_a_name(make_custom, database, make_both):
    project = make_custom("club", "Member", CLUB)
    done(database, "migrate", env=CLUB_SETTINGS)
    both = make_both(project, env=CLUB_SETTINGS)
    ann, ben = both.accounts("ann@x.org", "ben@x.org")
    project.shell("from club.models import Member\nresult = Member.objects.filter(id=1).update(last_name='Archer')")
    ann.ours.send(ben, "by us")
    ann.theirs.send(ben, "by them")
    assert ben.ours.get("conversations/unread/").json() == [
        {"partner_id": ann.id, "partner_username": "ann@x.org", "unread_count": 2}
    ]
    assert ben.ours.partners()["results"] == [
        {"id": ann.id, "username": "ann@x.org", "first_name": "", "last_name": "Archer"}
    ]
    # The reference answers null for a name that is NULL, against its own schema; we answer "".
    project.shell("from club.models import Member\nresult = Member.objects.filter(id=2).update(last_name='')")
    check_same([ann, ben])
    done(database, "user", "deactivate", "ben@x.org", env=CLUB_SETTINGS)
    assert [status(ben.ours), status(ben.theirs)] == [401, 401]
    key = done(database, "token", "create", "ann@x.org", "--reset", env=CLUB_SETTINGS).strip()
    assert [status(User(server, key, 1, "ann")) for server in (both.server, both.served)] == [200, 200]
    done(database, "token", "revoke", "ann@x.org", env=CLUB_SETTINGS)
    assert len(done(database, "message", "list", "--user", "ben@x.org", env=CLUB_SETTINGS).splitlines()) == 3
    refused = database.run("user", "create", "john", env=CLUB_SETTINGS)
    check_error(refused, 1)
    assert "Django project" in refused.stderr
    project.check_clean()


def test_a_uuid_for_a_key_is_refused(make_custom, database):
    make_custom("accounts", "User", UUID)
    before = database.tables()
    for command in (["migrate"], ["migrate", "--check"], ["serve", "--listen", "127.0.0.1:0"], ["user", "list"]):
        refused = database.run(*command, env=ACCOUNTS_SETTINGS)
        check_error(refused, 1)
        assert "accounts_user.id" in refused.stderr and "integer" in refused.stderr
    assert database.tables() == before
