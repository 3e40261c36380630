/* SPDX-License-Identifier: MIT */
/* all_statements.c - the statements of all nouns, and of transactions. */
#include "all_statements.h"

#include "failure.h"
#include "nouns.h"

static const struct pg_statement_text transaction_statements[] = {
	/* Overrules the database's default isolation level, but not READ ONLY: a server is frozen that way where
	 * another has taken its place, or its disk is full. */
	{BEGIN_WRITE, "BEGIN ISOLATION LEVEL READ COMMITTED"},
	{COMMIT, "COMMIT"},
	{ROLLBACK, "ROLLBACK"},
	/* Of the write-ahead log: behind all that is committed; NULL on a standby. */
	{PLACE, "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END"},
	/* How far a standby has come; NULL on a primary, which may have been a standby. */
	{PLACE_REPLAYED, "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END"},
	/* Those of the users that can be locked now. */
	{USERS_FREE, "SELECT {u.id} FROM {users} u WHERE {u.id} = ANY ($1::bigint[]) FOR KEY SHARE SKIP LOCKED"},
	/* Transactions that may store messages without having seen a block that is committed now: see settle.c. The
	 * number is that of the server's process and its own of the transaction. */
	{SENDS_UNDER_WAY,
	 "SELECT (split_part(virtualtransaction, '/', 1)::bigint << 32) | split_part(virtualtransaction, '/', 2)::bigint"
	 " FROM pg_locks WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid()"
	 " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY virtualtransaction"
	 " HAVING bool_or(relation = to_regclass('directmessages_block'))"
	 " AND bool_or(relation = to_regclass('directmessages_message') AND mode = 'RowExclusiveLock')"},
	/* Until the transaction ends: behind a pooler others use the connection too. */
	{SET_LIMITS, "SELECT set_config('statement_timeout', $1::bigint::text, true),"
		     " set_config('lock_timeout', $2::bigint::text, true)"},
	{0},
};

enum dm_status pg_add_all_statements(struct postgres *postgres, struct dm_error *error)
{
	static const struct pg_statement_text *const tables[] = {
		transaction_statements,  pg_user_statements,        pg_user_write_statements,
		pg_token_statements,     pg_message_statements,     pg_conversation_statements,
		pg_partner_statements,   pg_event_statements,       pg_ticket_statements,
		pg_webhook_statements,   pg_delivery_statements,    pg_claim_statements,
		pg_marking_statements,   pg_search_statements,      pg_erasure_statements,
		pg_purge_statements,     pg_idempotency_statements, pg_block_statements,
		pg_inbox_statements,     pg_inbox_fold_statements,  pg_marking_all_statements,
		pg_unmarking_statements, pg_hiding_statements,      pg_new_partner_statements,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
		if (!statements_add(&postgres->statements, tables[i], postgres->options.users,
				    postgres->options.unprepared))
			return fail(error, DM_NO_MEMORY, "out of memory");
	return DM_OK;
}
