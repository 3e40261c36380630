/* SPDX-License-Identifier: MIT */
/* inbox_table.h - how far the table of inboxes goes, and which row of a pair stays. */
#ifndef INBOX_TABLE_H
#define INBOX_TABLE_H

#define FOLDED_ID "(SELECT folded FROM directmessages_inbox_fold)"
#define NEWEST_ID "(SELECT ifnull(max(id), 0) FROM directmessages_message)"

/* Behind an INSERT of rows: the later message of a pair stays. */
#define UNLESS_LATER \
	" ON CONFLICT (user_id, partner_id) DO UPDATE SET last_at = excluded.last_at, last_id = excluded.last_id" \
	" WHERE (last_at, last_id) < (excluded.last_at, excluded.last_id)"

#endif
