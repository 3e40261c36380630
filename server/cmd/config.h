/* SPDX-License-Identifier: MIT */
/* config.h - what the settings mean to a server: checked, in the units that the code uses. */
#ifndef CONFIG_H
#define CONFIG_H

#include "admin_key.h"
#include "attributes.h"
#include "directmessages.h"
#include "hub_options.h"
#include "jwks.h"
#include "log.h"
#include "origins.h"
#include "rates.h"
#include "webhooks.h"

struct bearer;
struct jwt_keys;

struct config {
	const char *listen;
	const char *admin_listen;   /* NULL: health and metrics are served at the other address */
	struct admin_key admin_key; /* of length 0: there is no administration */
	char prefix[256];           /* "/api/dm/": begins and ends with a slash */
	unsigned threads;
	size_t lanes;
	const char *read_url; /* of standbys; NULL: none */
	unsigned max_read_lag_ms;
	size_t mapped_bytes; /* of a SQLite file */
	unsigned connections;
	size_t connections_per_address; /* 0: no limit */
	unsigned idle_seconds, slow_seconds;
	size_t slow_rate; /* bytes a second; 0: no minimum */
	size_t header_bytes;
	size_t body_bytes;
	size_t buffer_bytes;   /* of all bodies, responses and queues together */
	size_t content_length; /* characters, or DM_CONTENT_UNLIMITED */
	int busy_timeout_ms;
	bool trust_forwarded;
	struct origins cors_origins; /* owned */
	bool tokens;                 /* Authorization: Token is accepted */
	struct bearer *bearer;       /* JWTs are accepted, by these keys; owned; NULL: they are not */
	struct jwks_options jwks;    /* where to fetch others, without bearer and counts; url NULL: nowhere */
	const char *user_header;     /* a proxy names the user in it; NULL: none does */
	const char *jwt_cookie;      /* it may hold a JWT; NULL: none does */
	bool names_username;         /* proxies and JWTs give the user's name; false: an id */
	bool core_dumps;             /* and debuggers of the same user are allowed */
	bool record_events;
	struct hub_options events; /* without handle and budget */
	bool docs;                 /* serve the OpenAPI document and the docs page */
	bool web;                  /* serve the web client */
	struct webhooks_options webhooks;
	enum log_level log_level;
	bool log_json;
	bool marks_on_get;           /* a GET of a conversation marks it as read, unless it says otherwise */
	struct rates send_rates;     /* how often a user may send */
	struct rates new_partners;   /* how many conversations a user may start: one rate, or none */
	int64_t *allowed_recipients; /* owned */
	size_t allowed_recipients_count;
};

/* Reads all settings of a server. False after the errors were printed, one for each part of them that is wrong: the
 * program ends with EXIT_USAGE. Release the config in either case. */
MUST_CHECK bool config_read(struct config *config);
void config_release(struct config *config);

/* Gives the handle the limit on new partners. False after the error was printed. */
MUST_CHECK bool config_limit_partners(const struct config *config, dm *handle);

/* Reads only the form of the log; false as above. */
MUST_CHECK bool config_read_log_format(bool *json);

/* Reads only the settings that a delivery to an endpoint needs; false as above. */
MUST_CHECK bool config_read_webhooks(struct webhooks_options *options);

/* Reads what the settings say of authentication, after the addresses and origins; false as above. */
MUST_CHECK bool config_read_auth(struct config *config);

/* Reads only what they say of what browsers send by themselves; false as above. */
MUST_CHECK bool config_read_sessions(struct config *config);

/* Adds the keys of JWTs that the settings name, of the secret and of the key file; false as above. */
MUST_CHECK bool config_read_keys(struct jwt_keys *keys);

/* Reads the admin key, after the addresses; false as above. */
MUST_CHECK bool config_read_admin(struct config *config);

/* Reads only the prefix; false as above. */
MUST_CHECK bool config_read_prefix(struct config *config);

#endif
