# SPDX-License-Identifier: MIT
"""The inbox's table, which a thread of the server fills behind the sends."""

from harness import wait_until


def folded(server):
    """Whether all messages are in the table, on PostgreSQL once more than before."""
    rows = server.sql("SELECT folded, (SELECT coalesce(max(id), 0) FROM directmessages_message) FROM directmessages_inbox_fold")
    return rows[0][0] == rows[0][1]


def wait_folded(server):
    wait_until(lambda: folded(server), "all messages are folded")
