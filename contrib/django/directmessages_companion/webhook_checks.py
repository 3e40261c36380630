# SPDX-License-Identifier: MIT
"""Whether the server's webhook reaches the view: the secret, the endpoint, a request."""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from standardwebhooks import Webhook

from .checks import ERROR, OK, WARNING, _rows, _tables, is_secret
from .webhook import secrets

TIMEOUT = 10  # seconds
BOTH = 3  # directmessages_webhook.events: sent and read


def webhook(ask):
    """`ask`: also POST a test to the endpoint's URL."""
    try:
        known, path = secrets(), reverse("directmessages_companion:webhook")
    except ImproperlyConfigured as error:
        yield ERROR, str(error)
        return
    except NoReverseMatch:
        yield ERROR, "the webhook's view is in no URLconf; add path('dm/', include('directmessages_companion.urls')) to urls.py"
        return
    if not all(is_secret(one) for one in known):
        yield ERROR, "DIRECTMESSAGES_WEBHOOK_SECRET is no secret of a webhook: 'whsec_' and the base64 of 24 to 64 bytes"
        return
    if "directmessages_webhook" not in _tables():
        return  # another check says so
    rows = _rows("SELECT id, url, secret, events, is_active, disabled_why FROM directmessages_webhook ORDER BY id")
    ours = [row for row in rows if urllib.parse.urlsplit(row[1]).path == path]
    if not ours:
        yield ERROR, f"no endpoint has the path {path}; run 'directmessages webhook create https://YOUR.SITE{path}'"
    for row in ours:
        yield from _endpoint(known, ask, *row)


def _endpoint(known, ask, number, url, secret, events, is_active, why):
    if not is_active:
        yield ERROR, f"endpoint {number} is disabled ({why}); mend that, then run 'directmessages webhook enable {number}'"
    if secret not in known:
        yield ERROR, f"endpoint {number} signs with another secret; run 'directmessages webhook rotate {number}', and set the new one"
        return
    if events & BOTH != BOTH:
        yield WARNING, f"endpoint {number} is told of some events only; receivers of the others are not called"
    said = _post(url, secret) if ask else None
    if said:
        yield ERROR, f"endpoint {number} does not accept a test ({said}); the server can't reach the view either"
    else:
        yield OK, f"endpoint {number}"


def _post(url, secret):
    """Posts what 'directmessages webhook test' posts; gives what is wrong, or None."""
    now = datetime.datetime.now(datetime.timezone.utc)
    body = json.dumps({"type": "webhook.test", "timestamp": now.isoformat(), "data": {}})
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "msg_check",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_check", now, body),
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers), timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def server(url):
    """Whether the server at this URL is ready."""
    try:
        with urllib.request.urlopen(url.rstrip("/") + "/readyz", timeout=TIMEOUT):
            yield OK, "ready"
    except urllib.error.HTTPError as error:
        yield ERROR, f"{url}/readyz has the status {error.code}; look at the server's log"
    except (OSError, ValueError) as error:
        yield ERROR, f"{url} can't be reached ({getattr(error, 'reason', error)}); start the server, or correct --server"
