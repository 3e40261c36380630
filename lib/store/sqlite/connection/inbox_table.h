/* SPDX-License-Identifier: MIT */
/* inbox_table.h - the statements that bring messages into the table of inboxes: for the operation, and for the
 * migration that fills the table. */
#ifndef INBOX_TABLE_H
#define INBOX_TABLE_H

/* Messages of one commit. */
#define FOLD_ROWS "1000"

#define FOLDED_ID "(SELECT folded FROM directmessages_inbox_fold)"
#define NEWEST_ID "(SELECT ifnull(max(id), 0) FROM directmessages_message)"

/* Whether the tables were emptied since (manage.py flush), so that ids start from 1. Deleting the newest message alone
 * changes nothing: SQLite gives no id twice here. */
#define IS_OTHER \
	"(f.folded > max(" NEWEST_ID \
	", ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = 'directmessages_message'), 0))" \
	" OR EXISTS (SELECT 1 FROM directmessages_message m WHERE m.id = f.folded AND m.sent_at IS NOT f.mark_at))"

/* Folding a piece is these three. There is one writer, so a message that is stored later has a higher id. For each of
 * a message's two users there is a row, unless that has a later one. A row may be too new, since messages are hidden
 * and deleted: who reads it finds that out. */
#define SQL_INBOX_START_ANEW "UPDATE directmessages_inbox_fold AS f SET folded = 0, mark_at = NULL WHERE " IS_OTHER
#define PIECE \
	" FROM directmessages_message WHERE id > " FOLDED_ID " AND id <= (SELECT max(id) FROM (SELECT id" \
	" FROM directmessages_message WHERE id > " FOLDED_ID " ORDER BY id LIMIT " FOLD_ROWS "))"
#define SQL_INBOX_FOLD \
	"INSERT INTO directmessages_inbox (user_id, partner_id, last_at, last_id) SELECT user_id, partner_id, sent_at, id" \
	" FROM (SELECT sender_id AS user_id, recipient_id AS partner_id, sent_at, id, hidden_for_sender AS hidden" PIECE \
	" UNION ALL SELECT recipient_id, sender_id, sent_at, id, hidden_for_recipient" PIECE ") WHERE hidden IS NULL" \
	" ORDER BY user_id, partner_id, sent_at DESC, id DESC" \
	" ON CONFLICT (user_id, partner_id) DO UPDATE SET last_at = excluded.last_at, last_id = excluded.last_id" \
	" WHERE (last_at, last_id) < (excluded.last_at, excluded.last_id)"
#define SQL_INBOX_FOLDED \
	"UPDATE directmessages_inbox_fold SET (folded, mark_at) = (SELECT id, sent_at FROM (SELECT id, sent_at" \
	" FROM directmessages_message WHERE id > " FOLDED_ID " ORDER BY id LIMIT " FOLD_ROWS \
	") ORDER BY id DESC LIMIT 1)" \
	" WHERE folded < " NEWEST_ID

#endif
