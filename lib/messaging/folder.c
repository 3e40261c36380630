/* SPDX-License-Identifier: MIT */
/* folder.c - the thread that brings new messages into the table of inboxes. */
#include "folder.h"

#include "clock.h"
#include "condition.h"

#include <stdlib.h>

/* Between two looks at what is new, in microseconds. */
#define INTERVAL INT64_C(1000000)
/* While much is new a piece is followed by a pause so many times as long, so that the sends that bring it are not
 * slowed down. Where too much is left there is no pause: readers merge what is not in the table. */
#define PAUSE_FACTOR 30
#define MAX_LEFT 10000

struct folder {
	dm *handle;
	void (*run)(dm *handle, struct dm_operation *operation);
	pthread_t thread;
	pthread_mutex_t mutex; /* guards stopping */
	pthread_cond_t stop;
	bool stopping;
};

/* Folds a piece, and gives how long to wait before the next. */
static int64_t fold(const struct folder *folder)
{
	struct dm_operation operation = {.kind = DM_OP_INBOX_FOLD};
	int64_t began = clock_monotonic(), pause;

	folder->run(folder->handle, &operation);
	if (operation.status != DM_OK || !operation.inbox_fold.more) /* a failure shows to those who read */
		return INTERVAL;
	pause = (clock_monotonic() - began) * PAUSE_FACTOR;
	if (operation.inbox_fold.left > MAX_LEFT)
		return 0;
	return pause < INTERVAL ? pause : INTERVAL;
}

static void *fold_main(void *argument)
{
	struct folder *folder = argument;

	pthread_mutex_lock(&folder->mutex);
	while (!folder->stopping) {
		int64_t pause;

		pthread_mutex_unlock(&folder->mutex);
		pause = fold(folder);
		pthread_mutex_lock(&folder->mutex);
		if (!folder->stopping && pause > 0)
			condition_wait_until(&folder->stop, &folder->mutex, clock_monotonic() + pause);
	}
	pthread_mutex_unlock(&folder->mutex);
	return NULL;
}

static void release(struct folder *folder)
{
	pthread_cond_destroy(&folder->stop);
	pthread_mutex_destroy(&folder->mutex);
	free(folder);
}

struct folder *folder_start(dm *handle, void (*run)(dm *handle, struct dm_operation *operation))
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return NULL;
	folder->handle = handle;
	folder->run = run;
	pthread_mutex_init(&folder->mutex, NULL);
	condition_init(&folder->stop);
	if (pthread_create(&folder->thread, NULL, fold_main, folder) == 0)
		return folder;
	release(folder);
	return NULL;
}

void folder_stop(struct folder *folder)
{
	if (!folder)
		return;
	pthread_mutex_lock(&folder->mutex);
	folder->stopping = true;
	pthread_cond_signal(&folder->stop);
	pthread_mutex_unlock(&folder->mutex);
	pthread_join(folder->thread, NULL);
	release(folder);
}
