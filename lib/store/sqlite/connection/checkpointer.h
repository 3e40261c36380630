/* SPDX-License-Identifier: MIT */
/* checkpointer.h - writes the log back into the database file, mostly on a thread of its own, so that the writer's
 * commits seldom wait for that. */
#ifndef CHECKPOINTER_H
#define CHECKPOINTER_H

#include "session.h"

struct checkpointer;

/* Takes the place of SQLite's own checkpoints in the writer. NULL: no memory. What it is given must outlive it. */
MUST_CHECK struct checkpointer *checkpointer_new(const char *path, struct sqlite_session *writer);

/* To be called on the writer's thread, outside of a transaction, when a batch has been answered. Wakes the thread where
 * the log has grown long, or writes back the little that is left, so that the log begins anew. Waits a short time where
 * the thread can't keep up. */
void checkpointer_after_batch(struct checkpointer *checkpointer);

/* file_watch_save for the writer, which SQLite refuses while the thread writes back: waits for the thread first. */
void checkpointer_save(struct checkpointer *checkpointer);

/* Ends the thread. To be called before the writer is closed, and when there are no more batches. NULL is fine. */
void checkpointer_free(struct checkpointer *checkpointer);

#endif
