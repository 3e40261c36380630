# SPDX-License-Identifier: MIT
"""The app; when it is ready, what the project stores is recorded."""

from django.apps import AppConfig


class CompanionConfig(AppConfig):
    name = "directmessages_companion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from directmessages.models import Message

        from . import recording

        recording.install(Message)
