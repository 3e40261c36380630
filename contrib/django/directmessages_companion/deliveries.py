# SPDX-License-Identifier: MIT
"""Claims a delivery, so that of several attempts at the same time one handles it, and remembers how far it came.

No transaction is open while receivers run: on SQLite it would stop all other writers, the server among them.
"""

import datetime
import random

from django.db import router
from django.db.models import Q
from django.utils import timezone

from .models import Delivery

LEASE = datetime.timedelta(seconds=60)  # how long one receiver may take before another attempt begins beside it
KEPT = datetime.timedelta(days=30)  # the server retries for three days; a person may requeue later
PIECE = 1000  # old ones removed at once
REMOVED_EVERY = 100  # deliveries, on average


class Busy(Exception):
    """Another process is handling this delivery."""


class Claim:
    """The right to handle a delivery. `done` names the receivers that have run in earlier attempts."""

    def __init__(self, name):
        self.rows = Delivery.objects.using(router.db_for_write(Delivery)).filter(name=name)
        self.done = set()

    def note(self, receiver):
        """The receiver has run. Also keeps the claim for the next one."""
        self.done.add(receiver)
        self.rows.update(done="\n".join(sorted(self.done)), claimed_until=timezone.now() + LEASE)

    def finish(self):
        self.rows.update(finished_at=timezone.now(), claimed_until=None, done="")

    def release(self):
        """For a later attempt."""
        self.rows.update(claimed_until=None)


def claim(name):
    """The claim; None: the delivery was handled already. Raises Busy."""
    now = timezone.now()
    if random.randrange(REMOVED_EVERY) == 0:
        remove_old(now - KEPT)
    mine = Claim(name)
    row, made = mine.rows.get_or_create(name=name, defaults={"claimed_until": now + LEASE})
    if made:
        return mine
    if row.finished_at is not None:
        return None
    is_free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    if not mine.rows.filter(is_free, finished_at=None).update(claimed_until=now + LEASE):
        raise Busy
    # Read only now: the update may have waited, and another attempt's receivers may have run meanwhile.
    done = mine.rows.values_list("done", flat=True).get()
    mine.done = set(done.split("\n")) - {""}
    return mine


def remove_old(before):
    """Removes some of those that were finished before."""
    rows = Delivery.objects.using(router.db_for_write(Delivery)).filter(finished_at__lt=before)
    rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:PIECE])).delete()
