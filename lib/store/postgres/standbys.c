/* SPDX-License-Identifier: MIT */
/* standbys.c - the lane that reads from standbys. */
#include "standbys.h"

#include "all_statements.h"
#include "batch.h"
#include "clock.h"
#include "failure.h"
#include "session.h"
#include "setup.h"
#include "standby.h"

#include <stdlib.h>

/* Reads of one flush, as on the primary. */
#define MAX_READS 32

struct standbys {
	struct postgres postgres;
	struct keeper *keeper;
	struct pg_session **sessions;
	size_t sessions_count;
	struct lane *lane;
};

static enum dm_status start(struct standbys *standbys, struct lane *primary, struct dm_error *error)
{
	struct lane_options options = {.run_batch = pg_batch_run,
				       .max_batch = MAX_READS,
				       .next = primary,
				       .store = &standbys->postgres.options};
	size_t lanes = standbys->postgres.options.lanes, wanted = lanes > 1 ? lanes - 1 : 1;

	standbys->keeper = keeper_start(&standbys->postgres);
	standbys->sessions = calloc(wanted, sizeof(struct pg_session *));
	if (!standbys->keeper || !standbys->sessions)
		return fail(error, DM_NO_MEMORY, "no memory, or no thread, for standbys");
	for (; standbys->sessions_count < wanted; standbys->sessions_count++) {
		struct pg_session *session = session_new(&standbys->postgres, standbys->keeper);

		if (!session)
			return fail(error, DM_NO_MEMORY, "out of memory");
		session->primary = primary;
		standbys->sessions[standbys->sessions_count] = session;
	}
	options.sessions = (void *const *)standbys->sessions;
	options.sessions_count = standbys->sessions_count;
	standbys->lane = lane_new(&options);
	return standbys->lane ? DM_OK : fail(error, DM_NO_MEMORY, "no memory, or no thread, for a lane");
}

enum dm_status standbys_open(const struct store_options *options, struct freshness *freshness, struct lane *primary,
			     struct standbys **out, struct dm_error *error)
{
	struct standbys *standbys = calloc(1, sizeof(*standbys));
	struct store_options own = *options;
	enum dm_status status;

	if (!standbys)
		return fail(error, DM_NO_MEMORY, "out of memory");
	own.url = options->read_url;
	own.busy_timeout_ms = options->busy_timeout_ms / PART_OF_TIME;
	status = postgres_init(&standbys->postgres, &own, error);
	standbys->postgres.freshness = freshness;
	standbys->postgres.is_standby = true;
	if (status == DM_OK)
		status = pg_add_all_statements(&standbys->postgres, error);
	if (status == DM_OK)
		status = start(standbys, primary, error);
	if (status == DM_OK)
		*out = standbys;
	else
		standbys_close(standbys);
	return status;
}

void standbys_end(struct standbys *standbys)
{
	if (standbys && standbys->lane)
		lane_end(standbys->lane);
}

void standbys_close(struct standbys *standbys)
{
	if (!standbys)
		return;
	if (standbys->lane)
		lane_free(standbys->lane);
	keeper_stop(standbys->keeper);
	for (size_t i = 0; i < standbys->sessions_count; i++)
		session_free(standbys->sessions[i]);
	free(standbys->sessions);
	postgres_release(&standbys->postgres);
	free(standbys);
}

/* Whether a standby is to be asked. */
static bool is_for(const struct standbys *standbys, const struct dm_operation *operation)
{
	if (!standbys || !standby_may_answer(operation))
		return false;
	if (!freshness_is_paused(standbys->postgres.freshness, clock_monotonic()))
		return true;
	freshness_fell_back(standbys->postgres.freshness, 1);
	return false;
}

bool standbys_submit(struct standbys *standbys, struct dm_operation *operation)
{
	bool is_ours = is_for(standbys, operation);

	if (is_ours)
		lane_submit(standbys->lane, operation);
	return is_ours;
}

bool standbys_run(struct standbys *standbys, struct dm_operation *operation)
{
	bool is_ours = is_for(standbys, operation);

	if (is_ours)
		lane_run(standbys->lane, operation);
	return is_ours;
}

struct lane *standbys_lane(const struct standbys *standbys)
{
	return standbys ? standbys->lane : NULL;
}
