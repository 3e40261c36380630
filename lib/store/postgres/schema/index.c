/* SPDX-License-Identifier: MIT */
/* index.c - makes the indexes of a migration step without stopping anybody, on a table and on a partitioned one.
 *
 * PostgreSQL makes no index concurrently on a partitioned table. So each partition gets its own one concurrently. Then
 * CREATE INDEX on the table finds that they are like its own, and joins them. It also makes those of partitions that
 * have come meanwhile. */
#include "index.h"

#include "progress.h"

#include <string.h>

/* $1 the table, $2 the index, $3 its definition. What to do next with a table, or with a partition that has no such
 * index: the statement, and the name of the index. No row where there is nothing left to do. An index whose making was
 * interrupted stays behind invalid. It is dropped, and made anew. Foreign tables have no indexes. */
#define OWN_NAME \
	"CASE WHEN c.oid = to_regclass($1::text) THEN $2::text WHEN octet_length($2::text || c.relname) < 63" \
	" THEN $2::text || '_' || c.relname ELSE $2::text || '_' || md5(c.relname) END"
static const char next_of_a_partition[] =
	"WITH leaf AS (SELECT c.oid, c.relnamespace, c.relname, " OWN_NAME " AS index_name FROM pg_class c"
	" WHERE c.relkind = 'r' AND (c.oid = to_regclass($1::text)"
	" OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass($1::text)) WHERE isleaf)))"
	" SELECT CASE WHEN i.oid IS NULL THEN format('CREATE INDEX CONCURRENTLY %I ON %I.%I %s', index_name, n.nspname,"
	" leaf.relname, $3::text) ELSE format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, index_name) END, index_name"
	" FROM leaf JOIN pg_namespace n ON n.oid = leaf.relnamespace"
	" LEFT JOIN (pg_class i JOIN pg_index o ON o.indexrelid = i.oid) ON i.relname = index_name"
	" AND o.indrelid = leaf.oid WHERE o.indisvalid IS NOT TRUE AND NOT EXISTS (SELECT 1 FROM pg_index x"
	" WHERE x.indrelid = leaf.oid AND x.indisvalid AND leaf.oid <> to_regclass($1::text)"
	" AND right(pg_get_indexdef(x.indexrelid), length($3::text) + 1) = ' ' || $3::text)"
	" ORDER BY leaf.relname, leaf.oid LIMIT 1";

/* The same parameters. What makes the index of a partitioned table that has none, or one that is not valid. */
static const char join[] =
	"SELECT CASE WHEN x.indexrelid IS NULL THEN '' ELSE format('DROP INDEX %s; ', x.indexrelid::regclass) END"
	" || format('CREATE INDEX %I ON %s %s', $2::text, c.oid::regclass, $3::text)"
	" FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = to_regclass($2::text) AND x.indrelid = c.oid"
	" WHERE c.oid = to_regclass($1::text) AND c.relkind = 'p' AND x.indisvalid IS NOT TRUE";

/* Asks for a statement. *result may have no row; the caller clears it. */
static enum dm_status ask(struct pg_session *session, const char *question, const struct migration_index *index,
			  PGresult **result, struct dm_error *error)
{
	const char *const texts[] = {index->table, index->name, index->definition};
	struct parameters parameters = {.count = 0};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		pg_add_text(&parameters, (struct dm_text){texts[i], strlen(texts[i])});
	return session_execute(session, question, &parameters, NO_DEADLINE, result, error);
}

enum dm_status index_make(struct pg_session *session, const struct migration_index *index,
			  const struct store_watch *watch, struct dm_error *error)
{
	enum dm_status status = DM_OK;
	bool is_done = false;

	while (status == DM_OK && !is_done) {
		PGresult *result = NULL;

		status = ask(session, next_of_a_partition, index, &result, error);
		is_done = PQntuples(result) == 0;
		if (status == DM_OK && !is_done)
			status = progress_execute(session, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), watch,
						  error);
		PQclear(result);
	}
	return status;
}

enum dm_status index_join(struct pg_session *session, const struct migration_index *index, struct dm_error *error)
{
	PGresult *result = NULL;
	enum dm_status status = ask(session, join, index, &result, error);

	if (status == DM_OK && PQntuples(result) > 0)
		status = session_execute(session, PQgetvalue(result, 0, 0), NULL, NO_DEADLINE, NULL, error);
	PQclear(result);
	return status;
}
