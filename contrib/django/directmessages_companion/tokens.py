# SPDX-License-Identifier: MIT
"""For users who come with a session: a JWT for the server, and the answer to nginx's auth_request."""

import datetime
import uuid

import jwt
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

LIFETIME = datetime.timedelta(minutes=5)

# SimpleJWT's defaults, for what settings.SIMPLE_JWT leaves out.
DEFAULTS = {
    "ALGORITHM": "HS256",
    "VERIFYING_KEY": "",
    "AUDIENCE": None,
    "ISSUER": None,
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "user_id",
    "TOKEN_TYPE_CLAIM": "token_type",
    "JTI_CLAIM": "jti",
}


def simple_jwt(name):
    """A setting of SimpleJWT, whether or not the package is installed."""
    given = getattr(settings, "SIMPLE_JWT", {})
    if name == "SIGNING_KEY":
        return given.get(name, settings.SECRET_KEY)
    return given.get(name, DEFAULTS[name])


def make(user):
    """An access token as SimpleJWT makes it, good for five minutes."""
    now = datetime.datetime.now(datetime.timezone.utc)
    claims = {
        simple_jwt("TOKEN_TYPE_CLAIM"): "access",
        simple_jwt("USER_ID_CLAIM"): str(getattr(user, simple_jwt("USER_ID_FIELD"))),
        simple_jwt("JTI_CLAIM") or "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + LIFETIME,
    }
    for claim, setting in (("iss", "ISSUER"), ("aud", "AUDIENCE")):
        if simple_jwt(setting) is not None:
            claims[claim] = simple_jwt(setting)
    return jwt.encode(claims, simple_jwt("SIGNING_KEY"), algorithm=simple_jwt("ALGORITHM"))


def _is_user(request):
    return request.user.is_authenticated and request.user.is_active


@never_cache
@require_POST
def token(request):
    """POST, with Django's CSRF token: {"token": a JWT, "expires_in": seconds}."""
    if not _is_user(request):
        return JsonResponse({"detail": "Authentication credentials were not provided."}, status=401)
    return JsonResponse({"token": make(request.user), "expires_in": int(LIFETIME.total_seconds())})


@never_cache
@require_GET
def auth_request(request):
    """204 with the user's id in X-User-Id, which is empty for nobody: what nginx's auth_request asks for. Not 401: clients
    with a token come by the same path, and the server answers the others."""
    return HttpResponse(status=204, headers={"X-User-Id": str(request.user.pk) if _is_user(request) else ""})
