# SPDX-License-Identifier: MIT
"""The view for the server's webhook: sends the app's own signals for what the server stored."""

import json
import logging

from directmessages.models import Message
from directmessages.signals import message_read, message_sent
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import router, transaction
from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook, WebhookVerificationError

from . import deliveries, receivers

log = logging.getLogger(__name__)

SIGNALS = {"message.sent": message_sent, "message.read": message_read}
MAX_NAME = 64


def secrets():
    """DIRECTMESSAGES_WEBHOOK_SECRET: one, or a list while one is replaced."""
    given = getattr(settings, "DIRECTMESSAGES_WEBHOOK_SECRET", None)
    if not given:
        raise ImproperlyConfigured(
            "DIRECTMESSAGES_WEBHOOK_SECRET is not set; set it to the secret that 'directmessages webhook create' printed"
        )
    return [given] if isinstance(given, str) else list(given)


def is_genuine(request):
    for secret in secrets():
        try:
            Webhook(secret).verify(request.body, dict(request.headers), json_parse=False)
            return True
        except (WebhookVerificationError, ValueError):  # ValueError: a header that is no signature at all
            continue
    return False


def find(data):
    """The message, from the database that Django writes to, which knows what the server has stored; None: it is gone."""
    told = data["message"]
    using = router.db_for_write(Message)
    found = Message._base_manager.using(using).select_related("sender", "recipient").filter(pk=told["id"]).first()
    if found is None or (found.sender_id, found.recipient_id) != (told["sender"], told["recipient"]):
        return None
    # Where the table was emptied, ids are given once more.
    is_other = found.sent_at.tzinfo is not None and found.sent_at != parse_datetime(told["sent_at"])
    return None if is_other else found


def handle(claim, signal, data):
    """Returns whether nothing is left to do."""
    message = find(data)
    if message is None:
        log.info("message %s was deleted before its receivers were called", data["message"]["id"])
        return True
    return receivers.call(signal, message, claim)


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def webhook(request):
    """2xx: handled, and not to be delivered again. 500: a receiver raised; it is called again with the next attempt."""
    if not is_genuine(request):
        return HttpResponse("the signature is wrong, or too old\n", status=401, content_type="text/plain")
    event = json.loads(request.body)
    name = request.headers["webhook-id"]
    signal = SIGNALS.get(event["type"])
    # What Django has stored itself ran its receivers there.
    if signal is None or event["data"].get("origin", "service") != "service" or len(name) > MAX_NAME:
        return HttpResponse(status=204)
    try:
        claim = deliveries.claim(name)
    except deliveries.Busy:
        return HttpResponse("this delivery is being handled\n", status=409, content_type="text/plain")
    if claim is None:
        return HttpResponse(status=204)
    done = False
    try:
        done = handle(claim, signal, event["data"])
    finally:
        claim.finish() if done else claim.release()
    return HttpResponse(status=204 if done else 500)
