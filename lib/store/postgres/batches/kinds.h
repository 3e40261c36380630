/* SPDX-License-Identifier: MIT */
/* kinds.h - how PostgreSQL runs each kind of operation. */
#ifndef KINDS_H
#define KINDS_H

#include "nouns.h"

/* The function that chooses the operation's statement, and the one that reads its result. Sends have none: those of a
 * batch are one statement, see pg_messages_send. */
operation_ask *pg_operation_ask(const struct dm_operation *operation);
operation_read_result *pg_operation_read_result(const struct dm_operation *operation);

/* A read whose result has a row if the operation has something to write; NULL: it has to be run to find out. */
operation_ask *pg_operation_question(const struct dm_operation *operation);

#endif
