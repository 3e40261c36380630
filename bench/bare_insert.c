/* SPDX-License-Identifier: MIT */
/* bare_insert.c - the ceiling of send/: a loop storing the same rows, same indexes and durability, 64 in a commit. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The connections of the load: as many rows as the server can find waiting when it begins a commit. */
#define ROWS_IN_COMMIT 64

/* Those of the server's writer session (lib/store/sqlite/session.c). */
#define SETTINGS \
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384"

struct pair {
	sqlite3_int64 sender;
	sqlite3_int64 recipient;
};

struct pairs {
	struct pair *items;
	size_t count;
};

static sqlite3 *database;

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bare_insert: %s: %s\n", what, why);
	exit(1);
}

static void expect(int code, int wanted, const char *what)
{
	if (code != wanted)
		fail(what, sqlite3_errmsg(database));
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Those that the server is sent too, a line each: sender, space, recipient. */
static struct pairs read_pairs(const char *path)
{
	struct pairs pairs = {NULL, 0};
	struct pair pair;
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path, "can't be opened");
	while (fscanf(file, "%lld %lld", &pair.sender, &pair.recipient) == 2) {
		if ((pairs.count & (pairs.count - 1)) == 0) { /* full at each power of two: double it */
			pairs.items = realloc(pairs.items, (pairs.count ? 2 * pairs.count : 1) * sizeof(pair));
			if (!pairs.items)
				fail(path, "no memory for its pairs");
		}
		pairs.items[pairs.count++] = pair;
	}
	fclose(file);
	if (pairs.count == 0)
		fail(path, "holds no pairs");
	return pairs;
}

/* The time of a message as Django writes it. */
static int format_now(char *text, size_t size)
{
	struct timespec time;
	struct tm parts;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &time);
	gmtime_r(&time.tv_sec, &parts);
	length = strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts);
	return (int)length + snprintf(text + length, size - length, ".%06ld", time.tv_nsec / 1000);
}

static void insert_row(sqlite3_stmt *insert, const char *content, struct pair pair)
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

/* The number of rows stored in this time. */
static size_t insert_for(double seconds, const char *content, struct pairs pairs)
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
	struct pairs pairs;
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
	printf("%zu rows in %.3f s: %.0f rows/s\n", rows, seconds, (double)rows / seconds);
	sqlite3_close(database);
	free(pairs.items);
	return 0;
}
