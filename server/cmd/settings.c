/* SPDX-License-Identifier: MIT */
/* settings.c - the table of the settings. */
#include "settings.h"

#include "attributes.h"
#include "schedule.h"

#include <stdio.h>

#define V(name) "DIRECTMESSAGES_" name
#define TEXT .type = SETTING_TYPE_TEXT
#define NUMBER(from, to, fallback) .type = SETTING_TYPE_NUMBER, .min = (from), .max = (to), .number = (fallback)
#define SWITCH(fallback) .type = SETTING_TYPE_SWITCH, .number = (fallback)

#define RELOADS .reloads = true

/* Addresses cost nothing where they are plenty. */
#define MMAP_MB (SIZE_MAX > UINT32_MAX ? 16384 : 0)
#define MAX_MMAP_MB (SIZE_MAX > UINT32_MAX ? 1 << 20 : 1024)

#define BY_ALL "Read by every command that opens the database."
#define BY_SERVE "Read by `serve`."

/* clang-format off */
static const struct setting_row rows[SETTING_COUNT] = {
	[SETTING_CONFIG] = {TEXT, .section = "Configuration file", .intro = "Read by every command.",
		.variable = V("CONFIG"), .flag = "config", .argument = "FILE", .values = "a file of NAME=VALUE lines", .unset = "none",
		.help = "Reads settings from this file, too: those that neither a flag nor the environment gives."},

	[SETTING_DATABASE] = {TEXT, .section = "Database", .intro = BY_ALL,
		.variable = "DATABASE_URL", .flag = "database", .argument = "URL",
		.values = "the URL of a SQLite file or of a PostgreSQL database", .text = "sqlite:///directmessages.db",
		.help = "`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host:port/database`, which may "
			"hold any of libpq's keywords."},
	[SETTING_PREPARED] = {SWITCH(1), .variable = V("PREPARED"),
		.help = "`0`: do not prepare statements on PostgreSQL, for a connection pooler that cannot keep them."},

	[SETTING_USER_TABLE] = {TEXT, .section = "User table",
		.intro = BY_ALL " For a Django project with its own user model (`AUTH_USER_MODEL`).",
		.variable = V("USER_TABLE"), .values = "the name of a table", .unset = "`auth_user`",
		.help = "The table that holds the users. A dot separates a schema from it."},
	[SETTING_USER_ID] = {TEXT, .variable = V("USER_ID"), .values = "the name of a column", .unset = "`id`",
		.help = "The primary key, an integer or bigint."},
	[SETTING_USER_USERNAME] = {TEXT, .variable = V("USER_USERNAME"), .values = "the name of a column",
		.unset = "`username`", .help = "The unique name. May be the column of the e-mail address."},
	[SETTING_USER_FIRST_NAME] = {TEXT, .variable = V("USER_FIRST_NAME"), .values = "the name of a column, or -",
		.unset = "`first_name`", .help = "`-`: there is no such column; the value is always empty."},
	[SETTING_USER_LAST_NAME] = {TEXT, .variable = V("USER_LAST_NAME"), .values = "the name of a column, or -",
		.unset = "`last_name`", .help = "`-`: there is no such column; the value is always empty."},
	[SETTING_USER_EMAIL] = {TEXT, .variable = V("USER_EMAIL"), .values = "the name of a column, or -",
		.unset = "`email`", .help = "`-`: there is no such column; the value is always empty."},
	[SETTING_USER_IS_ACTIVE] = {TEXT, .variable = V("USER_IS_ACTIVE"), .values = "the name of a column, or -",
		.unset = "`is_active`", .help = "`-`: there is no such column; all users are active."},

	[SETTING_LISTEN] = {TEXT, .section = "Serving", .intro = "Read by `serve`; `routes` reads the prefix.",
		.variable = V("LISTEN"), .flag = "listen", .argument = "ADDR:PORT",
		.values = "ADDR:PORT, [IPV6]:PORT, :PORT or unix:PATH", .text = "127.0.0.1:8000",
		.help = "Where the API is served. `:PORT` listens on all addresses. With port 0 the system chooses one, "
			"which the log names."},
	[SETTING_ADMIN_LISTEN] = {TEXT, .variable = V("ADMIN_LISTEN"), .flag = "admin-listen", .argument = "ADDR:PORT",
		.values = "ADDR:PORT, [IPV6]:PORT, :PORT or unix:PATH", .unset = "none",
		.help = "Serves `/livez`, `/readyz` and `/metrics` here, and no longer at the other address."},
	[SETTING_ADMIN_KEY] = {TEXT, .is_secret = true, .variable = V("ADMIN_KEY"), .values = "a key of at least 32 characters", .unset = "none",
		.may_be_empty = true, .help = "Also serves administration at that address, below `/admin/`, for "
			"`Authorization: Bearer` with this key. See [administration.md](administration.md)."},
	[SETTING_ADMIN_KEY_FILE] = {TEXT, RELOADS, .variable = V("ADMIN_KEY_FILE"),
		.values = "a file that holds the key and that not everybody may read", .unset = "none",
		.may_be_empty = true, .help = "The same with a key that a file holds."},
	[SETTING_PREFIX] = {TEXT, .variable = V("PREFIX"), .flag = "prefix", .argument = "PATH",
		.values = "a path of letters, digits and . _ ~ / -, such as api/dm", .text = "api/dm",
		.may_be_empty = true, .help = "The path below which the API is served. May be empty."},
	[SETTING_DOCS] = {SWITCH(1), .variable = V("DOCS"), .help = "`0`: do not serve `/api/schema/` and `/api/docs/`."},
	[SETTING_WEB] = {SWITCH(0), .variable = V("WEB"),
		.help = "`1`: serve the web client on `/app/`, and let `/` lead to it. `make run` turns it on."},
	[SETTING_TRUST_FORWARDED] = {SWITCH(0), .variable = V("TRUST_FORWARDED"),
		.help = "`1`: make the links of pages from `X-Forwarded-Proto` and `X-Forwarded-Host`. Only behind a proxy "
			"that sets both."},
	[SETTING_CORS_ORIGINS] = {TEXT, RELOADS, .variable = V("CORS_ORIGINS"),
		.values = "*, or origins with commas between them, such as https://app.example.org", .unset = "none",
		.help = "The origins whose web pages may call the API from a browser (CORS), written exactly as browsers write "
			"them. `*`: all of them, but never `null`."},
	[SETTING_LOG_LEVEL] = {TEXT, RELOADS, .variable = V("LOG_LEVEL"), .flag = "log-level", .argument = "LEVEL",
		.values = "debug, info, warning or error", .text = "info",
		.help = "What is logged on standard error; `info` includes a line for each request."},
	[SETTING_LOG_FORMAT] = {TEXT, .variable = V("LOG_FORMAT"), .flag = "log-format", .argument = "FORMAT",
		.values = "text or json", .text = "text",
		.help = "`json`: each line of the log is a JSON object."},
	[SETTING_CORE_DUMPS] = {SWITCH(0), .variable = V("CORE_DUMPS"),
		.help = "`1`: allow core dumps, and debuggers of the same user. Both reveal tokens and messages."},

	[SETTING_TOKENS] = {SWITCH(1), .section = "Authentication",
		.intro = "Read by `serve`. [authentication.md](authentication.md) has working configurations.",
		.variable = V("TOKENS"), .help = "`0`: refuse `Authorization: Token`; needs a key for JWTs, or a header of a proxy."},
	[SETTING_JWT_SECRET] = {TEXT, .is_secret = true, .variable = V("JWT_SECRET"), .values = "a secret of at least 32 bytes", .unset = "none",
		.help = "Accepts `Authorization: Bearer` with JWTs that are signed with this secret by HS256, HS384 or HS512."},
	[SETTING_JWT_KEY_FILE] = {TEXT, RELOADS, .variable = V("JWT_KEY_FILE"), .values = "a file of public keys in PEM form, or a JWKS",
		.unset = "none", .help = "Accepts JWTs that are signed for one of these keys: RSA (RS256, RS384, RS512, PS256), "
			"P-256 (ES256) or Ed25519 (EdDSA). A JWKS may also hold secrets."},
	[SETTING_JWT_JWKS_URL] = {TEXT, .variable = V("JWT_JWKS_URL"),
		.values = "the https URL of a JWKS, without a user name (http only to localhost)", .unset = "none",
		.help = "Accepts JWTs that are signed for a public key of this JWKS, which is fetched again while the server runs. "
			"Needs `DIRECTMESSAGES_JWT_AUDIENCE`."},
	[SETTING_JWT_JWKS_CA_FILE] = {TEXT, .variable = V("JWT_JWKS_CA_FILE"),
		.values = "a file that can be read and holds certificates in PEM form", .unset = "the system's",
		.help = "The certificate authorities to trust for that URL."},
	[SETTING_JWT_ISSUER] = {TEXT, .variable = V("JWT_ISSUER"), .values = "a text", .unset = "any", .may_be_empty = true,
		.help = "A JWT must have this `iss`."},
	[SETTING_JWT_AUDIENCE] = {TEXT, .variable = V("JWT_AUDIENCE"), .values = "a text", .unset = "any", .may_be_empty = true,
		.help = "A JWT must have this `aud`, or have it in the list."},
	[SETTING_JWT_CLAIM] = {TEXT, .variable = V("JWT_CLAIM"), .values = "the name of a claim", .text = "sub",
		.help = "Which claim says who the user is. SimpleJWT's is `user_id`."},
	[SETTING_JWT_USER] = {TEXT, .variable = V("JWT_USER"), .values = "id or username", .text = "id",
		.help = "What that claim holds: the user's `id`, or their `username`."},
	[SETTING_JWT_CREATE] = {SWITCH(0), .variable = V("JWT_CREATE"),
		.help = "`1`: a user whom a JWT names and who does not exist is made. Needs `DIRECTMESSAGES_JWT_USER=username`."},
	[SETTING_JWT_COOKIE] = {TEXT, .variable = V("JWT_COOKIE"), .values = "the name of a cookie", .unset = "none",
		.help = "A request without `Authorization` may have its JWT in this cookie."},
	[SETTING_TRUST_USER_HEADER] = {TEXT, .variable = V("TRUST_USER_HEADER"),
		.values = "the name of a header that only your proxy sets, such as X-User-Id", .unset = "none",
		.help = "The user is whom this header names, as `DIRECTMESSAGES_JWT_USER` says. Only behind a proxy that "
			"authenticates and sets or removes it in each request, and only on a loopback address or `unix:`."},

	[SETTING_ALLOWED_RECIPIENTS] = {TEXT, RELOADS, .section = "Rules", .intro = BY_SERVE,
		.variable = V("ALLOWED_RECIPIENTS"), .values = "user ids with commas between them, such as 1,2,3",
		.unset = "none", .help = "These users may message everybody; all others may message only these. None: everybody "
			"may message everybody."},
	[SETTING_RATE_SEND] = {TEXT, RELOADS, .variable = V("RATE_SEND"),
		.values = "rates with commas between them, such as 60/min,1000/day, one for each of second, minute, hour and day, of at "
			"most 100000",
		.unset = "none", .may_be_empty = true, .help = "How often one user may send; beyond it the response is 429. Allowed "
			"recipients may send as often as they like. Each server counts for itself. See [limits.md](limits.md)."},
	[SETTING_RATE_NEW_PARTNERS] = {TEXT, RELOADS, .variable = V("RATE_NEW_PARTNERS"),
		.values = "a rate such as 20/day, of at most 100000", .unset = "none", .may_be_empty = true,
		.help = "How many conversations one user may start, which are sends to users with whom nothing was exchanged before; "
			"beyond it the response is 429. Allowed recipients may start as many as they like. See "
			"[limits.md](limits.md)."},
	[SETTING_MAX_CONTENT_LENGTH] = {NUMBER(0, 1 << 30, 65536), .variable = V("MAX_CONTENT_LENGTH"),
		.help = "Maximum length of a message in characters; a longer one is refused with 400. `0`: no limit. Stored "
			"messages are shown whatever their length."},
	[SETTING_MARK_READ_ON_GET] = {SWITCH(1), RELOADS, .variable = V("MARK_READ_ON_GET"),
		.help = "`0`: a GET of a conversation marks nothing as read, unless it has `?mark_read=true`."},
	[SETTING_IDEMPOTENCY_HOURS] = {NUMBER(1, 8760, 24), .variable = V("IDEMPOTENCY_HOURS"),
		.help = "Hours for which the `Idempotency-Key` of a message is remembered. Also read by `message send`."},

	[SETTING_THREADS] = {NUMBER(1, 256, 0), .section = "Capacity", .intro = BY_SERVE,
		.variable = V("THREADS"), .flag = "threads", .argument = "N", .unset = "one per core",
		.help = "Threads that serve HTTP."},
	[SETTING_LANES] = {NUMBER(1, 64, 4), .variable = V("LANES"), .flag = "lanes", .argument = "N",
		.help = "Connections to PostgreSQL: one writes, the others read."},
	[SETTING_READ_URL] = {TEXT, .variable = V("DATABASE_READ_URL"),
		.values = "the URL of one or more standbys of the PostgreSQL database", .unset = "none",
		.help = "Lists, pages, counts and replays of events are read there, if a standby has come far enough, else from the "
			"primary. See [postgresql.md](postgresql.md#reads-from-standbys)."},
	[SETTING_READ_MAX_LAG] = {NUMBER(1, 600000, 1000), .variable = V("DATABASE_READ_MAX_LAG"),
		.help = "Milliseconds that a standby may be behind: what another server has written shows after that time at most."},
	[SETTING_SQLITE_MMAP_MB] = {NUMBER(0, MAX_MMAP_MB, MMAP_MB), .variable = V("SQLITE_MMAP_MB"),
		.help = "How many MiB of a SQLite file are read from mapped memory, the rest by system calls. On 32-bit systems the "
			"default is `0`: all of it by system calls. See [sqlite.md](sqlite.md#mapped-memory)."},
	[SETTING_BUSY_TIMEOUT] = {NUMBER(1, 600000, 5000), .variable = V("BUSY_TIMEOUT"),
		.help = "Milliseconds that an operation waits for a locked file, or for PostgreSQL. After that the response is "
			"503."},
	[SETTING_MAX_BODY_BYTES] = {NUMBER(1, 1 << 30, 2621440), .variable = V("MAX_BODY_BYTES"),
		.help = "Maximum size of a request body; a larger one is refused with 413."},
	[SETTING_MAX_BUFFER_BYTES] = {NUMBER(SETTINGS_MIN_BUFFER_BYTES, INT64_C(1) << 40, 1 << 28),
		.variable = V("MAX_BUFFER_BYTES"),
		.help = "Maximum size of all bodies, responses and queues together; beyond it the response is 503. At least four "
			"times `DIRECTMESSAGES_MAX_BODY_BYTES`."},
	[SETTING_MAX_HEADER_BYTES] = {NUMBER(1024, 1 << 24, 8192), .variable = V("MAX_HEADER_BYTES"),
		.help = "Approximate maximum size of the request line plus headers."},
	[SETTING_MAX_CONNECTIONS] = {NUMBER(1, 1000000, 10000), .variable = V("MAX_CONNECTIONS"),
		.help = "Maximum number of connections. When all are taken, a new one replaces one that has been silent for a "
			"second, or waits."},
	[SETTING_MAX_CONNECTIONS_PER_ADDRESS] = {NUMBER(0, 1000000, 0), .variable = V("MAX_CONNECTIONS_PER_ADDRESS"),
		.help = "Maximum number of connections from one IPv4 address or IPv6 /64 network. `0`: no limit, as needed behind "
			"a proxy. Unix sockets are not counted."},
	[SETTING_IDLE_TIMEOUT] = {NUMBER(1, 86400, 30), .variable = V("IDLE_TIMEOUT"),
		.help = "Seconds after which a connection without traffic is closed."},
	[SETTING_SLOW_TIMEOUT] = {NUMBER(1, 86400, 10), .variable = V("SLOW_TIMEOUT"),
		.help = "Seconds in which the head of a request must arrive, from its first byte. After that the connection is "
			"closed."},
	[SETTING_SLOW_RATE] = {NUMBER(0, 1 << 30, 500), .variable = V("SLOW_RATE"),
		.help = "Minimum bytes per second at which a client sends a body or reads a response, measured over "
			"`DIRECTMESSAGES_SLOW_TIMEOUT`. `0`: no minimum."},

	[SETTING_EVENTS] = {SWITCH(1), .section = "Events", .intro = BY_SERVE, .variable = V("EVENTS"),
		.help = "`1`: record each message sent or read in the event log, in the same commit. `0`: no event log, no event "
			"streams, no webhooks."},
	[SETTING_EVENTS_KEEP_DAYS] = {NUMBER(1, 36500, 7), .variable = V("EVENTS_KEEP_DAYS"),
		.help = "Days after which an event is removed from the log. The newest one stays."},
	[SETTING_EVENTS_KEEP] = {NUMBER(1, INT64_C(1000000000000), 1000000), .variable = V("EVENTS_KEEP"),
		.help = "Maximum number of events in the log; the oldest are removed."},
	[SETTING_EVENTS_STREAMS] = {NUMBER(1, 1000000, 10000), .variable = V("EVENTS_STREAMS"),
		.help = "Maximum number of open event streams; beyond it the response is 503. Each is an open file."},
	[SETTING_EVENTS_STREAMS_PER_USER] = {NUMBER(1, 1000000, 20), .variable = V("EVENTS_STREAMS_PER_USER"),
		.help = "Maximum number of open event streams of one user; beyond it the response is 429."},
	[SETTING_EVENTS_HEARTBEAT] = {NUMBER(1, 3600, 15), .variable = V("EVENTS_HEARTBEAT"),
		.help = "Seconds between comments on an event stream. Whether the user may still listen is checked as often, and at least "
			"every 10 seconds."},
	[SETTING_EVENTS_QUEUE_BYTES] = {NUMBER(1024, 1 << 30, 65536), .variable = V("EVENTS_QUEUE_BYTES"),
		.help = "An event stream with more unread bytes than this is closed when the next event comes."},

	[SETTING_WEBHOOK_ALLOW] = {TEXT, RELOADS, .section = "Webhooks",
		.intro = "Read by `serve`; `webhook test` reads the addresses, the timeout and the certificate file.",
		.variable = V("WEBHOOK_ALLOW"),
		.values = "'private', or addresses and CIDR ranges with commas between them, such as 10.0.0.0/8", .unset = "none",
		.help = "Addresses to which webhooks may connect although they are not public."},
	[SETTING_WEBHOOK_SCHEDULE] = {TEXT, RELOADS, .variable = V("WEBHOOK_SCHEDULE"),
		.values = "up to 32 pauses in seconds with commas between them, such as " SCHEDULE_DEFAULT,
		.text = SCHEDULE_DEFAULT, .help = "Seconds before the second, third, ... attempt of a delivery; each pause varies by up to a tenth."},
	[SETTING_WEBHOOK_TIMEOUT] = {NUMBER(1, 300, 15), RELOADS, .variable = V("WEBHOOK_TIMEOUT"),
		.help = "Seconds for one request to an endpoint, from connecting to the response."},
	[SETTING_WEBHOOK_CONNECTIONS] = {NUMBER(1, 1000, 16), RELOADS, .variable = V("WEBHOOK_CONNECTIONS"),
		.help = "Maximum number of requests to one endpoint at the same time."},
	[SETTING_WEBHOOK_DISABLE_AFTER] = {NUMBER(0, 31536000, 432000), RELOADS, .variable = V("WEBHOOK_DISABLE_AFTER"),
		.help = "Seconds without a successful delivery after which an endpoint is disabled."},
	[SETTING_WEBHOOK_CA_FILE] = {TEXT, RELOADS, .variable = V("WEBHOOK_CA_FILE"),
		.values = "a file that can be read and holds certificates in PEM form", .unset = "the system's",
		.help = "The certificate authorities to trust."},
};
/* clang-format on */

const struct setting_row *setting_row(enum setting setting)
{
	return &rows[setting];
}

void setting_format_values(const struct setting_row *row, char values[SETTING_VALUES_SIZE])
{
	if (row->type == SETTING_TYPE_SWITCH)
		snprintf(values, SETTING_VALUES_SIZE, "0 or 1");
	else if (row->type == SETTING_TYPE_NUMBER)
		snprintf(values, SETTING_VALUES_SIZE, "a whole number from %lld to %lld", (long long)row->min,
			 (long long)row->max);
	else
		snprintf(values, SETTING_VALUES_SIZE, "%s", row->values);
}

void setting_format_default(const struct setting_row *row, char text[SETTING_DEFAULT_SIZE])
{
	if (row->unset)
		snprintf(text, SETTING_DEFAULT_SIZE, "%s", row->unset);
	else if (row->type == SETTING_TYPE_TEXT)
		snprintf(text, SETTING_DEFAULT_SIZE, "`%s`", row->text);
	else
		snprintf(text, SETTING_DEFAULT_SIZE, "`%lld`", (long long)row->number);
}

const char *setting_reload_note(const struct setting_row *row)
{
	return row->reloads ? " Can be reloaded." : "";
}
