/* SPDX-License-Identifier: MIT */
/* kinds.h - how SQLite runs each kind of operation. */
#ifndef KINDS_H
#define KINDS_H

#include "nouns.h"

/* Runs one operation on a prepared session and leaves its status in it. */
void operation_run(struct sqlite_session *session, struct dm_operation *operation);

/* After the commit: lends what the operation has written to its row function, if it has one. */
void operation_lend(struct sqlite_session *session, struct dm_operation *operation);

/* A function that finds out whether the operation has something to write; NULL: it has to be run to find out. */
operation_has_work *operation_question(const struct dm_operation *operation);

#endif
