/* SPDX-License-Identifier: MIT */
/* freshness.c - how far a standby must have come before it may answer a read. */
#include "freshness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A power of two; 512 KiB. */
#define USERS_BITS 16
#define USERS (1 << USERS_BITS)

/* How many samples are kept. Those that are older lie farther apart. */
#define MAX_SAMPLES 64

/* Between two samples, in microseconds; and into how many parts they divide the maximum lag where nothing is noted. */
#define INTERVAL 5000
#define PARTS 4

/* How long standbys are left alone, in microseconds. */
#define PAUSE 1000000

struct sample {
	int64_t asked_at;
	uint64_t place;
};

struct freshness {
	int64_t max_lag;
	_Atomic int64_t users[USERS];
	_Atomic int64_t all;    /* everybody's */
	_Atomic int64_t noted;  /* the last one of all notes */
	_Atomic uint64_t shown; /* the place of the standby that has come farthest */
	_Atomic uint64_t answered, fell_back;
	_Atomic int64_t paused_until;
	_Atomic int64_t timeline;
	pthread_mutex_t mutex;              /* guards all below */
	struct sample samples[MAX_SAMPLES]; /* in the order of their times */
	size_t samples_count;
};

struct freshness *freshness_new(int64_t max_lag)
{
	struct freshness *freshness = calloc(1, sizeof(*freshness));

	if (!freshness)
		return NULL;
	freshness->max_lag = max_lag;
	pthread_mutex_init(&freshness->mutex, NULL);
	return freshness;
}

void freshness_free(struct freshness *freshness)
{
	if (!freshness)
		return;
	pthread_mutex_destroy(&freshness->mutex);
	free(freshness);
}

/* ---- notes --------------------------------------------------------------------------------------------------- */

static void put_off(_Atomic int64_t *time, int64_t to)
{
	int64_t now = atomic_load(time);

	while (now < to && !atomic_compare_exchange_weak(time, &now, to))
		;
}

/* Ids that follow one another have different notes (Fibonacci hashing). */
static _Atomic int64_t *note_of(struct freshness *freshness, int64_t user_id)
{
	return &freshness->users[(uint64_t)user_id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - USERS_BITS)];
}

void freshness_note(struct freshness *freshness, int64_t user_id, int64_t now)
{
	put_off(note_of(freshness, user_id), now);
	put_off(&freshness->noted, now);
}

void freshness_note_all(struct freshness *freshness, int64_t now)
{
	put_off(&freshness->all, now);
	put_off(&freshness->noted, now);
}

/* ---- samples ------------------------------------------------------------------------------------------------- */

bool freshness_wants_sample(struct freshness *freshness, int64_t now)
{
	int64_t newest, noted = atomic_load(&freshness->noted), interval = freshness->max_lag / PARTS;
	bool is_first;

	pthread_mutex_lock(&freshness->mutex);
	is_first = freshness->samples_count == 0;
	newest = is_first ? 0 : freshness->samples[freshness->samples_count - 1].asked_at;
	pthread_mutex_unlock(&freshness->mutex);
	if (noted >= newest && interval > INTERVAL)
		interval = INTERVAL;
	return is_first || now - newest >= interval;
}

/* Called with the mutex. */
static void drop(struct freshness *freshness, size_t index)
{
	freshness->samples_count--;
	memmove(&freshness->samples[index], &freshness->samples[index + 1],
		(freshness->samples_count - index) * sizeof(freshness->samples[0]));
}

/* Called with the mutex: makes room. Drops what is beyond the lag, else the sample whose neighbours are closest to one
 * another for its age. */
static void make_room(struct freshness *freshness, int64_t now)
{
	const struct sample *samples = freshness->samples;
	double least = 0;
	size_t found = 0;

	while (freshness->samples_count > 0 && now - samples[0].asked_at > freshness->max_lag)
		drop(freshness, 0);
	if (freshness->samples_count < MAX_SAMPLES)
		return;
	for (size_t i = 1; i + 1 < MAX_SAMPLES; i++) {
		double apart = (double)(samples[i + 1].asked_at - samples[i - 1].asked_at) /
			       (double)(now - samples[i].asked_at + 1);

		if (found == 0 || apart < least) {
			least = apart;
			found = i;
		}
	}
	drop(freshness, found);
}

void freshness_sample(struct freshness *freshness, uint64_t place, int64_t asked_at)
{
	size_t count;

	if (place == 0)
		return;
	pthread_mutex_lock(&freshness->mutex);
	count = freshness->samples_count;
	if (count == 0 || asked_at > freshness->samples[count - 1].asked_at) {
		make_room(freshness, asked_at);
		freshness->samples[freshness->samples_count++] = (struct sample){asked_at, place};
	}
	pthread_mutex_unlock(&freshness->mutex);
}

/* ---- what a standby must have -------------------------------------------------------------------------------- */

static int64_t later(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

/* The place of the oldest sample that was asked for since. */
static uint64_t place_since(struct freshness *freshness, int64_t since)
{
	uint64_t place = PLACE_BEYOND;

	pthread_mutex_lock(&freshness->mutex);
	for (size_t i = 0; i < freshness->samples_count && place == PLACE_BEYOND; i++)
		if (freshness->samples[i].asked_at >= since)
			place = freshness->samples[i].place;
	pthread_mutex_unlock(&freshness->mutex);
	return place;
}

uint64_t freshness_needed(struct freshness *freshness, int64_t user_id, int64_t now)
{
	int64_t noted = later(atomic_load(note_of(freshness, user_id)), atomic_load(&freshness->all));
	uint64_t shown = atomic_load(&freshness->shown);
	uint64_t needed = place_since(freshness, later(noted, now - freshness->max_lag));

	return needed > shown ? needed : shown;
}

/* ---- what standbys have done --------------------------------------------------------------------------------- */

void freshness_shown(struct freshness *freshness, uint64_t place)
{
	uint64_t shown = atomic_load(&freshness->shown);

	while (shown < place && !atomic_compare_exchange_weak(&freshness->shown, &shown, place))
		;
}

void freshness_answered(struct freshness *freshness)
{
	atomic_fetch_add(&freshness->answered, 1);
}

void freshness_fell_back(struct freshness *freshness, uint64_t count)
{
	atomic_fetch_add(&freshness->fell_back, count);
}

void freshness_count(struct freshness *freshness, uint64_t *answered, uint64_t *fell_back)
{
	*answered = atomic_load(&freshness->answered);
	*fell_back = atomic_load(&freshness->fell_back);
}

void freshness_pause(struct freshness *freshness, int64_t now)
{
	atomic_store(&freshness->paused_until, now + PAUSE);
}

bool freshness_is_paused(struct freshness *freshness, int64_t now)
{
	return now < atomic_load(&freshness->paused_until);
}

void freshness_set_timeline(struct freshness *freshness, int64_t timeline)
{
	atomic_store(&freshness->timeline, timeline);
}

int64_t freshness_timeline(struct freshness *freshness)
{
	return atomic_load(&freshness->timeline);
}
