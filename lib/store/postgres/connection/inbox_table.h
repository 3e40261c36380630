/* SPDX-License-Identifier: MIT */
/* inbox_table.h - what is known of how far the table of inboxes goes, and the statement that takes it further: for the
 * operation, and for the migration that fills the table. */
#ifndef INBOX_TABLE_H
#define INBOX_TABLE_H

/* Messages of one commit. */
#define FOLD_ROWS "1000"

/* Ids so far behind the newest were given long ago, whatever the time between two folds. */
#define FOLD_LAG "5000"

/* If so many messages are not in the table yet, nobody reads it. To look at so many takes some 30 ms. */
#define MAX_UNFOLDED "100000"

#define NEWEST_ID "coalesce((SELECT max(id) FROM directmessages_message), 0)"

/* The highest id that was given, or the newest where that can't be known. Below this no id will be given again. */
#define SEQUENCE "pg_get_serial_sequence('directmessages_message', 'id')"
#define GIVEN_ID \
	"greatest(" NEWEST_ID ", CASE WHEN has_sequence_privilege(" SEQUENCE ", 'USAGE, SELECT')" \
	" THEN coalesce(pg_sequence_last_value(" SEQUENCE "::regclass), 0) ELSE 9223372036854775807 END)"

/* Folds a piece: brings messages into directmessages_inbox, a row for each of their two users, unless that has a later
 * one. Gives whether there is more to do at once, and how far behind the table is; no row where nothing was to be done,
 * and then writes nothing.
 *
 * A row of directmessages_inbox may be too new, since messages are hidden and deleted: who reads it finds that out.
 * It is never too old for a message up to `folded`, but for what was not committed when its id was passed:
 *
 * Ids are given out of the order of commits. Between getting an id and a transaction's number lie microseconds. So the
 * fold goes up to an id, `checkpoint`, that was the newest half a second ago: what has a lower one is visible by now,
 * or its transaction is one of those under way. These are put into `open`, each with the id that its messages are
 * beyond
 * (`lows`). When one has ended, the fold goes over what is behind that id once more (`again`), a piece each time,
 * beside the new messages.
 *
 * The row of directmessages_inbox_fold is locked by those who fold or mend, one at a time. Who has waited for it has an
 * older view than the one who was before, and does nothing: `round` tells. */
/* clang-format off */
#define HAS_ENDED(xid) \
	"(pg_visible_in_snapshot(" xid "::text::xid8, s.snapshot) OR " xid " >= pg_snapshot_xmax(s.snapshot)::text::bigint)"
#define PIECE(after, upto) \
	" FROM s CROSS JOIN LATERAL (SELECT id, sender_id, recipient_id, sent_at, hidden_for_sender, hidden_for_recipient" \
	" FROM directmessages_message WHERE id > s." after " AND id <= s." upto " ORDER BY id LIMIT " FOLD_ROWS ") m"
#define SQL_INBOX_FOLD \
	"WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot, " NEWEST_ID " AS newest)," \
	/* Where the tables were emptied (manage.py flush), ids start from 1. */ \
	" looked AS MATERIALIZED (SELECT f.*, n.*, f.folded > " GIVEN_ID " OR EXISTS (SELECT 1 FROM directmessages_message m" \
	" WHERE m.id = f.mark_id AND m.sent_at <> f.mark_at) AS is_other," \
	" f.checkpoint_at < clock_timestamp() - interval '500 ms' AS is_aged" \
	" FROM directmessages_inbox_fold f, now n WHERE f.id = 1)," \
	" seen AS MATERIALIZED (SELECT s.*," \
	" (SELECT min(o.low) FROM unnest(s.open, s.lows) o(xid, low) WHERE " HAS_ENDED("o.xid") ") AS ended_low" \
	" FROM looked s)," \
	" locked AS MATERIALIZED (SELECT round FROM directmessages_inbox_fold WHERE id = 1 AND EXISTS (SELECT 1 FROM seen" \
	" WHERE is_other OR ended_low IS NOT NULL OR again IS NOT NULL OR (checkpoint > folded AND is_aged)" \
	" OR (newest > checkpoint AND checkpoint <= folded) OR newest - " FOLD_LAG " > folded) FOR UPDATE)," \
	" s AS MATERIALIZED (SELECT seen.*, CASE WHEN is_other THEN 0 ELSE folded END AS start," \
	" CASE WHEN NOT is_other THEN least(again, ended_low) END AS late_start," \
	" greatest(CASE WHEN is_aged THEN least(checkpoint, newest) ELSE 0 END, newest - " FOLD_LAG ") AS upto" \
	" FROM seen JOIN locked USING (round))," \
	" fresh AS MATERIALIZED (SELECT m.*" PIECE("start", "upto") ")," \
	" late AS MATERIALIZED (SELECT m.*" PIECE("late_start", "start") ")," \
	" messages AS (SELECT * FROM fresh UNION ALL SELECT * FROM late)," \
	" sides AS (SELECT sender_id AS user_id, recipient_id AS partner_id, sent_at, id FROM messages" \
	" WHERE hidden_for_sender IS NULL UNION ALL SELECT recipient_id, sender_id, sent_at, id FROM messages" \
	" WHERE hidden_for_recipient IS NULL)," \
	" put AS (INSERT INTO directmessages_inbox AS i (user_id, partner_id, last_at, last_id)" \
	" SELECT DISTINCT ON (user_id, partner_id) user_id, partner_id, sent_at, id FROM sides" \
	" ORDER BY user_id, partner_id, sent_at DESC, id DESC ON CONFLICT (user_id, partner_id) DO UPDATE" \
	" SET last_at = excluded.last_at, last_id = excluded.last_id" \
	" WHERE (i.last_at, i.last_id) < (excluded.last_at, excluded.last_id))," \
	" counted AS MATERIALIZED (SELECT (SELECT count(*) FROM fresh) = " FOLD_ROWS " AS more_fresh," \
	" (SELECT count(*) FROM late) = " FOLD_ROWS " AS more_late, (SELECT max(id) FROM fresh) AS last_fresh," \
	" (SELECT max(id) FROM late) AS last_late)," \
	" next AS MATERIALIZED (SELECT s.*, c.*," \
	" CASE WHEN more_fresh THEN last_fresh ELSE greatest(start, upto) END AS reached FROM s, counted c)," \
	" still AS (SELECT o.xid, o.low FROM next s, unnest(s.open, s.lows) o(xid, low) WHERE NOT " HAS_ENDED("o.xid") \
	" UNION ALL SELECT x::text::bigint, s.start FROM next s, pg_snapshot_xip(s.snapshot) x" \
	" WHERE s.reached > s.start AND x::text::bigint <> ALL (s.open))," \
	" marked AS (SELECT id, sent_at FROM fresh ORDER BY id DESC LIMIT 1)" \
	" UPDATE directmessages_inbox_fold f SET folded = n.reached, round = f.round + 1," \
	" checkpoint = CASE WHEN n.more_fresh OR n.reached < least(n.checkpoint, n.newest) THEN n.checkpoint ELSE n.newest END," \
	" checkpoint_at = CASE WHEN n.more_fresh OR n.reached < least(n.checkpoint, n.newest) THEN n.checkpoint_at" \
	" ELSE clock_timestamp() END," \
	" again = CASE WHEN n.more_late THEN n.last_late END," \
	" open = ARRAY(SELECT xid FROM still ORDER BY xid), lows = ARRAY(SELECT low FROM still ORDER BY xid)," \
	" mark_id = coalesce((SELECT id FROM marked), f.mark_id), mark_at = coalesce((SELECT sent_at FROM marked), f.mark_at)" \
	" FROM next n WHERE f.id = 1 RETURNING n.more_fresh OR n.more_late, n.newest - n.reached"
/* clang-format on */

#endif
