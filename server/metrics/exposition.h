/* SPDX-License-Identifier: MIT */
/* exposition.h - metrics in Prometheus's text form, version 0.0.4. */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "attributes.h"
#include "buffer.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The lines that stand before a family's samples; the type is "counter", "gauge" or "histogram". */
void exposition_family(struct buffer *out, const char *name, const char *type, const char *help);

/* A sample: its name with its labels, which must hold neither quotes (but those around a label's value), backslashes
 * nor line ends. */
void exposition_sample(struct buffer *out, double value, const char *name_format, ...) PRINTF_LIKE(3, 4);

struct exposition_histogram {
	const int64_t *bounds; /* ascending */
	const uint64_t
		*counts; /* for each bound: values that it is the first not to be less than; and one for all above */
	size_t bounds_count;
	int64_t sum;
	double unit; /* what 1 is in the metric's unit */
};

/* The samples of a histogram; `labels` such as `route="x"`, or "". */
void exposition_histogram(struct buffer *out, const struct exposition_histogram *histogram, const char *name,
			  const char *labels);

#endif
