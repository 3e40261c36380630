# SPDX-License-Identifier: MIT
"""djangorestframework-simplejwt as the other side: its tokens, and what it answers to any Authorization header.

It runs in the Python of the reference (reference_project.py), which this program is given to.
"""

import json
import subprocess

import reference_project

PROGRAM = """
import json, sys
asked = json.load(sys.stdin)

from django.conf import settings
settings.configure(
    SECRET_KEY=asked["secret"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT={"LEEWAY": 30, **asked["settings"]},
)
import django
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

@api_view(["GET"])
def caller(request):
    return Response({"id": request.user.id})

urlpatterns = [path("", caller)]
call_command("migrate", verbosity=0)
for identity, active in asked["users"]:
    User.objects.create(id=identity, username=f"user{identity}", is_active=active)

answers = []
for header in asked["headers"]:
    response = Client(HTTP_AUTHORIZATION=header).get("/")
    answers.append([response.status_code, response.content.decode(), response.headers.get("WWW-Authenticate")])
user = User(id=asked["users"][0][0])
tokens = {"access": str(AccessToken.for_user(user)), "refresh": str(RefreshToken.for_user(user))}
json.dump({"answers": answers, "tokens": tokens}, sys.stdout)
"""


def ask(secret, users, headers=(), **settings):
    """What it answers to each header, as (status, body, WWW-Authenticate), and two tokens of the first user; `users` are
    pairs of an id and whether the user is active, `settings` are of SIMPLE_JWT."""
    asked = {"secret": secret, "users": users, "headers": list(headers), "settings": settings}
    command = [reference_project.python(), "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(asked), text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return [tuple(one) for one in answer["answers"]], answer["tokens"]
