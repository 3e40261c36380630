/* SPDX-License-Identifier: MIT */
/* inbox_table.h - how far the table of inboxes goes. */
#ifndef INBOX_TABLE_H
#define INBOX_TABLE_H

#define FOLDED_ID "(SELECT folded FROM directmessages_inbox_fold)"
#define NEWEST_ID "(SELECT ifnull(max(id), 0) FROM directmessages_message)"

#endif
