/* SPDX-License-Identifier: MIT */
/* exposition.h - writes metrics in Prometheus's text format, version 0.0.4. */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "attributes.h"
#include "buffer.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Writes the lines in front of a family's samples; the type is "counter", "gauge" or "histogram". */
void exposition_family(struct buffer *out, const char *name, const char *type, const char *help);

/* Writes a sample. The name comes with its labels. Their values must hold no quotes, backslashes or line ends. */
void exposition_sample(struct buffer *out, double value, const char *name_format, ...) PRINTF_LIKE(3, 4);

struct exposition_histogram {
	const int64_t *bounds; /* upper bounds, ascending */
	const uint64_t
		*counts; /* for each bound, values up to it and above the one before; then values above all bounds */
	size_t bounds_count;
	int64_t sum;
	double unit; /* bounds and sum are multiplied by this */
};

/* Writes the samples of a histogram. `labels` is like `route="x"`, or "". */
void exposition_histogram(struct buffer *out, const struct exposition_histogram *histogram, const char *name,
			  const char *labels);

#endif
