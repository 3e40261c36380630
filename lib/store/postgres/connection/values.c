/* SPDX-License-Identifier: MIT */
/* values.c - parameters and columns in PostgreSQL's binary format. */
#include "values.h"

#include "store.h"

#include <endian.h>
#include <string.h>

/* PostgreSQL's times start at 2000-01-01: so many microseconds after 1970. */
#define EPOCH INT64_C(946684800000000)

static void add(struct parameters *parameters, enum value_type type, const void *value, size_t length)
{
	parameters->values[parameters->count] = value;
	parameters->lengths[parameters->count] = (int)length;
	parameters->types[parameters->count] = type;
	parameters->formats[parameters->count++] = 1;
}

static void add_number(struct parameters *parameters, enum value_type type, int64_t value)
{
	uint64_t *place = &parameters->numbers[parameters->count];

	*place = htobe64((uint64_t)value);
	add(parameters, type, place, sizeof(*place));
}

void pg_add_int(struct parameters *parameters, int64_t value)
{
	add_number(parameters, TYPE_BIGINT, value);
}

void pg_add_offset(struct parameters *parameters, uint64_t offset)
{
	pg_add_int(parameters, rows_of(offset));
}

void pg_add_max(struct parameters *parameters, uint64_t max)
{
	pg_add_offset(parameters, max > 0 ? max : MAX_ROWS);
}

void pg_add_limit(struct parameters *parameters, uint64_t limit)
{
	if (limit > 0)
		pg_add_offset(parameters, limit);
	else
		add(parameters, TYPE_BIGINT, NULL, 0);
}

void pg_add_bool(struct parameters *parameters, bool value)
{
	add(parameters, TYPE_OTHER, value ? "\1" : "\0", 1);
}

static int64_t to_postgres(int64_t value)
{
	if (value == TIME_LAST) /* infinity */
		return value;
	return value < INT64_MIN + EPOCH ? INT64_MIN : value - EPOCH;
}

void pg_add_time(struct parameters *parameters, int64_t value)
{
	add_number(parameters, TYPE_TIME, to_postgres(value));
}

void pg_add_no_time(struct parameters *parameters)
{
	add(parameters, TYPE_TIME, NULL, 0);
}

void pg_add_text(struct parameters *parameters, struct dm_text text)
{
	add(parameters, TYPE_TEXT, text.data ? text.data : "", text.length); /* a NULL pointer would be NULL */
}

void pg_add_null(struct parameters *parameters)
{
	add(parameters, TYPE_OTHER, NULL, 0);
}

void pg_add_array(struct parameters *parameters, const struct buffer *array)
{
	add(parameters, TYPE_OTHER, array->data, array->length);
}

static void append_int32(struct buffer *array, size_t value)
{
	uint32_t number = htobe32((uint32_t)value);

	buffer_append(array, &number, sizeof(number));
}

void pg_array_begin(struct buffer *array, enum value_type type, size_t count)
{
	append_int32(array, 1); /* dimensions */
	append_int32(array, 0); /* no NULLs */
	append_int32(array, type);
	append_int32(array, count);
	append_int32(array, 1); /* the first index */
}

void pg_array_append(struct buffer *array, const void *value, size_t length)
{
	append_int32(array, length);
	buffer_append(array, value, length);
}

void pg_array_append_int(struct buffer *array, int64_t value)
{
	uint64_t number = htobe64((uint64_t)value);

	pg_array_append(array, &number, sizeof(number));
}

void pg_array_append_time(struct buffer *array, int64_t value)
{
	pg_array_append_int(array, to_postgres(value));
}

void pg_array_append_text(struct buffer *array, struct dm_text text)
{
	pg_array_append(array, text.data, text.length);
}

int64_t pg_int(const PGresult *result, int row, int column)
{
	const char *value = PQgetvalue(result, row, column);
	uint64_t wide;
	uint32_t half;
	uint16_t quarter;

	switch (PQgetlength(result, row, column)) {
	case sizeof(wide):
		memcpy(&wide, value, sizeof(wide));
		return (int64_t)be64toh(wide);
	case sizeof(half):
		memcpy(&half, value, sizeof(half));
		return (int32_t)be32toh(half);
	case sizeof(quarter):
		memcpy(&quarter, value, sizeof(quarter));
		return (int16_t)be16toh(quarter);
	default:
		return 0;
	}
}

bool pg_bool(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 1 && *PQgetvalue(result, row, column) != 0;
}

int64_t pg_time(const PGresult *result, int row, int column, int64_t when_null)
{
	int64_t value;

	if (PQgetisnull(result, row, column))
		return when_null;
	value = pg_int(result, row, column);
	return value > INT64_MAX - EPOCH ? INT64_MAX : value + EPOCH;
}

struct dm_text pg_text(const PGresult *result, int row, int column)
{
	return (struct dm_text){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}
