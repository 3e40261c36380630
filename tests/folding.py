# SPDX-License-Identifier: MIT
"""The inbox's table, which a thread of the server fills behind the sends."""

from harness import wait_until


def folded(server):
    """The id up to which messages are in the table."""
    return server.sql("SELECT folded FROM directmessages_inbox_fold")[0][0]


def newest(server):
    return server.sql("SELECT coalesce(max(id), 0) FROM directmessages_message")[0][0]


def rounds(server):
    """How often something was folded, on PostgreSQL."""
    return server.sql("SELECT round FROM directmessages_inbox_fold")[0][0]


def wait_forgotten(server):
    """On PostgreSQL: until the fold knows of no transaction that was open. All of the cluster count, those of other tests too."""
    wait_until(lambda: server.sql("SELECT cardinality(open) FROM directmessages_inbox_fold")[0][0] == 0, "no transaction is open")


def wait_folded(server):
    """Until all messages are in the table. The newest of those that were folded may have been deleted since."""
    wait_until(lambda: folded(server) >= newest(server), "all messages are folded")
