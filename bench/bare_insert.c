/* SPDX-License-Identifier: MIT */
/* bare_insert.c - the ceiling of send/: a loop that stores the same rows with the same indexes and durability, 64 per
 * commit. */
#include "bare.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* The settings of the server's writer session (lib/store/sqlite/connection/session.c). */
#define SETTINGS \
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384"

static sqlite3 *database;

static void expect(int code, int wanted, const char *what)
{
	if (code != wanted)
		fail(what, sqlite3_errmsg(database));
}

static void insert_row(sqlite3_stmt *insert, const char *content, struct user_pair pair)
{
	char sent_at[64];
	int length = format_now(sent_at, sizeof(sent_at));

	sqlite3_bind_text(insert, 1, content, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 2, sent_at, length, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 3, pair.sender);
	sqlite3_bind_int64(insert, 4, pair.recipient);
	expect(sqlite3_step(insert), SQLITE_DONE, "insert");
	sqlite3_reset(insert);
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *statement;

	expect(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), SQLITE_OK, sql);
	return statement;
}

static void run(sqlite3_stmt *statement)
{
	expect(sqlite3_step(statement), SQLITE_DONE, sqlite3_sql(statement));
	sqlite3_reset(statement);
}

/* Stores rows for this long; returns their number. */
static size_t insert_for(double seconds, const char *content, struct user_pairs pairs)
{
	sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE");
	sqlite3_stmt *commit = prepare("COMMIT");
	sqlite3_stmt *insert = prepare("INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id)"
				       " VALUES (?1, ?2, ?3, ?4)");
	double end = now() + seconds;
	size_t rows = 0;

	do {
		run(begin);
		for (int i = 0; i < ROWS_IN_COMMIT; i++, rows++)
			insert_row(insert, content, pairs.items[rows % pairs.count]);
		run(commit);
	} while (now() < end);
	sqlite3_finalize(begin);
	sqlite3_finalize(commit);
	sqlite3_finalize(insert);
	return rows;
}

int main(int argc, char **argv)
{
	struct user_pairs pairs;
	double start, seconds;
	size_t rows;

	if (argc != 5) {
		fputs("usage: bare_insert DATABASE PAIRS CONTENT SECONDS\n", stderr);
		return 2;
	}
	pairs = read_pairs(argv[2]);
	expect(sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK, argv[1]);
	expect(sqlite3_exec(database, SETTINGS, NULL, NULL, NULL), SQLITE_OK, "settings");
	start = now();
	rows = insert_for(strtod(argv[4], NULL), argv[3], pairs);
	seconds = now() - start;
	print_rate(rows, seconds);
	sqlite3_close(database);
	free(pairs.items);
	return 0;
}
