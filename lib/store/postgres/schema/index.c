/* SPDX-License-Identifier: MIT */
/* index.c - makes the indexes of a migration step without stopping anybody, on a table and on a partitioned one.
 *
 * PostgreSQL makes no index concurrently on a partitioned table. So each partition gets its own one concurrently. Then
 * CREATE INDEX on the table finds that they are like its own, and joins them. It also makes those of partitions that
 * have come meanwhile. */
#include "index.h"

#include "clock.h"
#include "failure.h"
#include "progress.h"

#include <string.h>

/* $1 the table, $2 the index, $3 its definition. The name that the index of a partition `c` gets here. */
#define OWN_NAME \
	"CASE WHEN c.oid = to_regclass($1::text) THEN $2::text WHEN octet_length($2::text || c.relname) < 63" \
	" THEN $2::text || '_' || c.relname ELSE $2::text || '_' || md5(c.relname) END"
/* The name of a new one: the former may be that of another index of somebody's. */
#define FREE_NAME \
	"CASE WHEN to_regclass(format('%I.%I', nspname, index_name)) IS NULL THEN index_name" \
	" ELSE $2::text || '_' || md5(index_name) END"
/* Whether an index `x` has the definition, whatever its name and its fill factor are. */
#define IS_LIKE \
	"right(regexp_replace(pg_get_indexdef(x.indexrelid), ' WITH \\([^)]*\\)', ''), length($3::text) + 1)" \
	" = ' ' || $3::text"

/* What to do next with a table, or with a partition: the statement, and the index. No row where there is nothing left
 * to do. An index whose making was interrupted stays behind invalid. CREATE INDEX on the table would join that one too,
 * and be invalid itself, so it is dropped; one that belongs to the table's index can't be, and is made valid. An index
 * that belongs to another one of the table is of no use here, and so is one of a partition that has the name alone.
 * Foreign tables have no indexes. */
static const char next_of_a_partition[] =
	"WITH leaf AS (SELECT c.oid, n.nspname, c.relname, " OWN_NAME " AS index_name,"
	" c.oid <> to_regclass($1::text) AS is_part FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind = 'r' AND (c.oid = to_regclass($1::text)"
	" OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass($1::text)) WHERE isleaf)))"
	" SELECT CASE WHEN x.indexrelid IS NULL THEN"
	" format('CREATE INDEX CONCURRENTLY %I ON %I.%I %s', CASE WHEN is_part THEN " FREE_NAME
	" ELSE index_name END, nspname, leaf.relname, $3::text)"
	" WHEN EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = x.indexrelid)"
	" THEN format('REINDEX INDEX CONCURRENTLY %I.%I', nspname, i.relname)"
	" ELSE format('DROP INDEX CONCURRENTLY %I.%I', nspname, i.relname) END, coalesce(i.relname, index_name)"
	" FROM leaf LEFT JOIN (pg_index x JOIN pg_class i ON i.oid = x.indexrelid) ON x.indrelid = leaf.oid"
	" AND ((i.relname = index_name AND NOT (is_part AND x.indisvalid)) OR (is_part AND " IS_LIKE "))"
	" AND NOT EXISTS (SELECT 1 FROM pg_index root WHERE root.indexrelid = pg_partition_root(x.indexrelid)"
	" AND root.indrelid = to_regclass($1::text) AND root.indexrelid IS DISTINCT FROM to_regclass($2::text))"
	" WHERE x.indisvalid IS NOT TRUE ORDER BY leaf.relname, leaf.oid, x.indexrelid LIMIT 1";

/* What makes the index of a partitioned table that has none, or one that is not valid: its making was interrupted, as
 * between CREATE INDEX ON ONLY and the last ATTACH PARTITION. To drop such an index would drop those that belong to it,
 * so it gets what is missing. NULL: nothing is missing. */
static const char join[] =
	"WITH parent AS (SELECT c.oid, x.indexrelid FROM pg_class c"
	" LEFT JOIN pg_index x ON x.indexrelid = to_regclass($2::text) AND x.indrelid = c.oid"
	" WHERE c.oid = to_regclass($1::text) AND c.relkind = 'p' AND x.indisvalid IS NOT TRUE),"
	" missing AS (SELECT parent.indexrelid, n.nspname, c.relname, " OWN_NAME " AS index_name,"
	" (SELECT min(x.indexrelid::bigint)::oid FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND " IS_LIKE
	" AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = x.indexrelid)) AS own FROM parent"
	" JOIN pg_inherits part ON part.inhparent = parent.oid JOIN pg_class c ON c.oid = part.inhrelid"
	" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT EXISTS"
	" (SELECT 1 FROM pg_inherits h JOIN pg_index x ON x.indexrelid = h.inhrelid"
	" WHERE h.inhparent = parent.indexrelid AND x.indrelid = c.oid)),"
	" anew(sql) AS (SELECT format('CREATE INDEX %I ON %s %s', $2::text, oid::regclass, $3::text) FROM parent)"
	" SELECT CASE WHEN indexrelid IS NULL THEN sql"
	" WHEN NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = indexrelid)"
	" THEN format('DROP INDEX %s; %s', indexrelid::regclass, sql)"
	" ELSE (SELECT string_agg(CASE WHEN own IS NULL THEN"
	" format('CREATE INDEX %I ON %I.%I %s; ALTER INDEX %s ATTACH PARTITION %I.%I', " FREE_NAME ", nspname, relname,"
	" $3::text, missing.indexrelid::regclass, nspname, " FREE_NAME ")"
	" ELSE format('ALTER INDEX %s ATTACH PARTITION %s', missing.indexrelid::regclass, own::regclass) END, '; ')"
	" FROM missing) END FROM parent, anew";

/* The index of the partitioned table, where it is invalid even so. PostgreSQL looks whether one has become valid only
 * when a partition's is attached. */
static const char still_invalid[] =
	"SELECT x.indexrelid::regclass::text, $3::text FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid"
	" WHERE x.indexrelid = to_regclass($2::text) AND c.oid = to_regclass($1::text) AND c.relkind = 'p'"
	" AND NOT x.indisvalid";

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
	int64_t report_at = clock_monotonic() + PROGRESS_INTERVAL;
	bool is_done = false;

	while (status == DM_OK && !is_done) {
		PGresult *result = NULL;

		status = ask(session, next_of_a_partition, index, &result, error);
		is_done = PQntuples(result) == 0;
		if (status == DM_OK && !is_done)
			status = progress_execute(session, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), watch,
						  &report_at, error);
		PQclear(result);
	}
	return status;
}

static enum dm_status check_joined(struct pg_session *session, const struct migration_index *index,
				   struct dm_error *error)
{
	PGresult *result = NULL;
	enum dm_status status = ask(session, still_invalid, index, &result, error);

	if (status == DM_OK && PQntuples(result) > 0)
		status = fail(error, DM_SCHEMA,
			      "the index %s is not valid, and PostgreSQL has no way to make it so; run "
			      "\"DROP INDEX %s\", then migrate, which makes it and those of all partitions anew",
			      PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 0));
	PQclear(result);
	return status;
}

enum dm_status index_join(struct pg_session *session, const struct migration_index *index, struct dm_error *error)
{
	PGresult *result = NULL;
	enum dm_status status = ask(session, join, index, &result, error);

	if (status == DM_OK && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
		status = session_execute(session, PQgetvalue(result, 0, 0), NULL, NO_DEADLINE, NULL, error);
	PQclear(result);
	return status == DM_OK ? check_joined(session, index, error) : status;
}
