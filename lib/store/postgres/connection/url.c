/* SPDX-License-Identifier: MIT */
/* url.c - what the URL says: the database's name for people, and the settings of its sessions. */
#include "url.h"

#include "failure.h"
#include "failure_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every statement is written for its indexes. A plan that was made while a table was small must not scan the table when
 * it has grown; and a plan that never changes need not be made again. Reads at a stricter isolation level would gain
 * nothing and hinder others' writes. */
#define LANE_OPTIONS \
	"-c jit=off -c enable_seqscan=off -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan" \
	" -c default_transaction_isolation=read\\ committed"

/* The option's value in the URL, else in its environment variable; NULL where it is in neither. To be freed. */
static char *find_option(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++) {
		const char *environment = options->envvar ? getenv(options->envvar) : NULL;

		if (strcmp(options->keyword, keyword) != 0)
			continue;
		if (options->val)
			return strdup(options->val);
		return environment ? strdup(environment) : NULL;
	}
	return NULL;
}

/* A password with an unescaped @, : or / ends up in the host or the port, which libpq puts into its messages. */
static bool has_plausible_host(const PQconninfoOption *options)
{
	for (; options->keyword; options++) {
		if (!options->val)
			continue;
		if (strcmp(options->keyword, "host") == 0 && strchr(options->val, '@'))
			return false;
		if (strcmp(options->keyword, "port") == 0 && options->val[strspn(options->val, "0123456789,")] != '\0')
			return false;
	}
	return true;
}

/* The option's value in the URL, else in its environment variable, else libpq's default. */
static const char *option_or_default(const PQconninfoOption *options, const PQconninfoOption *defaults,
				     const char *keyword)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0 && options->val)
			return options->val;
	for (; defaults && defaults->keyword; defaults++)
		if (strcmp(defaults->keyword, keyword) == 0)
			return defaults->val;
	return NULL;
}

/* postgresql://user@host:port/database, without a password; NULL where there is no memory. */
static char *name_of(const PQconninfoOption *options)
{
	PQconninfoOption *defaults = PQconndefaults();
	const char *user = option_or_default(options, defaults, "user");
	const char *host = option_or_default(options, defaults, "host");
	const char *port = option_or_default(options, defaults, "port");
	const char *database = option_or_default(options, defaults, "dbname");
	char *name = NULL;

	if (!database)
		database = user; /* as libpq does */
	if (asprintf(&name, "postgresql://%s@%s:%s/%s", user ? user : "", host ? host : "", port ? port : "",
		     database ? database : "") < 0)
		name = NULL;
	PQconninfoFree(defaults);
	return name;
}

/* The URL's parts in *options, to be freed by PQconninfoFree; they are NULL after a failure. */
static enum dm_status parse(const char *url, PQconninfoOption **options, struct dm_error *error)
{
	*options = PQconninfoParse(url, NULL);
	/* libpq's message may hold the URL, and the URL a password. */
	if (!*options)
		return fail(
			error, DM_INVALID,
			"libpq can't read the PostgreSQL URL; use postgresql://user@host:port/database?keyword=value");
	if (has_plausible_host(*options))
		return DM_OK;
	PQconninfoFree(*options);
	*options = NULL;
	return fail(error, DM_INVALID,
		    "the PostgreSQL URL's host or port is not valid; in a user name or password write @ as %%40, "
		    ": as %%3A and / as %%2F");
}

enum dm_status url_check(const char *url, struct dm_error *error)
{
	PQconninfoOption *options;
	enum dm_status status = parse(url, &options, error);

	PQconninfoFree(options);
	return status;
}

enum dm_status url_read(struct postgres *postgres, struct dm_error *error)
{
	PQconninfoOption *options;
	enum dm_status status = parse(postgres->url, &options, error);
	char *own;
	int length;

	if (status != DM_OK)
		return status;
	own = find_option(options, "options");
	postgres->name = name_of(options);
	PQconninfoFree(options);
	length = asprintf(&postgres->server_options, LANE_OPTIONS " -c statement_timeout=%lld -c lock_timeout=%lld %s",
			  (long long)(postgres->limits.statement / 1000), (long long)(postgres->limits.lock / 1000),
			  own ? own : "");
	free(own);
	if (length >= 0 && postgres->name)
		return DM_OK;
	if (length >= 0)
		free(postgres->server_options);
	postgres->server_options = NULL;
	return fail(error, DM_NO_MEMORY, "out of memory");
}
