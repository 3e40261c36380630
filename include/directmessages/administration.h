/* SPDX-License-Identifier: MIT */
/* administration.h - messages and people's data, for operators: find, delete, purge, export, erase. None of it is for a
 * user to see. The rules for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_ADMINISTRATION_H
#define DIRECTMESSAGES_ADMINISTRATION_H

#include "core.h"
#include "messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- messages as they are stored ----------------------------------------------------------------------------- */

/* Of a message that a user has not hidden. */
#define DM_VISIBLE INT64_MIN

/* Only ever lent. */
struct dm_stored_message {
	struct dm_message message;
	int64_t hidden_for_sender; /* when the sender has hidden it; DM_VISIBLE */
	int64_t hidden_for_recipient;
	struct dm_text sender_username; /* empty where the user is gone */
	struct dm_text recipient_username;
};

/* Receives one lent message. Returning false ends the listing early, which is no failure. It may call the library. */
typedef bool dm_stored_message_row(void *context, const struct dm_stored_message *message);

struct dm_message_search {
	size_t size;        /* see DM_MESSAGE_SEARCH_INIT */
	int64_t user_id;    /* who sent or received them; 0: everybody's */
	int64_t partner_id; /* with whom; 0: with all. Needs user_id */
	int64_t since;      /* sent at that time or later; 0: no such limit */
	int64_t until;      /* sent before that time; 0: no such limit */
	size_t limit;       /* at most so many; 0: all */
};
#define DM_MESSAGE_SEARCH_INIT DM_SIZED(struct dm_message_search)

/* Lends messages, hidden ones too, newest first. search may be NULL: all. DM_INVALID: a partner without a user. */
DM_CHECK enum dm_status dm_messages_find(dm *handle, const struct dm_message_search *search, dm_stored_message_row *row,
					 void *context, struct dm_error *error);

/* As dm_send, but to and from everybody, whoever the allowed recipients are: a notice of the system, for example. */
DM_CHECK enum dm_status dm_send_unrestricted(dm *handle, int64_t sender_id, int64_t recipient_id,
					     struct dm_text content, struct dm_message *sent, struct dm_error *error);

/* Deletes a message for good, for both users. Its events are told to nobody any more. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_message_delete(dm *handle, int64_t message_id, struct dm_error *error);

struct dm_purge_options {
	size_t size;         /* see DM_PURGE_OPTIONS_INIT */
	bool hidden_by_both; /* only what both users have hidden */
	bool dry_run;        /* delete nothing, only count */
	int64_t before;      /* only what was sent before that time; 0: no such limit */
	/* Called after each piece with the messages found so far, the id that was reached, and the newest message's.
	 * Returning false ends the purge early, which is no failure. May be NULL. */
	bool (*on_progress)(void *context, int64_t removed, int64_t reached_id, int64_t last_id);
	void *context;
};
#define DM_PURGE_OPTIONS_INIT DM_SIZED(struct dm_purge_options)

/* Deletes messages for good, for both users, in many short commits with rests between them, as dm_user_erase. Gives how
 * many (removed may be NULL). DM_INVALID: no criterion is set. */
DM_CHECK enum dm_status dm_messages_purge(dm *handle, const struct dm_purge_options *options, int64_t *removed,
					  struct dm_error *error);

/* ---- one person's data --------------------------------------------------------------------------------------- */

/* Lends every message that the user has sent or received, hidden ones too, in no useful order. */
DM_CHECK enum dm_status dm_user_messages(dm *handle, int64_t user_id, dm_stored_message_row *row, void *context,
					 struct dm_error *error);

/* What becomes of the messages of a user who is erased. */
enum dm_erase_messages {
	DM_ERASE_BLANK,  /* what the user sent is emptied; all messages are hidden on the user's side. Partners keep
			    their rows, and what they wrote */
	DM_ERASE_DELETE, /* all messages from and to the user are deleted, for both sides */
	DM_ERASE_KEEP    /* they stay as they are */
};

/* What an erasure has done. */
struct dm_erased {
	int64_t blanked; /* messages that the user had sent, and whose content is empty now */
	int64_t hidden;  /* messages to the user that are hidden from the user now */
	int64_t deleted;
	uint64_t reserved[4];
};

/* Erases a person: first the user becomes inactive and loses token and tickets, then their messages are treated as
 * `messages` says, and last the user is renamed to "erased-<id>", without names, e-mail address and password. The row
 * stays, since messages refer to it. Of a project's own user table only the columns that struct dm_user_table names
 * are emptied.
 *
 * It works in many short commits, with rests between them if it takes longer than a quarter of a second: the writes of
 * others come between, also those of another process. It may end early, by a failure or with the process: call it
 * again, with the same user, and it does what is left. A message that the user was sending at that moment may be stored
 * behind it: call it again then.
 *
 * on_progress (may be NULL) is called after each piece with what was done so far; returning false ends the erasure
 * early, which is no failure, and leaves the rest. *erased may be NULL. DM_NOT_FOUND; DM_EXISTS: another user has that
 * name. */
DM_CHECK enum dm_status dm_user_erase(dm *handle, int64_t user_id, enum dm_erase_messages messages,
				      bool (*on_progress)(void *context, const struct dm_erased *erased), void *context,
				      struct dm_erased *erased, struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
