/* SPDX-License-Identifier: MIT */
/* values.h - parameters and columns in PostgreSQL's binary format: numbers and times without a detour over text. */
#ifndef VALUES_H
#define VALUES_H

#include "buffer.h"
#include "directmessages.h"

#include <libpq-fe.h>

struct user_table;

#define PARAMETERS_MOST 9

/* What can be in an array: the types' OIDs. */
enum value_type { TYPE_OTHER = 0, TYPE_BIGINT = 20, TYPE_TEXT = 25, TYPE_TIME = 1184 };

/* The parameters of one statement, $1 first. Texts are lent until it is sent. The SQL gives each its type, wherever it
 * stands ($1::bigint), since a number is always sent as 64 bits. */
struct parameters {
	int count;
	const char *values[PARAMETERS_MOST];
	int lengths[PARAMETERS_MOST];
	int formats[PARAMETERS_MOST];
	enum value_type types[PARAMETERS_MOST];
	uint64_t numbers[PARAMETERS_MOST]; /* what values point to, big-endian; so the struct can't be copied */
	const struct user_table *users;    /* which the statement names */
	bool records;                      /* whether events are to be recorded */
};

void pg_add_int(struct parameters *parameters, int64_t value);        /* bigint */
void pg_add_limit(struct parameters *parameters, uint64_t limit);     /* bigint, NULL where it is 0 */
void pg_add_most(struct parameters *parameters, uint64_t bytes);      /* bigint, the largest where it is 0 */
void pg_add_offset(struct parameters *parameters, uint64_t offset);   /* bigint */
void pg_add_bool(struct parameters *parameters, bool value);          /* boolean */
void pg_add_time(struct parameters *parameters, int64_t value);       /* timestamptz, from microseconds since 1970 */
void pg_add_no_time(struct parameters *parameters);                   /* NULL */
void pg_add_text(struct parameters *parameters, struct dm_text text); /* text */
void pg_add_array(struct parameters *parameters, const struct buffer *array);

/* Times beyond all others, for pg_add_time. */
#define TIME_FIRST INT64_MIN
#define TIME_LAST INT64_MAX

/* An array of `count` elements: begun, then each element appended. A failed buffer shows at the end, as always. */
void pg_array_begin(struct buffer *array, enum value_type type, size_t count);
void pg_array_append(struct buffer *array, const void *value, size_t length); /* in PostgreSQL's own form */
void pg_array_append_int(struct buffer *array, int64_t value);
void pg_array_append_time(struct buffer *array, int64_t value);
void pg_array_append_text(struct buffer *array, struct dm_text text);

int64_t pg_int(const PGresult *result, int row, int column); /* of 16, 32 or 64 bits; NULL is 0 */
bool pg_bool(const PGresult *result, int row, int column);
int64_t pg_time(const PGresult *result, int row, int column, int64_t when_null);
struct dm_text pg_text(const PGresult *result, int row, int column); /* lent as long as the result; NULL is "" */

#endif
