# SPDX-License-Identifier: MIT
"""The views; include them where you like."""

from django.urls import path

from .tokens import auth_request, token
from .webhook import webhook

app_name = "directmessages_companion"
urlpatterns = [
    path("webhook/", webhook, name="webhook"),
    path("token/", token, name="token"),
    path("auth/", auth_request, name="auth"),
]
