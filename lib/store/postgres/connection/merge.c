/* SPDX-License-Identifier: MIT */
/* merge.c - the same look-up for many operations as one statement. */
#include "merge.h"

#include <string.h>

/* Moves *sql behind the "$1::type" at its front, notes the type, and gives the parameter's number. */
static size_t parse_parameter(const char **sql, struct span *types)
{
	size_t number = (size_t)((*sql)[1] - '0');
	struct span type = {*sql + strlen("$1::"), 0};

	type.length = strspn(type.data, "abcdefghijklmnopqrstuvwxyz");
	types[number] = type;
	*sql = type.data + type.length;
	return number;
}

/* The length of the quoted name or text at the front, or 0: the user table may be called "a$1". */
static size_t quoted_length(const char *sql)
{
	const char *end = *sql == '"' || *sql == '\'' ? strchr(sql + 1, *sql) : NULL;

	return end ? (size_t)(end - sql) + 1 : 0;
}

/* Appends the look-up with columns of q in place of its parameters, and notes their types. */
static void append_body(struct buffer *body, const char *sql, struct span *types)
{
	while (*sql) {
		size_t quoted = quoted_length(sql);

		if (quoted == 0 && *sql == '$') {
			buffer_printf(body, "q.p%zu", parse_parameter(&sql, types));
		} else {
			buffer_append(body, sql, quoted ? quoted : 1);
			sql += quoted ? quoted : 1;
		}
	}
}

/* Appends the arrays side by side: q(p1, p2, n). */
static void append_elements(struct buffer *text, const struct span *types)
{
	BUFFER_APPEND_LITERAL(text, "unnest(");
	for (size_t i = 1; types[i].data; i++)
		buffer_printf(text, "%s$%zu::%.*s[]", i > 1 ? ", " : "", i, (int)types[i].length, types[i].data);
	BUFFER_APPEND_LITERAL(text, ") WITH ORDINALITY q(");
	for (size_t i = 1; types[i].data; i++)
		buffer_printf(text, "p%zu, ", i);
	BUFFER_APPEND_LITERAL(text, "n)");
}

/* OFFSET 0 makes the planner run the look-up for one element after the other, and nothing else. */
char *merged_text(const char *sql)
{
	struct span types[MAX_PARAMETERS + 2] = {{NULL, 0}}; /* from 1; ends with one without data */
	struct buffer body, text;

	buffer_init(&body, SIZE_MAX);
	buffer_init(&text, SIZE_MAX);
	append_body(&body, sql, types);
	BUFFER_APPEND_LITERAL(&text, "SELECT x.*, q.n FROM ");
	append_elements(&text, types);
	BUFFER_APPEND_LITERAL(&text, " CROSS JOIN LATERAL (SELECT * FROM (");
	buffer_append_span(&text, buffer_span(&body));
	BUFFER_APPEND_LITERAL(&text, ") y OFFSET 0) x");
	buffer_append_char(&text, '\0');
	if (body.failed || text.failed)
		buffer_release(&text);
	buffer_release(&body);
	return buffer_take(&text);
}

static void append_element(struct buffer *array, const struct parameters *parameters, int which)
{
	pg_array_append(array, parameters->values[which], (size_t)parameters->lengths[which]);
}

bool merge_parameters(struct parameters *merged, struct buffer arrays[MAX_PARAMETERS],
		      const struct parameters *const *each, size_t count)
{
	bool good = true;

	for (int which = 0; which < each[0]->count; which++) {
		struct buffer *array = &arrays[which];

		pg_array_begin(array, each[0]->types[which], count);
		for (size_t i = 0; i < count; i++)
			append_element(array, each[i], which);
		pg_add_array(merged, array);
		good = good && !array->failed;
	}
	return good;
}
