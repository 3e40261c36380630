/* SPDX-License-Identifier: MIT */
/* all_statements.c - the statements of all nouns, and of transactions. */
#include "all_statements.h"

#include "nouns.h"

static const struct sqlite_statement_text transaction_statements[] = {
	{BEGIN_READ, "BEGIN"},
	/* Immediate: the lock is taken, and waited for, before anything is done. */
	{BEGIN_WRITE, "BEGIN IMMEDIATE"},
	{COMMIT, "COMMIT"},
	{ROLLBACK, "ROLLBACK"},
	{0},
};

enum dm_status prepare_all_statements(struct sqlite_session *session, struct dm_error *error)
{
	static const struct sqlite_statement_text *const tables[] = {
		transaction_statements, user_statements,         token_statements,       message_statements,
		partner_statements,     conversation_statements, event_statements,       ticket_statements,
		webhook_statements,     delivery_statements,     claim_statements,       search_statements,
		erasure_statements,     purge_statements,        idempotency_statements, block_statements,
		inbox_statements,       inbox_walk_statements,   inbox_fold_statements,  marking_statements,
		hiding_statements,      new_partner_statements,
	};
	enum dm_status status = DM_OK;

	for (size_t i = 0; i < ARRAY_LENGTH(tables) && status == DM_OK; i++)
		status = session_prepare(session, tables[i], error);
	return status;
}
