/* SPDX-License-Identifier: MIT */
/* statements.c - the SQL of all statements for one database. */
#include "statements.h"

#include "merge.h"

#include <stdio.h>
#include <stdlib.h>

/* Owns the text. False where it is NULL: there is no memory. */
static bool add_text(struct statements *statements, int id, char *text, bool is_unprepared)
{
	statements->texts[id] = text;
	statements->is_unprepared[id] = is_unprepared;
	snprintf(statements->names[id], sizeof(statements->names[0]), "dm%d", id % 1000);
	return text != NULL;
}

bool statements_add(struct statements *statements, const struct pg_statement_text *texts,
		    const struct user_table *users, bool unprepared)
{
	for (; texts->sql; texts++) {
		char *sql = user_table_expand(users, texts->sql);

		if (!add_text(statements, texts->id, sql, texts->is_rare || unprepared))
			return false;
		if (texts->is_look_up && !add_text(statements, MERGED(texts->id), merged_text(sql), unprepared))
			return false;
	}
	return true;
}

void statements_release(struct statements *statements)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		free(statements->texts[i]);
}
