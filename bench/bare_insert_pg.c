/* SPDX-License-Identifier: MIT */
/* bare_insert_pg.c - the ceiling of send/ on PostgreSQL: a loop that stores the same rows on one connection, 64 per
 * statement. */
#include "bare.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSERT \
	"INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id)" \
	" SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[])"

/* The parameters: arrays in PostgreSQL's text form. */
enum { CONTENTS, TIMES, SENDERS, RECIPIENTS, PARAMETERS };

/* Room for an id or a time, its quotes and its comma. */
#define ELEMENT 64

struct array {
	char *text;
	size_t length;
};

static void array_begin(struct array *array, size_t element)
{
	array->text = malloc(ROWS_IN_COMMIT * element + 3);
	if (!array->text)
		fail("array", "no memory");
	array->length = 0;
}

static void array_restart(struct array *array)
{
	array->text[0] = '{';
	array->length = 1;
}

static void array_add(struct array *array, const char *element, size_t length)
{
	if (array->length > 1)
		array->text[array->length++] = ',';
	memcpy(array->text + array->length, element, length);
	array->length += length;
}

static void array_end(struct array *array)
{
	memcpy(array->text + array->length, "}", 2);
}

static void add_id(struct array *array, long long id)
{
	char text[ELEMENT];

	array_add(array, text, (size_t)snprintf(text, sizeof(text), "%lld", id));
}

static void add_now(struct array *array)
{
	char text[ELEMENT] = "\"";
	int length = 1 + format_now(text + 1, sizeof(text) - 5);

	memcpy(text + length, "+00\"", 4);
	array_add(array, text, (size_t)length + 4);
}

static void expect(PGconn *connection, PGresult *result, const char *what)
{
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(what, PQerrorMessage(connection));
	PQclear(result);
}

/* All rows have the content of bench/workload.py, which needs no escapes. */
static void fill_contents(struct array *contents, const char *content)
{
	size_t length = strlen(content) + 2;
	char *quoted = malloc(length + 1);

	if (!quoted || strpbrk(content, "\"\\"))
		fail("content", "no memory, or it has a quote or backslash");
	snprintf(quoted, length + 1, "\"%s\"", content);
	array_begin(contents, length + 1);
	array_restart(contents);
	for (int i = 0; i < ROWS_IN_COMMIT; i++)
		array_add(contents, quoted, length);
	array_end(contents);
	free(quoted);
}

static void fill_rows(struct array *arrays, struct user_pairs pairs, size_t from)
{
	for (int i = TIMES; i < PARAMETERS; i++)
		array_restart(&arrays[i]);
	for (size_t row = from; row < from + ROWS_IN_COMMIT; row++) {
		add_now(&arrays[TIMES]);
		add_id(&arrays[SENDERS], pairs.items[row % pairs.count].sender);
		add_id(&arrays[RECIPIENTS], pairs.items[row % pairs.count].recipient);
	}
	for (int i = TIMES; i < PARAMETERS; i++)
		array_end(&arrays[i]);
}

/* Stores rows for this long, each statement in its own transaction; returns their number. */
static size_t insert_for(PGconn *connection, double seconds, const char *content, struct user_pairs pairs)
{
	struct array arrays[PARAMETERS];
	const char *values[PARAMETERS];
	double end = now() + seconds;
	size_t rows = 0;

	fill_contents(&arrays[CONTENTS], content);
	for (int i = TIMES; i < PARAMETERS; i++)
		array_begin(&arrays[i], ELEMENT);
	for (int i = 0; i < PARAMETERS; i++)
		values[i] = arrays[i].text;
	do {
		fill_rows(arrays, pairs, rows);
		expect(connection, PQexecPrepared(connection, "insert", PARAMETERS, values, NULL, NULL, 0), "insert");
		rows += ROWS_IN_COMMIT;
	} while (now() < end);
	for (int i = 0; i < PARAMETERS; i++)
		free(arrays[i].text);
	return rows;
}

int main(int argc, char **argv)
{
	PGconn *connection;
	struct user_pairs pairs;
	double start;
	size_t rows;

	if (argc != 5) {
		fputs("usage: bare_insert_pg URL PAIRS CONTENT SECONDS\n", stderr);
		return 2;
	}
	pairs = read_pairs(argv[2]);
	connection = PQconnectdb(argv[1]);
	if (PQstatus(connection) != CONNECTION_OK)
		fail(argv[1], PQerrorMessage(connection));
	expect(connection, PQprepare(connection, "insert", INSERT, 0, NULL), "prepare");
	start = now();
	rows = insert_for(connection, strtod(argv[4], NULL), argv[3], pairs);
	print_rate(rows, now() - start);
	PQfinish(connection);
	free(pairs.items);
	return 0;
}
