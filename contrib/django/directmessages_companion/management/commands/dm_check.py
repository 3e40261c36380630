# SPDX-License-Identifier: MIT
"""manage.py dm_check: whether the project and the server agree."""

import json
import sys

from django.core.management.base import BaseCommand

from directmessages_companion import checks, webhook_checks


class Command(BaseCommand):
    help = (
        "Checks what this project and the server directmessages must agree on: database, schema, times, users, settings,"
        " webhook. The exit status is 1 if there is an error."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--env-file", metavar="FILE", help="compare the server's settings in this file with settings.py")
        parser.add_argument("--server", metavar="URL", help="ask whether the server at this URL is ready")
        parser.add_argument("--offline", action="store_true", help="do not post a test to the webhook's view")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *, env_file=None, server=None, offline=False, **options):
        wanted = [(check,) for check in checks.CHECKS] + [(webhook_checks.webhook, not offline)]
        wanted += [(checks.settings_of, env_file)] if env_file else []
        wanted += [(webhook_checks.server, server)] if server else []
        failed = False
        for check, *arguments in wanted:
            for finding in checks.run(check, *arguments):
                failed |= finding.level == checks.ERROR
                self.stdout.write(
                    json.dumps(finding._asdict()) if options["json"] else "{:<8}{}: {}".format(*finding)
                )
        if failed:
            sys.exit(1)
