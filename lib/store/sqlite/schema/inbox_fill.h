/* SPDX-License-Identifier: MIT */
/* inbox_fill.h - the statements that fill the table of inboxes from all messages that there are, for the migration.
 *
 * Folding takes messages in the order of their ids, so each changes rows at two random places. A fill takes pairs of
 * users instead, in the order of the table, and the last message of each from the indexes of visible messages. So it
 * costs what the pairs cost, however many messages they have. What is stored meanwhile is folded afterwards. */
#ifndef INBOX_FILL_H
#define INBOX_FILL_H

#include "inbox_table.h"

/* Steps of one piece; a pair is one, a user one more. */
#define FILL_STEPS "1000"

#define BEFORE_ALL "-9223372036854775808"

/* How far a fill has come: behind this pair; without a partner: behind this user; without a user: it has ended. Of the
 * messages that are stored from now on each is folded. */
#define SQL_INBOX_FILL_BEGIN \
	"CREATE TABLE IF NOT EXISTS directmessages_inbox_fill (user_id integer, partner_id integer);" \
	"UPDATE directmessages_inbox_fold SET (folded, mark_at) = (SELECT id, sent_at FROM directmessages_message" \
	" ORDER BY id DESC LIMIT 1)" \
	" WHERE NOT EXISTS (SELECT 1 FROM directmessages_inbox_fill) AND EXISTS (SELECT 1 FROM directmessages_message);" \
	"INSERT INTO directmessages_inbox_fill SELECT " BEFORE_ALL ", NULL" \
	" WHERE NOT EXISTS (SELECT 1 FROM directmessages_inbox_fill);"
#define SQL_INBOX_FILL_END "DROP TABLE IF EXISTS directmessages_inbox_fill;"

/* About how many users are left, by their ids. */
#define SQL_INBOX_FILL_LEFT \
	"SELECT ifnull((SELECT max(1, max(ifnull((SELECT max(sender_id) FROM directmessages_message), 0)," \
	" ifnull((SELECT max(recipient_id) FROM directmessages_message), 0)) - max(user_id, 0))" \
	" FROM directmessages_inbox_fill WHERE user_id IS NOT NULL), 0)"

/* Of the visible messages that the condition names, the first of those that a user has sent and has received. */
#define ONE_SIDE(user, partner, index, hidden, condition, order) \
	"SELECT * FROM (SELECT " user " AS user_id, " partner " AS partner_id, sent_at, id" \
	" FROM directmessages_message INDEXED BY " index " WHERE " hidden " IS NULL AND " condition " ORDER BY " order \
	" LIMIT 1)"
#define FIRST(column, condition, order) \
	"(SELECT " column \
	" FROM (" ONE_SIDE("sender_id", "recipient_id", "directmessages_sent", "hidden_for_sender", condition, \
			   order) " UNION ALL " ONE_SIDE("recipient_id", "sender_id", "directmessages_received", \
							 "hidden_for_recipient", condition, order) ") ORDER BY " order \
												   " LIMIT 1)"

/* The steps of a piece, from where the fill is: to the next partner, or where there is none to the next user. */
#define STEPS \
	"WITH RECURSIVE step (number, user_id, partner_id) AS (" \
	"SELECT 0, user_id, partner_id FROM directmessages_inbox_fill" \
	" UNION ALL SELECT number + 1," \
	" CASE WHEN partner_id IS NOT NULL THEN user_id ELSE " FIRST( \
		"user_id", "user_id > step.user_id", \
		"user_id") " END," \
			   " CASE WHEN partner_id IS NULL THEN " BEFORE_ALL " ELSE " FIRST( \
				   "partner_id", "user_id = step.user_id AND partner_id > step.partner_id", \
				   "partner_id") " END" \
						 " FROM step WHERE user_id IS NOT NULL AND number < " FILL_STEPS ")"
#define LAST(column) FIRST(column, "user_id = step.user_id AND partner_id = step.partner_id", "sent_at DESC, id DESC")

#define SQL_INBOX_FILL \
	STEPS "INSERT INTO directmessages_inbox (user_id, partner_id, last_at, last_id)" \
	      " SELECT user_id, partner_id, " LAST("sent_at") ", " LAST( \
		      "id") " FROM step" \
			    " WHERE number > 0 AND user_id IS NOT NULL AND partner_id > " BEFORE_ALL UNLESS_LATER \
			    ";" STEPS "UPDATE directmessages_inbox_fill SET (user_id, partner_id) =" \
			    " (SELECT user_id, partner_id FROM step ORDER BY number DESC LIMIT 1);"

#endif
