/* SPDX-License-Identifier: MIT */
/* setup.c - from a URL and the options to what all sessions on a database share. */
#include "setup.h"

#include "failure.h"
#include "hosts.h"
#include "url.h"

#include <stdlib.h>
#include <string.h>

/* How long a batch of writes waits for a lock, in microseconds: longer than another server's batch takes. */
#define MAX_WRITE_LOCK 100000

enum dm_status postgres_init(struct postgres *postgres, const struct store_options *options, struct dm_error *error)
{
	int64_t limit = options->busy_timeout_ms * INT64_C(1000);
	enum dm_status status;

	*postgres = (struct postgres){
		.options = *options,
		.url = strdup(options->url),
		/* A millisecond is added since 0 is no limit for PostgreSQL. */
		.limits = {.queue = limit / 4,
			   .lock = limit / 4 + 1000,
			   .write_lock = limit / 4 + 1000 < MAX_WRITE_LOCK ? limit / 4 + 1000 : MAX_WRITE_LOCK,
			   .statement = limit / 2 + 1000,
			   .batch = limit / 4 * 3},
	};
	postgres->options.url = NULL;
	pthread_mutex_init(&postgres->mutex, NULL);
	if (!postgres->url)
		return fail(error, DM_NO_MEMORY, "out of memory");
	status = url_read(postgres, error);
	if (status == DM_OK)
		status = hosts_read(postgres, error);
	return status;
}

void postgres_release(struct postgres *postgres)
{
	pthread_mutex_destroy(&postgres->mutex);
	statements_release(&postgres->statements);
	hosts_free(postgres);
	free(postgres->server_options);
	free(postgres->name);
	free(postgres->url);
}
