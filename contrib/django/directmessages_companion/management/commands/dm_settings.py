# SPDX-License-Identifier: MIT
"""manage.py dm_settings: prints the server's settings, made from the project's."""

import os
import sys

from django.core.management.base import BaseCommand, CommandError

from directmessages_companion.environment import Environment


class Command(BaseCommand):
    help = (
        "Prints the settings of the server directmessages that agree with this project's, as lines NAME=\"value\" for a"
        " shell, systemd's EnvironmentFile and --config. They hold secrets: the database's password, and the key of JWTs."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--output", metavar="FILE", help="write them to this file, which only its owner can read, and replace it"
        )

    def handle(self, *, output=None, **_):
        env = Environment()
        several = [name for name, value in env.values.items() if "\n" in value]
        if several:
            raise CommandError(f"{several[0]} would have several lines; put its value into a file")
        text = "".join(line + "\n" for line in env.lines())
        for note in env.notes:
            self.stderr.write(f"note: {note}")
        if output:
            write_privately(output, text)
        else:
            self.stdout.write(text, ending="")
            if sys.stdout.isatty():
                self.stderr.write("note: these lines hold secrets; --output FILE writes them to a file of the owner's")


def write_privately(path, text):
    """Replaces the file at once, so that nobody reads half of it."""
    temporary = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}; name a file that you may write") from None
