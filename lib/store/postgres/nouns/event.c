/* SPDX-License-Identifier: MIT */
/* event.c - the event log: one row for each message that was sent, marked or hidden. The statements that store, mark
 * and hide messages write it.
 *
 * Transactions don't end in the order in which they begin, so a row may become visible before one that was read
 * already. But what becomes visible later belongs to a transaction that is not older than the oldest one under way. So
 * the log has the order of the transactions' ids, and is read up to the oldest transaction under way.
 *
 * A restored database may come into a cluster whose transaction ids are lower than those in its log. So a transaction's
 * number in the log is its id plus a base. The base is stored beside the log, and raised (pg_event_log_adopt) before
 * anything is written: numbers never go back, and all that the copy has brought is settled.
 *
 * Where the database is replaced by an older copy the same numbers and ids are given to other events. So a position
 * also holds its row's mark, which differs from that of another event at the same place. */
#include "nouns.h"

#include "event_match.h"
#include "failure.h"
#include "position_key.h"

/* How many rows are deleted at once. The planner does not see the other number as a constant, so it expects a tenth of
 * the rows and walks in the index. With a number close to its guess of all rows it would read and sort them all. */
#define MAX_TRIM "5000"
#define MAX_LOOKED_AT "(SELECT " MAX_TRIM " + 1)"

#define LOG "directmessages_event"
#define MARK "nonce # " OF_THE_LOG("epoch") " & 9223372036854775807"
/* PostgreSQL's random() has too few bits. */
#define RANDOM_BIGINT \
	"('x' || left(replace(gen_random_uuid()::text, '-', ''), 12) || right(gen_random_uuid()::text, 4))" \
	"::bit(64)::bigint"
#define SETTLED "transaction < " EVENTS_END

/* The rows to delete, from the start of the log: by number and by time, none that an active endpoint has not been given
 * yet, and at most MAX_TRIM. $1 keep, $2 before. */
#define OLD \
	"WITH first AS MATERIALIZED (SELECT transaction, id, at FROM " LOG " WHERE " SETTLED \
	" ORDER BY transaction, id LIMIT " MAX_LOOKED_AT ")," \
	" newest AS (SELECT transaction, id FROM " LOG " WHERE " SETTLED \
	" ORDER BY transaction DESC, id DESC LIMIT 1)," \
	" kept AS (SELECT f.transaction, f.id FROM first f, newest n WHERE (f.transaction, f.id) = (n.transaction, n.id)" \
	" OR (f.at >= $2::bigint AND f.id > n.id - $1::bigint) OR (f.transaction, f.id) > (SELECT position_transaction," \
	" position_id FROM directmessages_webhook WHERE is_active ORDER BY 1, 2 LIMIT 1) ORDER BY 1, 2 LIMIT 1)," \
	" bound AS (SELECT transaction, id FROM kept UNION ALL (SELECT transaction, id FROM first" \
	" WHERE NOT EXISTS (SELECT 1 FROM kept) ORDER BY transaction DESC, id DESC LIMIT 1))," \
	" old AS (SELECT f.transaction, f.id FROM first f, bound b WHERE (f.transaction, f.id) < (b.transaction, b.id))"

/* The highest number in use. What this snapshot sees was committed, so its id is below the snapshot's end, unless it
 * came from another cluster: this transaction has written nothing, and reads no row under a lock. */
#define HIGHEST \
	"greatest((SELECT max(transaction) FROM " LOG ")," \
	" (SELECT max(position_transaction) FROM directmessages_webhook))"
#define IS_AHEAD " >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + base"

static const char is_ahead[] = "SELECT 1 FROM directmessages_event_log WHERE " HIGHEST IS_AHEAD;

/* Of two sessions at once the second finds the base of the first, and has nothing to do. A snapshot means nothing in
 * another cluster, so endpoints lose theirs. */
static const char adopt[] =
	"WITH highest AS MATERIALIZED (SELECT " HIGHEST " AS number), adopted AS (UPDATE directmessages_event_log"
	" SET base = highest.number + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
	" FROM highest WHERE highest.number" IS_AHEAD " RETURNING 1)"
	" UPDATE directmessages_webhook SET begin_snapshot = NULL"
	" WHERE begin_snapshot IS NOT NULL AND EXISTS (SELECT 1 FROM adopted)";

const struct pg_statement_text pg_event_statements[] = {
	/* $1, $2 the position, $3 limit, $4 user, $5 bytes: once so many were sent further contents are NULL. The
	 * message's columns are NULL for the row of the position, and where the message is gone or not the user's. The
	 * content of what was hidden is not sent. The id alone does not identify a message: where Django empties its
	 * tables (manage.py flush), ids start from 1, and this log stays. */
	{EVENTS_FROM,
	 "SELECT e.transaction, e.id, e." MARK
	 ", e.kind, e.at, m.hidden_for_sender IS NOT NULL, m.hidden_for_recipient IS NOT NULL,"
	 " m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at, CASE WHEN sum(octet_length(m.content)) OVER"
	 " (ORDER BY e.transaction, e.id ROWS UNBOUNDED PRECEDING) - octet_length(m.content) < $5::bigint"
	 " THEN m.content END, e.origin, e.message_id, e.sender_id, e.recipient_id"
	 " FROM (SELECT * FROM " LOG " WHERE (transaction, id) >= ($1::bigint, $2::bigint) AND " SETTLED
	 " ORDER BY transaction, id LIMIT $3::bigint) e LEFT JOIN LATERAL (SELECT id, sender_id, recipient_id, sent_at,"
	 " read_at, hidden_for_sender, hidden_for_recipient, CASE WHEN e.kind < 5 THEN content ELSE '' END AS content"
	 " FROM directmessages_message m WHERE m.id = e.message_id AND m.sender_id = e.sender_id AND m.recipient_id = e.recipient_id OFFSET 0) m"
	 " ON ($4::bigint = 0 OR $4::bigint IN (e.sender_id, e.recipient_id))"
	 " AND (e.transaction, e.id) > ($1::bigint, $2::bigint) ORDER BY e.transaction, e.id"},
	{EVENTS_NEWEST, "SELECT e.transaction, e.id, e.mark, l.position_key"
			" FROM (SELECT position_key FROM directmessages_event_log ORDER BY epoch LIMIT 1) l"
			" LEFT JOIN (SELECT transaction, id, " MARK " AS mark FROM " LOG " WHERE " SETTLED
			" ORDER BY transaction DESC, id DESC LIMIT 1) e ON true"},
	{EVENTS_OLD, OLD " SELECT 1 FROM old LIMIT 1"},
	{EVENTS_TRIM, OLD ", gone AS (DELETE FROM " LOG " WHERE (transaction, id) IN (SELECT transaction, id FROM old)"
			  " RETURNING 1) SELECT count(*) FROM gone"},
	{EVENTS_NEW_EPOCH, "UPDATE directmessages_event_log SET epoch = " RANDOM_BIGINT},
	{0},
};

enum dm_status pg_event_log_adopt(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	static const struct parameters none = {.count = 0};
	PGresult *result = NULL;
	enum dm_status status = session_execute(session, is_ahead, &none, deadline, &result, error);
	bool ahead = status == DM_OK && PQntuples(result) > 0;

	PQclear(result);
	return ahead ? session_execute(session, adopt, &none, deadline, NULL, error) : status;
}

enum pg_statement pg_events(struct dm_operation *operation, struct parameters *parameters)
{
	size_t limit = operation->events.limit;

	pg_add_int(parameters, operation->events.after.transaction);
	pg_add_int(parameters, operation->events.after.id);
	pg_add_limit(parameters, limit > 0 ? limit + 1 : 0);
	pg_add_int(parameters, operation->events.user_id);
	pg_add_max(parameters, operation->events.max_bytes);
	return EVENTS_FROM;
}

/* Lends one event. False: no more are wanted. */
static bool lend(struct dm_operation *operation, const PGresult *result, int row)
{
	struct event_row found = {
		.kind = pg_int(result, row, 3),
		.at = pg_int(result, row, 4),
		.message_id = pg_int(result, row, 14),
		.sender_id = pg_int(result, row, 15),
		.recipient_id = pg_int(result, row, 16),
		.has_message = !PQgetisnull(result, row, 7),
	};
	struct dm_event event = {
		.position = operation->events.position,
		.hidden_for_sender = pg_bool(result, row, 5),
		.hidden_for_recipient = pg_bool(result, row, 6),
		.message = {.id = pg_int(result, row, 7),
			    .sender_id = pg_int(result, row, 8),
			    .recipient_id = pg_int(result, row, 9),
			    .sent_at = pg_time(result, row, 10, 0),
			    .read_at = pg_time(result, row, 11, DM_UNREAD),
			    .content = pg_text(result, row, 12)},
		.origin = origin_of(pg_int(result, row, 13)),
	};

	if (!event_complete(&event, &found) || !event_is_wanted(&event, &operation->events))
		return true;
	return operation->events.on_event(operation->context, &event);
}

static struct dm_event_position position_of(const PGresult *result, int row)
{
	return (struct dm_event_position){pg_int(result, row, 0), pg_int(result, row, 1), pg_int(result, row, 2)};
}

static bool is_there(const PGresult *result, const struct dm_event_position *position)
{
	struct dm_event_position first = PQntuples(result) > 0 ? position_of(result, 0) : (struct dm_event_position){0};

	return PQntuples(result) > 0 && first.transaction == position->transaction && first.id == position->id &&
	       first.mark == position->mark;
}

enum dm_status pg_read_events(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	const PGresult *result = set->result;
	struct dm_op_events *events = &operation->events;
	int rows = PQntuples(result);

	events->position = events->after;
	events->count = 0;
	events->is_cut = false;
	/* Where the log ends only the primary knows. */
	if (postgres->is_standby && (size_t)rows <= events->limit)
		return fail(&operation->error, DM_NOT_FOUND, "the standby's event log does not hold a whole piece");
	/* The log is trimmed from its start. So if the row of the position is there, none behind it was deleted. */
	if (!is_there(result, &events->after))
		return fail(&operation->error, DM_NOT_FOUND,
			    "the event log does not hold this position, or no longer does");
	for (int row = 1; row < rows && !set->enough; row++) {
		events->is_cut = !PQgetisnull(result, row, 7) && PQgetisnull(result, row, 12);
		if (events->is_cut)
			break;
		if (!postgres->is_standby) /* they may be told of it, and then read */
			pg_note_users(postgres, pg_int(result, row, 15), pg_int(result, row, 16));
		events->position = position_of(result, row);
		events->count++;
		set->enough = !lend(operation, result, row);
	}
	return DM_OK;
}

enum pg_statement pg_events_newest(struct dm_operation *operation, struct parameters *parameters)
{
	(void)operation, (void)parameters;
	return EVENTS_NEWEST;
}

enum dm_status pg_read_newest_event(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	bool has_row = PQntuples(set->result) > 0;

	(void)postgres;
	operation->events_newest.position = has_row ? position_of(set->result, 0) : (struct dm_event_position){0};
	return position_key_copy(operation, has_row ? pg_text(set->result, 0, 3) : (struct dm_text){0});
}

static void add_what_to_keep(const struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, rows_to_keep(operation->events_trim.keep));
	pg_add_int(parameters, operation->events_trim.before);
}

enum pg_statement pg_events_have_old(struct dm_operation *operation, struct parameters *parameters)
{
	operation->events_trim.removed = 0;
	add_what_to_keep(operation, parameters);
	return EVENTS_OLD;
}

enum pg_statement pg_events_trim(struct dm_operation *operation, struct parameters *parameters)
{
	add_what_to_keep(operation, parameters);
	return EVENTS_TRIM;
}

enum dm_status pg_read_trimmed_events(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	(void)postgres;
	operation->events_trim.removed = PQntuples(set->result) > 0 ? pg_int(set->result, 0, 0) : 0;
	return DM_OK;
}

enum pg_statement pg_events_new_epoch(struct dm_operation *operation, struct parameters *parameters)
{
	(void)operation, (void)parameters;
	return EVENTS_NEW_EPOCH;
}
