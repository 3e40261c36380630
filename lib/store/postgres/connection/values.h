/* SPDX-License-Identifier: MIT */
/* values.h - parameters and columns in PostgreSQL's binary format. */
#ifndef VALUES_H
#define VALUES_H

#include "buffer.h"
#include "directmessages.h"

#include <libpq-fe.h>

struct user_table;

#define MAX_PARAMETERS 12

/* The OIDs of types that an array may have. */
enum value_type { TYPE_OTHER = 0, TYPE_BYTES = 17, TYPE_BIGINT = 20, TYPE_TEXT = 25, TYPE_TIME = 1184 };

/* The parameters of one statement, $1 first. Texts must live until it is sent. The SQL names the type of each wherever
 * it stands ($1::bigint), since numbers are always sent as 64 bits. */
struct parameters {
	int count;
	const char *values[MAX_PARAMETERS];
	int lengths[MAX_PARAMETERS];
	int formats[MAX_PARAMETERS];
	enum value_type types[MAX_PARAMETERS];
	uint64_t numbers[MAX_PARAMETERS]; /* big-endian; values point to them, so the struct can't be copied */
	const struct user_table *users;   /* the table that the statement names */
	bool records;                     /* whether events are to be recorded */
};

void pg_add_int(struct parameters *parameters, int64_t value);        /* bigint */
void pg_add_limit(struct parameters *parameters, uint64_t limit);     /* bigint, NULL where it is 0 */
void pg_add_max(struct parameters *parameters, uint64_t max);         /* bigint, the largest where it is 0 */
void pg_add_offset(struct parameters *parameters, uint64_t offset);   /* bigint */
void pg_add_bool(struct parameters *parameters, bool value);          /* boolean */
void pg_add_time(struct parameters *parameters, int64_t value);       /* timestamptz, from microseconds since 1970 */
void pg_add_null(struct parameters *parameters);                      /* of any type */
void pg_add_no_time(struct parameters *parameters);                   /* NULL */
void pg_add_text(struct parameters *parameters, struct dm_text text); /* text */
void pg_add_array(struct parameters *parameters, const struct buffer *array);

/* Times beyond all others, for pg_add_time. */
#define TIME_FIRST INT64_MIN
#define TIME_LAST INT64_MAX

/* An array of `count` elements is begun, then each element is appended. Without memory the buffer has failed. */
void pg_array_begin(struct buffer *array, enum value_type type, size_t count);
void pg_array_append(struct buffer *array, const void *value, size_t length); /* in PostgreSQL's binary format */
void pg_array_append_int(struct buffer *array, int64_t value);
void pg_array_append_time(struct buffer *array, int64_t value);
void pg_array_append_text(struct buffer *array, struct dm_text text);

int64_t pg_int(const PGresult *result, int row, int column); /* of 16, 32 or 64 bits; NULL is 0 */
bool pg_bool(const PGresult *result, int row, int column);
int64_t pg_time(const PGresult *result, int row, int column, int64_t when_null);
struct dm_text pg_text(const PGresult *result, int row, int column); /* lives as long as the result; NULL is "" */

#endif
