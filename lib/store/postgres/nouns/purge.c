/* SPDX-License-Identifier: MIT */
/* purge.c - deletes messages for good: one, or all that meet a criterion, a piece at a time. */
#include "nouns.h"

#include "failure.h"
#include "lane.h"

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

const struct pg_statement_text pg_purge_statements[] = {
	{MESSAGE_DELETE, "DELETE FROM directmessages_message WHERE id = $1::bigint RETURNING id"},
	/* $1 after, $2 hidden by both, $3 sent before, $4 whether to delete. The piece is a prefix of what was walked.
	 */
	{PURGE,
	 "WITH walked AS MATERIALIZED (SELECT id, octet_length(content) AS bytes, (NOT $2::boolean OR"
	 " (hidden_for_sender IS NOT NULL AND hidden_for_recipient IS NOT NULL)) AND sent_at < $3::timestamptz AS is_old"
	 " FROM directmessages_message WHERE id > $1::bigint ORDER BY id LIMIT " NUMBER(
		 ERASE_WALK) "),"
			     " counted AS (SELECT id, is_old, count(*) FILTER (WHERE is_old) OVER w AS n,"
			     " sum(CASE WHEN is_old THEN bytes ELSE 0 END) OVER w - CASE WHEN is_old THEN bytes ELSE 0 END AS before"
			     " FROM walked WINDOW w AS (ORDER BY id ROWS UNBOUNDED PRECEDING)),"
			     " chosen AS MATERIALIZED (SELECT id, is_old FROM counted WHERE n <= " NUMBER(ERASE_ROWS) " AND before < " NUMBER(
				     ERASE_BYTES) "),"
						  " gone AS (DELETE FROM directmessages_message m WHERE m.id = ANY (ARRAY(SELECT id FROM chosen WHERE is_old))"
						  " AND $4::boolean RETURNING 1)"
						  " SELECT count(*) FILTER (WHERE is_old), CASE WHEN (SELECT count(*) FROM walked) = " NUMBER(
							  ERASE_WALK) " OR count(*) < (SELECT count(*) FROM walked) THEN max(id) ELSE 0 END,"
								      " (SELECT max(id) FROM directmessages_message) FROM chosen"},
	{0},
};

enum pg_statement pg_message_delete(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->message_delete.message_id);
	return MESSAGE_DELETE;
}

enum dm_status pg_read_deleted_message(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message");
	return DM_OK;
}

enum pg_statement pg_messages_purge(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_messages_purge *purge = &operation->messages_purge;

	pg_add_int(parameters, purge->after);
	pg_add_bool(parameters, purge->hidden_by_both);
	pg_add_time(parameters, purge->before != 0 ? purge->before : TIME_LAST);
	pg_add_bool(parameters, !purge->dry_run);
	return PURGE;
}

enum dm_status pg_read_purged_piece(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	struct dm_op_messages_purge *purge = &operation->messages_purge;

	(void)postgres;
	purge->removed = pg_int(set->result, 0, 0);
	purge->next_after = pg_int(set->result, 0, 1);
	purge->last_id = pg_int(set->result, 0, 2);
	return DM_OK;
}
