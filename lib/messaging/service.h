/* SPDX-License-Identifier: MIT */
/* service.h - the open handle: rules before an operation, signals after it. */
#ifndef SERVICE_H
#define SERVICE_H

#include "folder.h"
#include "rules.h"
#include "signals.h"
#include "store.h"
#include "user_table.h"

#include <pthread.h>
#include <stdatomic.h>

/* The database where none is named. */
#define SERVICE_DEFAULT_URL "sqlite:///directmessages.db"

struct dm {
	struct store *store;
	struct user_table users;
	struct rules rules;
	pthread_rwlock_t rules_lock; /* held to read them, and to replace them */
	struct signals signals;
	struct folder *folder;                          /* NULL: none was wanted */
	atomic_uint_fast64_t failures[DM_INTERNAL + 1]; /* by status, those that the store has caused */
};

/* Runs the operation and waits. Gives its status, and its error in *error (which may be NULL). */
MUST_CHECK enum dm_status service_run(dm *handle, struct dm_operation *operation, struct dm_error *error);

/* DM_INVALID, for a call that was given NULL instead of a pointer that it needs. */
MUST_CHECK enum dm_status service_refuse_null(struct dm_error *error);

#endif
