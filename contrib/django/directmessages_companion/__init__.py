# SPDX-License-Identifier: MIT
"""For Django projects with drf-directmessages that share their database with the server directmessages."""
