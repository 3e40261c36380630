/* SPDX-License-Identifier: MIT */
/* message.c - single messages: store, read, mark as read. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "send_refusal.h"
#include "sent_time.h"

/* $5: which rules count. A send that is refused gives a row with the reason. The times, which are all
 * different, say which row belongs to which send; ids are in the order of the arrays. Where no send starts a
 * conversation that counts, `limited` is empty: what a statement does not have need not be set up, a tenth of it for a
 * few sends. */
/* clang-format off */
#define INSERT_MESSAGES(limited) \
	"WITH sent AS (INSERT INTO directmessages_message (content, sent_at, recipient_id, sender_id)" \
	" SELECT i.content, i.sent_at, r.id, s.id" \
	" FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::bigint[]) WITH ORDINALITY" \
	" AS i(sender, recipient, sent_at, content, rules, n) " USER_BY_INDEX("i.sender") "s " USER_BY_INDEX("i.recipient") "r" \
	" WHERE " SEND_IS_ALLOWED(limited) " ORDER BY i.n RETURNING id, sender_id, recipient_id, sent_at)," \
	" recorded AS (" RECORD_EVENTS("1", "sent", "sent_at", "$6", TRACE_OF_SEND("$7")) ")" \
	" SELECT id, sent_at, 0::bigint FROM sent UNION ALL SELECT 0, i.sent_at, " SEND_REFUSAL \
	" FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS i(sender, recipient, sent_at)" \
	" WHERE (SELECT count(*) FROM sent) < cardinality($1::bigint[])" \
	" AND NOT EXISTS (SELECT 1 FROM sent s WHERE s.sent_at = i.sent_at) ORDER BY sent_at"
/* clang-format on */

const struct pg_statement_text pg_message_statements[] = {
	{MESSAGES_INSERT, INSERT_MESSAGES("")},
	{MESSAGES_INSERT_LIMITED, INSERT_MESSAGES(LIMITED)},
	/* $2 user, $3 partner, 0 for any; $4 whether with those that the user has hidden. */
	{MESSAGE_BY_ID,
	 "SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE id = $1::bigint AND ($2::bigint = 0"
	 " OR (sender_id = $2::bigint AND $3::bigint IN (0, recipient_id)"
	 " AND ($4::boolean OR hidden_for_sender IS NULL))"
	 " OR (recipient_id = $2::bigint AND $3::bigint IN (0, sender_id)"
	 " AND ($4::boolean OR hidden_for_recipient IS NULL)))"},
	{MESSAGE_MARK_READ,
	 "WITH marked AS (UPDATE directmessages_message SET read_at = $2::timestamptz"
	 " WHERE id = $1::bigint AND read_at IS NULL RETURNING id, sender_id, recipient_id, sent_at, read_at,"
	 " CASE WHEN $4::boolean THEN content ELSE '' END AS content),"
	 " recorded AS (" RECORD_EVENTS(
		 "2", "marked", "read_at", "$3",
		 "nullif($5::text, '')") ")"
					 " SELECT " MESSAGE_COLUMNS ", true FROM marked"
					 " UNION ALL SELECT id, sender_id, recipient_id, sent_at, read_at, '', false FROM directmessages_message"
					 " WHERE id = $1::bigint AND NOT EXISTS (SELECT 1 FROM marked)"},
	{MESSAGES_NEWEST, "SELECT " MESSAGE_COLUMNS " FROM directmessages_message ORDER BY id DESC LIMIT $1::bigint"},
	{MESSAGES_NEWEST_OF_USER,
	 "SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE sender_id = $2::bigint"
	 " UNION ALL SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE recipient_id = $2::bigint"
	 " AND sender_id <> $2::bigint"
	 " ORDER BY 1 DESC LIMIT $1::bigint"},
	{0},
};

struct dm_message pg_message_from_row(const PGresult *result, int row)
{
	return (struct dm_message){
		.id = pg_int(result, row, 0),
		.sender_id = pg_int(result, row, 1),
		.recipient_id = pg_int(result, row, 2),
		.sent_at = pg_time(result, row, 3, 0),
		.read_at = pg_time(result, row, 4, DM_UNREAD),
		.content = pg_text(result, row, 5),
	};
}

/* Gives the sends their times, which are all different. */
static void set_times(struct postgres *postgres, struct dm_operation **operations, size_t count)
{
	pthread_mutex_lock(&postgres->mutex);
	for (size_t i = 0; i < count; i++) {
		postgres->last_sent_at = sent_time_after(postgres->last_sent_at);
		operations[i]->send.message.sent_at = postgres->last_sent_at;
	}
	pthread_mutex_unlock(&postgres->mutex);
}

/* None at all where no send has one, so that such a batch costs nothing. */
static void append_traces(struct dm_operation **operations, size_t count, struct buffer *traces)
{
	bool is_traced = false;

	for (size_t i = 0; i < count; i++)
		is_traced |= operations[i]->traceparent.length > 0;
	pg_array_begin(traces, TYPE_TEXT, is_traced ? count : 0);
	for (size_t i = 0; is_traced && i < count; i++)
		pg_array_append_text(traces, operations[i]->traceparent);
}

enum pg_statement pg_messages_send(struct postgres *postgres, struct dm_operation **operations, size_t count,
				   struct parameters *parameters, struct buffer arrays[SEND_ARRAYS])
{
	static const enum value_type types[SEND_ARRAYS - 1] = {TYPE_BIGINT, TYPE_BIGINT, TYPE_TIME, TYPE_TEXT,
							       TYPE_BIGINT, TYPE_TEXT,   TYPE_BYTES};
	struct buffer *traces = &arrays[SEND_ARRAYS - 1];
	bool have_keys = pg_sends_have_keys(operations, count), failed = false;
	size_t used = have_keys ? SEND_ARRAYS - 1 : SEND_ARRAYS - 3;
	int64_t lifetime = postgres->options.key_lifetime;

	for (size_t i = 0; i < used; i++)
		pg_array_begin(&arrays[i], types[i], count);
	set_times(postgres, operations, count);
	for (size_t i = 0; i < count; i++) {
		pg_array_append_int(&arrays[0], operations[i]->send.sender_id);
		pg_array_append_int(&arrays[1], pg_recipient_of(operations[i]));
		pg_array_append_time(&arrays[2], operations[i]->send.message.sent_at);
		pg_array_append_text(&arrays[3], operations[i]->send.content);
		pg_array_append_int(&arrays[4], operations[i]->send.unrestricted                   ? 0
						: operations[i]->send.internal.partners_period > 0 ? 2
												   : 1);
		if (have_keys)
			pg_append_key(operations[i], &arrays[5], &arrays[6]);
	}
	for (size_t i = 0; i < used; i++) {
		pg_add_array(parameters, &arrays[i]);
		failed |= arrays[i].failed;
	}
	pg_add_bool(parameters, postgres->options.record_events);
	if (have_keys) {
		pg_add_int(parameters, operations[0]->send.message.sent_at - lifetime);
		pg_add_int(parameters, operations[0]->send.message.sent_at + lifetime);
	}
	append_traces(operations, count, traces);
	pg_add_array(parameters, traces);
	if (failed || traces->failed)
		return NOTHING_TO_ASK;
	if (have_keys)
		return MESSAGES_INSERT_ONCE;
	return pg_sends_are_limited(operations, count) ? MESSAGES_INSERT_LIMITED : MESSAGES_INSERT;
}

static void read_message(struct dm_operation *operation, int64_t id)
{
	struct dm_op_send *send = &operation->send;

	send->message = (struct dm_message){
		.id = id,
		.sender_id = send->sender_id,
		.recipient_id = send->recipient_id,
		.sent_at = send->message.sent_at,
		.read_at = DM_UNREAD,
		.content = send->content,
	};
}

/* There is a row for each operation, in their order. */
static void read_messages(struct dm_operation **operations, size_t count, const PGresult *result)
{
	int rows = PQntuples(result);

	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];
		int row = (int)i;
		enum send_refusal refusal = row < rows ? (enum send_refusal)pg_int(result, row, 2) : SEND_WITHOUT_USER;

		if (refusal != SEND_ACCEPTED) {
			operation->status = send_refused(operation, refusal);
			continue;
		}
		operation->status = DM_OK;
		read_message(operation, pg_int(result, row, 0));
	}
}

void pg_read_sent_messages(struct dm_operation **operations, size_t count, const PGresult *result)
{
	if (!pg_sends_have_keys(operations, count)) {
		read_messages(operations, count, result);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		operations[i]->status = pg_read_keyed_send(operations[i], result, (int)i);
		if (operations[i]->status == DM_OK && !operations[i]->send.replayed)
			read_message(operations[i], operations[i]->send.message.id);
	}
}

enum pg_statement pg_message_get(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->message.message_id);
	pg_add_int(parameters, operation->message.user_id);
	pg_add_int(parameters, operation->message.partner_id);
	pg_add_bool(parameters, operation->message.with_hidden);
	return MESSAGE_BY_ID;
}

void pg_lend_messages(const struct dm_operation *operation, dm_message_row *on_message, struct row_set *set)
{
	int rows = PQntuples(set->result);

	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_message message = pg_message_from_row(set->result, row);

		set->enough = PQgetisnull(set->result, row, 5);
		if (set->enough)
			message.content = (struct dm_text){NULL, 0};
		set->enough |= !on_message(operation->context, &message);
	}
}

enum dm_status pg_read_message(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	pg_lend_messages(operation, operation->message.on_message, set);
	return DM_OK;
}

enum pg_statement pg_message_mark_read(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->mark_read.message_id);
	pg_add_time(parameters, clock_now());
	pg_add_bool(parameters, parameters->records);
	pg_add_bool(parameters, operation->internal.signals_read);
	pg_add_text(parameters, operation->traceparent);
	return MESSAGE_MARK_READ;
}

void pg_note_users(const struct postgres *postgres, int64_t sender_id, int64_t recipient_id)
{
	int64_t now;

	if (!postgres->freshness)
		return;
	now = clock_monotonic();
	freshness_note(postgres->freshness, sender_id, now);
	freshness_note(postgres->freshness, recipient_id, now);
}

bool pg_pass_changed(const struct postgres *postgres, struct dm_operation *operation, const struct dm_message *message)
{
	pg_note_users(postgres, message->sender_id, message->recipient_id);
	return postgres->options.changed(operation, message);
}

enum dm_status pg_read_marked_message(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	struct dm_message message;

	operation->mark_read.was_unread = false;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	if (!pg_bool(set->result, 0, 6)) { /* it was already read, perhaps by another server */
		pg_note_users(postgres, pg_int(set->result, 0, 1), pg_int(set->result, 0, 2));
		return DM_OK;
	}
	operation->mark_read.was_unread = true;
	message = pg_message_from_row(set->result, 0);
	return pg_pass_changed(postgres, operation, &message) ? DM_OK
							      : fail(&operation->error, DM_NO_MEMORY, "out of memory");
}

enum pg_statement pg_messages_all(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_limit(parameters, operation->all_messages.limit);
	if (operation->all_messages.user_id == 0)
		return MESSAGES_NEWEST;
	pg_add_int(parameters, operation->all_messages.user_id);
	return MESSAGES_NEWEST_OF_USER;
}

enum dm_status pg_read_all_messages(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	(void)postgres;
	pg_lend_messages(operation, operation->all_messages.on_message, set);
	return DM_OK;
}
