# SPDX-License-Identifier: MIT
"""Which deliveries of the server's webhook have been handled, so that none is handled twice."""

from django.db import models


class Delivery(models.Model):
    name = models.CharField("webhook-id", max_length=64, primary_key=True)
    done = models.TextField("receivers that have run, one a line", default="", blank=True)
    claimed_until = models.DateTimeField("being handled, until this time", null=True)
    finished_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "directmessages_companion_delivery"
        verbose_name_plural = "deliveries"

    def __str__(self):
        return self.name
