/* SPDX-License-Identifier: MIT */
/* folder.c - the thread that brings new messages into the table of inboxes. */
#include "folder.h"

#include "clock.h"
#include "condition.h"

#include <stdlib.h>

/* Between two looks at what is new, in microseconds. */
#define INTERVAL INT64_C(1000000)
/* A piece costs the writer about as much as as many sends, so while much is new it is followed by a pause that is so
 * many times as long: a long one while more comes than is folded, so that sends lose some 2 % of their time, and a
 * short one when they have become fewer. */
#define PAUSE_BESIDE_SENDS 50
#define PAUSE_AFTER_SENDS 4
#define MAX_PAUSE INT64_C(4000000)
/* Where more is left there is no pause: to merge what is not in the table takes long then, and who reads soon has to
 * fold it. */
#define MAX_LEFT 80000

struct folder {
	dm *handle;
	void (*run)(dm *handle, struct dm_operation *operation);
	pthread_t thread;
	pthread_mutex_t mutex; /* guards stopping */
	pthread_cond_t stop;
	bool stopping;
	int64_t left; /* after the piece before; used by the thread alone */
};

/* How long to rest behind a piece that took so long. */
static int64_t pause_after(int64_t took, int64_t left, int64_t left_before)
{
	bool grows = left_before > 0 && left >= left_before;
	int64_t pause = took * (grows ? PAUSE_BESIDE_SENDS : PAUSE_AFTER_SENDS);

	if (left > MAX_LEFT)
		return 0;
	return pause < MAX_PAUSE ? pause : MAX_PAUSE;
}

/* Folds a piece, and gives how long to wait before the next. */
static int64_t fold(struct folder *folder)
{
	struct dm_operation operation = {.kind = DM_OP_INBOX_FOLD};
	int64_t began = clock_monotonic(), left_before = folder->left;

	folder->run(folder->handle, &operation);
	if (operation.status != DM_OK || !operation.inbox_fold.more) { /* a failure shows to those who read */
		folder->left = 0;
		return INTERVAL;
	}
	folder->left = operation.inbox_fold.left;
	return pause_after(clock_monotonic() - began, folder->left, left_before);
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
