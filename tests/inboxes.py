# SPDX-License-Identifier: MIT
"""What an inbox has to be, from all messages of the database, and walks over the pages that a server gives."""

from paging import after

MAX_UNREAD = 10000
ROWS = (
    "SELECT id, sender_id, recipient_id, sent_at, read_at, content, hidden_for_sender, hidden_for_recipient"
    " FROM directmessages_message WHERE sender_id = ? OR recipient_id = ?"
)


def expected(server, user_id, unread=False, of_blocked=False):
    """The partners, the ids of the last messages and the numbers of unread ones, newest first."""
    with server.transaction() as connection:
        rows = connection.execute(ROWS, (user_id, user_id)).fetchall()
        blocked = {identity for (identity,) in connection.execute(
            "SELECT blocked_id FROM directmessages_block WHERE user_id = ?", (user_id,)).fetchall()}
        users = {identity for (identity,) in connection.execute("SELECT id FROM auth_user").fetchall()}
    last, count = {}, {}
    for identity, sender, recipient, sent_at, read_at, _, hidden_for_sender, hidden_for_recipient in rows:
        partner, hidden = (recipient, hidden_for_sender) if sender == user_id else (sender, hidden_for_recipient)
        if hidden is not None or partner not in users:
            continue
        last[partner] = max(last.get(partner, ()), (sent_at, identity))
        counts = recipient == user_id and read_at is None and partner not in blocked
        count[partner] = count.get(partner, 0) + counts
    order = sorted(last, key=last.get, reverse=True)
    return [(partner, last[partner][1], min(count[partner], MAX_UNREAD)) for partner in order
            if (count[partner] or not unread) and (partner in blocked) == of_blocked]


def shown(page):
    return [(row["partner"]["id"], row["last_message"]["id"], row["unread_count"]) for row in page["results"]]


def walk(user, query="?page_size=7", most=10000):
    """All pages, by their links."""
    pages = [user.inbox(query)]
    while pages[-1]["next"] is not None:
        pages.append(user.inbox(after(pages[-1]["next"])))
        assert len(pages) < most, "the pages go on for ever"
    return pages


def check(server, user, page_size=7):
    """Whether all pages together are what they have to be."""
    for query, unread, blocked in (("", False, False), ("&unread=true", True, False), ("&blocked=true", False, True)):
        entries = [entry for page in walk(user, f"?page_size={page_size}{query}") for entry in shown(page)]
        assert entries == expected(server, user.id, unread, blocked), query


def check_table_of(server, user_id):
    rows = server.sql(
        "SELECT partner_id, last_id FROM directmessages_inbox WHERE user_id = ? ORDER BY last_at DESC, last_id DESC",
        (user_id,))
    assert [tuple(row) for row in rows] == [row[:2] for row in expected(server, user_id)], user_id


def check_table(server):
    """Once all pages were read, the table has what they have, and nothing more."""
    for (user,) in server.sql("SELECT id FROM auth_user"):
        check_table_of(server, user)
