/* SPDX-License-Identifier: MIT */
/* message_row.c - from a row of SELECT MESSAGE_COLUMNS to the message. */
#include "nouns.h"

struct dm_message message_from_row(sqlite3_stmt *row)
{
	return (struct dm_message){
		.id = sqlite3_column_int64(row, 0),
		.sender_id = sqlite3_column_int64(row, 1),
		.recipient_id = sqlite3_column_int64(row, 2),
		.sent_at = column_time(row, 3, 0),
		.read_at = column_time(row, 4, DM_UNREAD),
		.content = column_text(row, 5),
	};
}
