/* SPDX-License-Identifier: MIT */
/* timestamp.h - times as text: ISO 8601 dates in UTC, to the microsecond. */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include "span.h"

/* Room for "YYYY-MM-DD HH:MM:SS.ffffff" and a NUL. */
#define TIMESTAMP_SIZE 27

/* Writes "YYYY-MM-DD<separator>HH:MM:SS[.ffffff]" with a NUL and gives its length. The fraction is left out if it is
 * zero, as Python's str() and isoformat() do. Years outside 1 to 9999 are clamped to them. */
size_t timestamp_format(int64_t microseconds, char separator, char out[TIMESTAMP_SIZE]);

/* Reads what Django's parse_datetime reads: date, 'T' or blank, HH:MM, then optionally :SS, a fraction after '.' or ','
 * (digits beyond six are cut off), and Z or an offset (+HH, +HHMM, +HH:MM); or a date alone. Without an offset it is
 * UTC. */
bool timestamp_parse(struct span text, int64_t *microseconds);

#endif
