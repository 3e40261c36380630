/* SPDX-License-Identifier: MIT */
/* directmessages.h - private messages between users, embedded: includes all headers of the library.
 *
 *     directmessages/core.h        statuses, errors, texts; opening, migrating and closing a database
 *     directmessages/users.h       users, tokens, tickets
 *     directmessages/messages.h    sending, reading, listing and hiding messages
 *     directmessages/blocks.h      users whom a user does not want to hear from
 *     directmessages/events.h      signals within the process; the event log across processes
 *     directmessages/webhooks.h    endpoints and deliveries
 *     directmessages/operations.h  the same without waiting, for event loops
 *     directmessages/administration.h
 *                                  finding, deleting and purging messages; a person's data: export, erasure
 *     directmessages/backup.h      backups of a database on SQLite, and restoring them
 *     directmessages/stats.h       counters for monitoring
 *
 * These rules hold for every function:
 *
 * Threads. Every function may be called from any thread, on one handle. dm_close is the exception: no other call on the
 * handle may run then. A row function runs on the thread that made the call, or on one of the library's while that call
 * waits; a receiver runs on the thread that its documentation names. A row function that may call the library may only
 * read in a call that writes (dm_user_put): on SQLite a write is refused there with DM_INVALID.
 *
 * Units. A time is an int64_t: microseconds since 1970-01-01 UTC. Lengths are in bytes unless characters are named.
 *
 * Texts are UTF-8 with a length; they need no NUL at the end (struct dm_text).
 *
 * Ownership. Arguments stay the caller's and are copied where they are kept. What a row function or a receiver gets is
 * lent: it is valid until that function returns, so copy what you keep. Memory that a call gives away says so, and is
 * freed with free().
 *
 * Zero. A limit, a time, an id or a count of 0 that selects or limits something means: no limit, or all. 0 in a setting
 * means its default. So in memory that is set to zero, a program fills in only sizes (below), what the call acts on,
 * and what it wants.
 *
 * NULL. A struct dm_error, a context, and a number that a call gives may be NULL if nobody wants it, and so may what is
 * documented so. Any other pointer that is NULL is refused with DM_INVALID.
 *
 * Failures. A call returns a status. If a struct dm_error was passed, it holds a sentence for people as well. After a
 * failure every output is zero: 0, false, NULL, an empty text. An argument that a call moves on (a position in the
 * event log) stays where it was. Rows that were lent before the failure were valid. The library never logs and never
 * ends the process.
 *
 * Versions. A program that was compiled with an older header runs with a newer library of the same soversion:
 *   - Structs that a caller fills in for one call (options) begin with `size`. Set it with the struct's macro
 *     (DM_OPTIONS_INIT) or `.size = sizeof(struct dm_options)`. Options that the program did not know have their
 *     defaults. A library older than the program refuses, with DM_INVALID, options that it does not know.
 *   - Structs that stand inside others or that a caller provides memory for have `reserved` words. Leave them zero.
 *   - Structs that are only ever lent may grow at their end: never take their sizeof, never make arrays of them.
 *   - Enumerations grow at their end: expect values that you do not know.
 *
 * "Reference" below means the service object of the Django library drf-directmessages, which defines what the rules
 * mean. */
#ifndef DIRECTMESSAGES_H
#define DIRECTMESSAGES_H

#include "directmessages/administration.h"
#include "directmessages/backup.h"
#include "directmessages/blocks.h"
#include "directmessages/core.h"
#include "directmessages/events.h"
#include "directmessages/inbox.h"
#include "directmessages/messages.h"
#include "directmessages/operations.h"
#include "directmessages/stats.h"
#include "directmessages/users.h"
#include "directmessages/webhooks.h"

#endif
