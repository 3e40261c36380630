/* SPDX-License-Identifier: MIT */
/* exposition.c - writes metrics in Prometheus's text format. */
#include "exposition.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_NAME_SIZE 256

void exposition_family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_sample(struct buffer *out, double value, const char *name_format, ...)
{
	char name[MAX_NAME_SIZE];
	va_list arguments;

	va_start(arguments, name_format);
	vsnprintf(name, sizeof(name), name_format, arguments);
	va_end(arguments);
	buffer_printf(out, "%s %.15g\n", name, value);
}

void exposition_histogram(struct buffer *out, const struct exposition_histogram *histogram, const char *name,
			  const char *labels)
{
	bool has = *labels != '\0';
	const char *comma = has ? "," : "", *before = has ? "{" : "", *after = has ? "}" : "";
	uint64_t total = 0;

	for (size_t i = 0; i < histogram->bounds_count; i++) {
		total += histogram->counts[i];
		exposition_sample(out, (double)total, "%s_bucket{%s%sle=\"%.15g\"}", name, labels, comma,
				  (double)histogram->bounds[i] * histogram->unit);
	}
	total += histogram->counts[histogram->bounds_count];
	exposition_sample(out, (double)total, "%s_bucket{%s%sle=\"+Inf\"}", name, labels, comma);
	exposition_sample(out, (double)histogram->sum * histogram->unit, "%s_sum%s%s%s", name, before, labels, after);
	exposition_sample(out, (double)total, "%s_count%s%s%s", name, before, labels, after);
}
