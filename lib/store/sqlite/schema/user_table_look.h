/* SPDX-License-Identifier: MIT */
/* user_table_look.h - what the database says about the user table. */
#ifndef USER_TABLE_LOOK_H
#define USER_TABLE_LOOK_H

#include "user_table.h"

/* The context is a struct sqlite_session. */
user_table_look look_at_user_table;

#endif
