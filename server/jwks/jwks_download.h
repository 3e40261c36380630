/* SPDX-License-Identifier: MIT */
/* jwks_download.h - GETs a JWKS by libcurl, on a thread that may block. */
#ifndef JWKS_DOWNLOAD_H
#define JWKS_DOWNLOAD_H

#include "buffer.h"

#include <stdatomic.h>

/* A set has some kilobytes. */
#define JWKS_MAX_BYTES (256 * 1024)

/* For the whole of it; as long a request may wait for a key. */
#define JWKS_TIMEOUT_MS 5000

#define JWKS_ERROR_SIZE 320

struct downloader;

/* Both texts are borrowed. ca_file: a PEM file of trusted certificate authorities; NULL: those of the system. NULL: no
 * memory, or libcurl can't be initialized. */
MUST_CHECK struct downloader *downloader_new(const char *url, const char *ca_file);
void downloader_free(struct downloader *downloader);

struct download {
	struct buffer body;          /* the caller releases it */
	int64_t max_age;             /* by Cache-Control, in seconds; -1: it does not say */
	char error[JWKS_ERROR_SIZE]; /* why there is none; empty: there is one */
};

/* Blocks until it has ended, or until *stopping, which downloader_wake makes it look at. */
void downloader_run(struct downloader *downloader, struct download *download, const atomic_bool *stopping);

/* Blocks so many milliseconds, or until downloader_wake. */
void downloader_wait(struct downloader *downloader, int wait_ms);

/* Callable on any thread. */
void downloader_wake(struct downloader *downloader);

#endif
