/* SPDX-License-Identifier: MIT */
/* inbox.h - a user's conversations, newest activity first, each with its partner, its last message and how many are
 * unread. Nothing is marked as read. The rules for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_INBOX_H
#define DIRECTMESSAGES_INBOX_H

#include "core.h"
#include "messages.h"
#include "users.h"

#ifdef __cplusplus
extern "C" {
#endif

/* So many unread messages of one conversation are counted; this number stands for more, too. */
#define DM_MAX_UNREAD 10000

/* The largest max_preview. */
#define DM_MAX_PREVIEW 10000

/* One conversation in a user's inbox. Only ever lent. */
struct dm_inbox_entry {
	struct dm_user partner;
	bool has_message;          /* false: nothing that the user can see was exchanged */
	struct dm_message message; /* the last one that the user can see; its content may be cut */
	bool content_is_cut;
	int64_t unread; /* from the partner; at most DM_MAX_UNREAD */
	bool blocked;   /* the user has blocked the partner */
};

/* Receives one lent entry. Returning false ends the listing early, which is no failure. It may call the library. */
typedef bool dm_inbox_row(void *context, const struct dm_inbox_entry *entry);

struct dm_inbox_options {
	size_t size;        /* see DM_INBOX_OPTIONS_INIT */
	size_t limit;       /* at most so many entries; 0: all */
	size_t max_preview; /* characters (code points) of content, at most DM_MAX_PREVIEW; 0: none */
	bool unread_only;   /* only conversations with unread messages */
	bool blocked_only;  /* only with partners whom the user has blocked; otherwise none of them */
	bool has_position;  /* begin behind this entry: */
	int64_t position;   /* its message's sent_at */
	int64_t row_id;     /* its message's id */
};
#define DM_INBOX_OPTIONS_INIT DM_SIZED(struct dm_inbox_options)

/* Lends the conversations of the user, ordered by (sent_at, id) of the last message that the user can see, newest
 * first. A partner whose user is gone is left out. options may be NULL. */
DM_CHECK enum dm_status dm_inbox(dm *handle, int64_t user_id, const struct dm_inbox_options *options, dm_inbox_row *row,
				 void *context, struct dm_error *error);

/* Lends the one entry of this partner, also if nothing was exchanged. DM_NOT_FOUND: there is no such user. */
DM_CHECK enum dm_status dm_inbox_entry(dm *handle, int64_t user_id, int64_t partner_id, size_t max_preview,
				       dm_inbox_row *row, void *context, struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
