/* SPDX-License-Identifier: MIT */
/* migration_runner.c - whether a database's schema is up to date, and bringing it there, step by step. */
#include "migration_runner.h"

#include "clock.h"
#include "failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Between two reports, in microseconds. */
#define REPORT_EVERY 1000000

static enum dm_status ask(const struct migration_target *target, const char *text, int64_t *value,
			  struct dm_error *error)
{
	char *sql = user_table_expand(target->users, text);
	enum dm_status status =
		sql ? target->ask(target->context, sql, value, error) : fail(error, DM_NO_MEMORY, "out of memory");

	free(sql);
	return status;
}

/* The number of the last step on record, 0 where there is no record. */
static enum dm_status read_record(const struct migration_target *target, int64_t *number, struct dm_error *error)
{
	int64_t exists = 0;
	enum dm_status status = ask(target, target->has_record, &exists, error);

	*number = 0;
	if (status != DM_OK || !exists)
		return status;
	status = ask(target, "SELECT max(number) FROM " MIGRATION_RECORD, number, error);
	if (status == DM_OK && *number > target->steps[target->steps_count - 1].number)
		return fail(error, DM_SCHEMA, "the database was made by a newer version; use that version's program");
	return status;
}

enum dm_status migration_is_due(const struct migration_target *target, const struct migration *step, bool *due,
				struct dm_error *error)
{
	int64_t number = 0, satisfied = 0;
	enum dm_status status = read_record(target, &number, error);

	if (status == DM_OK)
		status = ask(target, step->satisfied, &satisfied, error);
	*due = number < step->number || !satisfied;
	return status;
}

enum dm_status migration_is_satisfied(const struct migration_target *target, const struct migration *step,
				      bool *satisfied, struct dm_error *error)
{
	int64_t is_satisfied = 0, is_possible = 1;
	enum dm_status status = ask(target, step->satisfied, &is_satisfied, error);

	if (status == DM_OK && !is_satisfied && step->possible)
		status = ask(target, step->possible, &is_possible, error);
	*satisfied = is_satisfied;
	return status == DM_OK && !is_possible ? fail(error, DM_SCHEMA, "%s", step->refusal) : status;
}

static void report_left(const struct migration *step, int64_t left, const struct store_watch *watch)
{
	char text[160];

	if (!watch->on_progress)
		return;
	snprintf(text, sizeof(text), "%s: %lld left", step->name, (long long)left);
	watch->on_progress(watch->context, text);
}

enum dm_status migration_do_pieces(const struct migration_target *target, const struct migration *step,
				   enum dm_status (*run)(void *context, const char *sql, struct dm_error *error),
				   const struct store_watch *watch, struct dm_error *error)
{
	/* Another process that waits for SQLite's lock looks for it now and then, and would seldom find it free. */
	static const struct timespec pause = {.tv_nsec = 2000000};
	int64_t left = 0, reported_at = INT64_MIN;
	enum dm_status status = ask(target, step->left, &left, error);

	while (status == DM_OK && left > 0) {
		status = run(target->context, step->piece, error);
		if (status == DM_OK)
			status = ask(target, step->left, &left, error);
		if (left > 0 && clock_monotonic() >= reported_at + REPORT_EVERY) {
			report_left(step, left, watch);
			reported_at = clock_monotonic();
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

/* Fails because the step is due; with its refusal where it is not possible. */
static enum dm_status refuse_due(const struct migration_target *target, const struct migration *step,
				 struct dm_error *error)
{
	bool satisfied;
	enum dm_status status = migration_is_satisfied(target, step, &satisfied, error);

	if (status != DM_OK)
		return status;
	return fail(error, DM_SCHEMA, "the schema is not up to date: step %d, %s, is due; run 'directmessages migrate'",
		    step->number, step->name);
}

enum dm_status migration_check(const struct migration_target *target, struct dm_error *error)
{
	enum dm_status status = user_table_verify(target->users, target->look, target->context, error);

	for (size_t i = 0; i < target->steps_count && status == DM_OK; i++) {
		bool due = false;

		status = migration_is_due(target, &target->steps[i], &due, error);
		if (status == DM_OK && due)
			status = refuse_due(target, &target->steps[i], error);
	}
	return status;
}

enum dm_status migration_run(const struct migration_target *target, const struct store_watch *watch,
			     struct dm_error *error)
{
	enum dm_status status = user_table_verify(target->users, target->look, target->context, error);

	for (size_t i = 0; i < target->steps_count && status == DM_OK; i++) {
		const struct migration *step = &target->steps[i];
		bool due = false;

		status = migration_is_due(target, step, &due, error);
		if (status == DM_OK && due)
			status = target->apply(target, step, &due, watch, error);
		if (status == DM_OK && due && watch->on_step)
			watch->on_step(watch->context, step->number, step->name);
	}
	return status;
}
