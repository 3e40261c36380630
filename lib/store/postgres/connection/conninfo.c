/* SPDX-License-Identifier: MIT */
/* conninfo.c - what libpq is told when it connects.
 *
 * The URL goes to libpq as it is, so that all its keywords and its environment work. What we add stands before it where
 * the user may overrule it, and behind it where not: the host of each attempt, for example. */
#include "conninfo.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_KEYWORDS 24

struct keywords {
	const char *names[MAX_KEYWORDS + 1];
	const char *values[MAX_KEYWORDS + 1];
	size_t count;
	char user_timeout_ms[16];
};

static void add(struct keywords *keywords, const char *name, const char *value)
{
	keywords->names[keywords->count] = name;
	keywords->values[keywords->count++] = value;
}

static void add_common(struct keywords *keywords, const struct postgres *postgres)
{
	snprintf(keywords->user_timeout_ms, sizeof(keywords->user_timeout_ms), "%d", postgres->options.busy_timeout_ms);
	/* Otherwise libpq asks Kerberos' library first, which crashes where memory is short. */
	if (!getenv("PGGSSENCMODE"))
		add(keywords, "gssencmode", "disable");
	/* So a connection that a firewall has forgotten is noticed within a minute, even while nobody uses it. */
	add(keywords, "keepalives_idle", "30");
	add(keywords, "keepalives_interval", "10");
	add(keywords, "keepalives_count", "3");
	add(keywords, "tcp_user_timeout", keywords->user_timeout_ms);
	add(keywords, "fallback_application_name", "directmessages");
	add(keywords, "dbname", postgres->url);
	add(keywords, "client_encoding", "UTF8");
}

PGconn *conninfo_start(const struct postgres *postgres, enum connection_role role, const struct home *target)
{
	struct keywords keywords = {.count = 0};

	add_common(&keywords, postgres);
	if (role == CONNECTION_LANE && !postgres->options.unprepared)
		add(&keywords, "options", postgres->server_options);
	if (target->host->name)
		add(&keywords, "host", target->host->name);
	if (target->host->address || *target->address)
		add(&keywords, "hostaddr", target->host->address ? target->host->address : target->address);
	if (target->host->port)
		add(&keywords, "port", target->host->port);
	return PQconnectStartParams(keywords.names, keywords.values, 1);
}

PGconn *conninfo_unconnected(const struct postgres *postgres)
{
	struct keywords keywords = {.count = 0};

	add_common(&keywords, postgres);
	add(&keywords, "sslmode", "none of its modes");
	return PQconnectStartParams(keywords.names, keywords.values, 1);
}
