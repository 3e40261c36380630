/* SPDX-License-Identifier: MIT */
/* settings.h - every setting of the program, once: name, flag, default, range and help. What uses them is elsewhere. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of DIRECTMESSAGES_MAX_BUFFER_BYTES. */
#define SETTINGS_MIN_BUFFER_BYTES (1 << 24)

/* A new one needs a row in settings.c, and a line in config.c (or database.c) that uses its value. */
enum setting {
	SETTING_NONE,
	SETTING_CONFIG,
	SETTING_DATABASE,
	SETTING_PREPARED,
	SETTING_USER_TABLE,
	SETTING_USER_ID,
	SETTING_USER_USERNAME,
	SETTING_USER_FIRST_NAME,
	SETTING_USER_LAST_NAME,
	SETTING_USER_EMAIL,
	SETTING_USER_IS_ACTIVE,
	SETTING_LISTEN,
	SETTING_ADMIN_LISTEN,
	SETTING_ADMIN_KEY,
	SETTING_ADMIN_KEY_FILE,
	SETTING_PREFIX,
	SETTING_DOCS,
	SETTING_WEB,
	SETTING_TRUST_FORWARDED,
	SETTING_CORS_ORIGINS,
	SETTING_LOG_LEVEL,
	SETTING_LOG_FORMAT,
	SETTING_CORE_DUMPS,
	SETTING_TOKENS,
	SETTING_JWT_SECRET,
	SETTING_JWT_KEY_FILE,
	SETTING_JWT_JWKS_URL,
	SETTING_JWT_JWKS_CA_FILE,
	SETTING_JWT_ISSUER,
	SETTING_JWT_AUDIENCE,
	SETTING_JWT_CLAIM,
	SETTING_JWT_USER,
	SETTING_JWT_CREATE,
	SETTING_JWT_COOKIE,
	SETTING_TRUST_USER_HEADER,
	SETTING_ALLOWED_RECIPIENTS,
	SETTING_RATE_SEND,
	SETTING_RATE_NEW_PARTNERS,
	SETTING_MAX_CONTENT_LENGTH,
	SETTING_MARK_READ_ON_GET,
	SETTING_IDEMPOTENCY_HOURS,
	SETTING_THREADS,
	SETTING_LANES,
	SETTING_READ_URL,
	SETTING_READ_MAX_LAG,
	SETTING_SQLITE_MMAP_MB,
	SETTING_BUSY_TIMEOUT,
	SETTING_MAX_BODY_BYTES,
	SETTING_MAX_BUFFER_BYTES,
	SETTING_MAX_HEADER_BYTES,
	SETTING_MAX_CONNECTIONS,
	SETTING_MAX_CONNECTIONS_PER_ADDRESS,
	SETTING_IDLE_TIMEOUT,
	SETTING_SLOW_TIMEOUT,
	SETTING_SLOW_RATE,
	SETTING_EVENTS,
	SETTING_EVENTS_KEEP_DAYS,
	SETTING_EVENTS_KEEP,
	SETTING_EVENTS_STREAMS,
	SETTING_EVENTS_STREAMS_PER_USER,
	SETTING_EVENTS_HEARTBEAT,
	SETTING_EVENTS_QUEUE_BYTES,
	SETTING_WEBHOOK_ALLOW,
	SETTING_WEBHOOK_SCHEDULE,
	SETTING_WEBHOOK_TIMEOUT,
	SETTING_WEBHOOK_CONNECTIONS,
	SETTING_WEBHOOK_DISABLE_AFTER,
	SETTING_WEBHOOK_CA_FILE,
	SETTING_COUNT
};

enum setting_type { SETTING_TYPE_TEXT, SETTING_TYPE_NUMBER, SETTING_TYPE_SWITCH };

struct setting_row {
	enum setting_type type;
	const char *section;  /* the heading above this and the following rows; NULL: still the one before */
	const char *intro;    /* beside `section`: which commands read these settings, and what they are for */
	const char *variable; /* in the environment */
	const char *flag;     /* without "--"; NULL: there is none */
	const char *argument; /* what the flag's value is called */
	const char *values;   /* of a text: what may be given; completes "give ..." */
	const char *text;     /* the default of a text; NULL: none */
	int64_t min, max;     /* of a number */
	int64_t number;       /* the default of a number or switch */
	const char *unset;    /* shown as the default where `text` or `number` does not say it */
	const char *help;     /* sentences; `code` stands between backquotes */
	bool may_be_empty;    /* the empty text is a value; else an empty variable counts as unset */
	bool is_secret;       /* nobody else may read a file that holds it */
	bool reloads;         /* SIGHUP reads it again */
};

const struct setting_row *setting_row(enum setting setting);

/* What may be given: "0 or 1", "a whole number from 1 to 256", or `values`. */
#define SETTING_VALUES_SIZE 160
void setting_format_values(const struct setting_row *row, char values[SETTING_VALUES_SIZE]);

/* What the help says behind the meaning of a setting that can be reloaded; "" for others. */
const char *setting_reload_note(const struct setting_row *row);

/* The default as the help shows it; `code` between backquotes. */
#define SETTING_DEFAULT_SIZE 80
void setting_format_default(const struct setting_row *row, char text[SETTING_DEFAULT_SIZE]);

#endif
