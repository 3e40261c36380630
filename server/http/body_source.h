/* SPDX-License-Identifier: MIT */
/* body_source.h - reads a response's body source for libmicrohttpd. */
#ifndef BODY_SOURCE_H
#define BODY_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* libmicrohttpd's MHD_ContentReaderCallback; `request` is the struct request. Suspends the connection if the source has
 * to wait. */
ssize_t body_source_read(void *request, uint64_t position, char *out, size_t size);

#endif
