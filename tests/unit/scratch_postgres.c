/* SPDX-License-Identifier: MIT */
/* scratch_postgres.c - a database for one test in the cluster that DIRECTMESSAGES_TEST_POSTGRES names. */
#include "scratch_postgres.h"

#include "directmessages.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void url_of(const char *database, char *url, size_t size)
{
	snprintf(url, size, "%s%s", getenv("DIRECTMESSAGES_TEST_POSTGRES"), database);
}

static PGconn *connect_to(const char *database)
{
	char url[192];
	PGconn *connection;

	url_of(database, url, sizeof(url));
	connection = PQconnectdb(url);
	if (PQstatus(connection) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(connection));
	return connection;
}

static int64_t run_on(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	int64_t number;

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(connection));
	number = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	PQclear(result);
	return number;
}

int64_t scratch_postgres_run(const char *database, const char *sql)
{
	PGconn *connection = connect_to(database);
	int64_t number = run_on(connection, sql);

	PQfinish(connection);
	return number;
}

/* Made once per program; databases with all tables are copies of it. */
static const char *template(void)
{
	static char name[48];
	char url[192];
	struct dm_options options = {.size = sizeof(options), .database = url, .busy_timeout_ms = 60000};
	dm *handle;

	if (name[0])
		return name;
	scratch_postgres_create(name, sizeof(name), false);
	url_of(name, url, sizeof(url));
	assert_int_equal(dm_open(&options, &handle, NULL), DM_OK);
	assert_int_equal(dm_migrate(handle, NULL, NULL, NULL, NULL), DM_OK);
	dm_close(handle);
	return name;
}

void scratch_postgres_create(char *database, size_t size, bool with_tables)
{
	static atomic_int made;
	const char *original = with_tables ? template() : "template1";
	struct timespec now;
	char sql[160];

	clock_gettime(CLOCK_REALTIME, &now); /* another program may have had the process's number */
	snprintf(database, size, "unit%d_%lld_%d", (int)getpid(), (long long)now.tv_sec * 1000000000 + now.tv_nsec,
		 atomic_fetch_add(&made, 1));
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s", database, original);
	scratch_postgres_run("postgres", sql);
}

void scratch_postgres_drop(const char *database)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", database);
	scratch_postgres_run("postgres", sql);
}

void *scratch_postgres_lock(const char *database, const char *sql)
{
	PGconn *connection = connect_to(database);

	run_on(connection, "BEGIN");
	run_on(connection, "SET LOCAL idle_in_transaction_session_timeout = '300s'");
	run_on(connection, sql);
	return connection;
}

void scratch_postgres_unlock(void *connection)
{
	run_on(connection, "ROLLBACK"); /* what PQfinish leaves to the server comes when it comes */
	PQfinish(connection);
}
