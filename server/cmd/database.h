/* SPDX-License-Identifier: MIT */
/* database.h - opens the database that the settings name. */
#ifndef DATABASE_H
#define DATABASE_H

#include "attributes.h"
#include "directmessages.h"

/* Opens the database and checks that its schema is up to date. NULL after the error was printed: the command ends with
 * *status. */
MUST_CHECK dm *database_open(int *status);

/* The same for a command that sends: it writes the event log, as the server does. */
MUST_CHECK dm *database_open_recording(int *status);

/* Checks what the settings say of the database, and contacts none. False after the error was printed: the command ends
 * with EXIT_USAGE. */
MUST_CHECK bool database_check_settings(void);

/* Opens the database without a look at its schema. The database, the user table and `unprepared` of the options are
 * taken from the settings; `options` may be NULL. `create`: a missing file is created. NULL as above. */
MUST_CHECK dm *database_open_unchecked(const struct dm_options *options, bool create, int *status);

#endif
