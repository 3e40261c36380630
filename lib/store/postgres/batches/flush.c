/* SPDX-License-Identifier: MIT */
/* flush.c - the statements of many reads, which go out at once. */
#include "flush.h"

#include "clock.h"
#include "kinds.h"
#include "limits.h"
#include "merge.h"
#include "standby.h"
#include "written.h"

bool pg_is_question(const struct pg_session *session, const struct dm_operation *operation)
{
	return session->writer && pg_operation_question(operation);
}

/* Adds the operation to the open query, which is begun if it is NULL. */
static void add_to_query(struct flush *flush, struct asked *asked, struct query **open)
{
	if (!*open) {
		*open = &flush->queries[flush->queries_count++];
		**open = (struct query){.last = &(*open)->first};
	}
	*(*open)->last = asked;
	(*open)->last = &asked->next;
	(*open)->count++;
}

void flush_make(struct flush *flush, const struct pg_session *session, struct dm_operation **operations, size_t count,
		bool apart)
{
	const struct postgres *postgres = session->postgres;
	struct query *open[STATEMENT_COUNT] = {NULL};

	flush->queries_count = 0;
	for (size_t i = 0; i < count; i++) {
		operation_ask *ask = pg_is_question(session, operations[i]) ? pg_operation_question(operations[i])
									    : pg_operation_ask(operations[i]);
		struct asked *asked = &flush->asked[i];
		struct query *alone = NULL;

		asked->operation = operations[i];
		asked->next = NULL;
		asked->must_write = asked->is_doubtful = false;
		asked->needed = session->primary ? standby_needed(session, operations[i]) : 0;
		asked->parameters = (struct parameters){.users = postgres->options.users};
		asked->statement = ask(operations[i], &asked->parameters);
		if (asked->statement == NOTHING_TO_ASK)
			lane_complete(&postgres->options, operations[i]);
		else
			add_to_query(flush, asked,
				     apart || !postgres->statements.texts[MERGED(asked->statement)]
					     ? &alone
					     : &open[asked->statement]);
	}
}

/* Sends one statement for all operations of the query. False where there is no memory. */
static bool send_merged(struct pg_session *session, const struct query *query)
{
	const struct parameters *each[LANE_MAX_BATCH];
	struct parameters merged = {.count = 0};
	struct buffer arrays[MAX_PARAMETERS];
	size_t count = 0;
	bool good;

	for (size_t i = 0; i < MAX_PARAMETERS; i++)
		buffer_init(&arrays[i], SIZE_MAX);
	for (const struct asked *asked = query->first; asked; asked = asked->next)
		each[count++] = &asked->parameters;
	good = merge_parameters(&merged, arrays, each, count);
	if (good)
		session_send(session, MERGED(query->first->statement), &merged);
	for (size_t i = 0; i < MAX_PARAMETERS; i++)
		buffer_release(&arrays[i]);
	return good;
}

void flush_give_up(const struct pg_session *session, struct dm_operation *const *operations, size_t count,
		   const struct dm_error *error)
{
	if (session->primary)
		standby_hand_on(session, operations, count);
	else
		lane_fail(&session->postgres->options, operations, count, error);
}

void flush_fail_query(const struct pg_session *session, struct query *query, const struct dm_error *error)
{
	for (struct asked *asked = query->first; asked; asked = asked->next)
		flush_give_up(session, &asked->operation, 1, error);
}

void flush_send(struct flush *flush, struct pg_session *session)
{
	static const struct dm_error no_memory = {DM_NO_MEMORY, "out of memory"};
	size_t sent = 0;

	pg_set_limits(session, false);
	flush->sampled_at = clock_monotonic();
	flush->has_sample = !session->primary && written_ask(session, flush->sampled_at);
	if (session->primary)
		standby_ask(session);
	for (size_t i = 0; i < flush->queries_count; i++) {
		struct query *query = &flush->queries[i];

		if (query->count == 1) {
			session_send(session, query->first->statement, &query->first->parameters);
		} else if (!send_merged(session, query)) {
			flush_fail_query(session, query, &no_memory);
			continue;
		}
		flush->queries[sent++] = *query;
	}
	flush->queries_count = sent;
	if (session->primary)
		standby_ask(session);
	session_sync(session);
}
