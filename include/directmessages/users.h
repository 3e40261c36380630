/* SPDX-License-Identifier: MIT */
/* users.h - users, their tokens, and tickets. The rules for all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_USERS_H
#define DIRECTMESSAGES_USERS_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- users --------------------------------------------------------------------------------------------------- */

struct dm_user {
	int64_t id;
	struct dm_text username;
	struct dm_text first_name;
	struct dm_text last_name;
	struct dm_text email;
	bool is_active;
	uint64_t reserved[4];
};

/* Receives one lent user. Returning false ends the listing early, which is no failure. It may call the library. */
typedef bool dm_user_row(void *context, const struct dm_user *user);

/* A user to be created. A text without data (NULL) is empty. */
struct dm_new_user {
	size_t size;                          /* see DM_NEW_USER_INIT */
	struct dm_text username;              /* 1 to 150 characters: letters, digits and @ . + - _ (Django's rule) */
	struct dm_text email;                 /* at most 254 characters */
	struct dm_text first_name, last_name; /* at most 150 characters each */
	struct dm_text password;              /* data NULL: the user can't log in with a password */
};
#define DM_NEW_USER_INIT DM_SIZED(struct dm_new_user)

/* Creates an active user and gives its id (may be NULL). The password is stored as Django's pbkdf2_sha256, which takes
 * some tenths of a second. DM_EXISTS; DM_INVALID, also if the user table is a project's own that lacks columns of
 * Django's AbstractUser, or has others that need a value. */
DM_CHECK enum dm_status dm_user_create(dm *handle, const struct dm_new_user *user, int64_t *id, struct dm_error *error);

enum dm_active {
	DM_ACTIVE_KEEP, /* as it is; a new user is active */
	DM_ACTIVE_YES,
	DM_ACTIVE_NO
};

/* What is to be of a user: `username`, or the one with the id `user_id` if that has no data. Another text without data
 * (NULL) is left as it is; of a new user it is empty. The limits are those of struct dm_new_user. */
struct dm_user_change {
	size_t size; /* see DM_USER_CHANGE_INIT */
	struct dm_text username;
	int64_t user_id;
	struct dm_text email, first_name, last_name;
	enum dm_active active;
};
#define DM_USER_CHANGE_INIT DM_SIZED(struct dm_user_change)

/* Makes the user of this name, who can't log in with a password, or changes the one that there is; tells which in
 * *created (may be NULL) and lends the user as it is then to row (may be NULL). Of two at once one makes the user.
 * DM_NOT_FOUND if user_id says who it is and there is none; DM_INVALID, also where the user table is a project's own
 * that lacks a column for what is given, or can't be given users (see dm_user_create); DM_EXISTS if such a table lets
 * only one user have a value. */
DM_CHECK enum dm_status dm_user_put(dm *handle, const struct dm_user_change *change, bool *created, dm_user_row *row,
				    void *context, struct dm_error *error);

/* The same, but never makes a user: DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_user_update(dm *handle, const struct dm_user_change *change, dm_user_row *row, void *context,
				       struct dm_error *error);

/* Deletes a user to whom nothing else refers, with their token, tickets, blocks, idempotency keys and what limits their
 * new partners, so that nobody who is given the same id has these. DM_NOT_FOUND; DM_EXISTS if the user has messages, or
 * rows of other tables, which stay. Any other failure may leave some of it behind. */
DM_CHECK enum dm_status dm_user_delete(dm *handle, struct dm_text username, struct dm_error *error);

/* Finds one user and lends it to row. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_user_by_id(dm *handle, int64_t user_id, dm_user_row *row, void *context,
				      struct dm_error *error);
DM_CHECK enum dm_status dm_user_by_name(dm *handle, struct dm_text username, dm_user_row *row, void *context,
					struct dm_error *error);

/* Gives the id of the user of this name. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_user_id_by_name(dm *handle, struct dm_text username, int64_t *id, struct dm_error *error);

/* Lends every user to row, ascending by id. */
DM_CHECK enum dm_status dm_users(dm *handle, dm_user_row *row, void *context, struct dm_error *error);

/* Makes a user active or inactive; an inactive user's token is refused. DM_NOT_FOUND; DM_INVALID if the user table has
 * no such column. */
DM_CHECK enum dm_status dm_user_set_active(dm *handle, struct dm_text username, bool active, struct dm_error *error);

/* ---- tokens -------------------------------------------------------------------------------------------------- */

/* A token is 40 lower-case hex digits, as Django REST Framework's. A user has at most one. */
#define DM_TOKEN_LENGTH 40

/* Gives the user's token and creates it if there is none; with `reset` a new one replaces it. `key` gets 40 digits and
 * a NUL. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_token_create(dm *handle, struct dm_text username, bool reset, char key[DM_TOKEN_LENGTH + 1],
					struct dm_error *error);

/* Deletes the user's token. DM_NOT_FOUND if the user, or the token, does not exist. */
DM_CHECK enum dm_status dm_token_revoke(dm *handle, struct dm_text username, struct dm_error *error);

/* Finds the user of a token and lends it to row (may be NULL). DM_NOT_FOUND; DM_INACTIVE, also of a user whose id is 0,
 * since that means everybody. */
DM_CHECK enum dm_status dm_authenticate(dm *handle, struct dm_text key, dm_user_row *row, void *context,
					struct dm_error *error);

/* ---- tickets ------------------------------------------------------------------------------------------------- */

/* A ticket stands for a token where a credential must be part of a URL. It looks like a token, is valid for
 * DM_TICKET_SECONDS and can be redeemed once. A token has at most DM_MAX_TICKETS at once: one more replaces the oldest.
 * See DM_OP_TICKET_CREATE and DM_OP_TICKET_REDEEM in operations.h. */
#define DM_TICKET_SECONDS 30
#define DM_MAX_TICKETS 100

#ifdef __cplusplus
}
#endif
#endif
