/* SPDX-License-Identifier: MIT */
/* failure_postgres.c - from an SQLSTATE to a status, a sentence and a remedy. */
#include "failure_postgres.h"

#include "failure.h"

#include <ctype.h>
#include <string.h>

#define NO_PARTITION "no partition" /* in place of an SQLSTATE; see meaning_of_result */

/* The first row whose code the SQLSTATE begins with counts. */
static const struct meaning {
	const char *code;
	enum dm_status status;
	enum postgres_remedy remedy;
	const char *sentence; /* %s: what PostgreSQL says */
} meanings[] = {
	/* clang-format off */
	{"40003", DM_UNAVAILABLE, REMEDY_NONE,      "it is not known whether the transaction was committed (%s); check before you try again"},
	{"40",    DM_BUSY,        REMEDY_RERUN,     "it clashed with other transactions (%s); try again"},
	{"55P03", DM_BUSY,        REMEDY_PARK,      "another transaction holds a lock (%s); try again later"},
	{"57014", DM_BUSY,        REMEDY_LEAVE_OUT, "the database took too long (%s); try again later"},
	{"57P03", DM_UNAVAILABLE, REMEDY_NONE,      "the database is starting (%s); try again later"},
	{"57",    DM_UNAVAILABLE, REMEDY_RECONNECT, "the database is shutting down or starting (%s); try again later"},
	{"08",    DM_UNAVAILABLE, REMEDY_NONE,      "the connection to the database failed (%s); try again later"},
	{"25006", DM_UNAVAILABLE, REMEDY_ELSEWHERE, "the server may only be read (%s); make it take writes, or put one that does into the URL"},
	{"53300", DM_UNAVAILABLE, REMEDY_NONE,      "the server has no connection left (%s); raise max_connections, or use fewer lanes"},
	{"53",    DM_UNAVAILABLE, REMEDY_NONE,      "the server has run out of a resource (%s); free disk or memory, then try again"},
	{"58",    DM_UNAVAILABLE, REMEDY_NONE,      "the server can't read or write its files (%s); look at its log"},
	{"28",    DM_UNAVAILABLE, REMEDY_NONE,      "the server refuses the user (%s); correct the URL or pg_hba.conf"},
	{"3D000", DM_UNAVAILABLE, REMEDY_NONE,      "%s; create the database (createdb), or correct the URL"},
	{"42501", DM_UNAVAILABLE, REMEDY_LEAVE_OUT, "%s; grant it to the user of the URL"},
	/* A pooler has given us another server connection, or Django has changed a table since the statement was prepared. */
	{"26000", DM_UNAVAILABLE, REMEDY_RECONNECT, "%s; behind a pooler set DIRECTMESSAGES_PREPARED=0"},
	{"42P05", DM_UNAVAILABLE, REMEDY_RECONNECT, "%s; behind a pooler set DIRECTMESSAGES_PREPARED=0"},
	{"0A000", DM_UNAVAILABLE, REMEDY_RECONNECT, "%s; try again"},
	{"42P01", DM_SCHEMA,      REMEDY_LEAVE_OUT, "the schema is not up to date (%s); run 'directmessages migrate'"},
	{"42703", DM_SCHEMA,      REMEDY_LEAVE_OUT, "the schema is not up to date (%s); run 'directmessages migrate'"},
	{"3F000", DM_SCHEMA,      REMEDY_LEAVE_OUT, "the schema is not up to date (%s); run 'directmessages migrate'"},
	/* The user was deleted by a transaction that committed before ours. */
	{"23503", DM_NOT_FOUND,   REMEDY_LEAVE_OUT, "the sender or the recipient does not exist (%s)"},
	/* A constraint of a project's own user table. What else we insert is checked beforehand. */
	{"23505", DM_EXISTS,      REMEDY_LEAVE_OUT, "another row already has this value (%s); choose another"},
	{NO_PARTITION, DM_UNAVAILABLE, REMEDY_LEAVE_OUT, "%s; make the partition that the row belongs to"},
	{"2200H", DM_UNAVAILABLE, REMEDY_LEAVE_OUT, "the ids of a table are used up (%s); give the column and its sequence the type bigint, or set the sequence back"},
	{"22003", DM_UNAVAILABLE, REMEDY_LEAVE_OUT, "the ids of a table are used up (%s); give the column and its sequence the type bigint"},
	{"22",    DM_INVALID,     REMEDY_LEAVE_OUT, "the database can't store this value (%s)"},
	{"54",    DM_INVALID,     REMEDY_LEAVE_OUT, "the content is larger than the database can hold (%s)"},
	{"",      DM_INTERNAL,    REMEDY_LEAVE_OUT, "unexpected database error: %s"},
	/* clang-format on */
};

static const struct meaning *meaning_of(const char *sqlstate)
{
	const struct meaning *meaning = meanings;

	while (strncmp(sqlstate, meaning->code, strlen(meaning->code)) != 0)
		meaning++;
	return meaning;
}

/* Fills in *error. What PostgreSQL said becomes one line without blanks at its end. */
static enum dm_status fill_in(const struct meaning *meaning, const char *why, struct dm_error *error)
{
	char line[160];
	size_t length = 0;

	for (; *why && length < sizeof(line) - 1; why++) {
		if (!isspace((unsigned char)*why))
			line[length++] = *why;
		else if (length > 0 && line[length - 1] != ' ')
			line[length++] = ' ';
	}
	while (length > 0 && line[length - 1] == ' ')
		length--;
	line[length] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return fail(error, meaning->status, meaning->sentence, line);
#pragma GCC diagnostic pop
}

/* A failure without an SQLSTATE is libpq's own: the connection has broken. A row without a partition and one that a
 * CHECK refuses have the same SQLSTATE; the second names its constraint. */
static const struct meaning *meaning_of_result(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (!sqlstate)
		return meaning_of("08000");
	if (strcmp(sqlstate, "23514") == 0 && !PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME))
		return meaning_of(NO_PARTITION);
	return meaning_of(sqlstate);
}

enum dm_status postgres_failure(const PGresult *result, struct dm_error *error)
{
	const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	return fill_in(meaning_of_result(result), why ? why : PQresultErrorMessage(result), error);
}

enum postgres_remedy postgres_remedy(const PGresult *result)
{
	return meaning_of_result(result)->remedy;
}

/* libpq gives no SQLSTATE for these, but a sentence for each host that it has tried. It holds no password: a URL whose
 * password could be taken for a host or a port was refused (url_read). */
enum dm_status postgres_connection_failure(const PGconn *connection, struct dm_error *error)
{
	static const struct meaning unreachable = {
		"", DM_UNAVAILABLE, REMEDY_NONE,
		"can't connect to the database (%s); check the URL, and that the server runs"};
	static const struct meaning pooled = {
		"", DM_UNAVAILABLE, REMEDY_NONE,
		"can't connect to the database (%s); behind a pooler set DIRECTMESSAGES_PREPARED=0"};
	const char *why = PQerrorMessage(connection);

	return fill_in(strstr(why, "unsupported startup parameter") ? &pooled : &unreachable, why, error);
}
